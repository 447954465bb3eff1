"""Real things for the tests of the monitor: a small kind, processes that hold sockets, a follower."""

from __future__ import annotations

import contextlib
import json
import os
import select
import socket
import stat
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

from racewatch.core.kind import Procedure, Seen
from racewatch.core.model import KindName, Observation, Owner, Problem, Removable, Target, Verdict
from racewatch.monitor.batch import Batch, HealthState, SourceHealth
from racewatch.monitor.engine import Monitor

DEADLINE = 20.0
CANNOT = 77  # the driver's exit code for "this machine does not allow it", with the reason on stderr
TREE = Path(__file__).resolve().parents[2]


def observe(path: bytes, owner: Owner | None = None) -> Observation | None:
    """One socket node by lstat and a datagram connect; None when the name means no socket."""
    try:
        status = os.lstat(path)
    except OSError:
        return None
    if not stat.S_ISSOCK(status.st_mode):
        return None
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as probe:
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            verdict = Verdict.STALE
        except OSError:
            verdict = Verdict.LIVE
        else:
            verdict = Verdict.LIVE
    return Observation(
        target=Target(KindName.SOCKET, path),
        path=path,
        # A respawned server may get the very inode number back: the change time tells them apart.
        fingerprint=f"{status.st_dev}:{status.st_ino}:{status.st_ctime_ns}:{verdict}",
        verdict=verdict,
        label=str(verdict),
        summary="",
        evidence=(),
        owner=owner if verdict is Verdict.LIVE else None,
        removable=Removable.YES if verdict is Verdict.STALE else Removable.NEVER,
        seen_at=time.time(),
    )


class Nodes:
    """Sockets of the real file system, and no more cleverness than that.

    ``owners`` says who holds which path.  ``on_scan`` runs before each thing a scan yields.
    """

    def __init__(self) -> None:
        self.owners: dict[bytes, Owner] = {}
        self.on_scan: Callable[[], None] = lambda: None
        self.scans = 0

    @property
    def name(self) -> KindName:
        return KindName.SOCKET

    def scan(self, roots: Sequence[bytes]) -> Iterator[Seen]:
        self.scans += 1
        pending = list(roots)
        while pending:
            directory = pending.pop()
            below: list[bytes] = []
            yield from self._directory(directory, below)
            pending += below

    def scan_directory(self, directory: bytes) -> Iterator[Seen]:
        yield from self._directory(directory, [])

    def _directory(self, directory: bytes, below: list[bytes]) -> Iterator[Seen]:
        self.on_scan()
        try:
            if os.path.islink(directory):
                raise NotADirectoryError(20, "is a symbolic link")
            with os.scandir(directory) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        below.append(entry.path)
                    else:
                        seen = self.look(Target(KindName.SOCKET, entry.path))
                        if seen is not None:
                            self.on_scan()
                            yield seen
        except OSError as error:
            yield Problem(directory, str(error.strerror))

    def look(self, target: Target) -> Observation | None:
        return observe(target.locator, self.owners.get(target.locator))

    def scan_names(self, directory: bytes, names: Collection[bytes]) -> Iterator[Seen]:
        for name in names:
            seen = self.look(Target(KindName.SOCKET, os.path.join(directory, name)))
            if seen is not None:
                yield seen

    def procedure(self, target: Target) -> Procedure:
        raise AssertionError("the monitor never acts")


class Follower:
    """A consumer that checks the promises of the batches and holds the state they add up to."""

    def __init__(self, monitor: Monitor, *, keep: int | None = None) -> None:
        """``keep``: so many of the last batches (None: all)."""
        self.monitor = monitor
        self._woken = threading.Event()
        self.wakes = 0
        self.state: dict[bytes, Observation] = {}
        self.batches: deque[Batch] = deque(maxlen=keep)
        self.health: tuple[SourceHealth, ...] = ()
        self.problems: tuple[Problem, ...] = ()
        self.ready = False
        self.subscription = monitor.subscribe(self.wake)

    def wake(self) -> None:
        self.wakes += 1
        self._woken.set()

    def take(self) -> Batch | None:
        """One batch, applied."""
        self._woken.clear()
        batch = self.subscription.take()
        if batch is None:
            return None
        if self.batches:
            assert batch.generation > self.batches[-1].generation
        self.batches.append(batch)
        for observation in batch.added:
            assert observation.target.locator not in self.state
            self.state[observation.target.locator] = observation
        for observation in batch.changed:
            assert observation.target.locator in self.state
            self.state[observation.target.locator] = observation
        for observation in batch.gone:
            del self.state[observation.target.locator]
        assert not (batch.ready and self.ready)
        self.ready = self.ready or batch.ready
        self.health, self.problems = batch.health, batch.problems
        return batch

    def until(self, condition: Callable[[], bool], what: str = "", deadline: float = DEADLINE) -> float:
        """Take batches until the condition holds; returns the seconds it took."""
        started = time.monotonic()
        while True:
            self.take()
            if condition():
                return time.monotonic() - started
            left = started + deadline - time.monotonic()
            if left <= 0 or not self._woken.wait(left):
                raise AssertionError(
                    f"waited {deadline} s in vain for {what or condition}; {self.describe()}"
                )

    def wait(self, seconds: float) -> None:
        """Wait at most so long for something, and take it."""
        if self._woken.wait(seconds):
            self.take()

    def until_ready(self) -> None:
        self.until(lambda: self.ready, "the first complete state")

    def verdict(self, path: bytes) -> Verdict | None:
        observation = self.state.get(path)
        return None if observation is None else observation.verdict

    def has(self, source: str, state: HealthState) -> bool:
        """Whether this source has said something, and that it is so."""
        return any(one.source.startswith(source) and one.state is state for one in self.health)

    def of(self, source: str) -> SourceHealth:
        """The health of the one source whose name begins like this."""
        (health,) = (one for one in self.health if one.source.startswith(source))
        return health

    def describe(self) -> str:
        return f"{len(self.state)} targets, {self.problems}, {self.health}"


_HOLDER = r"""
import os, signal, socket, sys
children = {}
for line in sys.stdin.buffer:
    word, _, argument = line.rstrip(b"\n").partition(b" ")
    if word == b"hold":
        read, write = os.pipe()
        pid = os.fork()
        if pid == 0:
            held = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            held.bind(argument)
            held.listen(4)
            os.write(write, b"1")
            while True:
                signal.pause()
        os.read(read, 1)
        os.close(read)
        os.close(write)
        children[pid] = argument
        with open(f"/proc/{pid}/stat", "rb") as file:
            ticks = file.read().rpartition(b")")[2].split()[19].decode()
        print(pid, ticks, flush=True)
    else:
        pids = [int(word) for word in argument.split()]
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        if word == b"kill":
            print("sent", flush=True)
        for pid in pids:
            os.waitpid(pid, 0)
            del children[pid]
        if word == b"end":
            print("reaped", flush=True)
for pid in children:
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
"""


class Holders:
    """Processes that each hold one listening socket, made and killed on request.

    They are the children of one helper, which has no threads and may therefore fork freely.
    """

    def __enter__(self) -> Self:
        self._helper = subprocess.Popen(
            [sys.executable, "-S", "-c", _HOLDER], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(BrokenPipeError):
            assert self._helper.stdin is not None
            self._helper.stdin.close()
        self._helper.wait(DEADLINE)
        assert self._helper.stdout is not None
        self._helper.stdout.close()

    def _ask(self, line: bytes) -> bytes:
        assert self._helper.stdin is not None
        assert self._helper.stdout is not None
        self._helper.stdin.write(line + b"\n")
        self._helper.stdin.flush()
        return self._helper.stdout.readline()

    def hold(self, path: bytes) -> Owner:
        """A new process with a listening socket of this name."""
        pid, ticks = self._ask(b"hold " + path).split()
        return Owner(int(pid), int(ticks), 0.0, "holder", "tester")

    def hold_all(self, paths: Sequence[bytes]) -> list[Owner]:
        """The same for many, without waiting for each."""
        assert self._helper.stdin is not None
        assert self._helper.stdout is not None
        found = []
        for at in range(0, len(paths), 200):
            some = paths[at : at + 200]
            self._helper.stdin.write(b"".join(b"hold " + path + b"\n" for path in some))
            self._helper.stdin.flush()
            for _ in some:
                pid, ticks = self._helper.stdout.readline().split()
                found.append(Owner(int(pid), int(ticks), 0.0, "holder", "tester"))
        return found

    def kill(self, *owners: Owner) -> None:
        """Returns as soon as all were sent the signal."""
        self._ask(b"kill " + b" ".join(b"%d" % owner.pid for owner in owners))

    def end(self, *owners: Owner) -> None:
        """Returns when they are no processes any more."""
        self._ask(b"end " + b" ".join(b"%d" % owner.pid for owner in owners))


def listen(path: bytes) -> socket.socket:
    """A live socket of this very process."""
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        server.bind(path)
    except OSError:
        server.close()
        raise
    server.listen(1)
    return server


def dead(path: bytes) -> None:
    """A socket node nobody is bound to."""
    listen(path).close()


def fresh(kind: Nodes, roots: Sequence[bytes]) -> dict[bytes, str]:
    """What one look says just now."""
    return {one.target.locator: one.fingerprint for one in kind.scan(roots) if isinstance(one, Observation)}


def told(follower: Follower) -> dict[bytes, str]:
    """What the batches add up to, in the same form."""
    return {path: one.fingerprint for path, one in follower.state.items()}


class Elsewhere:
    """A monitor in another process (``driver.py``), and what it last printed."""

    def __init__(self, *arguments: str, within: Sequence[str] = ()) -> None:
        """``within``: the command that makes its surroundings and starts it there."""
        environment = {**os.environ, "PYTHONPATH": str(TREE)}
        self.process = subprocess.Popen(
            [*within, sys.executable, "-m", "tests.monitor.driver", *arguments],
            cwd=TREE,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
        )
        self._rest = b""
        self.ready = False
        self.state: dict[str, str] = {}
        self.health: dict[str, tuple[str, str, str | None]] = {}
        self.problems: dict[str, str] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self.process.kill()
        _out, words = self.process.communicate(timeout=DEADLINE)
        if kind is None:
            assert self.process.returncode == 0, words
            assert b"Traceback" not in words, words

    def until(self, condition: Callable[[], bool], deadline: float = DEADLINE) -> None:
        """Read what it prints until the condition holds."""
        ends = time.monotonic() + deadline
        while not condition():
            line = self._line(ends)
            if line is None:
                if self.process.poll() == CANNOT and self.process.stderr is not None:
                    pytest.skip(self.process.stderr.read().decode().strip())
                raise AssertionError(f"in vain; {self.state} {self.health} {self.problems}")
            said = json.loads(line)
            self.ready = self.ready or said["ready"]
            self.state, self.problems = said["state"], said["problems"]
            self.health = {source: (one[0], one[1], one[2]) for source, one in said["health"].items()}

    def _line(self, ends: float) -> bytes | None:
        # Unbuffered, because select() cannot see what a buffered reader holds back.
        assert self.process.stdout is not None
        while b"\n" not in self._rest:
            left = ends - time.monotonic()
            if left <= 0 or not select.select([self.process.stdout], [], [], left)[0]:
                return None
            piece = os.read(self.process.stdout.fileno(), 1 << 20)
            if not piece:
                self.process.wait(DEADLINE)
                return None
            self._rest += piece
        line, _newline, self._rest = self._rest.partition(b"\n")
        return line

    def of(self, source: str) -> tuple[str, str, str | None]:
        """State, detail and cure of the one source whose name begins like this."""
        (health,) = (one for name, one in self.health.items() if name.startswith(source))
        return health
