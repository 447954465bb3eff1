"""The things of one kind: search line, verdict chips, live table, evidence pane."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSplitter, QStackedWidget, QVBoxLayout, QWidget

from racewatch.core.model import Observation, Problem, Target, Verdict
from racewatch.core.text import display
from racewatch.kinds.containers.space import Space
from racewatch.monitor.batch import Batch, HealthState, SourceHealth
from racewatch.monitor.chronicle import Chronicle
from racewatch.ui import words
from racewatch.ui.columns import Shape
from racewatch.ui.empty import EmptyState
from racewatch.ui.evidence_pane import EvidencePane
from racewatch.ui.filter_bar import FilterBar
from racewatch.ui.table_model import TableModel
from racewatch.ui.table_view import TargetTable
from racewatch.ui.theme import Look

_NARROW: Final = 980
_PANE: Final = 344


class TargetsView(QWidget):
    """Everything about the things of one kind but the acts themselves, which the window does.

    ``selected`` carries the observation that is on screen now (None: nothing, or a tombstone).
    """

    selected = Signal(object)
    remove_wanted = Signal()
    menu_wanted = Signal(object)
    finger = Signal(bool)
    copy_path_wanted = Signal()

    def __init__(
        self,
        look: Look,
        shape: Shape,
        why_not: Callable[[Observation], str | None],
        chronicle: Chronicle,
        spaces: Mapping[Target, Space] | None = None,
        parent: QWidget | None = None,
    ) -> None:
        """``spaces``: what each takes on the disk, as far as that is known; None where nobody counts."""
        super().__init__(parent)
        self.shape = shape
        noun, many = shape.kind.value, shape.plural
        self._why_not = why_not
        self._chronicle = chronicle
        self._ready = False
        self._roots_text = ""
        self._problems: tuple[Problem, ...] = ()
        self._health: tuple[SourceHealth, ...] = ()
        self.spaces = spaces
        self.model = TableModel(shape, self, chronicle=chronicle, spaces=spaces if spaces is not None else {})
        self.table = TargetTable(self.model, look)
        self.table.setAccessibleName(many.capitalize())
        self.table.setAccessibleDescription(
            f"One row for each {noun}; Delete asks to remove the selected ones"
        )
        self.filters = FilterBar(look, shape.group)
        self.empty = EmptyState(look)
        self.pane = EvidencePane(
            look, f"Select a {noun} to see what speaks for its verdict.", chronicle.scale
        )
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
        self.splitter.setSizes([940, _PANE])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.splitter)
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.timeout.connect(self._on_settle)
        self.filters.changed.connect(self._on_filter)
        self.filters.grouped.connect(self._on_grouped)
        self.table.chosen.connect(self._on_chosen)
        self.table.menu_wanted.connect(self.menu_wanted)
        self.table.finger.connect(self.finger)
        self.pane.remove_wanted.connect(self.remove_wanted)
        self.pane.copy_path_wanted.connect(self.copy_path_wanted)
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
        kind = self.shape.kind
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

    def reveal(
        self, target: Target | None = None, *, search: str = "", verdict: Verdict | None = None
    ) -> None:
        """Show this target, chosen; or what a search and a verdict leave.  A target that is not there
        (any more) is searched for.
        """
        self.filters.reset()
        if verdict is not None:
            self.filters.chips[verdict].click()
        if target is None or not self.table.choose(target):
            self.filters.search.setText(search)
        (self.table if self.table.isVisibleTo(self) else self.filters.search).setFocus(
            Qt.FocusReason.OtherFocusReason
        )

    # --- what is on screen ------------------------------------------------------------------

    def observation(self) -> Observation | None:
        """What an act would be about: the selected row as it is shown."""
        return self.table.observation()

    def shown(self) -> list[Observation]:
        """Everything that the search and the chips leave, in the order of the table, without tombstones."""
        rows = (self.model.row_at(number) for number in range(self.model.rowCount()))
        return [row.observation for row in rows if row is not None and not row.gone]

    def refresh_pane(self) -> None:
        """Show the selected row's evidence and what may be done with it."""
        target = self.table.target
        row = self.model.find(target) if target is not None else None
        seen = row.observation if row is not None else None
        state = words.remove_state(seen, self._why_not(seen) if seen is not None else None)
        timeline = self._chronicle.of(target) if target is not None else None
        self.pane.show_observation(seen, state, timeline, gone=row is not None and row.gone)
        if seen is not None and self.spaces is not None:
            self.pane.show_space(words.space_detail(seen, self.spaces.get(seen.target)))
        self.selected.emit(self.observation())

    def counted_anew(self, targets: set[Target]) -> None:
        """What these take on the disk is known now, or is another amount."""
        self.model.counted_anew(targets)
        if self.table.target in targets:
            self.refresh_pane()

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

    def _on_grouped(self, grouped: bool) -> None:
        self.model.set_grouped(grouped)
        self.table.viewport().update()

    def _show_area(self) -> None:
        if self.model.rowCount() > 0:
            self._area.setCurrentWidget(self.table)
            return
        self._area.setCurrentWidget(self.empty)
        bad = [one for one in self._health if one.state is not HealthState.OK]
        where = f" below {self._roots_text}" if self._roots_text else ""
        noun, many = self.shape.kind.value, self.shape.plural
        if self.model.total > 0:
            self.empty.say(
                "filter",
                "Nothing matches",
                f"{self.model.total:,} {many} are hidden by the search or the chips.",
                button="Show all",
                act=self.filters.reset,
            )
        elif not self._ready:
            self.empty.say("hourglass", "Looking…", f"The first look{where} is under way.")
        elif self._problems:
            said = "\n".join(f"{display(one.path)}: {one.reason}" for one in self._problems[:4])
            more = f"\nand {len(self._problems) - 4} more" if len(self._problems) > 4 else ""
            self.empty.say(
                "eye-off", "Cannot see", f"No {noun} was seen, but not everything could be:\n{said}{more}"
            )
        elif bad:
            said = "\n".join(f"{one.source}: {one.detail} {one.cure or ''}".rstrip() for one in bad[:4])
            self.empty.say("pulse", f"No {many} seen, and watching is limited", said)
        else:
            self.empty.say(
                "nothing", f"No {many} here", f"There is no {noun}{where}. A new one appears at once."
            )

    def resizeEvent(self, event: QResizeEvent, /) -> None:
        super().resizeEvent(event)
        wanted = Qt.Orientation.Vertical if self.width() < _NARROW else Qt.Orientation.Horizontal
        if self.splitter.orientation() is not wanted:
            self.splitter.setOrientation(wanted)
            if wanted is Qt.Orientation.Vertical:
                half = self.height() // 2
                self.splitter.setSizes([half, half])
            else:  # the table gets what there is more of: its columns come back with it
                self.splitter.setSizes([self.width() - _PANE, _PANE])
