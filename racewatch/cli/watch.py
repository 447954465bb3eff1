"""``racewatch watch``: changes as they happen, one JSON object a line, until nobody listens."""

from __future__ import annotations

import argparse
import os
import select
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from racewatch.changes import ChangeLines
from racewatch.cli.exits import Exit
from racewatch.cli.session import Session, roots_of
from racewatch.core import wire


def watch(session: Session, arguments: argparse.Namespace) -> int:
    """Prints until SIGINT, SIGTERM, or until the reader of the output is gone; all three are a clean end."""
    lines = ChangeLines()
    with session.opened() as racewatch, _wake_up() as (wake_fd, stop_fd):
        monitor = racewatch.monitor(roots_of(arguments.roots))
        subscription = monitor.subscribe(lambda: os.eventfd_write(wake_fd, 1))
        monitor.start()
        try:
            poll = select.poll()
            poll.register(wake_fd, select.POLLIN)
            poll.register(stop_fd, select.POLLIN)
            if sys.stdout is not None:
                # No events asked for: POLLERR (the pipe has no reader any more) comes unasked, so a
                # quiet machine does not keep us alive for nobody.
                poll.register(sys.stdout.fileno(), 0)
            while not session.out.closed:
                ready = dict(poll.poll())
                if stop_fd in ready or any(
                    events & (select.POLLERR | select.POLLHUP) for events in ready.values()
                ):
                    break
                os.eventfd_read(wake_fd)
                while (batch := subscription.take()) is not None:
                    for line in lines.lines(batch):
                        session.out.line(wire.dumps(line))
                    session.out.flush()
        finally:
            subscription.close()
            monitor.stop()
    return Exit.DONE


@contextmanager
def _wake_up() -> Iterator[tuple[int, int]]:
    """Two event handles: one for the monitor's wake-ups, one that SIGINT and SIGTERM ring."""
    wake_fd = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
    stop_fd = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, lambda *_: os.eventfd_write(stop_fd, 1)) for number in numbers}
    try:
        yield wake_fd, stop_fd
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(wake_fd)
        os.close(stop_fd)
