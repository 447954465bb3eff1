"""Batches folded into what happened: a timeline for each target, counts over time, what flaps.

No clock of its own: the caller says when a batch arrived (CLOCK_MONOTONIC), and that moment is what is
kept; while batches are held back, changes are dated when they are let in.

Memory.  A target that is there and quiet costs one small entry that shares its timeline with the
others of its batch.  More than its present state is kept of at most :data:`MOST_CHANGED` targets, those
that changed last, for :data:`~racewatch.monitor.timeline.WINDOW` seconds: at most 64 references to
shared spans and 16 marks each.  One that is gone is forgotten with that.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import Final, NamedTuple

from racewatch.core.model import KindName, Observation, Target
from racewatch.monitor.batch import Batch
from racewatch.monitor.tally import Tally
from racewatch.monitor.timeline import (
    SCALES,
    STATE_OF,
    WINDOW,
    Event,
    Span,
    State,
    Timeline,
    What,
    owner_event,
)

MOST_CHANGED: Final = 16_384
#: So many acts are remembered as told; the journal is read that far back at most.
MOST_ACTIONS: Final = 4096
#: Fewer changes than this in the window are an ordinary life, not flapping.
FLAPS_FROM: Final = 3


class Flap(NamedTuple):
    """A target that keeps changing."""

    seen: Observation
    timeline: Timeline
    changes: int


class _Known:
    """What was seen of a target last, and what happened to it."""

    __slots__ = ("seen", "timeline")

    def __init__(self, seen: Observation, timeline: Timeline) -> None:
        self.seen = seen
        self.timeline = timeline


class Chronicle:
    """Fold every batch of one subscription in, in order.  Not thread-safe."""

    def __init__(self, since: Callable[[Observation], str]) -> None:
        """``since`` tells from when a thing is, as sortable text (empty: not known)."""
        self.tally = Tally(since)
        self._known: dict[Target, _Known] = {}
        # Ordered by the time of the last change; what falls out at the front loses its past.
        # (By entry, not by target: the hash of a target is computed anew each time.)
        self._changed: dict[_Known, float] = {}
        self._actions: dict[str, None] = {}
        self._ready_at: float | None = None
        self._spans: dict[State, Span] = {}
        self._new: dict[State, Timeline] = {}

    @property
    def ready_at(self) -> float | None:
        """When the first look was complete; None before."""
        return self._ready_at

    def scale(self, now: float) -> float:
        """How much of the past a picture should show: the least of the scales that has it all."""
        watched = now - self._ready_at if self._ready_at is not None else 0.0
        return next((scale for scale in SCALES if watched <= scale), WINDOW)

    def of(self, target: Target) -> Timeline | None:
        """What happened to this target; None when nothing is known of it (any more)."""
        known = self._known.get(target)
        return known.timeline if known is not None else None

    def seen(self, target: Target) -> Observation | None:
        """What was seen of this target last; None when it is not there."""
        known = self._known.get(target)
        return known.seen if known is not None and known.timeline.state is not State.GONE else None

    def present(self, kind: KindName | None = None) -> list[Target]:
        """Everything that is there, of this kind or of all, in the order in which it came."""
        return [
            target
            for target, known in self._known.items()
            if known.timeline.state is not State.GONE and kind in (None, target.kind)
        ]

    def fold(self, batch: Batch, now: float) -> None:
        """Take in what changed; ``now`` never goes back."""
        self._spans.clear()  # spans and first timelines are shared inside one batch
        self._new.clear()
        for seen in (*batch.added, *batch.changed):
            self._saw(seen, now)
        for seen in batch.gone:
            self._went(seen.target, now)
        self._forget(now)
        if batch.ready:
            self._ready_at = now
        if self._ready_at is not None:
            self.tally.sample(now)

    def _saw(self, seen: Observation, now: float) -> None:
        known = self._known.get(seen.target)
        state = STATE_OF[seen.verdict]
        if known is None:
            known = self._known[seen.target] = _Known(seen, self._first(state, now))
            self.tally.change(None, seen)
            if self._ready_at is not None:
                self._touch(known, now)
            return
        was_gone = known.timeline.state is State.GONE
        self.tally.change(None if was_gone else known.seen, seen)
        timeline = known.timeline.became(self._span(state, now))
        event = None if was_gone else owner_event(known.seen, seen, now)
        if event is not None:
            timeline = timeline.marked(event)
        if timeline is not known.timeline:
            known.timeline = timeline
            self._touch(known, now)
        known.seen = seen

    def _went(self, target: Target, now: float) -> None:
        known = self._known.get(target)
        if known is None or known.timeline.state is State.GONE:
            return
        self.tally.change(known.seen, None)
        known.timeline = known.timeline.became(self._span(State.GONE, now))
        self._touch(known, now)

    def _span(self, state: State, now: float) -> Span:
        return self._spans.setdefault(state, Span(state, now))

    def _first(self, state: State, now: float) -> Timeline:
        timeline = self._new.get(state)
        if timeline is None:
            span = self._span(state, now)
            # Since everything was looked at once, what is new was not there before.
            before = () if self._ready_at is None else (Span(State.GONE, self._ready_at),)
            timeline = self._new[state] = Timeline((*before, span))
        return timeline

    def _touch(self, known: _Known, now: float) -> None:
        self._changed.pop(known, None)
        self._changed[known] = now

    def _forget(self, now: float) -> None:
        while self._changed:
            known = next(iter(self._changed))
            if len(self._changed) <= MOST_CHANGED and self._changed[known] > now - WINDOW:
                return
            del self._changed[known]
            if known.timeline.state is State.GONE:
                del self._known[known.seen.target]
            else:
                known.timeline = known.timeline.last_only()

    def acted(self, target: Target, action: str, at: float, detail: str) -> bool:
        """Somebody acted on it, by the journal; False when it is not known, or was told of this action."""
        known = self._known.get(target)
        if known is None or action in self._actions:
            return False
        self._actions[action] = None
        if len(self._actions) > MOST_ACTIONS:
            del self._actions[next(iter(self._actions))]
        known.timeline = known.timeline.marked(Event(at, What.ACTED, detail))
        if known not in self._changed:
            self._touch(known, max(at, known.timeline.spans[-1].begun))
        return True

    def moves(self, now: float) -> bool:
        """Whether time alone changes what there is to show: something happened in the window."""
        last = max(self._ready_at or 0.0, next(reversed(self._changed.values()), 0.0))
        return self._ready_at is not None and last > now - WINDOW

    def flapping(self, now: float, most: int) -> list[Flap]:
        """What changed at least :data:`FLAPS_FROM` times in the window, most changes first."""
        found: list[Flap] = []
        for known in self._changed:
            if len(known.timeline.spans) > FLAPS_FROM:
                changes = known.timeline.changes(now)
                if changes >= FLAPS_FROM:
                    found.append(Flap(known.seen, known.timeline, changes))
        return heapq.nsmallest(most, found, key=_liveliness)


def _liveliness(flap: Flap) -> tuple[int, bytes, str]:
    return (-flap.changes, flap.seen.target.locator, flap.seen.target.kind.value)
