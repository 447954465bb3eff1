"""One name: what each errno of a step means, and steps out of order."""

from __future__ import annotations

import errno
import fcntl
import os

import pytest

from racewatch.core.by_name import PRIVATE_PREFIX
from racewatch.core.guard import ActLocks, DirectoryGuard, who_may
from racewatch.core.kind import Stop
from racewatch.core.model import OutcomeWord, Verdict
from racewatch.core.part import Part, sync_directory
from racewatch.linux import flocks, fs
from tests.unit.core.support import NOBODY, as_nobody, fingerprint_of, part, socket_node

W = OutcomeWord
EVERY_ERRNO = sorted(errno.errorcode)


def held(path: bytes) -> Part:
    made = part(path)
    assert made.guard() is None
    return made


@pytest.mark.parametrize("code", EVERY_ERRNO, ids=errno.errorcode.get)
def test_every_errno_of_a_step_has_its_word(folder: bytes, code: int) -> None:
    """Nothing but ENOENT means that the thing is gone; nothing at all means that it was removed."""
    one = held(os.path.join(folder, b"s"))
    try:
        stop = one.stop_for(OSError(code, os.strerror(code)))
    finally:
        one.close()
    expected = {
        errno.ENOENT: W.GONE,
        errno.EROFS: W.REFUSED_DENIED,
        errno.EACCES: W.REFUSED_DENIED,
        errno.EPERM: W.REFUSED_DENIED,
        errno.EBUSY: W.REFUSED_BUSY,
    }.get(code, W.FAILED)
    assert stop.word is expected
    assert stop.summary
    assert (stop.error is None) == (expected is W.GONE)


@pytest.mark.parametrize("code", EVERY_ERRNO, ids=errno.errorcode.get)
def test_every_errno_of_opening_the_directory_has_its_word(
    folder: bytes, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: bytes) -> int:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(fs, "open_directory", refuse)
    stop = DirectoryGuard.take(folder)
    assert isinstance(stop, Stop)
    expected = {
        errno.ENOENT: W.GONE,
        errno.ELOOP: W.REFUSED_CHANGED,
        errno.ENOTDIR: W.REFUSED_CHANGED,
        errno.EACCES: W.REFUSED_DENIED,
        errno.EPERM: W.REFUSED_DENIED,
    }.get(code, W.FAILED)
    assert stop.word is expected


@pytest.mark.parametrize("code", EVERY_ERRNO, ids=errno.errorcode.get)
def test_only_one_errno_of_the_lock_means_held_and_none_means_free(
    folder: bytes, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No machine gives them all; the real ENOLCK is in tests/race, with a seccomp filter."""

    def refuse(fd: int, operation: int) -> None:
        raise OSError(code, os.strerror(code))

    before = set(os.listdir("/proc/self/fd"))
    with monkeypatch.context() as patch:
        patch.setattr(fcntl, "flock", refuse)
        stop = DirectoryGuard.take(folder)
    assert isinstance(stop, Stop)
    assert stop.word is (W.REFUSED_BUSY if code == errno.EWOULDBLOCK else W.FAILED)
    assert set(os.listdir("/proc/self/fd")) == before


def test_a_directory_that_may_not_be_read_names_who_may(folder: bytes) -> None:
    closed = os.path.join(folder, b"closed")
    os.mkdir(closed)
    os.chmod(closed, 0)
    with as_nobody():
        stop = DirectoryGuard.take(closed)
    assert isinstance(stop, Stop)
    assert stop.word is W.REFUSED_DENIED
    assert "root" in stop.summary


def test_a_directory_that_may_not_be_written_names_who_may(folder: bytes) -> None:
    path = os.path.join(folder, b"s")
    socket_node(path, 0o666)
    os.chmod(folder, 0o555)
    with as_nobody():
        one = held(path)
        try:
            assert one.pin() is None
            one.record(b".racewatch.1")
            stop = one.capture()
        finally:
            one.close()
    os.chmod(folder, 0o755)
    assert stop is not None
    assert stop.word is W.REFUSED_DENIED
    assert who_may(folder) in stop.summary
    assert os.listdir(folder) == [b"s"]


def test_who_may_remove_names_from_a_directory(folder: bytes) -> None:
    assert who_may(os.path.join(folder, b"nothing")) == "root may"
    assert who_may(b"/") == "root may"
    if os.geteuid() == 0:
        os.chown(folder, NOBODY, NOBODY)
    assert who_may(folder).startswith("root or the directory's owner (")


def test_the_guard_follows_its_directory_not_the_path(folder: bytes) -> None:
    there, moved = os.path.join(folder, b"there"), os.path.join(folder, b"moved")
    os.mkdir(there)
    guard = DirectoryGuard.take(there)
    assert isinstance(guard, DirectoryGuard)
    try:
        assert guard.still_at_its_path()
        os.rename(there, moved)
        assert not guard.still_at_its_path()
        os.mkdir(there)
        assert not guard.still_at_its_path()
        os.rmdir(there)
        os.symlink(moved, there)
        assert not guard.still_at_its_path()
    finally:
        guard.close()


def test_that_the_lock_is_held_is_said_even_when_by_whom_is_not_known(
    folder: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cannot(dev: int, ino: int) -> tuple[int, ...]:
        raise PermissionError(errno.EACCES, "no /proc/locks")

    first = DirectoryGuard.take(folder)
    assert isinstance(first, DirectoryGuard)
    try:
        monkeypatch.setattr(flocks, "holders_of_flock", cannot)
        stop = DirectoryGuard.take(folder)
        assert isinstance(stop, Stop)
        assert stop.word is W.REFUSED_BUSY
        assert "is locked:" in stop.summary
    finally:
        first.close()


def test_a_lock_of_an_act_is_one_byte_held_once(folder: bytes) -> None:
    locks = ActLocks(os.path.join(folder, b"acts.lock"))
    first = locks.claim("a1")
    assert first is not None
    second = locks.claim("a2")
    assert second is not None
    assert locks.claim("a1") is None
    os.close(first)
    again = locks.claim("a1")
    assert again is not None
    for fd in (second, again):
        os.close(fd)


@pytest.mark.parametrize("name", ["", "not/base36", "-5", "zzzzzzzzzzzzzzzzzz"])
def test_a_name_that_is_no_action_is_an_error(folder: bytes, name: str) -> None:
    with pytest.raises(ValueError, match=r"invalid literal|is no action's name"):
        ActLocks(os.path.join(folder, b"acts.lock")).claim(name)


def test_a_lock_that_cannot_be_taken_leaks_nothing(folder: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(fd: int, start: int, length: int) -> bool:
        raise OSError(errno.ENOLCK, "no locks")

    monkeypatch.setattr(flocks, "try_lock_range", fail)
    before = set(os.listdir("/proc/self/fd"))
    with pytest.raises(OSError, match="no locks"):
        ActLocks(os.path.join(folder, b"acts.lock")).claim("a1")
    assert set(os.listdir("/proc/self/fd")) == before


def test_steps_out_of_order_are_bugs(folder: bytes) -> None:
    path = os.path.join(folder, b"s")
    socket_node(path)
    one = part(path)
    with pytest.raises(AssertionError, match="before GUARD"):
        one.pin()
    assert one.guard() is None
    try:
        with pytest.raises(AssertionError, match="before PIN"):
            one.recheck()
        assert one.pin() is None
        with pytest.raises(AssertionError, match="before INTENT"):
            one.capture()
        assert one.restore() is None  # nothing can have been taken yet
    finally:
        one.close()
    one.close()  # twice does no harm


def test_the_pin_tells_where_the_thing_is_now(folder: bytes) -> None:
    path = os.path.join(folder, b"s")
    socket_node(path)
    one = held(path)
    try:
        assert one.pin() is None
        assert fingerprint_of(path) == f"{one.thing.stat.ino} {one.thing.stat.btime_ns}"
        seen = one.recheck()
        assert not isinstance(seen, Stop)
        assert seen.verdict is Verdict.STALE
    finally:
        one.close()


def test_an_unlink_that_is_refused_is_said(folder: bytes) -> None:
    """Captured, and then the directory was closed to us: the name goes back if it can."""
    path = os.path.join(folder, b"s")
    socket_node(path)
    if os.geteuid() == 0:
        os.chown(folder, NOBODY, NOBODY)
    with as_nobody():
        one = held(path)
        try:
            assert one.pin() is None
            one.record(b".racewatch.1")
            assert one.capture() is None
            os.chmod(folder, 0o555)
            stop = one.unlink()
            assert stop is not None
            assert stop.word is W.REFUSED_DENIED
            lost = one.restore()
            assert lost is not None
            assert lost.word is W.FAILED
            assert ".racewatch.1" in lost.summary
            os.chmod(folder, 0o755)
            assert one.restore() is None
        finally:
            one.close()
    assert os.listdir(folder) == [b"s"]


def test_a_directory_that_cannot_be_synced_is_no_failure(folder: bytes) -> None:
    fd = os.open(folder, os.O_PATH)  # fsync on it: EBADF
    try:
        sync_directory(fd)
    finally:
        os.close(fd)


def test_the_part_tells_where_its_inode_is_just_now(path: bytes, folder: bytes) -> None:
    """Own name, private name while it is captured, own name again; never a stranger's."""
    one = part(path)
    assert one.place == path
    assert one.guard() is None
    assert one.pin() is None
    private = PRIVATE_PREFIX + b"x"
    one.record(private)
    aside = os.path.join(folder, private)
    try:
        assert one.place == path
        assert one.capture() is None
        assert one.place == aside
        os.rename(aside, aside + b"-moved")
        socket_node(aside)
        assert one.place == path
        os.unlink(aside)
        os.rename(aside + b"-moved", aside)
        assert one.restore() is None
        assert one.place == path
    finally:
        one.close()
