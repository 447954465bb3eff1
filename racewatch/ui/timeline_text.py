"""Timelines in words: what a picture of one shows, for tooltips, screen readers and the clipboard."""

from __future__ import annotations

import time
from typing import Final

from racewatch.core.text import display_text
from racewatch.monitor.timeline import WINDOW, Event, Timeline
from racewatch.ui import words

TITLE: Final = "Timeline"
_MOST_LINES: Final = 8


def duration(seconds: float) -> str:
    """``20 s``, ``4 min``, ``2 h``."""
    if seconds < 90:
        return f"{max(seconds, 0):.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.0f} h"


def changes(count: int) -> str:
    """``no changes``, ``1 change``, ``7 changes``."""
    return "1 change" if count == 1 else f"{count or 'no'} changes"


def beginning(scale: float) -> str:
    """What stands at the left end of a picture of so many seconds: ``10 min ago``."""
    return f"{scale / 60:.0f} min ago"


def short(timeline: Timeline | None, now: float) -> str:
    """What it is and for how long, what it was before, how often it changed."""
    if timeline is None:
        return ""
    *earlier, last = timeline.pieces(now)
    parts = [f"{last.state.value} {_lasting(last.ended - last.begun)}"]
    if earlier:
        before = earlier[-1]
        parts.append(f"before {before.state.value} {_lasting(before.ended - before.begun)}")
    return ", ".join((*parts, changes(timeline.changes(now))))


def _lasting(seconds: float) -> str:
    return f"over {duration(WINDOW)}" if seconds >= WINDOW else duration(seconds)


def lines(timeline: Timeline | None, now: float, wall: float | None = None) -> str:
    """The same with its last events, newest first, one on each line."""
    if timeline is None:
        return ""
    events = timeline.events(now)[::-1]
    told = [event_line(event, now, wall) for event in events[:_MOST_LINES]]
    if len(events) > _MOST_LINES:
        told.append(f"and {len(events) - _MOST_LINES} earlier")
    return "\n".join((short(timeline, now), *told))


def event_line(event: Event, now: float, wall: float | None = None) -> str:
    """``12:03:04 owner gone: redis (4711)``."""
    detail = f": {display_text(event.detail)}" if event.detail else ""
    return f"{clock(event.at, now, wall)} {event.what.value}{detail}"


def clock(at: float, now: float, wall: float | None = None) -> str:
    """The time of day of a moment of CLOCK_MONOTONIC; ``wall`` is what the clock on the wall says at ``now``."""
    return words.moment((time.time() if wall is None else wall) - (now - at))
