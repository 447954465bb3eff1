"""The pages of the Help menu: a real drill, what a report needs, the first start."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import PySide6
import pytest
from PySide6.QtCore import QSettings, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QDialog, QLabel, QLineEdit, QPlainTextEdit
from pytestqt.qtbot import QtBot

from racewatch import __version__
from racewatch.cli.machine import Check, State
from racewatch.drill.contest import Arm, Contest, ContestName, Drill, Standing
from racewatch.ui import diagnostics
from racewatch.ui.actions import Act
from racewatch.ui.bridge import Bridge
from racewatch.ui.drill_chart import DrillChart
from racewatch.ui.drill_dialog import DrillDialog
from racewatch.ui.theme import DARK, Look
from racewatch.ui.welcome import WelcomeDialog
from tests.ui.conftest import Opened


def names_are_given(dialog: QDialog) -> None:
    for kind in (QAbstractButton, QLineEdit, QPlainTextEdit):
        for control in dialog.findChildren(kind):
            assert control.accessibleName(), control


@pytest.fixture
def place() -> Iterator[Path]:
    # tmpfs where there is one: below a container's overlay nothing is ever proved.
    with tempfile.TemporaryDirectory(dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None) as made:
        yield Path(made)


@pytest.fixture
def page(
    qtbot: QtBot, look: Look, bridge: Bridge, place: Path, monkeypatch: pytest.MonkeyPatch
) -> DrillDialog:
    monkeypatch.setattr("racewatch.drill.run._AT_ONCE", 1)  # one adversary is enough to draw
    made = DrillDialog(look, bridge, seconds=0.25)
    qtbot.addWidget(made)
    made.folder.setText(str(place))
    made.show()
    return made


def test_a_drill_is_watched_to_its_verdict(qtbot: QtBot, page: DrillDialog, place: Path) -> None:
    names_are_given(page)
    QTest.mouseClick(page.start, Qt.MouseButton.LeftButton)
    assert page.running
    assert page.start.text() == "Stop"
    assert not page.folder.isEnabled()
    qtbot.waitUntil(lambda: not page.running, timeout=60_000)
    assert "racewatch lost nothing" in page.result_text or "Even then it lost nothing" in page.result_text
    for name in ContestName:
        assert name.race in page.chart.accessibleDescription()
    assert "has not begun" not in page.chart.accessibleDescription()
    assert os.listdir(place) == []
    page.copy.click()
    assert QGuiApplication.clipboard().text() == page.result_text
    assert page.start.isEnabled()


def test_a_drill_can_be_stopped_and_cleans_up(qtbot: QtBot, page: DrillDialog, place: Path) -> None:
    page.start.click()
    qtbot.waitUntil(lambda: "has not begun" not in page.chart.lines()[0].partition(";")[0], timeout=30_000)
    page.start.click()
    qtbot.waitUntil(lambda: not page.running, timeout=30_000)
    assert page.result_text.startswith("Stopped after")
    assert os.listdir(place) == []


def test_where_there_can_be_no_drill(qtbot: QtBot, page: DrillDialog) -> None:
    page.folder.setText("some/where")
    page.start.click()
    assert not page.running
    assert "whole path" in page.said.label.text()
    page.folder.setText("/proc/self")
    page.start.click()
    qtbot.waitUntil(lambda: not page.running, timeout=10_000)
    assert "There was no drill: no folder for the drill can be made in /proc/self" in page.said.label.text()


def test_what_a_drill_means_looks_like_it(page: DrillDialog) -> None:
    def held(lost: int, problem: str | None = None) -> Drill:
        arms = Arm(9, 5, {"deleted": 5}), Arm(9, lost, {"done": 1})
        return Drill(b"/x", "ext4", 1.0, tuple(Contest(name, *arms) for name in ContestName), problem)

    for drill, level in ((held(0), "live"), (held(1), "danger"), (held(0, "it overwrites"), "danger")):
        page._show(drill, stopped=False)
        assert page.said.property("level") == level


def test_the_chart_draws_both_cleaners_on_one_scale(qtbot: QtBot, look: Look) -> None:
    chart = DrillChart(look, 1.0)
    qtbot.addWidget(chart)
    chart.resize(640, chart.sizeHint().height())
    chart.show()
    empty = chart.grab().toImage()
    for ours, lost in ((False, 8), (True, 0)):
        for step in range(3):
            chart.add(Standing(ContestName.SERVER, ours, step / 2, 50 * step, lost * step))
    assert chart.lines()[0].endswith("check, then delete lost 16 of 100; racewatch lost 0 of 100")
    drawn = chart.grab().toImage()
    assert drawn != empty
    look.choose(type(look.theme).DARK)
    assert chart.grab().toImage() != drawn
    assert look.colours == DARK
    chart.clear()
    assert "has not begun" in chart.accessibleDescription()


def test_about_says_what_it_is_made_of_and_what_doctor_says(opened: Opened) -> None:
    window = opened.open(wait=False)
    window.actions_table[Act.ABOUT].trigger()
    about = window.help.about
    assert about is not None
    names_are_given(about)
    opened.until(about.copy.isEnabled, "the diagnostics")
    about.copy.click()
    text = QGuiApplication.clipboard().text()
    assert f"racewatch: {__version__}" in text
    assert f"PySide6: {PySide6.__version__}" in text
    assert "psutil: " in text
    assert "[ok] journal" in text
    about.close()


def test_diagnostics_hold_no_secret() -> None:
    found = [
        Check("engine", State.INFO, "remote: tcp://joe:secret@host:2376/x?token=secret, not watched"),
        Check("name", State.OK, "one\x1b[31m line", "a cure"),
    ]
    text = diagnostics.report([("racewatch", "1")], found)
    assert "secret" not in text
    assert "host:2376" in text
    assert "\x1b" not in text
    assert "Cure: a cure." in text


def test_the_first_run_page_comes_once(opened: Opened, tmp_path: Path) -> None:
    window = opened.open(wait=False)
    window.help.welcome_once()
    page = window.help.welcome
    assert isinstance(page, WelcomeDialog)
    assert page.isVisible()
    names_are_given(page)
    told = " ".join(label.text() for label in page.findChildren(QLabel))
    assert "What it never does" in told
    assert os.fsdecode(opened.sandbox.folder) in told
    page.close_button.click()
    assert not page.isVisible()
    window.help.welcome_once()
    assert not page.isVisible()
    assert QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat).contains("welcome/seen")
    window.actions_table[Act.WELCOME].trigger()
    assert page.isVisible()
    page.close()


def test_the_window_closes_in_the_middle_of_a_drill(opened: Opened, place: Path) -> None:
    window = opened.open(wait=False)
    window.actions_table[Act.DRILL].trigger()
    page = window.help.drill
    assert page is not None
    page.folder.setText(str(place))
    page.start.click()
    opened.until(lambda: os.listdir(place), "the drill's folder")
    done = opened.bridge.spawn(window.shut_down(), "shutting down")
    opened.until(done.done, "the end")
    assert os.listdir(place) == []
