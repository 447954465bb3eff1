"""How cells are painted: verdict with icon, word and colour; paths monospaced and cut in the middle."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QHelpEvent, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolTip,
    QWidget,
)

from racewatch.ui import icons, timeline_paint
from racewatch.ui.columns import Style
from racewatch.ui.marks import MarkOf, no_mark
from racewatch.ui.plain import fixed_font, tooltip
from racewatch.ui.table_model import Role, Row, TableModel
from racewatch.ui.theme import Look

_Index = QModelIndex | QPersistentModelIndex
_PAD: Final = 8
_ICON: Final = 16
_BAR: Final = 15
#: Amounts end below one another.
_RIGHT: Final = Qt.AlignmentFlag.AlignRight
ROW_HEIGHT: Final = 28


class CellDelegate(QStyledItemDelegate):
    """Paints one cell of the table; it keeps nothing about rows."""

    def __init__(self, look: Look, parent: QWidget, mark_of: MarkOf = no_mark) -> None:
        super().__init__(parent)
        self._look = look
        self._mark_of = mark_of
        self._font = parent.font()
        self._mono = fixed_font(parent.font())
        self._bold = QFont(parent.font())
        self._bold.setWeight(QFont.Weight.DemiBold)

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        return QSize(80, ROW_HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        row = index.data(Role.ROW)
        if not isinstance(row, Row):
            return
        painter.save()
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        area = QRect(option.rect)
        text_colour = self._background(painter, area, index, row, selected=selected)
        column = index.column()
        inner = area.adjusted(_PAD, 0, -_PAD, 0)
        style = row.shape.columns[column].style
        if style is Style.STATE:
            self._state(painter, inner, row, text_colour)
        elif style is Style.TIMELINE:
            self._timeline(painter, inner, row, index)
        else:
            self._text(painter, inner, row, index, text_colour, selected=selected)
        painter.restore()

    def _background(
        self, painter: QPainter, area: QRect, index: _Index, row: Row, *, selected: bool
    ) -> QColor:
        colours = self._look.colours
        model = index.model()
        if selected:
            painter.fillRect(area, QColor(colours.selection))
        elif isinstance(model, TableModel) and not row.gone and model.is_fresh(row):
            painter.fillRect(area, QColor(colours.fresh))
        painter.setPen(QColor(colours.grid))
        painter.drawLine(area.bottomLeft(), area.bottomRight())
        if isinstance(model, TableModel) and index.row() > 0 and model.starts_group(index.row()):
            painter.setPen(QColor(colours.muted))
            painter.drawLine(area.topLeft(), area.topRight())
        if row.gone:
            return QColor(colours.faint)
        return QColor(colours.selection_text if selected else colours.text)

    def _state(self, painter: QPainter, area: QRect, row: Row, text_colour: QColor) -> None:
        verdict = row.observation.verdict
        colour = text_colour if row.gone else self._look.of_verdict(verdict)
        ratio = painter.device().devicePixelRatioF()
        picture = icons.pixmap("gone" if row.gone else verdict.value, colour, _ICON, ratio)
        painter.drawPixmap(area.left(), area.center().y() - _ICON // 2 + 1, picture)
        area = area.adjusted(_ICON + 7, 0, 0, 0)
        word = "gone" if row.gone else verdict.value
        painter.setFont(self._bold)
        painter.setPen(colour)
        painter.drawText(area, Qt.AlignmentFlag.AlignVCenter, word)
        # One column of words, one of labels: both can be read down the table.
        area = area.adjusted(QFontMetrics(self._bold).horizontalAdvance("unknown") + 10, 0, 0, 0)
        painter.setFont(self._struck(self._font, row))
        painter.setPen(text_colour)
        self._draw(painter, area, row.text(0), Qt.TextElideMode.ElideRight)

    def _timeline(self, painter: QPainter, area: QRect, row: Row, index: _Index) -> None:
        model = index.model()
        if isinstance(model, TableModel) and row.timeline is not None:
            now = model.now()
            scale = model.chronicle.scale(now)
            area = QRect(area.left(), area.center().y() - _BAR // 2, area.width(), _BAR)
            timeline_paint.draw(painter, area, row.timeline.pieces(now, scale), now, scale, self._look)

    def _text(
        self, painter: QPainter, area: QRect, row: Row, index: _Index, colour: QColor, *, selected: bool
    ) -> None:
        column = row.shape.columns[index.column()]
        font = self._mono if column.style is Style.PATH else self._font
        quiet = column.style in (Style.QUIET, Style.SPACE)
        model = index.model()
        if isinstance(model, TableModel) and model.grouped and column.name == row.shape.group:
            # The name of a group stands out at its first row, and stays readable at the others.
            first = model.starts_group(index.row())
            font, quiet = (self._bold if first else self._font), not first
        painter.setFont(self._struck(font, row))
        painter.setPen(
            QColor(self._look.colours.muted) if quiet and not selected and not row.gone else colour
        )
        text = row.text(index.column())
        if column.style is Style.SPACE:
            self._draw(painter, area, str(index.data()), Qt.TextElideMode.ElideRight, _RIGHT)
        elif column.style is Style.PATH:
            mark = self._mark_of(row.observation) if not row.gone else None
            if mark is not None:
                at, ratio = _mark_area(area), painter.device().devicePixelRatioF()
                painter.drawPixmap(at, icons.pixmap(mark.icon, self._look.colours.accent, _ICON, ratio))
                area = area.adjusted(0, 0, -_ICON - _PAD, 0)
            draw_path(painter, area, text)
        else:
            self._draw(painter, area, text, Qt.TextElideMode.ElideRight)

    def helpEvent(
        self, event: QHelpEvent, view: QAbstractItemView, option: QStyleOptionViewItem, index: _Index
    ) -> bool:
        row = index.data(Role.ROW)
        if isinstance(row, Row) and row.shape.columns[index.column()].style is Style.PATH:
            inner = QRect(option.rect).adjusted(_PAD, 0, -_PAD, 0)
            mark = self._mark_of(row.observation)
            if mark is not None and _mark_area(inner).contains(event.pos()):
                QToolTip.showText(event.globalPos(), tooltip(mark.text), view)
                return True
        return super().helpEvent(event, view, option, index)

    @staticmethod
    def _draw(
        painter: QPainter,
        area: QRect,
        text: str,
        mode: Qt.TextElideMode,
        side: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignLeft,
    ) -> None:
        shown = painter.fontMetrics().elidedText(text, mode, max(area.width(), 0))
        painter.drawText(area, side | Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine, shown)

    @staticmethod
    def _struck(font: QFont, row: Row) -> QFont:
        if not row.gone:
            return font
        struck = QFont(font)
        struck.setStrikeOut(True)
        return struck


def _mark_area(area: QRect) -> QRect:
    """Where the sign of a row stands in its path's cell."""
    return QRect(area.right() - _ICON + 1, area.center().y() - _ICON // 2 + 1, _ICON, _ICON)


def elided_path(metrics: QFontMetrics, path: str, width: int) -> str:
    """A path cut in the middle of its directories; the last name stays whole as long as it can."""
    if metrics.horizontalAdvance(path) <= width:
        return path
    folder, slash, name = path.rpartition("/")
    room = width - metrics.horizontalAdvance(slash + name)
    if not folder or room < metrics.horizontalAdvance("/x…x"):
        return metrics.elidedText(path, Qt.TextElideMode.ElideMiddle, max(width, 0))
    return metrics.elidedText(folder, Qt.TextElideMode.ElideMiddle, room) + slash + name


def draw_path(painter: QPainter, area: QRect, path: str) -> None:
    """A path on one line, cut as :func:`elided_path` does (a second cut would take its last name)."""
    shown = elided_path(painter.fontMetrics(), path, area.width())
    painter.drawText(area, Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine, shown)
