"""Something in use that a person waits for: what ends the wait, and how that is told.  No Qt, no I/O.

Waiting never acts and permits nothing.  It ends once, with what was seen then: whoever goes on from there looks again.
"""

from __future__ import annotations

import enum

from racewatch.core.model import Observation, Verdict
from racewatch.ui import words
from racewatch.ui.armed import Sight
from racewatch.ui.tr import tr

_FREE = (Verdict.STALE, Verdict.IDLE)
Who = frozenset[tuple[int, int]]


class Answer(enum.Enum):
    """How a wait ended."""

    FREE = "free"
    GONE = "gone"
    DOUBT = "doubt"  # nobody is seen to use it; that nobody does cannot be proved
    TAKEN = "taken"
    LOST = "lost"  # nothing can be said of it any more


class Wait:
    """One thing that is waited for.  Tell it of looks, until it has its :attr:`answer`."""

    def __init__(self, shown: Observation) -> None:
        """``shown``: what was on screen when it was asked for."""
        self.target = shown.target
        self.name = words.target_name(shown.target, shown.path)
        self.answer: Answer | None = None
        self.said = ""
        self._who = _who(shown)
        self._holder = words.holder_text(shown)
        self._node: tuple[object, ...] | None = None
        self.in_doubt = False

    def saw(self, now: Sight, *, sure: bool = False) -> None:
        """A look: the same in the same hands goes on; anything else is the answer.

        What cannot be told is only an answer when whoever looks is ``sure`` that it stays so.
        """
        if self.answer is not None:
            return
        self.in_doubt = False
        seen, node = now.seen, now.mark[:3] if now.mark is not None else None
        if seen is None:
            self.end(
                Answer.GONE, tr("“{name}” is gone: nothing stands there any more.").format(name=self.name)
            )
            return
        if self._node is None:
            self._node = node
        other = node is not None and node != self._node
        if seen.verdict in _FREE and other:
            # Whoever had the one before may have it still: a lock on a file that has no name any more.
            self.end(
                Answer.FREE,
                tr("Another “{name}” stands in its place, and that is free. {summary}").format(
                    name=self.name, summary=seen.summary
                ),
            )
        elif seen.verdict in _FREE:
            self.end(
                Answer.FREE, tr("“{name}” is free. {summary}").format(name=self.name, summary=seen.summary)
            )
        elif other and seen.verdict is Verdict.LIVE:
            self.end(
                Answer.TAKEN,
                tr("Another “{name}” stands in its place. {summary}").format(
                    name=self.name, summary=seen.summary
                ),
            )
        elif other:
            text = tr(
                "Another “{name}” stands in its place, and whether it is in use cannot be told."
            ).format(name=self.name)
            self.end(Answer.TAKEN, text)
        elif seen.verdict is Verdict.LIVE and self._is_another(_who(seen)):
            self.end(
                Answer.TAKEN,
                tr("“{name}” was let go, and somebody else has it now. {summary}").format(
                    name=self.name, summary=seen.summary
                ),
            )
        elif seen.verdict is Verdict.LIVE:
            self._who, self._holder = _who(seen), words.holder_text(seen)
        elif sure:
            self.end(
                Answer.DOUBT,
                tr("“{name}” is not seen in use any more. {summary}").format(
                    name=self.name, summary=seen.summary
                ),
            )
        else:
            self.in_doubt = True

    def _is_another(self, who: Who) -> bool:
        return bool(who) and bool(self._who) and not who & self._who

    def end(self, answer: Answer, said: str) -> None:
        """It is not waited for any more."""
        if self.answer is None:
            self.answer, self.said = answer, said

    def text(self) -> str:
        """How it stands, in a sentence."""
        if self.in_doubt:
            return tr("Waiting until “{name}” is free: whether it is in use cannot be told just now").format(
                name=self.name
            )
        if self._holder:
            return tr("Waiting until “{name}” is free: in use by {holder}").format(
                name=self.name, holder=self._holder
            )
        return tr("Waiting until “{name}” is free: it is in use").format(name=self.name)


def _who(seen: Observation) -> Who:
    owners = (*((seen.owner,) if seen.owner is not None else ()), *seen.others)
    return frozenset((owner.pid, owner.start_ticks) for owner in owners if owner.pid > 0)


def cannot_wait_for(seen: Observation) -> str:
    """Why this cannot be waited for; empty when it can."""
    if seen.target.path is None:
        return tr("Only sockets and lock files can be waited for.")
    if seen.verdict is not Verdict.LIVE:
        return tr("Only for what is in use now.")
    return ""
