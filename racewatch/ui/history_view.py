"""The journal: what was asked, how it ended, and what can be taken back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import (
    QAbstractTableModel,
    QItemSelectionModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QScrollArea,
    QSplitter,
    QStackedLayout,
    QStackedWidget,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from racewatch.core.model import HistoryEntry, OutcomeWord
from racewatch.core.text import display
from racewatch.ui import icons, words
from racewatch.ui.cells import draw_path
from racewatch.ui.empty import EmptyState
from racewatch.ui.evidence_pane import EvidenceRow, FactGrid
from racewatch.ui.plain import PathBox, PlainLabel, WrapLabel, fixed_font, tooltip
from racewatch.ui.theme import Look

_Index = QModelIndex | QPersistentModelIndex
_ROOT: Final = QModelIndex()
_TITLES: Final = ("When", "Verb", "Target", "Outcome", "What happened")
_WIDTHS: Final = (130, 74, 250, 176)
_TARGET: Final = 2
_OUTCOME: Final = 3
_ENTRY: Final = Qt.ItemDataRole.UserRole + 1
_ROW_HEIGHT: Final = 28


def outcome_text(entry: HistoryEntry) -> str:
    """How it ended, in words."""
    if entry.word is None:
        return "under way"
    return "undone" if entry.undone_by else words.OUTCOME_WORDS[entry.word]


def entry_path(entry: HistoryEntry) -> str:
    """The path (or locator) of an entry in its display form."""
    return display(entry.path if entry.path is not None else entry.target.locator)


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


class HistoryModel(QAbstractTableModel):
    """Entries, newest first."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._entries: list[HistoryEntry] = []

    def set_entries(self, entries: Sequence[HistoryEntry]) -> None:
        """Show these; known rows only change, new ones are inserted on top."""
        old = [entry.action for entry in self._entries]
        new = [entry.action for entry in entries]
        fresh = len(new) - len(old)
        if fresh >= 0 and new[fresh:] == old:
            if fresh:
                self.beginInsertRows(_ROOT, 0, fresh - 1)
                self._entries[:0] = entries[:fresh]
                self.endInsertRows()
            self._entries = list(entries)
            if old:
                self.dataChanged.emit(self.index(fresh, 0), self.index(len(new) - 1, len(_TITLES) - 1))
            return
        self.beginResetModel()
        self._entries = list(entries)
        self.endResetModel()

    def entry(self, row: int) -> HistoryEntry | None:
        """The entry of a row."""
        return self._entries[row] if 0 <= row < len(self._entries) else None

    def rowCount(self, parent: _Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._entries)

    def columnCount(self, parent: _Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(_TITLES)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        entry = self.entry(index.row()) if index.isValid() else None
        if entry is None:
            return None
        if role == _ENTRY:
            return entry
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return self._text(entry, index.column())
        if role == Qt.ItemDataRole.ToolTipRole:
            return tooltip(self._text(entry, index.column()))
        return None

    @staticmethod
    def _text(entry: HistoryEntry, column: int) -> str:
        return (
            words.moment(entry.started_at),
            entry.verb,
            entry_path(entry),
            outcome_text(entry),
            entry.summary,
        )[column]

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        wanted = role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole)
        if orientation is Qt.Orientation.Horizontal and wanted and 0 <= section < len(_TITLES):
            return _TITLES[section]
        return None


class _Cell(QStyledItemDelegate):
    def __init__(self, look: Look, parent: QWidget) -> None:
        super().__init__(parent)
        self._look = look
        self._mono = fixed_font(parent.font())

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        return QSize(60, _ROW_HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        entry = index.data(_ENTRY)
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
        text = str(index.data())
        if index.column() == _OUTCOME:
            name, tint = outcome_icon(self._look, entry)
            picture = icons.pixmap(name, tint, 16, painter.device().devicePixelRatioF())
            painter.drawPixmap(area.left(), area.center().y() - 7, picture)
            area = area.adjusted(23, 0, 0, 0)
        elif index.column() == _TARGET:
            painter.setFont(self._mono)
        elif not selected:
            colour = colours.muted
        painter.setPen(QColor(colour))
        if index.column() == _TARGET:
            draw_path(painter, area, text)
        else:
            text = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, max(area.width(), 0))
            painter.drawText(area, Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine, text)
        painter.restore()


class HistoryView(QWidget):
    """Table, details, Undo.  ``undo_wanted`` carries the action id, ``purge_wanted`` the entry."""

    undo_wanted = Signal(object)
    purge_wanted = Signal(object)

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = look
        self._chosen: str | None = None
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
        self.table.verticalHeader().setDefaultSectionSize(_ROW_HEIGHT)
        header = self.table.horizontalHeader()
        header.setStretchLastSection(True)
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setAccessibleName("Columns")
        for column, width in enumerate(_WIDTHS):
            header.resizeSection(column, width)
        self.table.setAccessibleName("History")
        self.table.setAccessibleDescription("One row for each removal or undo, newest first")
        self.table.selectionModel().selectionChanged.connect(self._on_selected)
        self._empty = EmptyState(look)
        self._empty.say(
            "history",
            "Nothing was done yet",
            "Each removal, refusal and undo is kept here, with its evidence.",
        )
        self._area = QStackedWidget()
        self._area.addWidget(self._empty)
        self._area.addWidget(self.table)
        self.details = _Details(look)
        self.details.undo.clicked.connect(self._on_undo)
        self.details.purge.clicked.connect(self._on_purge)
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.addWidget(self._area)
        self.splitter.addWidget(self.details)
        self.splitter.setStretchFactor(0, 1)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.setHandleWidth(1)
        self.splitter.setSizes([940, 344])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.splitter)

    def show_entries(self, entries: Sequence[HistoryEntry]) -> None:
        """The newest journal; what was selected stays so."""
        chosen = self._chosen
        self.model.set_entries(entries)
        self._area.setCurrentWidget(self.table if entries else self._empty)
        at = next((at for at, entry in enumerate(entries) if entry.action == chosen), None)
        if at is None:
            self.table.selectionModel().clear()
            self._show(None)
            return
        if self.table.currentIndex().row() != at:
            self.table.selectionModel().setCurrentIndex(
                self.model.index(at, 0),
                QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows,
            )
        self._show(entries[at])

    def problem(self, text: str) -> None:
        """The journal cannot be read."""
        self._empty.say("error", "No journal", text)
        self._area.setCurrentWidget(self._empty)

    def allow(self, forbidden: str) -> None:
        """Why nothing may be put back or freed just now; empty when it may."""
        self.details.forbidden = forbidden
        self.details.show_entry(self.details.shown)

    def choose(self, action: str) -> None:
        """Select an entry."""
        for at in range(self.model.rowCount()):
            entry = self.model.entry(at)
            if entry is not None and entry.action == action:
                self.table.selectRow(at)
                return

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


class _Details(QFrame):
    """One entry in full."""

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = look
        self.forbidden = ""
        self.shown: HistoryEntry | None = None
        self.setObjectName("pane")
        self.setAccessibleName("Details")
        self.setMinimumWidth(300)
        self._empty = EmptyState(look)
        self._empty.say("info", "Nothing selected", "Select a line to see the evidence it was decided on.")
        self._full = QWidget()
        stack = QStackedLayout(self)
        stack.addWidget(self._empty)
        stack.addWidget(self._full)
        self._stack = stack
        self._body = QWidget()
        self._body.setObjectName("paneBody")
        self._rows = QVBoxLayout(self._body)
        self._rows.setContentsMargins(16, 14, 16, 12)
        self._rows.setSpacing(8)
        scroll = QScrollArea()
        scroll.setWidget(self._body)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setAccessibleName("Details of the act")
        self.undo = QPushButton("Undo")
        self.undo.setAccessibleName("Undo")
        self.undo.setAutoDefault(False)
        self.purge = QPushButton("Free space…")
        self.purge.setAccessibleName("Free space")
        self.purge.setAccessibleDescription("Remove for good what is kept for undo")
        self.purge.setToolTip("Remove for good what is kept for undo")
        self.purge.setAutoDefault(False)
        self._why = WrapLabel()
        self._why.setObjectName("muted")
        footer = QFrame()
        footer.setObjectName("paneFooter")
        below = QHBoxLayout(footer)
        below.setContentsMargins(16, 10, 16, 12)
        below.setSpacing(12)
        below.addWidget(self.undo)
        below.addWidget(self.purge)
        below.addWidget(self._why, 1)
        full = QVBoxLayout(self._full)
        full.setContentsMargins(0, 0, 0, 0)
        full.setSpacing(0)
        full.addWidget(scroll, 1)
        full.addWidget(footer)
        look.changed.connect(self._repaint)

    def _repaint(self) -> None:
        self.show_entry(self.shown)

    def show_entry(self, entry: HistoryEntry | None) -> None:
        """Show this entry; None for nothing."""
        self.shown = entry
        self._stack.setCurrentWidget(self._empty if entry is None else self._full)
        if entry is None:
            return
        while (item := self._rows.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        title = PlainLabel(f"{entry.verb.capitalize()}: {outcome_text(entry)}")
        title.setObjectName("paneTitle")
        font = title.font()
        font.setPointSizeF(font.pointSizeF() * 1.2)
        title.setFont(font)
        path = PathBox()
        path.setAccessibleName("Path")
        path.set_text(entry_path(entry))
        for widget in (title, path, WrapLabel(entry.summary)):
            self._rows.addWidget(widget)
        facts = [("When", words.full_moment(entry.started_at))]
        if entry.ended_at is not None:
            facts.append(("Took", f"{max(entry.ended_at - entry.started_at, 0) * 1000:.0f} ms"))
        facts.append(("Action", entry.action))
        if entry.refers_to:
            facts.append(("Undo of" if entry.verb == "undo" else "Of", entry.refers_to))
        if entry.undone_by:
            facts.append(("Undone by", entry.undone_by))
        self._rows.addWidget(FactGrid(facts))
        if entry.observation is not None and entry.observation.evidence:
            section = PlainLabel("Decided on")
            section.setObjectName("section")
            self._rows.addWidget(section)
            for evidence in entry.observation.evidence:
                self._rows.addWidget(EvidenceRow(self._look, evidence))
        self._rows.addStretch(1)
        can = entry.undoable and entry.undone_by is None
        self.undo.setEnabled(can and not self.forbidden)
        self.purge.setVisible(entry.kept)
        self.purge.setEnabled(not self.forbidden)
        why = self.forbidden or ("Puts it back if its name is still free." if can else _why_not(entry))
        self._why.setText(why)
        self.undo.setAccessibleDescription(why)


def _why_not(entry: HistoryEntry) -> str:
    if entry.undone_by:
        return "It was taken back already."
    if entry.verb == "undo":
        return "This was an undo itself."
    if entry.verb == "purge":
        return "What was kept is removed for good."
    if entry.word is not None and entry.word.is_refusal:
        return "Nothing was removed, so there is nothing to put back."
    return "Nothing is left that could be put back."
