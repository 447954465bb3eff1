"""sock_diag against real sockets in every state."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from racewatch.linux import fs, sockdiag
from racewatch.linux.mounts import FileSystems
from racewatch.linux.netns import foreign_names, network_namespaces
from racewatch.linux.probe import DatagramProbe, Presence
from racewatch.linux.sockdiag import About, SocketType, UnixSocket, bound_sockets, socket_by_inode
from tests.kernel.support import CLONE_NEWNET, become_nobody, child, in_child, needs_root, unshare


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as held:
        yield held


def bind(stack: ExitStack, path: Path, kind: int = socket.SOCK_STREAM) -> socket.socket:
    made = stack.enter_context(socket.socket(socket.AF_UNIX, kind))
    made.bind(str(path))
    return made


def rows_of(path: Path) -> list[UnixSocket]:
    return [row for row in bound_sockets() if row.name == os.fsencode(path)]


def inode_of(made: socket.socket) -> int:
    return os.fstat(made.fileno()).st_ino


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        (socket.SOCK_STREAM, SocketType.STREAM),
        (socket.SOCK_DGRAM, SocketType.DGRAM),
        (socket.SOCK_SEQPACKET, SocketType.SEQPACKET),
    ],
)
def test_a_bound_socket_and_its_node(tmp_path: Path, stack: ExitStack, kind: int, word: SocketType) -> None:
    path = tmp_path / "node"
    made = bind(stack, path, kind)
    (row,) = rows_of(path)
    assert (row.kind, row.inode, row.listening, row.owns_node) == (word, inode_of(made), False, True)
    assert (row.uid, row.shutdown, row.peer) == (os.geteuid(), False, None)
    node = fs.stat_path(os.fsencode(path))
    superblock = FileSystems.take().superblock_of(node.mount_id)
    assert superblock is not None
    assert row.key == sockdiag.node_key(superblock, node.ino)
    assert socket_by_inode(row.inode) == row
    made.close()
    assert rows_of(path) == []
    assert socket_by_inode(row.inode) is None


def test_listening_and_its_queue(tmp_path: Path, stack: ExitStack) -> None:
    path = tmp_path / "node"
    server = bind(stack, path)
    server.listen(2)
    for waiting in range(3):
        (row,) = [row for row in rows_of(path) if row.listening]
        assert (row.queue, row.backlog, row.is_full) == (waiting, 2, False)
        client = stack.enter_context(socket.socket(socket.AF_UNIX))
        client.connect(str(path))
    (row,) = [row for row in rows_of(path) if row.listening]
    assert (row.queue, row.backlog, row.is_full) == (3, 2, True)


def test_shut_down(tmp_path: Path, stack: ExitStack) -> None:
    server = bind(stack, tmp_path / "node")
    server.listen()
    server.shutdown(socket.SHUT_RDWR)
    (row,) = rows_of(tmp_path / "node")
    assert row.shutdown
    assert row.owns_node


def test_an_accepted_connection_shows_the_listeners_node_and_outlives_it(
    tmp_path: Path, stack: ExitStack
) -> None:
    path = tmp_path / "node"
    server = bind(stack, path)
    server.listen()
    stack.enter_context(socket.socket(socket.AF_UNIX)).connect(str(path))
    connection = stack.enter_context(server.accept()[0])
    listening, accepted = sorted(rows_of(path), key=lambda row: not row.listening)
    assert listening.key == accepted.key
    assert (listening.owns_node, accepted.owns_node) == (True, None)
    server.close()
    (row,) = rows_of(path)
    assert row.inode == inode_of(connection)
    assert row.owns_node is None  # and indeed the node is dead:
    fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
    probe = DatagramProbe()
    try:
        assert probe.ask(fd).presence is Presence.ABSENT
    finally:
        probe.close()
        os.close(fd)


def test_a_client_that_was_bound_before_it_connected_cannot_be_told_apart(
    tmp_path: Path, stack: ExitStack
) -> None:
    server = bind(stack, tmp_path / "server")
    server.listen()
    client = bind(stack, tmp_path / "client")
    client.connect(str(tmp_path / "server"))
    (row,) = rows_of(tmp_path / "client")
    assert row.owns_node is None


def test_a_connected_datagram_socket_owns_its_node(tmp_path: Path, stack: ExitStack) -> None:
    bind(stack, tmp_path / "server", socket.SOCK_DGRAM)
    client = bind(stack, tmp_path / "client", socket.SOCK_DGRAM)
    client.connect(str(tmp_path / "server"))
    (row,) = rows_of(tmp_path / "client")
    assert row.owns_node
    assert row.peer is not None


def test_renamed_unlinked_relative_and_abstract(
    tmp_path: Path, stack: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    bind(stack, tmp_path / "before")
    os.rename(tmp_path / "before", tmp_path / "after")
    (row,) = rows_of(tmp_path / "before")
    assert row.key is not None
    assert row.key[1] == (tmp_path / "after").stat().st_ino & 0xFFFFFFFF
    os.unlink(tmp_path / "after")
    assert rows_of(tmp_path / "before") == [row]  # what some other cleaner did can be seen
    monkeypatch.chdir(tmp_path)
    bind(stack, Path("by-relative-name"))
    assert rows_of(Path("by-relative-name"))
    name = b"\0racewatch-test-%d\0\0" % os.getpid()
    abstract = stack.enter_context(socket.socket(socket.AF_UNIX))
    abstract.bind(name)
    (row,) = [row for row in bound_sockets() if row.name == name]
    assert row.is_abstract
    assert row.key is None


def test_five_thousand_sockets_come_complete(tmp_path: Path, stack: ExitStack) -> None:
    in_child(lambda: _many(tmp_path))


def _many(directory: Path) -> int:
    import resource

    resource.setrlimit(resource.RLIMIT_NOFILE, (8000, 8000))
    kept = []
    for number in range(5000):
        made = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        made.bind(str(directory / str(number)))
        kept.append(made)
    prefix = os.fsencode(directory) + b"/"
    names = {row.name for row in bound_sockets() if row.name.startswith(prefix)}
    assert names == {prefix + str(number).encode() for number in range(5000)}
    # In whichever of the many pieces of the answer it is, one that is asked for is found.
    for number in range(0, 5000, 311):
        name = str(number).encode()
        assert prefix + name in {row.name for row in bound_sockets(About((name,), ()))}
    assert bound_sockets(About((b"nobody-is-called-so",), ())) == ()
    return len(names)


@needs_root
@pytest.mark.parametrize("as_user", ["root", "nobody"])
def test_names_in_another_network_namespace(tmp_path: Path, as_user: str) -> None:
    path = tmp_path / "li\nne"

    def setup() -> list[socket.socket]:
        unshare(CLONE_NEWNET)
        listening = socket.socket(socket.AF_UNIX)
        listening.bind(str(path))
        listening.listen()
        datagram = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        datagram.bind(str(tmp_path / "dgram"))
        return [listening, datagram]

    def look() -> dict[bytes, tuple[bool, SocketType, int]]:
        if as_user == "nobody":
            become_nobody()
        wanted = os.fsencode(tmp_path)
        return {
            row.name: (row.listening, row.type, row.pid)
            for row in foreign_names(network_namespaces())
            if row.name.startswith(wanted)
        }

    with ExitStack() as stack:
        bind(stack, tmp_path / "ours")
        with child(setup) as held:
            assert in_child(look) == {
                os.fsencode(path): (True, SocketType.STREAM, held.pid),
                os.fsencode(tmp_path / "dgram"): (False, SocketType.DGRAM, held.pid),
            }
            assert not rows_of(path)  # sock_diag cannot see it, the probe can
            fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
            probe = DatagramProbe()
            try:
                assert probe.ask(fd).presence is Presence.BOUND
            finally:
                probe.close()
                os.close(fd)
        assert in_child(look) == {}


def test_only_what_it_is_about(tmp_path: Path) -> None:
    """By name and by node; what was moved is found by its node alone."""
    with socket.socket(socket.AF_UNIX) as named, socket.socket(socket.AF_UNIX) as moved:
        named.bind(os.fspath(tmp_path / "by-name.sock"))
        moved.bind(os.fspath(tmp_path / "before.sock"))
        os.rename(tmp_path / "before.sock", tmp_path / "after.sock")
        node = os.lstat(tmp_path / "after.sock").st_ino
        found = {row.name for row in bound_sockets(About((b"by-name.sock",), ()))}
        assert found == {os.fsencode(tmp_path / "by-name.sock")}
        found = {row.name for row in bound_sockets(About((), (node,)))}
        assert os.fsencode(tmp_path / "before.sock") in found
        assert bound_sockets(About((b"nobody-is-called-so",), ())) == ()
        # Others come and go meanwhile: what is there before and after is there in between.
        before, about_all, after = bound_sockets(), bound_sockets(About((b"",), ())), bound_sockets()
        assert set(before) & set(after) <= set(about_all)
        assert {row.name for row in about_all} >= {os.fsencode(tmp_path / "by-name.sock")}


def test_the_end_of_an_answer_is_seen_behind_what_was_not_asked_for() -> None:
    """Whether the kernel ends a listing in a datagram of its own or in the last one of sockets is its own affair."""
    number, body = 7, bytes(16)
    one = struct.pack("=IHHII", 16 + len(body), sockdiag._SOCK_DIAG_BY_FAMILY, 2, number, 0) + body
    end = struct.pack("=IHHIIi", 20, sockdiag._NLMSG_DONE, 2, number, 0, 0)
    wanted = (b"a-name\0",)
    assert sockdiag.parse(one + one, number, wanted) == ([], False)
    assert sockdiag.parse(one + end, number, wanted) == ([], True)
    assert sockdiag.parse(end, number, wanted) == ([], True)
    refused = struct.pack("=IHHIIi", 20, sockdiag._NLMSG_ERROR, 0, number, 0, -13)
    with pytest.raises(PermissionError):
        sockdiag.parse(refused, number, wanted)
