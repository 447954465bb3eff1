"""The first look lets somebody who draws have the first rows, and goes on whether that is done or not."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from racewatch.core.kind import Seen
from racewatch.core.model import KindName, Observation, Target
from racewatch.monitor import subscription
from racewatch.monitor.batch import HealthState
from racewatch.monitor.engine import Monitor
from racewatch.monitor.schedule import SweepSettings
from racewatch.monitor.settings import MonitorSettings
from tests.monitor.conftest import EVENTS_ONLY
from tests.monitor.support import Follower, Nodes, dead

#: More than is looked at before the first pause.
_MANY = 1200


@pytest.fixture
def crowd(root: bytes) -> Iterator[Monitor]:
    for number in range(_MANY):
        dead(root + b"/%d.sock" % number)
    monitor = Monitor([Nodes()], [root])
    yield monitor
    monitor.stop()


def test_it_goes_on_when_the_first_rows_are_drawn(crowd: Monitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subscription, "_DRAWING", 300.0)
    first = threading.Semaphore(0)
    drawing = crowd.subscribe(first.release, draws=True)
    follower = Follower(crowd)
    crowd.start()
    assert first.acquire(timeout=10)
    batch = drawing.take()
    assert batch is not None
    assert 0 < len(batch.added) < _MANY
    drawing.drawn()
    follower.until_ready()
    assert len(follower.state) == _MANY


def test_it_waits_for_a_moment_at_most(crowd: Monitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subscription, "_DRAWING", 0.2)
    crowd.subscribe(lambda: None, draws=True)
    follower = Follower(crowd)
    began = time.monotonic()
    crowd.start()
    follower.until_ready()
    assert time.monotonic() - began >= 0.2
    assert len(follower.state) == _MANY


def test_it_ends_at_once_while_it_waits(crowd: Monitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subscription, "_DRAWING", 300.0)
    woken = threading.Event()
    crowd.subscribe(woken.set, draws=True)
    crowd.start()
    assert woken.wait(10)
    began = time.monotonic()
    assert crowd.stop()
    assert time.monotonic() - began < 4


class Beside(Nodes):
    """A kind of locks that has a folder of its own, and reads contents."""

    def __init__(self, folder: bytes, log: list[str]) -> None:
        super().__init__()
        self.folder = folder
        self.recursive = True
        self._log = log

    @property
    def name(self) -> KindName:
        return KindName.LOCK

    def places(self) -> list[Beside]:
        return [self]

    def cares_for(self, path: bytes) -> bool:
        return path.endswith(b".pid")

    def scan(self, roots: Sequence[bytes]) -> Iterator[Seen]:
        self._log.append("looked")
        return super().scan([self.folder])

    def look(self, target: Target) -> Observation | None:
        seen = super().look(target)
        return seen and replace(seen, target=Target(KindName.LOCK, target.locator))


def test_what_comes_later_is_made_after_the_first_rows_and_misses_nothing(
    root: bytes, tmp_path: Path
) -> None:
    dead(root + b"/first.sock")
    folder = os.fsencode(tmp_path)
    dead(folder + b"/second.sock")
    log: list[str] = []
    kind = Nodes()
    kind.on_scan = lambda: log.append("scanned")

    def make() -> Beside:
        # Nothing watches the folder yet: this is found by the look that follows.
        dead(folder + b"/third.sock")
        log.append("made")
        return Beside(folder, log)

    monitor = Monitor([kind], [root], later=[make], settings=EVENTS_ONLY)
    follower = Follower(monitor)
    try:
        monitor.start()
        follower.until_ready()
        assert log.index("scanned") < log.index("made") < log.index("looked")
        assert set(follower.state) == {
            root + b"/first.sock",
            folder + b"/second.sock",
            folder + b"/third.sock",
        }
        dead(folder + b"/fourth.sock")
        follower.until(lambda: folder + b"/fourth.sock" in follower.state)
    finally:
        assert monitor.stop()


def test_what_cannot_be_made_is_told_and_tried_again(
    root: bytes, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    dead(root + b"/first.sock")
    tries: list[None] = []

    def make() -> Nodes:
        tries.append(None)
        if len(tries) == 1:
            raise RuntimeError("it cannot be made")
        return Beside(os.fsencode(tmp_path), [])

    quick = MonitorSettings(sweeps=SweepSettings(floor=0.05, ceiling=0.2, spacing=0.0), tick=0.05)
    monitor = Monitor([Nodes()], [root], later=[make], settings=quick)
    follower = Follower(monitor)
    try:
        monitor.start()
        follower.until(lambda: follower.has("worker", HealthState.FAILED))
        follower.until_ready()
        assert len(tries) == 2
        assert "it cannot be made" in caplog.text
    finally:
        assert monitor.stop()
