"""Taking an act back: the journal's record, the same guard, and a rename that never overwrites."""

from __future__ import annotations

import os
from dataclasses import replace

from racewatch.core.act import Hook, Step, no_hook
from racewatch.core.journal import Journal, JournalError, new_action_id
from racewatch.core.kind import Stop, UndoRecord
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
        stop: Stop | None
        try:
            name = NameRecord.read(record.data)
        except (KeyError, ValueError) as error:
            stop = Stop(
                OutcomeWord.FAILED,
                f"action {action} cannot be undone: its record in the journal is damaged",
                error=str(error),
            )
            return _ended(entry, new, stop, journal)
        on_step(Step.GUARD)
        guards = Guards()
        stop = guards.take(name)
        try:
            if stop is None:
                stop = _put_back(entry, new, record, name, guards, journal, on_step)
            on_step(Step.RECORD)
            # Still under the guard: until it is recorded, another undo takes this one for not done.
            return _ended(entry, new, stop, journal)
        finally:
            guards.close()
    finally:
        os.close(alive)


def _put_back(
    entry: HistoryEntry,
    new: str,
    record: UndoRecord,
    name: NameRecord,
    guards: Guards,
    journal: Journal,
    on_step: Hook,
) -> Stop | None:
    # Race: another undo of the same action came through since we read its entry.  Asked again under the
    # guard that both need, so that nothing is made a second time.  Left open: nothing.
    now = journal.entry(entry.action)
    if now is None or not now.undoable or now.observation is None:
        return _not_undoable(now or entry)
    on_step(Step.INTENT)
    try:
        journal.intend(new, "undo", now.observation, record, refers_to=entry.action)
    except JournalError as error:
        return Stop(OutcomeWord.FAILED, f"nothing was put back, because {error}", error=str(error))
    on_step(Step.RESTORE)
    try:
        return put_back(name, guards, new)
    except OSError as error:
        # A directory that may be listed but not searched, for example.
        return Stop(
            OutcomeWord.FAILED, f"{display(name.path)} was not put back: {error.strerror}", error=str(error)
        )


def _not_undoable(entry: HistoryEntry) -> Stop:
    if entry.undone_by is not None:
        why = "it was taken back already"
    elif entry.word is None:
        why = "it is still under way"
    elif entry.undoable:
        why = "its record in the journal is damaged"
    elif entry.verb == "remove" and entry.word is OutcomeWord.DONE:
        why = "it was removed longer ago than removed things are kept (keep_days in the configuration)"
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
