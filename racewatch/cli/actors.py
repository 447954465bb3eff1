"""The processes of the demo: each keeps real sockets or locks in one state until the demo is over.

They are plain forks of the demo, made before it has any thread.  None outlives it: each asks the
kernel to be ended with its parent, and watches a pipe whose other end only the demo holds, so even a
killed demo leaves nothing running.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import select
import signal
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, NoReturn

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_NAME: Final = 15
_CLONE_NEWUSER: Final = 0x10000000
_CLONE_NEWNET: Final = 0x40000000

_libc = ctypes.CDLL(None, use_errno=True)


class Stage:
    """What an actor works with: its folder, how to remove its own old names, and how to wait."""

    def __init__(self, folder: str, discard: Callable[[str], None], over: int) -> None:
        self.folder = folder
        self.discard = discard
        self._over = over

    def path(self, name: str) -> str:
        """A name in the actor's folder."""
        return os.path.join(self.folder, name)

    def is_over(self, seconds: float | None = None) -> bool:
        """Wait; True when the demo is over (then the actor ends), False when the time has passed."""
        poll = select.poll()
        # Nobody ever writes to this pipe: it only ends.
        poll.register(self._over, select.POLLIN)
        return bool(poll.poll(None if seconds is None else seconds * 1000))


#: Sets things up, calls what it was given when everything stands, and returns what it must not close.
Role = Callable[[Stage, Callable[[], None]], object]


@dataclass(frozen=True, slots=True)
class Actor:
    """One process: the name that ``ps`` shows (15 bytes at most), and what it does."""

    name: str
    role: Role


def bound(path: str, kind: socket.SocketKind) -> socket.socket:
    """A socket bound to a path, which may be longer than an address has room for."""
    sock = socket.socket(socket.AF_UNIX, kind)
    if len(os.fsencode(path)) < 108:
        sock.bind(path)
        return sock
    folder = os.open(os.path.dirname(path), os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        sock.bind(f"/proc/self/fd/{folder}/{os.path.basename(path)}")
    finally:
        os.close(folder)
    return sock


def listening(path: str, kind: socket.SocketKind = socket.SOCK_STREAM, backlog: int = 16) -> socket.socket:
    """A bound socket that accepts connections."""
    sock = bound(path, kind)
    sock.listen(backlog)
    return sock


def _server(stage: Stage, ready: Callable[[], None]) -> object:
    kept = [
        listening(stage.path("live-stream.sock")),
        listening(stage.path("live-seqpacket.sock"), socket.SOCK_SEQPACKET),
        bound(stage.path("live-datagram.sock"), socket.SOCK_DGRAM),
    ]
    ready()
    return kept


def _starting(stage: Stage, ready: Callable[[], None]) -> object:
    kept = bound(stage.path("starting.sock"), socket.SOCK_STREAM)
    ready()
    return kept


def _hung(stage: Stage, ready: Callable[[], None]) -> object:
    """Accepts nothing, and its queue is full."""
    kept = [listening(stage.path("hung.sock"), backlog=2)]
    while True:
        client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        kept.append(client)
        if client.connect_ex(stage.path("hung.sock")) != 0:
            break
    ready()
    return kept


def _shut(stage: Stage, ready: Callable[[], None]) -> object:
    kept = listening(stage.path("shut-down.sock"))
    kept.shutdown(socket.SHUT_RDWR)
    ready()
    return kept


def _lost(stage: Stage, ready: Callable[[], None]) -> object:
    """What some other cleaner did to it: it listens, and nobody can reach it."""
    kept = listening(stage.path("name-lost.sock"))
    stage.discard(stage.path("name-lost.sock"))
    ready()
    return kept


def _elsewhere(stage: Stage, ready: Callable[[], None]) -> object:
    """In another network namespace; quietly not there where that is not allowed."""
    if _libc.unshare(_CLONE_NEWNET) != 0 and _libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) != 0:
        return None
    kept = listening(stage.path("other-namespace.sock"))
    ready()
    return kept


#: How long the respawning server lives, and how long it stays dead.
_LIVES: Final = 3.0
_RESTS: Final = 1.5


def _respawning(stage: Stage, ready: Callable[[], None]) -> object:
    """A service with a supervisor: dies, leaves its socket, comes back and takes the name anew."""
    path = stage.path("respawning.sock")
    server = listening(path)
    ready()
    while not stage.is_over(_LIVES):
        server.close()
        if stage.is_over(_RESTS):
            break
        try:
            stage.discard(path)
        except FileNotFoundError:
            pass  # somebody (the person trying the demo) removed it: that is what the demo is for
        server = listening(path)
    return server


HOSTILE: Final = (
    b"two\nlines.sock",
    b"escape\x1b[31mred\x1b[0m.sock",
    b"<b>bold<i>.sock",
    "right\u202etfel.sock".encode(),
    b"not-utf8-\xff\xfe.sock",
    b"back\\slash and space.sock",
)


def _hostile(stage: Stage, ready: Callable[[], None]) -> object:
    """Live sockets under names that try to cheat the reader."""
    kept = [listening(stage.path("live-" + os.fsdecode(name))) for name in HOSTILE]
    deep = stage.path("d" * 120)
    os.mkdir(deep)
    kept.append(listening(os.path.join(deep, "longer-than-an-address.sock")))
    ready()
    return kept


def _locking(stage: Stage, ready: Callable[[], None]) -> object:
    """Holds a kernel lock of each world."""
    kept = [open(stage.path(name), "w") for name in ("held-flock.lock", "held-posix.lock")]  # noqa: SIM115 - held to the end
    fcntl.flock(kept[0], fcntl.LOCK_EX)
    fcntl.lockf(kept[1], fcntl.LOCK_EX)
    ready()
    return kept


ACTORS: Final = (
    Actor("demo-server", _server),
    Actor("demo-starting", _starting),
    Actor("demo-hung", _hung),
    Actor("demo-shut", _shut),
    Actor("demo-lost", _lost),
    Actor("demo-elsewhere", _elsewhere),
    Actor("demo-respawn", _respawning),
    Actor("demo-hostile", _hostile),
    Actor("demo-locking", _locking),
)


def make_dead(folder: str) -> None:
    """What is left over: sockets of every type and with hostile names, locks, and a bundle."""
    for name, kind in (
        ("dead-stream.sock", socket.SOCK_STREAM),
        ("dead-datagram.sock", socket.SOCK_DGRAM),
        ("dead-seqpacket.sock", socket.SOCK_SEQPACKET),
    ):
        bound(os.path.join(folder, name), kind).close()
    for raw in HOSTILE:
        bound(os.path.join(folder, "dead-" + os.fsdecode(raw)), socket.SOCK_STREAM).close()
    _leave_locks(folder)
    bundle = os.path.join(folder, "bundles", "old-build")
    os.makedirs(os.path.join(bundle, "rootfs", "etc"))
    _write(os.path.join(bundle, "config.json"), '{"ociVersion": "1.0.2", "root": {"path": "rootfs"}}\n')


def _leave_locks(folder: str) -> None:
    """Locks that nobody holds: proved left over, without any proof, and meant to stay."""
    dead: list[int] = []
    if fork(dead):
        os._exit(0)
    (pid,) = dead
    os.waitpid(pid, 0)
    _write(os.path.join(folder, "gunicorn.pid"), f"{pid}\n")
    repository = os.path.join(folder, "repository", ".git")
    for name in ("objects", "refs"):
        os.makedirs(os.path.join(repository, name))
    _write(os.path.join(repository, "HEAD"), "ref: refs/heads/main\n")
    _write(os.path.join(repository, "index.lock"), "")
    store = os.path.join(folder, "mercurial", ".hg", "store")
    os.makedirs(store)
    os.symlink(f"{socket.gethostname()}:{pid}", os.path.join(store, "lock"))
    dpkg = os.path.join(folder, "var", "lib", "dpkg")
    os.makedirs(dpkg)
    _write(os.path.join(dpkg, "lock-frontend"), "")


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


def act(
    actor: Actor, stage: Stage, ready_fd: int, number: int, parent: int, close: Sequence[int]
) -> NoReturn:
    """The whole life of one forked actor; never returns."""
    status = 1
    try:
        detach(actor.name, close)
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() == parent:  # it did not end before the line above
            kept = actor.role(stage, lambda: _tell(ready_fd, number))
            if kept is not None:
                stage.is_over()
        status = 0
    finally:
        # Not sys.exit: nothing of the demo's own clean-up may run here.
        os._exit(status)


def _tell(ready_fd: int, number: int) -> None:
    os.write(ready_fd, bytes((number,)))
    os.close(ready_fd)


def fork(children: list[int]) -> bool:
    """A child of the demo, to which Ctrl+C means nothing; True in the child.  In ``children`` as soon as it is there.

    Ctrl+C meanwhile is kept for right after.  Closes a race: Python runs the hooks of a fork (``logging`` has one) before
    it lets anybody hear of a signal, and what is raised in a hook is lost, so the demo would have gone on.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        else:
            children.append(pid)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return pid == 0


def detach(name: str, close: Sequence[int]) -> None:
    """Leave the terminal and the demo's pipes alone; take a name for ``ps``."""
    os.setsid()
    for fd in close:
        os.close(fd)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(nowhere, fd)
    _libc.prctl(_PR_SET_NAME, name.encode()[:15], 0, 0, 0)
