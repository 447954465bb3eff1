"""One window for each user and state folder: a lock says who is first, and whoever is first can be called.

The lock is a ``flock``, which the kernel drops when its holder dies, however it dies.  Whoever holds it
writes into the lock file where it can be called: an abstract socket of a random name.  Such a name goes
with its owner, so there is never a dead one to take over, and nobody who may not read the lock file can
take it in advance.  (The usual way, a socket beside the lock that is removed before it is bound, lets two
starts remove each other's living socket: exactly what racewatch exists to prevent.)
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import socket
import struct
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from racewatch.linux.flocks import try_flock

LOCK_NAME: Final = b"window.lock"
#: How long a second start waits for the first to answer, in seconds.
PATIENCE: Final = 3.0
_PROTOCOL: Final = 1
_LONGEST: Final = 4096
_AGAIN_S: Final = 0.05
_CREDENTIALS: Final = struct.Struct("3i")  # struct ucred: pid, uid, gid


@dataclass(frozen=True, slots=True)
class First:
    """This process has the place until :meth:`close`, or its end; ``door`` is where others call."""

    lock: int
    door: socket.socket

    def close(self) -> None:
        """Give the place up: first nobody can call any more, then the next may have it."""
        self.door.close()
        os.close(self.lock)


@dataclass(frozen=True, slots=True)
class Raised:
    """Another process has the place, and has shown its window."""

    pid: int


@dataclass(frozen=True, slots=True)
class Silent:
    """Another process has the place and does not answer; ``pid`` and ``host`` as far as it said who it is."""

    pid: int | None
    host: str | None


def take_place(folder: bytes, *, activation: str = "", patience: float = PATIENCE) -> First | Raised | Silent:
    """Be the one window of this state folder, or have the one that is there come to the front.

    ``activation`` is the desktop's permission to do that (``$XDG_ACTIVATION_TOKEN``).  Raises OSError when
    there can be no lock in that folder.
    """
    os.makedirs(folder, mode=0o700, exist_ok=True)
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    lock = os.open(os.path.join(folder, LOCK_NAME), flags, 0o600)
    deadline = time.monotonic() + patience
    try:
        # Tried again and again: the first may be just beginning (it has not said yet where it can be called)
        # or just ending, and the kernel knows no waiting for a flock that ends by itself.
        while not try_flock(lock):
            said = _read(lock)
            pid = _call(said, activation, deadline)
            if pid is not None:
                os.close(lock)
                return Raised(pid)
            if time.monotonic() >= deadline:
                os.close(lock)
                return _silent(said)
            time.sleep(_AGAIN_S)
        return First(lock, _open_door(lock))
    except BaseException:
        with contextlib.suppress(OSError):
            os.close(lock)
        raise


def _open_door(lock: int) -> socket.socket:
    name = secrets.token_hex(16)
    door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    try:
        door.bind(_address(name))
        door.listen(8)
        said = {"v": _PROTOCOL, "pid": os.getpid(), "host": socket.gethostname(), "door": name}
        os.ftruncate(lock, 0)
        os.pwrite(lock, json.dumps(said).encode(), 0)
    except BaseException:
        door.close()
        raise
    return door


def _address(name: str) -> bytes:
    return b"\0racewatch-window-" + name.encode()


def _read(lock: int) -> Mapping[str, object]:
    """What the holder of the lock says; nothing when it has not said anything yet."""
    try:
        said = json.loads(os.pread(lock, _LONGEST, 0))
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) and said.get("v") == _PROTOCOL else {}


def _silent(said: Mapping[str, object]) -> Silent:
    pid, host = said.get("pid"), said.get("host")
    return Silent(pid if isinstance(pid, int) else None, host if isinstance(host, str) else None)


def _call(said: Mapping[str, object], activation: str, deadline: float) -> int | None:
    """Ask it to show its window; its process number when it did."""
    name = said.get("door")
    if not isinstance(name, str):
        return None
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
        caller.settimeout(max(deadline - time.monotonic(), 0.01))
        try:
            caller.connect(_address(name))
            pid, uid = peer_of(caller)
            if uid != os.geteuid():
                return None  # no window of ours, whoever it is
            caller.sendall(json.dumps({"v": _PROTOCOL, "activation": activation}).encode() + b"\n")
            answer = b""
            while not answer.endswith(b"\n"):
                piece = caller.recv(64)
                if not piece:
                    return None
                answer += piece
        except (
            OSError,
            ValueError,
        ):  # it has gone, hangs, is in another network namespace, or this is no name
            return None
    return pid if answer == b"raised\n" else None


def peer_of(connection: socket.socket) -> tuple[int, int]:
    """Process and user at the other end, as the kernel says."""
    raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    pid, uid, _ = _CREDENTIALS.unpack(raw)
    return pid, uid


def activation_of(line: bytes) -> str | None:
    """What a caller brought along: the desktop's permission, perhaps empty; None for what is no call."""
    try:
        said = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(said, dict) or said.get("v") != _PROTOCOL:
        return None
    token = said.get("activation")
    return token if isinstance(token, str) and token.isascii() and token.isprintable() else ""
