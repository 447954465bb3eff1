"""The monitor on real locks: what the kernel's table tells, contents, heartbeats, well-known places."""

from __future__ import annotations

import fcntl
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

import pytest

from racewatch.core.kind import Seen
from racewatch.core.model import Observation, Target, Verdict
from racewatch.kinds.locks import LocksKind
from racewatch.kinds.locks.patterns import Place
from racewatch.kinds.locks.registry import built_in
from racewatch.kinds.sockets import SocketsKind
from racewatch.monitor.batch import HealthState
from racewatch.monitor.locktable import LockTable
from tests.monitor.conftest import EVENTS_ONLY, Start
from tests.monitor.support import Follower, dead

HOLD = """
import fcntl, sys
for line in sys.stdin:
    word, path = line.rstrip("\\n").split(" ", 1)
    if word == "take":
        kept = open(path, "r+b", buffering=0)
        fcntl.flock(kept, fcntl.LOCK_EX)
    else:
        fcntl.flock(kept, fcntl.LOCK_UN)
    print("done", flush=True)
"""


class Holder:
    """A process that takes one flock and gives it back when told to."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-S", "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def ask(self, word: str, path: bytes) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{word} {os.fsdecode(path)}\n")
        self._process.stdin.flush()
        assert self._process.stdout.readline() == "done\n"

    def close(self) -> None:
        self._process.communicate()


@pytest.fixture
def holder() -> Iterator[Holder]:
    made = Holder()
    yield made
    made.close()


@pytest.fixture
def kind() -> LocksKind:
    return LocksKind(built_in(), well_known_places=False)


def path_of(root: bytes, name: bytes, content: bytes = b"") -> bytes:
    path = os.path.join(root, name)
    with open(path, "wb") as file:
        file.write(content)
    return path


def test_a_lock_that_is_taken_and_given_back_changes_without_any_file_event(
    root: bytes, start: Start, kind: LocksKind, holder: Holder
) -> None:
    os.makedirs(os.path.join(root, b"var/lib/dpkg"))
    lock = path_of(os.path.join(root, b"var/lib/dpkg"), b"lock-frontend")
    follower = Follower(start(kind, root))
    follower.until_ready()
    assert follower.verdict(lock) is Verdict.IDLE
    holder.ask("take", lock)
    follower.until(lambda: follower.verdict(lock) is Verdict.LIVE, "the holder")
    owner = follower.state[lock].owner
    assert owner is not None
    holder.ask("give", lock)
    follower.until(lambda: follower.verdict(lock) is Verdict.IDLE, "the free lock")
    assert follower.has("kernel locks", HealthState.OK)


def test_a_file_that_is_a_lock_only_while_held_appears_and_goes(
    root: bytes, start: Start, kind: LocksKind, holder: Holder
) -> None:
    path = path_of(root, b"some.pid", b"x")
    follower = Follower(start(kind, root))
    follower.until_ready()
    assert follower.verdict(path) is not Verdict.LIVE
    holder.ask("take", path)
    follower.until(lambda: follower.verdict(path) is Verdict.LIVE, "the held file")
    assert follower.state[path].format == "flock-pidfile"


def test_the_end_of_the_process_that_a_lock_names_makes_it_stale_at_once(
    root: bytes, start: Start, kind: LocksKind
) -> None:
    owner = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
    try:
        lock = path_of(root, b"x.lock", f"{owner.pid}\n{socket.gethostname()}\n".encode())
        follower = Follower(start(kind, root))
        follower.until_ready()
        assert follower.verdict(lock) is Verdict.LIVE
        owner.kill()
        owner.wait()
        follower.until(lambda: follower.verdict(lock) is Verdict.STALE, "the left-over")
    finally:
        owner.communicate()


def test_what_is_written_into_a_lock_is_read(root: bytes, start: Start, kind: LocksKind) -> None:
    lock = path_of(root, b"gunicorn.pid", b"")
    follower = Follower(start(kind, root))
    follower.until_ready()
    before = follower.state[lock].fingerprint
    with open(lock, "wb") as file:
        file.write(b"%d\n" % os.getppid())
    follower.until(lambda: follower.state[lock].fingerprint != before, "another content")


class Beating(LocksKind):
    """With heartbeats that beat fast enough for a test; tells of the looks."""

    def __init__(self) -> None:
        super().__init__(built_in(), well_known_places=False)
        self.looks = threading.Semaphore(0)

    def look_again_in(self, seen: Observation) -> float | None:
        return None if super().look_again_in(seen) is None else 0.01

    def look(self, target: Target) -> Observation | None:
        self.looks.release()
        return super().look(target)


def test_heartbeats_are_looked_at_though_nothing_happens(root: bytes, start: Start) -> None:
    os.mkdir(os.path.join(root, b"x.lock"))
    kind = Beating()
    follower = Follower(start(kind, root, settings=replace(EVENTS_ONLY, tick=0.01)))
    follower.until_ready()
    assert follower.state[os.path.join(root, b"x.lock")].format == "proper-lockfile"
    for _ in range(5):
        assert kind.looks.acquire(timeout=10)


class Dwelling(LocksKind):
    """Whose first look at what changed goes on until somebody has seen enough."""

    def __init__(self) -> None:
        super().__init__(built_in(), well_known_places=False)
        self.began, self.enough = threading.Event(), threading.Event()
        self.in_time: list[bool] = []

    def scan_places(self, places: Mapping[bytes, Collection[bytes]]) -> Iterator[Seen]:
        return self._dwell(super().scan_places(places))

    def scan_directory(self, directory: bytes) -> Iterator[Seen]:
        return self._dwell(super().scan_directory(directory))

    def _dwell(self, looks: Iterator[Seen]) -> Iterator[Seen]:
        for one in looks:
            yield one
            if not self.began.is_set():
                self.began.set()
                end = time.monotonic() + 10
                while not self.enough.wait(0.03) and time.monotonic() < end:
                    yield one
                self.in_time.append(self.enough.is_set())


def test_what_appears_is_shown_while_others_are_looked_at(root: bytes, start: Start) -> None:
    kind = Dwelling()
    follower = Follower(start(kind, root))
    follower.until_ready()
    path_of(root, b"gunicorn.pid", b"1\n")
    assert kind.began.wait(10)
    newcomer = path_of(root, b"celery.pid", b"999999999\n")
    follower.until(lambda: newcomer in follower.state, "the newcomer")
    first = follower.state[newcomer]
    assert first.verdict is Verdict.UNKNOWN
    kind.enough.set()
    follower.until(lambda: not follower.state[newcomer].same_as(first), "what it is")
    assert kind.in_time == [True]


class Elsewhere(LocksKind):
    """With a well-known place of the test's choosing."""

    def __init__(self, *places: Place) -> None:
        super().__init__(built_in(), well_known_places=False)
        self.chosen = places

    def places(self) -> Sequence[Place]:
        return tuple(place for place in self.chosen if os.path.isdir(place.folder))


def test_well_known_places_are_watched_beside_the_roots(root: bytes, start: Start, holder: Holder) -> None:
    flat, deep, roots = (os.path.join(root, name) for name in (b"flat", b"deep", b"roots"))
    for folder in (flat, deep, roots):
        os.mkdir(folder)
    os.mkdir(os.path.join(flat, b"below"))
    os.mkdir(os.path.join(deep, b"below"))
    follower = Follower(start(Elsewhere(Place(flat), Place(deep, recursive=True)), roots))
    follower.until_ready()
    assert follower.state == {}
    unwanted = path_of(os.path.join(flat, b"below"), b"gunicorn.pid", b"1\n")
    wanted = [
        path_of(flat, b"gunicorn.pid", b"1\n"),
        path_of(os.path.join(deep, b"below"), b"gunicorn.pid", b"1\n"),
    ]
    follower.until(lambda: all(path in follower.state for path in wanted), "the locks in the places")
    assert unwanted not in follower.state
    assert follower.of("well-known places").state is HealthState.OK
    os.unlink(wanted[0])
    follower.until(lambda: wanted[0] not in follower.state, "the end of a lock there")


def test_a_place_that_appears_is_watched_after_the_next_sweep(root: bytes, start: Start) -> None:
    roots, place = os.path.join(root, b"roots"), os.path.join(root, b"place")
    os.mkdir(roots)
    monitor = start(Elsewhere(Place(place)), roots)
    follower = Follower(monitor)
    follower.until_ready()
    os.mkdir(place)
    first = path_of(place, b"gunicorn.pid", b"1\n")
    monitor.sweep_now()
    follower.until(lambda: first in follower.state, "the sweep")
    second = path_of(place, b"celery.pid", b"1\n")
    follower.until(lambda: second in follower.state, "an event in the new place")


def test_private_names_of_an_act_do_not_flash_but_are_found_by_a_sweep(root: bytes, start: Start) -> None:
    monitor = start(SocketsKind(), root)
    follower = Follower(monitor)
    follower.until_ready()
    private = os.path.join(root, b".racewatch.left-over")
    dead(private)
    marker = os.path.join(root, b"marker")
    dead(marker)
    follower.until(lambda: marker in follower.state, "a name made later")
    assert private not in follower.state
    monitor.sweep_now()
    follower.until(lambda: private in follower.state, "the sweep")


def test_the_table_tells_who_is_concerned_once(root: bytes, holder: Holder) -> None:
    table = LockTable()
    known = path_of(root, b"a.lock")
    table.read()
    seen = next(iter(LocksKind(built_in(), well_known_places=False).scan([root])))
    assert isinstance(seen, Observation)
    assert seen.path == known
    table.observe(seen.target, seen)
    holder.ask("take", known)
    assert table.read().targets == {seen.target}
    assert seen.target not in table.read().targets
    table.observe(seen.target, None)
    new = path_of(root, b"b.lock")
    with open(new, "r+b") as mine:
        fcntl.flock(mine, fcntl.LOCK_EX)
        assert new in table.read().paths
    holder.ask("give", known)
    assert seen.target not in table.read().targets
