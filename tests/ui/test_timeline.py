"""Timelines in the table and beside the evidence: their words, their order, when they are painted."""

from __future__ import annotations

import time

import pytest
from PySide6.QtCore import QEvent, QObject, QPersistentModelIndex, QRect, Qt
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtTest import QAbstractItemModelTester, QTest
from PySide6.QtWidgets import QApplication

from racewatch.core.model import Observation, Verdict
from racewatch.monitor.batch import Batch
from racewatch.monitor.chronicle import Chronicle
from racewatch.monitor.timeline import WINDOW, Event, Piece, Span, State, Timeline, What
from racewatch.ui import timeline_card, timeline_paint
from racewatch.ui.actions import Act
from racewatch.ui.columns import CONTAINERS, LOCKS, SOCKETS
from racewatch.ui.sidebar import Page
from racewatch.ui.table_model import RESORT_SECONDS, TableModel
from racewatch.ui.theme import DARK, LIGHT, Look
from racewatch.ui.timeline_card import TimelineCard
from tests.ui.conftest import Opened
from tests.ui.sandbox import Sandbox
from tests.ui.support import seen

AT = SOCKETS.timeline_at
LIVE, STALE, GONE = State.LIVE, State.STALE, State.GONE


class World:
    """A model fed as the window feeds it, on a clock of the test's."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.chronicle = Chronicle(lambda _: "")
        self.model = TableModel(SOCKETS, clock=lambda: self.now, chronicle=self.chronicle)
        self.tester = QAbstractItemModelTester(
            self.model, QAbstractItemModelTester.FailureReportingMode.Warning, self.model
        )
        self.feed(ready=True)

    def feed(self, *present: Observation, gone: tuple[Observation, ...] = (), ready: bool = False) -> None:
        self.chronicle.fold(Batch(1, present, (), gone, ready, (), ()), self.now)
        self.model.apply(present, gone)

    def paths(self) -> list[bytes]:
        rows = (self.model.row_at(number) for number in range(self.model.rowCount()))
        return [row.observation.target.locator for row in rows if row is not None]

    def said(self, path: bytes) -> str:
        place = self.model.place_of(seen(path).target)
        assert place is not None
        return str(self.model.index(place, AT).data())


@pytest.fixture
def world(qapp: QApplication) -> World:
    return World()


def test_the_text_of_a_cell_says_what_its_picture_shows(world: World) -> None:
    world.feed(seen(b"/a", Verdict.LIVE))
    world.now += 240
    world.feed(seen(b"/a", Verdict.STALE))
    world.now += 20
    assert world.said(b"/a") == "stale 20 s, before live 4 min, 2 changes"
    index = world.model.index(0, AT)
    assert index.data(Qt.ItemDataRole.AccessibleTextRole) == index.data()
    tip = str(index.data(Qt.ItemDataRole.ToolTipRole))
    assert tip.index(" stale\n") < tip.index("appeared")
    world.now += WINDOW
    assert world.said(b"/a") == "stale over 10 min, no changes"


def test_every_table_has_a_timeline_and_can_do_without_it() -> None:
    for shape in (SOCKETS, LOCKS, CONTAINERS):
        assert "timeline" in shape.gives_way
        assert shape.columns[shape.timeline_at].title == "Timeline"


def test_rows_sort_by_the_number_of_changes_and_an_old_storm_sinks(world: World) -> None:
    world.feed(seen(b"/a"), seen(b"/b"), seen(b"/c"))
    for verdict in (Verdict.LIVE, Verdict.STALE, Verdict.LIVE):
        world.now += 1
        world.feed(seen(b"/b", verdict))
    world.model.sort(AT, Qt.SortOrder.AscendingOrder)
    assert world.paths() == [b"/b", b"/a", b"/c"]
    kept = QPersistentModelIndex(world.model.index(0, SOCKETS.path_at))
    world.now += WINDOW
    world.feed(seen(b"/c", Verdict.LIVE))
    assert world.paths() == [b"/c", b"/a", b"/b"]
    assert kept.data() == "/b"
    world.now += RESORT_SECONDS / 2
    world.model.sort(AT, Qt.SortOrder.DescendingOrder)
    assert world.paths() == [b"/b", b"/a", b"/c"]


def painted(pieces: list[Piece], look: Look, width: int = 60) -> QImage:
    image = QImage(width, 10, QImage.Format.Format_RGB32)
    image.fill(QColor(look.colours.base))
    painter = QPainter(image)
    timeline_paint.draw(painter, QRect(0, 0, width, 10), pieces, 600.0, WINDOW, look)
    painter.end()
    return image


def heights(image: QImage, ground: str) -> list[int]:
    columns = range(image.width())
    return [sum(image.pixelColor(x, y).name() != ground for y in range(image.height())) for x in columns]


def test_states_differ_by_height_not_only_by_colour(look: Look) -> None:
    pieces = [Piece(state, at * 100.0, at * 100.0 + 100.0) for at, state in enumerate(State)]
    image = painted([piece for piece in pieces if piece.state is not State.UNKNOWN], look)
    tall = heights(image, look.colours.base)
    told = {state: tall[at * 10 + 5] for at, state in enumerate(State)}
    assert told == {State.LIVE: 4, State.STALE: 10, State.IDLE: 2, State.UNKNOWN: 0, State.GONE: 1}
    image = painted([Piece(State.UNKNOWN, 0.0, 600.0)], look)
    inside = [image.pixelColor(x, 7).name() for x in range(1, 60)]
    assert set(inside) == {look.colours.base, look.colours.unknown}  # hatched


def test_the_shortest_flap_is_seen_and_what_is_not_known_is_empty(look: Look) -> None:
    image = painted([Piece(LIVE, 300.0, 400.0), Piece(STALE, 400.0, 400.1), Piece(LIVE, 400.1, 600.0)], look)
    tall = heights(image, look.colours.base)
    assert tall[:30] == [0] * 30
    assert tall[30:40] == [4] * 10
    assert max(tall[40:42]) in (4, 10)
    assert 10 in tall or image.pixelColor(40, 9).name() == look.colours.stale


def test_names_in_events_are_shown_as_they_are(qapp: QApplication, look: Look) -> None:
    card = TimelineCard(look, lambda _: WINDOW, lambda: 600.0)
    event = Event(499.0, What.OWNER_GONE, "<b>x</b>\u202e (1)")
    card.show_timeline(Timeline((Span(LIVE, 100.0), Span(STALE, 500.0)), (event,)))
    assert card.events[0].what.text() == "stale"
    assert card.events[1].what.text() == "owner gone: <b>x</b>\\u202e (1)"
    assert "owner gone" in card.chart.accessibleDescription()
    assert card.summary.text() == "stale 2 min, before live 7 min, 1 change in 8 min."


def test_more_events_than_there_is_room_for_are_counted(qapp: QApplication, look: Look) -> None:
    card = TimelineCard(look, lambda _: WINDOW, lambda: 600.0)
    spans = tuple(Span((LIVE, STALE)[number % 2], 100.0 + number) for number in range(10))
    card.show_timeline(Timeline(spans))
    assert [line.number.text() for line in card.events] == ["9", "8", "7", "6", "5"]
    assert card.more.text() == "and 4 earlier"
    assert not card.more.isHidden()
    card.show_timeline(None)
    assert card.isHidden()


def test_marks_have_a_colour_in_both_looks(look: Look) -> None:
    for what in What:
        for colours in (LIGHT, DARK):
            assert getattr(colours, timeline_card.COLOUR[what])


class Paints(QObject):
    """Counts how often a widget is painted."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def eventFilter(self, watched: QObject, event: QEvent, /) -> bool:
        self.count += event.type() is QEvent.Type.Paint
        return False


def test_a_death_is_seen_in_the_table_and_told_beside_the_evidence(opened: Opened, sandbox: Sandbox) -> None:
    sandbox.bind(b"x.sock")
    window = opened.open()
    window.resize(1600, 900)
    path = sandbox.path(b"x.sock")
    opened.choose(window, path)
    card = window.sockets.pane.timeline
    assert card.summary.text().startswith("live")
    sandbox.die(b"x.sock")
    opened.until(lambda: card.events[0].what.text().startswith("stale: "), "the death")
    assert card.events[0].what.text().endswith(" gone")
    place = opened.place(window, path)
    assert place is not None
    assert "1 change" in str(window.sockets.model.index(place, AT).data())
    window.actions_table[Act.REMOVE].trigger()
    opened.until(lambda: window.actor.dialog is not None, "the question")
    dialog = window.actor.dialog
    assert dialog is not None
    opened.until(dialog.remove.isEnabled, "the beat")
    QTest.mouseClick(dialog.remove, Qt.MouseButton.LeftButton)
    opened.until(lambda: not window.actor.busy, "the outcome")
    window.actions_table[Act.UNDO].trigger()
    opened.until(lambda: not window.actor.busy, "the undo")
    opened.choose(window, path)
    opened.until(lambda: window.history.model.rowCount() == 2, "the journal")
    told = window.sockets.pane.timeline.chart.accessibleDescription()
    opened.until(
        lambda: "acted on: undo, done" in window.sockets.pane.timeline.chart.accessibleDescription(), told
    )
    assert "acted on: remove, done" in window.sockets.pane.timeline.chart.accessibleDescription()


def test_what_does_not_move_is_not_painted_and_nothing_while_hidden(opened: Opened, sandbox: Sandbox) -> None:
    for number in range(5):
        sandbox.dead(b"%d.sock" % number)
    window = opened.open()
    window.resize(1600, 900)
    table, model = window.sockets.table, window.sockets.model
    opened.qtbot.wait(300)
    paints = Paints()
    table.viewport().installEventFilter(paints)
    assert not table.isColumnHidden(AT)
    assert table._advance.interval() >= 1000
    table._advance_timelines()  # watched for less than the window: the beginning moves
    QApplication.processEvents()
    assert paints.count == 1
    model.now = lambda: time.monotonic() + WINDOW
    table._advance_timelines()
    QApplication.processEvents()
    assert paints.count == 1
    window.sidebar.choose(Page.LOCKS)
    assert not table._advance.isActive()
    assert not window.sockets.pane.timeline._advance.isActive()
