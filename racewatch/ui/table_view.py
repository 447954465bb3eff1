"""The table: selection, current row and scroll belong to targets, never to row numbers."""

from __future__ import annotations

from collections.abc import Callable, Set
from typing import Final

from PySide6.QtCore import QItemSelection, QItemSelectionModel, QModelIndex, QPoint, Qt, QTimer, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QFocusEvent,
    QHideEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QShowEvent,
)
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from racewatch.core.model import Observation, Target
from racewatch.ui import timeline_paint
from racewatch.ui.cells import CellDelegate
from racewatch.ui.column_choice import ColumnChoice, usual_width
from racewatch.ui.header import SortHeader
from racewatch.ui.marks import Mark, MarkOf, no_mark
from racewatch.ui.row_pictures import Laid
from racewatch.ui.table_model import TableModel
from racewatch.ui.table_row import Row
from racewatch.ui.theme import Look

#: Above so many selected rows one walk through the table is cheaper than a search for each.
_MANY: Final = 200
#: How often what changes with time alone (an age) is painted anew.
_AGES_MS: Final = 10_000


class TargetTable(QTableView):
    """A table whose current row is a target, and whose selection is a set of targets.

    ``chosen`` tells the target of the current row, or None; ``picked`` that others are selected now.
    ``menu_wanted`` carries the global position; the menu is about what was selected when the button went down.
    ``finger`` tells that a mouse button went down on the table (True) or came up again.
    """

    chosen = Signal(object)
    picked = Signal()
    menu_wanted = Signal(object)
    activated_target = Signal(object)
    finger = Signal(bool)

    def __init__(self, model: TableModel, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows = model
        self._look = look
        self._chosen: Target | None = None
        self._picked: frozenset[Target] = frozenset()
        self._kept: tuple[Target | None, Target | None, int] | None = None
        self._selecting = False
        self.setModel(model)
        self.mark_of: MarkOf = no_mark
        self._cells = CellDelegate(look, model, self, self._mark)
        self.setItemDelegate(self._cells)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setCornerButtonEnabled(False)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setDefaultSectionSize(self._cells.height)
        header = SortHeader(look, self)
        self.setHorizontalHeader(header)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        header.setSectionResizeMode(model.shape.path_at, QHeaderView.ResizeMode.Stretch)
        header.setMinimumSectionSize(48)
        for at, column in enumerate(model.shape.columns):
            if at != model.shape.path_at:
                header.resizeSection(at, usual_width(column, self))
        header.setSortIndicator(*model.sorting)
        self.setSortingEnabled(True)
        self.columns = ColumnChoice(self, model.shape)
        model.rebuilding.connect(self._keep)
        model.rebuilt.connect(self._restore)
        model.leaving.connect(self._let_go)
        model.rowsAboutToBeInserted.connect(self._keep_scroll)
        model.rowsInserted.connect(self._restore_scroll)
        model.rowsAboutToBeRemoved.connect(self._keep_scroll)
        model.rowsRemoved.connect(self._restore_scroll)
        self.selectionModel().selectionChanged.connect(self._selection_changed)
        self.selectionModel().currentRowChanged.connect(self._current_changed)
        self.doubleClicked.connect(self._activate)
        if any(column.ages for column in model.shape.columns):
            ages = QTimer(self)
            ages.timeout.connect(self.viewport().update)
            ages.start(_AGES_MS)
        # Runs while the table is on screen, and paints only when something would be elsewhere.
        self._advance = QTimer(self)
        self._advance.timeout.connect(self._advance_timelines)

    def _mark(self, seen: Observation) -> Mark | None:
        return self.mark_of(seen)

    # --- what is chosen ---------------------------------------------------------------------

    @property
    def target(self) -> Target | None:
        """The target of the current row."""
        return self._chosen

    def observation(self) -> Observation | None:
        """The current target as it stands in the table; None for a tombstone too."""
        row = self._rows.find(self._chosen) if self._chosen is not None else None
        return None if row is None or row.gone else row.observation

    def observations(self) -> list[Observation]:
        """Everything selected as it stands in the table, in its order; without tombstones."""
        return [row.observation for _, row in self._picked_rows() if not row.gone]

    def _picked_rows(self) -> list[tuple[int, Row]]:
        """The selected rows with their places, in order."""
        if len(self._picked) > _MANY:  # one walk is cheaper than many searches
            walked = ((place, self._rows.row_at(place)) for place in range(self._rows.rowCount()))
            return [
                (place, row)
                for place, row in walked
                if row is not None and row.observation.target in self._picked
            ]
        found = ((self._rows.place_of(target), self._rows.find(target)) for target in self._picked)
        return sorted(
            ((place, row) for place, row in found if place is not None and row is not None),
            key=lambda placed: placed[0],
        )

    def pick(self, wanted: Callable[[Observation], bool]) -> None:
        """Select all rows that are wanted, and no others; the current row stays."""
        rows = (self._rows.row_at(place) for place in range(self._rows.rowCount()))
        self._picked = frozenset(
            row.observation.target
            for row in rows
            if row is not None and not row.gone and wanted(row.observation)
        )
        self._select_picked()
        self.picked.emit()

    def _select_picked(self) -> None:
        """Make Qt's selection what is picked: by places, as they are now."""
        selection = QItemSelection()
        last = max(self._rows.columnCount() - 1, 0)
        first = before = -2
        for place in [*(place for place, _ in self._picked_rows()), -2]:
            if place != before + 1:
                if first >= 0:
                    selection.select(self._rows.index(first, 0), self._rows.index(before, last))
                first = place
            before = place
        self._selecting = True
        try:
            self.selectionModel().select(selection, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        finally:
            self._selecting = False

    def choose(self, target: Target | None) -> bool:
        """Select this target and show it; False when it is not in the table."""
        place = self._rows.place_of(target) if target is not None else None
        if place is None:
            self._clear()
            return False
        index = self._rows.index(place, 0)
        self.selectionModel().setCurrentIndex(
            index,
            QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows,
        )
        self.scrollTo(index)
        return True

    def _selection_changed(self) -> None:
        if self._selecting or self._kept is not None:
            return
        # By ranges: of rows Qt tells only those that can be selected, and a tombstone, which cannot, may come back.
        places = (
            place
            for part in self.selectionModel().selection().toList()
            for place in range(part.top(), part.bottom() + 1)
        )
        rows = map(self._rows.row_at, places)
        picked = frozenset(row.observation.target for row in rows if row is not None)
        if picked != self._picked:
            self._picked = picked
            self.picked.emit()

    def _current_changed(self, index: QModelIndex) -> None:
        row = self._rows.row_at(index.row()) if index.isValid() else None
        target = row.observation.target if row is not None else None
        if target != self._chosen and self._kept is None:
            self._chosen = target
            self.chosen.emit(target)

    def _clear(self) -> None:
        self.selectionModel().clear()
        if self._chosen is not None:
            self._chosen = None
            self.chosen.emit(None)

    # --- churn ------------------------------------------------------------------------------

    def _let_go(self, targets: Set[Target]) -> None:
        # Otherwise Qt would make a neighbour the current row, and Delete would mean that one.
        current = self._rows.row_at(self.currentIndex().row()) if self.currentIndex().isValid() else None
        if self._chosen in targets or (current is not None and current.observation.target in targets):
            self.selectionModel().clearCurrentIndex()
        if not self._picked.isdisjoint(targets):
            self._picked -= targets
            self._select_picked()
            self.picked.emit()

    def _keep(self) -> None:
        top = self._rows.row_at(self.rowAt(0))
        offset = self.rowViewportPosition(self.rowAt(0)) if top is not None else 0
        at_top = self.verticalScrollBar().value() == 0
        self._kept = (self._chosen, None if at_top or top is None else top.observation.target, offset)

    def _restore(self) -> None:
        if self._kept is None:
            return
        chosen, top, offset = self._kept
        place = self._rows.place_of(chosen) if chosen is not None else None
        if place is not None:
            self.selectionModel().setCurrentIndex(
                self._rows.index(place, 0), QItemSelectionModel.SelectionFlag.NoUpdate
            )
        shown = frozenset(row.observation.target for _, row in self._picked_rows())
        lost, self._picked = shown != self._picked, shown
        self._select_picked()
        self._kept = None
        if place is None:
            self.selectionModel().clearCurrentIndex()
            if self._chosen is not None:
                self._chosen = None
                self.chosen.emit(None)
        if lost:
            self.picked.emit()
        self._scroll_to(top, offset)

    def _keep_scroll(self, parent: QModelIndex, first: int, last: int) -> None:
        if self._kept is None and first <= max(self.rowAt(0), 0):
            self._keep()

    def _restore_scroll(self, parent: QModelIndex, first: int, last: int) -> None:
        if self._kept is not None:
            _, top, offset = self._kept
            self._kept = None
            self._selection_changed()
            self._scroll_to(top, offset)

    def _scroll_to(self, top: Target | None, offset: int) -> None:
        # From the very top on one wants to see what comes in; further down, what one was reading.
        place = self._rows.place_of(top) if top is not None else None
        if place is not None:
            self.updateGeometries()
            self.verticalScrollBar().setValue(place * self._cells.height - offset)

    def resizeEvent(self, event: QResizeEvent, /) -> None:
        super().resizeEvent(event)
        self.columns.fit()

    def paintEvent(self, event: QPaintEvent, /) -> None:
        ratio = self.devicePixelRatioF()
        if not ratio.is_integer():  # rows begin between two pixels, where a picture of one would be blurred
            self._cells.pictures.forget()
            super().paintEvent(event)
            return
        # As Qt would, but by the row: it asks the model a dozen questions for each cell, and each goes through Python.
        first, last = self.rowAt(event.rect().top()), self.rowAt(event.rect().bottom())
        if first < 0:
            return
        last = self._rows.rowCount() - 1 if last < 0 else last
        laid, top, ground = self._laid(ratio), self.rowViewportPosition(first), self.palette().base()
        selected = self._selected_of(first, last)
        painter = QPainter(self.viewport())
        try:
            for number in range(first, last + 1):
                at = top + (number - first) * laid.height
                self._cells.paint_row(painter, number, at, laid, ground, selected=number in selected)
        finally:
            painter.end()

    def _selected_of(self, first: int, last: int) -> Set[int]:
        if not self.selectionModel().hasSelection():
            return frozenset()
        parts = self.selectionModel().selection().toList()
        return {
            number
            for part in parts
            for number in range(max(part.top(), first), min(part.bottom(), last) + 1)
            if self._rows.flags(self._rows.index(number, 0)) & Qt.ItemFlag.ItemIsSelectable
        }

    def _laid(self, ratio: float) -> Laid:
        size, height = self.viewport().size(), self._cells.height
        shown = (
            (at, left, width)
            for at in range(self._rows.columnCount())
            if (width := self.columnWidth(at)) and (left := self.columnViewportPosition(at)) < size.width()
        )
        columns = tuple(one for one in shown if one[1] + one[2] > 0)
        rows = size.height() // height + 2
        return Laid(columns, size.width(), height, rows, ratio, self._look.colours, self.layoutDirection())

    # --- timelines --------------------------------------------------------------------------

    def _advance_timelines(self) -> None:
        at = self._rows.shape.timeline_at
        self._pace_timelines()
        if self.window().isMinimized() or self.isColumnHidden(at):
            return
        now = self._rows.now()
        first, last = self.rowAt(0), self.rowAt(self.viewport().height() - 1)
        shown = range(max(first, 0), last + 1 if last >= 0 else self._rows.rowCount())
        rows = (self._rows.row_at(number) for number in shown)
        if any(row is not None and row.timeline is not None and row.timeline.moves(now) for row in rows):
            left, width = self.columnViewportPosition(at), self.columnWidth(at)
            self.viewport().update(left, 0, width, self.viewport().height())

    def _pace_timelines(self) -> None:
        width = self.columnWidth(self._rows.shape.timeline_at)
        scale = self._rows.chronicle.scale(self._rows.now())
        pace = timeline_paint.pixel_milliseconds(width, scale)
        if pace != self._advance.interval():
            self._advance.setInterval(pace)

    def showEvent(self, event: QShowEvent, /) -> None:
        super().showEvent(event)
        self._pace_timelines()
        self._advance.start()

    def hideEvent(self, event: QHideEvent, /) -> None:
        super().hideEvent(event)
        self._advance.stop()
        self._cells.pictures.forget()

    # --- input ------------------------------------------------------------------------------

    def focusInEvent(self, event: QFocusEvent, /) -> None:
        nothing = not self.currentIndex().isValid()
        super().focusInEvent(event)
        if nothing:  # Qt makes the first row the current one, unselected: nobody asked for that
            self.selectionModel().clearCurrentIndex()
        if (
            event.reason() in (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason)
            and self._chosen is None
        ):
            # Someone who came by keyboard sees where they are; nothing becomes selected for a mouse.
            first = self._rows.row_at(0)
            if first is not None and not first.gone:
                self.choose(first.observation.target)

    def keyPressEvent(self, event: QKeyEvent, /) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not event.isAutoRepeat():
            self.activated_target.emit(self._chosen)
            return
        if event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Up) and self._chosen is None:
            first = self._rows.row_at(0)
            if first is not None:
                self.choose(first.observation.target)
                return
        if event.key() == Qt.Key.Key_F10 and event.modifiers() == Qt.KeyboardModifier.ShiftModifier:
            self._menu_by_key()  # for keyboards without a menu key
            return
        super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent, /) -> None:
        self.finger.emit(True)
        super().mousePressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent, /) -> None:
        super().mouseReleaseEvent(event)
        self.finger.emit(False)

    def contextMenuEvent(self, event: QContextMenuEvent, /) -> None:
        if event.reason() is QContextMenuEvent.Reason.Keyboard:
            self._menu_by_key()
        elif self.indexAt(event.pos()).isValid():
            # The release of a press that opened a menu may never come here.
            QTimer.singleShot(0, self._lifted)
            self.menu_wanted.emit(event.globalPos())

    def _menu_by_key(self) -> None:
        place = self._rows.place_of(self._chosen) if self._chosen is not None else None
        if place is not None:
            below = QPoint(40, self.rowViewportPosition(place) + self._cells.height)
            self.menu_wanted.emit(self.viewport().mapToGlobal(below))

    def _lifted(self) -> None:
        self.finger.emit(False)

    def _activate(self) -> None:
        self.activated_target.emit(self._chosen)
