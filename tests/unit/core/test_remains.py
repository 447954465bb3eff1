"""What the journal keeps of an inode, and an equal one made from it."""

from __future__ import annotations

import errno
import json
import os
import stat

import pytest

from racewatch.core.remains import LARGEST_COPY, dress, make_equal, read_remains, read_xattrs
from racewatch.linux import fs
from tests.unit.core.support import as_nobody, socket_node


def remains_of(path: bytes) -> dict[str, object] | None:
    directory = os.open(os.path.dirname(path), os.O_PATH)
    fd = fs.pin(directory, os.path.basename(path))
    try:
        return read_remains(fd, fs.stat_fd(fd))
    finally:
        os.close(fd)
        os.close(directory)


def remade(folder: bytes, remains: dict[str, object], mode: int = 0o600) -> bytes:
    directory = os.open(folder, os.O_PATH)
    try:
        make_equal(directory, b"made", mode, json.loads(json.dumps(remains)))
    finally:
        os.close(directory)
    return os.path.join(folder, b"made")


@pytest.mark.parametrize("size", [0, 1, 100_000, LARGEST_COPY])
def test_a_file_comes_back_to_the_byte(folder: bytes, size: int) -> None:
    path = os.path.join(folder, b"f")
    content = os.urandom(size)
    with open(path, "xb") as file:
        file.write(content)
    found = remains_of(path)
    assert found is not None
    with open(remade(folder, found), "rb") as file:
        assert file.read() == content


def test_a_link_comes_back_with_its_target(folder: bytes) -> None:
    path = os.path.join(folder, b"l")
    os.symlink(b"host:4711:\xff", path)
    found = remains_of(path)
    assert found is not None
    assert os.readlink(remade(folder, found)) == b"host:4711:\xff"


def test_a_socket_comes_back_as_a_node(folder: bytes) -> None:
    path = os.path.join(folder, b"s")
    socket_node(path)
    found = remains_of(path)
    assert found is not None
    assert stat.S_ISSOCK(os.lstat(remade(folder, found)).st_mode)


def test_what_cannot_be_copied_is_none(folder: bytes) -> None:
    large = os.path.join(folder, b"large")
    with open(large, "xb") as file:
        file.truncate(LARGEST_COPY + 1)
    os.mkdir(os.path.join(folder, b"directory"))
    os.mkfifo(os.path.join(folder, b"fifo"))
    secret = os.path.join(folder, b"secret")
    with open(secret, "xb"):
        pass
    os.chmod(secret, 0)
    for name in (b"large", b"directory", b"fifo"):
        assert remains_of(os.path.join(folder, name)) is None
    with as_nobody():
        assert remains_of(secret) is None


def test_a_file_that_grows_while_it_is_read_is_kept_aside(folder: bytes) -> None:
    path = os.path.join(folder, b"f")
    with open(path, "xb"):
        pass
    directory = os.open(folder, os.O_PATH)
    fd = fs.pin(directory, b"f")
    try:
        before = fs.stat_fd(fd)
        with open(path, "ab") as file:
            file.write(b"more")
        assert read_remains(fd, before) is None
    finally:
        os.close(fd)
        os.close(directory)


def test_nothing_is_made_over_something(folder: bytes) -> None:
    path = os.path.join(folder, b"made")
    os.mkdir(path)
    for remains in ({"type": "socket"}, {"type": "symlink", "target": "eA=="}, {"type": "file", "bytes": ""}):
        with pytest.raises(FileExistsError):
            remade(folder, dict(remains))
    assert os.path.isdir(path)


def test_what_has_no_known_type_is_not_made(folder: bytes) -> None:
    with pytest.raises(ValueError, match="keeps nothing to make a sofa from"):
        remade(folder, {"type": "sofa"})


def test_attributes_that_cannot_be_read_are_left_out(folder: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    path = os.path.join(folder, b"f")
    with open(path, "xb"):
        pass
    os.setxattr(path, "user.one", b"1")
    os.setxattr(path, "user.two", b"2")
    fd = os.open(path, os.O_PATH)
    try:
        assert read_xattrs(fd) == {"user.one": "MQ==", "user.two": "Mg=="}
        really = os.getxattr

        def refuse_one(where: bytes, name: str) -> bytes:
            if name == "user.one":
                raise OSError(errno.EACCES, "no")
            return really(where, name)

        monkeypatch.setattr(os, "getxattr", refuse_one)
        assert read_xattrs(fd) == {"user.two": "Mg=="}
    finally:
        os.close(fd)
    # A handle that means nothing any more: no attributes, not an exception.
    assert read_xattrs(fd) == {}


def test_a_new_inode_is_dressed_as_the_old_one(folder: bytes) -> None:
    path = os.path.join(folder, b"f")
    with open(path, "xb"):
        pass
    fd = os.open(path, os.O_PATH)
    owner = (1234, 5678) if os.geteuid() == 0 else (os.geteuid(), os.getegid())
    try:
        dress(fd, owner=owner, mode=0o100640, times_ns=(10**18, 10**18 + 1), xattrs={"user.x": b"\0y"})
    finally:
        os.close(fd)
    seen = os.lstat(path)
    assert (seen.st_uid, seen.st_gid) == owner
    assert stat.S_IMODE(seen.st_mode) == 0o640
    assert (seen.st_atime_ns, seen.st_mtime_ns) == (10**18, 10**18 + 1)
    assert os.getxattr(path, "user.x") == b"\0y"


def test_a_link_is_dressed_itself_and_not_what_it_leads_to(folder: bytes) -> None:
    path, target = os.path.join(folder, b"l"), os.path.join(folder, b"t")
    with open(target, "xb"):
        pass
    before = os.lstat(target)
    os.symlink(b"t", path)
    fd = os.open(path, os.O_PATH | os.O_NOFOLLOW)
    try:
        dress(fd, owner=(os.geteuid(), os.getegid()), mode=0o120777, times_ns=(5, 6), xattrs={})
    finally:
        os.close(fd)
    assert os.lstat(path).st_mtime_ns == 6
    after = os.lstat(target)
    assert (after.st_mtime_ns, after.st_mode) == (before.st_mtime_ns, before.st_mode)
