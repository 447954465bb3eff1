"""The session bus of the desktop: a connection to it that never waits longer than it is told to.

Everything here may block that long: not for the thread of a window.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from racewatch.linux.dbus_wire import BadMessage, Kind, Message, call, take

PATIENCE: Final = 3.0
BUS: Final = "org.freedesktop.DBus"
BUS_PATH: Final = "/org/freedesktop/DBus"
_PIECE: Final = 65536


class NoBus(Exception):
    """There is no session bus, or it does not answer; the message is the end of a sentence."""


class Failed(Exception):
    """A call was answered by an error, whose D-Bus name and text this has."""

    def __init__(self, message: Message) -> None:
        super().__init__(f"{message.error}: {message.body[0] if message.body else ''}")
        self.name = message.error


def addresses(environment: Mapping[str, str] = os.environ) -> Iterator[bytes]:
    """Where it may be, in order: addresses of Unix sockets, an abstract one beginning with NUL."""
    named = environment.get("DBUS_SESSION_BUS_ADDRESS")
    if named is None:
        runtime = environment.get("XDG_RUNTIME_DIR", "")
        if runtime.startswith("/"):
            yield os.path.join(os.fsencode(runtime), b"bus")
        return
    for one in named.split(";"):
        way, _, rest = one.partition(":")
        if way != "unix":
            continue
        for pair in rest.split(","):
            key, _, value = pair.partition("=")
            if key == "path":
                yield unquote_to_bytes(value)
            elif key == "abstract":
                yield b"\0" + unquote_to_bytes(value)


def connect(environment: Mapping[str, str] = os.environ, patience: float = PATIENCE) -> socket.socket:
    """A connection that has said who it is (not yet Hello); raises :class:`NoBus`."""
    deadline = time.monotonic() + patience
    why = "there is no session bus"
    for address in addresses(environment):
        bus = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            bus.settimeout(_left(deadline))
            bus.connect(address)
            bus.sendall(b"\0AUTH EXTERNAL " + str(os.geteuid()).encode().hex().encode() + b"\r\n")
            answer = b""
            while not answer.endswith(b"\r\n"):
                bus.settimeout(_left(deadline))
                piece = bus.recv(1024)
                answer += piece
                if not piece or len(answer) > 4096:
                    break
            if answer.startswith(b"OK "):
                bus.sendall(b"BEGIN\r\n")
                return bus
            why = "the session bus does not let this user in"
        except (OSError, ValueError) as error:  # ValueError: no name of a socket
            late = isinstance(error, TimeoutError)
            why = (
                "the session bus does not answer" if late else f"the session bus cannot be reached ({error})"
            )
        except BaseException:
            bus.close()
            raise
        bus.close()
    raise NoBus(why)


def _left(deadline: float) -> float:
    return max(deadline - time.monotonic(), 0.01)


class Asking:
    """Questions to the bus, one after the other, each answered within its time or not at all."""

    def __init__(self, bus: socket.socket, patience: float = PATIENCE) -> None:
        self._bus = bus
        self._patience = patience
        self._serial = 0
        self._data = b""
        self.ask(BUS, BUS_PATH, BUS, "Hello")

    def ask(
        self,
        destination: str,
        path: str,
        interface: str,
        member: str,
        signature: str = "",
        values: Sequence[Any] = (),
    ) -> tuple[Any, ...]:
        """The answer; :class:`NoBus` without one, :class:`Failed` for an error."""
        self._serial += 1
        deadline = time.monotonic() + self._patience
        try:
            self._bus.settimeout(self._patience)
            self._bus.sendall(call(self._serial, destination, path, interface, member, signature, values))
            while True:
                message = self._next(deadline)
                if message.reply_to == self._serial:
                    break
        except TimeoutError:
            raise NoBus(f"{destination} does not answer") from None
        except (OSError, BadMessage) as error:
            raise NoBus(f"the session bus cannot be talked to ({error})") from error
        if message.kind == Kind.ERROR:
            raise Failed(message)
        return message.body

    def _next(self, deadline: float) -> Message:
        while (found := take(self._data)) is None:
            self._bus.settimeout(_left(deadline))
            piece = self._bus.recv(_PIECE)
            if not piece:
                raise NoBus("the session bus hung up")
            self._data += piece
        message, length = found
        self._data = self._data[length:]
        return message


def can_be_reached(name: str, environment: Mapping[str, str] = os.environ) -> bool:
    """Whether somebody has this name on the session bus, or would be started for it; raises :class:`NoBus`."""
    with connect(environment) as bus:
        asking = Asking(bus)
        try:
            (owned,) = asking.ask(BUS, BUS_PATH, BUS, "NameHasOwner", "s", (name,))
            if owned:
                return True
            (names,) = asking.ask(BUS, BUS_PATH, BUS, "ListActivatableNames")
        except (Failed, ValueError) as error:
            raise NoBus(f"the session bus cannot be asked ({error})") from error
    return name in names
