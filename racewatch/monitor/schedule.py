"""When to look at everything again: often where things change, hardly where they do not.

Pure arithmetic on times that the caller passes in; nothing here reads a clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

#: A larger step between the clock that stops in suspend and the one that does not is a suspend.
_SUSPENDED: Final = 1.0


@dataclass(frozen=True, slots=True)
class SweepSettings:
    """The stated budget of sweeps, as shares of one core, and the freshness they aim for (seconds).

    The pause after a sweep is its CPU time divided by the share, but never below ``floor``: a cheap
    tree is looked at every ``floor`` seconds.  Beyond ``ceiling`` freshness is worth more than the
    budget.  For ``active_for`` after the last change the larger share holds.  A sweep that was asked
    for (lost events, a person) is due at once, but after a sweep there is always a pause of
    ``spacing`` times its cost (at most ``floor``), so that a storm cannot take a whole core.
    """

    active_share: float = 0.02
    quiet_share: float = 0.005
    floor: float = 2.0
    ceiling: float = 120.0
    active_for: float = 10.0
    spacing: float = 3.0


class SweepSchedule:
    """The time of the next sweep."""

    def __init__(self, settings: SweepSettings, now: float) -> None:
        self._settings = settings
        self._cost = 0.0
        self._ended = now
        self._changed = now
        self._at_once = True

    @property
    def cost(self) -> float:
        """CPU seconds of the last sweep."""
        return self._cost

    def begun(self) -> None:
        """A sweep begins: what was asked for until now is answered by it."""
        self._at_once = False

    def swept(self, now: float, cost: float) -> None:
        """A sweep has ended and took so much CPU time.

        One that was asked for meanwhile is still owed: this one may have passed by what it is about.
        """
        self._cost = cost
        self._ended = now

    def changed(self, now: float) -> None:
        """Something was seen to change."""
        self._changed = now

    def at_once(self) -> None:
        """The next sweep is due now."""
        self._at_once = True

    def pause(self, now: float) -> float:
        """Seconds from the end of the last sweep to the next, as things are now."""
        settings = self._settings
        active = now - self._changed < settings.active_for
        share = settings.active_share if active else settings.quiet_share
        return min(settings.ceiling, max(settings.floor, self._cost / share))

    def due_in(self, now: float) -> float:
        """Seconds until the next sweep; 0.0 or less when it is due."""
        settings = self._settings
        pause = min(settings.floor, self._cost * settings.spacing) if self._at_once else self.pause(now)
        return self._ended + pause - now


class SuspendWatch:
    """Tells that the machine was asleep: CLOCK_BOOTTIME went on while CLOCK_MONOTONIC stood."""

    def __init__(self, monotonic: float, boottime: float) -> None:
        self._offset = boottime - monotonic

    def woke(self, monotonic: float, boottime: float) -> bool:
        """True once after each suspend of more than a second."""
        offset = boottime - monotonic
        jumped = offset - self._offset > _SUSPENDED
        self._offset = offset
        return jumped
