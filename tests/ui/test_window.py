"""The whole window on real sockets: real monitor, real core, real journal."""

from __future__ import annotations

import os
import socket

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QGuiApplication, QPalette
from PySide6.QtTest import QAbstractItemModelTester, QTest
from PySide6.QtWidgets import QApplication, QLabel, QMenu, QToolButton
from pytestqt.qtbot import QtBot

from racewatch.core.model import HistoryEntry, KindName, OutcomeWord, Target, Verdict
from racewatch.core.protected import Protected, Protection
from racewatch.core.text import display
from racewatch.ui import table_model
from racewatch.ui.actions import Act
from racewatch.ui.columns import ALL, SOCKETS
from racewatch.ui.confirm import ConfirmDialog
from racewatch.ui.plan import Doubt
from racewatch.ui.strip import Level
from racewatch.ui.table_model import TableModel
from racewatch.ui.table_view import TargetTable
from racewatch.ui.theme import DARK, LIGHT, Look
from racewatch.ui.window import MainWindow
from tests.ui.conftest import Opened
from tests.ui.sandbox import HOSTILE, Sandbox
from tests.ui.support import seen


def confirm(opened: Opened, window: MainWindow) -> None:
    """Press Remove in the open question."""
    opened.until(lambda: window.actor.dialog is not None, "the question")
    dialog = window.actor.dialog
    assert isinstance(dialog, ConfirmDialog)
    opened.until(dialog.remove.isEnabled, "the beat")
    QTest.mouseClick(dialog.remove, Qt.MouseButton.LeftButton)
    opened.until(lambda: not window.actor.busy, "the outcome")


def test_live_and_dead_sockets_are_shown_with_their_verdicts(opened: Opened, sandbox: Sandbox) -> None:
    live, dead = sandbox.bind(b"live.sock"), sandbox.dead(b"dead.sock")
    window = opened.open()
    QAbstractItemModelTester(
        window.sockets.model, QAbstractItemModelTester.FailureReportingMode.Warning, window
    )
    assert opened.place(window, dead) == 0
    assert opened.place(window, live) == 1
    assert window.sockets.filters.chips[Verdict.STALE].text() == "Stale  1"


def test_a_death_moves_the_row_up_and_keeps_the_selection(opened: Opened, sandbox: Sandbox) -> None:
    for number in range(20):
        sandbox.bind(b"%02d.sock" % number)
    window = opened.open()
    chosen = opened.choose(window, sandbox.path(b"07.sock"))
    died = sandbox.die(b"19.sock")
    opened.until(lambda: opened.place(window, died) == 0, "the dead one on top")
    assert window.sockets.table.target == chosen
    assert [index.data() for index in window.sockets.table.selectionModel().selectedRows(1)] == [
        display(sandbox.path(b"07.sock"))
    ]


def test_remove_undo_and_history(opened: Opened, sandbox: Sandbox) -> None:
    dead = sandbox.dead(b"dead.sock")
    window = opened.open()
    opened.choose(window, dead)
    window.actions_table[Act.REMOVE].trigger()
    confirm(opened, window)
    assert not os.path.lexists(dead)
    strip = window.strips.strips()[-1]
    assert strip.level is Level.SUCCESS
    assert "dead.sock" in strip.text
    assert not strip.undo_button.isHidden()
    opened.until(lambda: window.history.model.rowCount() == 1, "the journal's line")
    opened.until(lambda: window.sockets.table.target is None, "the tombstone to go")
    strip.undo_button.click()
    opened.until(lambda: os.path.lexists(dead), "the socket back")
    opened.until(lambda: not window.actor.busy, "the end of the undo")
    assert "Put back" in window.strips.strips()[-1].text
    opened.until(lambda: window.history.model.rowCount() == 2, "the undo's line")
    opened.until(lambda: opened.place(window, dead) is not None, "the row back")
    assert not window.actions_table[Act.UNDO].isEnabled()


def test_history_can_undo_too(opened: Opened, sandbox: Sandbox) -> None:
    dead = sandbox.dead(b"dead.sock")
    window = opened.open()
    opened.choose(window, dead)
    window.actions_table[Act.REMOVE].trigger()
    confirm(opened, window)
    window.actions_table[Act.HISTORY].trigger()
    opened.until(lambda: window.history.model.rowCount() == 1, "the journal's line")
    window.history.table.selectRow(0)
    assert window.history.details.undo.isEnabled()
    window.history.details.undo.click()
    opened.until(lambda: os.path.lexists(dead), "the socket back")
    opened.until(lambda: not window.history.details.undo.isEnabled(), "Undo off")


def test_a_socket_that_comes_alive_while_asked_about_is_not_removed(opened: Opened, sandbox: Sandbox) -> None:
    sandbox.dead(b"x.sock")
    window = opened.open()
    opened.choose(window, sandbox.path(b"x.sock"))
    window.actions_table[Act.REMOVE].trigger()
    dialog = window.actor.dialog
    assert isinstance(dialog, ConfirmDialog)
    opened.until(dialog.remove.isEnabled, "the beat")
    path = sandbox.bind(b"x.sock")
    opened.until(lambda: dialog.doubt is Doubt.ALIVE, "the doubt")
    assert not dialog.remove.isEnabled()
    assert "came alive" in dialog.state.label.text()
    dialog.reject()
    opened.until(lambda: not window.actor.busy, "the end")
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(path)


def test_the_dialog_looks_for_itself_even_when_the_view_is_frozen(opened: Opened, sandbox: Sandbox) -> None:
    dead = sandbox.dead(b"x.sock")
    window = opened.open()
    opened.choose(window, dead)
    window.actions_table[Act.FREEZE].trigger()
    assert window.watching.feed is not None
    assert window.watching.feed.held
    window.actions_table[Act.REMOVE].trigger()
    dialog = window.actor.dialog
    assert isinstance(dialog, ConfirmDialog)
    os.unlink(dead)
    opened.until(lambda: dialog.doubt is Doubt.GONE, "the doubt")
    dialog.reject()
    opened.until(lambda: not window.actor.busy, "the end")
    window.actions_table[Act.FREEZE].trigger()
    opened.until(lambda: window.sockets.model.total == 0, "the held changes")


def test_one_that_changed_between_the_press_and_the_act_is_refused_calmly(
    opened: Opened, sandbox: Sandbox
) -> None:
    dead = sandbox.dead(b"x.sock")
    window = opened.open()
    opened.choose(window, dead)
    window.actions_table[Act.REMOVE].trigger()
    dialog = window.actor.dialog
    assert isinstance(dialog, ConfirmDialog)
    opened.until(dialog.remove.isEnabled, "the beat")
    # In the very moment of the press: no event loop runs between these two lines.
    sandbox.bind(b"x.sock")
    dialog.remove.click()
    opened.until(lambda: not window.actor.busy, "the outcome")
    strip = window.strips.strips()[-1]
    assert strip.level is Level.REFUSED
    assert "outcome: refused_" in strip.details
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(dead)


def test_live_things_offer_no_removal_and_say_why(opened: Opened, sandbox: Sandbox) -> None:
    live = sandbox.bind(b"live.sock")
    window = opened.open()
    opened.choose(window, live)
    assert not window.actions_table[Act.REMOVE].isEnabled()
    assert "in use" in window.actions_table[Act.REMOVE].toolTip()
    assert not window.sockets.pane.remove.isEnabled()
    window.sockets.table.activated_target.emit(None)
    assert window.actor.dialog is None


def test_protected_things_offer_no_removal_and_say_why(opened: Opened, sandbox: Sandbox) -> None:
    dead = sandbox.dead(b"dead.sock")
    window = opened.open(protected=Protected((Protection(b"*.sock", "the night shift's"),)))
    opened.choose(window, dead)
    assert not window.actions_table[Act.REMOVE].isEnabled()
    assert "the night shift" in window.actions_table[Act.REMOVE].toolTip()


def test_what_has_just_gone_is_not_counted_as_shown(
    opened: Opened, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table_model, "GLIMPSE_SECONDS", 0.0)
    paths = [sandbox.dead(name) for name in (b"a.sock", b"b.sock")]
    window = opened.open()
    opened.choose(window, paths[0])
    window.sockets.filters.ask("sock")
    opened.until(lambda: "2 sockets, 2 shown" in window.status.counts.text(), "the filter")
    os.unlink(paths[1])
    opened.until(lambda: "1 socket, 1 shown" in window.status.counts.text(), "one less")
    assert window.sockets.model.rowCount() == 2


def test_a_current_row_that_goes_leaves_nothing_selected(opened: Opened, sandbox: Sandbox) -> None:
    for name in (b"a.sock", b"b.sock", b"c.sock"):
        sandbox.dead(name)
    window = opened.open()
    opened.choose(window, sandbox.path(b"b.sock"))
    os.unlink(sandbox.path(b"b.sock"))
    opened.until(lambda: window.sockets.observation() is None, "the tombstone")
    assert not window.actions_table[Act.REMOVE].isEnabled()
    opened.until(lambda: window.sockets.model.rowCount() == 2, "the end of the tombstone")
    assert window.sockets.table.target is None
    assert not window.sockets.table.selectionModel().hasSelection()
    assert not window.sockets.table.currentIndex().isValid()


def test_scroll_stays_on_what_one_reads_while_rows_come_and_go(opened: Opened, sandbox: Sandbox) -> None:
    for number in range(120):
        sandbox.dead(b"m%03d.sock" % number)
    window = opened.open()
    table = window.sockets.table
    table.verticalScrollBar().setValue(28 * 60 + 9)
    top = window.sockets.model.row_at(table.rowAt(0))
    assert top is not None
    before = table.rowViewportPosition(table.rowAt(0))
    for number in range(7):
        sandbox.dead(b"a%d.sock" % number)
    opened.until(lambda: window.sockets.model.total == 127, "the new ones")
    now = window.sockets.model.row_at(table.rowAt(0))
    assert now is top
    assert table.rowViewportPosition(table.rowAt(0)) == before


def test_scroll_stays_while_rows_move_up_past_what_one_reads(qtbot: QtBot, look: Look) -> None:
    model = TableModel(SOCKETS)
    table = TargetTable(model, look)
    qtbot.addWidget(table)
    table.resize(900, 400)
    table.show()
    model.apply([seen(b"/m%03d" % number) for number in range(120)], [])
    model.apply([seen(b"/a%d" % number, Verdict.LIVE) for number in range(7)], [])
    chosen = seen(b"/m065").target
    table.choose(chosen)
    table.verticalScrollBar().setValue(28 * 60 + 9)
    top, before = model.row_at(table.rowAt(0)), table.rowViewportPosition(table.rowAt(0))
    model.apply([seen(b"/a%d" % number) for number in range(7)], [])
    assert model.row_at(table.rowAt(0)) is top
    assert table.rowViewportPosition(table.rowAt(0)) == before
    assert table.target == chosen


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_plain_visible_and_removable(opened: Opened, sandbox: Sandbox, name: bytes) -> None:
    dead = sandbox.dead(name)
    window = opened.open()
    opened.choose(window, dead)
    assert window.sockets.pane.path.toPlainText() == display(dead)
    window.actions_table[Act.COPY_PATH].trigger()
    assert QGuiApplication.clipboard().text() == display(dead)
    window.actions_table[Act.REMOVE].trigger()
    confirm(opened, window)
    assert not os.path.lexists(dead)
    for label in window.findChildren(QLabel):
        assert label.textFormat() is Qt.TextFormat.PlainText
    assert not any(char in window.strips.strips()[-1].label.text() for char in "\n\u202e\udcff")


def test_the_search_has_its_own_empty_state_with_a_way_back(opened: Opened, sandbox: Sandbox) -> None:
    sandbox.dead(b"x.sock")
    window = opened.open()
    view = window.sockets
    view.filters.search.setText("nothing like this")
    assert view.empty.isVisible()
    assert view.empty.title.text() == "Nothing matches"
    view.empty.button.click()
    assert view.table.isVisible()
    assert view.filters.search.text() == ""


def test_nothing_there_and_cannot_see_are_different_words(opened: Opened, sandbox: Sandbox) -> None:
    window = opened.open()
    opened.until(lambda: window.sockets.empty.title.text() == "No sockets here", "the empty state")
    os.rmdir(sandbox.folder)
    opened.until(
        lambda: (
            window.sockets.empty.title.text() in {"Cannot see", "No sockets seen, and watching is limited"}
        ),
        "another word for a root that is gone",
    )


def test_chips_filter_and_all_brings_back(opened: Opened, sandbox: Sandbox) -> None:
    live, dead = sandbox.bind(b"live.sock"), sandbox.dead(b"dead.sock")
    window = opened.open()
    filters = window.sockets.filters
    filters.chips[Verdict.LIVE].click()
    assert opened.place(window, dead) is None
    assert opened.place(window, live) == 0
    assert not filters.chips[None].isChecked()
    filters.chips[None].click()
    assert window.sockets.model.rowCount() == 2
    assert not filters.chips[Verdict.LIVE].isChecked()


def test_views_and_search_by_keyboard(opened: Opened, qtbot: QtBot) -> None:
    window = opened.open()
    for number in (1, 2, 3, 4, 5):
        QTest.keyClick(window, Qt.Key(Qt.Key.Key_0.value + number), Qt.KeyboardModifier.ControlModifier)
        assert window.pages.currentIndex() == number - 1
        assert window.sidebar.list.currentRow() == number - 1


def test_without_a_journal_nothing_can_be_removed_and_it_says_so(
    opened: Opened, sandbox: Sandbox, tmp_path: os.PathLike[str]
) -> None:
    dead = sandbox.dead(b"dead.sock")
    with open(os.path.join(tmp_path, "state"), "w", encoding="utf-8") as file:
        file.write("in the way of the journal's folder")
    window = opened.open()
    strip = window.strips.strips()[0]
    assert strip.level is Level.WARNING
    assert strip.close_button.isHidden()
    opened.choose(window, dead)
    assert not window.actions_table[Act.REMOVE].isEnabled()


def test_health_is_shown_with_details_on_a_click(opened: Opened) -> None:
    window = opened.open()
    opened.until(lambda: bool(window.status.buttons()), "the sources")
    window.resize(1400, 800)
    window.status.buttons()[0].click()
    popup = next(child for child in window.children() if child.objectName() == "popup")
    assert popup.isVisible()  # type: ignore[attr-defined]  # a QFrame by its name
    popup.close()  # type: ignore[attr-defined]  # likewise


def test_the_place_is_kept_for_the_next_start(opened: Opened) -> None:
    first = opened.open(wait=False)
    first.resize(779, 555)
    first.remembered.keep()
    assert opened.open(wait=False).size() == first.size()


def test_what_recovery_put_back_is_told_at_the_start(opened: Opened) -> None:
    target = Target(KindName.SOCKET, b"/run/x.sock")
    entry = HistoryEntry(
        "act1",
        "remove",
        target,
        b"/run/x.sock",
        1.0,
        2.0,
        OutcomeWord.FAILED,
        "put back: /run/x.sock",
        None,
        False,
    )
    window = opened.open(recovered=(entry,), wait=False)
    strip = window.strips.strips()[0]
    assert "1 act that had been interrupted" in strip.text
    assert "put back: /run/x.sock" in strip.text


def test_the_context_menu_is_about_the_row_and_holds_changes_back(opened: Opened, sandbox: Sandbox) -> None:
    dead = sandbox.dead(b"x.sock")
    window = opened.open()
    opened.choose(window, dead)
    QTest.keyClick(window.sockets.table, Qt.Key.Key_F10, Qt.KeyboardModifier.ShiftModifier)
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    assert window.actions_table[Act.REMOVE] in menu.actions()
    assert window.watching.feed is not None
    assert window.watching.feed.held
    os.unlink(dead)
    late = sandbox.dead(b"late.sock")
    opened.qtbot.wait(400)
    assert opened.place(window, late) is None
    menu.close()
    opened.until(lambda: opened.place(window, late) is not None, "what was held back")


def test_dark_and_light_can_be_chosen_and_follow_at_once(opened: Opened) -> None:
    window = opened.open(wait=False)
    themes = {action.data(): action for action in window.findChildren(QAction) if action.data()}
    for theme, colours in (("dark", DARK), ("light", LIGHT)):
        themes[theme].trigger()
        assert window.palette().color(QPalette.ColorRole.Window).name() == colours.window
        assert window._settings.value("window/theme") == theme


def test_a_window_that_was_narrow_shows_as_much_when_it_is_wide(opened: Opened, sandbox: Sandbox) -> None:
    sandbox.dead(b"a.sock")
    window = opened.open()
    table, at = window.sockets.table, SOCKETS.timeline_at
    window.resize(780, 700)
    opened.until(lambda: table.isColumnHidden(at), "too narrow for timelines")
    window.resize(1440, 900)
    opened.until(lambda: not table.isColumnHidden(at), "the timelines again")


def test_columns_that_give_way_at_once_leave_no_hole(opened: Opened, sandbox: Sandbox) -> None:
    sandbox.dead(b"a.sock")
    window = opened.open()
    window.actions_table[Act.ALL].trigger()
    window.resize(1400, 860)
    header, at = window.all.table.horizontalHeader(), ALL.at("what")
    opened.until(lambda: not header.isSectionHidden(at), "room")
    window.resize(885, 560)
    opened.until(lambda: header.isSectionHidden(at), "no room")
    assert header.length() == sum(map(header.sectionSize, range(header.count())))


def test_actions_that_have_no_room_are_behind_a_button_that_can_be_seen(opened: Opened) -> None:
    window = opened.open(wait=False)
    window.resize(760, 480)
    more = window.findChild(QToolButton, "qt_toolbar_ext_button")
    assert isinstance(more, QToolButton)
    opened.until(more.isVisible, "the button")
    assert more.accessibleName() == "More actions"
    for theme in ("dark", "light"):
        next(one for one in window.findChildren(QAction) if one.data() == theme).trigger()
        paint = more.grab().toImage()
        inside = [(x, y) for x in range(2, paint.width() - 2) for y in range(2, paint.height() - 2)]
        lights = [paint.pixelColor(x, y).lightness() for x, y in inside]
        assert max(lights) - min(lights) > 60, theme  # its arrow
