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

from racewatch.linux.bus_messages import BadMessage, Incoming, Kind, Message, call

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
    """Where it may be, in order: addresses of Unix sockets, an abstract one beginning with NUL.

    jeepney.bus knows no other place than the variable, stops at the first address that it cannot read (``disabled:``
    is one), and takes %-escapes for letters where they are bytes.
    """
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
    from jeepney.auth import AuthenticationError

    deadline = time.monotonic() + patience
    why = "there is no session bus"
    for address in addresses(environment):
        bus = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            bus.settimeout(_left(deadline))
            bus.connect(address)
            _authenticate(bus, deadline)
            return bus
        except AuthenticationError:
            why = "the session bus does not let this user in"
        except TimeoutError:
            why = "the session bus does not answer"
        except (OSError, ValueError) as error:  # ValueError: no name of a socket
            why = f"the session bus cannot be reached ({error})"
        except BaseException:
            bus.close()
            raise
        bus.close()
    raise NoBus(why)


def _authenticate(bus: socket.socket, deadline: float) -> None:
    from jeepney.auth import BEGIN, AuthenticationError, Authenticator

    authenticator = Authenticator()
    for line in authenticator:
        bus.settimeout(_left(deadline))
        bus.sendall(line)
        piece = bus.recv(1024)
        if not piece:
            raise AuthenticationError(piece, "It hung up")
        authenticator.feed(piece)
    bus.sendall(BEGIN)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


class Asking:
    """Questions to the bus itself, one after the other, each answered within its time or not at all."""

    def __init__(self, bus: socket.socket, patience: float = PATIENCE) -> None:
        self._bus = bus
        self._patience = patience
        self._serial = 0
        self._incoming = Incoming()
        self.ask("Hello")

    def ask(self, member: str, signature: str = "", values: Sequence[Any] = ()) -> tuple[Any, ...]:
        """The answer; :class:`NoBus` without one, :class:`Failed` for an error."""
        self._serial += 1
        deadline = time.monotonic() + self._patience
        try:
            self._bus.settimeout(self._patience)
            self._bus.sendall(call(self._serial, BUS, BUS_PATH, BUS, member, signature, values))
            while (message := self._next(deadline)).reply_to != self._serial:
                pass
        except TimeoutError:
            raise NoBus("the session bus does not answer") from None
        except OSError as error:
            raise NoBus(f"the session bus cannot be talked to ({error})") from error
        except BadMessage as error:
            raise NoBus("the session bus cannot be understood") from error
        if message.kind is Kind.ERROR:
            raise Failed(message)
        return message.body

    def _next(self, deadline: float) -> Message:
        while (found := self._incoming.take()) is None:
            self._bus.settimeout(_left(deadline))
            piece = self._bus.recv(_PIECE)
            if not piece:
                raise NoBus("the session bus hung up")
            self._incoming.add(piece)
        return found


def can_be_reached(
    name: str, environment: Mapping[str, str] = os.environ, patience: float = PATIENCE
) -> bool:
    """Whether somebody has this name on the session bus, or would be started for it; raises :class:`NoBus`."""
    with connect(environment, patience) as bus:
        try:
            asking = Asking(bus, patience)
            if asking.ask("NameHasOwner", "s", (name,)) == (True,):
                return True
            answer = asking.ask("ListActivatableNames")
        except Failed as error:
            raise NoBus(f"the session bus cannot be asked ({error})") from error
    if len(answer) != 1 or not isinstance(answer[0], list):
        raise NoBus("the session bus does not say who can be started")
    return name in answer[0]
