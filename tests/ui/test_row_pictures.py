"""Rows shown again from their pictures look as if they were painted anew, whatever has changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from racewatch.config import Theme
from racewatch.core.model import Observation, Verdict
from racewatch.monitor.batch import Batch
from racewatch.monitor.chronicle import Chronicle
from racewatch.ui import cells, words
from racewatch.ui.columns import CONTAINERS, LOCKS, SOCKETS, Shape
from racewatch.ui.marks import Mark, no_mark
from racewatch.ui.table_model import FRESH_SECONDS, TOMBSTONE_SECONDS, TableModel
from racewatch.ui.table_view import TargetTable
from racewatch.ui.theme import Look
from tests.ui.support import Clock, container, seen

_MANY = 60


class Shown:
    """A table of many rows, and what it looks like."""

    def __init__(self, qtbot: QtBot, look: Look, shape: Shape) -> None:
        self.look = look
        self.clock = Clock()
        self.chronicle = Chronicle(lambda _: "")
        self.model = TableModel(shape, clock=self.clock, chronicle=self.chronicle)
        self.table = TargetTable(self.model, look)
        qtbot.addWidget(self.table)
        self.table.resize(900, 500)
        self.table.show()

    def apply(self, *there: Observation, gone: tuple[Observation, ...] = (), tint: bool = False) -> None:
        known = [one for one in there if self.model.find(one.target) is not None]
        new = tuple(one for one in there if one not in known)
        self.chronicle.fold(Batch(1, new, tuple(known), gone, True, (), ()), self.clock())
        self.model.apply(there, gone, tint=tint)

    def picture(self) -> QImage:
        QApplication.processEvents()
        return self.table.grab().toImage()

    def anew(self, monkeypatch: pytest.MonkeyPatch) -> QImage:
        with monkeypatch.context() as patch:
            # As on a screen on which rows begin between two pixels.
            patch.setattr(TargetTable, "devicePixelRatioF", lambda _table: 1.5)
            return self.picture()


@pytest.fixture
def look(qapp: QApplication) -> Iterator[Look]:
    made = Look(qapp, Theme.LIGHT)
    yield made
    made.choose(Theme.LIGHT)
    QApplication.setLayoutDirection(Qt.LayoutDirection.LeftToRight)


@pytest.fixture
def shown(qtbot: QtBot, look: Look) -> Shown:
    return Shown(qtbot, look, SOCKETS)


@pytest.fixture
def painted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The rows that were painted cell by cell."""
    found: list[int] = []
    cell = cells.CellDelegate._cell

    def painted_cell(delegate: cells.CellDelegate, painter: QPainter, *arguments: object) -> None:
        number = arguments[1]
        assert isinstance(number, int)
        if number not in found[-1:]:
            found.append(number)
        cell(delegate, painter, *arguments)  # type: ignore[arg-type]  # handed on as they came

    monkeypatch.setattr(cells.CellDelegate, "_cell", painted_cell)
    return found


def _row(number: int, verdict: Verdict = Verdict.LIVE) -> Observation:
    return seen(b"/run/some/folder/a-service-%04d.sock" % number, verdict, owner="redis-server")


def _mark(shown: Shown) -> None:
    shown.table.mark_of = lambda _seen: Mark("clock", "Somebody waits.")
    shown.table.viewport().update()


def _group(shown: Shown, grouped: bool) -> None:
    shown.model.set_grouped(grouped)
    shown.table.viewport().update()


def _settle(shown: Shown, seconds: float) -> None:
    shown.clock.now += seconds
    shown.model.settle()


def _look_later(shown: Shown, seconds: float) -> None:
    shown.clock.now += seconds
    shown.table.viewport().update()


def _scroll_aside(shown: Shown) -> None:
    shown.table.resize(300, 500)
    shown.table.horizontalScrollBar().setValue(37)


#: One after the other; each has something to show.  (Scrolled by whole rows: of half a row at the top Qt rounds the
#: middle of the text to the other side.)
_CHANGES: Final[tuple[tuple[str, Callable[[Shown], None]], ...]] = (
    ("another state", lambda shown: shown.apply(_row(2, Verdict.STALE), tint=True)),
    ("not new any more", lambda shown: _settle(shown, FRESH_SECONDS + 0.1)),
    ("another label", lambda shown: shown.apply(replace(_row(4), label="hung"))),
    ("one comes between", lambda shown: shown.apply(_row(1001), replace(_row(5), path=b"/run/x"))),
    ("selected", lambda shown: _choose(shown, 3)),
    ("another is selected", lambda shown: _choose(shown, 6)),
    ("gone", lambda shown: shown.apply(gone=(_row(7),))),
    ("taken away", lambda shown: _settle(shown, TOMBSTONE_SECONDS + 0.1)),
    ("scrolled", lambda shown: shown.table.verticalScrollBar().setValue(4 * shown.table.rowHeight(0))),
    (
        "sorted",
        lambda shown: shown.table.sortByColumn(SOCKETS.path_at, Qt.SortOrder.DescendingOrder),
    ),
    ("marked", _mark),
    ("later", lambda shown: _look_later(shown, 30.0)),
    ("a wider column", lambda shown: shown.table.setColumnWidth(0, 260)),
    ("a column less", lambda shown: shown.table.setColumnHidden(2, True)),
    ("columns in another order", lambda shown: shown.table.horizontalHeader().moveSection(0, 2)),
    ("scrolled to the side", _scroll_aside),
    ("dark", lambda shown: shown.look.choose(Theme.DARK)),
    ("another size", lambda shown: shown.table.resize(700, 400)),
    ("from right to left", lambda _shown: QApplication.setLayoutDirection(Qt.LayoutDirection.RightToLeft)),
)


def _choose(shown: Shown, number: int) -> None:
    assert shown.table.choose(_row(number).target)


def test_whatever_changes_it_looks_as_if_it_were_painted_anew(
    shown: Shown, painted: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    shown.apply(*map(_row, range(_MANY)))
    before = shown.picture()
    for what, change in _CHANGES:
        change(shown)
        now = shown.picture()
        assert now != before, f"{what} shows nothing"
        assert now == shown.anew(monkeypatch), what
        before = now


def test_the_first_of_a_group_is_told_from_the_others(
    qtbot: QtBot, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = Shown(qtbot, look, CONTAINERS)
    shown.table.resize(1600, 500)
    shown.apply(
        *(
            container(b"%s:/run/x:c%d" % (of, number), runtime=of.decode())
            for of in (b"runc", b"crun")
            for number in range(4)
        )
    )
    before = shown.picture()
    for grouped in (True, False):
        _group(shown, grouped)
        now = shown.picture()
        assert now != before
        assert now == shown.anew(monkeypatch)
        before = now
    _group(shown, True)
    shown.apply(container(b"runc:/run/x:b", runtime="runc"))  # comes before the one that was the first
    assert shown.picture() == shown.anew(monkeypatch)


def test_a_mistake_while_a_row_is_painted_does_not_end_the_program(shown: Shown) -> None:
    shown.apply(_row(1))
    shown.picture()
    shown.table.mark_of = lambda _seen: Mark("no such icon", "")
    with pytest.raises(FileNotFoundError, match="not completely installed"):
        shown.table.viewport().repaint()
    shown.table.mark_of = no_mark
    shown.picture()


def test_what_has_not_changed_is_not_painted_again(shown: Shown, painted: list[int]) -> None:
    shown.apply(*map(_row, range(_MANY)))
    shown.picture()
    painted.clear()
    shown.apply(_row(1, Verdict.STALE))
    before = shown.picture()
    assert set(painted) == {0}, "it comes first by now; all others only moved"
    painted.clear()
    assert shown.picture() == before
    assert painted == []


def test_ages_are_as_old_as_they_are(
    qtbot: QtBot, look: Look, monkeypatch: pytest.MonkeyPatch, painted: list[int]
) -> None:
    shown = Shown(qtbot, look, LOCKS)
    now = 1_000_000.0
    monkeypatch.setattr("time.time", lambda: now)
    taken = (("taken", words.full_moment(now)),)
    at = next(at for at, column in enumerate(LOCKS.columns) if column.ages)
    shown.apply(*(replace(_row(number), facts=taken) for number in range(3)))
    shown.table.setColumnHidden(at, False)
    before = shown.picture()
    now += 7200.0
    shown.table.viewport().update()
    assert shown.picture() != before
    assert shown.picture() == shown.anew(monkeypatch)


def test_pictures_are_few_and_forgotten_with_the_page(shown: Shown) -> None:
    shown.apply(*map(_row, range(_MANY)))
    pictures = shown.table._cells.pictures
    shown.picture()
    bar = shown.table.verticalScrollBar()
    for value in range(0, bar.maximum(), 40):
        bar.setValue(value)
        shown.picture()
    assert pictures._laid is not None
    assert len(pictures._by_row) <= pictures._laid.rows * 1.5
    shown.table.hide()
    assert pictures._by_row == {}
