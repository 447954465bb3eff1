"""The rows of a view as they are on screen, for exporting: taken at once, put into words later, on any thread."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtWidgets import QHeaderView

from racewatch.core import wire
from racewatch.core.model import HistoryEntry, Observation, ScanResult
from racewatch.monitor.timeline import Timeline
from racewatch.ui import history_text, kinds_said, timeline_text, words
from racewatch.ui.columns import Column, Style
from racewatch.ui.export import Table
from racewatch.ui.history_view import HistoryView
from racewatch.ui.targets_view import TargetsView
from racewatch.ui.tr import recorded, tr


def visible(header: QHeaderView) -> list[int]:
    """The columns that are shown, from left to right."""
    order = (header.logicalIndex(place) for place in range(header.count()))
    return [column for column in order if not header.isSectionHidden(column)]


class ShownTargets:
    """What a view of targets shows; a thing that has gone already is not among it."""

    def __init__(self, view: TargetsView) -> None:
        self.what = view.shape.plural
        self._view = view
        rows = (view.model.row_at(number) for number in range(view.model.rowCount()))
        self._rows = [(row.observation, row.timeline) for row in rows if row is not None and not row.gone]
        self.count = len(self._rows)
        self.said = kinds_said.counted(view.shape.kind, self.count)

    def table(self) -> Callable[[], Table]:
        """The titles of the shown columns, then the rows."""
        view, rows, now = self._view, self._rows, time.monotonic()
        columns = [view.shape.columns[at] for at in visible(view.table.horizontalHeader())]
        spaces = dict(view.spaces) if view.spaces is not None else {}

        def cell(column: Column, seen: Observation, timeline: Timeline | None) -> str:
            if column.style is Style.TIMELINE:
                return timeline_text.short(timeline, now)
            if column.style is Style.SPACE:
                return words.space_text(seen.target, spaces.get(seen.target))
            return column.text(seen)

        @recorded()
        def make() -> Table:
            titles = ["Verdict", *(column.title for column in columns)]
            return [
                titles,
                *(
                    [seen.verdict.value, *(cell(column, seen, timeline) for column in columns)]
                    for seen, timeline in rows
                ),
            ]

        return make

    def document(self) -> Callable[[], object]:
        """The same shape as ``racewatch scan --json``."""
        rows = self._rows
        return lambda: wire.scan_to_json(ScanResult(tuple(seen for seen, _ in rows), ()))


class ShownHistory:
    """What the history shows, filter and all."""

    what = "history"

    def __init__(self, view: HistoryView) -> None:
        self._entries: tuple[HistoryEntry, ...] = view.model.shown()
        self.count = len(self._entries)
        self.said = tr("%n line(s) of the history", "", self.count)

    def table(self) -> Callable[[], Table]:
        """One row for each act."""
        entries = self._entries

        @recorded()
        def make() -> Table:
            return [history_text.TITLES, *(history_text.row(entry) for entry in entries)]

        return make

    def document(self) -> Callable[[], object]:
        """The same shape as ``racewatch history --json``."""
        entries = self._entries
        return lambda: wire.history_to_json(entries)
