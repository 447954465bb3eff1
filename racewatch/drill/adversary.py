"""What comes back: ``python -m racewatch.drill.adversary CONTEST PATH FOLDER``, a process of its own.

It lives again and again, a few milliseconds each time, leaves what a crash leaves, and comes back at once or a
moment later.  At the end of each life it looks whether its name still leads to it.  Its first line says that it
stands; then it prints now and then what it saw so far, a line of JSON, and when its standard input ends it
stops and prints that for the last time.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import random
import select
import socket
import sys
import time
from collections.abc import Callable
from typing import Final, Protocol

from racewatch.drill.contest import ContestName
from racewatch.throwaway import discard, move_over

#: Between CAPTURE and RESTORE a live name is absent for a moment; this long, it is lost.
_ABSENT_S: Final = 1.0
_SHORTEST_S, _LONGEST_S = 0.0025, 0.005
_SHORT_BREAK_S, _LONG_BREAK_S = 0.006, 0.08
_LOST: Final = 3
#: How often it says what it saw so far.
_SAY_S: Final = 0.1


class Life(Protocol):
    """One kind of thing that is made, can be reached by its name, and is left behind."""

    def begin(self) -> None:
        """Take the name, whatever a former life left there."""

    def is_reached(self) -> bool:
        """Whether the name leads to this life."""

    def end(self) -> None:
        """Die as in a crash: the name stays."""


class _Server:
    """A server: unlinks its path, binds, listens."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._socket = socket.socket(socket.AF_UNIX)

    def begin(self) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        while True:
            with contextlib.suppress(FileNotFoundError):
                discard(self._path)
            try:
                self._socket.bind(self._path)
                break
            except OSError as error:
                # What was captured came back between our unlink and our bind.
                if error.errno != errno.EADDRINUSE:
                    raise
        self._socket.listen(4)
        self._socket.setblocking(False)

    def is_reached(self) -> bool:
        with socket.socket(socket.AF_UNIX) as client:
            client.setblocking(False)
            try:
                client.connect(self._path)
                self._socket.accept()[0].close()
            except OSError:
                return False  # nobody there, or somebody else
        return True

    def end(self) -> None:
        self._socket.close()


class _Lock:
    """A lock file with the pid of its holder: what a dead one left is broken, and the lock taken anew."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._node = (0, 0)

    def begin(self) -> None:
        beside = f"{self._path}.{os.getpid()}"
        with open(beside, "x") as new:
            new.write(f"{os.getpid()}\n")
            stat = os.fstat(new.fileno())
        self._node = (stat.st_dev, stat.st_ino)
        while True:
            with contextlib.suppress(FileNotFoundError):
                discard(self._path)
            try:
                os.link(beside, self._path)
                break
            except FileExistsError:
                pass  # what was captured came back
        discard(beside)

    def is_reached(self) -> bool:
        try:
            stat = os.lstat(self._path)
        except FileNotFoundError:
            return False
        return (stat.st_dev, stat.st_ino) == self._node

    def end(self) -> None:
        """The process ends, and with it its pid."""


class _Bundle:
    """A container's bundle, and the state of a runtime that says whose it is and which process lives."""

    def __init__(self, path: str, states: str) -> None:
        self._path = path
        self._state = os.path.join(states, os.path.basename(path))
        self._node = (0, 0)

    def begin(self) -> None:
        new = f"{self._path}.new"
        os.makedirs(os.path.join(new, "rootfs"))
        _write(os.path.join(new, "config.json"), {"ociVersion": "1.0.2", "root": {"path": "rootfs"}})
        stat = os.lstat(new)
        self._node = (stat.st_dev, stat.st_ino)
        # First the state: a bundle that is in place is never without its container.
        self._claim()
        while True:
            with contextlib.suppress(FileNotFoundError):
                discard(self._path)
            try:
                move_over(new, self._path)
                break
            except OSError as error:
                if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                    raise

    def _claim(self) -> None:
        new = f"{os.path.dirname(self._state)}/.{os.path.basename(self._state)}"
        os.mkdir(new)
        with open("/proc/self/stat") as stat:
            started = int(stat.read().rpartition(")")[2].split()[19])
        said = {
            "id": os.path.basename(self._state),
            "init_process_pid": os.getpid(),
            "init_process_start": started,
            "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "config": {"labels": [f"bundle={self._path}"], "rootfs": os.path.join(self._path, "rootfs")},
        }
        _write(os.path.join(new, "state.json"), said)
        move_over(new, self._state)

    def is_reached(self) -> bool:
        try:
            stat = os.lstat(self._path)
        except FileNotFoundError:
            return False
        return (stat.st_dev, stat.st_ino) == self._node

    def end(self) -> None:
        discard(self._state)


def _write(path: str, said: object) -> None:
    with open(path, "x") as new:
        json.dump(said, new)


def _lives(life: Life, over: Callable[[float], bool], chance: random.Random) -> tuple[bool, bool]:
    """One life; (whether it was lost, whether all is over)."""
    life.begin()
    last = over(chance.uniform(_SHORTEST_S, _LONGEST_S))
    ends = time.monotonic() + _ABSENT_S
    reached = life.is_reached()
    while not reached and time.monotonic() < ends:
        reached = life.is_reached()
    life.end()
    return not reached, last


def _in_a_child(path: str, over: Callable[[float], bool], chance: random.Random) -> tuple[bool, bool]:
    """One life of a lock: a process of its own, whose pid dies with it."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            lost, last = _lives(_Lock(path), over, chance)
            code = (_LOST if lost else 0) + (8 if last else 0)
        finally:
            os._exit(code)
    chance.random()
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if code not in (0, _LOST, 8, 8 + _LOST):
        raise RuntimeError(f"a life ended with {code}")
    return bool(code & _LOST), bool(code & 8)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _pause(chance: random.Random) -> float:
    """Half of the lives follow at once, most others soon: that is the race.  Some let a careful cleaner act."""
    kind = chance.random()
    return 0.0 if kind < 0.5 else chance.uniform(0, _SHORT_BREAK_S if kind < 0.85 else _LONG_BREAK_S)


def main(words: list[str]) -> None:
    """Live until standard input ends, then say how often and what was lost."""
    contest, path, states = ContestName(words[0]), words[1], words[2]
    poll = select.poll()
    poll.register(0, select.POLLIN)  # nobody writes to it: it only ends

    def over(seconds: float) -> bool:
        return bool(poll.poll(seconds * 1000))

    _say("ready")
    chance = random.Random(path)  # noqa: S311 - it shuffles pauses
    lives = lost = 0
    last = False
    said = time.monotonic()
    while not last:
        if contest is ContestName.LOCK:
            is_lost, last = _in_a_child(path, over, chance)
        else:
            made: Life = _Server(path) if contest is ContestName.SERVER else _Bundle(path, states)
            is_lost, last = _lives(made, over, chance)
        lives += 1
        lost += is_lost
        if not last and time.monotonic() - said >= _SAY_S:
            said = time.monotonic()
            _say(json.dumps({"lives": lives, "lost": lost}))
        if not last:
            over(_pause(chance))
    _say(json.dumps({"lives": lives, "lost": lost, "over": 1}))


if __name__ == "__main__":
    main(sys.argv[1:])
