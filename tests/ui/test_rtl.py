"""From right to left: what is painted by hand is mirrored, and a path is read in its order in every window."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QColor, QFontMetrics, QImage, QKeySequence, QTextLayout, QTextOption
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QListView, QTableView, QWidget
from pytestqt.qtbot import QtBot

from racewatch.core.text import display
from racewatch.ui import bidi
from racewatch.ui.actions import Act
from racewatch.ui.cells import elided_path
from racewatch.ui.plain import PathBox, PlainLabel, WrapLabel
from racewatch.ui.sidebar import Page
from racewatch.ui.theme import LIGHT
from tests.ui.conftest import Opened
from tests.ui.sandbox import Sandbox

#: Names that run from right to left, and one path of them.
ONE, TWO = "\u05d0\u05d1\u05d2", "\u05d3\u05d4\u05d5"
MIXED = f"/run/{ONE}/{TWO}/a.sock"


@pytest.fixture
def leftward(qapp: QApplication) -> Iterator[None]:
    qapp.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    yield
    qapp.setLayoutDirection(Qt.LayoutDirection.LeftToRight)


def order(painted: str, direction: Qt.LayoutDirection) -> list[str]:
    """The parts of a path as an eye meets them, from left to right."""
    option = QTextOption()
    option.setTextDirection(direction)
    layout = QTextLayout(painted)
    layout.setTextOption(option)
    layout.beginLayout()
    line = layout.createLine()
    layout.endLayout()
    places = []
    for part in ("run", ONE, TWO, "a.sock"):
        # Within it: at its ends two places may be meant.
        found = line.cursorToX(painted.index(part) + 1)
        places.append((found[0] if isinstance(found, tuple) else found, part))
    return [part for _, part in sorted(places)]


@pytest.mark.parametrize("direction", [Qt.LayoutDirection.LeftToRight, Qt.LayoutDirection.RightToLeft])
def test_the_parts_of_a_path_stand_in_their_order(qapp: QApplication, direction: Qt.LayoutDirection) -> None:
    if not QFontMetrics(qapp.font()).horizontalAdvance("x"):
        pytest.skip("there are no fonts here, so nothing has a place")
    right = ["run", ONE, TWO, "a.sock"]
    qapp.setLayoutDirection(direction)
    try:
        assert order(MIXED, direction) != right  # what a screen does by itself
        assert order(bidi.path(MIXED), direction) == right
        assert order(bidi.sentence(f"{TWO}: {MIXED}.").partition(": ")[2], direction) == right
    finally:
        qapp.setLayoutDirection(Qt.LayoutDirection.LeftToRight)


@pytest.mark.parametrize("name", [f"a {ONE}", f"a, {ONE}", f"“{ONE}", f"{ONE}.", f"{ONE}|b"])
def test_no_name_ends_the_path_that_it_is_in(qapp: QApplication, name: str) -> None:
    """``/run/a X/Y/a.sock`` of such letters was read as ``/run/a Y/X/a.sock`` in the evidence."""
    if not QFontMetrics(qapp.font()).horizontalAdvance("x"):
        pytest.skip("there are no fonts here, so nothing has a place")
    path = f"/run/{name}/{TWO}/a.sock"
    shown = bidi.sentence(f"open in vi: {path} is not\nso.")
    assert order(shown.partition("\n")[0], Qt.LayoutDirection.LeftToRight) == ["run", ONE, TWO, "a.sock"]
    assert bidi.without_marks(shown) == f"open in vi: {path} is not\nso."


def test_marks_are_put_only_where_they_are_needed(qapp: QApplication) -> None:
    plain = "/run/a b.sock and/or 3/4 \u00e9\u4e2d"
    assert bidi.path(plain) == plain
    assert bidi.sentence(f"Put back: {plain}.") == f"Put back: {plain}."
    assert bidi.sentence(f"no path: {ONE}") == f"no path: {ONE}"
    for text in (MIXED, f"{ONE} {MIXED} ({MIXED}), “{MIXED}”."):
        assert bidi.without_marks(bidi.path(text)) == text
        assert bidi.without_marks(bidi.sentence(text)) == text
    # What could turn the marks off is never painted: it is spelled out before.
    assert display("/run/\u2069\u202e\u2066x".encode()) == "/run/\\u2069\\u202e\\u2066x"


def test_a_mirrored_window_isolates_what_is_not_of_its_script(leftward: None) -> None:
    assert bidi.path("/run/a.sock") == "\u2066/run/a.sock\u2069"
    assert bidi.sentence("In use.\n\n0 of 128") == "\u2066In use.\u2069\n\n\u20660 of 128\u2069"
    assert bidi.sentence(f"{ONE} /run/a.sock.") == f"{ONE} \u2066/run/a.sock\u2069."


def test_what_is_copied_has_no_marks(qtbot: QtBot) -> None:
    box, label, wrapped = PathBox(), PlainLabel(MIXED), WrapLabel(f"Put back: {MIXED}.")
    for widget in (box, label, wrapped):
        qtbot.addWidget(widget)
    box.resize(400, 40)
    box.set_text(MIXED)
    box.show()
    assert box.toPlainText() == label.text() == MIXED
    assert wrapped.text() == f"Put back: {MIXED}."
    box.selectAll()
    QTest.keySequence(box, QKeySequence(QKeySequence.StandardKey.Copy))
    assert QApplication.clipboard().text() == MIXED
    box.set_text("/run/b.sock")
    assert box.toPlainText() == "/run/b.sock"


def test_the_end_of_a_path_is_not_cut_off(qapp: QApplication) -> None:
    metrics = QFontMetrics(qapp.font())
    if not metrics.horizontalAdvance("x"):
        pytest.skip("there are no fonts here, so nothing has a place")
    cut = elided_path(metrics, MIXED, metrics.horizontalAdvance(MIXED) - 5)
    assert cut.endswith("/a.sock")
    assert bidi.without_marks(bidi.path(cut)) == cut


def inked(picture: QImage, area: QRect, colours: set[str]) -> int:
    """How many points of these colours, or nearly, there are."""
    wanted = [QColor(colour) for colour in colours]
    return sum(
        any(
            abs(point.red() - one.red()) + abs(point.green() - one.green()) + abs(point.blue() - one.blue())
            < 60
            for one in wanted
        )
        for x in range(area.left(), area.right() + 1)
        for y in range(area.top(), area.bottom() + 1)
        for point in (picture.pixelColor(x, y),)
    )


def painted(widget: QWidget) -> QImage:
    return widget.grab().toImage().scaled(widget.size())


def test_the_rows_and_the_sidebar_are_mirrored(leftward: None, opened: Opened, sandbox: Sandbox) -> None:
    path = sandbox.dead(b"dead.sock")
    window = opened.open()
    opened.choose(window, path)
    table: QTableView = window.sockets.table
    table.clearSelection()
    QApplication.processEvents()
    place = opened.place(window, path)
    assert place is not None
    cell = table.visualRect(window.sockets.model.index(place, 0))
    assert cell.right() >= table.viewport().width() - 2  # the first column is the one at the right
    picture = painted(table.viewport())
    icon = QRect(cell.right() - 24, cell.top(), 18, cell.height())
    beside = QRect(icon.left() - 6, cell.top() + 2, 5, cell.height() - 4)
    assert inked(picture, icon, {LIGHT.stale}) > 10
    assert inked(picture, beside, {LIGHT.stale, LIGHT.text}) == 0  # nothing overlaps
    word = QRect(beside.left() - 30, cell.top(), 30, cell.height())
    assert inked(picture, word, {LIGHT.stale}) > 10
    menu: QListView = window.sidebar.list
    item = menu.visualRect(menu.model().index(Page.LOCKS, 0))
    picture = painted(menu.viewport())
    assert inked(picture, QRect(item.right() - 30, item.top(), 20, item.height()), {LIGHT.muted}) > 10
    assert inked(picture, QRect(item.left(), item.top(), 60, item.height()), {LIGHT.muted, LIGHT.text}) == 0
    assert window.sidebar.mapTo(window, QPoint(0, 0)).x() > table.mapTo(window, QPoint(0, 0)).x()


def test_the_dialogs_are_mirrored_and_every_label_has_its_height(
    leftward: None, opened: Opened, sandbox: Sandbox
) -> None:
    one, other = sandbox.dead(b"dead.sock"), sandbox.dead(b"other.sock")
    window = opened.open()
    opened.choose(window, one)
    opened.until(lambda: opened.place(window, other) is not None, "the other")

    def look(dialog: QDialog) -> None:
        QApplication.processEvents()
        assert dialog.layoutDirection() is Qt.LayoutDirection.RightToLeft
        for label in dialog.findChildren(WrapLabel):
            if label.isVisible() and label.text():
                assert label.height() >= label.heightForWidth(label.width())

    for act in (Act.REMOVE, Act.CLEAN_UP):
        window.actions_table[act].trigger()
        question = window.actor.dialog
        assert question is not None
        look(question)
        # The question's own order: what is safe stands first, from where one reads.
        assert question.cancel.geometry().left() > question.remove.geometry().left()
        question.reject()
        opened.until(lambda: not window.actor.busy, "the end of the question")
    window.actions_table[Act.SETTINGS].trigger()
    opened.until(lambda: window.live_settings.dialog is not None, "the settings")
    settings = window.live_settings.dialog
    assert settings is not None
    look(settings)
    settings.reject()
    window.sidebar.choose(Page.OVERVIEW)
    window.sidebar.choose(Page.HISTORY)
    QApplication.processEvents()
