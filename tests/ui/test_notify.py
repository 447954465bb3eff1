"""Notifications of the desktop: a real bus, a real server; storms, hostile names, servers that hang or are not there."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from PySide6.QtCore import QObject, Qt, QTimer

from racewatch.cli import machine
from racewatch.cli.machine import Machine, State
from racewatch.config import Config, Notify, config_path
from racewatch.core.model import Target, Verdict
from racewatch.linux import session_bus
from racewatch.monitor.batch import Batch
from racewatch.ui import desktop_bus, notices
from racewatch.ui.actions import Act
from racewatch.ui.bridge import Bridge
from racewatch.ui.notices import Item, Notices, Pace, Topic
from racewatch.ui.notifier import Notifier
from racewatch.ui.stale_news import StaleNews
from racewatch.ui.window import MainWindow
from racewatch.verbs import Racewatch
from tests.ui.buses import Heartbeat, NotificationServer, private_bus
from tests.ui.conftest import Opened
from tests.ui.sandbox import HOSTILE, Sandbox
from tests.ui.support import Clock, seen

ALL = Notify(stale=True, free=True, ended=True)


@pytest.fixture
def bus(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with private_bus() as address:
        use_bus(monkeypatch, address)
        yield address


def use_bus(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    """For our own connections alone: Qt would look there for whoever reads the screen aloud."""
    environment = {"DBUS_SESSION_BUS_ADDRESS": address}
    monkeypatch.setattr(
        desktop_bus, "connect", lambda _, patience: session_bus.connect(environment, patience)
    )


@pytest.fixture
def server(bus: str, tmp_path: Path) -> Iterator[NotificationServer]:
    with NotificationServer(bus, tmp_path / "notes") as made:
        yield made


def told(window: MainWindow) -> str:
    return "\n".join(strip.text for strip in window.strips.strips())


def look_away(opened: Opened, window: MainWindow) -> None:
    """Nobody looks at the window any more, and the state at start is known."""
    window.hide()
    opened.until(lambda: not window.news._is_looked_at(), "another window")


def tell_now(window: MainWindow) -> None:
    """As if it had been quiet for long enough."""
    gathered = window.news.notices._gathered.values()
    for one in gathered:
        one.first = one.last = -1000.0
    window.news.notices._look()
    assert not any(one.items for one in gathered)


def test_a_storm_is_one_notification_what_was_so_before_is_none_and_a_click_shows_them(
    opened: Opened, sandbox: Sandbox, server: NotificationServer
) -> None:
    sandbox.dead(b"old.sock")
    window = opened.open(notify=Notify(stale=True))
    opened.until(lambda: bool(window.news._stale.stale), "the state at start")
    names = [f"s{number}.sock".encode() for number in range(1000)]
    for name in names:
        sandbox.bind(name)
    opened.until(lambda: window.sockets.model.total == 1001, "the sockets")
    look_away(opened, window)
    for name in names:
        sandbox.die(name)
    opened.until(server.shown, "the notification")
    (shown,) = server.shown()
    assert shown["signature"] == "susssasa{sv}i"
    assert shown["title"] == "1,000 things were left over"
    assert shown["body"].endswith("\nand 997 more")
    assert "old.sock" not in shown["body"]
    server.click(shown["number"])
    opened.until(window.isVisible, "the window")
    assert window.finding.view is window.all
    assert window.all.filters.query
    assert os.environ.pop("XDG_ACTIVATION_TOKEN") == "token-1"
    assert len(server.shown()) == 1


def _is_told(server: NotificationServer, times: int) -> bool:
    return len(server.shown()) == times


def test_a_name_is_plain_text_and_what_is_waited_for_is_told_with_a_click_that_shows_it(
    opened: Opened, sandbox: Sandbox, server: NotificationServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(notices.PACES, Topic.FREE, Pace(0.05, 0.2, 0.0))
    window = opened.open(notify=Notify(free=True), observe=True)
    hostile = [HOSTILE[0], HOSTILE[2], HOSTILE[3]]
    for name in hostile:
        opened.choose(window, sandbox.bind(name))
        window.actions_table[Act.WAIT].trigger()
    last = opened.choose(window, sandbox.bind(HOSTILE[1]))
    window.actions_table[Act.WAIT].trigger()
    opened.until(lambda: not window.news.waits._looking, "the first looks")
    look_away(opened, window)
    for times, name in enumerate(hostile, 1):
        sandbox.die(name)
        opened.until(partial(_is_told, server, times), "its notification")
    assert (
        server.shown()[-1]["title"] == "News of 3 things that you wait for"
    )  # nobody has looked at the first two
    assert "bad-" in server.shown()[-1]["body"].splitlines()[0]
    window.news._on_state(Qt.ApplicationState.ApplicationActive)
    sandbox.die(HOSTILE[1])
    opened.until(lambda: any("line" in one["body"] for one in server.shown()), "the notifications")
    shown = server.shown()
    bodies = "\n".join(one["body"] for one in shown)
    assert "“b&gt;&amp;amp;.sock”" in bodies  # its last part
    assert "rlo-\\u202ekcos.sock" in bodies
    assert "bad-\\xff\\xfe.sock" in bodies
    assert "line\\nbreak.sock" in bodies
    assert "\u202e" not in bodies
    assert "<" not in bodies
    assert shown[-1]["title"] == "What you wait for is free"
    assert len({one["number"] for one in shown}) == 1  # each took the place of the one before
    server.click(shown[-1]["number"])
    opened.until(window.isVisible, "the window")
    assert window.sockets.table.target == last


def test_only_the_end_is_told_of_what_this_window_did_and_nothing_while_it_is_looked_at(
    opened: Opened, sandbox: Sandbox, server: NotificationServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for topic in Topic:
        monkeypatch.setitem(notices.PACES, topic, Pace(60.0, 60.0, 0.0))
    path = sandbox.dead(b"left.sock")
    window = opened.open(notify=ALL)
    window.activateWindow()
    opened.until(window.isActiveWindow, "the window in front")
    target = opened.choose(window, path)
    window.actions_table[Act.REMOVE].trigger()
    dialog = window.actor.dialog
    assert dialog is not None
    opened.until(dialog.remove.isEnabled, "the beat")
    dialog.remove.click()
    opened.until(lambda: target not in window.news._stale.stale and bool(told(window)), "the removal")
    window.activateWindow()
    opened.until(window.isActiveWindow, "the window in front again")
    tell_now(window)
    look_away(opened, window)
    window.actions_table[Act.UNDO].trigger()
    gathered = window.news.notices._gathered[Topic.ENDED]
    opened.until(lambda: target in window.news._stale.stale and bool(gathered.items), "it is back")
    tell_now(window)
    opened.until(server.shown, "the end of it")
    opened.qtbot.wait(50)
    (shown,) = server.shown()
    assert shown["title"] == "It is done"
    assert "left.sock" in shown["body"]
    server.click(shown["number"])
    opened.until(lambda: window.pages.currentWidget() is window.history, "the history")


def test_a_server_that_never_answers_freezes_nothing_and_is_told_once(
    opened: Opened, bus: str, tmp_path: Path
) -> None:
    with NotificationServer(bus, tmp_path / "notes", "hang"):
        window = opened.open()
        window.news.notifier._bus._patience = 1.5
        beat, timer = Heartbeat(), QTimer(window)
        timer.timeout.connect(beat.beat)
        timer.start(5)
        window.news.configure(replace(window._racewatch.config, notify=ALL))
        for topic in Topic:
            window.news._on_due(topic, [_item(b"/a")])
        window.news._on_due(Topic.FREE, [_item(b"/b")])  # one at a time: it waits for its turn
        assert [item.text for item in window.news.notices._gathered[Topic.FREE].items.values()] == ["/b"]
        opened.until(lambda: not window.news._showing, "the end of it")
        timer.stop()
    assert beat.longest < 1.0
    assert told(window).count("No desktop notification can be shown") == 1
    assert "the notification server of this desktop does not answer" in told(window)


def test_a_bus_that_hangs_or_is_not_there_is_an_answer_too(
    bridge: Bridge, opened: Opened, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent = tmp_path / "bus"
    instead: list[tuple[str, str]] = []

    def tell(title: str, text: str) -> bool:
        instead.append((title, text))
        return True

    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(silent))
        listener.listen()
        use_bus(monkeypatch, f"unix:path={silent}")
        owner = QObject()
        hung = Notifier(bridge, owner, instead=tell, patience=0.2)
        answer = bridge.spawn(hung.problem(), "asking")
        opened.until(answer.done, "the end of it")
        assert answer.result() == "the session bus does not answer"
    use_bus(monkeypatch, "disabled:")
    shown = bridge.spawn(hung.show("free", "It is free", "“a” & “b”"), "telling")
    opened.until(shown.done, "the other way")
    assert shown.result()
    assert instead == [("It is free", "")]  # what could be taken for markup is left out
    hung.close()


def test_it_is_turned_on_and_off_by_the_file_and_a_desktop_without_a_server_is_told(
    opened: Opened, sandbox: Sandbox, bus: str, tmp_path: Path
) -> None:
    window = opened.open()
    window.live_settings.begin()
    path = Path(os.fsdecode(config_path()))
    path.parent.mkdir(parents=True, exist_ok=True)
    roots = f'roots = ["{os.fsdecode(sandbox.folder)}"]\n'
    path.write_text(f"{roots}[notify]\nstale = true\n")
    opened.until(lambda: "this desktop has no notification server" in told(window), "the warning")
    assert window.news.ear._feed is not None
    with NotificationServer(bus, tmp_path / "notes") as server:
        sandbox.bind(b"a.sock")
        opened.until(lambda: opened.place(window, sandbox.path(b"a.sock")) is not None, "the socket")
        look_away(opened, window)
        sandbox.die(b"a.sock")
        opened.until(server.shown, "the notification")  # it was started since
        (shown,) = server.shown()
        assert shown["title"] == "A socket was left over"
        path.write_text(f"{roots}[notify]\nstale = false\n")
        opened.until(lambda: window.news.ear._feed is None, "the end of listening")


def test_doctor_says_whether_there_is_a_server_where_it_is_wanted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def check(notify: Notify, address: str) -> tuple[str, str]:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
        config = Config(notify=notify)
        with closing(Racewatch(config, state=os.fsencode(tmp_path / "state"))) as racewatch:
            (found,) = machine._notifications(Machine(racewatch, config, ()))
        assert (found.cure is not None) == (found.state is State.DEGRADED)
        return found.state.value, found.detail

    assert check(Notify(), "disabled:")[0] == "info"
    assert check(ALL, "disabled:") == ("degraded", "none can be shown: there is no session bus")
    with private_bus() as bus:
        nobody = "this desktop session has no notification server"
        assert check(ALL, bus) == ("degraded", nobody)
        with NotificationServer(bus, tmp_path / "notes", "hang"):
            assert (
                check(ALL, bus)[0] == "ok"
            )  # it is there; that it hangs is told when something is to be shown


# --- the rules alone -----------------------------------------------------------------------------


def _item(name: bytes) -> Item:
    return Item(seen(name).target, name.decode(), "title")


def test_only_what_becomes_left_over_is_news() -> None:
    def batch(*all_seen: object, ready: bool = False, gone: object = ()) -> Batch:
        return Batch(1, tuple(all_seen), (), tuple(gone), ready=ready, problems=(), health=())  # type: ignore[arg-type]  # whatever is folded

    news = StaleNews()
    assert news.fold(batch(seen(b"/old"), seen(b"/untold", Verdict.UNKNOWN), seen(b"/a", Verdict.LIVE))) == []
    assert news.fold(batch(ready=True)) == []
    assert news.fold(batch(seen(b"/old"), seen(b"/untold"))) == []
    assert [one.path for one in news.fold(batch(seen(b"/a"), seen(b"/new")))] == [b"/a", b"/new"]
    assert news.fold(batch(seen(b"/a"))) == []  # told already
    assert news.fold(batch(gone=[seen(b"/a")])) == []
    assert [one.path for one in news.fold(batch(seen(b"/a")))] == [b"/a"]


def test_what_is_own_or_not_so_any_more_is_not_told_and_an_act_under_way_is_awaited(
    bridge: Bridge, monkeypatch: pytest.MonkeyPatch, qapp: object
) -> None:
    clock, at_work, due = Clock(), [True], []
    monkeypatch.setitem(notices.PACES, Topic.STALE, Pace(1.0, 5.0, 30.0))
    owner = QObject()
    made = Notices(owner, looked_at=lambda: False, at_work=lambda: at_work[0], clock=clock)
    made.due.connect(lambda topic, items: due.append([item.text for item in items]))
    made.turn([Topic.STALE])
    for name in (b"/own", b"/gone", b"/told"):
        made.add(Topic.STALE, _item(name))
    made.add(Topic.FREE, _item(b"/off"))  # not turned on
    made.drop(Topic.STALE, Target(seen(b"/gone").target.kind, b"/gone"))
    clock.now += 2
    made._look()
    assert due == []
    made.own([seen(b"/own").target])
    at_work[0] = False
    clock.now += 1
    made._look()
    assert due == [["/told"]]
    made.add(Topic.STALE, _item(b"/soon"))
    clock.now += 20
    made._look()
    assert due == [["/told"]]  # not again before it has rested
    clock.now += 10
    made._look()
    assert due == [["/told"], ["/soon"]]
    made.close()
