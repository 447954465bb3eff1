"""Locks in the whole window: real lock files, real holders, the question, the remedy, undo."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QAbstractItemModelTester, QTest

from racewatch.core.model import Verdict
from racewatch.ui.actions import Act
from racewatch.ui.confirm import RESPONSIBILITY, ConfirmDialog
from racewatch.ui.question import BEAT_MS
from racewatch.ui.remedy import RemedyDialog
from racewatch.ui.strip import Level
from racewatch.ui.table_row import Row
from racewatch.ui.window import MainWindow
from tests.ui.conftest import Opened
from tests.ui.lockers import Lockers, dead_pid
from tests.ui.sandbox import Sandbox


@pytest.fixture
def lockers(sandbox: Sandbox, tmp_path: Path) -> Iterator[Lockers]:
    with Lockers(Path(os.fsdecode(sandbox.folder)), tmp_path / "bin") as made:
        yield made


def row_of(window: MainWindow, path: bytes) -> Row | None:
    model = window.locks.model
    rows = (model.row_at(number) for number in range(model.rowCount()))
    return next((row for row in rows if row is not None and row.observation.path == path), None)


def choose(opened: Opened, window: MainWindow, path: bytes) -> Row:
    window.actions_table[Act.LOCKS].trigger()
    opened.until(lambda: row_of(window, path) is not None, f"a row for {path!r}")
    row = row_of(window, path)
    assert row is not None
    assert window.locks.table.choose(row.observation.target)
    return row


def test_locks_are_shown_with_program_holder_and_host(opened: Opened, lockers: Lockers) -> None:
    (held,) = lockers.hold("backupd", "flock:held.lock")
    left = lockers.mercurial("work")
    window = opened.open()
    QAbstractItemModelTester(
        window.locks.model, QAbstractItemModelTester.FailureReportingMode.Warning, window
    )
    row = choose(opened, window, held)
    shape = window.locks.shape
    assert row.observation.verdict is Verdict.LIVE
    assert row.text(shape.at("holder")).startswith("backupd (")
    row = choose(opened, window, left)
    assert row.text(shape.at("program")) == "Mercurial"
    assert row.text(shape.at("host")) == os.uname().nodename
    assert window.locks.table.accessibleName() == "Locks"


def ask(opened: Opened, window: MainWindow) -> ConfirmDialog:
    """Open the question, see that it wants a tick, and give it."""
    window.actions_table[Act.REMOVE].trigger()
    dialog = window.actor.dialog
    assert isinstance(dialog, ConfirmDialog)
    opened.until(dialog.isVisible, "the question")
    assert dialog.windowTitle() == "Break the lock “index.lock”?"
    assert dialog.remove.text() == "Break lock"
    assert (dialog.promise.isVisible(), dialog.promise.isChecked()) == (True, False)
    assert dialog.promise.accessibleName() == RESPONSIBILITY
    opened.qtbot.wait(BEAT_MS + 100)
    assert not dialog.remove.isEnabled()
    dialog.promise.setChecked(True)
    opened.until(dialog.remove.isEnabled, "the beat")
    return dialog


def test_a_lock_without_proof_is_broken_on_a_tick_and_undone(opened: Opened, lockers: Lockers) -> None:
    lock = lockers.git("repository")
    window = opened.open()
    choose(opened, window, lock)
    ask(opened, window).reject()
    opened.until(lambda: window.actor.dialog is None, "the end of the question")
    # The tick is never remembered.
    dialog = ask(opened, window)
    QTest.mouseClick(dialog.remove, Qt.MouseButton.LeftButton)
    opened.until(lambda: not window.actor.busy, "the outcome")
    assert not os.path.lexists(lock)
    strip = window.strips.strips()[-1]
    assert strip.level is Level.SUCCESS
    strip.undo_button.click()
    opened.until(lambda: os.path.lexists(lock), "the lock back")
    opened.until(lambda: not window.actor.busy, "the end of the undo")


def test_what_only_its_own_program_breaks_shows_the_command(opened: Opened, lockers: Lockers) -> None:
    lock = lockers.mercurial("work")
    window = opened.open()
    choose(opened, window, lock)
    assert not window.locks.pane.remove.isEnabled()
    window.actions_table[Act.REMOVE].trigger()
    assert window.actor.dialog is None
    dialog = next(one for one in window.findChildren(RemedyDialog) if one.isVisible())
    commands = [one for one in dialog.commands if "debuglocks" in one.text.toPlainText()]
    assert len(commands) == 1
    QTest.mouseClick(commands[0].copy, Qt.MouseButton.LeftButton)
    assert "--force-free-lock" in QGuiApplication.clipboard().text()
    assert dialog.close_button.isDefault()
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    opened.until(lambda: not window.findChildren(RemedyDialog), "the dialog to go")
    assert os.path.lexists(lock)


def test_what_is_meant_to_stay_is_said_to_be(opened: Opened, lockers: Lockers) -> None:
    lock = lockers.write("var/lib/dpkg/lock-frontend", "")
    window = opened.open()
    choose(opened, window, lock)
    assert window.locks.pane.remove.toolTip() != ""
    window.actions_table[Act.REMOVE].trigger()
    dialog = next(one for one in window.findChildren(RemedyDialog) if one.isVisible())
    assert "it is never removed" in dialog.windowTitle()
    assert ["dpkg" in box.text.toPlainText() for box in dialog.commands] == [True]
    dialog.close()


def test_a_lock_of_an_owner_that_ends_turns_stale_on_screen(opened: Opened, lockers: Lockers) -> None:
    window = opened.open()
    pid = dead_pid()
    lock = lockers.write("gunicorn.pid", f"{pid}\n")
    choose(opened, window, lock)
    opened.until(
        lambda: (row := row_of(window, lock)) is not None and row.observation.verdict is Verdict.STALE,
        "the left-over",
    )


def test_grouping_keeps_programs_together(opened: Opened, lockers: Lockers) -> None:
    lockers.git("one")
    lockers.git("two")
    lockers.mercurial("work")
    window = opened.open()
    window.actions_table[Act.LOCKS].trigger()
    opened.until(lambda: window.locks.model.rowCount() >= 3, "the locks")
    group = window.locks.filters.group
    assert group is not None
    assert window.sockets.filters.group is None
    QTest.mouseClick(group, Qt.MouseButton.LeftButton)
    model = window.locks.model
    programs = [
        row.group() for number in range(model.rowCount()) if (row := model.row_at(number)) is not None
    ]
    assert programs == sorted(programs, key=lambda name: (not name, name.casefold()))
    assert sum(model.starts_group(number) for number in range(model.rowCount())) == len(set(programs))


def test_find_and_copy_are_about_the_view_on_screen(opened: Opened, lockers: Lockers) -> None:
    lock = lockers.git("repository")
    window = opened.open()
    choose(opened, window, lock)
    window.actions_table[Act.COPY_PATH].trigger()
    assert QGuiApplication.clipboard().text() == os.fsdecode(lock)
    window.actions_table[Act.FIND].trigger()
    assert window.locks.filters.search.hasFocus() or not window.isActiveWindow()
    window.actions_table[Act.SOCKETS].trigger()
    assert not window.actions_table[Act.COPY_PATH].isEnabled()
