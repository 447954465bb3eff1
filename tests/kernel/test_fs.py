"""Opening without following, and names that come back intact."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from racewatch.linux import fs, removal
from racewatch.linux.probe import DatagramProbe, Presence


def _open(path: Path) -> int:
    return fs.open_directory(os.fsencode(path))


def _walk(path: Path) -> int:
    return fs.open_directory_by_walking(os.fsencode(path))


@pytest.mark.parametrize("open_it", [_open, _walk])
class TestOpenDirectory:
    def test_opens_the_directory_itself(self, tmp_path: Path, open_it: Callable[[Path], int]) -> None:
        (tmp_path / "a/b").mkdir(parents=True)
        fd = open_it(tmp_path / "a/b")
        try:
            assert fs.stat_fd(fd).same_inode(fs.stat_path(os.fsencode(tmp_path / "a/b")))
            assert os.listdir(fd) == []
            assert not os.get_inheritable(fd)
        finally:
            os.close(fd)

    @pytest.mark.parametrize("where", ["link/b", "a/link"])
    def test_refuses_a_link_anywhere(
        self, tmp_path: Path, open_it: Callable[[Path], int], where: str
    ) -> None:
        (tmp_path / "a/b").mkdir(parents=True)
        (tmp_path / "link").symlink_to("a")
        (tmp_path / "a/link").symlink_to("b")
        with pytest.raises(OSError) as caught:
            open_it(tmp_path / where)
        assert caught.value.errno == errno.ELOOP

    @pytest.mark.parametrize(("where", "code"), [("no", errno.ENOENT), ("file", errno.ENOTDIR)])
    def test_what_is_no_directory(
        self, tmp_path: Path, open_it: Callable[[Path], int], where: str, code: int
    ) -> None:
        (tmp_path / "file").touch()
        with pytest.raises(OSError) as caught:
            open_it(tmp_path / where)
        assert caught.value.errno == code


def test_statx_agrees_with_stat(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(tmp_path / "s"))
    seen, known = fs.stat_path(os.fsencode(tmp_path / "s")), (tmp_path / "s").stat()
    assert (seen.dev, seen.ino, seen.mode, seen.uid, seen.gid, seen.nlink, seen.size) == (
        known.st_dev, known.st_ino, known.st_mode, known.st_uid, known.st_gid, known.st_nlink, known.st_size,
    )  # fmt: skip
    assert (seen.mtime_ns, seen.ctime_ns) == (known.st_mtime_ns, known.st_ctime_ns)
    assert seen.is_socket
    assert not seen.is_directory
    assert seen.btime_ns is None or abs(seen.btime_ns - seen.ctime_ns) < 10**9


def test_a_pin_means_the_inode_whatever_its_name_does(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"one")
    directory = fs.open_directory(os.fsencode(tmp_path))
    fd = fs.pin(directory, b"x")
    try:
        (tmp_path / "x").rename(tmp_path / "y")
        (tmp_path / "x").write_bytes(b"two")
        assert Path(os.fsdecode(fs.fd_path(fd))).read_bytes() == b"one"
        assert not fs.stat_fd(fd).same_inode(fs.stat_at(directory, b"x"))
        (tmp_path / "y").unlink()
        assert fs.stat_fd(fd).nlink == 0
    finally:
        os.close(fd)
        os.close(directory)


def test_a_pin_of_a_link_is_the_link(tmp_path: Path) -> None:
    (tmp_path / "x").symlink_to("nowhere")
    directory = fs.open_directory(os.fsencode(tmp_path))
    fd = fs.pin(directory, b"x")
    try:
        assert os.readlink(b"", dir_fd=fd) == b"nowhere"
    finally:
        os.close(fd)
        os.close(directory)


def test_a_live_socket_survives_capture_and_restore(tmp_path: Path) -> None:
    directory = fs.open_directory(os.fsencode(tmp_path))
    probe = DatagramProbe()
    try:
        with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
            server.bind(str(tmp_path / "x"))
            server.listen()
            removal.rename_noreplace(directory, b"x", directory, b"captured")
            assert os.listdir(tmp_path) == ["captured"]
            client.connect(str(tmp_path / "captured"))
            removal.rename_noreplace(directory, b"captured", directory, b"x")
            fd = fs.pin(directory, b"x")
            try:
                assert probe.ask(fd).presence is Presence.BOUND
            finally:
                os.close(fd)
    finally:
        probe.close()
        os.close(directory)


def test_a_taken_name_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a")
    (tmp_path / "b").write_text("b")
    directory = fs.open_directory(os.fsencode(tmp_path))
    try:
        with pytest.raises(FileExistsError):
            removal.rename_noreplace(directory, b"a", directory, b"b")
        with pytest.raises(FileExistsError):
            removal.make_socket_node(directory, b"a", 0o600)
        assert ((tmp_path / "a").read_text(), (tmp_path / "b").read_text()) == ("a", "b")
        removal.rename_exchange(directory, b"a", directory, b"b")
        assert ((tmp_path / "a").read_text(), (tmp_path / "b").read_text()) == ("b", "a")
        with pytest.raises(FileNotFoundError):
            removal.rename_exchange(directory, b"a", directory, b"none")
    finally:
        os.close(directory)


def test_a_link_is_moved_and_removed_not_followed(tmp_path: Path) -> None:
    (tmp_path / "target").touch()
    (tmp_path / "link").symlink_to("target")
    directory = fs.open_directory(os.fsencode(tmp_path))
    try:
        removal.rename_noreplace(directory, b"link", directory, b"moved")
        assert (tmp_path / "moved").is_symlink()
        removal.unlink(directory, b"moved")
        assert os.listdir(tmp_path) == ["target"]
        with pytest.raises(IsADirectoryError):
            (tmp_path / "d").mkdir()
            removal.unlink(directory, b"d")
    finally:
        os.close(directory)


def test_a_socket_node_that_nobody_is_bound_to(tmp_path: Path) -> None:
    directory = fs.open_directory(os.fsencode(tmp_path))
    probe = DatagramProbe()
    try:
        removal.make_socket_node(directory, b"n", 0o640)
        fd = fs.pin(directory, b"n")
        try:
            assert fs.stat_fd(fd).is_socket
            assert probe.ask(fd).presence is Presence.ABSENT
        finally:
            os.close(fd)
    finally:
        probe.close()
        os.close(directory)
