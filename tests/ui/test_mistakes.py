"""A mistake anywhere ends in the strip and in the log: never in silence, never in a dead window."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from racewatch import crashlog
from racewatch.config import state_dir
from racewatch.ui.bridge import Bridge
from racewatch.ui.mistakes import Mistakes
from racewatch.ui.strip import Level, StripArea
from racewatch.ui.theme import Look
from tests.ui.sandbox import Sandbox
from tests.ui.support import Clock

ROOT = Path(__file__).resolve().parents[2]
KINDS = (
    "a slot",
    "a QTimer",
    "paintEvent",
    "showEvent",
    "data",
    "eventFilter",
    "a finaliser",
    "a task",
    "a task of nobody",
    "a callback",
    "a late callback",
    "a reader",
    "a wake-up",
    "a job",
    "a thread",
    "the monitor",
    "a look",
    "the monitor's wake",
    "the question's look",
    "the act",
)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the window said to each kind of mistake, and what the log has."""
    place = tmp_path_factory.mktemp("mistakes")
    (place / "run").mkdir()
    with Sandbox(os.fsencode(place / "run")) as sandbox:
        sandbox.dead(b"one.sock")
        sandbox.dead(b"two.sock")
        environment = {**os.environ, "XDG_CONFIG_HOME": str(place), "RACEWATCH_STATE_DIR": str(place / "log")}
        words = ["-m", "tests.ui.make_mistakes", os.fsdecode(sandbox.folder), str(place / "state")]
        done = subprocess.run(
            [sys.executable, *words],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
    assert done.returncode == 0, done.stderr[-2000:]
    return {**json.loads(done.stdout), "log": (place / "log/crash.log").read_text()}


def test_every_kind_of_mistake_was_made(told: dict[str, Any]) -> None:
    assert {*told} - {"log"} == {*KINDS}


@pytest.mark.parametrize("kind", KINDS)
def test_a_mistake_is_told_and_kept_and_the_window_works_on(told: dict[str, Any], kind: str) -> None:
    one = told[kind]
    assert "missing" not in one, one["missing"]
    assert "Traceback" not in one["said"]
    assert "crash.log" in one["said"]
    assert "Traceback (most recent call last)" in one["copied"]
    assert f"made in {kind}" in one["copied"].splitlines()[-1]
    assert f"made in {kind}" in told["log"]
    assert one["works"]


def test_a_mistake_in_every_painting_is_told_once_with_how_often(told: dict[str, Any]) -> None:
    one = told["paintEvent"]
    assert one["painted"] > 20
    assert one["strips"] == 1
    assert " times." in one["said"]
    assert told["log"].count("Mistake: made in paintEvent") <= 4  # the first, the tenth, the hundredth, …


def raised(number: int) -> Exception:
    try:
        raise ValueError(f"number {number}")
    except ValueError as error:
        return error


def test_what_was_closed_stays_closed_until_it_was_quiet_for_long(
    qtbot: QtBot, qapp: QApplication, bridge: Bridge, look: Look
) -> None:
    area, clock = StripArea(look), Clock()
    qtbot.addWidget(area)
    mistakes = Mistakes(bridge, area, area, clock)
    for number in range(1000):
        mistakes.tell("counting", raised(number))
    (strip,) = area.strips()
    assert strip.level is Level.ERROR
    qtbot.waitUntil(lambda: "1,000 times" in strip.text, timeout=5000)
    assert strip.accessibleName().endswith(strip.text)
    log = (Path(os.fsdecode(state_dir())) / "crash.log").read_text()
    assert [line.rpartition(": ")[2] for line in log.splitlines() if line.startswith("---")] == [
        "counting",
        "counting, 10 times",
        "counting, 100 times",
        "counting, 1000 times",
    ]
    strip.dismiss()
    clock.now += 50
    mistakes.tell("counting", raised(1))
    assert area.strips() == []
    clock.now += 61
    mistakes.tell("counting", raised(2))
    (again,) = area.strips()
    assert "number 2" in again.text
    mistakes.tell("counting", KeyError("other"))
    assert len(area.strips()) == 2


def test_a_log_that_cannot_be_kept_is_said(
    qtbot: QtBot, bridge: Bridge, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RACEWATCH_STATE_DIR", "/proc/none")
    assert "could not be kept" in crashlog.record(ValueError("x"), "looking")
    area = StripArea(look)
    qtbot.addWidget(area)
    Mistakes(bridge, area, area).tell("looking", ValueError("x"))
    assert "could not be kept in /proc/none/crash.log" in area.strips()[0].text
