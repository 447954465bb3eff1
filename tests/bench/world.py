"""The world that is measured, as a process without threads: real sockets, lock files, owners that die.

``python -m tests.bench.world`` answers one JSON line for each on standard input, and ends with it.  The
first letter of a name is the truth about it: ``l`` live, ``d`` dead; ``0-watch-`` are the ones whose way to
the screen is timed (they sort first).  All times are CLOCK_MONOTONIC, which all processes share.
"""

from __future__ import annotations

import ctypes
import json
import os
import random
import resource
import signal
import socket
import sys
import time
import uuid
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

WATCHED: Final = "0-watch-"
#: Entries of one directory.
FOLDER: Final = 1000
#: Of so many things one is live.
LIVE_OF: Final = 5
_HELD_BY_ONE: Final = 5000
_OWNERS_OF_LOCKS: Final = 100
_PR_SET_PDEATHSIG: Final = 1
_ENDINGS: Final = {"socket": "sock", "lock": "lock"}
_TYPES: Final = {
    4: (socket.SOCK_DGRAM, False),
    5: (socket.SOCK_SEQPACKET, True),
    7: (socket.SOCK_STREAM, False),  # bound, not listening yet
}


def folder_of(root: str, number: int) -> str:
    """The directory of the thing of this number; the first one sorts first of all."""
    at = number // FOLDER
    return os.path.join(root, f"d{at:03d}" if at else "a")


def socket_path(root: str, number: int) -> str:
    """Every fifth is live."""
    return os.path.join(folder_of(root, number), f"{'d' if number % LIVE_OF else 'l'}{number:06d}.sock")


def lock_path(root: str, number: int) -> str:
    """Every fifth has a living owner."""
    return os.path.join(folder_of(root, number), f"{'d' if number % LIVE_OF else 'l'}{number:06d}.lock")


def bind(path: str, kind: socket.SocketKind = socket.SOCK_STREAM, *, listen: bool = True) -> socket.socket:
    """A live socket of this process."""
    server = socket.socket(socket.AF_UNIX, kind)
    server.bind(path)
    if listen:
        server.listen(64)
    return server


def bind_hung(path: str) -> list[socket.socket]:
    """A live listener that accepts nobody any more: its queue is full."""
    kept = [bind(path)]
    kept[0].listen(0)
    while True:
        client = socket.socket(socket.AF_UNIX)
        client.setblocking(False)
        kept.append(client)
        if client.connect_ex(path) != 0:
            return kept


def start_ticks(pid: int) -> int:
    """When a process began, as the kernel counts."""
    with open(f"/proc/{pid}/stat", "rb") as file:
        return int(file.read().rpartition(b")")[2].split()[19])


class Contents:
    """What Python's SoftFileLock writes: pid, host, and boot id with start ticks as one number."""

    def __init__(self) -> None:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            self._boot = uuid.UUID(file.read().strip()).int << 64
        self._host = socket.gethostname()
        with open("/proc/sys/kernel/pid_max", encoding="ascii") as file:
            numbers = range(300, min(int(file.read()), 1 << 20))
        self._dead = [pid for pid in numbers if not os.path.exists(f"/proc/{pid}")]

    def of(self, pid: int, ticks: int) -> bytes:
        """A lock of this process."""
        return f"{pid}\n{self._host}\n{self._boot | ticks}\n".encode()

    def of_nobody(self, number: int) -> bytes:
        """A lock of a process that is gone."""
        return self.of(self._dead[number % len(self._dead)], 1 + number)


def write_lock(path: str, content: bytes) -> None:
    """As programs make it: exclusively."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    os.write(fd, content)
    os.close(fd)


class World:
    """What it made it keeps until the end of the process."""

    def __init__(self) -> None:
        _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        self._children: list[int] = []
        self._victims: dict[str, int] = {}
        self._newcomers: list[socket.socket] = []
        self._slots: dict[str, socket.socket | bool | None] = {}
        self._contents = Contents()
        self._random = random.Random(1)

    def close(self) -> None:
        """End all processes."""
        for pid in self._children:
            os.kill(pid, signal.SIGKILL)
        for pid in self._children:
            os.waitpid(pid, 0)

    def _fork(self, work: Callable[[], object] = lambda: None) -> int:
        """A process that does this, keeps what came out of it, and waits for its end."""
        read, write = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
                kept = work()
                os.write(write, b"1")
                os.close(write)
                os.close(read)
                while kept is not self:  # a reference that nobody takes away
                    signal.pause()
            finally:
                os._exit(1)
        os.close(write)
        said = os.read(read, 1)
        os.close(read)
        self._children.append(pid)
        if said != b"1":
            raise OSError("a process of the world did not come up")
        return pid

    # --- what stands still --------------------------------------------------------------------

    def sockets(self, root: str, count: int, hung: int = 0) -> dict[str, int]:
        """A tree of this many sockets, of all types; one in five live, in processes of their own."""
        for at in range(0, count, FOLDER):
            os.makedirs(folder_of(root, at))
        live = [number for number in range(count) if number % LIVE_OF == 0]
        for at in range(0, len(live), _HELD_BY_ONE):
            self._fork(partial(_all_live, root, live[at : at + _HELD_BY_ONE]))
        for number in range(count):
            if number % LIVE_OF:
                bind(socket_path(root, number), listen=False).close()
        paths = [os.path.join(root, "a", f"l-hung-{number}.sock") for number in range(hung)]
        if paths:
            self._fork(lambda: [bind_hung(path) for path in paths])
        return {"live": len(live) + hung, "dead": count - len(live)}

    def locks(self, root: str, count: int) -> dict[str, int]:
        """A tree of this many lock files with content; one in five has a living owner."""
        for at in range(0, count, FOLDER):
            os.makedirs(folder_of(root, at))
        owners = [(pid, start_ticks(pid)) for pid in (self._fork() for _ in range(_OWNERS_OF_LOCKS))]
        for number in range(count):
            dead = number % LIVE_OF
            content = (
                self._contents.of_nobody(number)
                if dead
                else self._contents.of(*owners[number // LIVE_OF % len(owners)])
            )
            write_lock(lock_path(root, number), content)
        live = (count + LIVE_OF - 1) // LIVE_OF
        return {"live": live, "dead": count - live}

    # --- what dies ----------------------------------------------------------------------------

    def victims(self, kind: str, folder: str, count: int) -> list[str]:
        """Processes with one socket, or one lock, each; what they own."""
        for number in range(count):
            path = os.path.join(folder, f"{WATCHED}v{number:05d}.{_ENDINGS[kind]}")
            if kind == "socket":
                pid = self._fork(partial(bind, path))
            else:
                pid = self._fork()
                write_lock(path, self._contents.of(pid, start_ticks(pid)))
            self._victims[path] = pid
        return list(self._victims)

    def kill(self, path: str) -> float:
        """Kill the owner of this; when that was."""
        pid = self._victims.pop(path)
        killed = time.monotonic()
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        self._children.remove(pid)
        return killed

    # --- what changes -------------------------------------------------------------------------

    def slots(self, kind: str, root: str, count: int, folders: int) -> int:
        """Places of things that come and go, spread over the first directories; half of them are there."""
        for number in range(count):
            folder = folder_of(root, number % folders * FOLDER)
            path = os.path.join(folder, f"s{number:05d}.{_ENDINGS[kind]}")
            self._slots[path] = None
            if number % 2:
                self._appear(path)
        return count

    def _appear(self, path: str) -> None:
        if path.endswith(".sock"):
            self._slots[path] = bind(path)
        else:
            write_lock(path, self._contents.of_nobody(self._random.randrange(1 << 20)))
            self._slots[path] = True

    def _vanish(self, path: str) -> None:
        held = self._slots[path]
        if isinstance(held, socket.socket):
            held.close()
        os.unlink(path)
        self._slots[path] = None

    def _change(self, path: str) -> None:
        """What is away comes; what is there goes, or comes anew under the same name."""
        if self._slots[path] is None:
            self._appear(path)
        else:
            self._vanish(path)
            if self._random.random() < 0.5:
                self._appear(path)

    def churn(self, kind: str, folder: str, rate: int, seconds: float, watched: int) -> dict[str, Any]:
        """``rate`` changes each second, and among them ``watched`` newcomers; when each of those was made."""
        made: dict[str, float] = {}
        places = list(self._slots)
        began = time.monotonic()
        changes = 0
        while (now := time.monotonic() - began) < seconds:
            while changes < now * rate:
                self._change(self._random.choice(places))
                changes += 1
            if len(made) < now / seconds * watched:
                # Later ones sort before earlier ones: the newest is on top.
                path = os.path.join(folder, f"{WATCHED}a{99999 - len(made):05d}.{_ENDINGS[kind]}")
                made[path] = time.monotonic()
                if kind == "socket":
                    self._newcomers.append(bind(path))
                else:
                    write_lock(path, self._contents.of_nobody(len(made)))
            time.sleep(0.002 + self._random.random() * 0.006)
        return {"made": made, "rate": changes / (time.monotonic() - began)}


def _all_live(root: str, numbers: Sequence[int]) -> list[socket.socket]:
    kept = []
    for number in numbers:
        kind, listen = _TYPES.get(number // LIVE_OF % 8, (socket.SOCK_STREAM, True))
        kept.append(bind(socket_path(root, number), kind, listen=listen))
    return kept


def main() -> None:
    """Until the end of standard input."""
    world = World()
    try:
        for line in sys.stdin:
            question = json.loads(line)
            try:
                answer = getattr(world, question.pop("do"))(**question)
            except OSError as error:
                answer = {"problem": str(error)}
            print(json.dumps(answer), flush=True)
    finally:
        world.close()


if __name__ == "__main__":
    main()
