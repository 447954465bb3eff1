"""The family's own lock for breaking a lock: taken exclusively, looked at again under it, always released."""

from __future__ import annotations

import base64
import contextlib
import os
from collections.abc import Callable, Iterator

import pytest

from racewatch.core.act import Step, act
from racewatch.core.breaker import Breaker, BreakerRecord, Made
from racewatch.core.by_name import Belongings, NamedThing
from racewatch.core.journal import Journal
from racewatch.core.kind import Stop
from racewatch.core.model import ActRequest, KindName, Outcome, OutcomeWord, Target, Verdict
from racewatch.core.name_record import NameRecord
from racewatch.core.part import Part
from racewatch.core.recovery import recover
from racewatch.linux import removal
from tests.unit.core.removals import change, reopen
from tests.unit.core.support import as_nobody, fingerprint_of, part

DONE, BUSY, LIVE = OutcomeWord.DONE, OutcomeWord.REFUSED_BUSY, OutcomeWord.REFUSED_LIVE
CHANGED, UNPROVEN, FAILED = OutcomeWord.REFUSED_CHANGED, OutcomeWord.REFUSED_UNPROVEN, OutcomeWord.FAILED
STALE = Verdict.STALE
NAME = b"s.break"
CONTENT = b"host:1"
RECORD = {made: BreakerRecord(NAME, made, b".racewatch.x.b", b".racewatch.x.c") for made in Made}
every_kind = pytest.mark.parametrize("made", Made)


def perform(
    main: Part, journal: Journal, made: Made, at: dict[Step, Callable[[], None]] | None = None
) -> Outcome:
    thing = NamedThing(main, lambda _: Belongings(breaker=Breaker(NAME, made, CONTENT)))
    request = ActRequest(Target(KindName.SOCKET, main.path), fingerprint_of(main.path))

    def hook(step: Step) -> None:
        if at and step in at:
            at[step]()

    return act(request, thing, journal, on_step=hook)


@pytest.fixture
def directory(folder: bytes) -> Iterator[int]:
    fd = os.open(folder, os.O_RDONLY)
    yield fd
    os.close(fd)


def is_made(folder: bytes, made: Made) -> bool:
    """Whether the breaker lock stands, in the family's form."""
    path = os.path.join(folder, NAME)
    if made is Made.SYMLINK:
        return os.path.islink(path) and os.readlink(path) == CONTENT
    if made is Made.DIRECTORY:
        return os.path.isdir(path)
    try:
        with open(path, "rb") as file:
            return file.read() == CONTENT
    except FileNotFoundError:
        return False


def leave(folder: bytes, made: Made) -> None:
    """Somebody else's."""
    path = os.path.join(folder, NAME)
    if made is Made.DIRECTORY:
        os.mkdir(path)
    elif made is Made.SYMLINK:
        os.symlink(b"other:2", path)
    else:
        with open(path, "xb") as file:
            file.write(b"other")


# ---------------------------------------------------------------- in an act


@every_kind
def test_it_stands_from_the_capture_to_the_commit_and_no_longer(
    path: bytes, journal: Journal, folder: bytes, made: Made
) -> None:
    stood: list[bool] = []
    steps = (Step.INTENT, Step.CAPTURE, Step.VERIFY, Step.COMMIT, Step.RECORD)
    at: dict[Step, Callable[[], None]] = dict.fromkeys(steps, lambda: stood.append(is_made(folder, made)))
    assert perform(part(path), journal, made, at).word is DONE
    assert stood == [False, False, True, True, False]
    assert os.listdir(folder) == []


@every_kind
def test_one_that_is_there_stops_the_act_and_is_never_broken(
    path: bytes, journal: Journal, folder: bytes, made: Made
) -> None:
    leave(folder, made)
    before = os.lstat(os.path.join(folder, NAME))
    outcome = perform(part(path), journal, made)
    assert outcome.word is BUSY
    assert os.fsdecode(NAME) in outcome.summary
    assert os.lstat(os.path.join(folder, NAME)) == before
    assert sorted(os.listdir(folder)) == [b"s", NAME]
    assert not outcome.undoable


@every_kind
@pytest.mark.parametrize(("now", "word"), [(Verdict.LIVE, LIVE), (Verdict.UNKNOWN, CHANGED)])
def test_the_thing_is_judged_again_under_it(
    path: bytes, journal: Journal, folder: bytes, made: Made, now: Verdict, word: OutcomeWord
) -> None:
    """Between our look and the breaker lock, somebody of the family broke the lock and took it."""
    before = os.lstat(path)

    def never() -> None:
        pytest.fail("it was captured")

    outcome = perform(part(path, STALE, now), journal, made, {Step.VERIFY: never})
    assert outcome.word is word
    assert os.lstat(path) == before
    assert os.listdir(folder) == [b"s"]


@every_kind
def test_a_name_that_means_another_thing_under_it_is_not_even_captured(
    path: bytes, journal: Journal, folder: bytes, made: Made
) -> None:
    def replace_it() -> None:
        os.rename(path, path + b"-old")
        with open(path, "xb"):
            pass

    def never() -> None:
        pytest.fail("it was captured")

    at = {Step.CAPTURE: replace_it, Step.VERIFY: never}
    assert perform(part(path), journal, made, at).word is CHANGED
    assert sorted(os.listdir(folder)) == [b"s", b"s-old"]


@every_kind
def test_a_name_that_vanished_under_it(path: bytes, journal: Journal, folder: bytes, made: Made) -> None:
    at = {Step.CAPTURE: lambda: os.unlink(path)}
    assert perform(part(path), journal, made, at).word is OutcomeWord.GONE
    assert os.listdir(folder) == []


@every_kind
def test_it_is_released_when_the_act_is_taken_back(
    path: bytes, journal: Journal, folder: bytes, made: Made
) -> None:
    assert perform(part(path, STALE, STALE, Verdict.LIVE), journal, made).word is LIVE
    assert os.listdir(folder) == [b"s"]


@every_kind
@pytest.mark.parametrize("step", [Step.CAPTURE, Step.VERIFY, Step.COMMIT])
def test_it_is_released_after_an_interrupt(
    path: bytes, journal: Journal, folder: bytes, made: Made, step: Step
) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        perform(part(path), journal, made, {step: interrupt})
    assert os.listdir(folder) == [b"s"]


@every_kind
def test_it_is_released_after_an_interrupt_while_it_is_made(
    path: bytes, journal: Journal, folder: bytes, made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Part, "still_named", interrupt)
    with pytest.raises(KeyboardInterrupt):
        perform(part(path), journal, made)
    assert os.listdir(folder) == [b"s"]


@every_kind
def test_one_that_cannot_be_made_is_a_refusal(path: bytes, folder: bytes, directory: int, made: Made) -> None:
    with as_nobody():
        stop = RECORD[made].take(folder, directory, CONTENT)
    assert stop is not None
    assert stop.word is UNPROVEN
    assert "could not be made" in stop.summary
    assert os.listdir(folder) == [b"s"]


@every_kind
def test_a_release_that_is_refused_does_not_make_the_act_fail(
    path: bytes, journal: Journal, folder: bytes, made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "no")

    monkeypatch.setattr(BreakerRecord, "release", refuse)
    assert perform(part(path), journal, made).word is DONE
    assert NAME in os.listdir(folder)


# ---------------------------------------------------------------- removing exactly ours


@every_kind
def test_somebody_elses_under_the_name_stays(
    folder: bytes, directory: int, made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ours was broken by somebody, who made theirs: it is not even moved."""
    record = RECORD[made]
    assert record.take(folder, directory, CONTENT) is None
    os.rename(os.path.join(folder, NAME), os.path.join(folder, b"broken"))
    leave(folder, made)
    before = os.lstat(os.path.join(folder, NAME))
    monkeypatch.setattr(removal, "rename_noreplace", lambda *_: pytest.fail("a name was moved"))
    record.release(directory)
    assert os.lstat(os.path.join(folder, NAME)) == before
    assert sorted(os.listdir(folder)) == [b"broken", NAME]


@every_kind
def test_somebody_elses_that_came_between_look_and_move_goes_back(
    folder: bytes, directory: int, made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = RECORD[made]
    assert record.take(folder, directory, CONTENT) is None
    really = removal.rename_noreplace

    def lose_the_race(from_fd: int, source: bytes, to_fd: int, to: bytes) -> None:
        if source == NAME:
            os.rename(os.path.join(folder, NAME), os.path.join(folder, b"broken"))
            leave(folder, made)
        really(from_fd, source, to_fd, to)

    monkeypatch.setattr(removal, "rename_noreplace", lose_the_race)
    record.release(directory)
    assert sorted(os.listdir(folder)) == [b"broken", NAME]
    assert not is_made(folder, made) or made is Made.DIRECTORY


@every_kind
def test_a_release_twice_or_of_nothing_does_nothing(folder: bytes, directory: int, made: Made) -> None:
    record = RECORD[made]
    record.release(directory)
    assert record.take(folder, directory, CONTENT) is None
    record.release(directory)
    record.release(directory)
    assert os.listdir(folder) == []


class Cut(Exception):
    """The power went."""


def _cut_after(last: int, patch: pytest.MonkeyPatch) -> list[str]:
    """Let so many changes of names through, then none; the list holds the one that was not."""
    cut: list[str] = []
    done = [0]

    def counted(name: str, really: Callable[..., None]) -> Callable[..., None]:
        def change_name(*arguments: object) -> None:
            if done[0] == last:
                cut.append(name)
                raise Cut
            done[0] += 1
            really(*arguments)

        return change_name

    for name in ("rename_noreplace", "unlink", "remove_empty_directory"):
        patch.setattr(removal, name, counted(name, getattr(removal, name)))
    return cut


@every_kind
def test_a_release_that_was_cut_short_anywhere_is_finished(
    folder: bytes, directory: int, made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each change of a name may be the last one before the power goes."""

    record = RECORD[made]
    for last in range(6):
        assert record.take(folder, directory, CONTENT) is None
        with monkeypatch.context() as patch:
            cut = _cut_after(last, patch)
            with contextlib.suppress(Cut):
                record.release(directory)
        record.release(directory)
        assert os.listdir(folder) == []
        if not cut:
            break
    else:
        pytest.fail("it never came to its end")


# ---------------------------------------------------------------- recovery


def crashed(path: bytes, journal: Journal, made: Made, step: Step) -> str:
    """A breaker that dies right before a step: nothing of what comes after is done, nor any clean-up."""
    child = os.fork()
    if child == 0:
        try:
            own = Journal(journal.folder)
            perform(part(path), own, made, {step: lambda: os.kill(os.getpid(), 9)})
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -9
    (row,) = journal.entries()
    assert row.word is None
    return row.action


@every_kind
@pytest.mark.parametrize("step", [Step.CAPTURE, Step.VERIFY, Step.COMMIT, Step.RECORD])
def test_after_a_crash_the_next_start_removes_it_and_nothing_else(
    path: bytes, journal: Journal, folder: bytes, made: Made, step: Step
) -> None:
    crashed(path, journal, made, step)
    assert is_made(folder, made) == (step in (Step.VERIFY, Step.COMMIT))
    (row,) = recover(journal)
    assert os.listdir(folder) == ([] if step is Step.RECORD else [b"s"])
    assert row.word is (OutcomeWord.GONE if step is Step.RECORD else FAILED)


@every_kind
def test_after_a_crash_somebody_elses_stays(path: bytes, journal: Journal, folder: bytes, made: Made) -> None:
    crashed(path, journal, made, Step.VERIFY)
    os.rename(os.path.join(folder, NAME), os.path.join(folder, b"broken"))
    leave(folder, made)
    recover(journal)
    assert sorted(os.listdir(folder)) == [b"broken", b"s", NAME]


def test_the_journal_keeps_it(path: bytes, journal: Journal) -> None:
    outcome = perform(part(path), journal, Made.SYMLINK)
    found = journal.undo_record(outcome.action)
    assert found is not None
    breaker = NameRecord.read(found.data).breaker
    assert breaker is not None
    assert (breaker.name, breaker.made) == (NAME, Made.SYMLINK)


@pytest.mark.parametrize(
    "damaged",
    [
        5,
        {},
        {"made": "sword"},
        {"name": base64.b64encode(b"../s").decode()},
        {"proof": base64.b64encode(b"s").decode()},
        {"taken": base64.b64encode(b"s").decode()},
        {"proof": base64.b64encode(b".racewatch./../x").decode()},
    ],
)
def test_a_damaged_record_leads_nowhere(
    path: bytes, journal: Journal, folder: bytes, damaged: object
) -> None:
    action = crashed(path, journal, Made.SYMLINK, Step.VERIFY)
    whole = RECORD[Made.SYMLINK].to_json()
    change(
        journal, action, breaker={**whole, **damaged} if isinstance(damaged, dict) and damaged else damaged
    )
    before = sorted(os.listdir(folder))
    (row,) = recover(journal)
    assert "damaged" in row.summary
    assert sorted(os.listdir(folder)) == before


def test_a_breaker_that_cannot_be_removed_now_keeps_the_act_open(
    path: bytes, journal: Journal, folder: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    crashed(path, journal, Made.SYMLINK, Step.VERIFY)

    def refuse(*_: object) -> Stop | None:
        raise PermissionError(13, "no")

    with monkeypatch.context() as patch:
        patch.setattr(BreakerRecord, "release", refuse)
        assert recover(journal) == ()
    assert len(journal.open_acts()) == 1
    recover(journal)
    assert os.listdir(folder) == [b"s"]


def test_an_undo_leaves_the_breaker_alone(path: bytes, journal: Journal, folder: bytes) -> None:
    outcome = perform(part(path), journal, Made.FILE)
    leave(folder, Made.FILE)
    reopen(journal, outcome.action)
    recover(journal)
    assert os.listdir(folder) == [NAME]
