"""Taking a directory by exchanging it with an empty one: each step, each error, each way back.

Ordinary directories and an ordinary command stand for a runtime's; the real ones are in tests/containers.
"""

from __future__ import annotations

import errno
import fcntl
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from racewatch.core import exchange
from racewatch.core.act import Step, act
from racewatch.core.by_exchange import ExchangedThing, OwnersWay
from racewatch.core.exchange import Exchange, Hands, Stand, empty_groups
from racewatch.core.guard import DirectoryGuard
from racewatch.core.journal import Journal
from racewatch.core.kind import Stop, UndoRecord
from racewatch.core.model import ActRequest, KindName, Outcome, OutcomeWord, Target, Verdict
from racewatch.core.recovery import recover
from racewatch.core.settle_exchange import settle
from racewatch.core.undo import undo
from racewatch.linux import fs, removal
from tests.unit.core.support import fingerprint_of, observation, part

DONE, GONE, FAILED = OutcomeWord.DONE, OutcomeWord.GONE, OutcomeWord.FAILED
STALE, LIVE = Verdict.STALE, Verdict.LIVE
#: What an owner does: remove its directory with what is inside.
DELETE = "import os, shutil, sys; shutil.rmtree(os.path.join(sys.argv[1], sys.argv[2]))"


@pytest.fixture
def root(folder: bytes) -> bytes:
    made = os.path.join(folder, b"root")
    os.mkdir(made)
    return made


@pytest.fixture
def path(root: bytes) -> bytes:
    made = os.path.join(root, b"one")
    os.mkdir(made, 0o711)
    Path(os.fsdecode(made), "state").write_text("here")
    return made


def owner(aside: bytes) -> Sequence[str]:
    return (sys.executable, "-c", DELETE, os.fsdecode(aside), "one")


def fails(aside: bytes) -> Sequence[str]:
    return (sys.executable, "-c", "import sys; sys.exit('not today')")


def is_silent(aside: bytes) -> Sequence[str]:
    return ("/bin/false",)


def is_missing(aside: bytes) -> Sequence[str]:
    return ("/nowhere/owner", os.fsdecode(aside))


def perform(
    path: bytes,
    journal: Journal,
    *verdicts: Verdict,
    command: Callable[[bytes], Sequence[str]] = owner,
    groups: tuple[bytes, ...] = (),
    at: dict[Step, Callable[[], None]] | None = None,
    override: bool = False,
) -> Outcome:
    thing = ExchangedThing(part(path, *verdicts), lambda _: OwnersWay(groups, command))

    def hook(step: Step) -> None:
        if at and step in at:
            at[step]()

    request = ActRequest(Target(KindName.SOCKET, path), fingerprint_of(path), override)
    return act(request, thing, journal, on_step=hook)


def private(root: bytes) -> list[bytes]:
    above = os.path.dirname(root)
    return [os.path.join(above, name) for name in os.listdir(above) if name.startswith(b".racewatch")]


def is_untouched(path: bytes) -> bool:
    return Path(os.fsdecode(path), "state").read_text() == "here" and not private(os.path.dirname(path))


# --- the act -----------------------------------------------------------------------------------


def test_its_owner_deletes_it_and_it_cannot_be_undone(path: bytes, root: bytes, journal: Journal) -> None:
    outcome = perform(path, journal)
    assert outcome.word is DONE
    assert "cannot be undone" in outcome.summary
    assert not outcome.undoable
    assert os.listdir(root) == []
    assert not private(root)
    assert undo(outcome.action, journal).word is OutcomeWord.REFUSED_FORBIDDEN


def test_on_a_persons_word_nothing_is_kept_either(path: bytes, root: bytes, journal: Journal) -> None:
    outcome = perform(path, journal, Verdict.UNKNOWN, override=True)
    assert outcome.word is DONE
    assert not outcome.undoable
    assert os.listdir(root) == []


def test_while_it_is_away_its_name_is_taken(path: bytes, root: bytes, journal: Journal) -> None:
    seen: list[list[bytes]] = []

    def look() -> None:
        with pytest.raises(FileExistsError):
            os.mkdir(path)
        seen.append(os.listdir(path))
        (aside,) = private(root)
        assert b"state" in os.listdir(os.path.join(aside, b"one"))

    assert perform(path, journal, at={Step.COMMIT: look}).word is DONE
    assert seen == [[]]


@pytest.mark.parametrize(
    ("command", "said"),
    [(fails, "not today"), (is_silent, "it ended with code 1"), (is_missing, "could not be started")],
)
def test_an_owner_that_fails_gives_it_back(
    path: bytes, journal: Journal, command: Callable[[bytes], Sequence[str]], said: str
) -> None:
    outcome = perform(path, journal, command=command)
    assert outcome.word is FAILED
    assert said in outcome.summary
    assert is_untouched(path)


def test_the_mark_cannot_be_made(path: bytes, journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    mkdir = os.mkdir

    def full(name: bytes, *arguments: object, **named: object) -> None:
        if name == b"racewatch.begun":
            raise OSError(errno.ENOSPC, "No space left on device")
        mkdir(name, *arguments, **named)  # type: ignore[arg-type]  # handed through as it came

    monkeypatch.setattr(os, "mkdir", full)
    outcome = perform(path, journal)
    assert outcome.word is FAILED
    assert "No space left" in outcome.summary
    assert is_untouched(path)


def test_a_way_that_is_none_ends_the_act(path: bytes, journal: Journal) -> None:
    stop = Stop(OutcomeWord.REFUSED_DENIED, "no")
    thing = ExchangedThing(part(path), lambda _: stop)
    outcome = act(ActRequest(Target(KindName.SOCKET, path), fingerprint_of(path)), thing, journal)
    assert outcome.word is OutcomeWord.REFUSED_DENIED
    assert is_untouched(path)


@pytest.mark.parametrize(
    ("step", "word"),
    [(Step.RECHECK, GONE), (Step.CAPTURE, GONE), (Step.VERIFY, DONE), (Step.COMMIT, DONE)],
)
def test_removed_by_somebody_else(path: bytes, journal: Journal, step: Step, word: OutcomeWord) -> None:
    def remove() -> None:
        Path(os.fsdecode(path), "state").unlink(missing_ok=True)
        os.rmdir(path)

    assert perform(path, journal, at={step: remove}).word is word
    assert not os.path.lexists(path)
    assert not private(os.path.dirname(path))


def test_the_private_folder_cannot_be_made(path: bytes, folder: bytes, journal: Journal) -> None:
    def take_the_place() -> None:
        (row,) = journal.open_acts()
        Path(os.fsdecode(Exchange.read(row.undo.data).aside)).write_text("a stranger's")

    assert perform(path, journal, at={Step.CAPTURE: take_the_place}).word is FAILED
    assert Path(os.fsdecode(path), "state").read_text() == "here"
    (stranger,) = private(os.path.dirname(path))
    assert Path(os.fsdecode(stranger)).read_text() == "a stranger's"


@pytest.mark.parametrize(
    ("verdicts", "override", "word"),
    [
        ((STALE, LIVE), False, OutcomeWord.REFUSED_LIVE),
        ((STALE, Verdict.UNKNOWN), False, OutcomeWord.REFUSED_CHANGED),
        ((STALE, Verdict.UNKNOWN), True, OutcomeWord.REFUSED_CHANGED),
    ],
)
def test_it_changes_at_the_last_moment(
    path: bytes, journal: Journal, verdicts: tuple[Verdict, ...], override: bool, word: OutcomeWord
) -> None:
    assert perform(path, journal, *verdicts, override=override).word is word
    assert is_untouched(path)


def swapped(path: bytes) -> Callable[[], None]:
    """Another directory under the name, right between the last look at the name and the exchange."""

    def swap() -> None:
        os.rename(path, path + b".old")
        os.mkdir(path)
        Path(os.fsdecode(path), "new").write_text("new")

    return swap


def test_the_exchange_takes_another_one(
    path: bytes, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    take = Hands.take

    def late(hands: Hands) -> None:
        swapped(path)()
        take(hands)

    monkeypatch.setattr(Hands, "take", late)
    outcome = perform(path, journal)
    assert outcome.word is OutcomeWord.REFUSED_CHANGED
    assert Path(os.fsdecode(path), "new").read_text() == "new"
    assert not private(os.path.dirname(path))


@pytest.mark.parametrize("in_use", [True, False])
def test_its_name_is_taken_anew_while_it_is_away(path: bytes, journal: Journal, in_use: bool) -> None:
    def retake() -> None:
        os.rmdir(path)
        os.mkdir(path)
        if in_use:
            Path(os.fsdecode(path), "new").write_text("new")

    outcome = perform(path, journal, STALE, LIVE, at={Step.VERIFY: retake})
    assert outcome.word is FAILED
    assert "its name is taken by a new one" in outcome.summary
    (aside,) = private(os.path.dirname(path))
    assert Path(os.fsdecode(aside), "one", "state").read_text() == "here"
    assert os.listdir(path) == ([b"new"] if in_use else [])


def test_its_name_is_taken_anew_as_it_comes_back(
    path: bytes, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    exchanges: list[None] = []
    rename = removal.rename_exchange

    def late(*arguments: int | bytes) -> None:
        exchanges.append(None)
        if len(exchanges) == 2:
            os.rmdir(path)
            os.mkdir(path)
        rename(*arguments)  # type: ignore[arg-type]  # handed through as it came

    monkeypatch.setattr(removal, "rename_exchange", late)
    outcome = perform(path, journal, STALE, LIVE)
    assert outcome.word is FAILED
    assert "at this moment" in outcome.summary
    assert os.listdir(path) == []
    (aside,) = private(os.path.dirname(path))
    assert Path(os.fsdecode(aside), "one", "state").read_text() == "here"


def test_its_placeholder_is_removed_and_it_comes_back(path: bytes, journal: Journal) -> None:
    assert perform(path, journal, STALE, LIVE, at={Step.VERIFY: lambda: os.rmdir(path)}).word is (
        OutcomeWord.REFUSED_LIVE
    )
    assert is_untouched(path)


def test_it_cannot_come_back(path: bytes, journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    rename = removal.rename_exchange
    calls: list[None] = []

    def once(*arguments: int | bytes) -> None:
        calls.append(None)
        if len(calls) > 1:
            raise OSError(errno.EROFS, "Read-only file system")
        rename(*arguments)  # type: ignore[arg-type]  # handed through as it came

    monkeypatch.setattr(removal, "rename_exchange", once)
    outcome = perform(path, journal, STALE, LIVE)
    assert outcome.word is FAILED
    assert "Read-only" in outcome.summary


def test_what_is_left_of_the_clearing_is_no_failure(
    path: bytes, root: bytes, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The thing is deleted; a stranger's file in the private folder is nothing we may remove."""
    run = exchange._run

    def litter(command: Sequence[str], aside: int, patience: float | None) -> str:
        Path(os.fsdecode(private(root)[0]), "stranger").write_text("dear")
        return run(command, aside, patience)

    monkeypatch.setattr(exchange, "_run", litter)
    assert perform(path, journal).word is DONE
    (aside,) = private(root)
    assert Path(os.fsdecode(aside), "stranger").read_text() == "dear"
    assert os.listdir(root) == []


def test_a_new_one_made_while_the_owner_deletes_stays(
    path: bytes, root: bytes, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = exchange._run

    def no_flag(fd: int, wanted: bool) -> None:
        raise OSError(errno.ENOTTY, "Inappropriate ioctl for device")

    monkeypatch.setattr(removal, "set_immutable", no_flag)

    def retake(command: Sequence[str], aside: int, patience: float | None) -> str:
        os.rmdir(path)
        os.mkdir(path)
        return run(command, aside, patience)

    monkeypatch.setattr(exchange, "_run", retake)
    assert perform(path, journal).word is DONE
    assert os.listdir(root) == [b"one"]
    assert not private(root)


# --- control groups ----------------------------------------------------------------------------


def test_empty_groups_go_and_full_ones_say_so(folder: bytes) -> None:
    for name in (b"a", b"a/b", b"c"):
        os.mkdir(os.path.join(folder, name))
    Path(os.fsdecode(folder), "c", "process").write_text("")
    groups = [os.path.join(folder, name) for name in (b"a", b"c", b"none")]
    assert empty_groups(groups) == groups[1]
    assert sorted(os.listdir(folder)) == [b"c"]
    assert empty_groups([os.path.join(folder, b"none")]) is None


def test_a_group_that_goes_by_itself(folder: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    group = os.path.join(folder, b"a")
    os.mkdir(group)
    remove = removal.remove_empty_directory

    def late(directory: int, name: bytes) -> None:
        os.rmdir(group)
        remove(directory, name)

    monkeypatch.setattr(removal, "remove_empty_directory", late)
    assert empty_groups([group]) is None


def test_something_lives_in_its_group(path: bytes, folder: bytes, journal: Journal) -> None:
    group = os.path.join(folder, b"group")
    os.mkdir(group)
    Path(os.fsdecode(group), "process").write_text("")
    outcome = perform(path, journal, groups=(group,))
    assert outcome.word is OutcomeWord.REFUSED_LIVE
    assert "lives in its control group" in outcome.summary
    assert is_untouched(path)


def test_a_group_that_cannot_be_removed_is_no_proof(
    path: bytes, folder: bytes, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = os.path.join(folder, b"group")
    os.mkdir(group)
    remove = removal.remove_empty_directory

    def denied(directory: int, name: bytes) -> None:
        if name == b"group":
            raise PermissionError(errno.EPERM, "Operation not permitted")
        remove(directory, name)

    monkeypatch.setattr(removal, "remove_empty_directory", denied)
    assert perform(path, journal, groups=(group,)).word is OutcomeWord.REFUSED_UNPROVEN
    assert is_untouched(path)


# --- recovery ----------------------------------------------------------------------------------


def record(path: bytes, *, command: Sequence[str] | None = None, groups: tuple[bytes, ...] = ()) -> Exchange:
    stat = fs.stat_path(path)
    root = os.path.dirname(path)
    aside = os.path.join(os.path.dirname(root), b".racewatch.x")
    return Exchange(
        root=root,
        name=b"one",
        aside=aside,
        directory=(stat.dev, stat.ino, stat.btime_ns),
        groups=groups,
        command=tuple(command or owner(aside)),
    )


def interrupted(path: bytes, journal: Journal, how: Exchange | None = None) -> str:
    """An act in the journal whose process is gone."""
    seen = observation(path)
    data: dict[str, object] = {**(how or record(path)).to_json(), "kept": False}
    journal.intend("x1", "remove", seen, UndoRecord("exchange", data, reversible=False))
    return "x1"


def taken(path: bytes, how: Exchange, *, begun: bool = False) -> None:
    guard = DirectoryGuard.take(how.root)
    assert isinstance(guard, DirectoryGuard)
    hands = Hands(how, guard.fd)
    hands.prepare(0o700)
    hands.take()
    if begun:
        os.mkdir(os.path.join(how.aside, b"racewatch.begun"))
    hands.close()
    guard.close()


def settled(journal: Journal) -> tuple[OutcomeWord | None, str]:
    recover(journal)
    entry = journal.entry("x1")
    assert entry is not None
    return entry.word, entry.summary


def test_nothing_had_happened_yet(path: bytes, journal: Journal) -> None:
    interrupted(path, journal)
    word, summary = settled(journal)
    assert (word, "untouched" in summary) == (FAILED, True)
    assert is_untouched(path)


@pytest.mark.parametrize("half", [1, 2, 3])
def test_the_private_folder_was_half_made(path: bytes, journal: Journal, half: int) -> None:
    how = record(path)
    interrupted(path, journal, how)
    if half == 3:
        guard = DirectoryGuard.take(how.root)
        assert isinstance(guard, DirectoryGuard)
        hands = Hands(how, guard.fd)
        hands.prepare(0o700)
        hands.close()
        guard.close()
    else:
        os.mkdir(how.aside)
        if half == 2:
            os.mkdir(os.path.join(how.aside, b"one"))
    word, summary = settled(journal)
    assert (word, "untouched" in summary) == (FAILED, True)
    assert is_untouched(path)


def test_half_made_and_the_thing_is_gone_since(path: bytes, journal: Journal) -> None:
    how = record(path)
    interrupted(path, journal, how)
    os.mkdir(how.aside)
    os.unlink(os.path.join(path, b"state"))
    os.rmdir(path)
    assert settled(journal)[0] is GONE
    assert not private(how.root)


def test_taken_and_put_back(path: bytes, journal: Journal) -> None:
    how = record(path)
    interrupted(path, journal, how)
    taken(path, how)
    word, summary = settled(journal)
    assert (word, "put back" in summary) == (FAILED, True)
    assert is_untouched(path)


def test_taken_and_its_name_is_taken_anew(path: bytes, journal: Journal) -> None:
    how = record(path)
    interrupted(path, journal, how)
    taken(path, how)
    os.rmdir(path)
    os.mkdir(path)
    word, summary = settled(journal)
    assert (word, "is kept as" in summary) == (FAILED, True)
    assert Path(os.fsdecode(how.aside), "one", "state").read_text() == "here"


def test_begun_and_finished(path: bytes, journal: Journal) -> None:
    how = record(path)
    interrupted(path, journal, how)
    taken(path, how, begun=True)
    assert settled(journal)[0] is GONE
    assert not os.path.lexists(path)
    assert not private(how.root)


def test_deleted_and_only_to_be_cleared_away(path: bytes, journal: Journal) -> None:
    how = record(path)
    interrupted(path, journal, how)
    taken(path, how, begun=True)
    subprocess.run(how.command, check=True)
    assert settled(journal)[0] is GONE
    assert not os.path.lexists(path)
    assert not private(how.root)


@pytest.mark.parametrize("again", [False, True])
def test_all_over_but_for_the_record(path: bytes, journal: Journal, again: bool) -> None:
    interrupted(path, journal)
    os.rename(path, path + b".elsewhere")
    if again:
        os.mkdir(path)  # a new one is none of its business
    assert settled(journal)[0] is GONE
    assert os.path.lexists(path) is again


@pytest.mark.parametrize("why", ["owner fails", "group lives", "group stays"])
def test_begun_and_not_to_be_finished_now(
    path: bytes, folder: bytes, journal: Journal, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = os.path.join(folder, b"group")
    os.mkdir(group)
    if why == "group lives":
        Path(os.fsdecode(group), "process").write_text("")
    how = record(path, command=fails(b"") if why == "owner fails" else None, groups=(group,))
    interrupted(path, journal, how)
    taken(path, how, begun=True)
    if why == "group stays":

        def denied(directory: int, name: bytes) -> None:
            raise PermissionError(errno.EPERM, "Operation not permitted")

        monkeypatch.setattr(removal, "remove_empty_directory", denied)
    word, summary = settled(journal)
    assert word is None
    assert "waiting to be settled" in summary
    assert Path(os.fsdecode(how.aside), "one", "state").read_text() == "here"


def test_the_owners_command_still_runs(path: bytes, journal: Journal) -> None:
    how = record(path)
    interrupted(path, journal, how)
    taken(path, how, begun=True)
    fd = os.open(how.aside, os.O_RDONLY)
    fcntl.flock(fd, fcntl.LOCK_EX)
    word, summary = settled(journal)
    assert (word, "still runs" in summary) == (None, True)
    os.close(fd)
    assert settled(journal)[0] is GONE


def test_a_private_folder_that_is_none(path: bytes, journal: Journal) -> None:
    how = record(path)
    interrupted(path, journal, how)
    Path(os.fsdecode(how.aside)).write_text("a stranger's")
    word, summary = settled(journal)
    assert (word, "could not be opened" in summary) == (None, True)


def test_a_state_root_that_is_locked_or_gone(
    path: bytes, root: bytes, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupted(path, journal)
    guard = DirectoryGuard.take(root)
    assert isinstance(guard, DirectoryGuard)
    monkeypatch.setattr("racewatch.core.recovery._PATIENCE_SECONDS", 0.05)
    word, summary = settled(journal)
    assert (word, "is locked" in summary) == (None, True)
    guard.close()
    os.rename(root, root + b".away")
    assert settled(journal)[0] is None
    os.rename(root + b".away", root)
    assert settled(journal)[0] is FAILED


def test_a_disk_that_fails_is_tried_again(
    path: bytes, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupted(path, journal)
    with monkeypatch.context() as patched:

        def broken(how: Exchange, guard: DirectoryGuard) -> None:
            raise OSError(errno.EIO, "Input/output error")

        patched.setattr("racewatch.core.settle_exchange.settle", broken)
        word, summary = settled(journal)
        assert (word, "Input/output error" in summary) == (None, True)
    assert settled(journal)[0] is FAILED


def test_an_interrupt_while_the_owner_deletes_leaves_it_to_the_next_start(
    path: bytes, root: bytes, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(command: Sequence[str], aside: int, patience: float | None) -> str:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(exchange, "_run", interrupt)
        with pytest.raises(KeyboardInterrupt):
            perform(path, journal)
    (aside,) = private(root)
    assert Path(os.fsdecode(aside), "one", "state").read_text() == "here"
    (row,) = recover(journal)
    assert row.word is GONE
    assert not os.path.lexists(path)
    assert not private(root)


# --- the record --------------------------------------------------------------------------------


def test_the_record_comes_back_as_it_was(path: bytes) -> None:
    how = record(path, groups=(b"/sys/fs/cgroup/x",))
    assert Exchange.read(how.to_json()) == how
    assert how.path == path


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("root", "cmVs"),
        ("aside", "cmVs"),
        ("groups", ["cmVs"]),
        ("groups", "x"),
        ("name", "Li4="),
        ("name", "YS9i"),
        ("name", ""),
        ("name", 7),
        ("name", "not base64"),
        ("command", []),
        ("command", [7]),
        ("command", "rm"),
        ("directory", [1, 2]),
        ("directory", ["a", 2, 3]),
        ("directory", 7),
    ],
)
def test_a_damaged_record_moves_nothing(path: bytes, journal: Journal, key: str, value: object) -> None:
    data = {**record(path).to_json(), key: value}
    with pytest.raises(ValueError):
        Exchange.read(data)
    journal.intend("x1", "remove", observation(path), UndoRecord("exchange", data))
    word, summary = settled(journal)
    assert (word, "damaged" in summary) == (FAILED, True)
    assert is_untouched(path)


def test_a_birth_time_that_nobody_knows(path: bytes) -> None:
    how = record(path)
    without = Exchange(how.root, how.name, how.aside, (1, 2, None), (), how.command)
    assert Exchange.read(without.to_json()) == without
    guard = DirectoryGuard.take(how.root)
    assert isinstance(guard, DirectoryGuard)
    hands = Hands(how, guard.fd)
    assert hands.stand() is Stand.NOTHING
    assert hands.give_back() is None
    hands.close()
    assert exchange._marked(exchange._mark((1, 2, None))) == (1, 2, None)
    assert exchange._marked(b"racewatch.placeholder.x") is None
    assert settle(how, guard).word is FAILED
    guard.close()


def test_the_steps_have_an_order(path: bytes) -> None:
    thing = ExchangedThing(part(path), lambda _: OwnersWay((), owner))
    assert thing.restore() is None
    assert thing.beside() == ()
    assert thing.guard() is None
    assert thing.pin() is None
    with pytest.raises(AssertionError, match="INTENT"):
        thing.capture()
    thing.close()
