"""A journal that cannot be kept: no act, a clear refusal, nothing touched; looking goes on."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from racewatch.config import Config
from racewatch.core.act import Step
from racewatch.core.journal import Journal, JournalError
from racewatch.core.model import ActRequest, Outcome, OutcomeWord
from racewatch.core.recovery import recover
from racewatch.core.undo import undo
from racewatch.verbs import Racewatch, RacewatchError
from tests.kernel.support import become_nobody, in_child, mount, needs_root, own_mounts
from tests.race.world import World, a_world, inode, leave_dead, unmount

DONE, GONE, FAILED = OutcomeWord.DONE, OutcomeWord.GONE, OutcomeWord.FAILED
MS_RDONLY, MS_REMOUNT = 1, 32


def refuses(world: World, state: bytes, *words: str) -> None:
    """No act, said why and what to do; nothing touched; looking works; no traceback."""
    leave_dead(world.path)
    racewatch = Racewatch(Config(), state=state)
    try:
        assert racewatch.journal_problem is not None
        for word in words:
            assert word in racewatch.journal_problem
        (seen,) = racewatch.scan([world.there]).observations
        outcome = racewatch.remove(ActRequest(seen.target, seen.fingerprint))
        assert outcome.word is FAILED
        assert outcome.summary.startswith("nothing was touched")
        assert racewatch.journal_problem in outcome.summary
        for ask in (racewatch.history, lambda: racewatch.undo("abc")):
            with pytest.raises(RacewatchError) as refused:
                ask()
            assert str(refused.value) == racewatch.journal_problem
    finally:
        racewatch.close()
    assert os.listdir(world.there) == [b"s"]


@pytest.mark.parametrize("size", [0, 1, 17, 4096, 40960])
def test_a_file_that_is_no_journal(world: World, size: int) -> None:
    state = world.journal.folder
    world.journal.close()
    for name in os.listdir(state):
        os.unlink(os.path.join(state, name))
    with open(os.path.join(state, b"journal.sqlite"), "xb") as file:
        file.write(b"\xa5not a journal\0"[: min(size, 16)] * (size // 16 + 1))
        file.truncate(size)
    if size <= 1:
        # Nothing at all, or nothing that could have been anything: a new journal.
        racewatch = Racewatch(Config(), state=state)
        problem = racewatch.journal_problem
        racewatch.close()
        if problem is None:
            return
    refuses(world, state, "journal.sqlite", "move the file away")


def test_a_journal_damaged_in_the_middle(world: World) -> None:
    for _ in range(30):
        leave_dead(world.path)
        seen = world.kind.look(world.target)
        assert seen is not None
        world.act(seen.fingerprint)
    world.journal.close()
    path = os.path.join(world.journal.folder, b"journal.sqlite")
    with open(path, "r+b") as file:
        file.seek(100)
        file.write(b"\xff" * 8000)
    refuses(world, world.journal.folder, "journal.sqlite", "move the file away")


def test_a_journal_of_another_version(world: World) -> None:
    world.journal._db.execute("PRAGMA user_version=99")
    world.journal.close()
    refuses(world, world.journal.folder, "another version", "schema 99")


def test_a_folder_that_cannot_be_made(world: World, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    refuses(world, os.fsencode(file / "state"), "cannot be used", "RACEWATCH_STATE_DIR")


def test_a_journal_that_somebody_keeps_locked(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("racewatch.core.journal._BUSY_SECONDS", 0.05)
    world.journal._db.execute("BEGIN EXCLUSIVE")
    refuses(world, world.journal.folder, "locked", "try again")
    world.journal._db.execute("ROLLBACK")


@needs_root
def test_a_journal_that_may_not_be_written() -> None:
    def work() -> None:
        own_mounts()
        with a_world() as world:
            state = world.journal.folder
            mount(state, state, None, 0x1000)
            world.stack.callback(unmount, state)
            world.journal.close()
            mount(b"none", state, None, 0x1000 | MS_REMOUNT | MS_RDONLY)
            refuses(world, state, "writable")

    in_child(work)


@needs_root
def test_a_journal_of_another_user(world: World) -> None:
    os.chmod(os.path.dirname(world.folder), 0o755)
    os.chown(world.there, 65534, 65534)

    def work() -> None:
        become_nobody()
        refuses(world, world.journal.folder, "writable")

    in_child(work)


def filled(folder: bytes) -> Callable[[], None]:
    """Take all the space that is left; returns what gives it back."""
    path = os.path.join(folder, b"everything-else")
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        size = 65536
        while size:
            try:
                os.write(fd, b"\0" * size)
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
                size //= 2
    finally:
        os.close(fd)
    return lambda: os.unlink(path)


def in_a_small_state(work: Callable[[World], object]) -> object:
    """With the journal on a file system of its own of 256 kB."""

    def inside() -> object:
        own_mounts()
        with a_world() as world:
            world.journal.close()
            state = world.journal.folder + b"-small"
            os.mkdir(state)
            mount(b"none", state, b"tmpfs", 0, b"size=256k")
            world.stack.callback(unmount, state)
            world.journal = Journal(state)
            world.stack.callback(world.journal.close)
            return work(world)

    return in_child(inside)


@needs_root
def test_a_full_disk_before_the_act_touches_nothing() -> None:
    def work(world: World) -> str:
        leave_dead(world.path)
        seen = world.judge()
        filled(world.journal.folder)
        outcome = world.act(seen.fingerprint)
        assert outcome.word is FAILED
        assert inode(world.path) == world.judged_inode
        assert not world.private_names()
        return outcome.summary

    summary = in_a_small_state(work)
    assert isinstance(summary, str)
    assert summary.startswith("nothing was touched, because ")
    assert "the disk is full: free some space" in summary


@needs_root
def test_a_disk_that_fills_up_before_a_start() -> None:
    def work(world: World) -> None:
        world.journal.close()
        for name in os.listdir(world.journal.folder):
            os.unlink(os.path.join(world.journal.folder, name))
        filled(world.journal.folder)
        refuses(world, world.journal.folder, "full")

    in_a_small_state(work)


@needs_root
@pytest.mark.parametrize("step", [Step.CAPTURE, Step.VERIFY, Step.COMMIT, Step.RECORD])
def test_a_disk_that_fills_up_during_the_act_leaves_a_true_outcome(step: Step) -> None:
    """The end cannot be recorded: said; the next start with space finds what really happened."""

    def work(world: World) -> Outcome:
        leave_dead(world.path)
        seen = world.judge()
        free: list[Callable[[], None]] = []
        outcome = world.act(seen.fingerprint, {step: lambda _: free.append(filled(world.journal.folder))})
        assert outcome.word is DONE
        assert world.judged_links == 0
        assert not world.private_names()
        (still,) = world.journal.open_acts()
        assert still.action == outcome.action
        free[0]()
        (row,) = recover(world.journal)
        assert (row.word, row.undoable) == (GONE, True)
        assert undo(outcome.action, world.journal).word is DONE
        assert os.path.lexists(world.path)
        return outcome

    outcome = in_a_small_state(work)
    assert isinstance(outcome, Outcome)
    assert outcome.error is not None
    assert "could not be recorded" in outcome.error
    assert "the disk is full" in outcome.error


@needs_root
@pytest.mark.parametrize("step", [Step.CLAIM, Step.INTENT, Step.RESTORE, Step.RECORD])
def test_an_undo_with_a_full_disk_tells_the_truth(step: Step) -> None:
    def work(world: World) -> None:
        leave_dead(world.path)
        outcome = world.act(world.judge().fingerprint)
        free: list[Callable[[], None]] = []

        def fill(at: Step) -> None:
            if at is step:
                free.append(filled(world.journal.folder))

        back = undo(outcome.action, world.journal, on_step=fill)
        assert back.error is not None
        if step in (Step.CLAIM, Step.INTENT):
            assert back.word is FAILED
            assert back.summary.startswith("nothing was put back, because ")
            assert not os.path.lexists(world.path)
            free[0]()
            assert undo(outcome.action, world.journal).word is DONE
        else:
            assert back.word is DONE
            free[0]()
            (row,) = recover(world.journal)
            assert (row.verb, row.word) == ("undo", DONE)
            assert undo(outcome.action, world.journal).word is OutcomeWord.REFUSED_FORBIDDEN
        assert os.path.lexists(world.path)
        assert not world.private_names()

    in_a_small_state(work)


def test_a_journal_folder_that_vanished_before_the_act(world: World) -> None:
    """The claim cannot be made: nothing is touched."""
    leave_dead(world.path)
    seen = world.judge()
    os.rename(world.journal.folder, world.journal.folder + b"-elsewhere")
    outcome = world.act(seen.fingerprint)
    assert outcome.word is FAILED
    assert outcome.summary.startswith("nothing was touched, because ")
    assert inode(world.path) == world.judged_inode
    with pytest.raises(JournalError, match="make it writable"):
        world.journal.claim("abc")
