"""D-Bus as bytes: what is written can be read, and noise is refused, never believed."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from racewatch.linux.dbus_wire import LONGEST, BadMessage, Kind, call, split, take
from racewatch.linux.session_bus import addresses

VALUES = (
    "racewatch",
    4_000_000_000,
    "",
    "title",
    "body \u202e <b>",
    ["default", "Show"],
    {"desktop-entry": ("s", "x"), "urgency": ("y", 1), "image": ("(iibay)", (1, -2, True, b"abc"))},
    -1,
)
SIGNATURE = "susssasa{sv}i"


def test_what_is_written_can_be_read() -> None:
    data = call(7, "a.b", "/p", "i.f", "Notify", SIGNATURE, VALUES)
    found = take(data + b"l")
    assert found is not None
    message, length = found
    assert length == len(data)
    assert (message.kind, message.serial, message.path, message.member) == (Kind.CALL, 7, "/p", "Notify")
    hints = {"desktop-entry": "x", "urgency": 1, "image": (1, -2, True, list(b"abc"))}
    assert message.body == (*VALUES[:6], hints, -1)
    assert all(take(data[:end]) is None for end in range(len(data)))


def test_types_are_split_and_those_that_are_none_are_refused() -> None:
    assert list(split("sa{sv}(ii)aau")) == ["s", "a{sv}", "(ii)", "aau"]
    for wrong in ("(i", "a", "z", "a" * 40, "a{s"):
        with pytest.raises(BadMessage):
            list(split(wrong))


def test_what_is_too_long_or_begins_wrongly_is_refused_before_it_is_waited_for() -> None:
    with pytest.raises(BadMessage):
        take(b"GET / HTTP/1.0\r\n")
    with pytest.raises(BadMessage):
        take(struct.pack("<BBBBIII", ord("l"), 1, 0, 1, LONGEST, 1, 0))
    deep = call(1, "a.b", "/", "i.f", "M", "v", (("as", ["a"]),))
    for signature in (b"\x02ii", b"\x01v"):
        with pytest.raises(BadMessage):
            found = take(deep.replace(b"\x02as", signature, 1))
            assert found is None or found[0].body  # the last of them may only lack bytes
            raise BadMessage("it lacks bytes")


@given(st.binary(max_size=200), st.integers(0, 150))
def test_noise_is_refused_or_waited_for(noise: bytes, at: int) -> None:
    data = call(7, "a.b", "/p", "i.f", "Notify", SIGNATURE, VALUES)
    for mixed in (noise, data[:at] + noise + data[at + len(noise) :]):
        try:
            take(mixed)
        except BadMessage:
            pass


def test_the_addresses_of_the_bus() -> None:
    named = {
        "DBUS_SESSION_BUS_ADDRESS": "tcp:host=a;unix:path=/run/a%20b,guid=1;unix:abstract=/tmp/x;disabled:"
    }
    assert list(addresses(named)) == [b"/run/a b", b"\0/tmp/x"]
    assert list(addresses({"DBUS_SESSION_BUS_ADDRESS": ""})) == []
    assert list(addresses({"XDG_RUNTIME_DIR": "/run/user/1"})) == [b"/run/user/1/bus"]
    assert list(addresses({})) == []
