"""Timelines in words: what a picture of one shows, for tooltips, screen readers and the clipboard."""

from __future__ import annotations

import time
from typing import Final

from racewatch.core.text import display_text
from racewatch.monitor.timeline import WINDOW, Event, Timeline, What
from racewatch.ui import words
from racewatch.ui.tr import marked, tr

_WHAT: Final = {
    What.APPEARED: marked("appeared"),
    What.GONE: marked("gone"),
    What.LIVE: marked("live"),
    What.STALE: marked("stale"),
    What.IDLE: marked("idle"),
    What.UNKNOWN: marked("unknown"),
    What.OWNER_CAME: marked("owner came"),
    What.OWNER_CHANGED: marked("owner changed"),
    What.OWNER_GONE: marked("owner gone"),
    What.ACTED: marked("acted on"),
}
TITLE: Final = marked("Timeline")
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
    return tr("%n change(s)", "", count) if count else tr("no changes")


def beginning(scale: float) -> str:
    """What stands at the left end of a picture of so many seconds: ``10 min ago``."""
    return tr("{minutes} min ago").format(minutes=f"{scale / 60:.0f}")


def short(timeline: Timeline | None, now: float) -> str:
    """What it is and for how long, what it was before, how often it changed."""
    if timeline is None:
        return ""
    *earlier, last = timeline.pieces(now)
    parts = [f"{words.state_word(last.state.value)} {_lasting(last.ended - last.begun)}"]
    if earlier:
        before = earlier[-1]
        lasted = _lasting(before.ended - before.begun)
        parts.append(
            tr("before {state} {time}").format(state=words.state_word(before.state.value), time=lasted)
        )
    return ", ".join((*parts, changes(timeline.changes(now))))


def _lasting(seconds: float) -> str:
    return tr("over {time}").format(time=duration(WINDOW)) if seconds >= WINDOW else duration(seconds)


def lines(timeline: Timeline | None, now: float, wall: float | None = None) -> str:
    """The same with its last events, newest first, one on each line."""
    if timeline is None:
        return ""
    events = timeline.events(now)[::-1]
    told = [event_line(event, now, wall) for event in events[:_MOST_LINES]]
    if len(events) > _MOST_LINES:
        told.append(tr("and %n earlier", "", len(events) - _MOST_LINES))
    return "\n".join((short(timeline, now), *told))


def what(event: Event) -> str:
    """What it was, in a word or two."""
    return tr(_WHAT[event.what])


def event_line(event: Event, now: float, wall: float | None = None) -> str:
    """``12:03:04 owner gone: redis (4711)``."""
    detail = f": {display_text(event.detail)}" if event.detail else ""
    return f"{clock(event.at, now, wall)} {what(event)}{detail}"


def clock(at: float, now: float, wall: float | None = None) -> str:
    """The time of day of a moment of CLOCK_MONOTONIC; ``wall`` is what the clock on the wall says at ``now``."""
    return words.moment((time.time() if wall is None else wall) - (now - at))
