"""Kernel locks held by real processes."""

from __future__ import annotations

import fcntl
import itertools
import os
import threading
import time
from pathlib import Path

import pytest

from racewatch.linux import flocks, fs, pieces
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


def test_who_comes_and_goes_does_not_hide_a_lock_that_is_held_throughout(tmp_path: Path) -> None:
    """More locks than the kernel shows at once: read plainly, a third of all readings left one out."""

    def locked(name: str) -> int:
        handle = os.open(tmp_path / name, os.O_RDONLY | os.O_CREAT)
        fcntl.flock(handle, fcntl.LOCK_EX)
        return handle

    def come_and_go() -> None:
        handles = [locked(f"restless-{os.getpid()}-{number}") for number in range(100)]

        def again() -> None:
            for handle in itertools.cycle(handles):
                fcntl.flock(handle, fcntl.LOCK_UN)
                fcntl.flock(handle, fcntl.LOCK_EX)
                time.sleep(0.0002)

        threading.Thread(target=again, daemon=True).start()

    def stay() -> None:
        for number in range(100):
            locked(f"held-{number}")

    with child(come_and_go), child(stay), child(come_and_go):
        held = {_superblock(tmp_path / f"held-{number}") for number in range(100)}
        whole = 0
        for _ in range(200):
            try:
                rows = flocks.kernel_locks()
            except pieces.RestlessTable:
                continue  # whoever runs beside this test may take locks as well; then nobody is called free
            whole += 1
            assert held <= {(row.dev, row.ino) for row in rows}
        assert whole > 100


def test_a_table_that_does_not_come_to_rest_is_no_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "joined", lambda read: None)
    with pytest.raises(pieces.RestlessTable) as told:
        flocks.kernel_locks()
    assert "faster than it can be read" in str(told.value)


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
