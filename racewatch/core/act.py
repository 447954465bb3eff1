"""Lock, recheck, act: the one function through which every removal of every kind goes.

There is no other place in the project that removes a target.  The protocol is here, kind-agnostic;
how a thing is captured is the business of its :class:`~racewatch.core.kind.Procedure`, the facts
are its kind's.  Each step's comment names the race it closes and what stays open.
"""

from __future__ import annotations

import enum
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from racewatch.core.journal import Journal, JournalError, new_action_id
from racewatch.core.kind import Procedure, Stop
from racewatch.core.model import (
    ActRequest,
    Observation,
    Outcome,
    OutcomeWord,
    Removable,
    Verdict,
)
from racewatch.core.protected import Protected
from racewatch.core.text import display

_NOTHING_PROTECTED: Final = Protected()


class Step(enum.StrEnum):
    """The named steps.  A hook is called right before each, so that tests can race any two."""

    CLAIM = "claim"
    GUARD = "guard"
    PIN = "pin"
    RECHECK = "recheck"
    INTENT = "intent"
    CAPTURE = "capture"
    VERIFY = "verify"
    COMMIT = "commit"
    RESTORE = "restore"
    RECORD = "record"


Hook = Callable[[Step], None]


def no_hook(step: Step) -> None:
    """What runs between the steps outside tests: nothing."""


@dataclass(slots=True)
class _Progress:
    """How far an act came: what its outcome must be able to say."""

    action: str
    seen: Observation | None = None
    reversible: bool = True
    kept: bool = False
    captured: bool = False


def act(
    request: ActRequest,
    procedure: Procedure,
    journal: Journal,
    *,
    protected: Protected = _NOTHING_PROTECTED,
    on_step: Hook = no_hook,
) -> Outcome:
    """Remove one target if it still is what the person saw and still proved left over.

    Promises: a target that is live at RECHECK, or whose name means anything but the judged inode at
    VERIFY, ends where it was.  Never forces.  Never raises for what an operator may see; an
    exception is a bug, and even then what was captured goes back.
    Does not promise: that a captured name was never absent.  Between CAPTURE and RESTORE (when the
    race was really lost) a live name cannot be seen for some tens to hundreds of microseconds.
    """
    progress = _Progress(new_action_id())
    place = request.target.place
    reason = protected.reason(os.path.join(*place) if place is not None else None)
    if reason is not None:
        # The operator's own list comes first: it must hold however dead the thing is.
        stop: Stop | None = Stop(OutcomeWord.REFUSED_FORBIDDEN, f"protected by the configuration: {reason}")
        return _ended(request, progress, stop, journal)
    on_step(Step.CLAIM)
    # CLAIM.  Race: another racewatch starts now, finds our intent without an outcome, takes us for
    # a crashed act and "recovers" it under our feet.  The lock is taken before the intent exists and
    # is dropped by the kernel when we die.  Left open: nothing (see ActLocks).
    try:
        alive = journal.claim(progress.action)
    except JournalError as error:
        return _no_journal(request, progress, error)
    if alive is None:
        raise AssertionError("a new action id is locked by somebody else")
    try:
        stop = _run(request, procedure, journal, progress, protected, on_step)
        on_step(Step.RECORD)
        return _ended(request, progress, stop, journal)
    finally:
        procedure.close()
        # Last: while the lock is held nobody recovers this act; after RECORD nobody wants to.
        os.close(alive)


def _run(
    request: ActRequest,
    procedure: Procedure,
    journal: Journal,
    progress: _Progress,
    protected: Protected,
    on_step: Hook,
) -> Stop | None:
    on_step(Step.GUARD)
    # GUARD.  Race: two cleaners judge and act on one name.  Left open: whoever does not take part in
    # the locking convention; the steps below do not rely on it.
    stop = procedure.guard()
    if stop is not None:
        return stop

    on_step(Step.PIN)
    # PIN.  Race: the thing is removed and its inode number given to a new one, so that later
    # comparisons by number call a stranger "the same".  An open handle keeps the number taken.
    # Left open: what the *name* means from here on; CAPTURE and VERIFY settle that.
    stop = procedure.pin()
    if stop is not None:
        return stop

    on_step(Step.RECHECK)
    # RECHECK.  Race: between the look that the person acted on and now, it came alive or is another
    # incarnation.  Judged afresh on the pinned handle, under the guard.  Left open: for a revocable
    # proof, what changes after this look; such a procedure takes the owner's own lock at INTENT, so that
    # a refused act never gets in its way, and judges again under it.
    seen = procedure.recheck()
    if isinstance(seen, Stop):
        return seen
    progress.seen = seen
    stop = decide(request, seen) or _spared(procedure, protected)
    if stop is not None:
        return stop

    on_step(Step.INTENT)
    # INTENT.  Race: power or process is lost while the name is away.  What is about to happen, and
    # all that is needed to take it back, is on disk first.  Left open: nothing; without a journal
    # there is no act.
    undo = procedure.intent(progress.action)
    if isinstance(undo, Stop):
        return undo
    progress.reversible = undo.reversible
    progress.kept = undo.reversible and (seen.verdict is not Verdict.STALE or bool(undo.data["kept"]))
    undo = replace(undo, data={**undo.data, "kept": progress.kept})
    try:
        journal.intend(progress.action, "remove", seen, undo)
    except JournalError as error:
        return Stop(OutcomeWord.FAILED, f"nothing was touched, because {error}", error=str(error))

    try:
        on_step(Step.CAPTURE)
        # CAPTURE.  Race: between the last look and the removal the name comes to mean something
        # else, and the removal takes that.  One atomic rename takes whatever the name means away
        # from everybody, without destroying it.  Left open: it may be the wrong thing; VERIFY looks.
        stop = procedure.capture()
        if stop is None:
            progress.captured = True
            on_step(Step.VERIFY)
            # VERIFY.  Race: the rename won, but took another inode than the judged one.  Compared
            # with the pinned handle; re-judged.  Left open: nobody else can reach the private name
            # by its public one; a process that deliberately opens the private name could.
            stop = procedure.verify(seen, override=request.override)
        if stop is None:
            on_step(Step.COMMIT)
            # COMMIT.  Only a verified, proved thing is destroyed; one removed on a person's word
            # alone, or too large for the journal, is kept under its private name, alive if it was, so
            # that undo brings it back.
            stop = procedure.commit(keep=progress.kept)
        if stop is None:
            return None
    except BaseException:
        # A bug or an interrupt must not leave a name taken away.
        procedure.restore()
        raise
    if progress.captured:
        on_step(Step.RESTORE)
        # RESTORE.  Race: a new thing was made under the name while the old one was away.  Put back
        # by a rename that never overwrites.  Left open: if the name is taken, both are kept and the
        # outcome says where.
        lost = procedure.restore()
        if lost is not None:
            return Stop(lost.word, f"{stop.summary}; {lost.summary}", stop.observation, lost.error)
    return stop


def _spared(procedure: Procedure, protected: Protected) -> Stop | None:
    """What goes along is as protected by the operator's list as the target is."""
    for path in procedure.beside():
        why = protected.reason(path)
        if why is not None:
            return Stop(
                OutcomeWord.REFUSED_FORBIDDEN,
                f"not removed, because {display(path)} goes with it and is protected by the configuration: {why}",
            )
    return None


def decide(request: ActRequest, seen: Observation) -> Stop | None:
    """Whether the re-check allows this request; a pure function.  The order is part of the promise.

    Live comes first (and is refused in the same words whether it was seen live before or only now);
    then whether it is the thing the person saw; then what its format forbids; then whether it is
    proved, or a person takes responsibility for it.
    """
    now = f"{seen.label}. {seen.summary}"
    if seen.verdict is Verdict.LIVE:
        return Stop(OutcomeWord.REFUSED_LIVE, f"not removed, it is live: {now}", seen)
    if seen.fingerprint != request.fingerprint:
        return Stop(
            OutcomeWord.REFUSED_CHANGED,
            f"not removed, it is not the one that was seen (another incarnation, or another state). Now: {now}",
            seen,
        )
    if seen.removable is Removable.NEVER or seen.verdict is Verdict.IDLE:
        remedy = f" What to do: {seen.remedy}." if seen.remedy else ""
        return Stop(OutcomeWord.REFUSED_FORBIDDEN, f"not removed, it never is: {now}{remedy}", seen)
    if seen.verdict is Verdict.STALE and seen.removable is Removable.YES:
        return None
    if request.override:
        return None
    return Stop(
        OutcomeWord.REFUSED_UNPROVEN,
        f"not removed, it could not be proved that nobody uses it: {now}",
        seen,
    )


def _ended(request: ActRequest, progress: _Progress, stop: Stop | None, journal: Journal) -> Outcome:
    if stop is None:
        assert progress.seen is not None
        kept = "; it is kept aside and undo brings it back as it was" if progress.kept else ""
        if not progress.reversible:
            kept = "; this cannot be undone"
        proved = progress.seen.verdict is Verdict.STALE and progress.seen.removable is Removable.YES
        word = "" if proved else " on a person's word"
        outcome = Outcome(
            request.target,
            progress.action,
            OutcomeWord.DONE,
            f"{display(progress.seen.path or request.target.locator)} was removed{word} ({progress.seen.label}){kept}",
            progress.seen,
            undoable=progress.reversible,
        )
    else:
        outcome = Outcome(
            request.target,
            progress.action,
            stop.word,
            stop.summary,
            stop.observation or progress.seen,
            error=stop.error,
        )
    try:
        journal.finish(outcome)
    except JournalError as error:
        # The outcome itself is true; recovery settles the open row at the next start.
        return Outcome(
            outcome.target,
            outcome.action,
            outcome.word,
            outcome.summary,
            outcome.observation,
            outcome.undoable,
            f"the end of this act could not be recorded: {error}",
        )
    return outcome


def _no_journal(request: ActRequest, progress: _Progress, error: JournalError) -> Outcome:
    return Outcome(
        request.target,
        progress.action,
        OutcomeWord.FAILED,
        f"nothing was touched, because {error}",
        error=str(error),
    )
