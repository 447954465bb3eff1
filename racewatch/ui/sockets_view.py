"""The sockets: search line, verdict chips, live table, evidence pane."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QEvent, QObject, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from racewatch.core.model import KindName, Observation, Problem, Target, Verdict
from racewatch.core.text import display
from racewatch.monitor.batch import Batch, HealthState, SourceHealth
from racewatch.ui import icons, words
from racewatch.ui.empty import EmptyState
from racewatch.ui.evidence_pane import EvidencePane
from racewatch.ui.table_model import TableModel
from racewatch.ui.table_view import TargetTable
from racewatch.ui.theme import Look

_NARROW: Final = 980
_CHIPS: Final = (None, Verdict.STALE, Verdict.UNKNOWN, Verdict.LIVE, Verdict.IDLE)


class FilterBar(QFrame):
    """Search words and verdict chips.  ``changed`` when either does."""

    changed = Signal()

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
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


class SocketsView(QWidget):
    """Everything about sockets but the acts themselves, which the window does.

    ``selected`` carries the observation that is on screen now (None: nothing, or a tombstone).
    """

    selected = Signal(object)
    remove_wanted = Signal()
    menu_wanted = Signal(object)
    finger = Signal(bool)
    copy_path_wanted = Signal()
    copy_details_wanted = Signal()

    def __init__(
        self, look: Look, why_not: Callable[[Observation], str | None], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._why_not = why_not
        self._ready = False
        self._roots_text = ""
        self._problems: tuple[Problem, ...] = ()
        self._health: tuple[SourceHealth, ...] = ()
        self.model = TableModel(self)
        self.table = TargetTable(self.model, look)
        self.table.setAccessibleName("Sockets")
        self.table.setAccessibleDescription("One row for each socket; Delete asks to remove the selected one")
        self.filters = FilterBar(look)
        self.empty = EmptyState(look)
        self.pane = EvidencePane(look, "Select a socket to see what speaks for its verdict.")
        self.pane.setMinimumWidth(300)
        self._area = QStackedWidget()
        self._area.addWidget(self.empty)
        self._area.addWidget(self.table)
        left = QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.filters)
        column.addWidget(self._area, 1)
        left.setMinimumWidth(380)
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.addWidget(left)
        self.splitter.addWidget(self.pane)
        self.splitter.setStretchFactor(0, 1)
        self.splitter.setStretchFactor(1, 0)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.setHandleWidth(1)
        self.splitter.setSizes([940, 344])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.splitter)
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.timeout.connect(self._on_settle)
        self.filters.changed.connect(self._on_filter)
        self.table.chosen.connect(self._on_chosen)
        self.table.menu_wanted.connect(self.menu_wanted)
        self.table.finger.connect(self.finger)
        self.pane.remove_wanted.connect(self.remove_wanted)
        self.pane.copy_path_wanted.connect(self.copy_path_wanted)
        self.pane.copy_details_wanted.connect(self.copy_details_wanted)
        self.model.updated.connect(self._on_updated)
        self.model.counted.connect(self._on_counted)
        self._show_area()

    # --- from the monitor -------------------------------------------------------------------

    def set_roots(self, text: str) -> None:
        """Where one looks, for the empty state."""
        self._roots_text = text
        self._show_area()

    def apply(self, batch: Batch) -> None:
        """Fold in one batch; other kinds in it are not ours."""
        kind = KindName.SOCKET
        present = [one for one in (*batch.added, *batch.changed) if one.target.kind is kind]
        gone = [one for one in batch.gone if one.target.kind is kind]
        self._problems, self._health = batch.problems, batch.health
        if batch.ready:
            self._ready = True
        if present or gone:
            self.model.apply(present, gone)
        if batch.ready:
            self.model.tinting = True
        self._wait_to_settle()
        self._show_area()

    def _wait_to_settle(self) -> None:
        deadline = self.model.next_deadline()
        if deadline is not None and not self._settle.isActive():
            self._settle.start(250)

    def _on_settle(self) -> None:
        self.model.settle()
        self._wait_to_settle()
        self._show_area()

    # --- what is on screen ------------------------------------------------------------------

    def observation(self) -> Observation | None:
        """What an act would be about: the selected row as it is shown."""
        return self.table.observation()

    def refresh_pane(self) -> None:
        """Show the selected row's evidence and what may be done with it."""
        target = self.table.target
        row = self.model.find(target) if target is not None else None
        seen = row.observation if row is not None else None
        state = words.remove_state(seen, self._why_not(seen) if seen is not None else None)
        self.pane.show_observation(seen, state, gone=row is not None and row.gone)
        self.selected.emit(self.observation())

    def _on_chosen(self, target: Target | None) -> None:
        self.refresh_pane()

    def _on_updated(self, targets: set[Target]) -> None:
        if self.table.target in targets:
            self.refresh_pane()

    def _on_counted(self) -> None:
        self.filters.show_counts(self.model.counts)

    def _on_filter(self) -> None:
        self.model.set_filter(self.filters.search.text(), self.filters.verdicts())
        self._show_area()

    def _show_area(self) -> None:
        if self.model.rowCount() > 0:
            self._area.setCurrentWidget(self.table)
            return
        self._area.setCurrentWidget(self.empty)
        bad = [one for one in self._health if one.state is not HealthState.OK]
        where = f" below {self._roots_text}" if self._roots_text else ""
        if self.model.total > 0:
            self.empty.say(
                "filter",
                "Nothing matches",
                f"{self.model.total:,} sockets are hidden by the search or the chips.",
                button="Show all",
                act=self.filters.reset,
            )
        elif not self._ready:
            self.empty.say("hourglass", "Looking…", f"The first look{where} is under way.")
        elif self._problems:
            said = "\n".join(f"{display(one.path)}: {one.reason}" for one in self._problems[:4])
            more = f"\nand {len(self._problems) - 4} more" if len(self._problems) > 4 else ""
            self.empty.say(
                "eye-off", "Cannot see", f"No socket was seen, but not everything could be:\n{said}{more}"
            )
        elif bad:
            said = "\n".join(f"{one.source}: {one.detail} {one.cure or ''}".rstrip() for one in bad[:4])
            self.empty.say("pulse", "No sockets seen, and watching is limited", said)
        else:
            self.empty.say(
                "nothing", "No sockets here", f"There is no socket{where}. A new one appears at once."
            )

    def resizeEvent(self, event: QResizeEvent, /) -> None:
        super().resizeEvent(event)
        wanted = Qt.Orientation.Vertical if self.width() < _NARROW else Qt.Orientation.Horizontal
        if self.splitter.orientation() is not wanted:
            self.splitter.setOrientation(wanted)
            whole = self.height() if wanted is Qt.Orientation.Vertical else self.width()
            share = 0.5 if wanted is Qt.Orientation.Vertical else 0.64
            self.splitter.setSizes([round(whole * share), round(whole * (1 - share))])
