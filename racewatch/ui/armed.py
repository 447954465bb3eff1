"""An armed removal: what it waits for, what cancels it, and when it may ask the core.  No Qt, no I/O.

It is a wish with a condition, never a permission: the removal itself is an act like any other, bound to the last
look, and the core looks again.  Whatever is not exactly what was armed, or what its end must look like, disarms for
good; nothing is waited for twice.
"""

from __future__ import annotations

import enum
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from racewatch.core.model import ActRequest, Observation, Removable, Target, Verdict
from racewatch.core.text import display_text
from racewatch.linux import fs
from racewatch.ui import words
from racewatch.ui.tr import tr

#: From the death of the owner to the removal: time for it to come back, and for a person to stop it.
GRACE_SECONDS: Final = 8.0
#: A heartbeat is proved silent by the book of looks, which began no earlier than the countdown here: it may end a
#: moment later.
_LATE_SECONDS: Final = 2.0


class Condition(enum.StrEnum):
    """What is waited for."""

    OWNER_DIES = "owner dies"
    SILENT = "silent"


@dataclass(frozen=True, slots=True)
class Sight:
    """One look: the observation, and which very node was there (for a heartbeat also when it last beat)."""

    seen: Observation | None
    mark: tuple[object, ...] | None


def sight(look: Callable[[Target], Observation | None], target: Target, condition: Condition) -> Sight:
    """Look now.  No mark when another node came there meanwhile: it may not be the one that was looked at."""
    before = _mark(target, condition)
    seen = look(target)
    after = _mark(target, condition)
    same = before is not None and after is not None and before[:4] == after[:4]
    return Sight(seen, after if same else None)


def _mark(target: Target, condition: Condition) -> tuple[object, ...] | None:
    try:
        node = fs.stat_path(target.path or b"")
    except OSError:
        return None
    beat = (node.mtime_ns, node.size) if condition is Condition.SILENT else ()
    return (node.dev, node.ino, node.btime_ns, node.mode, *beat)


class Phase(enum.Enum):
    """How far it is."""

    WAITING = "waiting"
    COUNTING = "counting"
    OVER = "over"


class Armed:
    """One armed removal.  Tell it of deaths and looks; when :meth:`due`, ask it with a last look."""

    def __init__(
        self,
        bound: Sight,
        condition: Condition,
        *,
        period: float = 0.0,
        word: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``word``: a person took responsibility where its format asks for that.  ``period``: between two beats."""
        assert bound.seen is not None
        self.target = bound.seen.target
        self.bound = bound.seen
        self.condition = condition
        self.name = words.target_name(self.target, bound.seen.path)
        self.phase = Phase.WAITING
        self.ended = ""
        self._mark = bound.mark
        self._word = word
        self._clock = clock
        self._period = period
        self._proved: Observation | None = None
        self._until = 0.0
        self._dead = False
        if bound.mark is None:
            self.disarm(tr("It changed while it was being armed."))
        elif condition is Condition.SILENT:
            self._count(2 * period)

    def _count(self, seconds: float) -> None:
        self.phase = Phase.COUNTING
        self._until = self._clock() + seconds

    def disarm(self, why: str) -> None:
        """Nothing is waited for any more."""
        if self.phase is not Phase.OVER:
            self.phase, self.ended = Phase.OVER, why

    @property
    def left(self) -> float:
        """Seconds until it is due; 0.0 while nothing is counted."""
        return max(self._until - self._clock(), 0.0) if self.phase is Phase.COUNTING else 0.0

    @property
    def due(self) -> bool:
        """True when the countdown is over: the next look decides."""
        return self.phase is Phase.COUNTING and self._clock() >= self._until

    # --- what happens -----------------------------------------------------------------------

    def owner_died(self) -> None:
        """The very process that owned it has exited; the next look decides whether anything is counted."""
        self._dead = True

    def saw(self, now: Sight, *, may_ask: bool = True) -> ActRequest | None:
        """A look.  The request when it is time, everything is as it must be, and whoever looked may ask for it."""
        if self.phase is Phase.OVER:
            return None
        why = self._life(now)
        if why:
            self.disarm(why)
            return None
        assert now.seen is not None
        if self.condition is Condition.SILENT:
            return self._silent(now.seen, may_ask=may_ask)
        return self._orphaned(now.seen, may_ask=may_ask) if self._dead else None

    def _life(self, now: Sight) -> str:
        """What in this look ends it, whatever it waits for."""
        seen = now.seen
        if seen is None:
            return tr("It went away by itself: there is nothing left to remove.")
        if now.mark is None:
            return tr("It changed just now.")
        if now.mark != self._mark:
            if self.condition is Condition.SILENT and self._mark and now.mark[:3] == self._mark[:3]:
                return tr("It was refreshed: somebody uses it.")
            return tr("Another one stands in its place now.")
        if self.condition is Condition.SILENT and seen.verdict is Verdict.LIVE:
            return tr("It is in use. {summary}").format(summary=seen.summary)
        if self.condition is Condition.OWNER_DIES and not self._dead and seen.verdict is Verdict.LIVE:
            same = seen.owner is not None and self.bound.owner is not None and _who(seen) == _who(self.bound)
            return (
                ""
                if same and not seen.others
                else tr("Its owner is another one now. {summary}").format(summary=seen.summary)
            )
        return ""

    def _orphaned(self, seen: Observation, *, may_ask: bool) -> ActRequest | None:
        if seen.verdict is Verdict.LIVE:
            self.disarm(tr("Its owner has died, but it is in use. {summary}").format(summary=seen.summary))
        elif not self._may_go(seen):
            self.disarm(
                tr("Its owner has died, but it cannot be proved left over. {summary}").format(
                    summary=seen.summary
                )
            )
        elif self._proved is None:
            self._proved = seen
            self._count(GRACE_SECONDS)
        elif seen.fingerprint != self._proved.fingerprint:
            self.disarm(tr("It changed during the countdown. {summary}").format(summary=seen.summary))
        elif self.due and may_ask:
            return self._request(seen)
        return None

    def _silent(self, seen: Observation, *, may_ask: bool) -> ActRequest | None:
        if not self.due or not may_ask:
            return None
        if self._may_go(seen):
            return self._request(seen)
        if self._clock() >= self._until + max(_LATE_SECONDS, self._period / 2):
            self.disarm(
                tr("It was not refreshed, but it cannot be proved left over. {summary}").format(
                    summary=seen.summary
                )
            )
        return None

    def _may_go(self, seen: Observation) -> bool:
        """Proved left over; a person's word counts for what its format asks, never instead of proof."""
        wanted = (Removable.YES, Removable.OVERRIDE) if self._word else (Removable.YES,)
        return seen.verdict is Verdict.STALE and seen.removable in wanted

    def _request(self, seen: Observation) -> ActRequest:
        self.disarm("")
        return ActRequest(self.target, seen.fingerprint, override=seen.removable is Removable.OVERRIDE)

    # --- in words ---------------------------------------------------------------------------

    def text(self) -> str:
        """How it stands, in a sentence."""
        if self.phase is Phase.COUNTING:
            left = words.duration(self.left)
            if self.condition is Condition.SILENT:
                return tr("“{name}” is removed in {left}, unless it is refreshed").format(
                    name=self.name, left=left
                )
            return tr(
                "The owner of “{name}” has died: it is removed in {left}, unless there is a sign of life"
            ).format(name=self.name, left=left)
        owner = words.owner_text(self.bound.owner)
        return tr("“{name}” is removed when {owner} has died").format(name=self.name, owner=owner)


def _who(seen: Observation) -> tuple[int, int]:
    assert seen.owner is not None
    return seen.owner.pid, seen.owner.start_ticks


# --- what can be armed --------------------------------------------------------------------------


def can_wait_for_death(seen: Observation) -> str:
    """Why this cannot be removed when its owner has died; empty when it can be armed."""
    if seen.target.path is None:
        return tr("Only sockets and lock files can be armed.")
    if seen.verdict is not Verdict.LIVE or seen.owner is None or seen.owner.pid <= 0:
        return tr("Only for what is in use by a process that is known.")
    if seen.others:
        return tr("Several processes use it: none of them is the owner whose death would free it.")
    return _never(seen)


def can_wait_for_silence(seen: Observation, period: float | None) -> str:
    """Why this cannot be removed once nobody refreshes it; empty when it can be armed."""
    if seen.target.path is None or period is None:
        return tr("Only for locks that their owner refreshes regularly.")
    if seen.verdict is not Verdict.UNKNOWN:
        return tr("Only while nothing is proved about it either way.")
    return _never(seen)


def needs_word(seen: Observation) -> bool:
    """Whether its format wants a person's word, however well it is proved left over."""
    return words.fact(seen, "policy") == "ask"


def _never(seen: Observation) -> str:
    policy = words.fact(seen, "policy")
    if policy in ("", "break", "ask"):
        return ""
    return tr("It is never removed here. {remedy}").format(remedy=display_text(seen.remedy or "")).rstrip()
