"""What a question is about: the targets as they were shown when it was opened, and what became of each.

The one place that decides what a press of the button stands for.  A plan is made of observations and never
looks anything up; what it does not hear (:meth:`Plan.witness`) it does not know.
"""

from __future__ import annotations

import enum
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from racewatch.core.model import ActRequest, Observation, Outcome, Removable, Target, Verdict
from racewatch.ui import words
from racewatch.ui.tr import tr


class Doubt(enum.StrEnum):
    """Why what was asked about is not there any more."""

    ALIVE = "alive"
    GONE = "gone"
    CHANGED = "changed"
    FORBIDDEN = "forbidden"


class News(enum.Enum):
    """What a fresh look told."""

    NOTHING = "nothing"
    EVIDENCE = "evidence"
    DOUBT = "doubt"


def doubt_about(bound: Observation, now: Observation | None) -> Doubt | None:
    """Whether a fresh look still shows what the question was about."""
    if now is None:
        return Doubt.GONE
    if now.verdict is Verdict.LIVE:
        return Doubt.ALIVE
    if now.fingerprint != bound.fingerprint or now.verdict is not bound.verdict:
        return Doubt.CHANGED
    if now.removable is not bound.removable:
        return Doubt.FORBIDDEN
    return None


@dataclass(slots=True, eq=False)
class Step:
    """One target of a plan.

    ``bound`` is what was on screen when the plan was made, ``newest`` the last that differed.  ``why_not``: why it
    is no part of this plan, however it is ticked; empty for what is.  ``lost_sight``: acting on it ended in a mistake
    of racewatch, and nobody knows how far it came.
    """

    bound: Observation
    newest: Observation
    why_not: str
    ticked: bool
    doubt: Doubt | None = None
    doubt_at: float = 0.0
    looked_at: float = 0.0
    outcome: Outcome | None = None
    lost_sight: bool = False
    put_back: Outcome | None = None

    @property
    def is_offered(self) -> bool:
        """Whether it can (still) be ticked.  What changed cannot: it must be looked at anew."""
        return not self.why_not and self.doubt is None

    @property
    def is_chosen(self) -> bool:
        """Whether a press of the button means this one too."""
        return self.ticked and self.is_offered

    @property
    def request(self) -> ActRequest:
        """What would be asked of the core: bound to what was shown, whatever is there by then."""
        override = self.bound.removable is Removable.OVERRIDE
        return ActRequest(self.bound.target, self.bound.fingerprint, override=override)


class Plan:
    """The steps of one question, in the order in which they were shown.  Their set never changes.

    ``count`` is how many a press of the button means now, ``offered`` how many could be ticked, ``changed`` how many
    are no longer as they were shown.
    """

    def __init__(self, steps: Iterable[Step], clock: Callable[[], float]) -> None:
        self.steps = tuple(steps)
        self._clock = clock
        self._by_target = {step.bound.target: step for step in self.steps}
        self.kinds = frozenset(step.bound.target.kind for step in self.steps)
        # Kept as they change: with thousands of targets a dialog asks for them at every one that changes.
        self.offered = sum(step.is_offered for step in self.steps)
        self.count = sum(step.is_chosen for step in self.steps)
        self.changed = 0
        for step in self.steps:
            step.looked_at = clock()

    @classmethod
    def of_one(cls, seen: Observation, clock: Callable[[], float] = time.monotonic) -> Plan:
        """About one target, which may need a person's word."""
        return cls([Step(seen, seen, "", ticked=True)], clock)

    @classmethod
    def of_many(
        cls,
        observations: Sequence[Observation],
        blocked: Callable[[Observation], str | None] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> Plan:
        """About several.  Only what is proved left over is part of it: no word is ever given for many at once."""
        steps = []
        for seen in observations:
            state = words.remove_state(seen, blocked(seen))
            why_not = "" if state.enabled and not state.override else state.reason
            if state.override:
                why_not = tr("One by one only. {why_not}").format(why_not=why_not)
            steps.append(Step(seen, seen, why_not, ticked=not why_not))
        steps.sort(key=lambda step: bool(step.why_not))
        return cls(steps, clock)

    def find(self, target: Target) -> Step | None:
        """The step about this target."""
        return self._by_target.get(target)

    @property
    def chosen(self) -> tuple[Step, ...]:
        """What a press of the button means now."""
        return tuple(step for step in self.steps if step.is_chosen)

    @property
    def watched(self) -> tuple[Target, ...]:
        """The targets of which a fresh look could still tell something."""
        return tuple(step.bound.target for step in self.steps if step.is_offered)

    def requests(self) -> tuple[ActRequest, ...]:
        """What is agreed to when the button is pressed now."""
        return tuple(step.request for step in self.chosen)

    def tick(self, step: Step, ticked: bool) -> bool:
        """Take it in or leave it out; False when it cannot be."""
        if not step.is_offered or step.ticked == ticked:
            return False
        step.ticked = ticked
        self.count += 1 if ticked else -1
        return True

    def witness(self, target: Target, now: Observation | None) -> News:
        """A fresh look at one of the targets; None when it is not there.  A doubt is for good."""
        step = self.find(target)
        if step is None or not step.is_offered:
            return News.NOTHING
        step.looked_at = self._clock()
        step.doubt = doubt_about(step.bound, now)
        if step.doubt is not None:
            self.offered -= 1
            self.changed += 1
            self.count -= step.ticked
            step.ticked = False
            step.doubt_at = step.looked_at
            step.newest = now if now is not None else step.newest
            return News.DOUBT
        if now is not None and not now.same_as(step.newest):
            step.newest = now
            return News.EVIDENCE
        return News.NOTHING

    def doubt_text(self, step: Step) -> str:
        """What changed, and how long ago."""
        if step.doubt is None:
            return ""
        when, said = words.ago(self._clock() - step.doubt_at), step.newest.summary
        return {
            Doubt.ALIVE: tr("It came alive {when}: {said} It is not removed.").format(when=when, said=said),
            Doubt.GONE: tr("It went away {when}: nothing is left to remove.").format(when=when),
            Doubt.CHANGED: tr(
                "It changed {when} and is not what you were asked about any more: {said}"
            ).format(when=when, said=said),
            Doubt.FORBIDDEN: tr("What may be done with it changed {when}: {said}").format(
                when=when, said=said
            ),
        }[step.doubt]
