"""The agent's loop: reads lines, answers each in turn, and sends changes in between.

One thread does everything here, so an answer is never torn by a notification, and the end of
standard input (or SIGTERM) can only come between two acts, never inside one.
"""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from racewatch import crashlog
from racewatch.agent.methods import Methods
from racewatch.agent.protocol import (
    Bad,
    Code,
    Lines,
    Message,
    RpcError,
    failure,
    notification,
    read_line,
    result,
)
from racewatch.changes import ChangeLines
from racewatch.config import Config
from racewatch.core.wire import Json, dumps
from racewatch.monitor.engine import Monitor
from racewatch.monitor.subscription import Subscription
from racewatch.verbs import Racewatch

#: The longest line that is read; a longer one gets an error.
MAX_LINE: Final = 16 * 1024 * 1024
_CHUNK: Final = 1 << 16


class _PeerGoneError(Exception):
    """Nobody reads our answers any more."""


def serve_stdio(config: Config) -> int:
    """Serve on standard input and output until the input ends; returns the exit code.

    Nothing but protocol ever reaches the other side: the real standard output is kept under another
    number, and whatever anything prints goes to standard error.
    """
    # As low as possible (above 2) and closed on exec: no child may hold the other side's pipe open.
    out = os.dup(1)
    os.dup2(2, 1)
    try:
        with _stop_signals() as stop_fd:
            racewatch = Racewatch(config)
            try:
                _Server(racewatch, 0, out, stop_fd).serve()
            finally:
                racewatch.close()
    finally:
        os.close(out)
    return 0


@contextmanager
def _stop_signals() -> Iterator[int]:
    """An event handle that SIGTERM, SIGINT and SIGHUP ring: they end us between two requests."""
    stop_fd = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    before = {number: signal.signal(number, lambda *_: os.eventfd_write(stop_fd, 1)) for number in numbers}
    try:
        yield stop_fd
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(stop_fd)


class _Watch:
    """The one running monitor of this agent."""

    def __init__(self, monitor: Monitor, wake_fd: int) -> None:
        self._monitor = monitor
        self.lines = ChangeLines()
        self.subscription: Subscription = monitor.subscribe(lambda: os.eventfd_write(wake_fd, 1))
        monitor.start()

    def stop(self) -> None:
        self.subscription.close()
        self._monitor.stop()


class _Server:
    def __init__(self, racewatch: Racewatch, in_fd: int, out_fd: int, stop_fd: int) -> None:
        self._racewatch = racewatch
        self._in = in_fd
        self._out = out_fd
        self._stop = stop_fd
        self._wake = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._watch: _Watch | None = None
        self._methods = Methods(racewatch, self._start_watch, self._stop_watch)

    def serve(self) -> None:
        """Until the input ends, a signal asks us to, or nobody reads the answers."""
        try:
            self._loop()
        except _PeerGoneError:
            pass
        finally:
            self._stop_watch()
            os.close(self._wake)

    def _loop(self) -> None:
        lines = Lines(MAX_LINE)
        poll = select.poll()
        poll.register(self._in, select.POLLIN)
        poll.register(self._wake, select.POLLIN)
        poll.register(self._stop, select.POLLIN)
        while True:
            ready = {fd for fd, _ in poll.poll()}
            if self._stop in ready:
                return
            if self._wake in ready:
                os.eventfd_read(self._wake)
                self._send_changes()
            if self._in in ready:
                data = os.read(self._in, _CHUNK)
                for line in lines.feed(data) if data else lines.finish():
                    self._answer(line)
                    if self._asked_to_stop():
                        return
                if not data:
                    return

    def _asked_to_stop(self) -> bool:
        poll = select.poll()
        poll.register(self._stop, select.POLLIN)
        return bool(poll.poll(0))

    # --- requests --------------------------------------------------------------------------------

    def _answer(self, raw: bytes | None) -> None:
        if raw is None:
            error = RpcError(Code.INVALID_REQUEST, f"a line is at most {MAX_LINE} bytes long")
            self._send(failure(None, error))
            return
        line = read_line(raw)
        answers = [answer for message in line.messages if (answer := self._run(message)) is not None]
        if line.batch and answers:
            self._send(answers)
        elif answers:
            self._send(answers[0])

    def _run(self, message: Message) -> Json | None:
        if isinstance(message, Bad):
            return failure(message.id, message.error)
        try:
            answer = result(message.id, self._methods.call(message.method, message.params))
        except RpcError as error:
            answer = failure(message.id, error)
        except Exception as error:  # noqa: BLE001 - the agent lives on; the traceback is kept
            where = crashlog.record(error, f"racewatch agent: {message.method}")
            what = f"internal error: {type(error).__name__}; {where}; please report it"
            answer = failure(message.id, RpcError(Code.INTERNAL_ERROR, what))
        return answer if message.answer else None

    # --- watching --------------------------------------------------------------------------------

    def _start_watch(self, roots: list[bytes] | None) -> None:
        # A second watch replaces the first: there is one stream of changes.
        self._stop_watch()
        self._watch = _Watch(self._racewatch.monitor(roots), self._wake)

    def _stop_watch(self) -> bool:
        watch, self._watch = self._watch, None
        if watch is None:
            return False
        watch.stop()
        return True

    def _send_changes(self) -> None:
        watch = self._watch
        if watch is None:
            return
        while (batch := watch.subscription.take()) is not None:
            for line in watch.lines.lines(batch):
                self._send(notification("changed", line))

    # --- out -------------------------------------------------------------------------------------

    def _send(self, value: object) -> None:
        data = memoryview(dumps(value).encode("ascii") + b"\n")
        while data:
            try:
                written = os.write(self._out, data)
            except BrokenPipeError:
                raise _PeerGoneError from None
            except BlockingIOError:
                # The other side made its pipe non-blocking; it is shared, so it is ours too.
                self._await_room()
                continue
            data = data[written:]

    def _await_room(self) -> None:
        poll = select.poll()
        poll.register(self._out, select.POLLOUT)
        poll.poll()
