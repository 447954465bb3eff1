"""The things of one kind, or of all: filter, live table, evidence pane."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QSplitter, QStackedWidget, QVBoxLayout, QWidget

from racewatch.core.model import KindName, Observation, Target, Verdict
from racewatch.monitor.batch import Batch
from racewatch.monitor.chronicle import Chronicle
from racewatch.ui import kinds_said, words
from racewatch.ui.beside import PANE, place_beside
from racewatch.ui.columns import Shape
from racewatch.ui.empty import EmptyState
from racewatch.ui.evidence_pane import EvidencePane
from racewatch.ui.feed import MOST, NEXT_TURN_MS
from racewatch.ui.filter_bar import FilterBar
from racewatch.ui.query import Key, Query, Term, term_text, text_of, with_verdicts
from racewatch.ui.query_complete import present_values
from racewatch.ui.table_model import TableModel
from racewatch.ui.table_view import TargetTable
from racewatch.ui.theme import Look
from racewatch.ui.tr import tr
from racewatch.ui.why_empty import Reason, Sight, Way, reason

if TYPE_CHECKING:
    from racewatch.kinds.containers.space import Space

#: An age may be over the limit of the filter by now: so many rows are asked anew, this often.
_AGES_MS: Final = 250
_AGES_ROWS: Final = 500


class TargetsView(QWidget):
    """Everything about the things of one kind (or of all) but the acts themselves, which the window does.

    It has no rows before it is shown for the first time; then it takes what the chronicle knows, a part in
    each turn of the loop, and follows every batch while it is on screen.  What it missed in between it takes when it
    is shown again.  ``selected`` carries the observation that is on screen now (None: nothing, or a tombstone).
    """

    selected = Signal(object)
    remove_wanted = Signal()
    menu_wanted = Signal(object)
    finger = Signal(bool)
    copy_path_wanted = Signal()
    save_wanted = Signal()
    health_wanted = Signal()
    #: What is looked for is another thing now.
    asked = Signal()

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
        said = kinds_said.said_of(shape.kind)
        self._why_not = why_not
        self._chronicle = chronicle
        self._sight = Sight()
        #: Rows shall not move just now.
        self.is_held: Callable[[], bool] = lambda: False
        self._answer: tuple[Query, Reason] | None = None
        self._followed = False
        self._left: list[Target] = []
        self._missed: dict[Target, None] = {}
        self.spaces = spaces
        self.model = TableModel(shape, self, chronicle=chronicle, spaces=spaces if spaces is not None else {})
        self.table = TargetTable(self.model, look)
        self.table.setAccessibleName(tr(said.title))
        self.table.setAccessibleDescription(tr(said.a_row))
        self.filters = FilterBar(look, shape.group, self._present)
        self.empty = EmptyState(look)
        self.pane = EvidencePane(look, tr(said.select), chronicle.scale)
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
        self.splitter.setSizes([940, PANE])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.splitter)
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.timeout.connect(self._on_settle)
        self._filling = QTimer(self)
        self._filling.setSingleShot(True)
        self._filling.setInterval(NEXT_TURN_MS)
        self._filling.timeout.connect(self._fill)
        self._ages = QTimer(self)
        self._ages.setInterval(_AGES_MS)
        self._ages.timeout.connect(self._on_ages)
        self.filters.changed.connect(self._on_filter)
        self.filters.save_wanted.connect(self.save_wanted)
        self.filters.left.connect(self._to_rows)
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
        self._sight = replace(self._sight, roots=text)
        self._show_area()

    def set_who(self, who: Mapping[bytes, str]) -> None:
        """Who could see what could not be seen, for the empty state."""
        self._sight = replace(self._sight, who=who)
        self._show_area()

    def apply(self, batch: Batch) -> None:
        """Fold in one batch, which the chronicle has already; other kinds in it are not ours."""
        self._sight = replace(
            self._sight,
            ready=self._sight.ready or batch.ready,
            problems=batch.problems,
            health=batch.health,
        )
        if self._followed:
            kind = self.shape.kind
            present = [one for one in (*batch.added, *batch.changed) if kind in (None, one.target.kind)]
            gone = [one for one in batch.gone if kind in (None, one.target.kind)]
            if self.isVisible() and (present or gone):
                self.model.apply(present, gone)
            else:
                self._miss(present, gone)
        if batch.ready:
            self.model.tinting = True
        self._wait_to_settle()
        self._show_area()

    def _miss(self, present: Iterable[Observation], gone: Iterable[Observation]) -> None:
        """Nobody looks: the window has its time for what is on screen."""
        self._missed.update((seen.target, None) for seen in present)
        for seen in gone:
            if self.model.find(seen.target) is None:
                self._missed.pop(seen.target, None)  # came and went
            else:
                self._missed[seen.target] = None

    def showEvent(self, event: QShowEvent, /) -> None:
        super().showEvent(event)
        if not self._followed:
            self._followed = True
            self._left = self._chronicle.present(self.shape.kind)[::-1]
        self._left += self._missed
        self._missed.clear()
        if self._left:
            self._fill()

    def _fill(self) -> None:
        """Take a part of what came and went while nobody looked."""
        targets, self._left = self._left[-MOST:], self._left[:-MOST]
        self._take(targets)
        if self._left:
            self._filling.start()

    def _take(self, targets: Iterable[Target]) -> None:
        """These as they are now; what batches brought meanwhile is here already."""
        present: list[Observation] = []
        gone: list[Observation] = []
        for target in targets:
            seen, row = self._chronicle.seen(target), self.model.find(target)
            if seen is None:
                if row is not None and not row.gone:
                    gone.append(row.observation)
            elif row is None or row.observation is not seen or row.gone:
                present.append(seen)
        if present or gone:
            self.model.apply(present, gone, tint=False)
        self._show_area()

    @property
    def filled(self) -> bool:
        """True when its rows are all that is known."""
        return self._followed and not self._left and not self._missed

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
        self.filters.ask(with_verdicts("", frozenset({verdict} if verdict is not None else ())))
        if target is None or not self.choose(target):
            wanted = term_text(Term(search)) if search else ""
            self.filters.ask(with_verdicts(wanted, self.filters.query.verdicts()))
        (self.table if self.table.isVisibleTo(self) else self.filters.search).setFocus(
            Qt.FocusReason.OtherFocusReason
        )

    def choose(self, target: Target) -> bool:
        """Select the row of this target; False when there is none, or the filter hides it."""
        if self._left or self._missed:
            self._take((target,))
        return self.table.choose(target)

    def answer(self, query: Query, said: Reason) -> None:
        """Ask for this; as long as that is asked and nothing is shown, say so."""
        self._answer = query, said
        self.filters.ask(text_of(query))
        self._show_area()

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
            counts = seen.target.kind is KindName.CONTAINER
            space = words.space_detail(seen, self.spaces.get(seen.target)) if counts else ""
            self.pane.show_space(space)
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

    def _present(self, key: Key) -> set[str]:
        return present_values(key, self.model.observations())

    def _on_filter(self) -> None:
        query = self.filters.query
        self.model.set_filter(query)
        if query.of(Key.AGE):
            self._ages.start()
        else:
            self._ages.stop()
        self._show_area()
        self.asked.emit()

    def _on_ages(self) -> None:
        if self.isVisible() and not self.is_held():
            self.model.recheck(_AGES_ROWS)
            self._show_area()

    def _to_rows(self) -> None:
        if self.table.isVisibleTo(self):
            self.table.setFocus(Qt.FocusReason.TabFocusReason)

    def _on_grouped(self, grouped: bool) -> None:
        self.model.set_grouped(grouped)
        self.table.viewport().update()

    def _show_area(self) -> None:
        if self.model.rowCount() > 0:
            self._area.setCurrentWidget(self.table)
            return
        self._area.setCurrentWidget(self.empty)
        query = self.filters.query
        if self._answer is not None and self._answer[0] == query:
            said = self._answer[1]
        else:
            said = reason(self.shape, self._sight, self.model.total, query)
        act = {Way.RESET: self.filters.reset, Way.HEALTH: self.health_wanted.emit}.get(said.way)
        self.empty.say(said.icon, said.title, said.text, button=tr(said.way.value), act=act)

    def resizeEvent(self, event: QResizeEvent, /) -> None:
        super().resizeEvent(event)
        place_beside(self.splitter, self)
