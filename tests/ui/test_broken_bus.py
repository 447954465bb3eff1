"""Notifications over a bus, or to a server, that is hostile or breaks off: a sentence, no error, and the window goes on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from jeepney import HeaderFields
from jeepney.low_level import Message as Whole
from PySide6.QtCore import QObject, QTimer
from pytestqt.qtbot import QtBot

from racewatch.ui.bridge import Bridge
from racewatch.ui.notifier import Notifier
from tests.ui.buses import Heartbeat
from tests.unit.linux.broken_bus import BAD, Answer, BrokenBus, reply, signal

SILENT = "the notification server of this desktop does not answer"


def member(call: Whole) -> str:
    return str(call.header.fields[HeaderFields.member])


def good(call: Whole) -> bytes:
    """What a server says that means it."""
    serial = call.header.serial
    match member(call):
        case "GetCapabilities":
            return reply(serial, "as", (["body"],))
        case "Notify":
            return reply(serial, "u", (7,))
    return reply(serial)


class Shown:
    """A notifier, and how the window fares meanwhile."""

    def __init__(self, qtbot: QtBot, bridge: Bridge, bus: BrokenBus) -> None:
        self._qtbot = qtbot
        self._bridge = bridge
        self.owner = QObject()
        self.notifier = Notifier(
            bridge,
            self.owner,
            instead=lambda _title, _text: False,
            environment={"DBUS_SESSION_BUS_ADDRESS": bus.address},
            patience=1.0,
        )
        self.failed: list[str] = []
        self.opened: list[tuple[str, str]] = []
        self.notifier.failed.connect(self.failed.append)
        self.notifier.opened.connect(lambda slot, token: self.opened.append((slot, token)))
        self.beat = Heartbeat()
        self._timer = QTimer(self.owner)
        self._timer.timeout.connect(self.beat.beat)
        self._timer.start(5)

    def show(self) -> bool:
        done = self._bridge.spawn(self.notifier.show("free", "It is free", "x"), "showing")
        self._qtbot.waitUntil(done.done, timeout=20_000)
        return done.result()

    def problem(self) -> str:
        done = self._bridge.spawn(self.notifier.problem(), "asking")
        self._qtbot.waitUntil(done.done, timeout=20_000)
        return done.result()

    def until_opened(self) -> None:
        self._qtbot.waitUntil(lambda: bool(self.opened), timeout=20_000)


@contextmanager
def shown(qtbot: QtBot, bridge: Bridge, folder: Path, answer: Answer) -> Iterator[Shown]:
    with BrokenBus(folder, answer) as bus:
        made = Shown(qtbot, bridge, bus)
        yield made
        made.notifier.close()
    assert made.beat.longest < 1.0


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_a_message_that_is_none_ends_the_connection_and_the_next_one_works(
    qtbot: QtBot, bridge: Bridge, tmp_path: Path, bad: bytes
) -> None:
    broken = [True]
    with shown(
        qtbot, bridge, tmp_path, lambda call: bad if member(call) == "Notify" and broken[0] else good(call)
    ) as made:
        assert not made.show()
        assert "the session bus cannot be understood." in made.failed[0]
        broken[0] = False
        assert made.show()


@pytest.mark.parametrize("where", ["GetCapabilities", "AddMatch", "Notify"])
def test_a_bus_that_breaks_off_hangs_or_gives_half_an_answer(
    qtbot: QtBot, bridge: Bridge, tmp_path: Path, where: str
) -> None:
    bad: list[bytes | None] = [None]

    def answer(call: Whole) -> bytes | None:
        if member(call) != where or not bad:
            return good(call)
        return good(call)[: len(bad[0])] if bad[0] is not None else None

    with shown(qtbot, bridge, tmp_path, answer) as made:
        assert not made.show()
        assert "the session bus hung up" in made.failed[0]
        made.notifier.forgive()
        bad[0] = bytes(20)
        assert not made.show()
        assert ("the session bus does not answer" if where == "AddMatch" else SILENT) in made.failed[1]


def test_clicks_are_asked_for_until_the_bus_agrees(qtbot: QtBot, bridge: Bridge, tmp_path: Path) -> None:
    asked = []

    def answer(call: Whole) -> bytes:
        if member(call) == "AddMatch":
            asked.append(call.body)
            return b"" if len(asked) == 1 else good(call)
        return good(call)

    with shown(qtbot, bridge, tmp_path, answer) as made:
        assert not made.show()
        assert made.show()
        assert made.show()
    assert len(asked) == 2


@pytest.mark.parametrize(
    ("signature", "body"),
    [
        ("", ()),
        ("s", ("body",)),
        ("asas", (["body"], ["more"])),
        ("v", (("as", ["body"]),)),
        ("i", (-1,)),
        ("t", (1 << 40,)),
        ("b", (True,)),
        ("au", ([1],)),
    ],
)
def test_a_server_that_answers_something_else_is_believed_nothing(
    qtbot: QtBot, bridge: Bridge, tmp_path: Path, signature: str, body: tuple[object, ...]
) -> None:
    replaces = []

    def answer(call: Whole) -> bytes:
        if member(call) == "Notify":
            replaces.append(call.body[1])
        return reply(call.header.serial, signature, body)

    with shown(qtbot, bridge, tmp_path, answer) as made:
        assert made.show()
        assert made.show()
    assert replaces == [0, 0]
    assert made.failed == []


def test_a_server_that_refuses_is_told_in_words(qtbot: QtBot, bridge: Bridge, tmp_path: Path) -> None:
    def answer(call: Whole) -> bytes:
        if member(call) == "GetCapabilities":
            return reply(call.header.serial, error="org.x.No")  # without a word
        return good(call)

    with shown(qtbot, bridge, tmp_path, answer) as made:
        assert made.problem() == "this desktop has no notification server that could be asked"


def test_a_storm_of_signals_costs_the_notification_and_not_the_window(
    qtbot: QtBot, bridge: Bridge, tmp_path: Path
) -> None:
    storm = signal("ActionInvoked", "us", (7, "default")) * 50_000

    with shown(
        qtbot, bridge, tmp_path, lambda call: storm if member(call) == "GetCapabilities" else good(call)
    ) as made:
        assert made.problem() == SILENT
        assert made.opened == []  # nothing was shown that could be clicked


def test_signals_that_say_something_else_are_not_heard(qtbot: QtBot, bridge: Bridge, tmp_path: Path) -> None:
    noise = (
        signal("ActionInvoked")
        + signal("ActionInvoked", "s", ("default",))
        + signal("ActionInvoked", "us", (8, "default"))
        + signal("ActionInvoked", "vs", (("u", 7), "default"))
        + signal("ActivationToken", "uu", (7, 7))
        + signal("ActivationToken", "us", (7, "a\nb"))
        + signal("Unheard", "us", (7, "default"))
        + signal("ActionInvoked", "us", (7, "default"))
        + signal("NotificationClosed", "uu", (7, 1))
        + signal("NotificationClosed", "uu", (7, 1))
        + signal("ActionInvoked", "us", (7, "default"))
    )
    with shown(
        qtbot, bridge, tmp_path, lambda call: good(call) + (noise if member(call) == "Notify" else b"")
    ) as made:
        assert made.show()
        made.until_opened()
    assert made.opened == [("free", "")]
