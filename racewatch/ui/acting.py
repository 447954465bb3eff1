"""From the finger to the outcome: ask, act, tell, offer to undo.

Everything here is bound to the observation that was on screen when it was asked for; nothing looks
at "the current selection" later.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Final

import shiboken6
from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from racewatch import crashlog
from racewatch.core.model import (
    ActRequest,
    HistoryEntry,
    KindName,
    Observation,
    Outcome,
    OutcomeWord,
    Removable,
    Target,
)
from racewatch.linux.usage import Cancelled
from racewatch.monitor.batch import Batch
from racewatch.ui import words
from racewatch.ui.bridge import Bridge
from racewatch.ui.confirm import ConfirmDialog
from racewatch.ui.mistakes import details_of
from racewatch.ui.plan import Plan
from racewatch.ui.purge import PurgeDialog
from racewatch.ui.question import Question
from racewatch.ui.review import ReviewDialog, level_of_all, summary_of
from racewatch.ui.spaces import Spaces
from racewatch.ui.strip import Level, Strip, StripArea
from racewatch.ui.theme import Look
from racewatch.ui.tr import marked, tr
from racewatch.verbs import Racewatch, RacewatchError

#: The dialog looks for itself this often (seconds), whatever the monitor says.
LOOK_EVERY: Final = 0.3
#: Most acts are over before this (seconds); the question does not stand longer than that once it is answered.
HURRY: Final = 0.15
_LOOKS_AT_ONCE: Final = 64


class Actor(QObject):
    """Removes and puts back, one at a time.  ``acted`` carries the targets afterwards."""

    acted = Signal(object)
    #: The outcomes of what was agreed to at once, and how that is said where it is not plain from them.
    ended = Signal(object, str)
    #: Whether something is asked or done just now, or what can be undone, changed.
    state_changed = Signal()
    #: An act began that should be over in a moment (True); it is, or takes longer (False).
    hurries = Signal(bool)

    def __init__(
        self,
        bridge: Bridge,
        racewatch: Racewatch,
        look: Look,
        strips: StripArea,
        spaces: Spaces,
        window: QWidget,
        why_not: Callable[[Observation], str | None],
    ) -> None:
        """``why_not``: what speaks against removing something, beside the observation itself."""
        super().__init__(window)
        self._why_not = why_not
        self._spaces = spaces
        spaces.counted.connect(self._on_counted)
        self._bridge = bridge
        self._racewatch = racewatch
        self._look = look
        self._strips = strips
        self._window = window
        self._undoable: list[tuple[tuple[str, ...], Strip]] = []
        self._in_flight: set[asyncio.Future[Outcome]] = set()
        self._working = 0  # runs of several acts, which are not over between two of them
        self.dialog: Question | None = None
        # Read by threads: nobody waits for what they count any more.
        self._finishing = threading.Event()

    @property
    def busy(self) -> bool:
        """True while a question stands open or an act is under way."""
        return self.dialog is not None or self.at_work

    @property
    def at_work(self) -> bool:
        """True while an act is under way."""
        return bool(self._in_flight) or self._working > 0

    @property
    def last_undoable(self) -> tuple[str, ...] | None:
        """The newest removals of this window, agreed to at once, that can still be taken back."""
        return self._undoable[-1][0] if self._undoable else None

    # --- remove -----------------------------------------------------------------------------

    def start_remove(self, observations: Sequence[Observation]) -> None:
        """Ask about these observations and, when agreed to, remove what they show."""
        if self.busy or not observations:
            return
        dialog: Question
        if len(observations) == 1:
            dialog = ConfirmDialog(observations[0], self._look, self._window)
            self._spaces.choose(observations[0])
            self._show_space(dialog)
        else:
            plan = Plan.of_many(observations, self._why_not)
            dialog = ReviewDialog(plan, self._look, self._window)
        self.dialog = dialog
        self.state_changed.emit()
        self._bridge.spawn(self._remove(dialog), "removing")

    def _show_space(self, dialog: ConfirmDialog) -> None:
        seen = dialog.bound
        if seen.target.kind is KindName.CONTAINER:
            dialog.show_space(words.space_detail(seen, self._spaces.known.get(seen.target)))

    def _on_counted(self, targets: set[Target]) -> None:
        if isinstance(self.dialog, ConfirmDialog) and self.dialog.bound.target in targets:
            self._show_space(self.dialog)

    async def _remove(self, dialog: Question) -> None:
        watch = self._bridge.spawn(self._keep_looking(dialog), "looking while the question is open")
        try:
            try:
                requests = await dialog.ask()
            finally:
                watch.cancel()
            if isinstance(dialog, ReviewDialog):
                if requests:
                    await self._carry_out_all(dialog, requests)
            else:
                for request in requests:
                    await self._carry_out_one(dialog, request)
        finally:
            self.dialog = None
            if shiboken6.isValid(dialog):
                dialog.deleteLater()
            self.state_changed.emit()

    async def _carry_out_one(self, dialog: Question, request: ActRequest) -> None:
        """The question goes, and the monitor's news are shown, after the outcome; or after a moment without it.

        Painting takes time that the act would have to wait for.
        """

        def go_on() -> None:
            if shiboken6.isValid(dialog) and not dialog.is_closed:
                dialog.accept()
            self.hurries.emit(False)

        self.hurries.emit(True)
        patience = asyncio.get_running_loop().call_later(HURRY, go_on)
        try:
            await self.carry_out(request)
        finally:
            patience.cancel()
            go_on()

    async def carry_out(self, request: ActRequest) -> None:
        """What was agreed to before, now; and tell what came of it."""
        if self._finishing.is_set():
            return
        outcome = await self._act(request)
        self.acted.emit((request.target,))
        if outcome is not None:
            self._tell([outcome], can_undo=outcome.undoable)

    async def _carry_out_all(self, dialog: ReviewDialog, requests: Sequence[ActRequest]) -> None:
        """One after the other, each re-checked by the core at its own turn; stops between two."""
        outcomes: list[Outcome] = []
        for request in requests:
            if dialog.stopped or self._finishing.is_set():
                break
            dialog.turn(request.target)
            outcome = await self._act(request, partial(dialog.lost_sight, request.target))
            if not shiboken6.isValid(dialog):
                return
            if outcome is None:
                dialog.reject()  # said in the window; a mistake is no reason to go on
                continue
            outcomes.append(outcome)
            dialog.ended(outcome)
        dialog.over()
        self.acted.emit(tuple(request.target for request in requests))
        if outcomes:
            self._tell(outcomes, can_undo=any(outcome.undoable for outcome in outcomes))
        if self._finishing.is_set():
            return
        group = tuple(outcome.action for outcome in outcomes if outcome.undoable)
        dialog.undo_wanted.connect(lambda: self.start_undo(group))
        closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        dialog.finished.connect(lambda: None if closed.done() else closed.set_result(None))
        await closed

    async def _keep_looking(self, dialog: Question) -> None:
        # The monitor may be late (a full event queue, a frozen view); these looks are the dialog's own.
        def look(targets: Sequence[Target]) -> list[tuple[Target, Observation | None]]:
            return [(target, self._racewatch.observe(target)) for target in targets]

        while dialog.is_open:
            for some in _batched(dialog.plan.watched, _LOOKS_AT_ONCE):
                begun = time.monotonic()
                try:
                    looks = await self._bridge.offload(partial(look, some))
                except Exception:
                    if shiboken6.isValid(dialog):  # it says that it is watched, and it is not any more
                        dialog.reject()
                    raise
                if not shiboken6.isValid(dialog):
                    return
                for target, now in looks:
                    dialog.witness(target, now)
                # Many looks may take a fifth of a core, no more.
                await asyncio.sleep(4 * (time.monotonic() - begun))
            await asyncio.sleep(LOOK_EVERY)

    def hear(self, batch: Batch) -> None:
        """What the monitor saw is shown to an open question at once."""
        dialog = self.dialog
        if dialog is None:
            return
        for seen in (*batch.changed, *batch.added):
            dialog.witness(seen.target, seen)
        for seen in batch.gone:
            dialog.witness(seen.target, None)

    async def _act(
        self, request: ActRequest, lost_sight: Callable[[], None] = lambda: None
    ) -> Outcome | None:
        return await self._done(
            lambda: self._racewatch.remove(request), marked("The removal ended unexpectedly"), lost_sight
        )

    # --- undo -------------------------------------------------------------------------------

    def start_undo(self, actions: Sequence[str]) -> None:
        """Put back what these acts removed, the last one first, where the names are still free."""
        self._bridge.spawn(self._undo(tuple(actions)), "undoing")

    async def _undo(self, actions: Sequence[str]) -> None:
        outcomes: list[Outcome] = []
        self._working += 1
        for action in reversed(actions):
            if self._finishing.is_set():
                break
            call = partial(self._racewatch.undo, action)
            outcome = await self._done(call, marked("Putting it back ended unexpectedly"))
            if outcome is None:
                break
            if _is_settled(outcome):
                self._forget(action)
            else:
                self._put_off(action)
            outcomes.append(outcome)
            if isinstance(self.dialog, ReviewDialog):
                self.dialog.put_back(outcome)
        self._working -= 1
        self.offer_undo()
        self.acted.emit(tuple(outcome.target for outcome in outcomes))
        if not outcomes:
            self.state_changed.emit()
            return
        if isinstance(self.dialog, ReviewDialog):
            self.dialog.undone(_put_back(outcomes))
        self._tell(outcomes, can_undo=False, text=_put_back(outcomes) if len(outcomes) > 1 else "")

    def _forget(self, action: str) -> None:
        for at, (group, strip) in reversed([*enumerate(self._undoable)]):
            left = tuple(known for known in group if known != action)
            if left:
                self._undoable[at] = left, strip
            else:
                del self._undoable[at]
                if shiboken6.isValid(strip):
                    strip.dismiss()
        self.state_changed.emit()

    def _put_off(self, action: str) -> None:
        """It is still removed, and can be put back when its name is free: the others come first until then."""
        self._undoable.sort(key=lambda undoable: action not in undoable[0])

    def offer_undo(self) -> None:
        """In the messages that tell of removals: not while it is only observed."""
        for _, strip in self._undoable:
            if shiboken6.isValid(strip):
                strip.offer_undo(not self._racewatch.observing)

    # --- freeing what is kept -------------------------------------------------------------------

    def ask_purge(self, entry: HistoryEntry) -> None:
        """Ask whether what this act keeps aside may go for good."""
        dialog = PurgeDialog(entry, self._window)
        dialog.wanted.connect(lambda: self._bridge.spawn(self._purge(dialog), "freeing"))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()
        self._bridge.spawn(self._count_kept(dialog), "counting what it would free")

    async def _count_kept(self, dialog: PurgeDialog) -> None:
        action, over = dialog.entry.action, dialog.is_counted_no_more
        try:
            found = await self._bridge.offload(
                lambda: self._racewatch.space_kept(action, lambda: over() or self._finishing.is_set())
            )
        except Cancelled:
            return
        if shiboken6.isValid(dialog):
            dialog.show_space(found.detail if found is not None else "")

    async def _purge(self, dialog: PurgeDialog) -> None:
        action = dialog.entry.action
        outcome = await self._done(
            lambda: self._racewatch.purge(action, dialog.progress), marked("Freeing it ended unexpectedly")
        )
        self.acted.emit((dialog.entry.target,))
        dialog.ended()
        if outcome is not None:
            self._forget(action)
            self._tell([outcome], can_undo=False)

    # --- both -------------------------------------------------------------------------------

    async def _done(
        self, call: Callable[[], Outcome], failed: str, lost_sight: Callable[[], None] = lambda: None
    ) -> Outcome | None:
        """What came of it; None when that was said already.  ``lost_sight``: nobody knows how far it came."""
        work = asyncio.ensure_future(self._bridge.offload(call))
        self._in_flight.add(work)
        self.state_changed.emit()
        try:
            outcome = await asyncio.shield(work)
        except RacewatchError as error:
            self._strips.show_message(Level.ERROR, str(error))
            return None
        except Exception as error:  # noqa: BLE001 - a bug, but the operator must hear of it
            kept = crashlog.record(error, failed)
            self._strips.show_message(
                Level.ERROR,
                tr("{failed}. The journal knows how far it came; {kept}.").format(
                    failed=tr(failed), kept=kept
                ),
                details=details_of(error),
            )
            lost_sight()
            return None
        finally:
            self._in_flight.discard(work)
            self.state_changed.emit()
        return outcome

    def _tell(self, outcomes: Sequence[Outcome], *, can_undo: bool, text: str = "") -> None:
        group = tuple(outcome.action for outcome in outcomes if outcome.undoable) if can_undo else ()

        def undo() -> None:
            self.start_undo([action for left, of in self._undoable if of is strip for action in left])

        strip = self._strips.show_message(
            level_of_all(outcomes),
            text or (sentence_of(outcomes[0]) if len(outcomes) == 1 else summary_of(outcomes)),
            details="\n\n".join(_details(outcome) for outcome in outcomes),
            undo=undo if group else None,
        )
        if group:
            self._undoable.append((group, strip))
        self.state_changed.emit()
        self.ended.emit(tuple(outcomes), text)

    def withdraw(self) -> None:
        """Take back an open question, and stop a plan before its next target, if acting is not allowed any more."""
        if self._racewatch.observing and self.dialog is not None:
            self.dialog.reject()

    def reconsider(self) -> None:
        """Take out of an open question what may not be acted on any more, because it is protected by now."""
        if self.dialog is None:
            return
        for target in self.dialog.plan.watched:
            step = self.dialog.plan.find(target)
            why = self._why_not(step.bound) if step is not None else None
            if step is not None and why:
                now = replace(step.newest, removable=Removable.NEVER, summary=f"{why}.")
                self.dialog.witness(target, now)

    async def finish(self) -> None:
        """Withdraw an open question and wait for the act in flight."""
        self._finishing.set()
        if self.dialog is not None:
            self.dialog.reject()  # while a plan is carried out: stops before the next one
        if self._in_flight:
            await asyncio.wait(set(self._in_flight))


def sentence_of(outcome: Outcome) -> str:
    """What came of an act, and to what, in a sentence."""
    seen = outcome.observation
    name = words.target_name(outcome.target, seen.path if seen is not None else None)
    # The summary says what happened; which of the many it happened to must be there too.
    text = words.capital(outcome.summary) if name in outcome.summary else f"{name}: {outcome.summary}"
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _details(outcome: Outcome) -> str:
    lines = [f"outcome: {outcome.word.value}", f"action: {outcome.action}"]
    if outcome.error:
        lines.append(f"error: {outcome.error}")
    if outcome.observation is not None:
        lines += ["", words.as_text(outcome.observation)]
    return "\n".join(lines)


def _is_settled(undone: Outcome) -> bool:
    """Whether trying once more is no use: it is back, or can never be put back."""
    return undone.word.is_success or undone.word is OutcomeWord.REFUSED_FORBIDDEN


def _put_back(outcomes: Sequence[Outcome]) -> str:
    """How undoing went."""
    back = sum(outcome.word is OutcomeWord.DONE for outcome in outcomes)
    others = [outcome for outcome in outcomes if outcome.word is not OutcomeWord.DONE]
    return tr("%n put back.", "", back) + (f" {summary_of(others)}" if others else "")


def _batched(targets: Sequence[Target], most: int) -> Iterator[Sequence[Target]]:
    """In slices of at most so many."""
    for first in range(0, len(targets), most):
        yield targets[first : first + most]
