"""How cells are painted: verdict with icon, word and colour; paths monospaced and cut in the middle."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QBrush, QColor, QFont, QFontMetrics, QHelpEvent, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolTip,
    QWidget,
)

from racewatch.core.model import Verdict
from racewatch.ui import bidi, icons, timeline_paint, words
from racewatch.ui.columns import Style
from racewatch.ui.marks import MarkOf, no_mark
from racewatch.ui.measure import tall
from racewatch.ui.plain import fixed_font, tooltip
from racewatch.ui.row_pictures import Laid, RowPictures
from racewatch.ui.table_model import TableModel
from racewatch.ui.table_row import Row
from racewatch.ui.theme import Look

_Index = QModelIndex | QPersistentModelIndex
_PAD: Final = 8
_ICON: Final = 16
_BAR: Final = 15
# As numbers, and put together once: an enum of Qt costs as much as drawing the text.
_LINE: Final = int((Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine).value)
_LEFT: Final = _LINE | int(Qt.AlignmentFlag.AlignLeft.value)
#: Amounts end below one another.
_RIGHT: Final = _LINE | int(Qt.AlignmentFlag.AlignRight.value)
#: Cut texts that are remembered: a few screens full.
_MOST_CUT: Final = 2048
_ROW: Final = 28


class _Inks:
    """The colours of one look, made once."""

    def __init__(self, look: Look) -> None:
        colours = look.colours
        self.of = colours
        self.selection = QColor(colours.selection)
        self.selection_text = QColor(colours.selection_text)
        self.fresh = QColor(colours.fresh)
        self.grid = QColor(colours.grid)
        self.muted = QColor(colours.muted)
        self.text = QColor(colours.text)
        self.verdicts = {verdict: look.of_verdict(verdict) for verdict in Verdict}


class _Face:
    """A font, struck through as well, with its measures and the texts that were cut to a width."""

    def __init__(self, font: QFont) -> None:
        self.font = font
        self.struck = QFont(font)
        self.struck.setStrikeOut(True)
        self.metrics = QFontMetrics(font)
        self._cut: dict[tuple[str, int], str] = {}

    def cut(self, text: str, width: int, *, path: bool = False) -> str:
        """What of a text fits."""
        shown = self._cut.get((text, width))
        if shown is None:
            if len(self._cut) >= _MOST_CUT:
                self._cut.clear()
            shown = (
                elided_path(self.metrics, text, width)
                if path
                else self.metrics.elidedText(text, Qt.TextElideMode.ElideRight, max(width, 0))
            )
            self._cut[text, width] = shown
        return shown


class CellDelegate(QStyledItemDelegate):
    """Paints one cell of the table, or a whole row, for which it keeps ``pictures``.

    A screen has hundreds of cells, and while things change it is painted many times a second: every call of Qt
    is one more moment in which another thread may take Python's lock, so there are as few as can be.
    ``height`` is that of a row.
    """

    def __init__(self, look: Look, model: TableModel, parent: QWidget, mark_of: MarkOf = no_mark) -> None:
        super().__init__(parent)
        self.pictures = RowPictures()
        self._look = look
        self._mark_of = mark_of
        self._rows = model
        self._inks = _Inks(look)
        self._plain = _Face(parent.font())
        self._mono = _Face(fixed_font(parent.font()))
        bold = QFont(parent.font())
        bold.setWeight(QFont.Weight.DemiBold)
        self._bold = _Face(bold)
        self.height = tall(_ROW, self._bold.metrics)
        # One column of words, one of labels: both can be read down the table.
        self._named = {state: words.state_word(state) for state in (*map(str, Verdict), "gone")}
        self._words = max(map(self._bold.metrics.horizontalAdvance, self._named.values())) + 10

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        return QSize(80, self.height)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        row = self._rows.row_at(index.row())
        if row is not None:
            selected = bool(option.state & QStyle.StateFlag.State_Selected)
            place: QRect = option.rect
            self._cell(painter, row, index.row(), index.column(), place, selected)

    def paint_row(
        self, painter: QPainter, number: int, top: int, laid: Laid, ground: QBrush, *, selected: bool
    ) -> None:
        """All cells of one row at once: from its picture, where it would be painted as before."""
        row = self._rows.row_at(number)
        if row is None:
            return

        def cells(painter: QPainter, top: int) -> None:
            for column, left, width in laid.columns:
                self._cell(painter, row, number, column, QRect(left, top, width, laid.height), selected)

        if selected:
            cells(painter, top)
        else:
            state = self._state_of(row, number, laid)
            picture = self.pictures.of(row, state, laid, ground, lambda painter: cells(painter, 0))
            painter.drawImage(0, top, picture)

    def _state_of(self, row: Row, number: int, laid: Laid) -> tuple[object, ...]:
        """All that a row's picture depends on, beside what was seen and its timeline."""
        by_time: list[object] = []
        for at, _left, width in laid.columns:
            column = row.shape.columns[at]
            if column.ages:
                by_time.append(row.text(at))
            elif column.style is Style.SPACE:
                by_time.append(self._space(number, at))
            elif column.style is Style.TIMELINE and row.timeline is not None:
                now = self._rows.now()
                scale = self._rows.chronicle.scale(now)
                pixel = timeline_paint.pixel_milliseconds(width, scale)
                by_time += (scale, int(now * 1000 / pixel) if row.timeline.moves(now) else None)
        return (
            row.gone,
            not row.gone and bool(row.fresh_until) and self._rows.is_fresh(row),
            self._rows.grouped and (number > 0, self._rows.starts_group(number)),
            self._mark_of(row.observation) if not row.gone else None,
            *by_time,
        )

    def _space(self, number: int, at: int) -> str:
        return str(self._rows.data(self._rows.index(number, at)))

    def _cell(
        self, painter: QPainter, row: Row, number: int, column: int, place: QRect, selected: bool
    ) -> None:
        if self._inks.of is not self._look.colours:
            self._inks = _Inks(self._look)
        left, top, width, height = place.left(), place.top(), place.width(), place.height()
        first = self._rows.grouped and self._rows.starts_group(number)
        text_colour = self._background(painter, left, top, width, height, row, selected, first and number > 0)
        inner = QRect(left + _PAD, top, width - 2 * _PAD, height)
        style = row.shape.columns[column].style
        if style is Style.STATE:
            self._state(painter, inner, row, text_colour)
        elif style is Style.TIMELINE:
            self._timeline(painter, inner, row)
        else:
            self._text(painter, inner, row, number, column, text_colour, selected, first)

    def _background(
        self,
        painter: QPainter,
        left: int,
        top: int,
        width: int,
        height: int,
        row: Row,
        selected: bool,
        first: bool,
    ) -> QColor:
        inks = self._inks
        if selected:
            painter.fillRect(left, top, width, height, inks.selection)
        elif row.fresh_until and not row.gone and self._rows.is_fresh(row):
            painter.fillRect(left, top, width, height, inks.fresh)
        painter.fillRect(left, top + height - 1, width, 1, inks.grid)
        if first:
            painter.fillRect(left, top, width, 1, inks.muted)
        if row.gone:
            return inks.muted
        return inks.selection_text if selected else inks.text

    def _state(self, painter: QPainter, area: QRect, row: Row, text_colour: QColor) -> None:
        verdict = row.observation.verdict
        colour = text_colour if row.gone else self._inks.verdicts[verdict]
        ratio = painter.device().devicePixelRatioF()
        picture = icons.pixmap("gone" if row.gone else verdict.value, colour, _ICON, ratio)
        sign = QRect(area.left(), area.center().y() - _ICON // 2 + 1, _ICON, _ICON)
        painter.drawPixmap(bidi.mirrored(area, sign), picture)
        named = area.adjusted(_ICON + 7, 0, 0, 0)
        painter.setFont(self._bold.font)
        painter.setPen(colour)
        painter.drawText(
            bidi.mirrored(area, named), _LEFT, self._named["gone" if row.gone else verdict.value]
        )
        label = named.adjusted(self._words, 0, 0, 0)
        painter.setFont(self._plain.struck if row.gone else self._plain.font)
        painter.setPen(text_colour)
        painter.drawText(bidi.mirrored(area, label), _LEFT, self._plain.cut(row.text(0), label.width()))

    def _timeline(self, painter: QPainter, area: QRect, row: Row) -> None:
        if row.timeline is not None:
            now = self._rows.now()
            scale = self._rows.chronicle.scale(now)
            area = QRect(area.left(), area.center().y() - _BAR // 2, area.width(), _BAR)
            timeline_paint.draw(painter, area, row.timeline.pieces(now, scale), now, scale, self._look)

    def _text(
        self,
        painter: QPainter,
        area: QRect,
        row: Row,
        number: int,
        at: int,
        colour: QColor,
        selected: bool,
        first: bool,
    ) -> None:
        column = row.shape.columns[at]
        face = self._mono if column.style is Style.PATH else self._plain
        quiet = column.style is Style.QUIET or column.style is Style.SPACE
        if self._rows.grouped and column.name == row.shape.group:
            # The name of a group stands out at its first row, and stays readable at the others.
            face, quiet = (self._bold if first else self._plain), not first
        painter.setFont(face.struck if row.gone else face.font)
        painter.setPen(self._inks.muted if quiet and not selected and not row.gone else colour)
        if column.style is Style.SPACE:
            painter.drawText(area, _RIGHT, bidi.sentence(face.cut(self._space(number, at), area.width())))
        elif column.style is Style.PATH:
            mark = self._mark_of(row.observation) if not row.gone else None
            if mark is not None:
                corner, ratio = _mark_area(area), painter.device().devicePixelRatioF()
                painter.drawPixmap(corner, icons.pixmap(mark.icon, self._look.colours.accent, _ICON, ratio))
                area = bidi.mirrored(area, area.adjusted(0, 0, -_ICON - _PAD, 0))
            painter.drawText(area, _LEFT, bidi.path(face.cut(row.text(at), area.width(), path=True)))
        else:
            painter.drawText(area, _LEFT, bidi.sentence(face.cut(row.text(at), area.width())))

    def helpEvent(
        self, event: QHelpEvent, view: QAbstractItemView, option: QStyleOptionViewItem, index: _Index
    ) -> bool:
        row = self._rows.row_at(index.row())
        if row is not None and row.shape.columns[index.column()].style is Style.PATH:
            inner = QRect(option.rect).adjusted(_PAD, 0, -_PAD, 0)
            mark = self._mark_of(row.observation)
            if mark is not None and _mark_area(inner).contains(event.pos()):
                QToolTip.showText(event.globalPos(), tooltip(mark.text), view)
                return True
        return super().helpEvent(event, view, option, index)


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
    shown = bidi.path(elided_path(painter.fontMetrics(), path, area.width()))
    painter.drawText(area, Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine, shown)
