"""Messages of D-Bus as bytes, and back, by jeepney.  No I/O.

jeepney's own ``Parser`` is not used: it reads whatever length is announced, and never comes back from an array of
empty structures.  What is read here comes from whoever owns the address of the bus, in the thread of the window.

jeepney is imported with the first message: most windows and commands never see one.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeVar

#: What is longer is no message that anybody here asked for; read as the smallest values it takes a tenth of a second.
LONGEST: Final = 1 << 17
_FIRST: Final = 16  # bytes that tell how long the rest is
_LENGTH_OF_BODY: Final = slice(4, 8)
#: Neither a name nor a type that exists has it: the structure that takes no bytes, however often it comes.
_EMPTY_STRUCTURE: Final = b"()"
#: Holds a type of the sender's choice.
_VARIANT: Final = "v"
_T = TypeVar("_T")


class BadMessage(ValueError):
    """These bytes are no message, or say something that they must not."""


class Kind(enum.IntEnum):
    """What a message is."""

    CALL = 1
    REPLY = 2
    ERROR = 3
    SIGNAL = 4


@dataclass(frozen=True, slots=True)
class Message:
    """One message that came in; what its header did not say is empty, or 0.

    A body with a variant in it is left out: nothing that is asked for here has one.
    """

    kind: Kind
    reply_to: int = 0
    member: str = ""
    error: str = ""
    body: tuple[Any, ...] = ()


def call(
    serial: int,
    destination: str,
    path: str,
    interface: str,
    member: str,
    signature: str = "",
    values: Sequence[Any] = (),
) -> bytes:
    """A method call.  A variant is a pair of its signature and its value."""
    from jeepney import DBusAddress, new_method_call

    to = DBusAddress(path, bus_name=destination, interface=interface)
    made: bytes = new_method_call(to, member, signature or None, tuple(values)).serialise(serial)
    return made


class Incoming:
    """Messages out of pieces of bytes.  After a :class:`BadMessage` nothing that follows can be understood."""

    def __init__(self) -> None:
        self._data = b""

    def add(self, piece: bytes) -> None:
        """What came in just now."""
        self._data += piece

    def take(self) -> Message | None:
        """The first message; None while it is not complete.  Raises :class:`BadMessage`."""
        from jeepney.low_level import calc_msg_size

        if len(self._data) < _FIRST:
            return None
        try:
            length: int = calc_msg_size(self._data)
        except KeyError:
            raise BadMessage("it does not begin like one") from None
        if length > LONGEST:
            raise BadMessage("it is too long")
        if len(self._data) < length:
            return None
        whole, self._data = self._data[:length], self._data[length:]
        try:
            return _read(whole)
        except Exception as error:  # jeepney checks little itself: whatever it stumbles over
            raise BadMessage(f"it is none ({type(error).__name__})") from error


def _read(whole: bytes) -> Message:
    from jeepney.low_level import Header, HeaderFields, parse_signature

    order: Literal["little", "big"] = "little" if whole[:1] == b"l" else "big"
    # Cut off, so that nothing in it can claim to go on in the body, which was not looked at.
    head = whole[: len(whole) - int.from_bytes(whole[_LENGTH_OF_BODY], order)]
    if _EMPTY_STRUCTURE in head:
        raise BadMessage("it has an empty structure")
    header, _ = Header.from_buffer(head)

    def said(field: Any, default: _T) -> _T:
        value = header.fields.get(field)
        return value if type(value) is type(default) else default

    signature = said(HeaderFields.signature, "")
    body: tuple[Any, ...] = ()
    if _VARIANT not in signature:
        body, _ = parse_signature([*f"({signature})"]).parse_data(whole, len(head), header.endianness)
    kind = Kind(header.message_type.value)
    return Message(
        kind=kind,
        reply_to=said(HeaderFields.reply_serial, 0) if kind in {Kind.REPLY, Kind.ERROR} else 0,
        member=said(HeaderFields.member, ""),
        error=said(HeaderFields.error_name, ""),
        body=body,
    )
