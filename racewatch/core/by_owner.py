"""Removing by asking the owner: an engine that keeps its things under a lock of its own.

Nothing is taken away here.  The owner looks once more under its own lock and decides; all that is done on
this side is to look right before, to write down what is about to be asked, and to tell the truth afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from racewatch.core.kind import Stop, UndoRecord
from racewatch.core.last_look import still_stands
from racewatch.core.model import Observation, Outcome, OutcomeWord, Target

METHOD: Final = "owner"


class OwnerSilent(Exception):
    """The owner of a thing cannot be asked now, or has not decided yet; the message says why, in plain words."""


#: Asks the owner what has become of a thing: what it is now, or None when its owner knows none of this
#: identity.  Raises :class:`OwnerSilent`; never guesses.
AskOwner = Callable[[Target], Observation | None]


def nobody_to_ask(target: Target) -> Observation | None:
    """For a start that knows no owners."""
    del target
    raise OwnerSilent("whose it is was not known to the racewatch that looked last")


def settle(target: Target, action: str, ask: AskOwner) -> Outcome:
    """After a crash while the owner was being asked to remove it: what its owner says now.

    Raises :class:`OwnerSilent`.  Left open: a request that reached the owner and is carried out only after
    this answer; the outcome says no more than what was so when it was asked.
    """
    now = ask(target)
    if now is None:
        return Outcome(
            target,
            action,
            OutcomeWord.GONE,
            "interrupted before its end was recorded; its owner, asked again, does not know it any more: removed "
            "by this act or by somebody else",
        )
    return Outcome(
        target,
        action,
        OutcomeWord.FAILED,
        f"interrupted while its owner was asked to remove it; asked again, its owner still has it: {now.label}. "
        f"{now.summary}",
        now,
    )


@dataclass(slots=True)
class OwnersThing:
    """The :class:`~racewatch.core.kind.Procedure` of a thing that only its owner may remove.

    ``look`` asks the owner what it is now (None: there is none); ``ask`` makes the one request, without
    force, and tells why it was not carried out.
    """

    look: Callable[[], Observation | None]
    ask: Callable[[], Stop | None]

    def guard(self) -> Stop | None:
        """The owner's own lock is the guard, and only the owner can take it."""
        return None

    def pin(self) -> Stop | None:
        """It is asked for by its full identity, which never means another."""
        return None

    def recheck(self) -> Observation | Stop:
        """What the owner says of it now; a vanished thing is a success."""
        seen = self.look()
        return seen if seen is not None else Stop(OutcomeWord.GONE, "its owner does not know it any more")

    def beside(self) -> Sequence[bytes]:
        """Nothing goes with it."""
        return ()

    def intent(self, action: str) -> UndoRecord | Stop:
        """What the owner removes cannot be brought back."""
        del action
        return UndoRecord(METHOD, {"kept": False}, reversible=False)

    def capture(self) -> Stop | None:
        """Nothing is taken away."""
        return None

    def verify(self, seen: Observation, *, override: bool) -> Stop | None:
        """Look once more: writing the journal took its time.

        Race narrowed: it was started, or is another incarnation, since the last look.  Left open, for the
        owner's own lock to close: it is started after this look (then the owner refuses); it is started and
        ends again in between (then that ended incarnation is removed).
        """
        now = self.look()
        if now is None:
            return Stop(OutcomeWord.GONE, "its owner does not know it any more")
        return still_stands(now, seen, override=override)

    def commit(self, *, keep: bool) -> Stop | None:
        """The one request."""
        del keep
        return self.ask()

    def restore(self) -> Stop | None:
        """Nothing was taken."""
        return None

    def close(self) -> None:
        """Nothing is held."""
