"""The journal: what was asked, how it ended, and what can be taken back."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from PySide6.QtCore import (
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QPainter, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QSplitter,
    QStackedWidget,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from racewatch.core.model import HistoryEntry, OutcomeWord
from racewatch.ui import bidi, history_text, icons
from racewatch.ui.beside import PANE, place_beside
from racewatch.ui.cells import draw_path
from racewatch.ui.empty import EmptyState
from racewatch.ui.history_details import HistoryDetails
from racewatch.ui.history_filter import HistoryFilter
from racewatch.ui.history_model import ENTRY, OUTCOME, TARGET, TOLD, VERB, HistoryModel
from racewatch.ui.measure import tall, wide
from racewatch.ui.plain import fixed_font
from racewatch.ui.theme import Look
from racewatch.ui.tr import tr

_Index = QModelIndex | QPersistentModelIndex
_WIDTHS: Final = (130, 74, 250, 176)
_ROW_HEIGHT: Final = 28
#: Beside the words of a cell: its margins and its icon.
_AROUND: Final = 44


def outcome_icon(look: Look, entry: HistoryEntry) -> tuple[str, str]:
    """Icon and colour of an outcome: a refusal is neutral, only a failure is red."""
    colours = look.colours
    if entry.word is None:
        return "hourglass", colours.muted
    if entry.word is OutcomeWord.FAILED:
        return "error", colours.danger
    if entry.word.is_refusal:
        return "refused", colours.idle
    return ("undo", colours.muted) if entry.undone_by or entry.verb == "undo" else ("success", colours.live)


class _Cell(QStyledItemDelegate):
    def __init__(self, look: Look, parent: QWidget) -> None:
        super().__init__(parent)
        self._look = look
        self._mono = fixed_font(parent.font())

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        return QSize(60, tall(_ROW_HEIGHT, option.fontMetrics))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        entry = index.data(ENTRY)
        if not isinstance(entry, HistoryEntry):
            return
        colours = self._look.colours
        area = QRect(option.rect)
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        painter.save()
        if selected:
            painter.fillRect(area, QColor(colours.selection))
        painter.setPen(QColor(colours.grid))
        painter.drawLine(area.bottomLeft(), area.bottomRight())
        area = area.adjusted(8, 0, -8, 0)
        colour = colours.selection_text if selected else colours.text
        text = history_text.told(entry) if index.column() == TOLD else str(index.data())
        if index.column() == OUTCOME:
            name, tint = outcome_icon(self._look, entry)
            picture = icons.pixmap(name, tint, 16, painter.device().devicePixelRatioF())
            sign = QRect(area.left(), area.center().y() - 7, 16, 16)
            painter.drawPixmap(bidi.mirrored(area, sign), picture)
            area = bidi.mirrored(area, area.adjusted(23, 0, 0, 0))
        elif index.column() == TARGET:
            painter.setFont(self._mono)
        elif not selected:
            colour = colours.muted
        painter.setPen(QColor(colour))
        if index.column() == TARGET:
            draw_path(painter, area, text)
        else:
            text = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, max(area.width(), 0))
            text = bidi.sentence(text)
            painter.drawText(area, Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine, text)
        painter.restore()


class HistoryView(QWidget):
    """Table, details, Undo.  ``undo_wanted`` carries the action id, ``purge_wanted`` the entry."""

    undo_wanted = Signal(object)
    purge_wanted = Signal(object)

    def __init__(self, look: Look, keep_days: int, parent: QWidget | None = None) -> None:
        """``keep_days``: how long what was removed can be put back."""
        super().__init__(parent)
        self._look = look
        self._chosen: str | None = None
        self._problem = ""
        self.model = HistoryModel(self)
        self.table = QTableView()
        self.table.setModel(self.model)
        self.table.setItemDelegate(_Cell(look, self.table))
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setShowGrid(False)
        self.table.setWordWrap(False)
        self.table.setTabKeyNavigation(False)
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.table.verticalHeader().setDefaultSectionSize(tall(_ROW_HEIGHT, self.fontMetrics()))
        header = self.table.horizontalHeader()
        header.setStretchLastSection(True)
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setAccessibleName(tr("Columns"))
        for column, width in enumerate(_WIDTHS):
            header.resizeSection(column, max(wide(width, self.fontMetrics()), self._needs(column)))
        self.table.setAccessibleName(tr("History"))
        self.table.setAccessibleDescription(tr("One row for each removal or undo, newest first"))
        self.table.selectionModel().selectionChanged.connect(self._on_selected)
        self._empty = EmptyState(look)
        self.filters = HistoryFilter(look)
        self.filters.changed.connect(self._on_filter)
        self._area = QStackedWidget()
        self._area.addWidget(self._empty)
        self._area.addWidget(self.table)
        self.details = HistoryDetails(look)
        self.details.undo.clicked.connect(self._on_undo)
        self.details.purge.clicked.connect(self._on_purge)
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        left = QWidget()
        above = QVBoxLayout(left)
        above.setContentsMargins(0, 0, 0, 0)
        above.setSpacing(0)
        above.addWidget(self.filters)
        above.addWidget(self._area, 1)
        self.splitter.addWidget(left)
        self.splitter.addWidget(self.details)
        self.splitter.setStretchFactor(0, 1)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.setHandleWidth(1)
        self.splitter.setSizes([940, PANE])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.splitter)
        self.set_keep_days(keep_days)
        self._show_area()

    def resizeEvent(self, event: QResizeEvent, /) -> None:
        super().resizeEvent(event)
        place_beside(self.splitter, self)

    def _needs(self, column: int) -> int:
        """The width of its longest word: they are as long as the language wants."""
        said = {VERB: history_text.verbs(), OUTCOME: history_text.outcomes()}.get(column, ())
        return max(map(self.table.fontMetrics().horizontalAdvance, said), default=0) + _AROUND

    def set_keep_days(self, keep_days: int) -> None:
        """How long what was removed can be put back, from now on."""
        self.filters.show_retention(keep_days)
        self.details.set_keep_days(keep_days)

    def mark_recovered(self, actions: Collection[str], when: float) -> None:
        """These acts were interrupted, and brought to an end at this start of racewatch."""
        self.details.mark_recovered(actions, when)

    def show_entries(self, entries: Sequence[HistoryEntry]) -> None:
        """The newest journal; what was selected stays so."""
        self._problem = ""
        self.model.set_entries(entries)
        self._show_area()
        self._keep_chosen()

    def _on_filter(self) -> None:
        self.model.set_filter(*self.filters.chosen())
        self._show_area()
        self._keep_chosen()

    def _keep_chosen(self) -> None:
        at = self.model.place_of(self._chosen)
        if at is None:
            self.table.selectionModel().clear()
            self._show(None)
            return
        if self.table.currentIndex().row() != at or not self.table.selectionModel().hasSelection():
            self.table.selectionModel().setCurrentIndex(
                self.model.index(at, 0),
                QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows,
            )
        self._show(self.model.entry(at))

    def problem(self, text: str) -> None:
        """The journal cannot be read."""
        self._problem = text
        self._show_area()

    def _show_area(self) -> None:
        if self.model.rowCount() and not self._problem:
            self._area.setCurrentWidget(self.table)
            return
        self._area.setCurrentWidget(self._empty)
        if self._problem:
            self._empty.say("error", tr("No journal"), self._problem)
        elif self.model.total:
            self._empty.say(
                "filter",
                tr("Nothing matches"),
                tr("%n line(s) are hidden by the search or the choices above.", "", self.model.total),
                button=tr("Show all"),
                act=self.filters.reset,
            )
        else:
            self._empty.say(
                "history",
                tr("Nothing was done yet"),
                tr("Each removal, refusal and undo is kept here, with its evidence."),
            )

    def allow(self, forbidden: str) -> None:
        """Why nothing may be put back or freed just now; empty when it may."""
        self.details.forbidden = forbidden
        self.details.show_entry(self.details.shown)

    def choose(self, action: str) -> None:
        """Select an entry; a filter that hides it goes."""
        if self.model.place_of(action) is None:
            self.filters.reset()
        at = self.model.place_of(action)
        if at is not None:
            self.table.selectRow(at)
            self.table.scrollTo(self.model.index(at, 0))

    def _on_selected(self) -> None:
        rows = self.table.selectionModel().selectedRows()
        self._show(self.model.entry(rows[0].row()) if rows else None)

    def _show(self, entry: HistoryEntry | None) -> None:
        self._chosen = entry.action if entry is not None else None
        self.details.show_entry(entry)

    def _on_undo(self) -> None:
        if self._chosen is not None:
            self.undo_wanted.emit(self._chosen)

    def _on_purge(self) -> None:
        entry = self.details.shown
        if entry is not None and entry.kept:
            self.purge_wanted.emit(entry)
