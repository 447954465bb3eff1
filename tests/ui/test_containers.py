"""Containers in the whole window: a real runtime, the question, and a container that starts meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester, QTest
from PySide6.QtWidgets import QLabel

from racewatch.kinds.containers.state import Runtime
from racewatch.ui.actions import Act
from racewatch.ui.strip import Level
from racewatch.ui.window import MainWindow
from tests.containers.support import Machine, machine, runs
from tests.ui.conftest import Opened


@pytest.fixture
def runc(tmp_path: Path) -> Iterator[Machine]:
    folder = tmp_path / "runc"
    folder.mkdir()
    made = machine(Runtime.RUNC, folder)
    yield made
    made.close()


def label(window: MainWindow, runc: Machine, name: str) -> str | None:
    row = window.containers.model.find(runc.target(name))
    return None if row is None or row.gone else row.observation.label


def opened_on(opened: Opened, runc: Machine, name: str) -> MainWindow:
    """The window with this container selected."""
    window = opened.open(state_roots=(runc.state_root,))
    window.actions_table[Act.CONTAINERS].trigger()
    opened.until(lambda: label(window, runc, name) is not None, "its row")
    assert window.containers.table.choose(runc.target(name))
    return window


def test_a_container_lives_on_screen(opened: Opened, runc: Machine) -> None:
    name = runc.make("created")
    window = opened_on(opened, runc, name)
    view = window.containers
    QAbstractItemModelTester(view.model, QAbstractItemModelTester.FailureReportingMode.Warning, window)
    row = view.model.find(runc.target(name))
    assert row is not None
    assert (row.text(view.shape.at("name")), row.text(view.shape.at("runtime"))) == (name, "runc")
    assert row.text(view.shape.path_at) == str(runc.bundle)
    assert view.table.accessibleName() == "Containers"
    runc.run("start", name)
    opened.until(lambda: label(window, runc, name) == "running", "the start")
    runc.run("pause", name)
    opened.until(lambda: label(window, runc, name) == "paused", "the pause")
    runc.run("resume", name)
    runc.run("kill", name, "KILL")
    opened.until(lambda: label(window, runc, name) == "stopped", "the end")
    runc.run("delete", name)
    opened.until(lambda: label(window, runc, name) is None, "its removal")


def test_a_stopped_one_is_deleted_and_that_cannot_be_undone(opened: Opened, runc: Machine) -> None:
    name = runc.make("stopped")
    window = opened_on(opened, runc, name)
    window.actions_table[Act.REMOVE].trigger()
    dialog = window.actor.dialog
    assert dialog is not None
    opened.until(dialog.remove.isEnabled, "the beat")
    assert dialog.windowTitle() == f"Delete the container “{name}”?"
    assert dialog.remove.text() == "Delete container"
    texts = [one.text() for one in dialog.findChildren(QLabel)]
    assert any("This cannot be undone" in text for text in texts)
    assert not any("can be undone" in text for text in texts)
    QTest.mouseClick(dialog.remove, Qt.MouseButton.LeftButton)
    opened.until(lambda: not window.actor.busy, "the outcome")
    assert not (runc.root / name).exists()
    strip = window.strips.strips()[-1]
    assert strip.level is Level.SUCCESS
    assert not strip.undo_button.isVisible()


def test_one_that_is_made_anew_while_it_is_asked_about(opened: Opened, runc: Machine) -> None:
    """The button goes off by itself, and says why."""
    name = runc.make("stopped")
    window = opened_on(opened, runc, name)
    window.actions_table[Act.REMOVE].trigger()
    dialog = window.actor.dialog
    assert dialog is not None
    opened.until(dialog.remove.isEnabled, "the beat")
    runc.run("delete", name)
    runc.make("running", name)
    opened.until(lambda: dialog.doubt is not None, "the doubt")
    assert not dialog.remove.isEnabled()
    dialog.reject()
    opened.until(lambda: window.actor.dialog is None, "the end of the question")
    assert runs(runc.pid(name))
