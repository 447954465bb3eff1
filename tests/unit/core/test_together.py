"""Things that go together, and the owner's own lock held while acting."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from racewatch.core.act import Step, act
from racewatch.core.advisory import AdvisoryKind, AdvisoryLock, HeldLock
from racewatch.core.by_name import Belongings, NamedThing
from racewatch.core.journal import Journal
from racewatch.core.kind import Stop
from racewatch.core.model import ActRequest, KindName, Observation, Outcome, OutcomeWord, Target, Verdict
from racewatch.core.part import Part, Pinned
from racewatch.core.protected import Protected, Protection
from racewatch.linux import flocks, fs
from tests.kernel.support import child
from tests.unit.core.support import as_nobody, fingerprint_of, part, socket_node

DONE, GONE, FAILED = OutcomeWord.DONE, OutcomeWord.GONE, OutcomeWord.FAILED
LIVE, CHANGED = OutcomeWord.REFUSED_LIVE, OutcomeWord.REFUSED_CHANGED
FORBIDDEN = OutcomeWord.REFUSED_FORBIDDEN
UNPROVEN, BUSY = OutcomeWord.REFUSED_UNPROVEN, OutcomeWord.REFUSED_BUSY
STALE = Verdict.STALE


def perform(
    main: Part,
    journal: Journal,
    *beside: Part,
    hold: Sequence[AdvisoryLock] = (),
    at: dict[Step, Callable[[], None]] | None = None,
    override: bool = False,
) -> Outcome:
    thing = NamedThing(main, lambda _: Belongings(beside, tuple(hold)))
    request = ActRequest(Target(KindName.SOCKET, main.path), fingerprint_of(main.path), override)

    def hook(step: Step) -> None:
        if at and step in at:
            at[step]()

    return act(request, thing, journal, on_step=hook)


@pytest.fixture
def two(folder: bytes) -> tuple[bytes, bytes]:
    paths = os.path.join(folder, b"a"), os.path.join(folder, b"b")
    for path in paths:
        socket_node(path)
    return paths


@pytest.fixture
def apart(folder: bytes) -> tuple[bytes, bytes]:
    """In two directories."""
    other = os.path.join(folder, b"other")
    os.mkdir(other)
    paths = os.path.join(folder, b"a"), os.path.join(other, b"b")
    for path in paths:
        socket_node(path)
    return paths


def test_both_go(two: tuple[bytes, bytes], journal: Journal, folder: bytes) -> None:
    assert perform(part(two[0]), journal, part(two[1])).word is DONE
    assert os.listdir(folder) == []


@pytest.mark.parametrize(
    ("verdict", "word"), [(Verdict.LIVE, LIVE), (Verdict.UNKNOWN, UNPROVEN), (Verdict.IDLE, FORBIDDEN)]
)
def test_a_companion_that_is_not_proved_stops_the_act_even_on_a_persons_word(
    two: tuple[bytes, bytes], journal: Journal, folder: bytes, verdict: Verdict, word: OutcomeWord
) -> None:
    def not_recorded() -> None:
        pytest.fail("went on to record an intent")

    outcome = perform(
        part(two[0]), journal, part(two[1], verdict), override=True, at={Step.INTENT: not_recorded}
    )
    assert outcome.word is word
    assert "goes with it" in outcome.summary
    assert sorted(os.listdir(folder)) == [b"a", b"b"]


def test_a_live_thing_is_refused_before_its_companions_are_looked_at(
    two: tuple[bytes, bytes], journal: Journal
) -> None:
    outcome = perform(part(two[0], Verdict.LIVE), journal, part(two[1], Verdict.UNKNOWN))
    assert outcome.word is LIVE
    assert "goes with it" not in outcome.summary


def test_a_companion_that_is_not_there_is_left_out(
    two: tuple[bytes, bytes], journal: Journal, folder: bytes
) -> None:
    os.unlink(two[1])
    assert perform(part(two[0]), journal, part(two[1])).word is DONE
    assert os.listdir(folder) == []


def test_a_companion_whose_directory_is_not_there_is_left_out(
    two: tuple[bytes, bytes], journal: Journal, folder: bytes
) -> None:
    assert perform(part(two[0]), journal, part(os.path.join(folder, b"no", b"b"))).word is DONE
    assert os.listdir(folder) == [b"b"]


def test_a_companion_whose_directory_is_locked_stops_the_act(
    apart: tuple[bytes, bytes], journal: Journal
) -> None:
    fd = os.open(os.path.dirname(apart[1]), os.O_RDONLY)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        outcome = perform(part(apart[0]), journal, part(apart[1]))
    finally:
        os.close(fd)
    assert outcome.word is BUSY
    assert "because of what goes with it" in outcome.summary
    assert all(os.path.lexists(path) for path in apart)


def test_a_companion_in_another_directory_is_guarded_there(
    apart: tuple[bytes, bytes], journal: Journal
) -> None:
    def locked() -> None:
        for path in apart:
            fd = os.open(os.path.dirname(path), os.O_RDONLY)
            try:
                with pytest.raises(BlockingIOError):
                    fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            finally:
                os.close(fd)

    assert perform(part(apart[0]), journal, part(apart[1]), at={Step.COMMIT: locked}).word is DONE


def test_a_companion_whose_directory_moved_stops_the_act(
    apart: tuple[bytes, bytes], journal: Journal, folder: bytes
) -> None:
    def move() -> None:
        os.rename(os.path.join(folder, b"other"), os.path.join(folder, b"moved"))

    outcome = perform(part(apart[0]), journal, part(apart[1]), at={Step.RECHECK: move})
    assert outcome.word is CHANGED
    assert sorted(os.listdir(folder)) == [b"a", b"moved"]


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("verdict", [Verdict.LIVE, Verdict.UNKNOWN])
def test_either_part_judged_otherwise_after_the_capture_gives_both_back(
    two: tuple[bytes, bytes], journal: Journal, folder: bytes, which: int, verdict: Verdict
) -> None:
    looks: list[tuple[Verdict, ...]] = [(STALE,), (STALE,)]
    looks[which] = (STALE, verdict)
    outcome = perform(part(two[0], *looks[0]), journal, part(two[1], *looks[1]))
    expected = LIVE if verdict is Verdict.LIVE else CHANGED if which == 0 else UNPROVEN
    assert outcome.word is expected
    assert sorted(os.listdir(folder)) == [b"a", b"b"]
    assert not outcome.undoable


@pytest.mark.parametrize("override", [False, True])
def test_what_was_proved_and_is_not_any_more_goes_back_also_on_a_persons_word(
    two: tuple[bytes, bytes], journal: Journal, folder: bytes, override: bool
) -> None:
    """The person's word was given for what was seen; that was a proof, and it fell."""
    outcome = perform(part(two[0], STALE, Verdict.UNKNOWN), journal, override=override)
    assert outcome.word is CHANGED
    assert sorted(os.listdir(folder)) == [b"a", b"b"]


def test_another_state_after_the_capture_goes_back_even_if_it_is_proved_as_well(
    two: tuple[bytes, bytes], journal: Journal, folder: bytes
) -> None:
    """What was seen and what would be destroyed must be one state, not two that are both removable."""
    main = part(two[0])
    really = main.observe
    looks: list[Observation] = []

    def observe(pinned: Pinned) -> Observation:
        seen = really(pinned)
        looks.append(seen if not looks else replace(seen, fingerprint="another state"))
        return looks[-1]

    main.observe = observe
    assert perform(main, journal).word is CHANGED
    assert len(looks) == 2
    assert sorted(os.listdir(folder)) == [b"a", b"b"]


@pytest.mark.parametrize("which", [0, 1])
def test_either_part_replaced_before_the_capture_gives_both_back(
    two: tuple[bytes, bytes], journal: Journal, folder: bytes, which: int
) -> None:
    def replace_it() -> None:
        os.unlink(two[which])
        with open(two[which], "xb"):
            pass

    outcome = perform(part(two[0]), journal, part(two[1]), at={Step.CAPTURE: replace_it})
    assert outcome.word is CHANGED
    assert sorted(os.listdir(folder)) == [b"a", b"b"]
    assert os.path.isfile(two[which])


def test_a_part_that_vanished_before_the_capture_gives_the_other_back(
    two: tuple[bytes, bytes], journal: Journal, folder: bytes
) -> None:
    outcome = perform(part(two[0]), journal, part(two[1]), at={Step.CAPTURE: lambda: os.unlink(two[0])})
    assert outcome.word is GONE
    assert os.listdir(folder) == [b"b"]


def test_a_part_that_cannot_go_back_is_said(
    two: tuple[bytes, bytes], journal: Journal, folder: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The companion is captured; the thing itself is gone; and the companion's name is taken by then."""
    main, beside = part(two[0]), part(two[1])
    really = Part.capture

    def capture_and_race(one: Part) -> Stop | None:
        stop = really(one)
        if one is beside:
            socket_node(two[1])
            os.unlink(two[0])
        return stop

    monkeypatch.setattr(Part, "capture", capture_and_race)
    outcome = perform(main, journal, beside)
    assert outcome.word is FAILED
    assert "is not there any more; what was captured could not be put back" in outcome.summary
    assert len(os.listdir(folder)) == 2


def test_a_companion_that_cannot_be_unlinked_stays_aside(
    two: tuple[bytes, bytes], journal: Journal, folder: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    main, beside = part(two[0]), part(two[1])
    refused = Stop(OutcomeWord.REFUSED_DENIED, "no")
    really = Part.unlink
    monkeypatch.setattr(Part, "unlink", lambda one: refused if one is beside else really(one))
    assert perform(main, journal, beside).word is DONE
    assert len(os.listdir(folder)) == 1


def test_a_thing_that_cannot_be_unlinked_goes_back_with_its_companion(
    two: tuple[bytes, bytes], journal: Journal, folder: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = Stop(OutcomeWord.REFUSED_DENIED, "no")
    monkeypatch.setattr(Part, "unlink", lambda _: refused)
    assert perform(part(two[0]), journal, part(two[1])).word is OutcomeWord.REFUSED_DENIED
    assert sorted(os.listdir(folder)) == [b"a", b"b"]


def test_one_part_that_cannot_be_copied_keeps_all_aside(
    two: tuple[bytes, bytes], journal: Journal, folder: bytes
) -> None:
    os.unlink(two[1])
    os.mkdir(two[1])
    outcome = perform(part(two[0]), journal, part(two[1]))
    assert outcome.word is DONE
    assert "kept aside" in outcome.summary
    assert len(os.listdir(folder)) == 2


# ---------------------------------------------------------------- the owner's own lock


@pytest.fixture
def lock_file(folder: bytes) -> bytes:
    path = os.path.join(folder, b"lock")
    with open(path, "xb"):
        pass
    return path


@pytest.mark.parametrize("kind", AdvisoryKind)
def test_the_owners_lock_is_held_to_the_end_and_then_free(
    two: tuple[bytes, bytes], lock_file: bytes, journal: Journal, kind: AdvisoryKind
) -> None:
    held: list[bool] = []

    def look() -> None:
        taken = AdvisoryLock(lock_file, kind).take()
        held.append(isinstance(taken, Stop))
        if isinstance(taken, HeldLock):
            taken.close()

    steps = (Step.RECHECK, Step.CAPTURE, Step.VERIFY, Step.COMMIT, Step.RECORD)
    at: dict[Step, Callable[[], None]] = dict.fromkeys(steps, look)
    assert perform(part(two[0]), journal, hold=[AdvisoryLock(lock_file, kind)], at=at).word is DONE
    assert held == [False, True, True, True, True]
    free = AdvisoryLock(lock_file, kind).take()
    assert isinstance(free, HeldLock)
    free.close()


@pytest.mark.parametrize("kind", AdvisoryKind)
def test_an_owner_that_holds_its_lock_is_live(
    two: tuple[bytes, bytes], lock_file: bytes, journal: Journal, kind: AdvisoryKind
) -> None:
    def hold() -> list[int]:
        fd = os.open(lock_file, os.O_RDWR)
        if kind is AdvisoryKind.FLOCK:
            fcntl.flock(fd, fcntl.LOCK_EX)
        else:
            fcntl.lockf(fd, fcntl.LOCK_EX)  # a POSIX lock of another process
        return [fd]

    with child(hold):
        outcome = perform(part(two[0]), journal, hold=[AdvisoryLock(lock_file, kind)])
    assert outcome.word is LIVE
    assert os.path.lexists(two[0])


def test_a_lock_that_is_not_there_holds_nobody_out(
    two: tuple[bytes, bytes], folder: bytes, journal: Journal
) -> None:
    missing = [
        AdvisoryLock(os.path.join(folder, b"no"), AdvisoryKind.FLOCK),
        AdvisoryLock(os.path.join(folder, b"no", b"no"), AdvisoryKind.FCNTL),
    ]
    assert perform(part(two[0]), journal, hold=missing).word is DONE


def test_a_lock_that_cannot_be_taken_proves_nothing(folder: bytes, lock_file: bytes) -> None:
    os.mkfifo(os.path.join(folder, b"fifo"))
    os.symlink(folder, os.path.join(folder, b"link"))
    for path in (b"fifo", b"link/lock", b"link", b"x" * 300):
        stop = AdvisoryLock(os.path.join(folder, path), AdvisoryKind.FLOCK).take()
        assert isinstance(stop, Stop)
        assert stop.word is UNPROVEN
    os.chmod(lock_file, 0)
    with as_nobody():
        stop = AdvisoryLock(lock_file, AdvisoryKind.FCNTL).take()
    assert isinstance(stop, Stop)
    assert stop.word is UNPROVEN
    assert "could not be taken" in stop.summary


@pytest.mark.parametrize("again", [False, True])
def test_a_lock_file_that_is_replaced_while_it_is_locked(
    lock_file: bytes, monkeypatch: pytest.MonkeyPatch, again: bool
) -> None:
    """Then the lock that was taken keeps nobody out."""
    really = fs.pin

    def pin_then_lose(dirfd: int, name: bytes) -> int:
        fd = really(dirfd, name)
        os.rename(lock_file, lock_file + b"-old")
        if again:
            with open(lock_file, "xb"):
                pass
        return fd

    monkeypatch.setattr(fs, "pin", pin_then_lose)
    before = set(os.listdir("/proc/self/fd"))
    taken = AdvisoryLock(lock_file, AdvisoryKind.FLOCK).take()
    if again:
        assert isinstance(taken, Stop)
        assert taken.word is CHANGED
    else:
        assert taken is None
    assert set(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize("kind", AdvisoryKind)
def test_a_pinned_lock_is_taken_on_the_inode_and_not_on_the_name(
    lock_file: bytes, kind: AdvisoryKind
) -> None:
    """Somebody replaces the file between the pin and the lock: the judged one is locked, not theirs."""
    pinned = os.open(lock_file, os.O_PATH)
    try:
        os.rename(lock_file, lock_file + b"-old")
        with open(lock_file, "xb"):
            pass
        held = AdvisoryLock(lock_file, kind, pinned).take()
        assert isinstance(held, HeldLock)
        theirs = AdvisoryLock(lock_file, kind).take()
        assert isinstance(theirs, HeldLock)
        assert isinstance(AdvisoryLock(lock_file + b"-old", kind).take(), Stop)
        theirs.close()
        held.close()
    finally:
        os.close(pinned)


@pytest.mark.parametrize(
    ("now", "word"), [(Verdict.LIVE, LIVE), (Verdict.UNKNOWN, CHANGED), (Verdict.STALE, DONE)]
)
def test_all_is_judged_again_under_the_owners_lock(
    two: tuple[bytes, bytes], lock_file: bytes, journal: Journal, now: Verdict, word: OutcomeWord
) -> None:
    """It was stale; then its owner came and went on; then we had its lock."""

    def no_intent() -> None:
        assert word is DONE, "an intent was recorded"

    outcome = perform(
        part(two[0], STALE, now),
        journal,
        hold=[AdvisoryLock(lock_file, AdvisoryKind.FLOCK)],
        override=True,
        at={Step.CAPTURE: no_intent},
    )
    assert outcome.word is word
    assert os.path.lexists(two[0]) == (word is not DONE)


def test_what_goes_with_it_is_protected_like_the_thing_itself(
    two: tuple[bytes, bytes], journal: Journal
) -> None:
    rules = Protected((Protection(two[1], "mine"),))
    for verdict, word in ((STALE, FORBIDDEN), (Verdict.LIVE, LIVE)):
        thing = NamedThing(part(two[0], verdict), lambda _: Belongings([part(two[1])]))
        request = ActRequest(Target(KindName.SOCKET, two[0]), fingerprint_of(two[0]), override=True)
        outcome = act(request, thing, journal, protected=rules)
        assert outcome.word is word
        assert ("mine" in outcome.summary) == (word is FORBIDDEN)
    assert all(os.path.lexists(path) for path in two)


def test_what_goes_with_it_is_judged_again_under_the_owners_lock(
    two: tuple[bytes, bytes], lock_file: bytes, journal: Journal
) -> None:
    outcome = perform(
        part(two[0]),
        journal,
        part(two[1], STALE, Verdict.LIVE),
        hold=[AdvisoryLock(lock_file, AdvisoryKind.FLOCK)],
    )
    assert outcome.word is LIVE
    assert all(os.path.lexists(path) for path in two)


def test_an_act_that_is_refused_never_takes_the_owners_lock(
    two: tuple[bytes, bytes], journal: Journal, folder: bytes
) -> None:
    """For a moment the real program would find its own lock taken."""
    fifo = os.path.join(folder, b"fifo")
    os.mkfifo(fifo)  # taking a lock on it would be refused as unproven
    lock = AdvisoryLock(fifo, AdvisoryKind.FLOCK)
    assert perform(part(two[0], Verdict.LIVE), journal, hold=[lock]).word is LIVE
    assert perform(part(two[0], Verdict.IDLE), journal, hold=[lock]).word is OutcomeWord.REFUSED_FORBIDDEN


def test_a_thing_that_may_not_go_because_of_what_belongs_to_it(
    two: tuple[bytes, bytes], journal: Journal
) -> None:
    stop = Stop(OutcomeWord.REFUSED_FORBIDDEN, "never with that")
    for verdict, word in ((STALE, OutcomeWord.REFUSED_FORBIDDEN), (Verdict.LIVE, LIVE)):
        thing = NamedThing(part(two[0], verdict), lambda _: stop)
        request = ActRequest(Target(KindName.SOCKET, two[0]), fingerprint_of(two[0]), override=True)
        assert act(request, thing, journal).word is word
    assert os.path.lexists(two[0])


@pytest.mark.parametrize("kind", AdvisoryKind)
def test_a_file_system_without_locks_proves_nothing(
    lock_file: bytes, kind: AdvisoryKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> bool:
        raise OSError(errno.ENOLCK, "no locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    monkeypatch.setattr(flocks, "try_lock_range", refuse)
    before = set(os.listdir("/proc/self/fd"))
    stop = AdvisoryLock(lock_file, kind).take()
    assert isinstance(stop, Stop)
    assert stop.word is UNPROVEN
    assert set(os.listdir("/proc/self/fd")) == before
