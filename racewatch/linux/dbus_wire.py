"""Messages of D-Bus as bytes, and back.  No I/O.

Own code, because PySide's QtDBus cannot send an unsigned number, which every desktop notification has to carry
(it makes ``i`` or, by hand, ``q`` of each Python number), and because the command line does not know Qt.

https://dbus.freedesktop.org/doc/dbus-specification.html#message-protocol
"""

from __future__ import annotations

import enum
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

#: What is longer is no message that anybody here asked for.
LONGEST: Final = 1 << 20
_DEEPEST: Final = 16
#: Format and size, which is also the alignment.
_FIXED: Final = {
    "y": ("B", 1),
    "b": ("I", 4),
    "n": ("h", 2),
    "q": ("H", 2),
    "i": ("i", 4),
    "u": ("I", 4),
    "x": ("q", 8),
    "t": ("Q", 8),
    "d": ("d", 8),
    "h": ("I", 4),
}
_ALIGN: Final = {**{code: size for code, (_, size) in _FIXED.items()}, "s": 4, "o": 4, "g": 1, "v": 1, "a": 4}
_FIRST: Final = 16  # bytes that tell how long the rest is
_NO_REPLY: Final = 1


class BadMessage(ValueError):
    """These bytes are no message, or say something that they must not."""


class Kind(enum.IntEnum):
    """What a message is."""

    CALL = 1
    REPLY = 2
    ERROR = 3
    SIGNAL = 4


class _Field(enum.IntEnum):
    PATH = 1
    INTERFACE = 2
    MEMBER = 3
    ERROR_NAME = 4
    REPLY_SERIAL = 5
    DESTINATION = 6
    SENDER = 7
    SIGNATURE = 8


@dataclass(frozen=True, slots=True)
class Message:
    """One message that came in; what its header did not say is empty, or 0."""

    kind: int
    serial: int
    path: str = ""
    interface: str = ""
    member: str = ""
    error: str = ""
    reply_to: int = 0
    sender: str = ""
    body: tuple[Any, ...] = field(default=())


# --- types --------------------------------------------------------------------------------------


def split(signature: str) -> Iterator[str]:
    """The complete types of a signature, one after the other."""
    at = 0
    while at < len(signature):
        end = _end_of(signature, at, 0)
        yield signature[at:end]
        at = end


def _end_of(signature: str, at: int, depth: int) -> int:
    if at >= len(signature) or depth > _DEEPEST:
        raise BadMessage("a type that does not end")
    code = signature[at]
    if code == "a":
        return _end_of(signature, at + 1, depth + 1)
    if code in "({":
        closing = ")" if code == "(" else "}"
        at += 1
        while at < len(signature) and signature[at] != closing:
            at = _end_of(signature, at, depth + 1)
        if at >= len(signature):
            raise BadMessage("a type that does not end")
        return at + 1
    if code not in _ALIGN:
        raise BadMessage("an unknown type")
    return at + 1


# --- to bytes -----------------------------------------------------------------------------------


class _Writer:
    def __init__(self) -> None:
        self.data = bytearray()

    def align(self, size: int) -> None:
        self.data += bytes(-len(self.data) % size)

    def put(self, kind: str, value: Any) -> None:
        code = kind[0]
        if code in _FIXED:
            form, size = _FIXED[code]
            self.align(size)
            self.data += struct.pack(f"<{form}", value)
        elif code in "so":
            raw = value.encode("utf-8", "backslashreplace").replace(b"\0", b"")
            self.put("u", len(raw))
            self.data += raw + b"\0"
        elif code == "g":
            self.data += bytes((len(value),)) + value.encode("ascii") + b"\0"
        elif code == "v":
            inner, content = value
            self.put("g", inner)
            self.put(inner, content)
        elif code == "a":
            self._put_array(kind[1:], value)
        else:
            self.align(8)
            for part, item in zip(split(kind[1:-1]), value, strict=True):
                self.put(part, item)

    def _put_array(self, kind: str, value: Any) -> None:
        self.put("u", 0)
        at = len(self.data) - 4
        self.align(_ALIGN.get(kind[0], 8))
        begun = len(self.data)
        for item in value.items() if isinstance(value, Mapping) else value:
            self.put(kind, item)
        struct.pack_into("<I", self.data, at, len(self.data) - begun)


def call(
    serial: int,
    destination: str,
    path: str,
    interface: str,
    member: str,
    signature: str = "",
    values: Sequence[Any] = (),
    *,
    answer: bool = True,
) -> bytes:
    """A method call.  A variant is a pair of its signature and its value; text loses NUL, which it cannot hold."""
    body = _Writer()
    for part, value in zip(split(signature), values, strict=True):
        body.put(part, value)
    fields: list[tuple[int, tuple[str, str]]] = [
        (_Field.PATH, ("o", path)),
        (_Field.INTERFACE, ("s", interface)),
        (_Field.MEMBER, ("s", member)),
        (_Field.DESTINATION, ("s", destination)),
    ]
    if signature:
        fields.append((_Field.SIGNATURE, ("g", signature)))
    head = _Writer()
    flags = 0 if answer else _NO_REPLY
    for code, number in (("y", ord("l")), ("y", Kind.CALL), ("y", flags), ("y", 1)):
        head.put(code, number)
    head.put("u", len(body.data))
    head.put("u", serial)
    head.put("a(yv)", fields)
    head.align(8)
    return bytes(head.data + body.data)


# --- from bytes ---------------------------------------------------------------------------------


class _Reader:
    def __init__(self, data: bytes, order: str) -> None:
        self._data = data
        self._order = order
        self.at = 0

    def align(self, size: int) -> None:
        self.at += -self.at % size

    def _take(self, count: int) -> bytes:
        piece = self._data[self.at : self.at + count]
        if len(piece) != count:
            raise BadMessage("it ends too early")
        self.at += count
        return piece

    def _text(self, length: int) -> str:
        raw = self._take(length + 1)
        return raw[:-1].decode("utf-8", "replace")

    def get(self, kind: str, depth: int = 0) -> Any:
        if depth > _DEEPEST:
            raise BadMessage("too many values in one another")
        code = kind[0]
        if code in _FIXED:
            form, size = _FIXED[code]
            self.align(size)
            (value,) = struct.unpack(f"{self._order}{form}", self._take(size))
            return bool(value) if code == "b" else value
        if code in "so":
            return self._text(self.get("u"))
        if code == "g":
            return self._text(self._take(1)[0])
        if code == "v":
            parts = list(split(self.get("g")))
            if len(parts) != 1:
                raise BadMessage("a variant is one value")
            return self.get(parts[0], depth + 1)
        if code == "a":
            return self._array(kind[1:], depth)
        self.align(8)
        return tuple(self.get(part, depth + 1) for part in split(kind[1:-1]))

    def _array(self, kind: str, depth: int) -> Any:
        length = self.get("u")
        self.align(_ALIGN.get(kind[0], 8))
        end = self.at + length
        if end > len(self._data):
            raise BadMessage("it ends too early")
        items = []
        while self.at < end:
            items.append(self.get(kind, depth + 1))
        if kind[0] != "{":
            return items
        return {key: value for key, value in items if isinstance(key, str | int | float)}


def take(data: bytes) -> tuple[Message, int] | None:
    """The first message in what came in, and how many bytes it was; None while it is not complete."""
    if len(data) < _FIRST:
        return None
    order = {ord("l"): "<", ord("B"): ">"}.get(data[0])
    if order is None:
        raise BadMessage("it does not begin like one")
    body_length, serial, fields_length = struct.unpack_from(f"{order}III", data, 4)
    head_length = _FIRST + fields_length
    head_length += -head_length % 8
    length = head_length + body_length
    if length > LONGEST:
        raise BadMessage("it is too long")
    if len(data) < length:
        return None
    reader = _Reader(data[:length], order)
    reader.at = _FIRST - 4
    said: dict[int, Any] = {}
    for code, value in reader.get("a(yv)"):
        wanted = str if code != _Field.REPLY_SERIAL else int
        if isinstance(value, wanted):
            said[code] = value
    reader.at = head_length
    body = tuple(reader.get(part) for part in split(said.get(_Field.SIGNATURE, "")))
    found = Message(
        kind=data[1],
        serial=serial,
        path=said.get(_Field.PATH, ""),
        interface=said.get(_Field.INTERFACE, ""),
        member=said.get(_Field.MEMBER, ""),
        error=said.get(_Field.ERROR_NAME, ""),
        reply_to=said.get(_Field.REPLY_SERIAL, 0),
        sender=said.get(_Field.SENDER, ""),
        body=body,
    )
    return found, length
