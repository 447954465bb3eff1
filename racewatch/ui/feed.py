"""From the monitor to the GUI thread: batches at a pace people can follow, held while a finger is down.

Holding is simply not taking: the monitor's subscription folds what happens meanwhile into one batch
with at most one entry for each target.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from functools import partial
from typing import Final

from PySide6.QtCore import QObject, QTimer, Signal

from racewatch.core.model import Target
from racewatch.monitor.batch import Batch
from racewatch.monitor.engine import Monitor
from racewatch.monitor.subscription import Subscription
from racewatch.ui.bridge import Bridge

#: At most one batch in this time (seconds): a storm becomes few large changes, a single one is at once.
PACE: Final = 0.08
#: What comes and what dies is what one waits for: at most one batch of those alone in this time, and in this many
#: times as long as the last batch took.
QUICK: Final = 0.025
_REST: Final = 0.7
#: And at most so many changes in one turn of the loop; the rest has its own turns, so that keys and clicks get
#: theirs in between.
MOST: Final = 1000
NEXT_TURN_MS: Final = 5
#: Qt lays out what is new in the next turn of the loop, and paints it in the one after.
_TURNS: Final = 2
#: Timers of Qt are told in milliseconds.
_EARLY: Final = 0.001


def _count(batch: Batch) -> int:
    return len(batch.added) + len(batch.changed) + len(batch.gone)


class Feed(QObject):
    """One subscription.  ``arrived`` carries a :class:`~racewatch.monitor.batch.Batch`."""

    arrived = Signal(object)

    def __init__(self, bridge: Bridge, monitor: Monitor, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._monitor = monitor
        self._holds: set[str] = set()
        self._waiting = self._going_on = self._drawing = False
        self._taken_at = self._last_at = self._rested_at = 0.0
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._take)
        self._subscription: Subscription | None = monitor.subscribe(self._wake, draws=True)

    def _wake(self) -> None:
        # In the monitor's thread, once until take().
        self._bridge.post(self._woken)

    def _woken(self) -> None:
        self._waiting = True
        if not self._holds:
            self._wait()

    def _wait(self) -> None:
        """Take what there is, or be woken when it may be taken."""
        if self._subscription is None:
            return
        due = self._taken_at + PACE
        if self._subscription.has_pressing:
            due = min(due, max(self._last_at + QUICK, self._rested_at))
        left = due - time.monotonic()
        if left <= 0:
            self._take()
        elif not self._timer.isActive() or self._timer.remainingTime() > left * 1000:
            self._timer.start(max(round(left * 1000), 1))

    def _take(self) -> None:
        if self._holds or self._subscription is None:
            return
        began = time.monotonic()
        everything = self._going_on or began >= self._taken_at + PACE - _EARLY
        self._going_on = False
        batch = self._subscription.take(MOST, pressing=not everything)
        self._waiting = False
        self._last_at = began
        if everything:
            self._taken_at = began
        if batch is not None:
            self.arrived.emit(batch)
            if not self._drawing:
                self._drawing = True
                self._draw(_TURNS)
        ended = time.monotonic()
        self._rested_at = ended + _REST * (ended - began)
        if batch is not None and _count(batch) >= MOST:
            self._going_on = everything
            self._go_on()
        elif not everything:
            self._rest_is_due()

    def _draw(self, turns: int) -> None:
        """Let the monitor go on as soon as the first batch can be seen."""
        if turns:
            QTimer.singleShot(0, self, partial(self._draw, turns - 1))
        elif self._subscription is not None:
            self._subscription.drawn()

    def _rest_is_due(self) -> None:
        """What was left over has its time, whether anything wakes us again or not."""
        if self._subscription is not None and self._subscription.has_more:
            self._waiting = True
            self._wait()

    def _go_on(self) -> None:
        """Take what was left over, after everything else had its turn.  (Whoever got the batch may have closed us.)"""
        if self._subscription is not None and self._subscription.has_more:
            self._waiting = True
            self._timer.start(NEXT_TURN_MS)

    def hold(self, why: str, held: bool) -> None:
        """Keep changes back while at least one reason stands (an open menu, a pressed button, Freeze)."""
        if held:
            self._holds.add(why)
        else:
            self._holds.discard(why)
        if not self._holds and self._waiting:
            self._woken()

    @property
    def held(self) -> bool:
        """True while changes are kept back."""
        return bool(self._holds)

    @property
    def held_back(self) -> int:
        """Of how many things there is news that was not taken yet."""
        return self._subscription.waiting if self._subscription is not None else 0

    def look_again(self, targets: Iterable[Target]) -> None:
        """Ask for a fresh look at these, soon."""
        self._monitor.look_again(tuple(targets))

    def sweep(self) -> None:
        """Ask for a fresh look at everything."""
        self._monitor.sweep_now()

    def close(self) -> None:
        """No more batches."""
        self._timer.stop()
        if self._subscription is not None:
            self._subscription.close()
            self._subscription = None
