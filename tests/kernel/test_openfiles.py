"""Open files, mappings, leases, boot and inner pids, on real processes."""

from __future__ import annotations

import errno
import fcntl
import mmap
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from racewatch.linux import boot, flocks, fs, leases, openfiles, pidns
from tests.kernel.support import become_nobody, child, in_child, needs_root, until


def holder(path: Path) -> int:
    """For a child: the file open, with a lock on it."""
    fd = os.open(path, os.O_RDWR)
    fcntl.flock(fd, fcntl.LOCK_EX)
    return fd


def pinned(path: Path) -> int:
    return os.open(path, os.O_PATH)


def test_a_handle_its_lock_and_its_mount_are_told(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.touch()
    node = fs.stat_path(os.fsencode(path))
    with child(lambda: holder(path)) as other:
        (mine,) = [one for one in openfiles.open_files(other.pid) if one.ino == node.ino]
        assert (mine.mount_id, mine.path_only, mine.deleted) == (node.mount_id, False, None)
        assert mine.link == os.fsencode(path)
        (lock,) = mine.locks
        assert (lock.mechanism, lock.exclusive, lock.ino) == (flocks.Mechanism.FLOCK, True, node.ino)
        assert other.pid in {one.pid for one in openfiles.survey().by_ino[node.ino]}
        path.unlink()
        (mine,) = [one for one in openfiles.open_files(other.pid) if one.ino == node.ino]
        assert mine.deleted == os.fsencode(path)
    with pytest.raises(OSError):
        openfiles.open_files(other.pid)


def test_a_handle_that_only_pins_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.touch()
    fd = pinned(path)
    try:
        (mine,) = [one for one in openfiles.open_files(os.getpid()) if one.fd == fd]
        assert mine.path_only
    finally:
        os.close(fd)


@pytest.mark.parametrize(
    "data", [b"", b"pos:\t0\n", b"pos:\t0\nflags:\t8\nmnt_id:\t1\n", b"flags:\t0\nmnt_id:\tx\n", b"\xff\n"]
)
def test_what_is_no_fdinfo_is_an_error(data: bytes) -> None:
    with pytest.raises(OSError) as raised:
        openfiles.parse_fdinfo(data)
    assert raised.value.errno == errno.EBADMSG


def test_mappings_are_found_by_superblock_and_inode(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"x" * 4096)
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 4096, prot=mmap.PROT_READ):
        node = path.stat()
        pairs = openfiles.parse_maps(Path("/proc/self/maps").read_bytes())
        assert node.st_ino in {ino for _, ino in pairs}
        mapped = {ino for (_, ino), pids in openfiles.mappings().by_file.items() if os.getpid() in pids}
        assert node.st_ino in mapped
    assert openfiles.parse_maps(b"") == openfiles.parse_maps(b"garbage\n0-1 r\n") == frozenset()


def test_every_process_has_its_name_and_its_folder(tmp_path: Path) -> None:
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, cwd=tmp_path) as process:
        end = time.monotonic() + 10
        while openfiles.survey().running[process.pid].name != "cat":
            assert time.monotonic() < end
        seen = openfiles.survey().running[process.pid]
        assert seen.cwd == os.fsencode(tmp_path)
        process.communicate()
    assert process.pid not in openfiles.survey().running


@needs_root
def test_what_may_not_be_looked_into_is_counted() -> None:
    def as_nobody() -> tuple[int, int]:
        become_nobody()
        return openfiles.survey().blind, openfiles.mappings().blind

    with child(as_nobody) as other:
        assert min(other.answer) > 0


# --- leases ---------------------------------------------------------------------------------------


def test_the_kernel_tells_whether_it_is_open_elsewhere(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.touch()
    fd = pinned(path)
    try:
        assert leases.open_elsewhere(fd) is False
        with child(lambda: os.open(path, os.O_RDONLY)):
            assert leases.open_elsewhere(fd) is True
        assert leases.open_elsewhere(fd) is False
        with open(path):
            assert leases.open_elsewhere(fd) is None  # we ourselves: no answer about others
    finally:
        os.close(fd)


def test_it_is_asked_through_a_handle_that_is_open_already(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.touch()
    fd, reader = pinned(path), os.open(path, os.O_RDONLY)
    try:
        assert leases.open_elsewhere(fd, reader) is False
        with child(lambda: os.open(path, os.O_RDONLY)):
            assert leases.open_elsewhere(fd, reader) is True
        with open(path):
            assert leases.open_elsewhere(fd, reader) is None  # we ourselves, by another one
        assert leases.open_elsewhere(fd, reader) is False
        os.fstat(reader)  # still open, and the lease is given back
        os.close(os.open(path, os.O_RDWR | os.O_NONBLOCK))
    finally:
        os.close(reader)
        os.close(fd)


def test_a_file_kept_open_by_a_mapping_alone_counts(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"x" * 4096)
    code = (
        "import ctypes, os, sys\n"
        "libc = ctypes.CDLL(None); libc.mmap.restype = ctypes.c_void_p\n"
        "fd = os.open(sys.argv[1], os.O_RDONLY)\n"
        "assert libc.mmap(None, ctypes.c_size_t(4096), 1, 1, fd, ctypes.c_long(0)) != 2**64 - 1\n"
        "os.close(fd); print('ready', flush=True); sys.stdin.read()\n"
    )
    fd = pinned(path)
    try:
        words = [sys.executable, "-c", code, str(path)]
        with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            assert leases.open_elsewhere(fd) is True
            process.communicate()
    finally:
        os.close(fd)


def test_who_opens_meanwhile_is_not_killed_and_neither_are_we(tmp_path: Path) -> None:
    """The kernel signals the holder of a lease that somebody breaks; the usual signal would end us."""
    path = tmp_path / "a"
    path.touch()
    code = "import sys\nfor n in range(20000):\n    open(sys.argv[1]).close()\n"
    fd = pinned(path)
    try:
        answers = set()
        with subprocess.Popen([sys.executable, "-c", code, str(path)]) as process:
            while process.poll() is None:
                answers.add(leases.open_elsewhere(fd))
        assert process.returncode == 0
        assert answers <= {True, False, None}
        assert leases.open_elsewhere(fd) is False
    finally:
        os.close(fd)


def test_what_is_no_regular_file_is_not_asked(tmp_path: Path) -> None:
    fd = os.open(tmp_path, os.O_PATH)
    try:
        assert leases.open_elsewhere(fd) is None
    finally:
        os.close(fd)


@needs_root
def test_other_users_files_cannot_be_asked(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.touch()
    fd = pinned(path)

    def as_nobody() -> bool | None:
        become_nobody()
        return leases.open_elsewhere(fd)

    try:
        with child(as_nobody) as other:
            assert other.answer is None
    finally:
        os.close(fd)


# --- boot and numbers -----------------------------------------------------------------------------


def test_this_boot() -> None:
    this = boot.take()
    assert this.id == Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    assert this.started < time.time()
    assert this.floor is None or this.floor < this.started
    assert this.pid_namespace == os.stat("/proc/self/ns/pid").st_ino


@pytest.mark.parametrize(
    ("witness", "floor", "stepped"),
    [
        (1000.0, 940.0, False),
        (990.0, 930.0, False),
        (100.0, 40.0, True),
        (5000.0, 940.0, True),
        (None, None, True),
    ],
)
def test_the_older_of_two_witnesses_counts(witness: float | None, floor: float | None, stepped: bool) -> None:
    this = boot.Boot("id", 1000.0, witness, "host", 1)
    assert (this.floor, this.clock_was_stepped) == (floor, stepped)


def test_numbers_of_processes_and_threads() -> None:
    status = b"Name:\tx\nTgid:\t12\nNgid:\t0\nNSpid:\t12\t3\t1\n"
    assert pidns.parse_nspid(status) == (12, 3, 1)
    assert pidns.thread_group(status) == 12
    assert pidns.parse_nspid(b"Name:\tx\n") == ()
    assert pidns.process_of_thread(os.getpid()) is None
    assert os.getpid() not in pidns.inner_numbers().inside


@needs_root
def test_who_dies_with_the_first_process_of_a_pid_namespace() -> None:
    """Whoever lives in it, and in one below it; nobody with a process that is the first of none."""
    words = ["unshare", "--pid", "--fork", "--kill-child"]
    with subprocess.Popen([*words, "sh", "-c", f"sleep 600 & {' '.join(words)} sleep 600; :"]) as outer:

        def family() -> frozenset[int]:
            first = Path(f"/proc/{outer.pid}/task/{outer.pid}/children").read_text().split()
            return pidns.population().families.get(int(first[0]), frozenset()) if first else frozenset()

        try:
            # The shell, its child, the second unshare, and the one inside that.
            until(lambda: len(family()) == 4, "all four")
            seen = pidns.population()
            (below,) = (one for pid, one in seen.families.items() if pid in family() and len(one) < 4)
            assert len(below) == 1
            assert below < family()
            assert outer.pid not in seen.families
            assert outer.pid not in family()
        finally:
            outer.kill()


@needs_root
def test_a_namespace_that_may_not_be_looked_into_is_counted() -> None:
    with subprocess.Popen(["unshare", "--pid", "--fork", "--kill-child", "sleep", "600"]) as other:
        try:
            children = Path(f"/proc/{other.pid}/task/{other.pid}/children")
            until(lambda: bool(children.read_text().split()), "the first process")

            def look() -> int:
                become_nobody()
                return pidns.population().blind

            assert in_child(look) >= 1
        finally:
            other.kill()


def test_the_handles_that_one_process_has_of_one_thing(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    node = fs.stat_path(os.fsencode(fifo))
    assert openfiles.handles_of(os.getpid(), node.dev, node.ino) == ()
    pinning = os.open(fifo, os.O_PATH)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    try:
        found = openfiles.handles_of(os.getpid(), node.dev, node.ino)
        assert {(one.fd, one.path_only) for one in found} == {(pinning, True), (reader, False)}
        assert openfiles.handles_of(os.getpid(), node.dev + 1, node.ino) == ()
    finally:
        os.close(pinning)
        os.close(reader)
