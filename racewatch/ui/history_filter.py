"""The line above the history: search words, outcome, kind, time, and what is kept how long."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QAction, QKeyEvent
from PySide6.QtWidgets import QComboBox, QFrame, QLineEdit, QVBoxLayout, QWidget

from racewatch.core.model import KindName
from racewatch.ui import icons, kinds_said
from racewatch.ui.flow import FlowRow
from racewatch.ui.history_text import Ended, Since, retention
from racewatch.ui.measure import wide
from racewatch.ui.plain import WrapLabel
from racewatch.ui.search_line import SearchLine
from racewatch.ui.theme import Look
from racewatch.ui.tr import tr

_KINDS = (None, *KindName)


class HistoryFilter(QFrame):
    """``changed`` when any of it does."""

    changed = Signal()

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = look
        self.setObjectName("filterBar")
        self.search = SearchLine()
        self.search.setPlaceholderText(tr("Search  (Ctrl+F)"))
        self.search.setAccessibleName(tr("Search the history"))
        self.search.setAccessibleDescription(
            tr("Shows lines that hold all these words in path, outcome, owner or summary")
        )
        self.search.setMinimumWidth(wide(220, self.fontMetrics()))
        self._glass = QAction(tr("Search"), self)
        self.search.addAction(self._glass, QLineEdit.ActionPosition.LeadingPosition)
        self.search.textChanged.connect(self.changed)
        self.search.installEventFilter(self)
        self.ended = self._choice(
            tr("Outcome"), tr("Show only what ended like this"), [tr(one.value) for one in Ended]
        )
        kinds = [tr("Any kind"), *map(kinds_said.title, KindName)]
        self.kind = self._choice(tr("Kind"), tr("Show only this kind of thing"), kinds)
        self.since = self._choice(
            tr("Time"), tr("Show only what happened since then"), [tr(one.value) for one in Since]
        )
        self.kept = WrapLabel()
        self.kept.setObjectName("muted")
        self.kept.setContentsMargins(2, 0, 0, 0)
        line = FlowRow()
        for box in (self.search, self.ended, self.kind, self.since):
            line.add(box)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 8, 10, 6)
        layout.setSpacing(4)
        layout.addWidget(line)
        layout.addWidget(self.kept)
        look.changed.connect(self._paint)
        self._paint()

    def _choice(self, name: str, help_text: str, texts: list[str]) -> QComboBox:
        box = QComboBox()
        box.addItems(texts)
        for control in (box, box.view()):
            control.setAccessibleName(name)
        box.setAccessibleDescription(help_text)
        box.setToolTip(help_text)
        box.currentIndexChanged.connect(self._on_choice)
        return box

    def _on_choice(self) -> None:
        self.changed.emit()

    def chosen(self) -> tuple[str, Ended, KindName | None, Since]:
        """What the model's filter takes."""
        return (
            self.search.text(),
            list(Ended)[self.ended.currentIndex()],
            _KINDS[self.kind.currentIndex()],
            list(Since)[self.since.currentIndex()],
        )

    def show_retention(self, keep_days: int) -> None:
        """Say what is kept how long."""
        self.kept.setText(retention(keep_days))

    def reset(self) -> None:
        """Let everything through."""
        self.search.clear()
        for box in (self.ended, self.kind, self.since):
            box.setCurrentIndex(0)

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
        self._glass.setIcon(icons.icon("search", self._look.colours.faint))
