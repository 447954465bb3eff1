"""The first look lets somebody who draws have the first rows, and goes on whether that is done or not."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from racewatch.monitor import engine
from racewatch.monitor.engine import Monitor
from tests.monitor.support import Follower, Nodes, dead

#: More than one lot.
_MANY = 600


@pytest.fixture
def crowd(root: bytes) -> Iterator[tuple[Monitor, Nodes]]:
    for number in range(_MANY):
        dead(root + b"/%d.sock" % number)
    kind = Nodes()
    monitor = Monitor([kind], [root])
    yield monitor, kind
    monitor.stop()


def test_it_waits_for_who_draws(crowd: tuple[Monitor, Nodes], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "_DRAWING", 30.0)
    monitor, kind = crowd
    seen, first = 0, threading.Semaphore(0)

    def count() -> None:
        nonlocal seen
        seen += 1

    kind.on_scan = count
    subscription = monitor.subscribe(first.release, draws=True)
    follower = Follower(monitor)
    monitor.start()
    assert first.acquire(timeout=10)
    there = seen
    batch = subscription.take()
    assert batch is not None
    assert 0 < len(batch.added) < _MANY
    assert seen == there
    assert not follower.ready
    subscription.drawn()
    follower.until_ready()
    assert len(follower.state) == _MANY


def test_nobody_who_draws_can_keep_it(crowd: tuple[Monitor, Nodes], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "_DRAWING", 0.01)
    monitor, _ = crowd
    monitor.subscribe(lambda: None, draws=True)
    follower = Follower(monitor)
    monitor.start()
    follower.until_ready()
    assert len(follower.state) == _MANY


def test_it_ends_at_once_while_it_waits(
    crowd: tuple[Monitor, Nodes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "_DRAWING", 30.0)
    monitor, _ = crowd
    woken = threading.Event()
    monitor.subscribe(woken.set, draws=True)
    monitor.start()
    assert woken.wait(10)
    began = time.monotonic()
    assert monitor.stop()
    assert time.monotonic() - began < 4
