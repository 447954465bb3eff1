"""The journal's lines as a table: newest first, filtered."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from racewatch.core.model import HistoryEntry, KindName
from racewatch.ui import history_text, words
from racewatch.ui.history_text import Ended, Since
from racewatch.ui.plain import tooltip
from racewatch.ui.tr import marked, tr

_Index = QModelIndex | QPersistentModelIndex
_ROOT: Final = QModelIndex()
TITLES: Final = (marked("When"), marked("Verb"), marked("Target"), marked("Outcome"), marked("What happened"))
VERB: Final = 1
TARGET: Final = 2
OUTCOME: Final = 3
TOLD: Final = 4
ENTRY: Final = Qt.ItemDataRole.UserRole + 1


class HistoryModel(QAbstractTableModel):
    """Those entries that the filter lets through."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._all: tuple[HistoryEntry, ...] = ()
        self._entries: list[HistoryEntry] = []
        self._words: tuple[str, ...] = ()
        self._ended, self._since = Ended.ANY, Since.EVER
        self._kind: KindName | None = None

    @property
    def total(self) -> int:
        """How many there are, shown or not."""
        return len(self._all)

    def shown(self) -> tuple[HistoryEntry, ...]:
        """What the filter lets through."""
        return tuple(self._entries)

    def set_entries(self, entries: Sequence[HistoryEntry]) -> None:
        """The whole journal, newest first; known rows only change, new ones are inserted on top."""
        self._all = tuple(entries)
        self._show(self._matching())

    def set_filter(self, text: str, ended: Ended, kind: KindName | None, since: Since) -> None:
        """Show what holds all these words, ended like this, is of this kind and began that lately."""
        self._words = tuple(text.casefold().split())
        self._ended, self._kind, self._since = ended, kind, since
        self._show(self._matching())

    def _matching(self) -> list[HistoryEntry]:
        now = time.time()
        return [entry for entry in self._all if self._matches(entry, now)]

    def _matches(self, entry: HistoryEntry, now: float) -> bool:
        if self._kind is not None and entry.target.kind is not self._kind:
            return False
        if not (self._ended.holds(entry) and self._since.holds(entry, now)):
            return False
        return not self._words or all(word in history_text.haystack(entry) for word in self._words)

    def _show(self, entries: list[HistoryEntry]) -> None:
        old = [entry.action for entry in self._entries]
        new = [entry.action for entry in entries]
        fresh = len(new) - len(old)
        if fresh >= 0 and new[fresh:] == old:
            if fresh:
                self.beginInsertRows(_ROOT, 0, fresh - 1)
                self._entries[:0] = entries[:fresh]
                self.endInsertRows()
            self._entries = entries
            if old:
                self.dataChanged.emit(self.index(fresh, 0), self.index(len(new) - 1, len(TITLES) - 1))
            return
        self.beginResetModel()
        self._entries = entries
        self.endResetModel()

    def entry(self, row: int) -> HistoryEntry | None:
        """The entry of a row."""
        return self._entries[row] if 0 <= row < len(self._entries) else None

    def place_of(self, action: str | None) -> int | None:
        """The row of this action; None when it is not shown."""
        return next((at for at, entry in enumerate(self._entries) if entry.action == action), None)

    def rowCount(self, parent: _Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._entries)

    def columnCount(self, parent: _Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(TITLES)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        entry = self.entry(index.row()) if index.isValid() else None
        if entry is None:
            return None
        if role == ENTRY:
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
            history_text.verb(entry),
            history_text.entry_path(entry),
            history_text.outcome_text(entry),
            entry.summary,
        )[column]

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        wanted = role in (
            Qt.ItemDataRole.DisplayRole,
            Qt.ItemDataRole.AccessibleTextRole,
            Qt.ItemDataRole.ToolTipRole,  # a column may be narrower than its title
        )
        if orientation is Qt.Orientation.Horizontal and wanted and 0 <= section < len(TITLES):
            return tr(TITLES[section])
        return None
