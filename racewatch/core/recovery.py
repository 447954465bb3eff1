"""At every start: settle the acts that a crash interrupted, and no other."""

from __future__ import annotations

import os
import time
from typing import Final

from racewatch.core import by_owner, settle_exchange
from racewatch.core.by_owner import AskOwner, nobody_to_ask
from racewatch.core.exchange import METHOD, Exchange, Unfinished
from racewatch.core.guard import DirectoryGuard
from racewatch.core.journal import Journal, OpenAct
from racewatch.core.kind import Stop, UndoRecord
from racewatch.core.model import HistoryEntry, Outcome, OutcomeWord
from racewatch.core.name_record import NameRecord
from racewatch.core.purge import VERB
from racewatch.core.put_back import Guards, settle_removal, settle_undo
from racewatch.core.text import display

_PATIENCE_SECONDS: Final = 2.0


def recover(journal: Journal, ask_owner: AskOwner = nobody_to_ask) -> tuple[HistoryEntry, ...]:
    """Settle each open act of the journal whose process is gone; returns how each now stands.

    ``ask_owner`` tells what became of things that only their owner removes.

    Race closed: two starts at once, or a start beside a running act.  An act is settled only by whoever
    holds its lock, which its own process holds while it lives; the row is read again under the lock.
    Left open: an act whose directory is not to be had now (unmounted, guarded by somebody) stays open
    and is tried again at the next start.
    Raises :class:`~racewatch.core.journal.JournalError` when the journal cannot be used.
    """
    settled: list[HistoryEntry] = []
    # One patience for all: many acts in a directory that its owner keeps locked must not delay a start.
    deadline = time.monotonic() + _PATIENCE_SECONDS
    for candidate in journal.open_acts():
        lock = journal.claim(candidate.action)
        if lock is None:
            continue  # its process lives and is in the middle of it
        try:
            if any(still.action == candidate.action for still in journal.open_acts()) and _settle(
                candidate, journal, deadline, ask_owner
            ):
                entry = journal.entry(candidate.action)
                if entry is not None:
                    settled.append(entry)
        finally:
            os.close(lock)
    return tuple(settled)


def _patiently(record: NameRecord, guards: Guards, deadline: float) -> Stop | None:
    """Take the guards, waiting a little for another cleaner that is just at work in a directory."""
    while True:
        stop = guards.take(record)
        if stop is None or stop.word is not OutcomeWord.REFUSED_BUSY or time.monotonic() > deadline:
            return stop
        time.sleep(0.02)


def _settle(candidate: OpenAct, journal: Journal, deadline: float, ask_owner: AskOwner) -> bool:
    if candidate.undo.method == by_owner.METHOD:
        return _settle_with_owner(candidate, journal, deadline, ask_owner)
    if candidate.undo.method == METHOD:
        return _settle_exchange(candidate, journal, deadline)
    try:
        record = NameRecord.read(candidate.undo.data)
    except (KeyError, ValueError):
        return _damaged(candidate, journal)
    if candidate.verb == VERB:
        where = display(os.path.join(record.directory, record.private))
        summary = f"interrupted; what is left is kept as {where}, and purge can be asked again"
        journal.finish(Outcome(candidate.target, candidate.action, OutcomeWord.FAILED, summary))
        return True
    guards = Guards()
    stop = _patiently(record, guards, deadline)
    if stop is not None:
        # Never given up: the directory may be on a file system that is not mounted yet.
        journal.remark(candidate.action, f"interrupted; waiting to be settled: {stop.summary}")
        return False
    try:
        if candidate.verb == "undo":
            how = settle_undo(record, guards, candidate.action)
        else:
            how = settle_removal(record, guards)
    except OSError as error:
        # A directory that may be listed but not searched, a disk that fails: not settled, not forgotten.
        journal.remark(candidate.action, f"interrupted; waiting to be settled: {error.strerror}")
        return False
    finally:
        guards.close()
    undo = UndoRecord(candidate.undo.method, {**candidate.undo.data, "kept": how.kept or record.kept})
    outcome = Outcome(candidate.target, candidate.action, how.word, how.summary, undoable=how.undoable)
    journal.finish(outcome, undo=undo if candidate.verb != "undo" else None)
    return True


def _settle_with_owner(candidate: OpenAct, journal: Journal, deadline: float, ask_owner: AskOwner) -> bool:
    # The request may have been carried out, or not: only its owner knows.
    try:
        if time.monotonic() > deadline:
            # An owner that does not answer must not delay a start once for each act.
            raise by_owner.OwnerSilent("there was no time left to ask its owner")
        outcome = by_owner.settle(candidate.target, candidate.action, ask_owner)
    except by_owner.OwnerSilent as why:
        journal.remark(
            candidate.action,
            f"interrupted while its owner was asked to remove it; waiting to be settled: {why}",
        )
        return False
    journal.finish(outcome)
    return True


def _damaged(candidate: OpenAct, journal: Journal) -> bool:
    outcome = Outcome(
        candidate.target,
        candidate.action,
        OutcomeWord.FAILED,
        "interrupted; its record in the journal is damaged, look for a name that begins with "
        ".racewatch. beside it",
    )
    journal.finish(outcome)
    return True


def _settle_exchange(candidate: OpenAct, journal: Journal, deadline: float) -> bool:
    try:
        record = Exchange.read(candidate.undo.data)
    except (KeyError, ValueError):
        return _damaged(candidate, journal)
    while isinstance(guard := DirectoryGuard.take(record.root), Stop):
        if guard.word is not OutcomeWord.REFUSED_BUSY or time.monotonic() > deadline:
            return _later(candidate, journal, record, guard.summary)
        time.sleep(0.02)
    try:
        how = settle_exchange.settle(record, guard)
    except (OSError, Unfinished) as error:
        why = str(error.strerror if isinstance(error, OSError) else error)
        return _later(candidate, journal, record, why)
    finally:
        guard.close()
    journal.finish(Outcome(candidate.target, candidate.action, how.word, how.summary))
    return True


def _later(candidate: OpenAct, journal: Journal, record: Exchange, why: str) -> bool:
    journal.remark(candidate.action, f"interrupted; waiting to be settled: {why}")
    if record.waiter is not None:
        # Who was already starting it must not wait for as long as its state root cannot be had.
        record.waiter.wake()
    return False
