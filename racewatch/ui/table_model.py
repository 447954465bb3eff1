"""The rows of one table: ordered, filtered and updated in place, keyed by what they are.

Not a ``QSortFilterProxyModel``: that takes ten seconds to sort 100,000 rows and sorts large numbers
wrongly.  Rows here are kept in order in one list; a batch becomes the fewest contiguous runs of
insertions, removals and changes, so that selection, current row and scroll survive.

Two rules against the race inside the toolkit (Qt moves the current row to a neighbour by itself):
a thing that is gone stays as an inert row for :data:`TOMBSTONE_SECONDS`, and :attr:`leaving` is
emitted before rows go, so that the view can clear what pointed at them.
"""

from __future__ import annotations

import enum
import time
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from operator import attrgetter
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    QThread,
    Signal,
)

from racewatch.core.model import Observation, Target, Verdict
from racewatch.monitor.chronicle import Chronicle
from racewatch.ui import row_text, timeline_text, words
from racewatch.ui.columns import Shape, Style, text_key
from racewatch.ui.fresh import Fresh
from racewatch.ui.plain import tooltip
from racewatch.ui.query import Key, Query
from racewatch.ui.query_match import compiled
from racewatch.ui.runs import runs
from racewatch.ui.table_row import Row
from racewatch.ui.tr import tr

if TYPE_CHECKING:
    from racewatch.kinds.containers.space import Space

TOMBSTONE_SECONDS: Final = 2.0
#: What goes again this soon was never under anybody's finger; it leaves no tombstone.
GLIMPSE_SECONDS: Final = 0.4
FRESH_SECONDS: Final = 2.5
#: How often rows that are sorted by their timelines are put in order though nothing changed them.
RESORT_SECONDS: Final = 10.0
# More separate insertions or moves than this in one batch cost more than building the list anew.
_BULK: Final = 160

#: What stands in these columns changes though nothing is seen anew.
_BY_MORE: Final = (Style.TIMELINE, Style.SPACE)

# Put together once: it is asked of each cell on screen.
_INERT: Final = Qt.ItemFlag.ItemNeverHasChildren
_ALIVE: Final = _INERT | Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable

_Index = QModelIndex | QPersistentModelIndex
_ROOT: Final = QModelIndex()
_key_of: Final = attrgetter("key")


class Role(enum.IntEnum):
    """What the delegates ask for beside Qt's own roles."""

    ROW = Qt.ItemDataRole.UserRole + 1


class TableModel(QAbstractTableModel):
    """The rows of one kind, or of all.  All methods belong to the GUI thread."""

    #: Rows that are about to go, as targets, before Qt hears of it.
    leaving = Signal(object)
    #: The list is about to be built or put in order anew / was; the view keeps selection and scroll by target.
    rebuilding = Signal()
    rebuilt = Signal()
    #: Something a person reads changed: counts, or the observation of some target.
    counted = Signal()
    updated = Signal(object)

    def __init__(
        self,
        shape: Shape,
        parent: QObject | None = None,
        clock: Callable[[], float] = time.monotonic,
        chronicle: Chronicle | None = None,
        spaces: Mapping[Target, Space] = MappingProxyType({}),
    ) -> None:
        """``chronicle`` tells what happened to each target, on the same clock; ``spaces`` what each takes, as
        far as that is known just now (:meth:`counted_anew` tells of changes).
        """
        super().__init__(parent)
        self.shape = shape
        self.now = clock
        self.chronicle = chronicle if chronicle is not None else Chronicle(lambda _: "")
        self._spaces = spaces
        self._resorted_at = 0.0
        self._rows: dict[Target, Row] = {}
        self._order: list[Row] = []
        self._keys: list[tuple[Any, ...]] = []
        self._column = 0
        self._grouped = False
        self._descending = False
        self._query = Query()
        self._matcher = compiled(self._query)
        self._verdicts = frozenset(Verdict)
        self._unasked: list[Row] = []
        self._graves: dict[Target, Row] = {}
        self._fresh = Fresh()
        self.tinting = False
        self.counts: dict[Verdict, int] = dict.fromkeys(Verdict, 0)

    # --- what Qt asks -----------------------------------------------------------------------

    def rowCount(self, parent: _Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._order)

    def columnCount(self, parent: _Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self.shape.columns)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        row = self.row_at(index.row()) if index.isValid() else None
        if row is None:
            return None
        if role == Role.ROW:
            return row
        if self.shape.columns[index.column()].style is Style.TIMELINE:
            return self._timeline_data(row, role)
        if self.shape.columns[index.column()].style is Style.SPACE:
            return self._space_data(row, role)
        if role == Qt.ItemDataRole.DisplayRole:
            return row.text(index.column())
        if role == Qt.ItemDataRole.ToolTipRole:
            return tooltip(row.tip(index.column()))
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return row_text.of_cell(row, index.column())
        return None

    def _timeline_data(self, row: Row, role: int) -> object:
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return timeline_text.short(row.timeline, self.now())
        if role == Qt.ItemDataRole.ToolTipRole:
            return tooltip(timeline_text.lines(row.timeline, self.now()))
        return None

    def _space_data(self, row: Row, role: int) -> object:
        seen = row.observation
        space = self._spaces.get(seen.target)
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return words.space_text(seen.target, space)
        if role == Qt.ItemDataRole.ToolTipRole:
            return tooltip(words.space_detail(seen, space))
        return None

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        if orientation is Qt.Orientation.Vertical:
            row = self.row_at(section) if role == Qt.ItemDataRole.AccessibleTextRole else None
            return row_text.of_row(row) if row is not None else None
        if not 0 <= section < len(self.shape.columns):
            return None
        if role in row_text.OF_TITLE:
            return tr(self.shape.columns[section].title)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        return None

    def flags(self, index: _Index) -> Qt.ItemFlag:
        row = self.row_at(index.row()) if index.isValid() else None
        if row is None:
            return Qt.ItemFlag.NoItemFlags
        return _INERT if row.gone else _ALIVE

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        self._own_thread()
        if not 0 <= column < len(self.shape.columns):
            return
        self._rearrange(self._order, (column, order is Qt.SortOrder.DescendingOrder, self._grouped))

    def set_grouped(self, grouped: bool) -> None:
        """Keep the rows of one group together (see :attr:`Shape.group`), sorted within each as chosen."""
        self._own_thread()
        if grouped != self._grouped and self.shape.group is not None:
            self._rearrange(self._order, (self._column, self._descending, grouped))

    def _key(self, row: Row) -> tuple[Any, ...]:
        seen = row.observation
        path = seen.path if seen.path is not None else seen.target.locator
        tail = (path, seen.target.locator, seen.target.kind.value)
        column = self.shape.columns[self._column]
        own: tuple[Any, ...]
        if column.style is Style.TIMELINE:  # what changes most comes first
            own = (-row.timeline.changes(self.now()) if row.timeline is not None else 1,)
        elif column.style is Style.SPACE:
            space = self._spaces.get(seen.target)
            takes = space.takes if space is not None else None
            # What is not known stands last, whichever end of the others comes first.
            own = ((takes is None) is not self._descending, takes or 0)
        else:
            own = column.key(seen) if column.key is not None else text_key(row.text(self._column))
        return (*(text_key(row.group()) if self._grouped else ()), *own, *tail)

    # --- what the view asks -----------------------------------------------------------------

    def row_at(self, number: int) -> Row | None:
        """The row at this place of the table."""
        count = len(self._order)
        if not 0 <= number < count:
            return None
        return self._order[count - 1 - number if self._descending else number]

    def place_of(self, target: Target) -> int | None:
        """Where this target stands in the table; None when it is not shown."""
        row = self._rows.get(target)
        if row is None or not row.shown:
            return None
        at = bisect_left(self._keys, row.key)
        return len(self._order) - 1 - at if self._descending else at

    def find(self, target: Target) -> Row | None:
        """The row of this target, shown or not."""
        return self._rows.get(target)

    def observations(self) -> Iterator[Observation]:
        """Everything that is there, shown or not."""
        return (row.observation for row in self._rows.values() if not row.gone)

    @property
    def total(self) -> int:
        """All rows that are not tombstones, shown or not."""
        return len(self._rows) - len(self._graves)

    @property
    def filtering(self) -> bool:
        """True when something may be hidden by the filter."""
        return bool(self._query)

    @property
    def sorting(self) -> tuple[int, Qt.SortOrder]:
        """The column and direction in force."""
        order = Qt.SortOrder.DescendingOrder if self._descending else Qt.SortOrder.AscendingOrder
        return self._column, order

    @property
    def grouped(self) -> bool:
        """True while the rows of one group are kept together."""
        return self._grouped

    def starts_group(self, number: int) -> bool:
        """Whether the row at this place is the first of its group on screen."""
        row, above = self.row_at(number), self.row_at(number - 1)
        return self._grouped and row is not None and (above is None or above.group() != row.group())

    # --- changes ----------------------------------------------------------------------------

    def set_filter(self, query: Query) -> None:
        """Show what this lets through; the counts are of what all but its verdicts leaves."""
        self._own_thread()
        if query == self._query:
            return
        before, self._query = self._query, query
        rest = query.without(Key.VERDICT)
        if rest != before.without(Key.VERDICT):
            self._matcher = compiled(rest)
            test = self._matcher.test
            for row in self._rows.values():
                row.matched = test(row)
            self._recount()
        self._verdicts = query.verdicts()
        self._unasked.clear()
        self._rebuild()
        self.counted.emit()

    def recheck(self, most: int) -> None:
        """Ask the filter anew about so many rows, in turn: ages change by time alone."""
        self._own_thread()
        if not self._matcher.ages:
            return
        if not self._unasked:
            self._unasked = list(self._rows.values())
        asked, self._unasked = self._unasked[-most:], self._unasked[:-most]
        inserts: list[Row] = []
        leaves: list[Row] = []
        for row in asked:
            if row.gone or self._rows.get(row.observation.target) is not row:
                continue
            matched = self._matcher.test(row)
            if matched is row.matched:
                continue
            row.matched = matched
            self.counts[row.observation.verdict] += 1 if matched else -1
            if row.shown:
                leaves.append(row)
            elif self._wanted(row):
                inserts.append(row)
        if len(inserts) + len(leaves) > _BULK:
            self._rebuild(inserts, (), leaves)
        else:
            self._remove(leaves)
            self._insert(inserts)
        if inserts or leaves:
            self.counted.emit()

    def apply(
        self, present: Sequence[Observation], gone: Sequence[Observation], *, tint: bool | None = None
    ) -> None:
        """Fold in one batch: what is there (new or changed), and what is not any more.

        ``tint``: whether somebody saw it come and go (None: when the first look is over): it stands out then for a moment.
        """
        self._own_thread()
        now = self.now()
        tinting = self.tinting if tint is None else tint
        inserts: list[Row] = []
        moves: list[Row] = []
        leaves: list[Row] = []
        changed: list[Row] = []
        for seen in {seen.target: seen for seen in present}.values():
            self._take(seen, now, tinting, inserts, moves, leaves, changed)
        for seen in gone:
            row = self._rows.get(seen.target)
            if row is None or row.gone:
                continue
            glimpse = tint is False or now - row.born < GLIMPSE_SECONDS
            row.gone_at = now - 2 * TOMBSTONE_SECONDS if glimpse else now
            row.timeline = self.chronicle.of(seen.target)
            self._graves[seen.target] = row
            if row.matched:
                self.counts[row.observation.verdict] -= 1
            if row.shown:
                changed.append(row)
        moves += self._left_behind(now)
        if self._pieces(inserts) + len(moves) + len(leaves) > _BULK and (moves or leaves or self._order):
            self._rebuild(inserts, moves, leaves)
        else:
            self._remove(leaves)
            if moves:
                # Qt keeps the pixel, not the row: rows that move up past what one reads would push it away.
                self.rebuilding.emit()
                self._rearrange(moves)
                self.rebuilt.emit()
            self._insert(inserts)
        self._announce(changed)
        self.settle()
        self.counted.emit()
        self.updated.emit({*(seen.target for seen in present), *(seen.target for seen in gone)})

    def _take(
        self,
        seen: Observation,
        now: float,
        tinting: bool,
        inserts: list[Row],
        moves: list[Row],
        leaves: list[Row],
        changed: list[Row],
    ) -> None:
        row = self._rows.get(seen.target)
        fresh = now + FRESH_SECONDS if tinting else 0.0
        if row is None:
            row = self._rows[seen.target] = Row(seen, self.shape, now, fresh)
        else:
            if row.matched and not row.gone:
                self.counts[row.observation.verdict] -= 1
            if row.gone or row.observation.verdict is not seen.verdict:
                row.fresh_until = fresh
            row.gone_at = None
            self._graves.pop(seen.target, None)
            row.observation = seen
            row.cells = row.haystack = None
        row.timeline = self.chronicle.of(seen.target)
        if row.fresh_until and tinting:
            self._fresh.add(row)
        row.matched = self._matcher.test(row)
        if row.matched:
            self.counts[seen.verdict] += 1
        if not row.shown:
            row.key = ()
            if self._wanted(row):
                inserts.append(row)
        elif not self._wanted(row):
            leaves.append(row)
        elif self._key(row) != row.key:
            moves.append(row)
        else:
            changed.append(row)

    def _left_behind(self, now: float) -> list[Row]:
        """Rows that stand by changes which are too long ago by now (only with a batch: never while held)."""
        by_timeline = self.shape.columns[self._column].style is Style.TIMELINE
        if not by_timeline or now < self._resorted_at + RESORT_SECONDS:
            return []
        self._resorted_at = now
        # The others have changed nothing that could be too long ago.
        lively = (row for row in self._order if row.timeline is not None and len(row.timeline.spans) > 1)
        return [row for row in lively if self._key(row) != row.key]

    def counted_anew(self, targets: Iterable[Target]) -> None:
        """What these take is known now, or is another amount."""
        self._own_thread()
        rows = [row for target in targets if (row := self._rows.get(target)) is not None and row.shown]
        if self.shape.columns[self._column].style is Style.SPACE:
            moves = [row for row in rows if self._key(row) != row.key]
            if moves:
                self.rebuilding.emit()
                self._rearrange(moves)
                self.rebuilt.emit()
        self._announce(rows)

    def next_deadline(self) -> float | None:
        """When :meth:`settle` has something to do next, on the model's clock."""
        times = [row.gone_at + TOMBSTONE_SECONDS for row in self._graves.values() if row.gone_at is not None]
        if self._fresh.due is not None:
            times.append(self._fresh.due)
        return min(times, default=None)

    def settle(self) -> None:
        """Take away tombstones that stood long enough; let new rows look like the others."""
        self._own_thread()
        now = self.now()
        over = [row for row in self._graves.values() if (row.gone_at or 0.0) + TOMBSTONE_SECONDS <= now]
        for row in over:
            del self._graves[row.observation.target]
        self._remove([row for row in over if row.shown])
        for row in over:
            del self._rows[row.observation.target]
        self._announce([row for row in self._fresh.settle(now) if row.shown])
        if over:
            self.updated.emit({row.observation.target for row in over})

    def is_fresh(self, row: Row) -> bool:
        """True shortly after a row came or changed its verdict."""
        return row.fresh_until > self.now()

    # --- the ordered list -------------------------------------------------------------------

    def _wanted(self, row: Row) -> bool:
        return row.matched and row.observation.verdict in self._verdicts

    def _recount(self) -> None:
        self.counts = dict.fromkeys(Verdict, 0)
        for row in self._rows.values():
            if row.matched and not row.gone:
                self.counts[row.observation.verdict] += 1

    def _rebuild(
        self, inserts: Sequence[Row] | None = None, moves: Sequence[Row] = (), leaves: Sequence[Row] = ()
    ) -> None:
        """The list anew, or with these changes alone."""
        self.rebuilding.emit()
        self.beginResetModel()
        if inserts is None:
            # What stays is in order already, and of what was hidden the key may still be known.
            wanted = [row for row in self._rows.values() if self._wanted(row)]
            come = [row for row in wanted if not row.shown]
            for row in self._order:
                row.shown = False
            for row in wanted:
                row.shown = True
            anew = self.shape.columns[self._column].style in _BY_MORE
            for row in come:
                if anew or not row.key:
                    row.key = self._key(row)
            self._order = [*(row for row in self._order if row.shown), *come]
        else:
            for row in leaves:
                row.shown = False
            for row in (*inserts, *moves):
                row.shown = True
                row.key = self._key(row)
            self._order = [*(row for row in self._order if row.shown), *inserts]
        self._order.sort(key=_key_of)
        self._keys = list(map(_key_of, self._order))
        self.endResetModel()
        self.rebuilt.emit()

    def _rearrange(self, moved: Iterable[Row], sorting: tuple[int, bool, bool] | None = None) -> None:
        """Put these rows where they belong now; the set of rows does not change."""
        self.layoutAboutToBeChanged.emit()
        before = self.persistentIndexList()
        held = [self.row_at(index.row()) for index in before]
        if sorting is not None:
            # Only now: the indexes above speak of the old order.
            self._column, self._descending, self._grouped = sorting
            for row in self._rows.values():
                row.key = ()
        for row in moved:
            row.key = self._key(row)
        self._order.sort(key=_key_of)
        self._keys = list(map(_key_of, self._order))
        after = []
        for index, kept in zip(before, held, strict=True):
            place = self.place_of(kept.observation.target) if kept is not None else None
            after.append(QModelIndex() if place is None else self.index(place, index.column()))
        self.changePersistentIndexList(before, after)
        self.layoutChanged.emit()

    def _pieces(self, rows: list[Row]) -> int:
        """Into how many places these rows would be put in: what is found directory by directory stands together."""
        if len(rows) <= _BULK:
            return len(rows)
        for row in rows:
            row.key = self._key(row)
        return len({bisect_left(self._keys, row.key) for row in rows})

    def _insert(self, rows: list[Row]) -> None:
        for row in rows:
            row.key = self._key(row)
        rows.sort(key=_key_of, reverse=True)  # from the end, so that earlier places stay true
        start = 0
        while start < len(rows):
            at = bisect_left(self._keys, rows[start].key)
            end = start + 1
            # All rows that fall between the same two neighbours are one run.
            while end < len(rows) and (at == 0 or self._keys[at - 1] < rows[end].key):
                end += 1
            run = rows[start:end][::-1]
            first = len(self._order) - at if self._descending else at
            self.beginInsertRows(_ROOT, first, first + len(run) - 1)
            self._order[at:at] = run
            self._keys[at:at] = [row.key for row in run]
            for row in run:
                row.shown = True
            self.endInsertRows()
            start = end

    def _remove(self, rows: list[Row]) -> None:
        if not rows:
            return
        self.leaving.emit({row.observation.target for row in rows})
        for first, last in reversed(runs(sorted(bisect_left(self._keys, row.key) for row in rows))):
            count = len(self._order)
            top = count - 1 - last if self._descending else first
            self.beginRemoveRows(_ROOT, top, top + last - first)
            for row in self._order[first : last + 1]:
                row.shown = False
            del self._order[first : last + 1]
            del self._keys[first : last + 1]
            self.endRemoveRows()

    def _announce(self, rows: list[Row]) -> None:
        places = sorted(
            place
            for row in rows
            if row.shown and (place := self.place_of(row.observation.target)) is not None
        )
        for first, last in runs(places):
            self.dataChanged.emit(self.index(first, 0), self.index(last, len(self.shape.columns) - 1))

    def _own_thread(self) -> None:
        # Qt gives no warning at all when a model is changed from another thread.
        assert QThread.currentThread() is self.thread(), "models belong to the GUI thread"
