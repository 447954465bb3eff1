"""Consumers: each gets the same changes at its own pace, coalesced, never losing the last state.

Ordering guarantees.  Per target, a consumer that applies its batches in order always holds a state
the target really had, and after its last batch the newest one.  Between targets there is no order.
A buffer holds at most one entry per target, so a consumer that never takes costs bounded memory.
"""

from __future__ import annotations

import itertools
import logging
import threading
from collections.abc import Callable, Sequence
from typing import Final

from racewatch.core.model import Observation, Problem, Target, Verdict
from racewatch.monitor.batch import Batch, SourceHealth
from racewatch.monitor.inventory import Change, Inventory

_log = logging.getLogger(__name__)

Wake = Callable[[], None]

#: So long at most (seconds) the first look waits until its first rows are drawn.
_DRAWING: Final = 0.25


def _is_pressing(before: Observation | None, now: Observation | None) -> bool:
    """Whether somebody waits for it: what comes, and what dies."""
    if now is None:
        return False
    if before is None:
        return True
    return before.verdict is Verdict.LIVE and now.verdict is not Verdict.LIVE


class _Pending:
    """What the consumer has (``base``), what is so now (``new``), and what was seen last."""

    __slots__ = ("base", "last", "new")

    def __init__(self, base: Observation | None, new: Observation | None, last: Observation) -> None:
        self.base = base
        self.new = new
        self.last = last


class Subscription:
    """One consumer's coalescing buffer.  Made by ``Monitor.subscribe``."""

    def __init__(self, hub: Hub, wake: Wake) -> None:
        self._hub = hub
        self._wake = wake
        self._pending: dict[Target, _Pending] = {}
        # Those of them that are pressing, in the same order.
        self._pressing: dict[Target, None] = {}
        self._touched = False
        self._rung = False
        self._rung_pressing = False
        self._told_ready = False
        self._closed = False

    def take(self, most: int | None = None, *, pressing: bool = False) -> Batch | None:
        """All changes since the last call, None when there are none.  Any thread; never blocks long.

        ``most``: at most so many of them, those that wait for longest; :attr:`has_more` tells whether others
        are left, of which nobody is woken again.  The batch that says ready is the last of them.

        ``pressing``: only what came, and what died.
        """
        with self._hub.lock:
            self._rung = self._rung_pressing = False
            if self._closed or not (self._pressing if pressing else self._has_news()):
                return None
            pending = self._pending
            wanted = self._pressing if pressing else pending
            if pressing or (most is not None and len(wanted) > most):
                part = list(itertools.islice(wanted, most))
                pending = {target: pending.pop(target) for target in part}
                for target in part:
                    self._pressing.pop(target, None)
            else:
                self._pending, self._pressing = {}, {}
            self._touched = False
            ready = self._hub.ready and not self._told_ready and not self._pending
            self._told_ready = self._told_ready or ready
            generation = self._hub.generation
            problems, health = self._hub.problems, self._hub.health
        added: list[Observation] = []
        changed: list[Observation] = []
        gone: list[Observation] = []
        for entry in pending.values():
            if entry.new is None:
                gone.append(entry.last)
            elif entry.base is None:
                added.append(entry.new)
            else:
                changed.append(entry.new)
        return Batch(generation, tuple(added), tuple(changed), tuple(gone), ready, problems, health)

    def drawn(self) -> None:
        """What was taken first can be seen: the first look need not wait for that any longer."""
        self._hub.drawn.set()

    @property
    def has_more(self) -> bool:
        """Whether there is something to take."""
        with self._hub.lock:
            return not self._closed and self._has_news()

    @property
    def waiting(self) -> int:
        """Of how many targets there is news."""
        with self._hub.lock:
            return 0 if self._closed else len(self._pending)

    @property
    def has_pressing(self) -> bool:
        """Whether something came, or died."""
        with self._hub.lock:
            return not self._closed and bool(self._pressing)

    def close(self) -> None:
        """No more batches and, apart from one call that may be under way, no more wakes."""
        with self._hub.lock:
            self._closed = True
            self._pending.clear()
            self._pressing.clear()
            self._hub.forget(self)

    # The rest is called by the hub, with its lock held.

    def record(self, change: Change) -> None:
        """Fold one change into the buffer."""
        target = change.target
        last = change.new or change.old
        if last is None:
            return
        entry = self._pending.get(target)
        if entry is None:
            entry = self._pending[target] = _Pending(change.old, change.new, last)
        else:
            entry.new, entry.last = change.new, last
            if entry.base is None:
                is_so_again = entry.new is None  # came and went unseen
            else:  # went astray and came back
                is_so_again = entry.new is not None and entry.new.same_as(entry.base)
            if is_so_again:
                del self._pending[target]
                self._pressing.pop(target, None)
                return
        if _is_pressing(entry.base, entry.new):
            self._pressing[target] = None
        else:
            self._pressing.pop(target, None)

    def touch(self) -> None:
        """Problems, health or readiness changed."""
        self._touched = True

    def _has_news(self) -> bool:
        return self._touched or bool(self._pending)

    def should_ring(self) -> bool:
        """True, once until ``take``, when there is something to take; and once more when it is pressing."""
        if self._closed or not self._has_news() or (self._rung_pressing if self._pressing else self._rung):
            return False
        self._rung, self._rung_pressing = True, bool(self._pressing)
        return True

    def wake(self) -> None:
        """Call the consumer; an error there is logged and tried again with the next change."""
        try:
            self._wake()
        except Exception:  # noqa: BLE001 - a consumer's mistake must not stop the monitor for the others
            _log.exception("nobody could be told of what was seen; it is tried again")
            with self._hub.lock:
                self._rung = self._rung_pressing = False


class Hub:
    """Commits changes to the inventory and hands them to every subscription, under one lock."""

    def __init__(self, inventory: Inventory) -> None:
        self.lock = threading.Lock()
        self.generation = 0
        self.ready = False
        self.problems: tuple[Problem, ...] = ()
        self.health: tuple[SourceHealth, ...] = ()
        #: Cleared while a consumer has the very first rows still to draw.
        self.drawn = threading.Event()
        self.drawn.set()
        self._inventory = inventory
        self._subscriptions: list[Subscription] = []

    def subscribe(self, wake: Wake, *, draws: bool = False) -> Subscription:
        """A new consumer; its first batch is the complete state.  ``draws``: it tells when that can be seen."""
        subscription = Subscription(self, wake)
        if draws:
            self.drawn.clear()
        with self.lock:
            for observation in self._inventory.observations():
                subscription.record(Change(observation.target, None, observation))
            if self.ready:
                subscription.touch()
            self._subscriptions.append(subscription)
        return subscription

    def let_draw(self) -> None:
        """Wait, once, until the first rows are drawn: two threads that both want Python's lock get half of it each."""
        if not self.drawn.is_set():
            self.drawn.wait(_DRAWING)
            self.drawn.set()

    def forget(self, subscription: Subscription) -> None:
        """Drop a closed subscription (lock held)."""
        if subscription in self._subscriptions:
            self._subscriptions.remove(subscription)

    def commit(self, changes: Sequence[Change]) -> None:
        """Make these the newest states and give them to everybody."""
        if not changes:
            return
        with self.lock:
            self.generation += 1
            for change in changes:
                if change.new is None:
                    self._inventory.drop(change.target)
                else:
                    self._inventory.put(change.new)
                for subscription in self._subscriptions:
                    subscription.record(change)

    def state(
        self,
        *,
        ready: bool,
        problems: tuple[Problem, ...],
        health: tuple[SourceHealth, ...],
        notable: bool,
    ) -> None:
        """Replace what every batch carries; ``notable`` makes it a batch of its own."""
        with self.lock:
            notable = notable or (ready and not self.ready)
            self.ready = self.ready or ready
            self.problems = problems
            self.health = health
            if notable:
                self.generation += 1
                for subscription in self._subscriptions:
                    subscription.touch()

    def ring(self) -> None:
        """Wake every consumer that has something to take and was not woken for it yet."""
        with self.lock:
            due = [subscription for subscription in self._subscriptions if subscription.should_ring()]
        for subscription in due:
            subscription.wake()
