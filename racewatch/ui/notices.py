"""What is worth a notification of the desktop, gathered: a storm is one notification with a count.

Told is what happens while nobody looks: nothing while a window of ours has the keyboard and shows what is new, nothing
of what was so already when the watching began, and of what this window does itself only that it ended.
"""

from __future__ import annotations

import enum
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from PySide6.QtCore import QObject, QTimer, Signal

from racewatch.core.model import Target


class Topic(enum.StrEnum):
    """What a notification is about; each is turned on by itself."""

    STALE = "stale"
    FREE = "free"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Pace:
    """In seconds: told after so long without news, at the latest after ``most``, and not again before ``rest``."""

    quiet: float
    most: float
    rest: float


PACES: Final = {
    Topic.STALE: Pace(0.8, 4.0, 30.0),
    Topic.FREE: Pace(0.1, 1.0, 2.0),
    Topic.ENDED: Pace(0.2, 2.0, 2.0),
}
#: What this window has just acted on is no news for so long (seconds).
OWN_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to tell.  ``title`` and ``more`` are for when it is told alone; ``action`` is the act it is about."""

    target: Target
    text: str
    title: str
    more: str = ""
    action: str = ""


@dataclass(slots=True)
class _Gathered:
    items: dict[Target, Item] = field(default_factory=dict)
    first: float = 0.0
    last: float = 0.0
    told: float = float("-inf")


class Notices(QObject):
    """``due`` carries a topic and its items, when they are to be told."""

    due = Signal(object, object)

    def __init__(
        self,
        parent: QObject,
        *,
        looked_at: Callable[[], bool],
        at_work: Callable[[], bool],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``looked_at``: somebody sees it anyway; ``at_work``: an act is under way, what it does is not known yet."""
        super().__init__(parent)
        self._looked_at = looked_at
        self._at_work = at_work
        self._clock = clock
        self._on: frozenset[Topic] = frozenset()
        self._gathered = {topic: _Gathered() for topic in Topic}
        self._own: dict[Target, float] = {}
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._look)

    def turn(self, on: Iterable[Topic]) -> None:
        """Tell of these topics, and of no other."""
        self._on = frozenset(on)
        for topic in set(Topic) - self._on:
            self._gathered[topic].items.clear()

    def add(self, topic: Topic, item: Item) -> None:
        """Something happened."""
        if topic not in self._on:
            return
        gathered, now = self._gathered[topic], self._clock()
        if not gathered.items:
            gathered.first = now
        gathered.last = now
        gathered.items[item.target] = item
        self._wake()

    def drop(self, topic: Topic, target: Target) -> None:
        """It is not so any more."""
        self._gathered[topic].items.pop(target, None)

    def own(self, targets: Iterable[Target]) -> None:
        """This window acted on these: what comes of that is no news."""
        now = self._clock()
        self._own = {target: until for target, until in self._own.items() if until > now}
        self._own.update(dict.fromkeys(targets, now + OWN_SECONDS))

    def _at(self, topic: Topic) -> float:
        gathered, pace = self._gathered[topic], PACES[topic]
        soon = min(gathered.last + pace.quiet, gathered.first + pace.most)
        return max(soon, gathered.told + pace.rest)

    def _wake(self) -> None:
        waiting = [self._at(topic) for topic, gathered in self._gathered.items() if gathered.items]
        if waiting:
            self._timer.start(max(round((min(waiting) - self._clock()) * 1000), 10))

    def _look(self) -> None:
        now = self._clock()
        for topic, gathered in self._gathered.items():
            if not gathered.items or self._at(topic) > now + 0.005:
                continue
            if topic is Topic.STALE and self._at_work():
                gathered.first = gathered.last = (
                    now  # what it puts back, or leaves, is known when it has ended
                )
                continue
            items, gathered.items = list(gathered.items.values()), {}
            if topic is Topic.STALE:
                items = [item for item in items if self._own.get(item.target, now) <= now]
            if items and not self._looked_at():
                gathered.told = now
                self.due.emit(topic, items)
        self._wake()

    def close(self) -> None:
        """Nothing is told any more."""
        self.turn(())
        self._timer.stop()
