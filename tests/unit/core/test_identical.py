"""Undo brings back the identical thing: bytes, mode, owner, times, link target, attributes."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from racewatch.core.act import Step, act
from racewatch.core.by_name import Belongings, NamedThing
from racewatch.core.journal import Journal
from racewatch.core.model import (
    ActRequest,
    Outcome,
    OutcomeWord,
)
from racewatch.core.part import Part
from racewatch.core.recovery import recover
from racewatch.core.remains import LARGEST_COPY
from racewatch.core.undo import undo
from tests.unit.core.support import fingerprint_of, part


def break_it(
    journal: Journal,
    path: Path,
    companions: Sequence[Part] = (),
    *,
    on_step: Callable[[Step], None] = lambda _: None,
) -> Outcome:
    main = part(os.fsencode(path))
    thing = NamedThing(main, lambda _: Belongings(companions))
    return act(ActRequest(main.target, fingerprint_of(os.fsencode(path))), thing, journal, on_step=on_step)


def picture(things: Path) -> dict[str, tuple[object, ...]]:
    """Everything undo promises to bring back."""
    found: dict[str, tuple[object, ...]] = {}
    for path in sorted(things.rglob("*")):
        seen = path.lstat()
        content: object = None
        if path.is_symlink():
            content = os.readlink(path)
        elif path.is_file():
            content = path.read_bytes()
        found[str(path.relative_to(things))] = (
            stat.S_IFMT(seen.st_mode),
            stat.S_IMODE(seen.st_mode),
            seen.st_uid,
            seen.st_gid,
            None if path.is_dir() and not path.is_symlink() else seen.st_mtime_ns,
            content,
        )
    return found


def make_lock(things: Path) -> Path:
    lock = things / "x.lock"
    lock.write_bytes(b"4711\nhost\n\x00\xff")
    os.setxattr(lock, "user.racewatch-test", b"kept")
    os.utime(lock, ns=(10**18, 10**18 + 123456789))
    lock.chmod(0o444)
    return lock


@pytest.fixture
def things(tmp_path: Path) -> Path:
    made = tmp_path / "things"
    made.mkdir()
    return made


def test_undo_brings_back_the_identical_file(things: Path, journal: Journal) -> None:
    lock = make_lock(things)
    before = picture(things)
    done = break_it(journal, lock)
    assert (done.word, os.listdir(things)) == (OutcomeWord.DONE, [])
    assert undo(done.action, journal).word is OutcomeWord.DONE
    assert picture(things) == before
    assert os.getxattr(lock, "user.racewatch-test") == b"kept"


def test_undo_brings_back_a_link_with_its_target_and_times(things: Path, journal: Journal) -> None:
    lock = things / "lock"
    lock.symlink_to("host:4711 \\ \n")
    os.utime(lock, ns=(10**18, 10**18), follow_symlinks=False)
    before = picture(things)
    done = break_it(journal, lock)
    assert (done.word, os.listdir(things)) == (OutcomeWord.DONE, [])
    undo(done.action, journal)
    assert picture(things) == before


@pytest.mark.parametrize("what", ["large file", "directory"])
def test_what_cannot_be_copied_is_kept_aside(things: Path, journal: Journal, what: str) -> None:
    lock = things / "x.lock"
    if what == "directory":
        lock.mkdir()
        (lock / "owner").write_text("me")
    else:
        lock.write_bytes(b"x" * (LARGEST_COPY + 1))
    before, inode = picture(things), lock.stat().st_ino
    done = break_it(journal, lock)
    assert done.word is OutcomeWord.DONE
    assert not lock.exists()
    assert len(os.listdir(things)) == 1
    assert undo(done.action, journal).word is OutcomeWord.DONE
    assert (picture(things), lock.stat().st_ino) == (before, inode)


def two(things: Path) -> tuple[Path, Path]:
    elsewhere = things / "sockets"
    elsewhere.mkdir()
    lock, beside = make_lock(things), elsewhere / "X0"
    beside.write_text("goes with it")
    return lock, beside


def test_companions_go_and_come_back_together(things: Path, journal: Journal) -> None:
    lock, beside = two(things)
    before = picture(things)
    done = break_it(journal, lock, [part(os.fsencode(beside)), part(os.fsencode(things / "never-there"))])
    assert done.word is OutcomeWord.DONE
    assert not lock.exists()
    assert not beside.exists()
    assert undo(done.action, journal).word is OutcomeWord.DONE
    assert picture(things) == before


def test_a_crash_between_the_parts_puts_all_back(things: Path, tmp_path: Path) -> None:
    lock, beside = two(things)
    before = picture(things)
    pid = os.fork()
    if pid == 0:

        def die(step: Step) -> None:
            if step is Step.VERIFY:
                os.kill(os.getpid(), 9)

        try:
            break_it(Journal(os.fsencode(tmp_path / "state")), lock, [part(os.fsencode(beside))], on_step=die)
        finally:
            os._exit(1)
    os.waitpid(pid, 0)
    assert picture(things) != before
    journal = Journal(os.fsencode(tmp_path / "state"))
    try:
        (entry,) = recover(journal)
        assert "put back" in entry.summary
        assert picture(things) == before
    finally:
        journal.close()
