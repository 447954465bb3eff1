"""The session bus: where it is, and that one that is hostile, hangs or breaks off costs no more than its time."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from jeepney import HeaderFields
from jeepney.low_level import Message as Whole

from racewatch.linux.session_bus import NoBus, addresses, can_be_reached
from tests.unit.linux.broken_bus import BAD, Answer, BrokenBus, reply, signal

NAME = "org.freedesktop.Notifications"


def problem(folder: Path, answer: Answer, greeting: Sequence[bytes] = (), patience: float = 0.3) -> str:
    with BrokenBus(folder, answer, greeting) as bus:
        with pytest.raises(NoBus) as refused:
            can_be_reached(NAME, {"DBUS_SESSION_BUS_ADDRESS": bus.address}, patience)
        return str(refused.value)


def hang(_call: Whole) -> bytes:
    return b""


def hang_up(_call: Whole) -> None:
    return None


def test_the_addresses_of_the_bus() -> None:
    named = {
        "DBUS_SESSION_BUS_ADDRESS": "tcp:host=a;unix:path=/run/a%20b%c3%a9,guid=1;unix:abstract=/tmp/x;disabled:"
    }
    assert list(addresses(named)) == ["/run/a bé".encode(), b"\0/tmp/x"]
    assert list(addresses({"DBUS_SESSION_BUS_ADDRESS": ""})) == []
    assert list(addresses({"XDG_RUNTIME_DIR": "/run/user/1"})) == [b"/run/user/1/bus"]
    assert list(addresses({})) == []


def test_an_address_that_leads_nowhere_is_passed_over(tmp_path: Path) -> None:
    def answer(call: Whole) -> bytes:
        return reply(call.header.serial, "b", (True,))

    with BrokenBus(tmp_path, answer) as bus:
        several = f"unix:path={tmp_path}/none;disabled:;unix:path=/a%00b;unix:path={'x' * 200};{bus.address}"
        assert can_be_reached(NAME, {"DBUS_SESSION_BUS_ADDRESS": several})


def test_who_can_be_started_can_be_reached(tmp_path: Path) -> None:
    asked = []

    def answer(call: Whole) -> bytes:
        if call.header.fields[HeaderFields.member] == "NameHasOwner":
            asked.extend(call.body)
            return signal("NameAcquired", "s", (":1.1",)) + reply(call.header.serial, "b", (False,))
        return reply(call.header.serial, "as", ([NAME],))

    with BrokenBus(tmp_path, answer) as bus:
        environment = {"DBUS_SESSION_BUS_ADDRESS": bus.address}
        assert can_be_reached(NAME, environment)
        assert not can_be_reached("org.freedesktop.Other", environment)
    assert asked == [NAME, "org.freedesktop.Other"]


def test_a_bus_that_does_not_answer_or_breaks_off(tmp_path: Path) -> None:
    def half(call: Whole) -> bytes:
        return reply(call.header.serial, "b", (True,))[:20]

    def refuse(call: Whole) -> bytes:
        return reply(call.header.serial, "s", ("no",), error="org.x.No")

    def other(call: Whole) -> bytes:
        return reply(call.header.serial, "u", (7,))

    assert problem(tmp_path, hang) == "the session bus does not answer"
    assert problem(tmp_path, hang_up) == "the session bus hung up"
    assert problem(tmp_path, half) == "the session bus does not answer"
    assert problem(tmp_path, refuse) == "the session bus cannot be asked (org.x.No: no)"
    assert problem(tmp_path, other) == "the session bus does not say who can be started"


@pytest.mark.timeout(20)
@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_a_bus_whose_messages_are_none_is_an_answer(tmp_path: Path, bad: bytes) -> None:
    assert problem(tmp_path, lambda _call: bad, patience=3.0) == "the session bus cannot be understood"


@pytest.mark.timeout(20)
def test_a_bus_that_never_stops_talking_has_its_time_and_no_more(tmp_path: Path) -> None:
    storm = signal("Other", "s", ("x",)) * 10_000
    begun = time.monotonic()
    assert problem(tmp_path, lambda _call: storm * 10) == "the session bus does not answer"
    # Byte by byte, each well before its time is over.
    assert problem(tmp_path, hang, (b"O", b"K")) == "the session bus does not answer"
    assert time.monotonic() - begun < 5


def test_a_bus_that_lets_nobody_in(tmp_path: Path) -> None:
    refused = "the session bus does not let this user in"
    assert problem(tmp_path, hang, (b"REJECTED EXTERNAL\r\n",)) == refused
    assert problem(tmp_path, hang, (b"x" * 9000,), 3.0) == refused
