"""Holding one process still, letting it go on, ending it.  Only ``racewatch.core`` may import this.

Always through a pidfd, which means one process and never its number.  ``SIGSTOP`` and ``SIGKILL`` are the two
signals that no program can catch or ignore, and that the first process of a PID namespace gets from outside.
"""

from __future__ import annotations

import os
import select
import signal
from typing import Final

from racewatch.linux import processes

_STILL: Final = frozenset({b"T", b"Z", b"X"})


def hold(pidfd: int) -> None:
    """Have it stand still; it does when :func:`stands_still` says so.  Raises OSError."""
    signal.pidfd_send_signal(pidfd, signal.SIGSTOP)


def let_go(pidfd: int) -> None:
    """Have it go on where it stood.  Raises OSError."""
    signal.pidfd_send_signal(pidfd, signal.SIGCONT)


def end(pidfd: int) -> None:
    """Kill it, also while it stands still.  Raises OSError."""
    signal.pidfd_send_signal(pidfd, signal.SIGKILL)


def has_ended_within(pidfd: int, seconds: float) -> bool:
    """Wait for the end of all its threads."""
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    return bool(poll.poll(seconds * 1000))


def stands_still(pid: int) -> bool:
    """Whether no thread of it runs; one that has ended does not either.  Raises OSError.

    The list of threads is taken twice: once one of them was seen standing, no new one can be made, but before
    that a thread may have made another since the list was read.
    """
    return all(_states(pid) <= _STILL for _ in range(2))


def _states(pid: int) -> set[bytes]:
    """The states of all threads; none when the process is gone."""
    found: set[bytes] = set()
    try:
        threads = os.listdir(b"/proc/%d/task" % pid)
    except (FileNotFoundError, ProcessLookupError):
        return found
    for thread in threads:
        try:
            found.add(processes.state_of_thread(pid, int(thread)))
        except (FileNotFoundError, ProcessLookupError):
            continue  # ended since
    return found
