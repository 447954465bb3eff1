"""Optional caution on top of the proof: demand repeated dead looks, or a minimum age."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True, slots=True)
class SocketPolicy:
    """How much more than one proof an operator wants.  Off by default: one proof is a proof.

    ``dead_looks`` dead answers, each at least ``looks_apart`` seconds after the one before, and a
    node at least ``min_age`` seconds old (by birth time), before a socket is called stale.
    """

    dead_looks: int = 1
    looks_apart: float = 2.0
    min_age: float = 0.0


_MOST_REMEMBERED: Final = 200_000


@dataclass(slots=True)
class Looks:
    """Counts dead looks per incarnation (device, inode, birth time), on the monotonic clock.

    Bounded: when too many are remembered all counts start anew, which only makes us more cautious.
    """

    policy: SocketPolicy
    _seen: dict[tuple[int, int, int | None], tuple[int, float]] = field(default_factory=dict)

    def dead(self, incarnation: tuple[int, int, int | None]) -> int:
        """Note a dead look; returns how many count so far."""
        if self.policy.dead_looks <= 1:
            return 1
        now = time.monotonic()
        count, last = self._seen.get(incarnation, (0, 0.0))
        if count and now - last < self.policy.looks_apart:
            return count
        if len(self._seen) >= _MOST_REMEMBERED:
            self._seen.clear()
            count = 0
        self._seen[incarnation] = (count + 1, now)
        return count + 1

    def alive(self, incarnation: tuple[int, int, int | None]) -> None:
        """Any other answer than dead starts the count anew."""
        self._seen.pop(incarnation, None)
