"""What happened to one target lately: the states it went through and the events between them.

Values only: no clock of its own; every time is CLOCK_MONOTONIC seconds that the caller gives.
"""

from __future__ import annotations

import enum
from bisect import bisect_right
from dataclasses import dataclass
from typing import Final, NamedTuple

from racewatch.core.model import Observation, Verdict

#: How far back a timeline goes (seconds).
#: Whoever appeared is looked at more closely for this long (seconds); what it is then, it was from the beginning.
GLANCE: Final = 1.0
WINDOW: Final = 600.0
#: How much of it a picture shows: in the first minutes less, so that there is something to see.
SCALES: Final = (60.0, 120.0, 300.0, WINDOW)
MOST_SPANS: Final = 64
MOST_MARKS: Final = 16


class State(enum.StrEnum):
    """What a target was for a while: a verdict, or not there."""

    LIVE = "live"
    STALE = "stale"
    IDLE = "idle"
    UNKNOWN = "unknown"
    GONE = "gone"


STATE_OF: Final = {verdict: State(verdict.value) for verdict in Verdict}


class What(enum.StrEnum):
    """What an event was: the state that a target came into, or what else happened.

    ``OWNER_GONE``: the thing is not in use any more and its owner does not hold it any more; that the
    process died is likely, but it may also have let go.
    """

    APPEARED = "appeared"
    GONE = "gone"
    LIVE = "live"
    STALE = "stale"
    IDLE = "idle"
    UNKNOWN = "unknown"
    OWNER_CAME = "owner came"
    OWNER_CHANGED = "owner changed"
    OWNER_GONE = "owner gone"
    ACTED = "acted on"


#: How it is told as the detail of a change of state.
_OF_OWNER: Final = {
    What.OWNER_CAME: "{} came",
    What.OWNER_CHANGED: "{}",
    What.OWNER_GONE: "{} gone",
}


class Span(NamedTuple):
    """A state that lasts from ``begun`` to the beginning of the next span, or until now."""

    state: State
    begun: float


class Piece(NamedTuple):
    """A part of the window in which one state held."""

    state: State
    begun: float
    ended: float


class Event(NamedTuple):
    """One moment worth a label."""

    at: float
    what: What
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Timeline:
    """Spans and marks of one target, both oldest first; equal timelines may be one object.

    Two spans that follow each other differ in state.  Of what was before ``begun`` nothing is known:
    it was not watched yet, or there was too much to keep (at most :data:`MOST_SPANS` and
    :data:`MOST_MARKS`).  A quick change that the monitor folded into one batch is not in it.
    """

    spans: tuple[Span, ...]
    marks: tuple[Event, ...] = ()

    @property
    def state(self) -> State:
        """What it is now."""
        return self.spans[-1].state

    @property
    def begun(self) -> float:
        """Where the knowledge begins."""
        return self.spans[0].begun

    def became(self, span: Span) -> Timeline:
        """With one more span at its end; itself when that is no change.

        What had only just appeared, and could not be told at first sight, was this from its beginning.
        """
        if span.state is self.state:
            return self
        last = self.spans[-1]
        at_first_sight = last.state is State.UNKNOWN and span.begun < last.begun + GLANCE
        if at_first_sight and span.state is not State.GONE and self._has_appeared:
            return Timeline((*self.spans[:-1], Span(span.state, last.begun)), self.marks)
        kept = (*self.spans, span)[-MOST_SPANS:]
        return Timeline(_from(kept, span.begun - WINDOW), self.marks)

    @property
    def _has_appeared(self) -> bool:
        """Whether it is what it was when it came."""
        return len(self.spans) > 1 and self.spans[-2].state is State.GONE

    def marked(self, mark: Event) -> Timeline:
        """With one more mark, in its place by time."""
        kept = (*self.marks, mark)
        if self.marks and mark.at < self.marks[-1].at:
            kept = tuple(sorted(kept, key=_at))
        return Timeline(self.spans, kept[-MOST_MARKS:])

    def last_only(self) -> Timeline:
        """Nothing but what it is now."""
        return Timeline(self.spans[-1:])

    def changes(self, now: float) -> int:
        """How often its state changed in the window before ``now``."""
        return len(self.spans) - bisect_right(self.spans, now - WINDOW, lo=1, key=_begun)

    def moves(self, now: float) -> bool:
        """Whether time alone changes its picture: something in the window is not the same all along."""
        return self.spans[-1].begun > now - WINDOW

    def pieces(self, now: float, scale: float = WINDOW) -> list[Piece]:
        """The last ``scale`` seconds before ``now``, oldest first, without what is not known."""
        first = now - scale
        ends = [*(span.begun for span in self.spans[1:]), now]
        return [
            Piece(span.state, max(span.begun, first), ended)
            for span, ended in zip(self.spans, ends, strict=True)
            if ended > first
        ]

    def events(self, now: float) -> list[Event]:
        """Everything that happened in the window before ``now``, oldest first.

        What became of the owner in the same moment is the detail of the change of state.
        """
        first = now - WINDOW
        changes = {
            span.begun: Event(span.begun, _became(before.state, span.state))
            for before, span in zip(self.spans, self.spans[1:], strict=False)
            if span.begun > first
        }
        others: list[Event] = []
        for mark in self.marks:
            change = changes.get(mark.at)
            if change is not None and mark.what in _OF_OWNER:
                changes[mark.at] = change._replace(detail=_OF_OWNER[mark.what].format(mark.detail))
            elif mark.at > first:
                others.append(mark)
        return sorted((*changes.values(), *others), key=_at)


def owner_event(before: Observation, after: Observation, at: float) -> Event | None:
    """What happened to the owner between two looks; None when nothing that can be told."""
    old, new = before.owner, after.owner
    if old is None and new is None:
        return None
    if old is None or new is None:
        if new is not None:
            return Event(at, What.OWNER_CAME, f"{new.name} ({new.pid})")
        # Of what is live or unknown the owner may only not have been seen this time.
        if old is None or after.verdict not in (Verdict.STALE, Verdict.IDLE):
            return None
        return Event(at, What.OWNER_GONE, f"{old.name} ({old.pid})")
    if (old.pid, old.start_ticks) == (new.pid, new.start_ticks):
        return None
    return Event(at, What.OWNER_CHANGED, f"{old.name} ({old.pid}) → {new.name} ({new.pid})")


def _became(before: State, after: State) -> What:
    if after is State.GONE:
        return What.GONE
    return What.APPEARED if before is State.GONE else What(after.value)


def _from(spans: tuple[Span, ...], first: float) -> tuple[Span, ...]:
    at = 0
    while at + 1 < len(spans) and spans[at + 1].begun <= first:
        at += 1
    return spans[at:]


def _begun(span: Span) -> float:
    return span.begun


def _at(event: Event) -> float:
    return event.at
