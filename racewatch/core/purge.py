"""Freeing what an act keeps aside: the one step after which it cannot be undone.

What is too large for the journal, or was removed on a person's word, is kept under a private name until
somebody asks for this.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Final

from racewatch.core.journal import Journal, JournalError, new_action_id
from racewatch.core.kind import Stop, UndoRecord
from racewatch.core.model import HistoryEntry, Outcome, OutcomeWord, Progress
from racewatch.core.name_record import NameRecord
from racewatch.core.put_back import Guards, look_at
from racewatch.core.text import display
from racewatch.core.tree import Amount, StoppedTree, measure, remove_tree
from racewatch.core.undo import NoSuchAction
from racewatch.linux.mountinfo import mount_namespaces, read_mounts

VERB: Final = "purge"


def to_the_end(_done: int, _whole: int) -> bool:
    """The progress that nobody looks at."""
    return True


def purge(action: str, journal: Journal, *, progress: Progress = to_the_end) -> Outcome:
    """Remove for good what an act kept aside.

    ``progress`` is told the bytes gone and the bytes there were; its first call comes before anything is
    removed, and when it then answers False all is as it was, undo included.  Stopped later, what is left
    stays under its private name, and purge can be asked again.  Raises :class:`NoSuchAction` for an unknown
    action and :class:`JournalError` when the journal cannot be read; everything else is an outcome.
    """
    entry, record = journal.entry(action), journal.undo_record(action)
    if entry is None:
        raise NoSuchAction(action)
    new = new_action_id()
    try:
        kept = _kept(entry, record)
    except (KeyError, ValueError) as error:
        stop = Stop(
            OutcomeWord.FAILED, f"the journal's record of action {action} is damaged", error=str(error)
        )
        return _ended(entry, new, stop, journal)
    if isinstance(kept, Stop):
        return _ended(entry, new, kept, journal)
    alive = journal.claim(new)
    assert alive is not None, "a new action id is locked by somebody else"
    guards = Guards()
    try:
        stop_or_none = guards.take(kept) or _purge(entry, new, kept, guards, journal, progress)
        return _ended(entry, new, stop_or_none, journal)
    finally:
        guards.close()
        os.close(alive)


def kept_places(action: str, journal: Journal) -> tuple[bytes, ...]:
    """Where what an act keeps aside should lie now; nowhere when it keeps nothing.  Raises as :func:`purge`."""
    entry, record = journal.entry(action), journal.undo_record(action)
    if entry is None:
        raise NoSuchAction(action)
    try:
        kept = _kept(entry, record)
    except (KeyError, ValueError):
        return ()
    return (
        () if isinstance(kept, Stop) else tuple(os.path.join(one.directory, one.private) for one in kept.all)
    )


def _kept(entry: HistoryEntry, record: UndoRecord | None) -> NameRecord | Stop:
    why = None
    if entry.undone_by is not None:
        why = "it was put back"
    elif entry.verb != "remove" or entry.word is None or record is None or not record.data.get("kept"):
        why = "it keeps nothing aside"
    if why is not None or record is None:
        return Stop(OutcomeWord.REFUSED_FORBIDDEN, f"action {entry.action} has nothing to free: {why}")
    return NameRecord.read(record.data)


def _purge(
    entry: HistoryEntry,
    new: str,
    kept: NameRecord,
    guards: Guards,
    journal: Journal,
    progress: Progress,
) -> Stop | None:
    parts = []
    for part in kept.all:
        found = look_at(guards.of(part), part.private)
        if found is None:
            continue
        if not part.is_recorded(found):
            return Stop(
                OutcomeWord.REFUSED_CHANGED,
                f"{display(part.private)} in {display(part.directory)} is not what was kept there; it was left alone",
            )
        mounted = _mounted(os.path.join(guards.of(part).path, part.private))
        if mounted is not None:
            return Stop(
                OutcomeWord.REFUSED_LIVE, f"nothing was removed: something is mounted on {display(mounted)}"
            )
        parts.append(part)
    try:
        whole = sum(measure(guards.of(part).fd, part.private).octets for part in parts)
    except OSError as error:
        return Stop(OutcomeWord.FAILED, f"nothing was removed: {error.strerror}", error=str(error))
    if not progress(0, whole):
        return Stop(OutcomeWord.FAILED, "stopped before anything was removed; undo still brings it back")
    try:
        # From here on there is no way back, and that is on disk before the first name goes.
        journal.give_up(entry, new)
    except JournalError as error:
        return Stop(OutcomeWord.FAILED, f"nothing was removed, because {error}", error=str(error))
    return _remove(parts, guards, _telling(progress, whole))


def _remove(parts: list[NameRecord], guards: Guards, told: Callable[[Amount], bool]) -> Stop | None:
    for part in parts:
        try:
            remove_tree(guards.of(part).fd, part.private, told)
        except StoppedTree as error:
            where = display(os.path.join(part.directory, part.private))
            return Stop(
                OutcomeWord.FAILED,
                f"{error}; what is left is kept as {where}, and purge can be asked again",
                error=str(error),
            )
    return None


def _telling(progress: Progress, whole: int) -> Callable[[Amount], bool]:
    told = 0

    def tell(gone: Amount) -> bool:
        nonlocal told
        # Each call may go through to a window: not for every name.
        if gone.names and gone.names - told < 64:
            return True
        told = gone.names
        return progress(min(gone.octets, whole), whole)

    return tell


def _mounted(path: bytes) -> bytes | None:
    """A mount point at or below a path in any mount namespace that can be seen.

    Those that cannot be seen lose a mount at worst (the kernel detaches it there when its directory goes),
    never data: what is mounted is reached by its own mount only, and the removal goes through none.
    """
    below = path + b"/"
    for namespace in mount_namespaces():
        try:
            table = read_mounts(namespace.pid)
        except OSError:
            continue
        for mount in table:
            if mount.point == path or mount.point.startswith(below):
                return mount.point
    return None


def _ended(entry: HistoryEntry, new: str, stop: Stop | None, journal: Journal) -> Outcome:
    where = display(entry.path) if entry.path else entry.action
    if stop is None:
        outcome = Outcome(entry.target, new, OutcomeWord.DONE, f"freed for good: what was kept of {where}")
    else:
        outcome = Outcome(entry.target, new, stop.word, stop.summary, error=stop.error)
    try:
        journal.finish(outcome, verb=VERB, refers_to=entry.action)
    except JournalError as error:
        return Outcome(
            outcome.target,
            outcome.action,
            outcome.word,
            outcome.summary,
            error=f"the end of this could not be recorded: {error}",
        )
    return outcome
