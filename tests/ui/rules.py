"""What holds for every window and dialog: whatever can be used says what it is, and no text is cut off."""

from __future__ import annotations

import re
from typing import Final

import shiboken6
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QComboBox,
    QDialog,
    QHeaderView,
    QLabel,
    QLineEdit,
    QMenu,
    QPlainTextEdit,
    QProgressBar,
    QRadioButton,
    QScrollArea,
    QTableView,
    QWidget,
)

from racewatch.ui.count_chart import CountChart
from racewatch.ui.drill_chart import DrillChart
from racewatch.ui.plain import ElidedLabel, WrapLabel
from racewatch.ui.timeline_card import TimelineChart

#: What a person uses, or reads as a picture.
CONTROLS = (
    QAbstractButton,
    QLineEdit,
    QPlainTextEdit,
    QComboBox,
    QAbstractItemView,
    QProgressBar,
    CountChart,
    DrillChart,
    TimelineChart,
)
#: The room there is on the smallest screen that is common, less the frame of a window.
SCREEN = (1280, 770)
_ROOT = QModelIndex()
#: What is scrolled for less than this (pixels) should have been given the room.
_HARDLY: Final = 8
#: What a sentence looks like whose value was empty.
_HOLE: Final = re.compile(r"(?:^|\s)[.,;!](?:\s|$)|[,:;]\s*\.(?:\s|$)|[“„][”“]|\(\s*\)")


def is_shown(widget: QWidget) -> bool:
    return shiboken6.isValid(widget) and widget.isVisible()


def keyboard_in(top: QWidget) -> QWidget | None:
    """What in this window has the keyboard, or will have it."""
    return top.focusWidget()


def against(top: QWidget) -> list[str]:
    """Everything that is wrong with it as it is on screen."""
    if isinstance(top, QMenu):
        return [] if top.accessibleName() or top.title() else ["the menu has no name"]
    inside = [widget for widget in top.findChildren(QWidget) if widget.isVisible() and not _of_qt(widget)]
    said = [one for widget in inside for one in (*_nameless(widget), *_cut(widget), *_torn(widget))]
    if isinstance(top, QDialog):
        said += _too_large(top)
        said += [] if top.windowTitle() and top.accessibleName() else ["the dialog has no name"]
        said += _beyond_keys(top, inside)
    return said


def _of_qt(widget: QWidget) -> bool:
    """Parts of Qt's own widgets: the buttons in a line, the corner of a table, viewports, scroll bars."""
    inner = isinstance(widget, QAbstractButton) and isinstance(widget.parent(), (QLineEdit, QTableView))
    return inner or widget.objectName().startswith("qt_")


def describe(widget: QWidget) -> str:
    text = next((get() for name in ("text", "toPlainText") if (get := getattr(widget, name, None))), "")
    return f"{type(widget).__name__} {widget.objectName()} {widget.accessibleName() or str(text)[:60]!r}"


def _nameless(widget: QWidget) -> list[str]:
    # As Qt tells the assistive technologies (tests/ui/test_atspi.py); asking it for that from Python, again and
    # again for everything, crashes now and then: the answers belong to Qt and to Python at once.
    name = widget.accessibleName() or (widget.text() if isinstance(widget, (QAbstractButton, QLabel)) else "")
    about = widget.accessibleDescription() or widget.toolTip()
    said = []
    if "<p " in name or "<p " in about:
        said.append(f"{describe(widget)}: markup is read out")
    if isinstance(widget, CONTROLS) and not isinstance(widget, QHeaderView):
        if not name:
            said.append(f"{describe(widget)}: no name")
        if not about:
            said.append(f"{describe(widget)}: no description")
    if isinstance(widget, QHeaderView):
        return said
    if isinstance(widget, QAbstractItemView):
        said += [f"{describe(widget)}: nothing is read of {row}, {column}" for row, column in _silent(widget)]
    return said


def _silent(view: QAbstractItemView) -> list[tuple[int, int]]:
    model = view.model()
    return [
        (row, column)
        for row in range(min(model.rowCount(_ROOT), 20))
        for column in (range(model.columnCount(_ROOT)) if isinstance(view, QTableView) else (0,))
        if not (
            model.index(row, column).data(Qt.ItemDataRole.AccessibleTextRole)
            or model.index(row, column).data(Qt.ItemDataRole.DisplayRole)
        )
    ]


def _cut(widget: QWidget) -> list[str]:
    if isinstance(widget, QHeaderView):
        return _cut_titles(widget) if widget.orientation() is Qt.Orientation.Horizontal else []
    if isinstance(widget, QAbstractItemView):
        return _low_rows(widget)
    if isinstance(widget, QScrollArea):
        inner = widget.widget()
        fixed = widget.horizontalScrollBarPolicy() is Qt.ScrollBarPolicy.ScrollBarAlwaysOff
        wider = fixed and inner is not None and inner.width() > widget.viewport().width() + 1
        over = widget.verticalScrollBar().maximum()
        said = [f"{describe(widget)}: what it shows is wider than it"] if wider else []
        return (
            [*said, f"{describe(widget)}: it is scrolled for {over} pixels"] if 0 < over < _HARDLY else said
        )
    wide, high = widget.width(), widget.height()
    line = widget.fontMetrics().height()
    if isinstance(widget, WrapLabel):
        needs = (0, widget.heightForWidth(wide))
    elif isinstance(widget, ElidedLabel):
        needs = (0, line)
        if widget.text() and widget.text() not in _plain(widget.toolTip()):
            return [f"{describe(widget)}: the tool tip has less than all of it"]
    elif isinstance(widget, QLabel):
        hint = widget.sizeHint()
        needs = (hint.width(), hint.height()) if widget.text() else (0, 0)
    elif isinstance(widget, (QAbstractButton, QComboBox)):
        hint = widget.sizeHint()
        needs = (hint.width(), hint.height())
    elif isinstance(widget, (QLineEdit, QPlainTextEdit)):
        needs = (4 * line, line)
    elif isinstance(widget, (CountChart, DrillChart, TimelineChart)):
        needs = (0, widget.sizeHint().height())
    else:
        return []
    if wide + 1 < needs[0] or high + 1 < needs[1]:
        return [f"{describe(widget)}: {wide}x{high} is too small for {needs[0]}x{needs[1]}"]
    return []


def _torn(widget: QWidget) -> list[str]:
    """Sentences with a hole: a value that was to be filled in was empty."""
    said = {widget.accessibleName(), widget.accessibleDescription()}
    if isinstance(widget, (QLabel, QAbstractButton)):
        said.add(widget.text())
    return [f"{describe(widget)}: a hole in {text!r}" for text in said if _HOLE.search(text)]


def _plain(tip: str) -> str:
    return (
        tip.replace("&amp;", "&")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&#x27;", "'")
        .replace("&quot;", '"')
    )


def _cut_titles(header: QHeaderView) -> list[str]:
    """A title that has no room must be readable in its tool tip."""
    model = header.model()
    said = []
    for at in range(header.count()):
        title = str(model.headerData(at, Qt.Orientation.Horizontal) or "")
        room = header.sectionSize(at) - 18
        if header.isSectionHidden(at) or header.fontMetrics().horizontalAdvance(title) <= room:
            continue
        tip = str(model.headerData(at, Qt.Orientation.Horizontal, Qt.ItemDataRole.ToolTipRole) or "")
        if title not in _plain(tip):
            said.append(f"{describe(header)}: {title!r} has no room and no tool tip")
    if header.height() < header.fontMetrics().height():
        said.append(f"{describe(header)}: too low")
    return said


def _low_rows(view: QAbstractItemView) -> list[str]:
    model = view.model()
    if not model.rowCount(_ROOT):
        return []
    area = view.visualRect(model.index(0, 0, QModelIndex()))
    needed = view.fontMetrics().height() + 4
    return [f"{describe(view)}: rows of {area.height()} for {needed}"] if 0 < area.height() < needed else []


def _beyond_keys(top: QDialog, inside: list[QWidget]) -> list[str]:
    """What Tab does not come to (Shift+Tab goes the same way back), and where the keyboard is at first."""
    reached: set[QWidget] = set()
    here: QWidget | None = top
    while here is not None and here not in reached:
        reached.add(here)
        here = here.nextInFocusChain()
    used = (QAbstractButton, QLineEdit, QPlainTextEdit, QComboBox, QAbstractItemView)
    said = [
        f"{describe(widget)}: Tab does not come here"
        for widget in inside
        if isinstance(widget, used)
        and not isinstance(widget, QHeaderView)
        and widget.isEnabled()
        and not (widget in reached and widget.focusPolicy() & Qt.FocusPolicy.TabFocus)
        # Of buttons that exclude each other Tab comes to the one that is on; the arrows go on from there.
        and not isinstance(widget, QRadioButton)
    ]
    first = keyboard_in(top)
    if first is None:
        said.append("the keyboard is nowhere at first")
    elif first.property("role") == "danger":
        said.append(f"{describe(first)}: the keyboard is there at first")
    return said


def _too_large(top: QDialog) -> list[str]:
    least = top.minimumSizeHint().expandedTo(top.minimumSize())
    size = (top.width(), top.height())
    said = []
    if least.width() > SCREEN[0] or least.height() > SCREEN[1]:
        said.append(f"it cannot be smaller than {least.width()}x{least.height()}")
    if size[0] > SCREEN[0] or size[1] > SCREEN[1]:
        said.append(f"it is {size[0]}x{size[1]}")
    return said
