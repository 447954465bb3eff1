"""Who has a number now, asked again and again of the same few numbers: by handles that are kept."""

from __future__ import annotations

import errno
import os
import select
from typing import Final

from racewatch.linux import processes
from racewatch.linux.processes import Absent, ProcessId

_MOST_HELD: Final = 128


class Lookout:
    """:func:`~racewatch.linux.processes.look_for` for who asks after few processes many times.

    It keeps a handle of each process that it found alive: while that one runs, its number is its own, so the
    next answer is as fresh and as exact, for one system call instead of six.  So many handles at most.  To be closed.
    """

    __slots__ = ("_held",)

    def __init__(self) -> None:
        self._held: dict[int, tuple[int, select.poll, ProcessId]] = {}

    def look_for(self, pid: int) -> ProcessId | Absent:
        """As the function of this name."""
        held = self._held.get(pid)
        if held is not None:
            if not held[1].poll(0):
                return held[2]
            os.close(self._held.pop(pid)[0])
        try:
            seen = processes.handle_of(pid)
        except OSError as error:
            if error.errno not in (errno.EMFILE, errno.ENFILE) or not self._held:
                raise
            self.close()  # of what is scarce nothing is kept
            seen = processes.handle_of(pid)
        if isinstance(seen, Absent):
            return seen
        pidfd, found = seen
        if len(self._held) < _MOST_HELD:
            poll = select.poll()
            poll.register(pidfd, select.POLLIN)
            self._held[pid] = (pidfd, poll, found)
        else:
            os.close(pidfd)
        return found

    def close(self) -> None:
        """Give all handles back; a later question opens them anew."""
        while self._held:
            os.close(self._held.popitem()[1][0])
