"""Kernel locks held by real processes."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

from racewatch.linux import flocks, fs
from racewatch.linux.mounts import FileSystems
from tests.kernel.support import child


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "lock"
    made.touch()
    return made


def _superblock(path: Path) -> tuple[int, int]:
    node = fs.stat_path(os.fsencode(path))
    dev = FileSystems.take().superblock_of(node.mount_id)
    assert dev is not None
    return dev, node.ino


@pytest.mark.parametrize("how", [fcntl.LOCK_EX, fcntl.LOCK_SH])
def test_the_holder_of_a_directory_and_of_a_file(tmp_path: Path, path: Path, how: int) -> None:
    def hold() -> None:
        for one in (tmp_path, path):
            fcntl.flock(os.open(one, os.O_RDONLY), how)

    with child(hold) as held:
        assert flocks.holders_of_flock(*_superblock(tmp_path)) == (held.pid,)
        assert flocks.holders_of_flock(*_superblock(path)) == (held.pid,)
    assert flocks.holders_of_flock(*_superblock(tmp_path)) == ()


def test_other_mechanisms_are_not_flocks(path: Path) -> None:
    with path.open("r+b") as handle:
        fcntl.lockf(handle, fcntl.LOCK_EX, 1)
        assert flocks.try_lock_range(handle.fileno(), 2**40, 1) is True
        assert flocks.holders_of_flock(*_superblock(path)) == ()
        mine = [row for row in flocks.kernel_locks() if (row.dev, row.ino) == _superblock(path)]
        assert {row.mechanism for row in mine} == {flocks.Mechanism.POSIX, flocks.Mechanism.OFD}


def test_one_byte_for_each(path: Path) -> None:
    with path.open("r+b") as one, path.open("r+b") as other:
        here, there = one.fileno(), other.fileno()
        assert flocks.try_lock_range(here, 5, 1)
        assert not flocks.try_lock_range(there, 5, 1)
        assert flocks.try_lock_range(there, 6, 1)
        assert flocks.test_range(there, 5, 1)
        assert not flocks.test_range(here, 5, 1)
        assert not flocks.test_range(here, 7, 2**40)
        flocks.unlock_range(here, 5, 1)
        assert flocks.try_lock_range(there, 5, 1)


def test_closing_another_handle_does_not_drop_it(path: Path) -> None:
    """The trap of POSIX locks, which is why these are OFD locks."""
    with path.open("r+b") as one, path.open("r+b") as asking:
        assert flocks.try_lock_range(one.fileno(), 0, 1)
        path.open("r+b").close()
        assert flocks.test_range(asking.fileno(), 0, 1)


def test_it_ends_with_its_process(path: Path) -> None:
    def hold() -> None:
        assert flocks.try_lock_range(os.open(path, os.O_RDWR), 9, 1)

    with path.open("r+b") as handle, child(hold) as held:
        assert not flocks.try_lock_range(handle.fileno(), 9, 1)
        held.kill()
        assert flocks.try_lock_range(handle.fileno(), 9, 1)


def test_a_handle_that_may_not_lock_is_an_error_not_a_no(path: Path) -> None:
    with path.open("rb") as handle, pytest.raises(OSError):
        flocks.try_lock_range(handle.fileno(), 0, 1)
