"""The journal in words: how an act ended, what was before and after it, until when it can be taken back."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import Final

from racewatch.core import wire
from racewatch.core.model import HistoryEntry, OutcomeWord
from racewatch.core.text import display
from racewatch.ui import words
from racewatch.ui.tr import marked, recorded, tr

TITLES: Final = ("Started", "Ended", "Verb", "Kind", "Target", "Outcome", "What happened", "Action")
_VERBS: Final = {"remove": marked("remove"), "undo": marked("undo"), "purge": marked("purge")}
_DAY: Final = 86400.0


class Ended(enum.Enum):
    """The outcomes as one looks for them; the values are what people read."""

    ANY = marked("Any outcome")
    DONE = marked("Done")
    REFUSED = marked("Refused")
    FAILED = marked("Failed")
    UNDONE = marked("Undone")
    CAN_UNDO = marked("Can be put back")
    OPEN = marked("Under way")

    def holds(self, entry: HistoryEntry) -> bool:
        """Whether an entry is one of these."""
        word = entry.word
        return {
            Ended.ANY: True,
            Ended.DONE: word is not None and word.is_success,
            Ended.REFUSED: word is not None and word.is_refusal,
            Ended.FAILED: word is OutcomeWord.FAILED,
            Ended.UNDONE: entry.undone_by is not None,
            Ended.CAN_UNDO: can_undo(entry),
            Ended.OPEN: word is None,
        }[self]


class Since(enum.Enum):
    """How far back; the values are what people read."""

    EVER = marked("Any time")
    HOUR = marked("The last hour")
    DAY = marked("The last 24 hours")
    WEEK = marked("The last 7 days")

    def holds(self, entry: HistoryEntry, now: float) -> bool:
        """Whether an entry began that lately."""
        length = {Since.EVER: None, Since.HOUR: 3600.0, Since.DAY: _DAY, Since.WEEK: 7 * _DAY}[self]
        return length is None or entry.started_at >= now - length


def can_undo(entry: HistoryEntry) -> bool:
    """Whether it can be put back (if its name is free)."""
    return entry.undoable and entry.undone_by is None


def outcome_text(entry: HistoryEntry) -> str:
    """How it ended, in words."""
    if entry.word is None:
        return tr("under way")
    return tr("undone") if entry.undone_by else words.outcome_word(entry.word)


def verb(entry: HistoryEntry) -> str:
    """What was done, in a word: ``remove``, ``undo``, ``purge``."""
    return tr(_VERBS.get(entry.verb, entry.verb))


def verbs() -> list[str]:
    """All words for what was done."""
    return [tr(verb) for verb in _VERBS.values()]


def outcomes() -> list[str]:
    """All words for how it ended."""
    return [*map(words.outcome_word, OutcomeWord), tr("under way"), tr("undone")]


def entry_path(entry: HistoryEntry) -> str:
    """The path (or locator) of an entry in its display form."""
    return display(entry.path if entry.path is not None else entry.target.locator)


def told(entry: HistoryEntry) -> str:
    """What happened, without the path that it begins with: in the table that stands beside it."""
    path = entry_path(entry)
    return entry.summary[len(path) :].lstrip() if entry.summary.startswith(f"{path} ") else entry.summary


def row(entry: HistoryEntry) -> tuple[str, ...]:
    """An entry as one row of a table."""
    return (
        wire.time_to_text(entry.started_at),
        "" if entry.ended_at is None else wire.time_to_text(entry.ended_at),
        entry.verb,
        entry.target.kind.value,
        entry_path(entry),
        outcome_text(entry),
        entry.summary,
        entry.action,
    )


def haystack(entry: HistoryEntry) -> str:
    """What a search looks through, in one case."""
    seen = entry.observation
    shown = (verb(entry), outcome_text(entry))
    with recorded():
        parts = [*shown, entry.verb, entry_path(entry), outcome_text(entry), entry.summary, entry.action]
    if seen is not None:
        parts += [seen.label, words.owner_text(seen.owner), seen.format or ""]
    return "\n".join(parts).casefold()


def before(entry: HistoryEntry) -> list[tuple[str, str]]:
    """What it was at the last look before the act, as far as there was one."""
    seen = entry.observation
    if seen is None:
        return []
    pairs = [
        (tr("State"), f"{words.state_word(seen.verdict.value)}: {seen.label}"),
        (tr("Owner"), words.owner_text(seen.owner)),
        (tr("There since"), words.there_since(seen)),
        (tr("Seen"), words.full_moment(seen.seen_at)),
    ]
    return [(name, value) for name, value in pairs if value]


def after(entry: HistoryEntry) -> str:
    """What was there after it."""
    if entry.word is None:
        return tr(
            "Not known yet: it is under way, or was interrupted; the next start of racewatch brings it "
            "to an end."
        )
    if entry.word is OutcomeWord.GONE:
        return tr("It was not there any more; nothing was touched.")
    if entry.word.is_refusal:
        return tr("It stayed as it was; nothing was touched.")
    if entry.word is OutcomeWord.FAILED:
        return tr("What was moved is back, or where it is stands above.")
    if entry.verb == "undo":
        return tr("It was back under its name.")
    if entry.verb == "purge":
        return tr("What had been kept aside was gone for good.")
    if entry.undone_by:
        return tr("Its name was free, until it was put back.")
    return (
        tr("Its name was free, and the thing itself kept aside.") if entry.kept else tr("Its name was free.")
    )


def until(entry: HistoryEntry, keep_days: float) -> str:
    """Until when it can be put back; nothing for what cannot be."""
    if not can_undo(entry):
        return ""
    if entry.kept:
        return tr("Kept aside until it is freed; it is never forgotten.")
    ends = (entry.ended_at or entry.started_at) + keep_days * _DAY
    return tr("Until {when}; forgotten by the first start after that.").format(when=words.full_moment(ends))


def retention(keep_days: int) -> str:
    """What is kept how long, in a sentence."""
    return tr("What was removed can be put back for %n day(s); the lines stay.", "", keep_days)


def recovered(entries: Sequence[HistoryEntry]) -> str:
    """What was brought to an end at this start, in a sentence."""
    summaries = "; ".join(entry.summary for entry in entries[:3])
    said = tr("%n act(s) that had been interrupted brought to an end: {summaries}.", "", len(entries))
    return said.format(summaries=summaries)


def recovered_details(entries: Sequence[HistoryEntry]) -> str:
    """The same, a line each."""
    return "\n".join(f"{entry.action}: {entry.summary}" for entry in entries)
