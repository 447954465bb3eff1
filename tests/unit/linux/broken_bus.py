"""Messages that no good bus gives out, and a bus that gives them out."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from jeepney import HeaderFields, Parser
from jeepney.low_level import Endianness, Header, MessageType, parse_signature
from jeepney.low_level import Message as Whole

Answer = Callable[[Whole], bytes | None]


def reply(serial: int, signature: str = "", body: tuple[Any, ...] = (), *, error: str = "") -> bytes:
    """What a good bus, or server, answers to the call of this number."""
    fields: dict[HeaderFields, object] = {HeaderFields.reply_serial: serial}
    if signature:
        fields[HeaderFields.signature] = signature
    if error:
        fields[HeaderFields.error_name] = error
    kind = MessageType.error if error else MessageType.method_return
    made: bytes = Whole(Header(Endianness.little, kind, 0, 1, 0, 1, fields), body).serialise()
    return made


def signal(member: str, signature: str = "", body: tuple[Any, ...] = ()) -> bytes:
    fields: dict[HeaderFields, object] = {
        HeaderFields.path: "/org/freedesktop/Notifications",
        HeaderFields.interface: "org.freedesktop.Notifications",
        HeaderFields.member: member,
    }
    if signature:
        fields[HeaderFields.signature] = signature
    header = Header(Endianness.little, MessageType.signal, 0, 1, 0, 1, fields)
    made: bytes = Whole(header, body).serialise()
    return made


def with_body(serial: int, signature: str, body: bytes) -> bytes:
    """A reply whose body is not what its signature says."""
    reply_serial = (5, ("u", serial))
    return by_hand([reply_serial, (8, ("g", signature))], body)


def by_hand(fields: list[tuple[int, tuple[str, Any]]], body: bytes = b"", kind: int = 2) -> bytes:
    """A message with these header fields, whatever they are."""
    data: bytes = parse_signature(list("a(yv)")).serialise(fields, 12, Endianness.little)
    head = struct.pack("<BBBBII", ord("l"), kind, 0, 1, len(body), 1) + data
    return head + bytes(-len(head) % 8) + body


def announced(body: int, header: int) -> bytes:
    """The beginning of a message that says that it is so long."""
    return struct.pack("<BBBBIII", ord("l"), 2, 0, 1, body, 1, header)


def _reaching_out() -> bytes:
    """A field of the header that claims to go on in the body, where an array of empty structures stands."""
    body = b"\3a()\0" + bytes(3) + struct.pack("<I", 64) + bytes(68)
    data = by_hand([(5, ("u", 1)), (9, ("av", []))], body)
    empty = data.index(b"\2av\0") + 4 + 3
    # Up to the body: a variant that holds a byte.
    return data[:empty] + struct.pack("<I", 84) + b"\1y\0\0" + data[empty + 8 :]


def _deep(depth: int) -> bytes:
    fields = b"\5" + b"\1v\0" * depth + b"\1y\0\0"
    return announced(0, len(fields)) + fields + bytes(-len(fields) % 8)


_EMPTY = struct.pack("<II", 8, 0) + bytes(8)
#: All of them answer call number 1, or would.
BAD = {
    "another protocol": b"HTTP/1.0 400 Bad Request\r\n",
    "a long body": announced(0xFFFF_FFF0, 8),
    "a long header": announced(0, 0xFFFF_FFF0),
    "an unknown kind": by_hand([(5, ("u", 1))], kind=9),
    "no kind": by_hand([(5, ("u", 1))], kind=0),
    "a field that does not exist": by_hand([(77, ("u", 1))]),
    "empty structures": with_body(1, "a()", _EMPTY),
    "empty structures in one another": with_body(1, "a(())", _EMPTY),
    "empty structures in the header": by_hand([(6, ("a()", [])), (5, ("u", 1))]),
    "a header that reaches into the body": _reaching_out(),
    "variants in one another": _deep(3000),
    "types in one another": with_body(1, "a" * 250, struct.pack("<I", 4) * 300),
    "a type that does not end": with_body(1, "a(", _EMPTY),
    "a type that does not exist": with_body(1, "k", _EMPTY),
    "a descriptor": with_body(1, "h", bytes(8)),
    "fewer values than said": with_body(1, "uuuu", bytes(8)),
    "a longer array than the message": with_body(1, "as", struct.pack("<I", 1 << 30)),
    "a longer text than the message": with_body(1, "s", struct.pack("<I", 1 << 30) + b"x"),
    "text that is none": with_body(1, "s", struct.pack("<I", 2) + b"\xff\xfe\0"),
}


class BrokenBus:
    """Lets in who comes, says Hello, and then ``answer`` has the word: bytes to send, or None to hang up.

    ``greeting``: what is said instead of letting in, piece by piece, over and over.
    """

    def __init__(self, folder: Path, answer: Answer, greeting: Sequence[bytes] = ()) -> None:
        self._path = folder / "bus"
        self.address = f"unix:path={self._path}"
        self._answer = answer
        self._greeting = greeting
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self._path))
        self._listener.listen()
        self._bus: socket.socket | None = None
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="broken bus")

    def _serve(self) -> None:
        while not self._ends.is_set():
            try:
                self._bus, _ = self._listener.accept()
            except OSError:
                return
            with self._bus:
                try:
                    self._talk(self._bus)
                except OSError:
                    pass  # who came went again

    def _talk(self, bus: socket.socket) -> None:
        while self._greeting:
            for piece in self._greeting:
                bus.sendall(piece)
                if self._ends.wait(0.001):
                    return
        said = b""
        while b"BEGIN\r\n" not in said:
            piece = bus.recv(1024)
            if not piece:
                return
            said += piece
            if b"AUTH" in said and said.endswith(b"\r\n") and b"BEGIN" not in said:
                bus.sendall(b"OK 0123456789abcdef\r\n")
        parser = Parser()
        parser.add_data(said.partition(b"BEGIN\r\n")[2])
        while True:
            while (call := parser.get_next_message()) is not None:
                if call.header.fields[HeaderFields.member] == "Hello":
                    data: bytes | None = reply(call.header.serial, "s", (":1.1",))
                else:
                    data = self._answer(call)
                if data is None:
                    return
                bus.sendall(data)
            piece = bus.recv(65536)
            if not piece:
                return
            parser.add_data(piece)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ends.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        if self._bus is not None:
            try:
                self._bus.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # it was closed before
        self._path.unlink()
        self._thread.join(10)
        assert not self._thread.is_alive()
