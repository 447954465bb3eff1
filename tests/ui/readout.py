"""What is on the screen of the real window, told to the test that drives it: it reads, and does nothing.

Installed by :mod:`tests.ui.launch`: each line on standard input is answered with one line of JSON on standard
output, made between two events of the window's own loop.  What is in it is what a person can see or hear: windows,
texts, what is on and what is off, rows and where they are.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from dataclasses import asdict, dataclass
from typing import Final, TypeVar

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, QSize, QSocketNotifier, Qt
from PySide6.QtGui import QGuiApplication, QKeyEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QApplication,
    QComboBox,
    QLabel,
    QLineEdit,
    QListView,
    QMainWindow,
    QMenu,
    QPlainTextEdit,
    QTableView,
    QWidget,
)

#: More rows than fit a screen are not read out.
_MOST_ROWS: Final = 200
_W = TypeVar("_W", bound=QWidget)


@dataclass(frozen=True, slots=True)
class Place:
    """A rectangle of the screen."""

    x: int
    y: int
    width: int
    height: int

    @property
    def middle(self) -> tuple[int, int]:
        return self.x + self.width // 2, self.y + self.height // 2


@dataclass(frozen=True, slots=True)
class Thing:
    """Something that can be seen in a window: ``kind`` is Qt's class.  An action of the menus has no place."""

    window: str
    kind: str
    name: str
    text: str
    enabled: bool
    checked: bool
    focus: bool
    place: Place


@dataclass(frozen=True, slots=True)
class Row:
    """One row.  ``said`` is what a screen reader says of it."""

    cells: tuple[str, ...]
    said: str
    selected: bool
    ticked: bool | None
    place: Place


@dataclass(frozen=True, slots=True)
class Heading:
    """One column; ``sorts``: -1 downwards, 1 upwards, 0 not by this one."""

    text: str
    sorts: int
    place: Place


@dataclass(frozen=True, slots=True)
class Table:
    """A table, or a list, which has no headings."""

    window: str
    name: str
    headings: tuple[Heading, ...]
    rows: tuple[Row, ...]

    def row(self, *words: str) -> Row | None:
        """The first row in which all these stand."""
        return next((row for row in self.rows if all(word in " ".join(row.cells) for word in words)), None)


@dataclass(frozen=True, slots=True)
class Window:
    """A window, dialog or menu."""

    title: str
    kind: str
    active: bool
    minimized: bool
    place: Place


@dataclass(frozen=True, slots=True)
class Screen:
    """All of it at one moment.  ``actions`` are those of the main window, ``menu`` the lines of an open menu;
    ``repeats`` is how often a held key came again (0 where nobody counts).
    """

    windows: tuple[Window, ...]
    things: tuple[Thing, ...]
    tables: tuple[Table, ...]
    actions: tuple[Thing, ...]
    menu: tuple[Thing, ...]
    clipboard: str
    repeats: int

    def window(self, beginning: str) -> Window | None:
        return next((one for one in self.windows if one.title.startswith(beginning)), None)

    def thing(self, name: str, kind: str = "", window: str = "") -> Thing | None:
        """What has this name or this text, of this class, in this window."""
        return next(
            (
                one
                for one in self.things
                if name in {one.name, one.text} and one.kind.endswith(kind) and one.window.startswith(window)
            ),
            None,
        )

    def action(self, text: str) -> Thing:
        return next(one for one in self.actions if one.text == text)

    def table(self, name: str) -> Table | None:
        return next((one for one in self.tables if one.name == name), None)

    def says(self, *words: str, window: str = "") -> str:
        """The first text in which all these stand, or an empty one."""
        return next(
            (
                one.text
                for one in self.things
                if one.window.startswith(window) and all(word in one.text for word in words)
            ),
            "",
        )


def parse(line: str) -> Screen:
    """What :func:`screen` told."""
    said = json.loads(line)
    assert isinstance(said, dict), said

    def thing(one: dict[str, object]) -> Thing:
        return Thing(**{**one, "place": Place(**one["place"])})  # type: ignore[arg-type] # as it was written below

    return Screen(
        tuple(Window(**{**one, "place": Place(**one["place"])}) for one in said["windows"]),
        tuple(thing(one) for one in said["things"]),
        tuple(
            Table(
                one["window"],
                one["name"],
                tuple(Heading(**{**title, "place": Place(**title["place"])}) for title in one["headings"]),
                tuple(
                    Row(**{**row, "cells": tuple(row["cells"]), "place": Place(**row["place"])})
                    for row in one["rows"]
                ),
            )
            for one in said["tables"]
        ),
        tuple(thing(one) for one in said["actions"]),
        tuple(thing(one) for one in said["menu"]),
        said["clipboard"],
        said["repeats"],
    )


# ------------------------------------------------------------------------------ inside the window


def screen(repeats: int) -> Screen:
    """How it is now."""
    tops = [top for top in QApplication.topLevelWidgets() if top.isVisible() and not _is_tip(top)]
    menus = [top for top in tops if isinstance(top, QMenu)]
    mains = [top for top in tops if isinstance(top, QMainWindow)]
    return Screen(
        tuple(_window(top) for top in tops),
        tuple(_thing(top, one) for top in tops for one in _below(top, QWidget)),
        tuple(_table(top, view) for top in tops for view in _below(top, QAbstractItemView)),
        tuple(
            Thing(main.windowTitle(), "QAction", action.toolTip(), _plain(action.text()), action.isEnabled(),
                  action.isChecked(), focus=False, place=Place(0, 0, 0, 0))
            for main in mains
            for action in main.actions()
        ),
        tuple(
            Thing("", "QAction", action.toolTip(), _plain(action.text()), action.isEnabled(), action.isChecked(),
                  menu.activeAction() is action, _place(menu, menu.actionGeometry(action)))
            for menu in menus
            for action in menu.actions()
            if action.text()
        ),
        QGuiApplication.clipboard().text(),
        repeats,
    )  # fmt: skip


def _below(top: QWidget, kind: type[_W]) -> list[_W]:
    """What is visible in this window; a dialog is Qt's child of its window, and another one."""
    return [one for one in top.findChildren(kind) if one.isVisible() and one.window() is top]


def _is_tip(top: QWidget) -> bool:
    return top.windowType() is Qt.WindowType.ToolTip


def _plain(text: str) -> str:
    return text.replace("&", "")


def _place(widget: QWidget, area: QRect) -> Place:
    at = widget.mapToGlobal(area.topLeft())
    return Place(at.x(), at.y(), area.width(), area.height())


def _window(top: QWidget) -> Window:
    area = QRect(QPoint(0, 0), top.size())
    return Window(
        top.windowTitle(),
        top.metaObject().className(),
        top.isActiveWindow(),
        top.isMinimized(),
        _place(top, area),
    )


def _text(one: QWidget) -> str:
    if isinstance(one, QLabel | QLineEdit):
        return one.text()
    if isinstance(one, QAbstractButton):
        return _plain(one.text())
    if isinstance(one, QPlainTextEdit):
        return one.toPlainText()
    return one.currentText() if isinstance(one, QComboBox) else ""


def _thing(top: QWidget, one: QWidget) -> Thing:
    return Thing(
        top.windowTitle(),
        one.metaObject().className(),
        one.accessibleName(),
        _text(one),
        one.isEnabled(),
        isinstance(one, QAbstractButton) and one.isChecked(),
        one.hasFocus(),
        _place(one, QRect(QPoint(0, 0), one.size())),
    )


def _table(top: QWidget, view: QAbstractItemView) -> Table:
    return Table(top.windowTitle(), view.accessibleName(), _headings(view), _rows(view))


def _headings(view: QAbstractItemView) -> tuple[Heading, ...]:
    if not isinstance(view, QTableView):
        return ()
    header = view.horizontalHeader()
    model = view.model()
    found = []
    for seen_at in range(header.count()):
        at = header.logicalIndex(seen_at)
        if header.isSectionHidden(at):
            continue
        sorts = 0
        if header.isSortIndicatorShown() and header.sortIndicatorSection() == at:
            sorts = 1 if header.sortIndicatorOrder() is Qt.SortOrder.AscendingOrder else -1
        area = QRect(
            QPoint(header.sectionViewportPosition(at), 0), QSize(header.sectionSize(at), header.height())
        )
        text = str(model.headerData(at, Qt.Orientation.Horizontal))
        found.append(Heading(text, sorts, _place(header.viewport(), area)))
    return tuple(found)


def _rows(view: QAbstractItemView) -> tuple[Row, ...]:
    if not isinstance(view, QTableView | QListView):
        return ()
    model = view.model()
    columns = model.columnCount() if isinstance(view, QTableView) else 1
    found = []
    for number in range(min(model.rowCount(), _MOST_ROWS)):
        indexes = [model.index(number, column) for column in range(columns)]
        first = indexes[0]
        ticked = model.data(first, Qt.ItemDataRole.CheckStateRole)
        area = view.visualRect(first)
        for index in indexes[1:]:
            area = area.united(view.visualRect(index))
        found.append(
            Row(
                tuple(str(model.data(index)) for index in indexes),
                str(model.data(first, Qt.ItemDataRole.AccessibleTextRole)),
                view.selectionModel().isSelected(first),
                None if ticked is None else Qt.CheckState(ticked) is Qt.CheckState.Checked,
                _place(view.viewport(), area),
            )
        )
    return tuple(found)


class Repeats(QObject):
    """Counts how often a held key comes again."""

    def __init__(self, application: QApplication) -> None:
        super().__init__(application)
        self.count = 0
        application.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent, /) -> bool:
        if isinstance(event, QKeyEvent) and event.isAutoRepeat():
            self.count += 1
        return False


class ReadOut(QObject):
    """Answers on standard output; ends with standard input."""

    def __init__(self, repeats: Repeats | None) -> None:
        super().__init__()
        self._repeats = repeats
        self._asked = QSocketNotifier(sys.stdin.fileno(), QSocketNotifier.Type.Read, self)
        self._asked.activated.connect(self._answer)

    def _answer(self) -> None:
        asked = os.read(sys.stdin.fileno(), 64)
        if not asked:
            self._asked.setEnabled(False)
        for _ in range(asked.count(b"\n")):
            try:
                said = json.dumps(asdict(screen(self._repeats.count if self._repeats is not None else 0)))
            except Exception:  # noqa: BLE001 - the window would show it in its own way, and the test wait in vain
                said = json.dumps(traceback.format_exc())
            sys.stdout.write(said + "\n")
            sys.stdout.flush()
