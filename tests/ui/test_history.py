"""The history: filters, before and after, until when, what recovery did, exports."""

from __future__ import annotations

import csv
import io
import json
import time
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from racewatch.core.model import HistoryEntry, KindName, OutcomeWord, Target
from racewatch.ui import history_text
from racewatch.ui.actions import Act
from racewatch.ui.history_text import Ended, Since
from racewatch.ui.history_view import HistoryView
from racewatch.ui.theme import Look
from tests.ui.conftest import Opened
from tests.ui.sandbox import Sandbox
from tests.ui.support import seen


def entry(
    action: str, word: OutcomeWord | None, *, ago: float = 0.0, kind: KindName = KindName.SOCKET
) -> HistoryEntry:
    path = f"/run/{action}.sock".encode()
    now = time.time() - ago
    made = seen(path, owner="redis" if action == "busy" else "")
    return HistoryEntry(
        action,
        "remove",
        Target(kind, path),
        path,
        now,
        now,
        word,
        f"what happened to {action}",
        made,
        word is OutcomeWord.DONE,
    )


ENTRIES = (
    entry("new", None),
    entry("gone", OutcomeWord.DONE, ago=60),
    entry("busy", OutcomeWord.REFUSED_LIVE, ago=7200),
    entry("bad", OutcomeWord.FAILED, ago=2 * 86400, kind=KindName.LOCK),
    replace(entry("back", OutcomeWord.DONE, ago=30 * 86400), undone_by="x", undoable=False),
)


@pytest.fixture
def view(qtbot: QtBot, look: Look) -> HistoryView:
    made = HistoryView(look, 7)
    qtbot.addWidget(made)
    QAbstractItemModelTester(made.model, QAbstractItemModelTester.FailureReportingMode.Fatal, made)
    made.show()
    made.show_entries(ENTRIES)
    return made


def shown(view: HistoryView) -> list[str]:
    return [one.action for one in view.model.shown()]


def texts(view: HistoryView) -> list[str]:
    return [label.text() for label in view.details.findChildren(QLabel) if label.isVisibleTo(view)]


def test_by_outcome(view: HistoryView) -> None:
    of = {
        Ended.ANY: ["new", "gone", "busy", "bad", "back"],
        Ended.DONE: ["gone", "back"],
        Ended.REFUSED: ["busy"],
        Ended.FAILED: ["bad"],
        Ended.UNDONE: ["back"],
        Ended.CAN_UNDO: ["gone"],
        Ended.OPEN: ["new"],
    }
    assert set(of) == set(Ended)
    for ended, actions in of.items():
        view.filters.ended.setCurrentText(ended.value)
        assert shown(view) == actions


def test_by_words_kind_and_time(view: HistoryView) -> None:
    view.filters.search.setText("REDIS busy")
    assert shown(view) == ["busy"]
    view.filters.reset()
    view.filters.kind.setCurrentText("Locks")
    assert shown(view) == ["bad"]
    view.filters.reset()
    for since, count in ((Since.HOUR, 2), (Since.DAY, 3), (Since.WEEK, 4), (Since.EVER, 5)):
        view.filters.since.setCurrentText(since.value)
        assert len(shown(view)) == count


def test_the_selection_stays_while_it_is_shown(view: HistoryView) -> None:
    view.choose("busy")
    view.filters.ended.setCurrentText(Ended.REFUSED.value)
    assert view.details.shown == ENTRIES[2]
    assert len(view.table.selectionModel().selectedRows()) == 1
    view.filters.ended.setCurrentText(Ended.FAILED.value)
    assert shown(view) == ["bad"]
    assert not view.table.selectionModel().hasSelection()
    view.choose("busy")  # a filter that hides it goes
    assert view.details.shown == ENTRIES[2]
    view.show_entries((entry("newest", OutcomeWord.GONE), *ENTRIES))
    assert view.details.shown == ENTRIES[2]
    assert view.table.currentIndex().row() == 3


def test_the_details_go_below_where_there_is_no_room_beside(view: HistoryView) -> None:
    view.resize(1200, 700)
    assert view.splitter.orientation() is Qt.Orientation.Horizontal
    view.resize(700, 700)
    assert view.splitter.orientation() is Qt.Orientation.Vertical
    assert min(view.splitter.sizes()) > 200


def test_nothing_matches_says_so_and_resets(view: HistoryView) -> None:
    view.filters.search.setText("no such word")
    assert shown(view) == []
    assert any("5 lines are hidden" in label.text() for label in view.findChildren(QLabel))
    view.filters.reset()
    assert len(shown(view)) == 5
    view.problem("It cannot be read.")
    view.filters.search.setText("gone")
    assert any(
        "It cannot be read." in label.text() for label in view.findChildren(QLabel) if label.isVisible()
    )


def test_before_after_and_until_when(qtbot: QtBot, view: HistoryView) -> None:
    assert any("put back for 7 days" in label.text() for label in view.findChildren(QLabel))
    view.choose("gone")
    told = {"Before", "After", "stale: dead socket", "Its name was free."}
    qtbot.waitUntil(lambda: told <= set(texts(view)))
    ended = ENTRIES[1].ended_at
    assert ended is not None

    def until(days: int) -> bool:
        wanted = time.strftime("Until %Y-%m-%d", time.localtime(ended + days * 86400))
        return any(text.startswith(wanted) for text in texts(view))

    assert until(7)
    view.set_keep_days(1)
    assert any("put back for 1 day;" in label.text() for label in view.findChildren(QLabel))
    qtbot.waitUntil(lambda: until(1))
    view.choose("busy")
    qtbot.waitUntil(lambda: "It stayed as it was; nothing was touched." in texts(view))


def test_the_path_is_not_said_twice_in_a_row() -> None:
    whole = replace(ENTRIES[1], path=b"/run/x.sock", summary="/run/x.sock was removed (dead socket)")
    assert history_text.told(whole) == "was removed (dead socket)"
    other = replace(whole, summary="/run/x.sock.old is in its way")
    assert history_text.told(other) == other.summary


@pytest.mark.parametrize(
    ("one", "after"),
    [
        (ENTRIES[0], "Not known yet"),
        (entry("a", OutcomeWord.GONE), "not there any more"),
        (ENTRIES[3], "What was moved is back"),
        (ENTRIES[4], "until it was put back"),
        (replace(ENTRIES[1], kept=True), "kept aside"),
        (replace(ENTRIES[1], verb="undo"), "back under its name"),
        (replace(ENTRIES[1], verb="purge"), "gone for good"),
    ],
)
def test_after_in_words(one: HistoryEntry, after: str) -> None:
    assert after in history_text.after(one)


def test_what_is_kept_aside_is_never_forgotten() -> None:
    assert "never forgotten" in history_text.until(replace(ENTRIES[1], kept=True), 7)
    assert history_text.until(ENTRIES[2], 7) == ""


def test_what_recovery_did_has_its_line(opened: Opened, sandbox: Sandbox) -> None:
    sandbox.dead(b"dead.sock")
    window = opened.open(recovered=(ENTRIES[3],), wait=False)
    window.history.show_entries(ENTRIES)
    strip = window.strips.strips()[0]
    assert strip.more_button.text() == "Show in history"
    strip.more_button.click()
    assert window.pages.currentWidget() is window.history
    assert window.history.details.shown == ENTRIES[3]
    opened.until(
        lambda: any("interrupted by a crash" in text for text in texts(window.history)), "what became of it"
    )


def test_the_history_is_exported_as_it_is_shown(opened: Opened, tmp_path: Path) -> None:
    window = opened.open(wait=False)
    window.actions_table[Act.HISTORY].trigger()
    opened.until(lambda: window.history.model.rowCount() == 0, "the journal")
    window.history.show_entries(ENTRIES)
    window.history.filters.ended.setCurrentText(Ended.DONE.value)
    for act, name in ((Act.EXPORT_CSV, "h.csv"), (Act.EXPORT_JSON, "h.json")):
        window.actions_table[act].trigger()
        dialog = window.exports.dialog
        assert dialog is not None
        dialog.fileSelected.emit(str(tmp_path / name))
        dialog.reject()
        opened.until(lambda name=name: (tmp_path / name).exists(), "the file")
    rows = list(csv.reader(io.StringIO((tmp_path / "h.csv").read_text())))
    assert [row[-1] for row in rows] == ["Action", "gone", "back"]
    document = json.loads((tmp_path / "h.json").read_text())
    assert [one["action"] for one in document["history"]] == ["gone", "back"]
