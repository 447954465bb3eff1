"""A world that does not stand still: afterwards the inventory is what a fresh look says, and nothing has grown.

The short runs are the same code as the long ones.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import pytest

from racewatch.core.model import Observation, Verdict
from racewatch.kinds.sockets import SocketsKind
from racewatch.monitor.engine import Monitor
from racewatch.monitor.schedule import SweepSettings
from racewatch.monitor.settings import MonitorSettings
from tests.monitor.churn import (
    PATIENCE,
    Footprint,
    Said,
    Scale,
    World,
    difference,
    pidfds,
    said,
    soak_seconds,
)
from tests.monitor.conftest import EVENTS_ONLY, Start
from tests.monitor.support import Follower, Holders, Nodes, dead

#: Few rows and many changes: after the first part each of them was somebody else's several times.
SHORT = Scale(rows=200, changes=2000)
LONG = pytest.param(
    Scale(rows=10_000, changes=60_000), marks=[pytest.mark.long, pytest.mark.timeout(900)], id="long"
)
#: Sweeps are part of it: what no event tells is found by them.
SWEEPING = MonitorSettings(sweeps=SweepSettings(floor=0.3, ceiling=2.0, active_share=0.3), tick=0.3)


@pytest.fixture
def world(root: bytes) -> Iterator[World]:
    with World(root) as made:
        yield made


def fresh(root: bytes) -> dict[bytes, Said]:
    """What one look of somebody who knows nothing yet says just now."""
    kind = SocketsKind(patient=False)
    return said(one for one in kind.scan([root]) if isinstance(one, Observation))


def settle(root: bytes, *followers: Follower) -> None:
    """Wait until all of them say what is so; the world stands still."""
    wanted = fresh(root)
    for follower in followers:
        try:
            follower.until(lambda: said(follower.state.values()) == wanted, "what is so", PATIENCE)  # noqa: B023 - called at once
        except AssertionError as error:
            seen = said(follower.state.values())
            raise AssertionError(f"{difference(wanted, seen)}; {error}") from None


def churn(world: World, follower: Follower, changes: int, rate: float, *, silent: bool) -> float:
    """Take batches as they come while the world changes; returns the rate it reached."""
    world.begin("churn", changes=changes, rate=rate, silent=silent)
    while not world.is_done():
        follower.wait(0.05)
    return float(world.answer()["rate"])


def churned(
    root: bytes, world: World, monitor: Monitor, scale: Scale, *, silent: bool
) -> tuple[Footprint, Footprint]:
    """Churn in two equal parts, each ended by the same world at rest; the footprints then."""
    # One takes as it comes, the other not at all until the end.
    follower, slow = Follower(monitor, keep=1), Follower(monitor, keep=1)
    follower.until(lambda: len(follower.state) == scale.rows, "all rows", PATIENCE)
    found = []
    for _part in range(2):
        churn(world, follower, scale.changes // 2, scale.rate, silent=silent)
        settle(root, follower, slow)
        world.ask("calm")
        settle(root, follower, slow)
        assert len(follower.state) == scale.rows
        assert pidfds() <= len({one.owner for one in follower.state.values()})
        found.append(Footprint.at_rest())
    return found[0], found[1]


@pytest.mark.parametrize("scale", [pytest.param(SHORT, id="short"), LONG])
@pytest.mark.parametrize(
    ("settings", "silent"),
    [pytest.param(EVENTS_ONLY, False, id="events"), pytest.param(SWEEPING, True, id="sweeps")],
)
def test_after_churn_the_inventory_is_what_a_fresh_look_says_and_nothing_has_grown(
    root: bytes, start: Start, world: World, settings: MonitorSettings, silent: bool, scale: Scale
) -> None:
    world.ask("fill", rows=scale.rows)
    monitor = start(SocketsKind(patient=False), root, settings=settings)
    first, second = churned(root, world, monitor, scale, silent=silent)
    # A row may hold a few equal values twice (its target as a key and in the observation), but no more with time
    # (and the allocator keeps the holes of a churned heap).  A kilobyte left behind by each change would show.
    second.assert_no_more_than(first, values=2 * scale.rows, megabytes=8 + scale.rows // 625)


@pytest.mark.soak
@pytest.mark.timeout(0)
def test_soak(root: bytes, start: Start, world: World, request: pytest.FixtureRequest) -> None:
    """The default settings, and all kinds of changes, for a long time: what it holds stays flat."""
    rows, rate = 10_000, 300.0
    world.ask("fill", rows=rows)
    follower = Follower(start(SocketsKind(patient=False), root, settings=MonitorSettings()), keep=1)
    follower.until(lambda: len(follower.state) == rows, "all rows", PATIENCE)
    ends = time.monotonic() + soak_seconds(request.config)
    first: Footprint | None = None
    while first is None or time.monotonic() < ends:
        churn(world, follower, round(rate * 50), rate, silent=True)
        settle(root, follower)
        world.ask("calm")
        settle(root, follower)
        now = Footprint.at_rest()
        first = now if first is None else first
        now.assert_no_more_than(first, values=2 * rows, megabytes=16)


@pytest.mark.parametrize(
    "files",
    [pytest.param(20_000, id="short"), pytest.param(100_000, marks=pytest.mark.long, id="long")],
)
def test_a_storm_of_files_that_stay_hides_nothing(
    root: bytes, start: Start, world: World, files: int
) -> None:
    """More events than the kernel's queue holds; what counts comes in the middle of it and after it."""
    settings = MonitorSettings(sweeps=SweepSettings(floor=1.0, ceiling=600.0), tick=1.0)
    follower = Follower(start(SocketsKind(patient=False), root, settings=settings), keep=1)
    follower.until_ready()
    storm = root + b"/storm"
    world.begin("storm", folder=os.fsdecode(storm), files=files)
    dead(root + b"/meanwhile.sock")
    follower.until(lambda: root + b"/meanwhile.sock" in follower.state)
    assert world.answer() == files
    dead(storm + b"/after.sock")
    follower.until(lambda: set(follower.state) == {root + b"/meanwhile.sock", storm + b"/after.sock"})
    assert world.ask("clear", folder=os.fsdecode(storm)) == files
    os.unlink(storm + b"/after.sock")
    follower.until(lambda: set(follower.state) == {root + b"/meanwhile.sock"})


@pytest.mark.parametrize(
    ("count", "most"),
    [pytest.param(400, 300, id="short"), pytest.param(2000, 1500, marks=pytest.mark.long, id="long")],
)
def test_owners_beyond_the_descriptors_die_at_once(
    root: bytes, start: Start, holders: Holders, count: int, most: int
) -> None:
    """As many are followed as there are descriptors for; the rest is told, and left to the sweeps."""
    kind = Nodes()
    paths = [root + b"/%d.sock" % number for number in range(count)]
    kind.owners.update(zip(paths, holders.hold_all(paths), strict=True))
    before = len(os.listdir("/proc/self/fd"))
    settings = MonitorSettings(sweeps=SweepSettings(floor=0.5, ceiling=1.0), max_owners=most)
    follower = Follower(start(kind, root, settings=settings))
    follower.until(
        lambda: follower.ready and f"{count - most} of {count}" in follower.of("process exits").detail
    )
    assert pidfds() == most
    assert all(one.verdict is Verdict.LIVE for one in follower.state.values())
    holders.kill(*kind.owners.values())
    follower.until(
        lambda: pidfds() <= most and all(one.verdict is Verdict.STALE for one in follower.state.values())
    )
    assert set(follower.state) == set(kind.owners)
    follower.until(lambda: follower.of("process exits").detail.startswith("0 owners"))
    assert pidfds() == 0
    # watchdog's, the worker's, this very listing's: nothing that grows with the owners.
    assert len(os.listdir("/proc/self/fd")) < before + 20
