"""A root directory, a started monitor that is stopped whatever happens, and holders of sockets."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator

import pytest

from racewatch.core.kind import Kind
from racewatch.monitor.engine import Monitor
from racewatch.monitor.schedule import SweepSettings
from racewatch.monitor.settings import MonitorSettings
from tests.monitor.support import Holders

#: Sweeps so rare that whatever a test sees came from an event.
EVENTS_ONLY = MonitorSettings(sweeps=SweepSettings(floor=600.0, ceiling=600.0), tick=600.0)

Start = Callable[..., Monitor]


@pytest.fixture
def root() -> Iterator[bytes]:
    # Short: a socket address has 108 bytes, and pytest's own folders are long.
    path = os.path.realpath(tempfile.mkdtemp(prefix="rwm"))
    yield os.fsencode(path)
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def start() -> Iterator[Start]:
    """Makes monitors, started; all are stopped at the end, in time."""
    monitors: list[Monitor] = []

    def make(kind: Kind, *roots: bytes, settings: MonitorSettings = EVENTS_ONLY) -> Monitor:
        monitor = Monitor([kind], roots, settings=settings)
        monitors.append(monitor)
        monitor.start()
        return monitor

    yield make
    for monitor in monitors:
        assert monitor.stop()


@pytest.fixture
def holders() -> Iterator[Holders]:
    with Holders() as made:
        yield made
