"""Many at once: the dialog is the plan, goes on watching it, and cannot be passed by accident."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import QEvent, QItemSelectionModel, QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication, QKeyEvent, QMouseEvent
from PySide6.QtTest import QAbstractItemModelTester, QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from racewatch.config import config_path
from racewatch.core.model import ActRequest, KindName, Outcome, OutcomeWord, Target, Verdict
from racewatch.ui import question, words
from racewatch.ui.actions import Act
from racewatch.ui.bridge import Bridge
from racewatch.ui.columns import SOCKETS
from racewatch.ui.plan import Doubt, Plan
from racewatch.ui.review import ReviewDialog
from racewatch.ui.strip import Level
from racewatch.ui.table_model import GLIMPSE_SECONDS, TableModel
from racewatch.ui.table_view import TargetTable
from racewatch.ui.theme import Look
from racewatch.ui.window import MainWindow
from tests.ui.conftest import Opened
from tests.ui.sandbox import Sandbox
from tests.ui.support import Clock, query_of, seen

BEAT_MS = 150
NAMES = (b"a.sock", b"b.sock", b"c.sock")


@pytest.fixture(autouse=True)
def _short_beat(monkeypatch: pytest.MonkeyPatch) -> None:
    """As long as it takes to be seen; how long it really is, test_confirm waits for."""
    monkeypatch.setattr(question, "BEAT_MS", BEAT_MS)


def target(path: bytes) -> Target:
    return seen(path).target


def held(widget: QWidget, key: Qt.Key) -> None:
    """A key that is held down: presses that repeat, with no release of their own."""
    for _ in range(5):
        QApplication.sendEvent(
            widget, QKeyEvent(QEvent.Type.KeyPress, key, Qt.KeyboardModifier.NoModifier, "", autorep=True)
        )


# --- the plan: values alone --------------------------------------------------------------------


def test_only_what_is_proved_is_part_of_a_plan_of_many_and_the_rest_says_why() -> None:
    plan = Plan.of_many(
        [seen(b"/unproved", Verdict.UNKNOWN), seen(b"/live", Verdict.LIVE), seen(b"/dead"), seen(b"/kept")],
        lambda one: "Protected: mine" if one.path == b"/kept" else None,
    )
    assert [step.bound.path for step in plan.chosen] == [b"/dead"]
    # What is offered comes first; the order is otherwise that of the table.
    assert [step.bound.path for step in plan.steps] == [b"/dead", b"/unproved", b"/live", b"/kept"]
    why = {step.bound.path: step.why_not for step in plan.steps}
    assert why[b"/unproved"].startswith("One by one only. It could not be proved")
    assert why[b"/live"].startswith("It is in use")
    assert why[b"/kept"] == "Protected: mine"
    assert not any(plan.tick(step, True) for step in plan.steps if step.why_not)
    assert plan.requests() == (ActRequest(target(b"/dead"), "one"),)


def test_what_changed_loses_its_tick_for_good() -> None:
    plan = Plan.of_many([seen(b"/a"), seen(b"/b")])
    step = plan.find(target(b"/a"))
    assert step is not None
    plan.witness(target(b"/a"), seen(b"/a", Verdict.LIVE))
    assert (step.ticked, step.doubt) == (False, Doubt.ALIVE)
    plan.witness(target(b"/a"), seen(b"/a"))
    assert not plan.tick(step, True)
    assert plan.requests() == (ActRequest(target(b"/b"), "one"),)


def test_verb_and_count() -> None:
    assert words.deeds([KindName.SOCKET], 1) == "Remove 1 socket"
    assert words.deeds([KindName.LOCK], 2000) == "Break 2,000 locks"
    assert words.deeds(list(KindName), 2) == "Remove 2 things"


# --- the dialog, driven by hand ----------------------------------------------------------------


class Asked:
    def __init__(self, qtbot: QtBot, bridge: Bridge, look: Look) -> None:
        self.dialog = ReviewDialog(Plan.of_many([seen(b"/%s" % name) for name in NAMES]), look)
        qtbot.addWidget(self.dialog)
        QAbstractItemModelTester(
            self.dialog.model, QAbstractItemModelTester.FailureReportingMode.Warning, self.dialog
        )
        self.answer = bridge.spawn(self.dialog.ask(), "asking")
        self._qtbot = qtbot
        qtbot.waitUntil(self.dialog.isVisible, timeout=5000)

    def after_the_beat(self) -> None:
        self._qtbot.waitUntil(self.dialog.remove.isEnabled, timeout=5000)


@pytest.fixture
def asked(qtbot: QtBot, bridge: Bridge, look: Look) -> Iterator[Asked]:
    made = Asked(qtbot, bridge, look)
    yield made
    made.dialog._running = False
    made.dialog.reject()
    qtbot.waitUntil(made.answer.done, timeout=5000)


def test_cancel_is_the_default_and_the_button_says_verb_and_count(asked: Asked) -> None:
    dialog = asked.dialog
    assert dialog.windowTitle() == "Remove the ticked sockets?"
    assert dialog.remove.text() == "Remove 3 sockets"
    assert dialog.cancel.isDefault()
    assert not dialog.remove.isDefault()
    assert not dialog.remove.autoDefault()
    assert dialog.focusWidget() is dialog.cancel


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space, Qt.Key.Key_Escape])
def test_a_held_key_neither_agrees_nor_cancels(asked: Asked, key: Qt.Key) -> None:
    asked.after_the_beat()
    for widget in (asked.dialog, asked.dialog.cancel, asked.dialog.remove, asked.dialog.list):
        held(widget, key)
    assert asked.dialog.isVisible()
    assert asked.dialog.agreed == ()
    assert asked.dialog.remove.text() == "Remove 3 sockets"


def test_a_whole_press_of_enter_cancels_even_on_the_list(asked: Asked) -> None:
    asked.after_the_beat()
    asked.dialog.list.setFocus()
    QTest.keyClick(asked.dialog.list, Qt.Key.Key_Return)
    assert not asked.dialog.isVisible()
    assert asked.dialog.agreed == ()


def test_a_double_click_does_not_pass_when_it_appears_nor_after_a_tick(asked: Asked) -> None:
    dialog = asked.dialog
    QTest.mouseDClick(dialog.remove, Qt.MouseButton.LeftButton)
    assert dialog.agreed == ()
    asked.after_the_beat()
    dialog.list.setFocus()
    QTest.keyClick(dialog.list, Qt.Key.Key_Space)
    assert dialog.remove.text() == "Remove 2 sockets"
    QTest.mouseDClick(dialog.remove, Qt.MouseButton.LeftButton)
    assert dialog.agreed == ()


def test_a_click_on_the_box_unticks(asked: Asked) -> None:
    dialog = asked.dialog
    area = dialog.list.visualRect(dialog.model.index(1, 0))
    box = QPoint(area.left() + 17, area.center().y())
    QTest.mouseClick(dialog.list.viewport(), Qt.MouseButton.LeftButton, pos=box)
    assert [step.ticked for step in dialog.plan.steps] == [True, False, True]
    # Beside the box a click only chooses the row.
    QTest.mouseClick(dialog.list.viewport(), Qt.MouseButton.LeftButton, pos=box + QPoint(200, 0))
    assert [step.ticked for step in dialog.plan.steps] == [True, False, True]


def test_a_change_unticks_marks_and_counts_down_and_starts_the_beat_again(asked: Asked) -> None:
    dialog = asked.dialog
    asked.after_the_beat()
    dialog.witness(target(b"/b.sock"), seen(b"/b.sock", Verdict.LIVE, summary="Held by redis."))
    assert dialog.remove.text() == "Remove 2 sockets"
    assert not dialog.remove.isEnabled()
    told = str(dialog.model.index(1, 0).data(Qt.ItemDataRole.AccessibleTextRole))
    assert told.startswith("not ticked: b.sock")
    assert "It came alive just now: Held by redis." in told
    assert "1 has changed" in dialog.state.label.text()
    # It cannot be ticked again, by nothing.
    dialog.list.setCurrentIndex(dialog.model.index(1, 0))
    QTest.keyClick(dialog.list, Qt.Key.Key_Space)
    asked.after_the_beat()
    dialog.remove.click()
    assert [request.target for request in dialog.agreed] == [target(b"/a.sock"), target(b"/c.sock")]


def test_when_nothing_is_left_the_button_stays_off(asked: Asked, qtbot: QtBot) -> None:
    for name in NAMES:
        asked.dialog.witness(target(b"/" + name), None)
    qtbot.wait(BEAT_MS + 100)
    assert not asked.dialog.remove.isEnabled()
    assert asked.dialog.cancel.text() == "Close"


def test_a_press_that_began_before_a_change_does_not_count(asked: Asked, qtbot: QtBot) -> None:
    dialog = asked.dialog
    asked.after_the_beat()
    QTest.mousePress(dialog.remove, Qt.MouseButton.LeftButton)
    dialog.witness(target(b"/b.sock"), None)
    asked.after_the_beat()  # still held down, and the button is back, with another count
    middle = QPointF(dialog.remove.rect().center())
    left = Qt.MouseButton.LeftButton
    for kind, button in (
        (QEvent.Type.MouseMove, Qt.MouseButton.NoButton),
        (QEvent.Type.MouseButtonRelease, left),
    ):
        buttons = left if kind is QEvent.Type.MouseMove else Qt.MouseButton.NoButton
        position = dialog.remove.mapToGlobal(middle)
        event = QMouseEvent(kind, middle, position, button, buttons, Qt.KeyboardModifier.NoModifier)
        QApplication.sendEvent(dialog.remove, event)
    assert dialog.agreed == ()
    QTest.mouseClick(dialog.remove, left)
    assert len(dialog.agreed) == 2


def test_a_mistake_at_the_press_is_no_permission(
    asked: Asked, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    dialog = asked.dialog
    asked.after_the_beat()

    def wrong(_few: int, _many: int) -> None:
        raise ValueError("made by a test")

    monkeypatch.setattr(dialog.bar, "setRange", wrong)
    with qtbot.capture_exceptions() as made:
        QTest.mouseClick(dialog.remove, Qt.MouseButton.LeftButton)
    assert [str(error) for _, error, _ in made] == ["made by a test"]
    qtbot.waitUntil(asked.answer.done, timeout=5000)
    assert (asked.answer.result(), dialog.isVisible()) == ((), False)


def test_closing_while_it_runs_stops_before_the_next_and_shows_what_was_done(asked: Asked) -> None:
    dialog = asked.dialog
    asked.after_the_beat()
    dialog.remove.click()
    assert dialog.remove.isHidden()
    dialog.turn(target(b"/a.sock"))
    dialog.close()
    assert dialog.isVisible()
    assert dialog.stopped
    dialog.ended(Outcome(target(b"/a.sock"), "act1", OutcomeWord.DONE, "removed", undoable=True))
    dialog.over()
    assert "1 done. Stopped: 2 were not touched." in dialog.state.label.text()
    assert dialog.undo.isVisible()
    dialog.copy.click()
    assert QGuiApplication.clipboard().text().splitlines()[:2] == [
        "done\t/a.sock\tRemoved.",
        "not touched\t/b.sock\tECONNREFUSED: no socket is bound to this inode.",
    ]


# --- the whole window ---------------------------------------------------------------------------


def review(opened: Opened, window: MainWindow) -> ReviewDialog:
    dialog = window.actor.dialog
    assert isinstance(dialog, ReviewDialog)
    opened.until(dialog.remove.isEnabled, "the beat")
    return dialog


def finished(dialog: ReviewDialog) -> Callable[[], bool]:
    return lambda: bool(dialog.agreed) and not dialog._running


def shut(opened: Opened, window: MainWindow, dialog: ReviewDialog) -> None:
    dialog.reject()
    opened.until(lambda: not window.actor.busy, "the end")


def dead_ones(opened: Opened, sandbox: Sandbox, window: MainWindow) -> list[bytes]:
    paths = [sandbox.dead(name) for name in NAMES]
    opened.until(lambda: window.sockets.model.counts[Verdict.STALE] == len(paths), "their rows")
    return paths


def test_clean_up_removes_what_is_shown_and_undo_all_brings_it_back(opened: Opened, sandbox: Sandbox) -> None:
    window = opened.open()
    paths = dead_ones(opened, sandbox, window)
    live = sandbox.bind(b"live.sock")
    window.actions_table[Act.CLEAN_UP].trigger()
    dialog = review(opened, window)
    late = sandbox.dead(b"late.sock")
    opened.until(lambda: opened.place(window, late) is not None, "one that came afterwards")
    QTest.mouseClick(dialog.remove, Qt.MouseButton.LeftButton)
    opened.until(finished(dialog), "the outcomes")
    assert [outcome.word for outcome in dialog.outcomes()] == [OutcomeWord.DONE] * 3
    assert [os.path.lexists(path) for path in (*paths, live, late)] == [False] * 3 + [True] * 2
    dialog.undo.click()
    opened.until(lambda: all(os.path.lexists(path) for path in paths), "all of them back")
    opened.until(dialog.undo.isHidden, "the end of the undo")
    assert "3 put back" in dialog.state.label.text()
    shut(opened, window, dialog)
    assert window.strips.strips()[-1].level is Level.SUCCESS
    assert window.actor.last_undoable is None


def test_the_plan_is_not_the_selection(opened: Opened, sandbox: Sandbox) -> None:
    window = opened.open()
    first, second, third = dead_ones(opened, sandbox, window)
    opened.choose(window, third)
    table = window.sockets.table
    table.pick(lambda one: one.path in (first, second))
    window.actions_table[Act.REMOVE].trigger()
    dialog = review(opened, window)
    table.pick(lambda one: one.path == third)  # whoever changes the selection now
    dialog.remove.click()
    opened.until(finished(dialog), "the outcomes")
    shut(opened, window, dialog)
    assert [os.path.lexists(path) for path in (first, second, third)] == [False, False, True]


def test_one_that_comes_alive_while_it_is_reviewed_is_unticked(opened: Opened, sandbox: Sandbox) -> None:
    window = opened.open()
    paths = dead_ones(opened, sandbox, window)
    window.actions_table[Act.FREEZE].trigger()  # a frozen view is no excuse: the dialog looks for itself
    window.actions_table[Act.CLEAN_UP].trigger()
    dialog = review(opened, window)
    sandbox.bind(b"b.sock")
    os.unlink(paths[2])
    opened.until(lambda: dialog.remove.text() == "Remove 1 socket", "the count to drop")
    doubts = [step.doubt for step in dialog.plan.steps]
    assert doubts == [None, Doubt.ALIVE, Doubt.GONE]
    opened.until(dialog.remove.isEnabled, "the beat after the change")
    dialog.remove.click()
    opened.until(finished(dialog), "the outcomes")
    assert not os.path.lexists(paths[0])
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(paths[1])
    shut(opened, window, dialog)
    window.actions_table[Act.FREEZE].trigger()


def test_one_that_respawns_between_the_press_and_its_turn_is_refused_and_the_rest_goes_on(
    opened: Opened, sandbox: Sandbox
) -> None:
    window = opened.open()
    paths = dead_ones(opened, sandbox, window)
    window.actions_table[Act.CLEAN_UP].trigger()
    dialog = review(opened, window)
    sandbox.bind(b"b.sock")  # no event loop runs between these two lines
    dialog.remove.click()
    opened.until(finished(dialog), "the outcomes")
    found = {outcome.target.path: outcome.word for outcome in dialog.outcomes()}
    assert found == {
        paths[0]: OutcomeWord.DONE,
        paths[1]: OutcomeWord.REFUSED_LIVE,
        paths[2]: OutcomeWord.DONE,
    }
    assert "2 done, 1 refused: in use." in dialog.state.label.text()
    assert dialog.state.property("level") == "idle"
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(paths[1])
    shut(opened, window, dialog)
    assert window.strips.strips()[-1].level is Level.REFUSED
    window.actions_table[Act.UNDO].trigger()
    opened.until(lambda: os.path.lexists(paths[0]) and os.path.lexists(paths[2]), "both back")
    opened.until(lambda: not window.actor.busy, "the end of the undo")


def test_a_window_that_is_closed_midway_stops_before_the_next_one(opened: Opened, sandbox: Sandbox) -> None:
    window = opened.open()
    paths = [sandbox.dead(b"%03d.sock" % number) for number in range(60)]
    opened.until(lambda: window.sockets.model.counts[Verdict.STALE] == len(paths), "their rows")
    window.actions_table[Act.CLEAN_UP].trigger()
    dialog = review(opened, window)
    dialog.remove.click()
    opened.until(lambda: bool(dialog.outcomes()), "the first")
    done = opened.bridge.spawn(window.shut_down(), "shutting down")
    opened.until(done.done, "the end of the window")
    opened.until(lambda: not window.actor.busy, "the end of the plan")
    left = sum(os.path.lexists(path) for path in paths)
    assert 0 < left < 60
    entries = window._racewatch.history()
    assert len(entries) == 60 - left
    assert {entry.word for entry in entries} == {OutcomeWord.DONE}


# --- the selection ------------------------------------------------------------------------------


def test_select_all_removable_leaves_the_rest_out(opened: Opened, sandbox: Sandbox) -> None:
    window = opened.open()
    paths = dead_ones(opened, sandbox, window)
    live = sandbox.bind(b"live.sock")
    opened.until(lambda: opened.place(window, live) is not None, "the live one")
    window.actions_table[Act.SELECT_REMOVABLE].trigger()
    assert {one.path for one in window.sockets.table.observations()} == set(paths)
    window.actions_table[Act.COPY_PATH].trigger()
    assert len(QGuiApplication.clipboard().text().splitlines()) == 3


def test_the_selection_belongs_to_targets_through_churn(qtbot: QtBot, look: Look) -> None:
    model = TableModel(SOCKETS)
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal, model)
    table = TargetTable(model, look)
    qtbot.addWidget(table)
    table.show()
    model.apply([seen(b"/m%03d" % number) for number in range(400)], [])
    wanted = {b"/m010", b"/m200", b"/m390"}

    def picked() -> set[bytes | None]:
        rows = (model.row_at(index.row()) for index in table.selectionModel().selectedRows())
        on_screen = {row.observation.path for row in rows if row is not None}
        assert on_screen == {one.path for one in table.observations()}
        return {one.path for one in table.observations()}

    table.choose(target(b"/m200"))
    table.pick(lambda one: one.path in wanted)
    assert table.target == target(b"/m200")
    model.apply([seen(b"/a%d" % number) for number in range(7)], [])
    assert picked() == wanted
    model.apply(
        [seen(b"/z%03d" % number) for number in range(300)], []
    )  # so many that the list is built anew
    assert picked() == wanted
    model.sort(1, Qt.SortOrder.DescendingOrder)
    assert picked() == wanted
    model.apply([seen(b"/m010", Verdict.LIVE)], [])  # moves
    assert picked() == wanted
    model.set_filter(query_of("m39"))
    assert picked() == {b"/m390"}
    assert table.observation() is None
    model.set_filter(query_of(""))
    assert picked() == {b"/m390"}


def test_what_comes_back_from_being_gone_is_selected_as_it_was(qtbot: QtBot, look: Look) -> None:
    """Qt counts no row as selected that cannot be: a tombstone lost its place among the selected."""
    clock = Clock()
    model = TableModel(SOCKETS, clock=clock)
    table = TargetTable(model, look)
    qtbot.addWidget(table)
    model.apply([seen(b"/m%03d" % number) for number in range(20)], [])
    clock.now += 2 * GLIMPSE_SECONDS
    chosen = seen(b"/m010")
    assert table.choose(chosen.target)
    model.apply([], [chosen])
    assert table.observations() == []
    model.apply([seen(b"/a")], [])  # above all that is on screen: the selection is looked at again
    model.apply([chosen], [])
    assert [one.target for one in table.observations()] == [chosen.target]
    assert table.target == chosen.target


def test_focus_alone_makes_nothing_current_but_by_keyboard_selects_the_first_row(
    opened: Opened, sandbox: Sandbox
) -> None:
    window = opened.open()
    paths = dead_ones(opened, sandbox, window)
    table = window.sockets.table
    table.setFocus(Qt.FocusReason.MouseFocusReason)
    assert table.target is None
    assert not window.sockets.pane.remove.isVisible()
    window.sockets.filters.search.setFocus()
    table.setFocus(Qt.FocusReason.TabFocusReason)
    assert [one.path for one in table.observations()] == paths[:1]
    assert window.actions_table[Act.REMOVE].isEnabled()


def test_one_of_the_selected_that_goes_is_selected_no_more_and_the_others_stay(
    opened: Opened, sandbox: Sandbox
) -> None:
    window = opened.open()
    first, second, third = dead_ones(opened, sandbox, window)
    opened.choose(window, second)
    window.sockets.table.pick(lambda one: True)
    os.unlink(second)
    opened.until(lambda: window.sockets.model.rowCount() == 2, "the end of the tombstone")
    assert {one.path for one in window.sockets.table.observations()} == {first, third}
    assert window.sockets.table.target is None
    assert len(window.sockets.table.selectionModel().selectedRows()) == 2


def test_the_pane_shows_the_current_row_and_its_button_means_that_one_alone(
    opened: Opened, sandbox: Sandbox
) -> None:
    window = opened.open()
    paths = dead_ones(opened, sandbox, window)
    table = window.sockets.table
    opened.choose(window, paths[0])
    place = opened.place(window, paths[1]) or 0
    flags = QItemSelectionModel.SelectionFlag
    table.selectionModel().setCurrentIndex(window.sockets.model.index(place, 0), flags.Select | flags.Rows)
    assert len(table.observations()) == 2
    assert window.sockets.pane.path.toPlainText() == os.fsdecode(paths[1])
    window.sockets.pane.remove.click()
    dialog = window.actor.dialog
    assert dialog is not None
    assert [step.bound.path for step in dialog.plan.steps] == [paths[1]]
    dialog.reject()
    opened.until(lambda: not window.actor.busy, "the end")


def test_what_is_protected_while_it_is_reviewed_is_unticked(opened: Opened, sandbox: Sandbox) -> None:
    window = opened.open()
    paths = dead_ones(opened, sandbox, window)
    window.live_settings.begin()
    window.actions_table[Act.CLEAN_UP].trigger()
    dialog = review(opened, window)
    file = os.fsdecode(config_path())
    os.makedirs(os.path.dirname(file), exist_ok=True)
    roots = f'roots = ["{os.fsdecode(sandbox.folder)}"]'
    with open(f"{file}~", "w", encoding="utf-8") as beside:
        beside.write(f'{roots}\n[[protected]]\nglob = "*/b.sock"\nreason = "mine"\n')
    os.rename(f"{file}~", file)
    opened.until(lambda: dialog.remove.text() == "Remove 2 sockets", "the count to drop")
    step = dialog.plan.steps[1]
    assert step.doubt is Doubt.FORBIDDEN
    assert "Protected by the configuration: mine." in dialog.plan.doubt_text(step)
    opened.until(dialog.remove.isEnabled, "the beat after the change")
    dialog.remove.click()
    opened.until(finished(dialog), "the outcomes")
    assert [os.path.lexists(path) for path in paths] == [False, True, False]
    shut(opened, window, dialog)
