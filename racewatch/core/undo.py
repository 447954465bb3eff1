"""Taking an act back: the journal's record, the same guard, and a rename that never overwrites."""

from __future__ import annotations

import os
from dataclasses import replace

from racewatch.core.act import Hook, Step, no_hook
from racewatch.core.journal import Journal, JournalError, new_action_id
from racewatch.core.kind import Stop
from racewatch.core.model import HistoryEntry, Outcome, OutcomeWord
from racewatch.core.name_record import NameRecord
from racewatch.core.put_back import Guards, put_back
from racewatch.core.text import display


class NoSuchAction(LookupError):
    """The journal knows no action of that name."""


def undo(action: str, journal: Journal, *, on_step: Hook = no_hook) -> Outcome:
    """Put back what an act removed, if its name is still free.

    Raises :class:`NoSuchAction` for an unknown action and :class:`JournalError` when the journal
    cannot be read; everything else is an outcome.  Undoing twice is refused, not repeated.
    """
    entry = journal.entry(action)
    record = journal.undo_record(action)
    if entry is None:
        raise NoSuchAction(action)
    new = new_action_id()
    if record is None or not entry.undoable or entry.observation is None:
        return _ended(entry, new, _not_undoable(entry), journal)
    on_step(Step.CLAIM)
    alive = journal.claim(new)
    if alive is None:
        raise AssertionError("a new action id is locked by somebody else")
    try:
        name = NameRecord.read(record.data)
        on_step(Step.GUARD)
        guards = Guards()
        stop = guards.take(name)
        if stop is not None:
            return _ended(entry, new, stop, journal)
        try:
            on_step(Step.INTENT)
            try:
                journal.intend(new, "undo", entry.observation, record, refers_to=action)
            except JournalError as error:
                return _ended(
                    entry, new, Stop(OutcomeWord.FAILED, f"nothing was put back, because {error}"), journal
                )
            on_step(Step.RESTORE)
            stop = put_back(name, guards, new)
        finally:
            guards.close()
        on_step(Step.RECORD)
        return _ended(entry, new, stop, journal)
    finally:
        os.close(alive)


def _not_undoable(entry: HistoryEntry) -> Stop:
    if entry.undone_by is not None:
        why = "it was taken back already"
    elif entry.word is None:
        why = "it is still under way"
    else:
        why = "it removed nothing that could be put back"
    return Stop(OutcomeWord.REFUSED_FORBIDDEN, f"action {entry.action} cannot be undone: {why}")


def _ended(entry: HistoryEntry, new: str, stop: Stop | None, journal: Journal) -> Outcome:
    if stop is None:
        where = display(entry.path) if entry.path else entry.action
        outcome = Outcome(entry.target, new, OutcomeWord.DONE, f"put back: {where}")
    else:
        outcome = Outcome(entry.target, new, stop.word, stop.summary, error=stop.error)
    try:
        journal.finish(outcome, verb="undo", refers_to=entry.action)
    except JournalError as error:
        return replace(outcome, error=f"the end of this undo could not be recorded: {error}")
    return outcome
