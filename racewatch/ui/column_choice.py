"""Which columns of a table are shown: what a person chose, less what has no room just now."""

from __future__ import annotations

from functools import partial
from typing import Final

from PySide6.QtCore import QByteArray, QObject, QPoint, Qt
from PySide6.QtWidgets import QHeaderView, QMenu, QTableView

from racewatch.core.model import Verdict
from racewatch.ui import words
from racewatch.ui.columns import Column, Shape, Style
from racewatch.ui.measure import wide
from racewatch.ui.tr import tr

#: Without these a row cannot be told from another.
_ALWAYS: Final = (Style.STATE, Style.PATH)
_MAGIC: Final = b"racewatch columns 1:"
#: Beside a title: its margins, and the arrow of what is sorted by.
_AROUND_TITLE: Final = 36


def usual_width(column: Column, table: QTableView) -> int:
    """How wide a column is at first: as it was drawn, and what the words of another language need more."""
    metrics = table.fontMetrics()
    width = wide(column.width, metrics)
    if column.style is Style.STATE:
        drawn = max(metrics.horizontalAdvance(verdict.value) for verdict in Verdict)
        said = max(metrics.horizontalAdvance(words.state_word(verdict.value)) for verdict in Verdict)
        width += max(said - drawn, 0)
    return max(
        width, table.horizontalHeader().fontMetrics().horizontalAdvance(tr(column.title)) + _AROUND_TITLE
    )


class ColumnChoice(QObject):
    """The columns of one table: chosen in the menu of its header, moved and sized there, kept in the settings."""

    def __init__(self, table: QTableView, shape: Shape) -> None:
        super().__init__(table)
        self._table = table
        self._shape = shape
        self._header = table.horizontalHeader()
        self._left_out: set[str] = set()
        self._header.setSectionsMovable(True)
        self._header.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self._header.customContextMenuRequested.connect(self._on_menu)
        self._usual = self._header.saveState()

    def fit(self) -> None:
        """Hide what was left out, and what has no room: the columns that give way, first to last."""
        wanted = 0
        for at, column in enumerate(self._shape.columns):
            if column.name in self._left_out:
                self._hide(at, hidden=True)
            else:
                # (A hidden section has no size; its usual one is what it would need.)
                size = 0 if column.style is Style.PATH else self._header.sectionSize(at)
                wanted += size or self._usual_width(at)
        giving = [name for name in self._shape.gives_way if name not in self._left_out]
        for name in giving:
            at = self._shape.at(name)
            narrow = wanted > self._table.viewport().width()
            self._hide(at, hidden=narrow)
            if narrow:
                wanted -= self._usual_width(at)
        for at, column in enumerate(self._shape.columns):
            if column.name not in self._left_out and column.name not in giving:
                self._hide(at, hidden=False)
        self._keep_path_readable(wanted > self._table.viewport().width())

    def _keep_path_readable(self, narrow: bool) -> None:
        """The path has what is left; where that is too little to tell one from another the table is scrolled."""
        at = self._shape.path_at
        mode = QHeaderView.ResizeMode.Interactive if narrow else QHeaderView.ResizeMode.Stretch
        if self._header.sectionResizeMode(at) is not mode:
            # What was just hidden is laid out first: once nothing stretches any more its room would stay, empty.
            self._header.length()
            self._header.setSectionResizeMode(at, mode)
            if narrow:
                self._header.resizeSection(at, self._usual_width(at))

    def _hide(self, at: int, *, hidden: bool) -> None:
        if self._header.isSectionHidden(at) != hidden:
            self._header.setSectionHidden(at, hidden)

    def _usual_width(self, at: int) -> int:
        return usual_width(self._shape.columns[at], self._table)

    def show_column(self, name: str, shown: bool) -> None:
        """What a person chose for this column."""
        if shown:
            self._left_out.discard(name)
        else:
            self._left_out.add(name)
        self.fit()

    def reset(self) -> None:
        """Columns, order, widths and sorting as they are at first."""
        self._left_out.clear()
        self._header.restoreState(self._usual)
        self.fit()

    def menu(self) -> QMenu:
        """All columns; the caller shows it."""
        menu = QMenu(self._table)
        menu.setAccessibleName(tr("Columns"))
        for column in self._shape.columns:
            action = menu.addAction(tr(column.title))
            action.setCheckable(True)
            action.setChecked(column.name not in self._left_out)
            action.setEnabled(column.style not in _ALWAYS)
            action.toggled.connect(partial(self.show_column, column.name))
        menu.addSeparator()
        menu.addAction(tr("Usual columns"), self.reset)
        menu.aboutToHide.connect(menu.deleteLater)
        return menu

    def open_menu(self) -> None:
        """By keyboard: below the beginning of the header."""
        self._on_menu(QPoint(8, self._header.height()))

    def _on_menu(self, where: QPoint) -> None:
        self.menu().popup(self._header.mapToGlobal(where))

    # --- kept ---------------------------------------------------------------------------------

    def saveState(self) -> QByteArray:
        """How it is now, for the next start: what was left out, then the header's own state."""
        names = ",".join(sorted(self._left_out)).encode()
        return QByteArray(_MAGIC + names + b"\n" + bytes(self._header.saveState().data()))

    def restoreState(self, state: QByteArray) -> bool:
        """As it was kept; False, and nothing is changed, for what this did not write."""
        magic, newline, header = bytes(state.data()).partition(b"\n")
        if not newline or not magic.startswith(_MAGIC) or not self._header.restoreState(QByteArray(header)):
            return False
        choosable = {column.name for column in self._shape.columns if column.style not in _ALWAYS}
        self._left_out = choosable & set(magic.removeprefix(_MAGIC).decode("ascii", "replace").split(","))
        self.fit()
        return True
