"""Containers in the whole window: a real runtime, the question, and a container that starts meanwhile."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtTest import QAbstractItemModelTester, QTest
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from racewatch.core.model import HistoryEntry, OutcomeWord
from racewatch.core.text import size_text
from racewatch.kinds.containers.bundles import target_of
from racewatch.kinds.containers.state import Runtime
from racewatch.linux import processes
from racewatch.ui.actions import Act
from racewatch.ui.confirm import ConfirmDialog
from racewatch.ui.plan import Doubt
from racewatch.ui.purge import PurgeDialog
from racewatch.ui.strip import Level
from racewatch.ui.window import MainWindow
from tests.containers.support import Machine, machine, make_bundle, runs
from tests.ui.conftest import Opened


@pytest.fixture
def runc(tmp_path: Path) -> Iterator[Machine]:
    folder = tmp_path / "runc"
    folder.mkdir()
    made = machine(Runtime.RUNC, folder)
    yield made
    made.close()


def on_disk(top: Path) -> int:
    return sum(path.lstat().st_blocks * 512 for path in (top, *top.rglob("*")))


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
    index = view.model.index(0, view.shape.at("space"))
    opened.until(lambda: index.data() == size_text(on_disk(runc.bundle)), "its size")
    opened.until(lambda: view.pane.space.text().startswith("Its bundle takes"), "its size beside it")
    assert "its state directory; the bundle stays" in view.pane.space.text(), "it goes on a person's word"
    assert (row.text(view.shape.at("name")), row.text(view.shape.at("runtime"))) == (name, "runc")
    assert row.text(view.shape.path_at) == str(runc.bundle)
    assert view.table.accessibleName() == "Containers"
    runc.run("start", name)
    opened.until(lambda: label(window, runc, name) == "running", "the start")
    opened.until(lambda: "frees" not in view.pane.space.text(), "that what cannot be deleted frees nothing")
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
    assert isinstance(dialog, ConfirmDialog)
    opened.until(dialog.remove.isEnabled, "the beat")
    assert dialog.windowTitle() == f"Delete the container “{name}”?"
    assert dialog.remove.text() == "Delete container"
    texts = [one.text() for one in dialog.findChildren(QLabel)]
    assert any("it is taken away and deleted. This cannot be undone." in text for text in texts)
    opened.until(lambda: "its state directory; the bundle stays" in dialog.space.text(), "what it frees")
    assert dialog.space.isVisible()
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
    assert isinstance(dialog, ConfirmDialog)
    opened.until(dialog.remove.isEnabled, "the beat")
    runc.run("delete", name)
    runc.make("running", name)
    opened.until(lambda: dialog.doubt is not None, "the doubt")
    assert not dialog.remove.isEnabled()
    dialog.reject()
    opened.until(lambda: window.actor.dialog is None, "the end of the question")
    assert runs(runc.pid(name))


def test_one_that_waits_goes_on_a_word_that_says_what_it_kills(opened: Opened, runc: Machine) -> None:
    name = runc.make("created")
    pid = runc.pid(name)
    window = opened_on(opened, runc, name)
    window.actions_table[Act.REMOVE].trigger()
    dialog = window.actor.dialog
    assert isinstance(dialog, ConfirmDialog)
    (said,) = [one.text() for one in dialog.findChildren(QLabel) if "pinned" in one.text()]
    assert f"deleting it kills the waiting process (pid {pid})" in said
    assert said.endswith(f"its waiting process, runc:[2:INIT] (pid {pid}), is killed. This cannot be undone.")
    assert dialog.promise.accessibleName() == (
        f"I take responsibility: its waiting process, runc:[2:INIT] (pid {pid}), is killed"
    )
    opened.until(dialog.promise.isVisible, "the question")
    assert not dialog.remove.isEnabled()
    dialog.promise.setChecked(True)
    opened.until(dialog.remove.isEnabled, "the beat")
    QTest.mouseClick(dialog.remove, Qt.MouseButton.LeftButton)
    opened.until(lambda: not window.actor.busy, "the outcome")
    assert not (runc.root / name).exists()
    assert not runs(pid)
    strip = window.strips.strips()[-1]
    assert strip.level is Level.SUCCESS
    assert not strip.undo_button.isVisible()


def test_one_that_is_started_while_it_is_asked_about(opened: Opened, runc: Machine) -> None:
    name = runc.make("created")
    window = opened_on(opened, runc, name)
    window.actions_table[Act.REMOVE].trigger()
    dialog = window.actor.dialog
    assert isinstance(dialog, ConfirmDialog)
    dialog.promise.setChecked(True)
    opened.until(dialog.remove.isEnabled, "the beat")
    runc.run("start", name)
    opened.until(lambda: dialog.doubt is Doubt.ALIVE, "the doubt")
    assert not dialog.remove.isEnabled()
    assert not dialog.promise.isEnabled()
    dialog.reject()
    opened.until(lambda: window.actor.dialog is None, "the end of the question")
    assert runs(runc.pid(name))


@pytest.fixture
def all_can_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The init of some machines keeps even root from looking into it: then no bundle is proved unused."""
    blind = processes.has_no_files
    monkeypatch.setattr(processes, "has_no_files", lambda pid: pid == 1 or blind(pid))


@pytest.mark.usefixtures("all_can_be_seen")
def test_an_orphaned_bundle_is_taken_away_and_then_freed(opened: Opened, runc: Machine) -> None:
    bundle = make_bundle(Path(os.fsdecode(opened.sandbox.folder)) / "web")
    window = opened.open(state_roots=(runc.state_root,))
    window.actions_table[Act.CONTAINERS].trigger()
    target = target_of(os.fsencode(bundle))
    opened.until(lambda: window.containers.model.find(target) is not None, "its row")
    assert window.containers.table.choose(target)
    window.actions_table[Act.REMOVE].trigger()
    dialog = window.actor.dialog
    assert isinstance(dialog, ConfirmDialog)
    opened.until(dialog.remove.isEnabled, "the beat")
    frees = f"freeing it for good gives back {size_text(on_disk(bundle))}"
    opened.until(lambda: frees in dialog.space.text(), "what it frees")
    QTest.mouseClick(dialog.remove, Qt.MouseButton.LeftButton)
    opened.until(lambda: not window.actor.busy, "the outcome")
    assert not bundle.exists()
    (kept,) = bundle.parent.glob(".racewatch.*")
    window.actions_table[Act.HISTORY].trigger()
    opened.until(lambda: window.history.model.rowCount() == 1, "the journal")
    window.history.table.selectRow(0)
    assert window.history.details.purge.isVisible()
    QTest.mouseClick(window.history.details.purge, Qt.MouseButton.LeftButton)
    (question,) = window.findChildren(PurgeDialog)
    opened.until(question.isVisible, "the question")
    assert not question.free.isEnabled()
    opened.until(question.free.isEnabled, "the beat")
    opened.until(lambda: question.space.text() == f"F{frees[1:]}.", "what it frees")
    QTest.mouseClick(question.free, Qt.MouseButton.LeftButton)
    opened.until(lambda: not kept.exists(), "the end")
    opened.until(lambda: window.history.model.rowCount() == 2, "the journal")
    window.history.table.selectRow(1)
    assert not window.history.details.purge.isVisible()
    assert not window.history.details.undo.isEnabled()


def test_the_question_about_freeing_can_be_left_and_stopped(opened: Opened, qtbot: QtBot) -> None:
    target = target_of(b"/srv/web")
    entry = HistoryEntry(
        "a1", "remove", target, b"/srv/web", 1.0, 2.0, OutcomeWord.DONE, "", None, undoable=True, kept=True
    )
    dialog = PurgeDialog(entry)
    qtbot.addWidget(dialog)
    dialog.open()
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()
    dialog = PurgeDialog(entry)
    qtbot.addWidget(dialog)
    dialog.open()
    opened.until(dialog.free.isEnabled, "the beat")
    dialog.free.click()
    # The Enter that agreed is still down: it does not stop what it began.
    held = QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_Return, Qt.KeyboardModifier.NoModifier, "\r", True)
    for widget in (dialog, dialog.cancel):
        QApplication.sendEvent(widget, held)
    assert dialog.progress(500, 1000)
    opened.until(lambda: "500 B of 1.0 kB" in dialog.bar.format(), "the progress")
    dialog.close()
    assert dialog.isVisible()
    assert not dialog.progress(600, 1000)
    dialog.ended()
    assert not dialog.isVisible()
