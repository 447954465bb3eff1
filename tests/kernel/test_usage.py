"""Counting what trees take: links, mounts, devices, FIFOs, depth, time, and that nothing is disturbed."""

from __future__ import annotations

import ctypes
import errno
import os
import struct
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from racewatch.linux import fs
from racewatch.linux.usage import Cancelled, Limits, Usage, measure
from tests.kernel.support import MS_BIND, become_nobody, in_child, mount, needs_root, own_mounts

_libc = ctypes.CDLL(None, use_errno=True)


def go_on() -> bool:
    return False


def blocks(*paths: Path) -> int:
    return sum(os.lstat(path).st_blocks * 512 for path in paths)


def filled(path: Path, octets: int = 10_000) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * octets)
    with path.open("rb") as file:
        os.fsync(file.fileno())  # else the blocks are not given out yet
    return path


def count(*paths: Path, limits: Limits | None = None) -> Usage:
    return measure([bytes(path) for path in paths], go_on, limits)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    top = tmp_path / "tree"
    filled(top / "a/b/file")
    filled(top / "other", 100_000)
    (top / "empty").mkdir()
    return top


def whole(top: Path) -> int:
    return blocks(top, *top.rglob("*"))


def test_a_tree_is_its_blocks(tree: Path) -> None:
    assert count(tree) == Usage(whole(tree), whole(tree), 6)
    assert count(tree / "other").takes == blocks(tree / "other")
    assert count(tree / "a", tree / "empty").takes == whole(tree / "a") + whole(tree / "empty")


def test_a_sparse_file_takes_what_it_takes(tree: Path) -> None:
    before = count(tree).takes
    with (tree / "sparse").open("wb") as file:
        file.truncate(10**12)
    assert count(tree).takes - before < 10**6


def test_several_names_are_one_file_and_names_elsewhere_keep_it(tree: Path, tmp_path: Path) -> None:
    before = count(tree)
    os.link(tree / "other", tree / "again")
    twice = count(tree)
    assert (twice.takes, twice.frees) == (before.takes, before.takes)
    os.link(tree / "other", tmp_path / "outside")
    kept = count(tree)
    assert kept.takes == before.takes
    assert kept.frees == before.takes - blocks(tree / "other")
    assert count(tree, tmp_path / "outside").frees == before.takes


def test_no_link_is_followed(tree: Path, tmp_path: Path) -> None:
    far = filled(tmp_path / "far/large", 1_000_000).parent
    (tree / "to-folder").symlink_to(far)
    (tree / "to-file").symlink_to(far / "large")
    (tree / "to-itself").symlink_to(".")
    assert count(tree).takes == whole(tree) < 1_000_000
    (tmp_path / "way").symlink_to(tree)
    with pytest.raises(OSError) as caught:
        count(tmp_path / "way/a")
    assert caught.value.errno == errno.ELOOP
    assert count(tmp_path / "way").names == 1, "a link at the top is a link"


def test_what_is_no_directory_is_never_opened(tree: Path) -> None:
    """A reader of a start FIFO starts a container, and hangs: this one would hang the test."""
    os.mkfifo(tree / "exec.fifo")
    if os.geteuid() == 0:
        os.mknod(tree / "null", 0o600 | 0o020000, os.makedev(1, 3))
    with watched(tree) as told:
        count(tree)
        assert {name for _, name in told()} == {"", "a", "empty"}, "only directories were opened"


class watched:  # noqa: N801 - used as a function
    """inotify on one directory: every open, access and change in it."""

    def __init__(self, folder: Path) -> None:
        self._fd = _libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        assert _libc.inotify_add_watch(self._fd, bytes(folder), 0xFFF) >= 0

    def __enter__(self) -> Self:
        return self

    def __call__(self) -> list[tuple[int, str]]:
        return list(self._read())

    def _read(self) -> Iterator[tuple[int, str]]:
        try:
            data = os.read(self._fd, 65536)
        except BlockingIOError:
            return
        while data:
            _, mask, _, length = struct.unpack_from("=iIII", data)
            yield mask, data[16 : 16 + length].rstrip(b"\0").decode()
            data = data[16 + length :]

    def __exit__(self, *_: object) -> None:
        os.close(self._fd)


def test_no_access_time_moves(tree: Path) -> None:
    paths = [tree, *tree.rglob("*")]  # listed first: that moves them
    for path in paths:
        os.utime(path, (1_000_000_000, 1_000_000_000))
    before = {path: os.lstat(path).st_atime_ns for path in paths}
    count(tree)
    assert {path: os.lstat(path).st_atime_ns for path in before} == before


@needs_root
def test_who_may_not_leave_the_access_time_alone_counts_all_the_same() -> None:
    def work() -> tuple[int, bool]:
        with tempfile.TemporaryDirectory(prefix="rw-") as name:
            os.chmod(name, 0o755)
            filled(Path(name) / "file")
            here = os.fork()
            if here == 0:
                try:
                    become_nobody()
                    os._exit(count(Path(name)).names)
                finally:
                    os._exit(99)
            return os.waitstatus_to_exitcode(os.waitpid(here, 0)[1]), True

    assert in_child(work) == (2, True)


@needs_root
def test_no_mount_is_entered_not_even_one_of_the_same_device(tree: Path, tmp_path: Path) -> None:
    far = filled(tmp_path / "far/large", 1_000_000).parent
    alone = count(tree)

    def work() -> tuple[Usage, Usage]:
        own_mounts()
        mount(bytes(far), bytes(tree / "empty"), None, MS_BIND)
        bound = count(tree)
        mount(b"tmpfs", bytes(tree / "a/b"), b"tmpfs")
        return bound, count(tree)

    bound, both = in_child(work)
    assert (bound.mounted, alone.mounted) == (True, False)
    assert bound.takes == alone.takes - blocks(tree / "empty")
    assert both.takes < bound.takes
    assert both.short is None


@needs_root
def test_what_cannot_be_read_is_said(tree: Path) -> None:
    filled(tree / "secret/file")
    (tree / "secret").chmod(0)
    for folder in (tree, *tree.parents):
        folder.chmod(folder.stat().st_mode | 0o055 if folder.owner() == "root" else folder.stat().st_mode)

    def work() -> Usage:
        become_nobody()
        return count(tree)

    used = in_child(work)
    assert used.short is not None
    assert "could not be opened" in used.short


def test_it_ends_at_its_limits_and_says_so(tree: Path) -> None:
    for number in range(40):
        filled(tree / f"many/{number}", 1)
    used = count(tree, limits=Limits(names=20))
    assert used.names == 20
    assert used.short == "it has more than 20 names"
    assert count(tree, limits=Limits(seconds=-1)).short == "counting it takes longer than -1 seconds"
    deep = tree / "/".join(["d"] * 30)
    deep.mkdir(parents=True)
    before = len(os.listdir("/proc/self/fd"))
    assert count(tree, limits=Limits(levels=10)).short == "it is more than 10 levels deep"
    assert count(tree).short is None
    assert len(os.listdir("/proc/self/fd")) == before


def test_it_stops_when_nobody_wants_to_know(tmp_path: Path) -> None:
    for number in range(3000):
        (tmp_path / f"{number}").touch()
    asked: list[int] = []

    def enough() -> bool:
        asked.append(1)
        return len(asked) > 2

    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(Cancelled):
        measure([bytes(tmp_path)], enough)
    assert len(asked) == 3
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_tree_that_changes_under_it_is_counted_without_an_error(tmp_path: Path) -> None:
    """Directories turn into links to elsewhere, come and go: never an error, never a byte of elsewhere."""
    top = tmp_path / "top"
    far = filled(tmp_path / "far/large", 8_000_000).parent
    for number in range(20):
        (top / f"{number}/below").mkdir(parents=True)
    over = threading.Event()

    def change() -> None:
        while not over.is_set():
            for number in range(20):
                path = top / f"{number}/below"
                try:
                    path.rmdir()
                    path.symlink_to(far)
                    path.unlink()
                    path.mkdir()
                except OSError:
                    path.unlink()
                    path.mkdir()

    thread = threading.Thread(target=change)
    thread.start()
    try:
        ends = time.monotonic() + 1.5
        while time.monotonic() < ends:
            assert count(top).takes < 8_000_000
    finally:
        over.set()
        thread.join()


def test_what_is_not_there_is_an_error_of_the_caller(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        count(tmp_path / "none")


shapes = st.recursive(st.integers(0, 9000), lambda below: st.lists(below, max_size=4), max_leaves=12)


def build(path: Path, shape: object) -> None:
    if isinstance(shape, int):
        filled(path, shape)
        return
    assert isinstance(shape, list)
    path.mkdir()
    for number, below in enumerate(shape):
        build(path / str(number), below)


@settings(max_examples=40, deadline=None)
@given(shapes)
def test_any_tree_is_the_sum_of_its_parts(shape: object) -> None:
    with tempfile.TemporaryDirectory(prefix="rw-") as name:
        top = Path(name).resolve() / "top"
        build(top, shape)
        parts = [top, *top.rglob("*")] if top.is_dir() else [top]
        assert count(top) == Usage(blocks(*parts), blocks(*parts), len(parts))


def test_a_directory_is_opened_quietly_or_not_at_all_by_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    os.close(fs.open_directory(bytes(tmp_path / "real"), quietly=True))
    with pytest.raises(OSError) as caught:
        fs.open_directory(bytes(tmp_path / "link"), quietly=True)
    assert caught.value.errno == errno.ELOOP
