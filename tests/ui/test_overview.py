"""The overview: counts, what needs attention, what flaps, left-overs and directories; each line opens its thing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester, QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from racewatch.core.model import KindName, Observation, Target, Verdict
from racewatch.monitor.batch import Batch
from racewatch.monitor.chronicle import Chronicle
from racewatch.monitor.timeline import WINDOW
from racewatch.ui import words
from racewatch.ui.lines import Line, LineList, LinesModel, Opening
from racewatch.ui.overview import Overview
from racewatch.ui.sidebar import Page
from racewatch.ui.theme import DARK, LIGHT, Look
from tests.ui.conftest import Opened
from tests.ui.sandbox import HOSTILE, Sandbox
from tests.ui.support import seen
from tests.ui.test_accessible import _contrast


class Shown:
    """The page on a chronicle and a clock of the test's."""

    def __init__(self, look: Look) -> None:
        self.now = 1000.0
        self.chronicle = Chronicle(words.there_since)
        self.page = Overview(look, self.chronicle, lambda: self.now)
        self.feed(ready=True)

    def feed(self, *present: Observation, gone: tuple[Observation, ...] = (), ready: bool = False) -> None:
        self.chronicle.fold(Batch(1, present, (), gone, ready, (), ()), self.now)
        self.page.changed()

    def look(self) -> None:
        self.page.hide()
        self.page.show()


@pytest.fixture
def shown(qtbot: QtBot, look: Look) -> Shown:
    made = Shown(look)
    qtbot.addWidget(made.page)
    made.page.resize(1100, 800)
    made.page.show()
    return made


def said(lines: LineList) -> list[str]:
    model = lines.lines
    return [str(model.index(row).data(Qt.ItemDataRole.AccessibleTextRole)) for row in range(model.rowCount())]


def lock(path: bytes, verdict: Verdict, taken: str) -> Observation:
    made = seen(path, verdict, facts=(("taken", taken),))
    return replace(made, target=Target(KindName.LOCK, path))


def test_what_is_there_is_told_by_kind_age_and_place(shown: Shown) -> None:
    shown.now += 10
    shown.feed(
        seen(b"/run/a/1", facts=(("created", "2020-01-01 00:00:00"),)),
        seen(b"/run/a/2", Verdict.LIVE),
        seen(b"/run/a/3", Verdict.UNKNOWN),
        seen(b"/run/b/1"),
        lock(b"/run/a/lock", Verdict.STALE, "2019-01-01 00:00:00"),
    )
    shown.look()
    assert said(shown.page.attention) == ["2 stale sockets", "1 stale lock", "1 unknown socket"]
    assert [line.partition(",")[0] for line in said(shown.page.oldest)] == [
        "/run/a/lock",
        "/run/a/1",
        "/run/b/1",
    ]
    assert said(shown.page.fullest) == [
        "/run/a, 3 sockets, 1 stale",
        "/run/a, 1 lock, 1 stale",
        "/run/b, 1 socket, 1 stale",
    ]
    assert said(shown.page.flapping) == []
    assert not shown.page.flapping.isVisible()
    chart = shown.page.charts[KindName.SOCKET]
    assert chart.accessibleDescription().startswith("stale: 2, between 0 and 2; unknown: 1")


def test_what_flaps_stands_there_even_while_it_is_gone_and_leaves_with_time(shown: Shown) -> None:
    for verdict in (Verdict.LIVE, Verdict.STALE, Verdict.LIVE):
        shown.now += 1
        shown.feed(seen(b"/x", verdict))
    shown.feed(gone=(seen(b"/x"),))
    shown.look()
    assert said(shown.page.flapping) == ["/x, 4 changes"]
    line = shown.page.flapping.lines.line(0)
    assert line is not None
    assert line.icon == "gone"
    assert line.picture is not None
    assert [piece.state.value for piece in line.picture.pieces] == ["gone", "live", "stale", "live", "gone"]
    shown.now += WINDOW
    shown.look()
    assert said(shown.page.flapping) == []


def test_nothing_is_shown_more_than_once_a_second_or_while_hidden(shown: Shown, qtbot: QtBot) -> None:
    shown.look()
    shown.feed(seen(b"/x"))
    assert said(shown.page.attention) == []
    assert 0 < shown.page._soon.interval() <= 1000
    shown.now += 1.0
    qtbot.waitUntil(lambda: said(shown.page.attention) == ["1 stale socket"])
    shown.page.hide()
    assert not shown.page._advance.isActive()
    shown.feed(seen(b"/y"))
    assert not shown.page._soon.isActive()
    shown.page.show()
    assert said(shown.page.attention) == ["2 stale sockets"]


def test_nothing_moves_right_after_a_press(shown: Shown) -> None:
    shown.feed(seen(b"/m"))
    shown.look()
    lines = shown.page.oldest
    QTest.mousePress(
        lines.viewport(), Qt.MouseButton.LeftButton, pos=lines.visualRect(lines.lines.index(0)).center()
    )
    shown.feed(seen(b"/a"))
    shown.look()
    assert said(lines) == ["/m"]
    shown.now += 1.0
    shown.look()
    assert said(lines) == ["/a", "/m"]
    assert lines.lines.line(lines.currentIndex().row()) == lines.lines.line(1)


def test_when_time_alone_passes_only_what_moves_is_drawn_anew(shown: Shown) -> None:
    shown.feed(seen(b"/x"))
    shown.look()
    made = shown.page._shown_at
    chart = shown.page.charts[KindName.SOCKET]
    shown.now += 30
    shown.page._on_advance()
    assert (chart._now, shown.page._shown_at) == (shown.now, made)
    shown.now += WINDOW
    shown.page._on_advance()  # an age may be another one by now
    assert shown.page._shown_at == shown.now
    made = shown.now
    shown.now += 30
    shown.page._on_advance()
    assert (chart._now, shown.page._shown_at) == (made, made)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(st.sampled_from("abcd"), max_size=4, unique=True), max_size=12))
def test_lines_come_and_go(qapp: QApplication, runs: list[list[str]]) -> None:
    model = LinesModel()
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal, model)
    for at, run in enumerate(runs):
        model.show_lines(
            [Line(Opening(KindName.SOCKET, search=one), "stale", "stale", one, str(at)) for one in run]
        )
        assert [model.index(row).data() for row in range(model.rowCount())] == run
        assert [model.place_of(Opening(KindName.SOCKET, search=one)) for one in run] == list(range(len(run)))


def test_a_narrow_page_has_one_column_and_cuts_nothing_off(shown: Shown) -> None:
    shown.feed(seen(b"/run/" + b"long/" * 60 + b"x"))
    shown.page.resize(600, 500)
    shown.look()
    QApplication.processEvents()
    widest = max(card.geometry().right() for card in shown.page._cards + shown.page._blocks)
    assert widest < shown.page.width()
    assert len({card.geometry().left() for card in shown.page._cards}) == 1


def test_words_on_cards_can_be_read_in_both_looks() -> None:
    for colours in (LIGHT, DARK):
        for ink in (colours.text, colours.muted, colours.stale, colours.live, colours.unknown, colours.idle):
            assert _contrast(ink, colours.base) >= 4.5
        for ground in (colours.selection, colours.hover):
            assert _contrast(colours.selection_text, colours.selection) >= 4.5
            assert _contrast(colours.text, ground) >= 4.5
        assert _contrast(colours.muted, colours.hover) >= 4.5


def tab_to(lines: LineList) -> None:
    """Go there as a person does: by Tab, until it has the focus."""
    for _ in range(60):
        focused = QApplication.focusWidget()
        if focused is lines:
            return
        assert focused is not None
        QTest.keyClick(focused, Qt.Key.Key_Tab)
    raise AssertionError("Tab does not reach it")


def test_lines_open_their_things_by_keyboard(opened: Opened, sandbox: Sandbox) -> None:
    live, dead = sandbox.bind(b"d/live.sock"), sandbox.dead(b"d/dead.sock")
    window = opened.open()
    window.activateWindow()
    QTest.keyClick(window, Qt.Key.Key_1, Qt.KeyboardModifier.ControlModifier)
    assert window.pages.currentWidget() is window.overview
    assert window.status.findChildren(type(window.sidebar)) == []
    window.sidebar.list.setFocus()
    tab_to(window.overview.oldest)
    QTest.keyClick(window.overview.oldest, Qt.Key.Key_Return)
    view = window.sockets
    assert window.pages.currentWidget() is view
    assert window.sidebar.list.currentRow() == Page.SOCKETS
    seen_there = view.observation()
    assert seen_there is not None
    assert seen_there.path == dead
    assert window.actor.dialog is None
    window.sidebar.choose(Page.OVERVIEW)
    window.sidebar.list.setFocus()
    tab_to(window.overview.attention)
    QTest.keyClick(window.overview.attention, Qt.Key.Key_Return)
    assert view.filters.verdicts() == {Verdict.STALE}
    assert opened.place(window, live) is None
    window.sidebar.choose(Page.OVERVIEW)
    window.sidebar.list.setFocus()
    tab_to(window.overview.fullest)
    QTest.keyClick(window.overview.fullest, Qt.Key.Key_Return)
    assert view.filters.verdicts() == set()
    assert view.filters.search.text().endswith("/d")
    assert opened.place(window, live) is not None


def test_what_flapped_and_is_gone_is_searched_for(opened: Opened, sandbox: Sandbox) -> None:
    window = opened.open()
    target = Target(KindName.SOCKET, sandbox.path(b"never.sock"))
    window.overview.opened.emit(Opening(KindName.SOCKET, target, "never.sock"))
    assert window.pages.currentWidget() is window.sockets
    assert window.sockets.filters.search.text() == "never.sock"
    assert window.sockets.observation() is None


def test_a_real_flap_is_seen_on_the_page(opened: Opened, sandbox: Sandbox) -> None:
    window = opened.open()
    window.sidebar.choose(Page.OVERVIEW)
    for _ in range(2):
        sandbox.bind(b"flappy.sock")
        opened.until(lambda: window._chronicle.tally.counts[KindName.SOCKET, Verdict.LIVE] == 1, "its life")
        sandbox.die(b"flappy.sock")
        opened.until(lambda: window._chronicle.tally.counts[KindName.SOCKET, Verdict.STALE] == 1, "its death")
    opened.until(lambda: window.overview.flapping.lines.rowCount() == 1, "the flap")
    assert said(window.overview.flapping)[0].startswith(str(sandbox.path(b"flappy.sock"), "ascii"))


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_plain_text(opened: Opened, sandbox: Sandbox, name: bytes) -> None:
    sandbox.dead(name)
    window = opened.open()
    window.sidebar.choose(Page.OVERVIEW)
    lines = window.overview.oldest
    opened.until(lambda: lines.lines.rowCount() == 1, "the line")
    index = lines.lines.index(0)
    assert not any(char in str(index.data()) for char in "\n\u202e\udcff")
    assert "<b>" not in str(index.data(Qt.ItemDataRole.ToolTipRole))
    window.overview.grab()
    lines.activated.emit(index)
    found = window.sockets.observation()
    assert found is not None
    assert found.path == sandbox.path(name)
