"""The whole window while the world does not stand still: afterwards its rows are what a fresh look says.

With Qt's own model tester attached.  The short run is the same code as the long one and the soak.
"""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Iterator
from typing import Final

import pytest
import shiboken6
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester

from racewatch.core.model import Observation, Target, Verdict
from racewatch.kinds.sockets import SocketsKind
from racewatch.ui.targets_view import TargetsView
from racewatch.ui.window import MainWindow
from tests.monitor.churn import PATIENCE, Footprint, Said, Scale, World, difference, said, soak_seconds
from tests.ui.conftest import Opened
from tests.ui.sandbox import Sandbox

SHORT = Scale(rows=200, changes=500)
LONG = pytest.param(
    Scale(rows=10_000, changes=60_000), marks=[pytest.mark.long, pytest.mark.timeout(900)], id="long"
)
#: Qt's tester looks at every cell with every signal: of more rows than this that is seconds each time, so that it
#: looks at them at rest only.
MOST_TESTED = 500


@pytest.fixture
def world(sandbox: Sandbox) -> Iterator[World]:
    with World(sandbox.folder) as made:
        yield made


class Person:
    """Somebody who sorts, filters, scrolls, selects and freezes while things change under the finger."""

    def __init__(self, view: TargetsView) -> None:
        self._view = view
        self._dice = random.Random(7)
        self._chosen: Target | None = None
        self._habits = itertools.cycle(
            [self._choose, self._sort, self._scroll, self._filter, self._choose, self._press, self._clear]
        )

    def act(self) -> None:
        """What was chosen is chosen still, or nothing is: never a neighbour."""
        table = self._view.table
        assert table.target in (None, self._chosen)
        # What is gone is inert, whether it still looks selected or not.
        chosen = table.observation()
        assert [seen.target for seen in table.observations()] == ([] if chosen is None else [chosen.target])
        next(self._habits)()
        assert table.target in (None, self._chosen)

    def _choose(self) -> None:
        count = self._view.model.rowCount()
        row = self._view.model.row_at(self._dice.randrange(count)) if count else None
        if row is not None and not row.gone:
            self._chosen = row.observation.target
            assert self._view.table.choose(self._chosen)

    def _sort(self) -> None:
        order = self._dice.choice([Qt.SortOrder.AscendingOrder, Qt.SortOrder.DescendingOrder])
        self._view.table.sortByColumn(self._dice.randrange(len(self._view.shape.columns)), order)

    def _scroll(self) -> None:
        bar = self._view.table.verticalScrollBar()
        bar.setValue(self._dice.randint(0, bar.maximum()))

    def _filter(self) -> None:
        self._view.filters.search.setText(self._dice.choice(["1", "live", "d000", "nothing has this"]))
        self._view.filters.chips[self._dice.choice(list(Verdict))].click()

    def _clear(self) -> None:
        self._view.filters.reset()

    def _press(self) -> None:
        self._view.finger.emit(True)
        self._view.finger.emit(False)

    def rest(self) -> None:
        """Everything is shown again."""
        self._clear()
        self._view.table.choose(None)
        self._chosen = None


#: A look of somebody else is taken anew after so many seconds, should the table say otherwise.
AGAIN: Final = 5.0


def fresh(sandbox: Sandbox) -> dict[bytes, Said]:
    """What one look of somebody who knows nothing yet says just now."""
    kind = SocketsKind(patient=False)
    return said(one for one in kind.scan([sandbox.folder]) if isinstance(one, Observation))


def shown(view: TargetsView) -> dict[bytes, Said]:
    """The rows of the table, without tombstones; none twice."""
    rows = (view.model.row_at(number) for number in range(view.model.rowCount()))
    return said(row.observation for row in rows if row is not None and not row.gone)


def settle(opened: Opened, view: TargetsView, sandbox: Sandbox) -> None:
    """Until the table says what is so, and nothing is left of what is not."""
    wanted, looked = fresh(sandbox), time.monotonic()
    ends = looked + PATIENCE
    while shown(view) != wanted or view.model.rowCount() != len(wanted):
        assert time.monotonic() < ends, difference(wanted, shown(view))
        opened.qtbot.wait(50)
        if time.monotonic() > looked + AGAIN:
            # The kernel may still have been closing sockets: then its list leaves out one or another that stays.
            wanted, looked = fresh(sandbox), time.monotonic()
    assert view.model.total == len(wanted)
    counted = dict.fromkeys(Verdict, 0)
    for _, verdict, _, _ in wanted.values():
        counted[Verdict(verdict)] += 1
    assert view.model.counts == counted
    keys = view.model._keys
    assert keys == sorted(keys)


def churned(opened: Opened, window: MainWindow, world: World, sandbox: Sandbox, scale: Scale) -> Footprint:
    """Churn, then the same world at rest as before; what the program holds then."""
    view = window.sockets
    person = Person(view)
    world.begin("churn", changes=scale.changes, rate=scale.rate, silent=True)
    while not world.is_done():
        opened.qtbot.wait(40)
        person.act()
    world.answer()
    person.rest()
    assert window.watching.feed is not None
    window.watching.feed.sweep()  # what no event tells; by itself it would come within two minutes
    settle(opened, view, sandbox)
    world.ask("calm")
    window.watching.feed.sweep()
    settle(opened, view, sandbox)
    assert view.model.total == scale.rows
    if scale.rows > MOST_TESTED:
        shiboken6.delete(examined(window))  # at once: later is after the next signals
    return Footprint.at_rest()


def examined(window: MainWindow) -> QAbstractItemModelTester:
    """Looks at everything now, and from now on."""
    return QAbstractItemModelTester(
        window.sockets.model, QAbstractItemModelTester.FailureReportingMode.Fatal, window
    )


def begun(opened: Opened, world: World, rows: int) -> MainWindow:
    world.ask("fill", rows=rows)
    window = opened.open(wait=False)
    if rows <= MOST_TESTED:
        examined(window)
    opened.until(lambda: window.sockets.model.tinting, "the first look")
    return window


@pytest.mark.parametrize("scale", [pytest.param(SHORT, id="short"), LONG])
def test_after_churn_the_table_is_what_a_fresh_look_says_and_nothing_has_grown(
    opened: Opened, world: World, sandbox: Sandbox, scale: Scale
) -> None:
    window = begun(opened, world, scale.rows)
    half = Scale(scale.rows, scale.changes // 2, scale.rate)
    first = churned(opened, window, world, sandbox, half)
    second = churned(opened, window, world, sandbox, half)
    # Timelines keep what happened for ten minutes: of each row a bounded number of spans and marks.
    second.assert_no_more_than(first, values=scale.rows * 20, megabytes=32)


@pytest.mark.soak
@pytest.mark.timeout(0)
def test_soak(opened: Opened, world: World, sandbox: Sandbox, request: pytest.FixtureRequest) -> None:
    """For a long time: what the window holds stays flat once its ten minutes of timelines are full."""
    scale = Scale(rows=2000, changes=15_000, rate=300.0)
    window = begun(opened, world, scale.rows)
    began = time.monotonic()
    first: Footprint | None = None
    while first is None or time.monotonic() < began + soak_seconds(request.config):
        now = churned(opened, window, world, sandbox, scale)
        if first is None or time.monotonic() < began + 700:
            first = now
        # Evidence that nobody has asked for yet is kept as what it is made of: two values more in each row.  And how
        # many spans ten minutes have depends on how many changes the machine found time for.
        now.assert_no_more_than(first, values=4 * scale.rows + first.values.total() // 10, megabytes=16)
