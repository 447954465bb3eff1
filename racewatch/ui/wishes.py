"""What a person may ask of the view on screen, and why not: the acts of the window, put to those who carry them out.

Everything here takes the observations that are on screen at that moment and hands them on; nothing is looked up later.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from PySide6.QtWidgets import QWidget

from racewatch.core.model import Observation, Target
from racewatch.core.protected import Protected
from racewatch.ui import words
from racewatch.ui.acting import Actor
from racewatch.ui.actions import Act, Actions
from racewatch.ui.armed import Condition
from racewatch.ui.arming import Arming
from racewatch.ui.marks import Mark
from racewatch.ui.observing import WHY_OFF, Observing
from racewatch.ui.protecting import Protecting
from racewatch.ui.remedy import RemedyDialog
from racewatch.ui.targets_view import TargetsView
from racewatch.ui.theme import Look
from racewatch.ui.tr import tr
from racewatch.ui.waits import Waits
from racewatch.verbs import Racewatch

#: A few screens full.
_MOST_REASONS: Final = 4096


def why_not(racewatch: Racewatch, observation: Observation) -> str | None:
    """What speaks against removing, beside the observation itself."""
    if racewatch.observing:
        return tr(WHY_OFF)
    if racewatch.journal_problem:
        return tr("Nothing can be removed without a journal: {problem}").format(
            problem=racewatch.journal_problem
        )
    reason = racewatch.protection(observation.target)
    return (
        tr("Protected by the configuration: {reason}").format(reason=reason) if reason is not None else None
    )


class Wishes:
    """The wishes of one window.  ``view`` tells the view of targets that is on screen."""

    def __init__(
        self,
        racewatch: Racewatch,
        look: Look,
        window: QWidget,
        view: Callable[[], TargetsView | None],
        actor: Actor,
        observing: Observing,
        protecting: Protecting,
        arming: Arming,
        waits: Waits,
    ) -> None:
        self._racewatch = racewatch
        self._look = look
        self._window = window
        self._view = view
        self._actor = actor
        self._observing = observing
        self._protecting = protecting
        self._arming = arming
        self._waits = waits
        #: Why what was painted may not be acted on, by the list that was in force then.
        self._protected: Protected | None = None
        self._reasons: dict[Target, str | None] = {}

    # --- what is meant ----------------------------------------------------------------------

    def shown(self) -> Observation | None:
        """The one thing whose evidence is shown."""
        view = self._view()
        return view.observation() if view is not None else None

    def picked(self) -> list[Observation]:
        """Everything that is selected."""
        view = self._view()
        return view.table.observations() if view is not None else []

    def _state_of(self, seen: Observation) -> words.RemoveState:
        return words.remove_state(seen, why_not(self._racewatch, seen))

    def _is_proved(self, seen: Observation) -> bool:
        state = self._state_of(seen)
        return state.enabled and not state.override

    def mark_of(self, seen: Observation) -> Mark | None:
        """What is to be known about a row beside its verdict."""
        protected, target = self._racewatch.config.protected, seen.target
        if protected is not self._protected or len(self._reasons) > _MOST_REASONS:
            self._protected, self._reasons = protected, {}
        if target not in self._reasons:  # asked for each row on screen whenever that is painted
            self._reasons[target] = self._racewatch.protection(target)
        reason = self._reasons[target]
        if reason is not None:
            return Mark("refused", tr("Protected by the configuration: {reason}").format(reason=reason))
        return self._arming.mark_of(seen.target) or self._waits.mark_of(seen.target)

    # --- what is wanted ---------------------------------------------------------------------

    def remove(self) -> None:
        """Ask about what is selected, as it is on screen now."""
        picked = self.picked()
        if len(picked) == 1:
            self._remove_one(picked[0])
        elif any(self._is_proved(seen) for seen in picked):
            self._actor.start_remove(picked)

    def remove_shown(self) -> None:
        """Ask about the one thing whose evidence is shown."""
        seen = self.shown()
        if seen is not None:
            self._remove_one(seen)

    def _remove_one(self, seen: Observation) -> None:
        if self._state_of(seen).enabled:
            self._actor.start_remove([seen])
        elif RemedyDialog.has_something_to_say(seen):
            RemedyDialog(seen, self._look, self._window).open()

    def select_removable(self) -> None:
        """Select everything in this view that is proved left over."""
        view = self._view()
        if view is not None:
            view.table.pick(self._is_proved)

    def clean_up(self) -> None:
        """Ask about everything in this view that may be removed, as it is shown now."""
        view = self._view()
        if view is not None:
            self._actor.start_remove([seen for seen in view.shown() if self._state_of(seen).enabled])

    def protect(self) -> None:
        """Ask whether the one thing shown is never to be acted on."""
        self._protecting.start(self.shown())

    def arm(self, condition: Condition) -> None:
        """Ask whether the one thing shown is to be removed later."""
        self._arming.start(self.shown(), condition)

    def wait(self) -> None:
        """Have it told when what is selected is free: each by itself, those that are in use."""
        for seen in self.picked():
            self._waits.start(seen)

    # --- what can be wanted -----------------------------------------------------------------

    def enable(self, actions: Actions) -> None:
        """Turn each action on or off, with the reason."""
        seen, picked, here = self.shown(), self.picked(), self._view() is not None
        enable = actions.enable
        if len(picked) > 1:
            can = any(self._is_proved(one) for one in picked)
            why = "" if can else tr("Nothing of what is selected can be removed from here.")
        else:
            one = picked[0] if picked else None
            state = self._state_of(one) if one is not None else words.remove_state(None)
            can = state.enabled or (one is not None and RemedyDialog.has_something_to_say(one))
            why = state.reason
        busy, observing = self._actor.busy, self._racewatch.observing
        blocked = tr(WHY_OFF) if observing else ""
        enable(Act.REMOVE, can and not busy, why)
        enable(Act.SELECT_REMOVABLE, here)
        enable(Act.CLEAN_UP, here and not busy and not observing, blocked)
        for act, condition in ((Act.ARM_DEATH, Condition.OWNER_DIES), (Act.ARM_SILENCE, Condition.SILENT)):
            cannot = (why_not(self._racewatch, seen) if seen is not None else None) or self._arming.cannot(
                seen, condition
            )
            enable(act, not cannot, cannot)
        reasons = [self._waits.cannot(one) for one in picked] or [self._waits.cannot(seen)]
        enable(Act.WAIT, not all(reasons), reasons[0] if all(reasons) else "")
        cannot = self._protecting.can(seen)
        enable(Act.PROTECT, not cannot, cannot)
        undoable = self._actor.last_undoable is not None
        enable(
            Act.UNDO,
            undoable and not busy and not observing,
            blocked or ("" if undoable else tr("Nothing was removed here yet")),
        )
        self._observing.turn(actions[Act.OBSERVE], partial(enable, Act.OBSERVE))
