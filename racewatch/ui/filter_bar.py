"""The line above a table: search words, verdict chips, grouping."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QEvent, QObject, QSize, Qt, Signal
from PySide6.QtGui import QAction, QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLineEdit, QPushButton, QWidget

from racewatch.core.model import Verdict
from racewatch.ui import icons
from racewatch.ui.theme import Look

_CHIPS: Final = (None, Verdict.STALE, Verdict.UNKNOWN, Verdict.LIVE, Verdict.IDLE)


class FilterBar(QFrame):
    """Search words and verdict chips.  ``changed`` when either does; ``grouped`` when rows shall be.

    ``group`` names what rows can be grouped by; without it there is no such button.
    """

    changed = Signal()
    grouped = Signal(bool)

    def __init__(self, look: Look, group: str | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = look
        self.setObjectName("filterBar")
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search  (Ctrl+F)")
        self.search.setAccessibleName("Search")
        self.search.setAccessibleDescription("Shows rows that hold all these words in path, state or owner")
        self.search.setMinimumWidth(180)
        self.search.setMaximumWidth(420)
        self._glass = QAction("Search", self)
        self.search.addAction(self._glass, QLineEdit.ActionPosition.LeadingPosition)
        self._clear = QAction("Clear the search", self)
        self._clear.setToolTip("Clear the search")
        self._clear.setVisible(False)
        self._clear.triggered.connect(self.search.clear)
        self.search.addAction(self._clear, QLineEdit.ActionPosition.TrailingPosition)
        self.search.textChanged.connect(self._typed)
        self.search.installEventFilter(self)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(10, 8, 10, 8)
        layout.setSpacing(6)
        layout.addWidget(self.search, 1)
        layout.addSpacing(6)
        self.chips: dict[Verdict | None, QPushButton] = {}
        for verdict in _CHIPS:
            chip = QPushButton()
            chip.setCheckable(True)
            chip.setProperty("role", "chip")
            chip.setAutoDefault(False)
            chip.setIconSize(QSize(14, 14))
            chip.clicked.connect(self._clicked)
            self.chips[verdict] = chip
            layout.addWidget(chip)
        self.chips[None].setChecked(True)
        layout.addStretch(0)
        self.group: QPushButton | None = None
        if group is not None:
            self.group = QPushButton(f"By {group}")
            self.group.setCheckable(True)
            self.group.setProperty("role", "chip")
            self.group.setAutoDefault(False)
            self.group.setAccessibleName(f"Group by {group}")
            self.group.setAccessibleDescription(f"Keep the rows of one {group} together")
            self.group.setToolTip(f"Keep the rows of one {group} together")
            self.group.toggled.connect(self.grouped)
            layout.addWidget(self.group)
        look.changed.connect(self._paint)
        self.show_counts(dict.fromkeys(Verdict, 0))
        self._paint()

    def verdicts(self) -> set[Verdict]:
        """What the chips let through; empty for everything."""
        return {verdict for verdict, chip in self.chips.items() if verdict is not None and chip.isChecked()}

    def show_counts(self, counts: dict[Verdict, int]) -> None:
        """Counts on the chips, of what the search words leave."""
        for verdict, chip in self.chips.items():
            name = "All" if verdict is None else verdict.value.capitalize()
            count = sum(counts.values()) if verdict is None else counts[verdict]
            text = f"{name}  {count:,}"
            if chip.text() != text:
                chip.setText(text)
                chip.setAccessibleName(f"{name}, {count}")
                chip.setAccessibleDescription(
                    "Show everything"
                    if verdict is None
                    else f"Show only what is {verdict.value}, or all again"
                )

    def reset(self) -> None:
        """Let everything through."""
        self.search.clear()
        for verdict, chip in self.chips.items():
            chip.setChecked(verdict is None)
        self.changed.emit()

    def _clicked(self) -> None:
        if self.sender() is self.chips[None]:
            for verdict, chip in self.chips.items():
                chip.setChecked(verdict is None)
        else:
            self.chips[None].setChecked(not self.verdicts())
        self.changed.emit()

    def _typed(self, text: str) -> None:
        self._clear.setVisible(bool(text))
        self.changed.emit()

    def eventFilter(self, watched: QObject, event: QEvent, /) -> bool:
        if (
            watched is self.search
            and isinstance(event, QKeyEvent)
            and event.type() is QEvent.Type.KeyPress
            and event.key() == Qt.Key.Key_Escape
            and self.search.text()
        ):
            self.search.clear()
            return True
        return super().eventFilter(watched, event)

    def _paint(self) -> None:
        colours = self._look.colours
        self._glass.setIcon(icons.icon("search", colours.faint))
        self._clear.setIcon(icons.icon("clear", colours.muted))
        for verdict, chip in self.chips.items():
            if verdict is not None:
                chip.setIcon(icons.icon(verdict.value, self._look.of_verdict(verdict)))
