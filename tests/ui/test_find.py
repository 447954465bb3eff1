"""Finding things in the real window: the opening page, filters, the view of all kinds, what holds a path."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QSettings, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication
from PySide6.QtTest import QAbstractItemModelTester, QTest
from PySide6.QtWidgets import QApplication, QMenu, QPushButton
from pytestqt.qtbot import QtBot

from racewatch.core.model import KindName, Problem, Target, Verdict
from racewatch.monitor.batch import Batch, HealthState, SourceHealth
from racewatch.monitor.chronicle import Chronicle
from racewatch.ui import whereabouts
from racewatch.ui.actions import Act
from racewatch.ui.columns import ALL, SOCKETS
from racewatch.ui.feed import MOST
from racewatch.ui.filter_bar import FilterBar
from racewatch.ui.flow import FlowRow
from racewatch.ui.name_dialog import NameDialog
from racewatch.ui.query import Key, parse
from racewatch.ui.query_complete import offer, present_values
from racewatch.ui.query_match import compiled
from racewatch.ui.saved import NEEDS_ATTENTION, FilterCounts, SavedFilters
from racewatch.ui.sidebar import Page
from racewatch.ui.table_model import TableModel
from racewatch.ui.targets_view import TargetsView
from racewatch.ui.theme import Look
from racewatch.ui.who_could import who_could
from racewatch.ui.why_empty import Sight, Way, reason
from racewatch.ui.window import MainWindow
from tests.ui.conftest import Opened
from tests.ui.sandbox import Sandbox
from tests.ui.support import Clock, container, query_of, seen

CONTROL = Qt.KeyboardModifier.ControlModifier


def paths(view: TargetsView, folder: bytes = b"/") -> list[bytes | None]:
    """What is shown below a folder: a machine may have locks of its own in well-known places."""
    return [one.path for one in view.shown() if (one.path or b"").startswith(folder)]


def batch(*added: object, gone: tuple[object, ...] = (), ready: bool = False) -> Batch:
    return Batch(1, added, (), gone, ready, (), ())  # type: ignore[arg-type]  # observations, as callers say


# --- what it opens on --------------------------------------------------------------------------


def test_it_opens_on_what_needs_attention(opened: Opened, sandbox: Sandbox) -> None:
    live, dead = sandbox.bind(b"live.sock"), sandbox.dead(b"dead.sock")
    window = opened.open(page=None)
    assert window.pages.currentWidget() is window.all
    assert window.sidebar.filter == NEEDS_ATTENTION.name
    item = window.sidebar.list.item(window.sidebar.list.count() - 1)

    def counted() -> bool:
        said = item.data(Qt.ItemDataRole.AccessibleTextRole)
        return bool(said == f"Needs attention, {window.all.model.rowCount()}")

    opened.until(lambda: paths(window.all, sandbox.folder) == [dead], "the one that needs attention")
    opened.until(counted, "the count beside the name")
    sandbox.die(b"live.sock")
    window.actions_table[Act.LOOK].trigger()
    opened.until(lambda: paths(window.all, sandbox.folder) == [dead, live], "the second one")
    opened.until(counted, "the count beside the name")


def test_when_nothing_needs_attention_it_says_so_and_shows_all_on_a_press(qtbot: QtBot, look: Look) -> None:
    chronicle = Chronicle(lambda _: "")
    view = TargetsView(look, ALL, lambda _: None, chronicle)
    qtbot.addWidget(view)
    view.filters.ask("needs:attention")
    view.show()
    assert view.empty.title.text() == "Looking…"
    news = batch(seen(b"/live", Verdict.LIVE), ready=True)
    chronicle.fold(news, time.monotonic())
    view.apply(news)
    assert view.empty.title.text() == "Nothing needs attention"
    view.empty.button.click()
    assert paths(view) == [b"/live"]


# --- the view of all kinds ---------------------------------------------------------------------


def test_all_kinds_stand_in_one_table_and_are_acted_on_there(opened: Opened, sandbox: Sandbox) -> None:
    dead, lock = sandbox.dead(b"dead.sock"), sandbox.path(b"nightly.lock")
    os.close(os.open(lock, os.O_CREAT | os.O_WRONLY))
    os.mkdir(sandbox.path(b"bundle"))
    window = opened.open(page=Page.ALL)
    QAbstractItemModelTester(window.all.model, QAbstractItemModelTester.FailureReportingMode.Warning, window)
    opened.until(lambda: set(paths(window.all, sandbox.folder)) == {dead, lock}, "both kinds")
    rows = range(window.all.model.rowCount())
    assert {window.all.model.index(row, ALL.at("kind")).data() for row in rows} >= {"Socket", "Lock"}
    assert window.all.table.choose(Target(KindName.SOCKET, dead))
    assert window.all.pane.path.toPlainText() == os.fsdecode(dead)
    window.actions_table[Act.REMOVE].trigger()
    dialog = window.actor.dialog
    assert dialog is not None
    opened.until(dialog.remove.isEnabled, "the beat")
    dialog.remove.click()
    opened.until(lambda: not os.path.lexists(dead), "the removal")
    opened.until(lambda: paths(window.all, sandbox.folder) == [lock], "the end of its row")
    opened.until(lambda: not window.actor.busy, "the outcome")


def test_a_view_is_filled_when_it_is_shown_and_misses_nothing(qtbot: QtBot, look: Look) -> None:
    chronicle = Chronicle(lambda _: "")
    view = TargetsView(look, SOCKETS, lambda _: None, chronicle)
    qtbot.addWidget(view)

    def feed(one: Batch) -> None:
        chronicle.fold(one, time.monotonic())
        view.apply(one)

    many = [seen(b"/%06d" % number) for number in range(3 * MOST)]
    feed(batch(*many, container(b"runc:/run/runc:web"), ready=True))
    assert view.model.total == 0
    view.show()
    assert view.model.total == MOST
    assert view.choose(many[-1].target), "what is not there yet comes when it is wanted"
    feed(batch(seen(b"/new"), gone=(many[-2],)))
    qtbot.waitUntil(lambda: view.filled, timeout=15_000)
    assert view.table.target == many[-1].target
    assert {one.path for one in view.shown()} == {one.path for one in many} - {many[-2].path} | {b"/new"}
    assert view.model.counts[Verdict.STALE] == 3 * MOST


# --- the filter line ---------------------------------------------------------------------------


@pytest.fixture
def bar(qtbot: QtBot, look: Look) -> FilterBar:
    made = FilterBar(look, "program", lambda key: {"redis", "nginx"} if key is Key.OWNER else ())
    qtbot.addWidget(made)
    made.resize(900, 90)
    made.show()
    return made


def test_chips_write_the_filter_and_show_what_is_typed(bar: FilterBar) -> None:
    QTest.keyClicks(bar.search, "redis -verdict:live")
    assert bar.verdicts() == {Verdict.STALE, Verdict.UNKNOWN, Verdict.IDLE}
    bar.chips[Verdict.IDLE].click()
    assert bar.text == "verdict:stale verdict:unknown redis"
    assert not bar.chips[Verdict.IDLE].isChecked()
    bar.chips[None].click()
    assert bar.text == "redis"
    assert bar.chips[None].isChecked()
    bar.mine.click()
    assert bar.text == "-user:others redis"
    bar.mine.click()
    assert bar.text == "redis"
    bar.reset_button.click()
    assert bar.text == ""
    assert not bar.save.isEnabled()


def test_what_is_not_understood_is_said_below_the_line(bar: FilterBar) -> None:
    bar.ask("colour:red dead")
    assert bar.said.isVisible()
    assert "colour: is not known" in bar.said.text()
    assert [term.value for term in bar.query.terms] == ["dead"]
    bar.ask("dead")
    assert not bar.said.isVisible()


def test_a_filter_that_lets_nothing_through_is_not_called_all(bar: FilterBar) -> None:
    bar.ask(" ".join(f"-verdict:{one.value}" for one in Verdict))
    assert not any(chip.isChecked() for chip in bar.chips.values())


def test_suggestions_are_put_in_only_when_they_are_chosen(bar: FilterBar, qtbot: QtBot) -> None:
    bar.activateWindow()
    bar.search.setFocus()
    popup = bar.completer.popup
    QTest.keyClicks(bar.search, "dead -ow")
    qtbot.waitUntil(popup.isVisible)
    QTest.keyClick(popup, Qt.Key.Key_Down)
    QTest.keyClick(popup, Qt.Key.Key_Return)
    assert bar.search.text() == "dead -owner:"
    qtbot.waitUntil(popup.isVisible)
    QTest.keyClick(popup, Qt.Key.Key_Down)
    QTest.keyClick(popup, Qt.Key.Key_Down)
    QTest.keyClick(popup, Qt.Key.Key_Return)
    assert bar.search.text() == "dead -owner:redis "
    QTest.keyClicks(bar.search, "x")
    assert not popup.isVisible()


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("ver", ("verdict:",)),
        ("verdict:", ("verdict:live", "verdict:stale", "verdict:idle", "verdict:unknown")),
        ("-kind:lo", ("-kind:lock",)),
        ("user:", ("user:me", "user:others", "user:joe")),
        ("owner:ED", ("owner:redis",)),
        ('label:"de', ('label:"dead socket"',)),
        ("a", ("age>",)),
    ],
)
def test_what_is_offered(text: str, pieces: tuple[str, ...]) -> None:
    there = [seen(b"/a", owner="redis"), seen(b"/b")]
    found = offer(text, len(text), lambda key: present_values(key, there))
    assert found is not None
    assert found.pieces == pieces


@pytest.mark.parametrize("text", ["", "dead", "verdict:stale", "colour:", "xyz:"])
def test_nothing_is_offered_where_nothing_fits(text: str) -> None:
    assert offer(text, len(text), lambda _: ()) is None


def test_an_age_comes_over_the_limit_by_time_alone(
    qapp: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1_700_000_000.0
    monkeypatch.setattr("racewatch.ui.table_model.compiled", lambda query: compiled(query, lambda: now))
    model = TableModel(SOCKETS, clock=Clock())
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal, model)
    made = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(now - 3500))
    model.apply([seen(b"/%03d" % number, facts=(("created", made),)) for number in range(10)], [])
    model.set_filter(query_of("age>1h"))
    assert model.rowCount() == 0
    now += 200
    model.recheck(4)
    assert model.rowCount() == model.counts[Verdict.STALE] == 4
    model.recheck(100)
    assert model.rowCount() == 10
    model.set_filter(query_of("age<1h"))
    assert model.rowCount() == 0


# --- filters that are kept ---------------------------------------------------------------------


def dialogs(window: MainWindow) -> list[NameDialog]:
    return [dialog for dialog in window.findChildren(NameDialog) if dialog.isVisible()]


def press(window: MainWindow, name: str) -> None:
    (dialog,) = dialogs(window)
    dialog.line.setText(name)
    QTest.keyClick(dialog.line, Qt.Key.Key_Return)


def test_a_filter_is_kept_renamed_and_deleted_by_keyboard(
    opened: Opened, sandbox: Sandbox, qtbot: QtBot
) -> None:
    dead = sandbox.dead(b"dead.sock")
    window = opened.open()
    window.activateWindow()
    opened.until(lambda: paths(window.sockets) == [dead], "the row")
    window.sockets.filters.ask("verdict:stale")
    QTest.keyClick(window, Qt.Key.Key_S, CONTROL)
    press(window, "  Left   over ")
    assert window.pages.currentWidget() is window.all
    assert window.sidebar.filter == "Left over"
    assert window.all.filters.text == "kind:socket verdict:stale"
    sidebar = window.sidebar.list
    item = sidebar.currentItem()
    opened.until(lambda: item.data(Qt.ItemDataRole.AccessibleTextRole) == "Left over, 1", "its count")
    sidebar.setFocus()
    QTest.keyClick(sidebar, Qt.Key.Key_F2)
    (dialog,) = dialogs(window)
    dialog.line.setText(NEEDS_ATTENTION.name)
    assert not dialog.confirm.isEnabled()
    assert "already" in dialog.said.text()
    press(window, "Dead")
    assert window.sidebar.filter == "Dead"
    kept = SavedFilters(QSettings(window._settings.fileName(), QSettings.Format.IniFormat))
    assert [one.name for one in kept.every()] == [NEEDS_ATTENTION.name, "Dead"]
    QTest.keyClick(window, Qt.Key.Key_3, CONTROL)
    QTest.keyClick(sidebar, Qt.Key.Key_End)
    assert window.pages.currentWidget() is window.all
    assert paths(window.all) == [dead]
    QTest.keyClick(sidebar, Qt.Key.Key_Delete)
    assert window.actor.dialog is None, "Delete in the list is about the filter"
    assert window.sidebar.list.currentRow() == Page.ALL
    assert [one.name for one in window.finding.filters.saved.every()] == [NEEDS_ATTENTION.name]
    QTest.keyClick(window, Qt.Key.Key_0, CONTROL)
    for key in (Qt.Key.Key_Delete, Qt.Key.Key_F2):
        QTest.keyClick(sidebar, key)
    assert window.sidebar.filter == NEEDS_ATTENTION.name
    assert dialogs(window) == []


def test_the_list_follows_what_is_typed(opened: Opened) -> None:
    window = opened.open(page=None)
    window.all.filters.ask("needs:attention redis")
    assert window.sidebar.list.currentRow() == Page.ALL
    window.all.filters.ask("needs:attention")
    assert window.sidebar.filter == NEEDS_ATTENTION.name
    window.sidebar.choose(Page.ALL)
    assert window.all.filters.text == "", "All shows all"
    window.all.filters.ask("by hand")
    window.sidebar.choose(Page.LOCKS)
    window.sidebar.choose(Page.ALL)
    assert window.all.filters.text == "by hand"


def test_what_is_kept_badly_is_passed_over(tmp_path: Path) -> None:
    settings = QSettings(str(tmp_path / "w.ini"), QSettings.Format.IniFormat)
    names: list[str] = []
    for kept in ("no json", "{}", '[["a"], 3, ["", "x"], ["Needs attention", "y"], ["b", "z"], ["b", "q"]]'):
        settings.setValue("filters/saved", kept)
        names = [one.name for one in SavedFilters(settings).every()]
    assert names == [NEEDS_ATTENTION.name, "b"]
    saved = SavedFilters(settings)
    assert "needs a name" in saved.why_not("  ")
    assert "too long" in saved.why_not("x" * 61)
    assert saved.why_not("b", renaming="b") == ""


def test_counts_follow_every_change(qtbot: QtBot) -> None:
    chronicle = Chronicle(lambda _: "")
    counts = FilterCounts(chronicle)

    def feed(one: Batch) -> None:
        chronicle.fold(one, time.monotonic())
        counts.hear(one)

    counts.follow(["verdict:stale"])
    feed(batch(seen(b"/a"), seen(b"/b"), seen(b"/c", Verdict.LIVE)))
    assert counts.of("verdict:stale") == 2
    feed(batch(seen(b"/a", Verdict.LIVE), gone=(seen(b"/b"),)))
    assert counts.of("verdict:stale") == 0
    feed(batch(*(seen(b"/x%d" % number) for number in range(2 * MOST))))
    counts.follow(["verdict:stale", "path:/x1", "age>1h"])
    qtbot.waitUntil(lambda: counts.of("path:/x1") == sum(b"/x1" in b"/x%d" % n for n in range(2 * MOST)))
    assert counts.of("verdict:stale") == 2 * MOST
    assert counts.of("age>1h") == counts.of("unheard of") == 0


# --- what holds this? --------------------------------------------------------------------------


def test_a_pasted_path_shows_its_row_chosen(opened: Opened, sandbox: Sandbox) -> None:
    live, _ = sandbox.bind(b"d/a live.sock"), sandbox.bind(b"other.sock")
    window = opened.open()
    opened.until(lambda: window.sockets.model.total == 2, "the rows")
    QGuiApplication.clipboard().setText(f"connect: '{os.fsdecode(live)}': Connection refused\n")
    QTest.keyClick(window, Qt.Key.Key_V, CONTROL)
    opened.until(lambda: paths(window.all) == [live], "the row of the path")
    assert window.all.observation() is not None
    folder = sandbox.path(b"d")
    QGuiApplication.clipboard().setText(os.fsdecode(folder) + "/")
    window.actions_table[Act.WHAT_HOLDS].trigger()
    opened.until(lambda: window.all.filters.text == f"below:{os.fsdecode(folder)}", "what is below")
    assert paths(window.all) == [live]


def test_a_dropped_file_without_a_row_is_told_about(opened: Opened, sandbox: Sandbox, tmp_path: Path) -> None:
    window = opened.open()
    outside = tmp_path / "odd name é.txt"
    outside.write_text("x")
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(outside))])
    spot, actions, left = QPoint(300, 300), Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
    none = Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(spot, actions, data, left, none)
    QApplication.sendEvent(window, enter)
    assert enter.isAccepted()
    with outside.open() as held:
        QApplication.sendEvent(window, QDropEvent(spot, actions, data, left, none))
        title = f"No row for {outside}"
        opened.until(lambda: window.all.empty.title.text() == title, "the answer")
        assert not held.closed
    said = window.all.empty.text.text()
    assert "It is a file." in said
    assert "outside of what is watched" in said
    assert f"racewatch gui {tmp_path}" in said
    window.all.empty.button.click()
    assert window.all.filters.text == ""


def test_what_is_no_path_is_said(opened: Opened) -> None:
    window = opened.open(wait=False)
    window.finding.look_up.ask("three words only")
    opened.until(lambda: bool(window.strips.strips()), "a message")
    assert "is no path" in window.strips.strips()[-1].text
    window.finding.look_up.ask(" ")
    opened.until(lambda: "no text in the clipboard" in window.strips.strips()[-1].text, "that there is none")


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("/run/x.sock", b"/run/x.sock"),
        ("  '/run/a b.sock' ", b"/run/a b.sock"),
        ("file:///run/a%20b%ff.sock", b"/run/a b\xff.sock"),
        ("file://host/run/x", b"/run/x"),
        ("E: Could not get lock /var/lib/dpkg/lock-frontend. It is held", b"/var/lib/dpkg/lock-frontend"),
        ("fatal: Unable to create '/srv/w/.git/index.lock': File exists.", b"/srv/w/.git/index.lock"),
        ("/run/x.sock: Connection refused", b"/run/x.sock"),
        ("path=/run/x.sock", b"/run/x.sock"),
        ("/run/../run//x.sock", b"/run/x.sock"),
        (r"/run/bad\xff.sock", rb"/run/bad\xff.sock"),
        ("no path", None),
        ("", None),
        ("/with\0zero", None),
    ],
)
def test_the_path_in_what_was_pasted(text: str, path: bytes | None) -> None:
    wanted = path and os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))
    assert whereabouts.path_in(text) == wanted


def test_a_name_copied_from_here_is_found_again(sandbox: Sandbox) -> None:
    dead = sandbox.dead(b"bad-\xff.sock")
    shown = os.fsdecode(sandbox.folder) + r"/bad-\xff.sock"
    assert whereabouts.path_in(shown) == dead


def test_who_has_a_file_or_directory_open_is_known(opened: Opened, sandbox: Sandbox, tmp_path: Path) -> None:
    file = tmp_path / "held"
    file.write_text("x")
    window = opened.open(wait=False)
    racewatch = window._racewatch
    with file.open() as held, subprocess.Popen(["sleep", "60"], stdin=held, cwd=tmp_path) as holder:
        for path in (os.fsencode(file), os.fsencode(tmp_path)):
            found = whereabouts.look(path, racewatch, [sandbox.folder])
            assert ("sleep", holder.pid) in [(one.name, one.pid) for one in found.holders]
            assert f"sleep ({holder.pid}" in whereabouts.as_reason(found).text
        holder.kill()
    dead = sandbox.dead(b"dead.sock")
    said = whereabouts.as_reason(whereabouts.look(dead, racewatch, [sandbox.folder])).text
    assert "A look says stale, dead socket." in said
    assert "inside of what is watched" in said
    missing = whereabouts.as_reason(whereabouts.look(sandbox.path(b"no"), racewatch, [sandbox.folder])).text
    assert "There is nothing of this name." in missing
    assert "should it appear" in missing


# --- why nothing is shown ----------------------------------------------------------------------


def test_each_reason_has_its_own_words() -> None:
    lost = Problem(b"/run/secret", "may not be read by this user; root can")
    limited = SourceHealth("file events", HealthState.DEGRADED, "There are none.", "raise the limit")
    none, stale, attention = parse("").query, parse("verdict:stale").query, parse("needs:attention").query
    ready = Sight(ready=True, roots="/run")
    unseen = Sight(ready=True, problems=(lost,), who={b"/run/secret": "alice"})
    degraded = Sight(ready=True, health=(limited,))
    told = {
        name: reason(ALL, sight, total, query)
        for name, sight, total, query in (
            ("looking", Sight(), 0, none),
            ("nothing", ready, 0, none),
            ("hidden", ready, 7, stale),
            ("unseen", unseen, 0, stale),
            ("limited", degraded, 0, none),
            ("calm", ready, 7, attention),
            ("calm but unseen", unseen, 7, attention),
            ("calm but limited", degraded, 1, attention),
        )
    }
    assert len({(one.title, one.text) for one in told.values()}) == len(told)
    assert told["hidden"].way is Way.RESET
    assert "its owner, alice" in told["unseen"].text
    assert "What helps: raise the limit" in told["limited"].text
    assert told["calm"].icon == "success"
    assert "not everything could be seen" in told["calm but unseen"].text
    assert "watching is limited" in told["calm but limited"].text


def test_who_could_see_is_the_owner_of_the_place(tmp_path: Path) -> None:
    assert who_could([Problem(os.fsencode(tmp_path), "x"), Problem(b"/no/such/place", "x")]) == {}


# --- columns -----------------------------------------------------------------------------------


def test_columns_are_chosen_moved_sized_and_sorted_and_that_is_remembered(
    opened: Opened, sandbox: Sandbox
) -> None:
    sandbox.dead(b"a.sock")
    first = opened.open()
    first.resize(1440, 860)
    QTest.keyClick(first, Qt.Key.Key_K, CONTROL)
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    actions = {action.text(): action for action in menu.actions()}
    assert not actions["State"].isEnabled()
    assert not actions["Path"].isEnabled()
    actions["Owner"].trigger()
    menu.close()
    header = first.sockets.table.horizontalHeader()
    owner, kind, state = SOCKETS.at("owner"), SOCKETS.at("type"), SOCKETS.at("state")
    assert header.isSectionHidden(owner)
    header.moveSection(header.visualIndex(kind), 1)
    header.resizeSection(state, 300)
    first.sockets.table.sortByColumn(kind, Qt.SortOrder.DescendingOrder)
    first.remembered.keep()
    again = opened.open()
    header = again.sockets.table.horizontalHeader()
    again.resize(700, 600)
    again.resize(1440, 860)
    assert header.isSectionHidden(owner), "what was left out does not come back with more room"
    assert header.visualIndex(kind) == 1
    assert header.sectionSize(state) == 300
    assert again.sockets.model.sorting == (kind, Qt.SortOrder.DescendingOrder)
    again.sockets.table.columns.reset()
    assert not header.isSectionHidden(owner)
    assert header.visualIndex(kind) == kind
    assert again.sockets.model.sorting == (0, Qt.SortOrder.AscendingOrder)
    assert not again.all.table.isColumnHidden(ALL.at("owner")), "each view has its own"


def test_what_grew_while_nobody_saw_it_has_its_room_when_it_is_seen(qtbot: QtBot) -> None:
    row, button = FlowRow(), QPushButton("9")
    qtbot.addWidget(row)
    row.add(button)
    row.show()
    row.hide()
    button.setText("9 999 999")
    row.show()
    assert button.width() >= button.sizeHint().width()
