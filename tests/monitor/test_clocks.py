"""What the clock on the wall says means nothing to the monitor; that the machine slept does."""

from __future__ import annotations

import ast
import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

import racewatch.monitor
from racewatch.core.kind import Seen
from racewatch.core.model import Verdict
from racewatch.kinds.sockets import SocketsKind
from racewatch.monitor.batch import HealthState
from racewatch.monitor.schedule import SweepSettings
from racewatch.monitor.settings import MonitorSettings
from tests.monitor.conftest import EVENTS_ONLY, Start
from tests.monitor.support import DEADLINE, Elsewhere, Follower, Holders, Nodes, dead, listen

YEARS = 20 * 365.25 * 86400


class Wall:
    """The clock on the wall, which anybody may set."""

    def __init__(self) -> None:
        self.set_by = 0.0
        self._true = time.time

    def __call__(self) -> float:
        return self._true() + self.set_by


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> Wall:
    made = Wall()
    monkeypatch.setattr(time, "time", made)
    return made


class Counting(SocketsKind):
    """Tells of each sweep as it begins."""

    sweeps = threading.Semaphore(0)

    def scan(self, roots: Sequence[bytes]) -> Iterator[Seen]:
        self.sweeps.release()
        return super().scan(roots)


@pytest.mark.parametrize("step", [-YEARS, -3600.0, 3600.0, YEARS])
def test_a_step_of_the_wall_clock_changes_no_row_and_hides_none(
    root: bytes, start: Start, holders: Holders, wall: Wall, step: float
) -> None:
    path, other = root + b"/a.sock", root + b"/b.sock"
    owner = holders.hold(path)
    dead(other)
    settings = MonitorSettings(sweeps=SweepSettings(floor=0.05, ceiling=0.1), tick=0.05)
    kind = Counting(patient=False)
    follower = Follower(start(kind, root, settings=settings))
    follower.until_ready()
    follower.until(lambda: follower.of("process exits").detail.startswith("1 "))
    wall.set_by = step
    # When the third sweep after the step begins, two have seen everything with the other clock.
    while kind.sweeps.acquire(blocking=False):
        pass
    for _ in range(3):
        assert kind.sweeps.acquire(timeout=DEADLINE)
    batch = follower.take()
    assert batch is None or not (batch.added or batch.changed or batch.gone)
    assert follower.has("file events", HealthState.OK)
    holders.kill(owner)
    follower.until(lambda: follower.verdict(path) is Verdict.STALE, "the death")
    with listen(root + b"/new.sock"):
        follower.until(lambda: follower.verdict(root + b"/new.sock") is Verdict.LIVE, "the newcomer")
    os.unlink(other)
    follower.until(lambda: other not in follower.state, "the end")


def test_nothing_in_the_monitor_reads_the_wall_clock_but_to_tell_people() -> None:
    """Every call of time.time(), by the function it is in: new ones have to say here what they are for."""
    allowed = {("looks.py", "sweep_kind")}  # the time of day of the last complete look, for people
    found = set()
    for file in Path(racewatch.monitor.__file__).parent.glob("*.py"):
        for function in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(function, ast.FunctionDef):
                calls = {ast.unparse(one.func) for one in ast.walk(function) if isinstance(one, ast.Call)}
                if calls & {"time.time", "time.time_ns", "time.localtime", "datetime.now"}:
                    found.add((file.name, function.name))
    assert found == allowed


def test_after_a_suspend_everything_is_looked_at_again(
    root: bytes, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What happened meanwhile was told to nobody: here a server that let go, which no event tells at all."""
    slept = 0.0
    true: Callable[[int], float] = time.clock_gettime

    def asleep_too(clock: int) -> float:
        return true(clock) + (slept if clock == time.CLOCK_BOOTTIME else 0.0)

    monkeypatch.setattr(time, "clock_gettime", asleep_too)
    server = listen(root + b"/a.sock")
    kind = Nodes()
    settings = MonitorSettings(sweeps=EVENTS_ONLY.sweeps, tick=0.05)
    follower = Follower(start(kind, root, settings=settings))
    follower.until_ready()
    server.close()
    assert kind.scans == 1
    slept = 8 * 3600.0
    follower.until(lambda: follower.verdict(root + b"/a.sock") is Verdict.STALE, "the look after waking")
    assert kind.scans == 2
    assert follower.has("file events", HealthState.OK)  # nothing was lost by anybody's fault


def _has_time_namespaces() -> bool:
    tried = subprocess.run(["unshare", "--time", "true"], check=False, capture_output=True)
    return tried.returncode == 0


@pytest.mark.parametrize("back", [True, False], ids=["back", "forth"])
def test_in_a_time_namespace_the_monitor_goes_on_as_anywhere(root: bytes, *, back: bool) -> None:
    """Other CLOCK_MONOTONIC and CLOCK_BOOTTIME than the rest of the machine has."""
    if not _has_time_namespaces():
        pytest.skip("no time namespaces here, or not for this user")
    offset = round(60 - time.monotonic()) if back else 400 * 86400
    words = ["unshare", "--time", "--fork", f"--monotonic={offset}", f"--boottime={offset}"]
    with Elsewhere("--sweeps", "0.1", os.fsdecode(root), within=words) as other:
        other.until(lambda: other.ready)
        server = listen(root + b"/a.sock")
        other.until(lambda: other.state == {os.fsdecode(root) + "/a.sock": "live"})
        server.close()  # only a sweep tells
        other.until(lambda: other.state == {os.fsdecode(root) + "/a.sock": "stale"})


def test_a_sweep_asked_for_during_a_sweep_looks_again_at_what_that_one_has_passed(
    root: bytes, start: Start
) -> None:
    servers = [listen(root + b"/%d.sock" % number) for number in range(3)]
    kind = Nodes()
    monitor = start(kind, root, settings=MonitorSettings(sweeps=EVENTS_ONLY.sweeps, slice=0.0))
    follower = Follower(monitor)
    follower.until_ready()

    def let_go_behind_its_back() -> None:
        # Called before each thing that a scan yields: now all of them have been probed but not the last told.
        calls.append(len(calls))
        if len(calls) == 4:
            for server in servers:
                server.close()
            monitor.sweep_now()

    calls: list[int] = []
    kind.on_scan = let_go_behind_its_back
    monitor.sweep_now()
    follower.until(
        lambda: all(follower.verdict(root + b"/%d.sock" % number) is Verdict.STALE for number in range(3))
    )
    assert kind.scans == 3
