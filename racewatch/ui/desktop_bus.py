"""The session bus for the window: calls that nobody waits for in the GUI thread, and signals.

Connecting happens on a thread; afterwards nothing blocks: what cannot be sent at once ends the connection, and a
call that is not answered in time is an error like any other.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from PySide6.QtCore import QObject, Signal

from racewatch.linux.bus_messages import BadMessage, Incoming, Kind, Message, call
from racewatch.linux.session_bus import BUS, BUS_PATH, PATIENCE, Failed, NoBus, connect
from racewatch.ui.bridge import Bridge

_PIECE: Final = 65536
Told = Callable[[tuple[Any, ...]], None]


def _nothing(_body: tuple[Any, ...]) -> None:
    """Nobody has to know before the others."""


class DesktopBus(QObject):
    """One connection, made when it is first needed and made anew after it was lost.

    ``signalled`` carries the :class:`Message` of each signal that was asked for.
    """

    signalled = Signal(object)

    def __init__(
        self,
        bridge: Bridge,
        parent: QObject,
        environment: Mapping[str, str] = os.environ,
        patience: float = PATIENCE,
    ) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._environment = environment
        self._patience = patience
        self._bus: socket.socket | None = None
        self._turn = asyncio.Lock()
        self._incoming = Incoming()
        self._serial = 0
        self._waiting: dict[int, tuple[asyncio.Future[Message], Told]] = {}
        self._rules: list[str] = []
        self._closed = False

    async def listen(self, rule: str) -> None:
        """Hear the signals that fit this rule, on this and every later connection; :class:`NoBus`, :class:`Failed`."""
        await self._connected()
        if rule not in self._rules:
            await self._ask(BUS, BUS_PATH, BUS, "AddMatch", "s", (rule,))
            self._rules.append(rule)  # only now: what the bus did not take is asked for again

    async def ask(
        self,
        destination: str,
        path: str,
        interface: str,
        member: str,
        signature: str,
        values: Sequence[Any],
        told: Told = _nothing,
    ) -> tuple[Any, ...]:
        """The answer; :class:`NoBus` when there is none in time, :class:`Failed` when it is an error.

        ``told`` gets it before any signal that came after it is given out.
        """
        await self._connected()
        return await self._ask(destination, path, interface, member, signature, values, told)

    async def _connected(self) -> None:
        async with self._turn:
            if self._bus is not None:
                return
            bus = await self._bridge.offload(lambda: connect(self._environment, self._patience))
            if self._closed:
                bus.close()
                raise NoBus("the window is closed")
            bus.setblocking(False)
            self._bus, self._incoming = bus, Incoming()
            self._bridge.loop.add_reader(bus.fileno(), self._on_data)
            try:
                await self._ask(BUS, BUS_PATH, BUS, "Hello", "", ())
                for rule in self._rules:
                    await self._ask(BUS, BUS_PATH, BUS, "AddMatch", "s", (rule,))
            except BaseException:
                self._lose("the session bus does not take this connection")
                raise

    async def _ask(
        self,
        destination: str,
        path: str,
        interface: str,
        member: str,
        signature: str,
        values: Sequence[Any],
        told: Told = _nothing,
    ) -> tuple[Any, ...]:
        self._serial += 1
        serial = self._serial
        self._send(call(serial, destination, path, interface, member, signature, values))
        answer: asyncio.Future[Message] = self._bridge.loop.create_future()
        self._waiting[serial] = answer, told
        try:
            message = await asyncio.wait_for(answer, self._patience)
        except TimeoutError:
            who = "the session bus" if destination == BUS else destination
            raise NoBus(f"{who} does not answer") from None
        finally:
            self._waiting.pop(serial, None)
        if message.kind is Kind.ERROR:
            raise Failed(message)
        return message.body

    def _send(self, data: bytes) -> None:
        if self._bus is None:
            raise NoBus("the session bus hung up")
        try:
            whole = self._bus.send(data) == len(data)
        except OSError:  # BlockingIOError too: whoever does not read hangs
            whole = False
        if not whole:
            self._lose("the session bus takes no messages")
            raise NoBus("the session bus takes no messages")

    def _on_data(self) -> None:
        if self._bus is None:
            return
        try:
            piece = self._bus.recv(_PIECE)
        except BlockingIOError:
            return
        except OSError:
            piece = b""
        if not piece:
            self._lose("the session bus hung up")
            return
        incoming = self._incoming
        incoming.add(piece)
        try:
            while (message := incoming.take()) is not None:
                self._on_message(message)
        except BadMessage:
            self._lose("the session bus cannot be understood")

    def _on_message(self, message: Message) -> None:
        if message.kind is Kind.SIGNAL:
            self.signalled.emit(message)
            return
        answer, told = self._waiting.get(message.reply_to, (None, _nothing))
        if answer is not None and not answer.done():
            if message.kind is Kind.REPLY:
                told(message.body)
            answer.set_result(message)

    def _lose(self, why: str) -> None:
        bus, self._bus = self._bus, None
        if bus is None:
            return
        self._bridge.loop.remove_reader(bus.fileno())
        bus.close()
        for answer, _ in self._waiting.values():
            if not answer.done():
                answer.set_exception(NoBus(why))

    def close(self) -> None:
        """Leave the bus for good."""
        self._closed = True
        self._lose("the window is closed")
