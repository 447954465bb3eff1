"""How many there are: of each kind over time, in each directory, and which are left over.

Fed with changes, so that a question costs what it answers and not what the machine holds.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from racewatch.core.model import KindName, Observation, Target, Verdict
from racewatch.monitor.timeline import WINDOW

#: One sample stands for this many seconds (the counts at its end).
SLOT: Final = 5.0
_MOST_SAMPLES: Final = round(WINDOW / SLOT) + 2

#: So many left-overs are asked since when they are there at one time.
_AGED_AT_ONCE: Final = 300

_Counts = dict[tuple[KindName, Verdict], int]


class Directory(NamedTuple):
    """What one directory holds of one kind."""

    kind: KindName
    path: bytes
    things: int
    stale: int


class Leftover(NamedTuple):
    """A stale thing; ``since`` is sortable text, empty when nothing tells its age.

    Ordered by age, the oldest first and those of unknown age last: the fields are in that order.
    """

    ageless: bool
    since: str
    locator: bytes
    kind: KindName
    seen: Observation


class Tally:
    """Counts.  Memory: one entry for each directory and each stale thing, and a ring of samples."""

    def __init__(self, since: Callable[[Observation], str]) -> None:
        self._since = since
        self.counts: _Counts = {(kind, verdict): 0 for kind in KindName for verdict in Verdict}
        self._samples: deque[tuple[float, _Counts]] = deque(maxlen=_MOST_SAMPLES)
        self._directories: dict[tuple[KindName, bytes], list[int]] = {}
        # To say since when something is there costs more than all else here: it is asked for by and by.
        self._aged: dict[Target, Leftover] = {}
        self._unaged: dict[Target, Observation] = {}

    def change(self, old: Observation | None, new: Observation | None) -> None:
        """One target was ``old`` and is ``new``; None stands for "not there"."""
        if old is None or new is None or old.verdict is not new.verdict:
            if old is not None:
                self._count(old, -1)
            if new is not None:
                self._count(new, 1)
        seen = new if new is not None else old
        if seen is None:
            return
        self._aged.pop(seen.target, None)
        if new is not None and new.verdict is Verdict.STALE:
            self._unaged[seen.target] = new
        else:
            self._unaged.pop(seen.target, None)

    def _count(self, seen: Observation, by: int) -> None:
        target = seen.target
        self.counts[target.kind, seen.verdict] += by
        place = target.place
        if place is None:
            return
        key = (target.kind, place[0])
        entry = self._directories.setdefault(key, [0, 0])
        entry[0] += by
        if seen.verdict is Verdict.STALE:
            entry[1] += by
        if not entry[0]:
            del self._directories[key]

    def sample(self, now: float) -> None:
        """Keep the counts of now; the last call in each :data:`SLOT` stands for it."""
        if self._samples and self._samples[-1][1] == self.counts:
            return
        if self._samples and self._samples[-1][0] // SLOT == now // SLOT:
            self._samples[-1] = (self._samples[-1][0], self.counts.copy())
        else:
            self._samples.append((now, self.counts.copy()))
        # One that is older than the window says how it was at its beginning.
        while len(self._samples) > 1 and self._samples[1][0] <= now - WINDOW:
            self._samples.popleft()

    def series(self, kind: KindName, verdict: Verdict) -> list[tuple[float, int]]:
        """(since when, how many) in order of time; each holds until the next, the last until now."""
        found: list[tuple[float, int]] = []
        for at, counts in self._samples:
            if not found or found[-1][1] != counts[kind, verdict]:
                found.append((at, counts[kind, verdict]))
        return found

    def total(self, kind: KindName) -> int:
        """All of one kind that are there."""
        return sum(count for (of, _), count in self.counts.items() if of is kind)

    def fullest(self, most: int) -> list[Directory]:
        """The directories with the most things of one kind, fullest first."""
        return heapq.nsmallest(most, self._every_directory(), key=_fullness)

    def _every_directory(self) -> Iterator[Directory]:
        for (kind, path), (things, stale) in self._directories.items():
            yield Directory(kind, path, things, stale)

    def oldest(self, most: int) -> list[Leftover]:
        """The left-overs that are there for longest, oldest first; of unknown age: last.

        Of those that were never asked about, only so many count with each call: see :attr:`is_aging`.
        """
        for _ in range(min(len(self._unaged), _AGED_AT_ONCE)):
            target, seen = self._unaged.popitem()
            since = self._since(seen)
            self._aged[target] = Leftover(not since, since, target.locator, target.kind, seen)
        return heapq.nsmallest(most, self._aged.values())

    @property
    def is_aging(self) -> bool:
        """Whether :meth:`oldest` has not counted all of them yet."""
        return bool(self._unaged)


def _fullness(one: Directory) -> tuple[int, int, bytes, str]:
    return (-one.things, -one.stale, one.path, one.kind.value)
