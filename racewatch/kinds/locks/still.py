"""Heartbeats: for how long a lock did not change while we looked, never how old it is."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from racewatch.kinds.locks.facts import Still
from racewatch.linux import boot, fs

#: A difference of the clocks larger than this means that the machine slept, or that the time was set.
_SLACK_SECONDS: Final = 1.0
_MOST_REMEMBERED: Final = 50_000

Clocks = tuple[float, float, float]
_Inode = tuple[int, int, int | None]
_Pulse = tuple[int, int, int]


@dataclass(slots=True)
class StillBook:
    """Remembers since when each heartbeat has been the same.

    Two looks suffice: whoever touched it in between left another time behind.  Counted anew after a
    suspend (CLOCK_BOOTTIME runs on, CLOCK_MONOTONIC does not) and after a step of the clock (a touch could
    leave the same time behind).  One book may serve several kinds in several threads, so that what the
    monitor watched counts in an act.  Bounded: when too many are remembered all are forgotten, which only
    makes us more careful.
    """

    clocks: Callable[[], Clocks] = boot.awake_and_asleep
    _since: dict[_Inode, tuple[_Pulse, Clocks]] = field(default_factory=dict)
    _mutex: threading.Lock = field(default_factory=threading.Lock)

    def look(self, node: fs.Stat) -> Still:
        """Note that it looks like this now; for how long has it?"""
        inode = (node.dev, node.ino, node.btime_ns)
        pulse = (node.mtime_ns, node.size, node.mode)
        now = self.clocks()
        with self._mutex:
            known = self._since.get(inode)
            if known is None or known[0] != pulse or _disturbed(known[1], now):
                if known is None and len(self._since) >= _MOST_REMEMBERED:
                    self._since.clear()
                known = self._since[inode] = (pulse, now)
        return Still(now[0] - known[1][0])


def _disturbed(since: Clocks, now: Clocks) -> bool:
    passed, awake, told = (later - earlier for earlier, later in zip(since, now, strict=True))
    return abs(passed - awake) > _SLACK_SECONDS or abs(passed - told) > _SLACK_SECONDS
