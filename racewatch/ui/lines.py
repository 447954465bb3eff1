"""A short list of things worth a look; each line opens what it is about."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import (
    QAbstractListModel,
    QItemSelectionModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QFocusEvent, QMouseEvent, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from racewatch.core.model import KindName, Target, Verdict
from racewatch.monitor.timeline import Piece
from racewatch.ui import bidi, icons, timeline_paint
from racewatch.ui.cells import draw_path
from racewatch.ui.measure import tall
from racewatch.ui.plain import fixed_font, tooltip
from racewatch.ui.theme import Look

MOST_LINES: Final = 6
_HEIGHT: Final = 26
_PICTURE: Final = 84

_Index = QModelIndex | QPersistentModelIndex
_ROOT: Final = QModelIndex()


@dataclass(frozen=True, slots=True)
class Opening:
    """What a line opens: the view of a kind, there one target, or what a search and a verdict leave."""

    kind: KindName
    target: Target | None = None
    search: str = ""
    verdict: Verdict | None = None


@dataclass(frozen=True, slots=True)
class Picture:
    """A timeline as it is drawn at a moment."""

    pieces: tuple[Piece, ...]
    now: float
    scale: float


@dataclass(frozen=True, slots=True)
class Line:
    """One line: icon and its colour, text (a path is cut in the middle), a remark at the right."""

    opening: Opening
    icon: str
    colour: str
    text: str
    remark: str = ""
    is_path: bool = True
    picture: Picture | None = None
    tip: str = ""


class Role(enum.IntEnum):
    """What the delegate asks for beside Qt's own roles."""

    LINE = Qt.ItemDataRole.UserRole + 1


class LinesModel(QAbstractListModel):
    """A few lines, kept by what they open."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._lines: list[Line] = []

    def show_lines(self, lines: Sequence[Line]) -> None:
        """Show these.  Lines that open the same, in the same order, only change."""
        if [one.opening for one in lines] == [one.opening for one in self._lines]:
            if list(lines) != self._lines:
                self._lines = list(lines)
                self.dataChanged.emit(self.index(0), self.index(len(lines) - 1))
            return
        self.beginResetModel()
        self._lines = list(lines)
        self.endResetModel()

    def line(self, row: int) -> Line | None:
        """The line at this place."""
        return self._lines[row] if 0 <= row < len(self._lines) else None

    def place_of(self, opening: Opening) -> int | None:
        """Where the line stands that opens this."""
        return next((at for at, line in enumerate(self._lines) if line.opening == opening), None)

    def rowCount(self, parent: _Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._lines)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        line = self.line(index.row()) if index.isValid() else None
        if line is None:
            return None
        if role == Role.LINE:
            return line
        if role == Qt.ItemDataRole.DisplayRole:
            return line.text
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{line.text}, {line.remark}" if line.remark else line.text
        if role == Qt.ItemDataRole.ToolTipRole:
            return tooltip(line.tip or line.text)
        return None


class LineList(QListView):
    """The list.  ``opened`` carries the :class:`Opening` of a line (Enter or a double-click)."""

    opened = Signal(object)
    #: A mouse button went down: nothing should move under it for a moment.
    pressed_down = Signal()

    def __init__(self, look: Look, name: str, description: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.lines = LinesModel(self)
        self._chosen: Opening | None = None
        self.setModel(self.lines)
        self.setItemDelegate(_LineDelegate(look, self))
        self.setObjectName("lines")
        self.setAccessibleName(name)
        self.setAccessibleDescription(description)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFixedHeight(MOST_LINES * tall(_HEIGHT, self.fontMetrics()) + 2)
        self.setTabKeyNavigation(False)
        self.activated.connect(self._on_activated)
        self.lines.modelAboutToBeReset.connect(self._keep)
        self.lines.modelReset.connect(self._restore)
        look.changed.connect(self.viewport().update)

    def _on_activated(self, index: QModelIndex) -> None:
        line = self.lines.line(index.row())
        if line is not None:
            self.opened.emit(line.opening)

    def _keep(self) -> None:
        line = self.lines.line(self.currentIndex().row())
        self._chosen = line.opening if line is not None else None

    def _restore(self) -> None:
        place = self.lines.place_of(self._chosen) if self._chosen is not None else None
        if place is not None:
            self._make_current(place)

    def _make_current(self, place: int) -> None:
        self.selectionModel().setCurrentIndex(
            self.lines.index(place), QItemSelectionModel.SelectionFlag.ClearAndSelect
        )

    def focusInEvent(self, event: QFocusEvent, /) -> None:
        super().focusInEvent(event)
        by_key = event.reason() in (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason)
        if by_key and not self.selectionModel().hasSelection() and self.lines.rowCount():
            self._make_current(0)

    def mousePressEvent(self, event: QMouseEvent, /) -> None:
        self.pressed_down.emit()
        super().mousePressEvent(event)


class _LineDelegate(QStyledItemDelegate):
    """Paints one line; it keeps nothing about lines."""

    def __init__(self, look: Look, parent: QWidget) -> None:
        super().__init__(parent)
        self._look = look
        self._font = parent.font()
        self._mono = fixed_font(parent.font())

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        return QSize(80, tall(_HEIGHT, option.fontMetrics))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        line = index.data(Role.LINE)
        if not isinstance(line, Line):
            return
        colours = self._look.colours
        area = QRect(option.rect)
        painter.save()
        # Chosen but not where the keyboard is: only a trace of it.
        focused = bool(option.state & QStyle.StateFlag.State_HasFocus)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(area, QColor(colours.selection if focused else colours.hover))
        elif option.state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(area, QColor(colours.hover))
        painter.setPen(QColor(colours.grid))
        painter.drawLine(area.bottomLeft(), area.bottomRight())
        area = area.adjusted(8, 0, -8, 0)
        picture = icons.pixmap(
            line.icon, getattr(colours, line.colour), 16, painter.device().devicePixelRatioF()
        )
        whole = QRect(area)
        sign = QRect(area.left(), area.center().y() - 7, 16, 16)
        painter.drawPixmap(bidi.mirrored(whole, sign), picture)
        area.setLeft(area.left() + 24)
        painter.setFont(self._font)
        if line.remark:
            painter.setPen(QColor(colours.selection_text if focused else colours.muted))
            right = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
            painter.drawText(bidi.mirrored(whole, area), right, bidi.sentence(line.remark))
            area.setRight(area.right() - painter.fontMetrics().horizontalAdvance(line.remark) - 12)
        if line.picture is not None:
            shown = line.picture
            bar = QRect(area.right() - _PICTURE, area.center().y() - 6, _PICTURE, 13)
            place = bidi.mirrored(whole, bar)
            timeline_paint.draw(painter, place, shown.pieces, shown.now, shown.scale, self._look)
            area.setRight(bar.left() - 12)
        painter.setPen(QColor(colours.selection_text if focused else colours.text))
        if line.is_path:
            painter.setFont(self._mono)
            draw_path(painter, bidi.mirrored(whole, area), line.text)
        else:
            text = painter.fontMetrics().elidedText(line.text, Qt.TextElideMode.ElideRight, area.width())
            one_line = Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine
            painter.drawText(bidi.mirrored(whole, area), one_line, bidi.sentence(text))
        painter.restore()
