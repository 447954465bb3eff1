"""What was done lately, by whomever, in the timelines of the things it was done to."""

from __future__ import annotations

import time
from collections.abc import Sequence

from racewatch.core.model import HistoryEntry
from racewatch.monitor.chronicle import Chronicle
from racewatch.monitor.timeline import WINDOW
from racewatch.ui import history_text, words


def mark_acts(chronicle: Chronicle, entries: Sequence[HistoryEntry]) -> None:
    """Put the acts that have ended within the window of time into the chronicle."""
    now, offset = time.monotonic(), time.monotonic() - time.time()
    for entry in entries:
        if entry.word is None or entry.ended_at is None:
            continue
        if entry.ended_at + offset > now - WINDOW:
            detail = f"{history_text.verb(entry)}, {words.outcome_word(entry.word)}"
            chronicle.acted(entry.target, entry.action, entry.ended_at + offset, detail)
