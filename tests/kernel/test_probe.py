"""DESIGN section 3, fact 1: what the silent probe and a stream connect say of each kind of node."""

from __future__ import annotations

import array
import ctypes
import errno
import os
import resource
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from racewatch.linux import fs
from racewatch.linux.mounts import FileSystems
from racewatch.linux.probe import Answer, DatagramProbe, Presence
from tests.kernel.support import (
    CLONE_NEWNET,
    CLONE_NEWUSER,
    become_nobody,
    child,
    in_child,
    mount,
    needs_root,
    own_mounts,
    refuse_connect,
    unshare,
)

STREAM, DGRAM, SEQPACKET = socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET


@pytest.fixture
def probe() -> Iterator[DatagramProbe]:
    asker = DatagramProbe()
    yield asker
    asker.close()


@dataclass
class World:
    """A directory and everything that must stay open in it."""

    path: Path
    stack: ExitStack

    def name(self, name: str = "node") -> str:
        return str(self.path / name)

    def socket(self, kind: int, name: str | None = "node") -> socket.socket:
        made = self.stack.enter_context(socket.socket(socket.AF_UNIX, kind))
        if name is not None:
            made.bind(self.name(name))
        return made


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with ExitStack() as stack:
        yield World(tmp_path, stack)


def listening(world: World) -> None:
    world.socket(STREAM).listen()


def bound_only(world: World) -> None:
    world.socket(STREAM)


def backlog_full(world: World) -> None:
    server = world.socket(STREAM)
    server.listen(0)
    while True:
        client = world.socket(STREAM, None)
        client.setblocking(False)
        if client.connect_ex(world.name()) == errno.EAGAIN:
            return


def shut_down(world: World) -> None:
    server = world.socket(STREAM)
    server.listen()
    server.shutdown(socket.SHUT_RDWR)


def seqpacket_listening(world: World) -> None:
    world.socket(SEQPACKET).listen()


def seqpacket_bound_only(world: World) -> None:
    world.socket(SEQPACKET)


def datagram(world: World) -> None:
    world.socket(DGRAM)


def datagram_connected_elsewhere(world: World) -> None:
    world.socket(DGRAM, "peer")
    world.socket(DGRAM).connect(world.name("peer"))


def _in_other_network(world: World, listen: bool) -> None:
    def setup() -> socket.socket:
        unshare(CLONE_NEWNET if os.geteuid() == 0 else CLONE_NEWUSER | CLONE_NEWNET)
        made = socket.socket(socket.AF_UNIX, STREAM)
        made.bind(world.name())
        if listen:
            made.listen()
        return made

    world.stack.enter_context(child(setup))


def other_network_listening(world: World) -> None:
    _in_other_network(world, listen=True)


def other_network_bound_only(world: World) -> None:
    _in_other_network(world, listen=False)


def closed_stream(world: World) -> None:
    server = world.socket(STREAM)
    server.listen()
    server.close()


def closed_datagram(world: World) -> None:
    world.socket(DGRAM).close()


def closed_seqpacket(world: World) -> None:
    world.socket(SEQPACKET).close()


def closed_with_a_connection_open(world: World) -> None:
    server = world.socket(STREAM)
    server.listen()
    world.socket(STREAM, None).connect(world.name())
    world.stack.enter_context(server.accept()[0])
    server.close()


def never_bound(world: World) -> None:
    os.mknod(world.name(), 0o140600)


def regular_file(world: World) -> None:
    Path(world.name()).write_bytes(b"x")


def directory(world: World) -> None:
    os.mkdir(world.name())


def in_flight(world: World) -> None:
    server = world.socket(STREAM)
    server.listen()
    near, far = socket.socketpair()
    world.stack.enter_context(near)
    world.stack.enter_context(far)
    near.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [server.fileno()]))])
    server.close()


def renamed(world: World) -> None:
    world.socket(STREAM, "before").listen()
    os.rename(world.name("before"), world.name())


def hard_linked(world: World) -> None:
    world.socket(STREAM, "first").listen()
    os.link(world.name("first"), world.name())


def long_path(world: World) -> None:
    # bind() cannot spell it, but a rename can bring a live socket there.
    world.socket(STREAM, "before").listen()
    deep = world.path / ("d" * 120)
    deep.mkdir()
    os.rename(world.name("before"), deep / "node")
    os.symlink(deep, world.path / "way")
    world.path = world.path / "way"


BOUND, ABSENT, UNKNOWN = Presence.BOUND, Presence.ABSENT, Presence.UNKNOWN
Row = tuple[Callable[[World], None], Presence, int, int]
TABLE: list[Row] = [
    # what stands there, what the probe proves, errno of the DGRAM connect, errno of a STREAM connect
    (listening, BOUND, errno.EPROTOTYPE, 0),
    (bound_only, BOUND, errno.EPROTOTYPE, errno.ECONNREFUSED),
    (backlog_full, BOUND, errno.EPROTOTYPE, errno.EAGAIN),
    (shut_down, BOUND, errno.EPROTOTYPE, errno.ECONNREFUSED),
    (seqpacket_listening, BOUND, errno.EPROTOTYPE, errno.EPROTOTYPE),
    (seqpacket_bound_only, BOUND, errno.EPROTOTYPE, errno.EPROTOTYPE),
    (datagram, BOUND, 0, errno.EPROTOTYPE),
    (datagram_connected_elsewhere, BOUND, errno.EPERM, errno.EPROTOTYPE),
    (other_network_listening, BOUND, errno.EPROTOTYPE, 0),
    (other_network_bound_only, BOUND, errno.EPROTOTYPE, errno.ECONNREFUSED),
    (in_flight, BOUND, errno.EPROTOTYPE, 0),
    (renamed, BOUND, errno.EPROTOTYPE, 0),
    (hard_linked, BOUND, errno.EPROTOTYPE, 0),
    (long_path, BOUND, errno.EPROTOTYPE, 0),
    (closed_stream, ABSENT, errno.ECONNREFUSED, errno.ECONNREFUSED),
    (closed_datagram, ABSENT, errno.ECONNREFUSED, errno.ECONNREFUSED),
    (closed_seqpacket, ABSENT, errno.ECONNREFUSED, errno.ECONNREFUSED),
    (closed_with_a_connection_open, ABSENT, errno.ECONNREFUSED, errno.ECONNREFUSED),
    (never_bound, ABSENT, errno.ECONNREFUSED, errno.ECONNREFUSED),
    # Why the caller looks at the file type first: these answer like dead sockets.
    (regular_file, ABSENT, errno.ECONNREFUSED, errno.ECONNREFUSED),
    (directory, ABSENT, errno.ECONNREFUSED, errno.ECONNREFUSED),
]


def ask(probe: DatagramProbe, path: str) -> Answer:
    fd = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        return probe.ask(fd)
    finally:
        os.close(fd)


def stream_connect(path: str) -> int:
    fd = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        with socket.socket(socket.AF_UNIX, STREAM | socket.SOCK_NONBLOCK) as client:
            return client.connect_ex(fs.fd_path(fd))
    finally:
        os.close(fd)


@pytest.mark.parametrize(("build", "presence", "by_datagram", "by_stream"), TABLE)
def test_table(
    world: World,
    probe: DatagramProbe,
    build: Callable[[World], None],
    presence: Presence,
    by_datagram: int,
    by_stream: int,
) -> None:
    build(world)
    name = world.name()
    first, second = ask(probe, name), ask(probe, name)
    assert first == second == Answer(presence, by_datagram)
    assert errno.errorcode.get(stream_connect(name), "OK") == errno.errorcode.get(by_stream, "OK")


@needs_root
@pytest.mark.parametrize("build", [listening, datagram, closed_stream])
def test_no_write_permission_is_unknown(world: World, build: Callable[[World], None]) -> None:
    build(world)
    os.chmod(world.name(), 0o555)
    fd = os.open(world.name(), os.O_PATH | os.O_CLOEXEC)

    def as_nobody() -> tuple[Answer, int]:
        become_nobody()
        with socket.socket(socket.AF_UNIX, STREAM | socket.SOCK_NONBLOCK) as client:
            return DatagramProbe().ask(fd), client.connect_ex(fs.fd_path(fd))

    try:
        assert in_child(as_nobody) == (Answer(UNKNOWN, errno.EACCES), errno.EACCES)
    finally:
        os.close(fd)


@pytest.mark.parametrize("build", [listening, bound_only, seqpacket_listening, datagram])
def test_a_thousand_probes_leave_no_trace(
    world: World, probe: DatagramProbe, build: Callable[[World], None]
) -> None:
    build(world)
    before = _rows(world.name())
    handles = len(os.listdir("/proc/self/fd"))
    fd = os.open(world.name(), os.O_PATH | os.O_CLOEXEC)
    try:
        assert {probe.ask(fd).presence for _ in range(1000)} == {BOUND}
    finally:
        os.close(fd)
        probe.close()
    assert before
    assert _rows(world.name()) == before
    assert len(os.listdir("/proc/self/fd")) == handles


@pytest.mark.parametrize("kind", [STREAM, SEQPACKET, DGRAM])
def test_nothing_arrives_at_the_server(world: World, probe: DatagramProbe, kind: int) -> None:
    server = world.socket(kind)
    server.setblocking(False)
    if kind != DGRAM:
        server.listen()
    for _ in range(1000):
        ask(probe, world.name())
    with pytest.raises(BlockingIOError):
        if kind == DGRAM:
            server.recv(1)
        else:
            server.accept()
    # and it works as before
    with socket.socket(socket.AF_UNIX, kind) as client:
        client.connect(world.name())
        client.send(b"hello")
        if kind == DGRAM:
            assert server.recv(5) == b"hello"
        else:
            with server.accept()[0] as connection:
                assert connection.recv(5) == b"hello"


def _rows(path: str) -> list[list[str]]:
    with open("/proc/net/unix", encoding="utf-8", errors="surrogateescape") as table:
        return [line.split()[1:] for line in table if line.rstrip("\n").endswith(path)]


def test_a_pinned_node_stays_dead_when_its_name_is_bound_again(world: World, probe: DatagramProbe) -> None:
    world.socket(STREAM).close()
    fd = os.open(world.name(), os.O_PATH | os.O_CLOEXEC)
    try:
        os.unlink(world.name())
        world.socket(STREAM).listen()
        assert probe.ask(fd).presence is ABSENT
        assert ask(probe, world.name()).presence is BOUND
    finally:
        os.close(fd)


def test_a_pin_keeps_the_inode_number_from_being_given_away(world: World) -> None:
    if FileSystems.take().fstype_of(fs.stat_path(os.fsencode(world.path)).mount_id) != "ext4":
        pytest.skip("ext4 hands out inode numbers again at once; this is another file system")

    def rebind() -> fs.Stat:
        world.socket(STREAM).close()
        return fs.stat_path(os.fsencode(world.name()))

    def again() -> tuple[fs.Stat, fs.Stat]:
        before = rebind()
        os.unlink(world.name())
        after = rebind()
        return before, after

    # Others use this file system too, so a number may go to one of them now and then.
    recycled = False
    for _ in range(50):
        before, after = again()
        os.unlink(world.name())
        recycled = recycled or before.same_inode(after)
        if before.same_inode(after):
            assert before.btime_ns != after.btime_ns
    assert recycled, "an unpinned number was expected to come back"
    for _ in range(50):
        before = rebind()
        fd = os.open(world.name(), os.O_PATH | os.O_CLOEXEC)
        try:
            os.unlink(world.name())
            assert not before.same_inode(rebind())
            os.unlink(world.name())
        finally:
            os.close(fd)


@pytest.mark.parametrize(
    "code",
    sorted(set(errno.errorcode) - {errno.EPROTOTYPE, errno.EPERM, errno.ECONNREFUSED}),
    ids=lambda code: errno.errorcode[code],
)
def test_every_other_errno_proves_nothing(
    world: World, probe: DatagramProbe, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    # The one thing here that cannot be brought about for real: a kernel that gives each errno.
    class Refusing(socket.socket):
        def connect_ex(self, address: Any) -> int:
            return code

    listening(world)
    monkeypatch.setattr(socket, "socket", Refusing)
    assert ask(probe, world.name()) == Answer(UNKNOWN, code)


def test_no_descriptor_left_for_a_probe_is_unknown(world: World) -> None:
    listening(world)
    fd = os.open(world.name(), os.O_PATH | os.O_CLOEXEC)

    def without_descriptors() -> Answer:
        # Children only: the limit must not reach the test process.
        resource.setrlimit(resource.RLIMIT_NOFILE, (0, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
        return DatagramProbe().ask(fd)

    try:
        assert in_child(without_descriptors) == Answer(UNKNOWN, errno.EMFILE)
    finally:
        os.close(fd)


def test_a_closed_handle_is_unknown(probe: DatagramProbe) -> None:
    answer = probe.ask(2**30)
    assert (answer.presence, answer.errno_name) == (UNKNOWN, "ENOENT")


def test_a_sandbox_that_refuses_every_connect_proves_nothing(world: World) -> None:
    datagram_connected_elsewhere(world)
    fd = os.open(world.name(), os.O_PATH | os.O_CLOEXEC)

    def sandboxed() -> Answer:
        refuse_connect()
        return DatagramProbe().ask(fd)

    try:
        assert in_child(sandboxed) == Answer(UNKNOWN, errno.EPERM)
    finally:
        os.close(fd)


@needs_root
def test_an_immutable_inode_proves_nothing(world: World, probe: DatagramProbe) -> None:
    # Linux sets the flag on sockets since 6.17, on few file systems; a regular file is refused alike.
    regular_file(world)
    with open(world.name(), "rb") as handle:
        if not _set_flags(handle.fileno(), 0x10):
            pytest.skip("this file system has no immutable files")
        try:
            assert fs.is_immutable(handle.fileno()) is True
            assert ask(probe, world.name()) == Answer(UNKNOWN, errno.EPERM)
        finally:
            _set_flags(handle.fileno(), 0)
        assert fs.is_immutable(handle.fileno()) is False


def _set_flags(fd: int, flags: int) -> bool:
    libc = ctypes.CDLL(None, use_errno=True)
    value = ctypes.c_int(flags)
    return bool(libc.ioctl(fd, ctypes.c_ulong(0x40086602), ctypes.byref(value)) == 0)


def test_an_asker_that_is_inherited_by_a_fork_asks_about_the_handles_of_the_child(
    world: World, probe: DatagramProbe
) -> None:
    closed_stream(world)
    fd = os.open(world.name(), os.O_PATH | os.O_CLOEXEC)
    assert probe.ask(fd).presence is Presence.ABSENT

    def elsewhere() -> Answer:
        """The same number means a live socket here."""
        live = socket.socket(socket.AF_UNIX, STREAM)
        live.bind(world.name("live"))
        pinned = os.open(world.name("live"), os.O_PATH | os.O_CLOEXEC)
        os.dup2(pinned, fd)
        return probe.ask(fd)

    try:
        assert in_child(elsewhere).presence is BOUND
    finally:
        os.close(fd)


@needs_root
def test_without_procfs_nothing_is_proved(world: World) -> None:
    closed_stream(world)
    fd = os.open(world.name(), os.O_PATH | os.O_CLOEXEC)

    def blind() -> Answer:
        own_mounts()
        mount(b"none", b"/proc", b"tmpfs")
        # The worst that could stand there: a regular file, which answers ECONNREFUSED.
        os.makedirs("/proc/self/fd")
        Path(f"/proc/self/fd/{fd}").touch()
        return DatagramProbe().ask(fd)

    try:
        assert in_child(blind) == Answer(UNKNOWN, errno.ENOENT)
    finally:
        os.close(fd)


@needs_root
def test_a_number_that_is_somebody_elses_is_not_asked_by(world: World) -> None:
    """The procfs of another PID namespace, where our number is another process: its handles are not ours."""
    closed_stream(world)
    fd = os.open(world.name(), os.O_PATH | os.O_CLOEXEC)

    def deceived() -> Answer:
        own_mounts()
        mount(b"none", b"/proc", b"tmpfs")
        folder = Path(f"/proc/{os.getpid()}/fd")
        folder.mkdir(parents=True)
        for number in range(fd + 64):
            (folder / str(number)).touch()  # refused as a dead socket is
        return DatagramProbe().ask(fd)

    try:
        assert in_child(deceived) == Answer(UNKNOWN, errno.ENOENT)
    finally:
        os.close(fd)
