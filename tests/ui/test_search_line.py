"""The line for a filter leaves the window's shortcuts to the window."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from racewatch.ui.actions import Act
from racewatch.ui.sidebar import Page
from tests.ui.conftest import Opened
from tests.ui.sandbox import Sandbox


@pytest.mark.parametrize("page", [Page.SOCKETS, Page.HISTORY])
def test_export_and_columns_work_while_a_filter_is_typed(
    opened: Opened, sandbox: Sandbox, page: Page
) -> None:
    window = opened.open()
    window.sidebar.choose(page)
    window.activateWindow()
    line = (window.sockets if page is Page.SOCKETS else window.history).filters.search
    window.actions_table[Act.FIND].trigger()
    opened.until(line.hasFocus, "the keyboard in the line")
    QTest.keyClicks(line, "some words")
    QTest.keyClick(line, Qt.Key.Key_Home)
    asked: list[Act] = []
    for act in (Act.EXPORT_CSV, Act.COLUMNS):
        action = window.actions_table[act]
        action.triggered.disconnect()
        action.triggered.connect(lambda _, act=act: asked.append(act))
        action.setEnabled(True)
    QTest.keyClick(line, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(line, Qt.Key.Key_E, Qt.KeyboardModifier.ControlModifier)
    assert line.text() == "some words"
    assert asked == [Act.COLUMNS, Act.EXPORT_CSV]
