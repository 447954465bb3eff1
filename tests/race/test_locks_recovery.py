"""The three failures of a lock that is "check, then write": two winners, an opaque left-over, a breaker that dies.

With real processes: sixteen that race to break one stale lock and to take it anew, owners that are killed
with ``kill -9``, and breakers that are killed right before each step of an act.
"""

from __future__ import annotations

import os
import pickle
import select
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from racewatch.core.act import Step
from racewatch.core.journal import Journal
from racewatch.core.model import OutcomeWord, Verdict
from racewatch.core.recovery import recover
from racewatch.core.undo import undo
from tests.race import locks
from tests.race.locks import LockWorld, a_lock_world, killed, picture, private_names, write
from tests.race.telling import Tell

RACERS = 16
DONE, GONE = OutcomeWord.DONE, OutcomeWord.GONE
Make = Callable[[Path], Path]


@pytest.fixture
def world() -> Iterator[LockWorld]:
    with a_lock_world() as made:
        yield made


# ---------------------------------------------------------------- two winners


@dataclass
class Racer:
    """What one process did: how its acts ended, and the inode that it took, if it took the lock."""

    words: list[OutcomeWord]
    failures: list[str]
    took: int | None


def break_and_retake(world: LockWorld, path: Path, stale: bytes, content: Callable[[], bytes]) -> Racer:
    """As a program does that finds a lock in its way: break it if it is dead, then take it exclusively."""
    journal = Journal(world.journal.folder)
    words, failures = [], []
    seen = world.kind.look(locks.target_of(path))
    while seen is not None and _is_still(path, stale):
        outcome = world.act(path, seen, journal=journal)
        words.append(outcome.word)
        if outcome.word is OutcomeWord.FAILED:
            failures.append(f"{outcome.summary} {outcome.error}")
        if outcome.word is OutcomeWord.REFUSED_BUSY:
            select.select([], [], [], 0.002)  # as programs wait for a lock
        # What it saw once, it goes on believing until it is told otherwise: the bug of check-then-act.
        if words[-1] in (OutcomeWord.REFUSED_CHANGED, OutcomeWord.REFUSED_LIVE):
            seen = world.kind.look(locks.target_of(path))
    try:
        write(path, content())
    except FileExistsError:
        return Racer(words, failures, None)
    return Racer(words, failures, path.lstat().st_ino)


def _is_still(path: Path, stale: bytes) -> bool:
    try:
        return path.read_bytes() == stale
    except FileNotFoundError:
        return False


def one_round(world: LockWorld, path: Path, content: Callable[[], bytes]) -> list[Racer]:
    """All at once; they live until the last one is done, so that whoever took the lock still holds it."""
    stale = path.read_bytes()
    start_in, start_out = os.pipe()
    stop_in, stop_out = os.pipe()
    answers = []
    for _ in range(RACERS):
        answer_in, answer_out = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                os.close(start_out)
                os.close(stop_out)
                os.read(start_in, 1)
                with os.fdopen(answer_out, "wb") as out:
                    pickle.dump(break_and_retake(world, path, stale, content), out)
                os.read(stop_in, 1)
            finally:
                os._exit(0)
        os.close(answer_out)
        answers.append((pid, answer_in))
    os.close(start_out)
    racers = []
    for _, answer in answers:
        with os.fdopen(answer, "rb") as source:
            racers.append(pickle.load(source))
    winner = [racer.took for racer in racers if racer.took is not None]
    assert len(winner) == 1, f"{len(winner)} took the lock"
    assert path.lstat().st_ino == winner[0], "the lock was broken under its new owner"
    os.close(stop_out)
    for pid, _ in answers:
        os.waitpid(pid, 0)
    os.close(start_in)
    os.close(stop_in)
    return racers


def race(
    world: LockWorld, tell: Tell, rounds: int, name: str, make: Make, content: Callable[[], bytes]
) -> None:
    words: Counter[OutcomeWord] = Counter()
    for number in range(rounds):
        folder = world.folder / str(number)
        folder.mkdir()
        racers = one_round(world, make(folder), content)
        told = [word for racer in racers for word in racer.words]
        # A reader that is put to sleep in the middle can look like an owner after the capture; when the
        # name is taken by then, the old lock cannot go back.  That is a break too, and it is said.
        aside = private_names(folder)
        failures = [failure for racer in racers for failure in racer.failures]
        assert len(failures) == len(aside), failures
        assert all(os.path.basename(name) in "".join(failures) for name in aside)
        assert told.count(DONE) + len(aside) == 1, f"{told.count(DONE)} broke it"
        words.update(told)
    assert not world.journal.open_acts()
    tell(
        f"{name}: {rounds} rounds of {RACERS} processes, {words[DONE]} breaks, {rounds} new holders, never two; "
        + ", ".join(f"{count} {word}" for word, count in words.most_common() if word is not DONE)
    )


def ctx(folder: Path) -> Path:
    """What a killed ``ctx`` leaves: no owner, no time, one word."""
    path = folder / ".context" / "hub" / ".sync.lock"
    killed(lambda: write(path, b"lock"))
    return path


@pytest.mark.timeout(100)
def test_of_sixteen_one_breaks_the_stale_lock_and_one_takes_it(world: LockWorld, tell: Tell) -> None:
    race(world, tell, 10, "SoftFileLock", locks.soft_file_lock, locks.soft_file_lock_content)


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("make", [locks.soft_file_lock, locks.git_gc], ids=lambda one: one.__name__)
def test_of_sixteen_one_wins_in_many_rounds(world: LockWorld, tell: Tell, make: Make) -> None:
    race(world, tell, 150, make.__name__, make, locks.soft_file_lock_content)


# ---------------------------------------------------------------- an opaque left-over


def test_a_lock_left_by_kill_9_is_named_with_path_owner_age_and_cure(world: LockWorld) -> None:
    began = time.strftime("%Y-%m-%d %H:%M:%S")
    path = locks.soft_file_lock(world.folder)
    seen = world.look(path)
    facts = dict(seen.facts)
    pid, host, _ = path.read_text().split("\n", 2)
    assert (seen.path, seen.verdict) == (os.fsencode(path), Verdict.STALE)
    assert (facts["pid"], facts["host"]) == (pid, host)
    assert began <= facts["taken"] <= time.strftime("%Y-%m-%d %H:%M:%S")
    assert any(one.check == "owner" and pid in one.detail for one in seen.evidence)
    assert seen.remedy
    assert facts["consequence"]
    # And once more by the one whom a new owner keeps out.
    path.unlink()
    write(path, locks.soft_file_lock_content())
    refusal = world.act(path)
    assert refusal.word is OutcomeWord.REFUSED_LIVE
    assert str(os.getpid()) in refusal.summary


def test_a_lock_that_names_nobody_is_said_to_name_nobody(world: LockWorld) -> None:
    path = ctx(world.folder)
    seen = world.look(path)
    facts = dict(seen.facts)
    assert seen.verdict is Verdict.UNKNOWN
    assert "cannot be proved" in seen.summary
    assert "pid" not in facts
    assert facts["modified"]
    assert seen.remedy
    outcome = world.act(path, seen)
    assert outcome.word is DONE
    assert undo(outcome.action, world.journal).word is DONE
    assert path.read_bytes() == b"lock"


# ---------------------------------------------------------------- a breaker that dies

LOCKS: tuple[Make, ...] = (
    locks.soft_file_lock, locks.git_gc, locks.x11, locks.gnupg, locks.git_index, locks.lock_folder,
)  # fmt: skip
STEPS = (
    Step.CLAIM, Step.GUARD, Step.PIN, Step.RECHECK, Step.INTENT,
    Step.CAPTURE, Step.VERIFY, Step.COMMIT, Step.RECORD,
)  # fmt: skip


@pytest.mark.parametrize("make", LOCKS, ids=lambda one: one.__name__)
@pytest.mark.parametrize("step", STEPS)
def test_a_breaker_that_dies_half_way_loses_nothing_and_the_next_one_works(
    world: LockWorld, make: Make, step: Step
) -> None:
    path = make(world.folder)
    before = picture(world.folder)

    def die(now: Step) -> None:
        if now is step:
            os.kill(os.getpid(), 9)

    pid = os.fork()
    if pid == 0:
        try:
            world.act(path, on_step=die, journal=Journal(world.journal.folder))
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -9
    recover(world.journal)
    assert not world.journal.open_acts()
    if step is Step.RECORD and make is not locks.lock_folder:
        # It was destroyed, and only the record of that was missing.  (What is kept aside is simply put back.)
        (row,) = world.journal.entries()
        assert (row.word, row.undoable) == (GONE, True)
        assert undo(row.action, world.journal).word is DONE
    assert picture(world.folder) == before
    outcome = world.act(path)
    assert outcome.word is DONE, outcome.summary
    assert not os.path.lexists(path)
