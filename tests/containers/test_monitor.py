"""The monitor on real containers: what is told at once, by which source."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from racewatch.core.model import Verdict
from racewatch.monitor.engine import Monitor
from racewatch.monitor.schedule import SweepSettings
from racewatch.monitor.settings import MonitorSettings
from tests.containers.support import Machine
from tests.monitor.support import Follower

#: Sweeps so rare that whatever a test sees came from an event.
EVENTS_ONLY = MonitorSettings(sweeps=SweepSettings(floor=600.0, ceiling=600.0), tick=600.0)


@pytest.fixture
def follower(runc: Machine) -> Iterator[Follower]:
    monitor = Monitor([runc.kind], [], settings=EVENTS_ONLY)
    monitor.start()
    made = Follower(monitor)
    made.until(lambda: made.ready)
    yield made
    assert monitor.stop()


def test_each_change_of_a_container_is_told(runc: Machine, follower: Follower) -> None:
    name = runc.make("created")
    key = runc.target(name).locator

    def is_now(label: str) -> bool:
        return key in follower.state and follower.state[key].label == label

    follower.until(lambda: is_now("created"), "the making")
    runc.run("start", name)
    follower.until(lambda: is_now("running"), "the start, by the FIFO that goes")
    os.kill(runc.pid(name), 9)
    follower.until(lambda: is_now("stopped"), "the end, by the pidfd of the first process")
    assert follower.state[key].verdict is Verdict.STALE
    runc.run("delete", name)
    follower.until(lambda: key not in follower.state, "the removal")


def test_what_happens_in_a_state_root_of_a_thousand_looks(runc: Machine, follower: Follower) -> None:
    """A state directory that fills and empties again and again: at the end it is as it is."""
    folder = runc.root / "busy"
    folder.mkdir()
    for number in range(300):
        (folder / f"f{number}").write_text("")
        (folder / f"f{number}").unlink()
    (folder / "state.json").write_text("{}")
    key = runc.target("busy").locator
    follower.until(lambda: key in follower.state and "all it should" in follower.state[key].summary)
    for one in folder.iterdir():
        one.unlink()
    folder.rmdir()
    follower.until(lambda: key not in follower.state)


def test_the_command_line_says_the_same(runc: Machine, folder: Path) -> None:
    """``scan --engines``, ``explain`` and ``remove`` on the path of a state directory, as a person would."""
    name = runc.make("stopped")
    config = folder / "config" / "racewatch"
    config.mkdir(parents=True)
    (config / "config.toml").write_text(
        f'[containers]\nstate_roots = ["runc:{runc.root}"]\n', encoding="utf-8"
    )
    environment = {
        **os.environ,
        "XDG_CONFIG_HOME": str(folder / "config"),
        "RACEWATCH_STATE_DIR": str(folder / "journal"),
    }

    def racewatch(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "racewatch", *words],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    assert name in racewatch("scan", "--kind", "container").stdout
    assert name not in racewatch("scan", str(folder), "--kind", "container").stdout
    assert name in racewatch("scan", str(folder), "--engines").stdout
    for target in (f"runc:{name}", str(runc.root / name), f"container:runc:{runc.root}:{name}"):
        told = racewatch("explain", target)
        assert told.returncode == 0, told.stderr
        assert "this cannot be undone" in told.stdout
    assert "state is kept in" in racewatch("doctor").stdout
    done = racewatch("remove", f"runc:{name}", "--yes")
    assert (done.returncode, "cannot be undone" in done.stdout) == (0, True)
    assert racewatch("explain", f"runc:{name}").returncode == 13
