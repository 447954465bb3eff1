"""Messages of D-Bus: what is asked can be read, and what comes from a hostile bus is refused, never believed."""

from __future__ import annotations

import struct
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jeepney import HeaderFields, Parser

from racewatch.linux.bus_messages import LONGEST, BadMessage, Incoming, Kind, Message, call
from tests.unit.linux.broken_bus import BAD, announced, by_hand, reply, signal, with_body

VALUES = (
    "racewatch",
    4_000_000_000,
    "",
    "title",
    "body \u202e <b>",
    ["default", "Show"],
    {"desktop-entry": ("s", "x"), "urgency": ("y", 1)},
    -1,
)
NOTIFY = call(7, "a.b", "/p", "i.f", "Notify", "susssasa{sv}i", VALUES)


def take(data: bytes) -> Message | None:
    incoming = Incoming()
    incoming.add(data)
    return incoming.take()


def test_a_call_says_what_it_was_given() -> None:
    (whole,) = Parser().feed(NOTIFY)
    assert whole.body == VALUES
    assert whole.header.serial == 7
    assert whole.header.fields == {
        HeaderFields.destination: "a.b",
        HeaderFields.path: "/p",
        HeaderFields.interface: "i.f",
        HeaderFields.member: "Notify",
        HeaderFields.signature: "susssasa{sv}i",
    }


def test_messages_come_one_by_one_however_they_were_cut() -> None:
    data = signal("ActionInvoked", "us", (4_000_000_000, "default")) + reply(3, "as", (["body"],))
    data += reply(4, "s", ("not there",), error="org.x.Error")
    expected = [
        Message(Kind.SIGNAL, member="ActionInvoked", body=(4_000_000_000, "default")),
        Message(Kind.REPLY, reply_to=3, body=(["body"],)),
        Message(Kind.ERROR, reply_to=4, error="org.x.Error", body=("not there",)),
    ]
    for size in (1, 7, len(data)):
        incoming, found = Incoming(), []
        for at in range(0, len(data), size):
            incoming.add(data[at : at + size])
            while (message := incoming.take()) is not None:
                found.append(message)
        assert found == expected


def test_the_other_order_of_bytes_is_read_too() -> None:
    fields = b"\5\1u\0" + struct.pack(">I", 7) + b"\x08\1g\0\1u\0"
    data = (
        struct.pack(">BBBBIII", ord("B"), 2, 0, 1, 4, 1, len(fields)) + fields + b"\0" + struct.pack(">I", 5)
    )
    assert take(data) == Message(Kind.REPLY, reply_to=7, body=(5,))


def test_a_body_whose_types_the_sender_chooses_is_left_out() -> None:
    assert take(NOTIFY) == Message(Kind.CALL, member="Notify")
    empty = b"\3a()\0" + bytes(3) + struct.pack("<II", 8, 0) + bytes(8)
    assert take(with_body(1, "v", empty)) == Message(Kind.REPLY, reply_to=1)


def test_text_may_look_like_an_empty_structure() -> None:
    found = take(reply(1, "s", ("foo() failed",), error="org.x.Error"))
    assert found is not None
    assert found.body == ("foo() failed",)


@pytest.mark.timeout(10)
@pytest.mark.parametrize("data", BAD.values(), ids=BAD)
def test_what_is_no_message_is_refused(data: bytes) -> None:
    with pytest.raises(BadMessage):
        take(data)


def test_the_longest_message_is_read_and_a_longer_one_refused_before_it_is_there() -> None:
    longest = with_body(1, "ay", struct.pack("<I", LONGEST - 100))
    longest = with_body(1, "ay", struct.pack("<I", LONGEST - len(longest)) + bytes(LONGEST - len(longest)))
    found = take(longest)
    assert found is not None
    assert len(longest) == LONGEST
    assert take(announced(LONGEST - 16, 0)) is None
    with pytest.raises(BadMessage):
        take(announced(LONGEST - 15, 0))


def test_what_a_header_says_in_another_type_is_not_said() -> None:
    fields = [(5, ("as", ["1"])), (4, ("u", 1)), (3, ("b", True)), (8, ("s", "u"))]
    assert take(by_hand(fields, struct.pack("<I", 9))) in (
        Message(Kind.REPLY),
        Message(Kind.REPLY, body=(9,)),
    )
    assert take(by_hand([(5, ("b", True))])) == Message(Kind.REPLY)


def test_only_an_answer_answers() -> None:
    for kind in (Kind.CALL, Kind.SIGNAL):
        assert take(by_hand([(5, ("u", 1))], kind=kind)) == Message(kind)


@given(st.binary(max_size=200), st.integers(0, 150))
def test_noise_is_refused_or_waited_for(noise: bytes, at: int) -> None:
    good = reply(7, "susssasi", (*VALUES[:6], -1))
    for mixed in (noise, good[:at] + noise + good[at + len(noise) :]):
        try:
            take(mixed)
        except BadMessage:
            pass


def test_nothing_of_it_is_loaded_before_it_is_needed() -> None:
    code = "import racewatch.ui.notifier, racewatch.cli.machine, sys; sys.exit('jeepney' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
