"""From the finger to the outcome: ask, act, tell, offer to undo.

Everything here is bound to the observation that was on screen when it was asked for; nothing looks
at "the current selection" later.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
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
    Target,
)
from racewatch.linux.usage import Cancelled
from racewatch.monitor.batch import Batch
from racewatch.ui import words
from racewatch.ui.bridge import Bridge
from racewatch.ui.confirm import ConfirmDialog
from racewatch.ui.purge import PurgeDialog
from racewatch.ui.spaces import Spaces
from racewatch.ui.strip import Level, Strip, StripArea, level_of
from racewatch.ui.theme import Look
from racewatch.verbs import Racewatch, RacewatchError

#: The dialog looks for itself this often (seconds), whatever the monitor says.
LOOK_EVERY: Final = 0.3


class Actor(QObject):
    """Removes and puts back, one at a time.  ``acted`` carries the target after each act."""

    acted = Signal(object)
    #: Whether something is asked or done just now, or what can be undone, changed.
    state_changed = Signal()

    def __init__(
        self,
        bridge: Bridge,
        racewatch: Racewatch,
        look: Look,
        strips: StripArea,
        spaces: Spaces,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._spaces = spaces
        spaces.counted.connect(self._on_counted)
        self._bridge = bridge
        self._racewatch = racewatch
        self._look = look
        self._strips = strips
        self._window = window
        self._undoable: list[tuple[str, Strip]] = []
        self._in_flight: set[asyncio.Future[Outcome]] = set()
        self.dialog: ConfirmDialog | None = None
        # Read by threads: nobody waits for what they count any more.
        self._finishing = threading.Event()

    @property
    def busy(self) -> bool:
        """True while a question stands open or an act is under way."""
        return self.dialog is not None or bool(self._in_flight)

    @property
    def last_undoable(self) -> str | None:
        """The newest removal of this window that can still be taken back."""
        return self._undoable[-1][0] if self._undoable else None

    # --- remove -----------------------------------------------------------------------------

    def start_remove(self, observation: Observation) -> None:
        """Ask about this observation and, when agreed to, remove what it shows."""
        if self.busy:
            return
        dialog = ConfirmDialog(observation, self._look, self._window)
        self.dialog = dialog
        self._spaces.choose(observation)
        self._show_space(dialog)
        self.state_changed.emit()
        self._bridge.spawn(self._remove(dialog), "removing")

    def _show_space(self, dialog: ConfirmDialog) -> None:
        seen = dialog.bound
        if seen.target.kind is KindName.CONTAINER:
            dialog.show_space(words.space_detail(seen, self._spaces.known.get(seen.target)))

    def _on_counted(self, targets: set[Target]) -> None:
        if self.dialog is not None and self.dialog.bound.target in targets:
            self._show_space(self.dialog)

    async def _remove(self, dialog: ConfirmDialog) -> None:
        watch = self._bridge.spawn(self._keep_looking(dialog), "looking while the question is open")
        try:
            request = await dialog.ask()
        finally:
            watch.cancel()
            self.dialog = None
            if shiboken6.isValid(dialog):
                dialog.deleteLater()
            self.state_changed.emit()
        if request is not None:
            await self._act(request)

    async def _keep_looking(self, dialog: ConfirmDialog) -> None:
        # The monitor may be late (a full event queue, a frozen view); this look is the dialog's own.
        target = dialog.bound.target
        while dialog.doubt is None:
            now = await self._bridge.offload(lambda: self._racewatch.observe(target))
            if not shiboken6.isValid(dialog):
                return
            dialog.witness(now)
            await asyncio.sleep(LOOK_EVERY)

    def hear(self, batch: Batch) -> None:
        """What the monitor saw is shown to an open question at once."""
        dialog = self.dialog
        if dialog is None:
            return
        target = dialog.bound.target
        for seen in (*batch.changed, *batch.added):
            if seen.target == target:
                dialog.witness(seen)
        if any(seen.target == target for seen in batch.gone):
            dialog.witness(None)

    async def _act(self, request: ActRequest) -> None:
        outcome = await self._done(
            lambda: self._racewatch.remove(request), request.target, "The removal ended unexpectedly"
        )
        if outcome is not None:
            self._tell(outcome, can_undo=outcome.undoable)

    # --- undo -------------------------------------------------------------------------------

    def start_undo(self, action: str) -> None:
        """Put back what this act removed, if its name is still free."""
        self._bridge.spawn(self._undo(action), "undoing")

    async def _undo(self, action: str) -> None:
        outcome = await self._done(
            lambda: self._racewatch.undo(action), None, "Putting it back ended unexpectedly"
        )
        if outcome is None:
            return
        self._forget(action)
        if outcome.word is OutcomeWord.DONE:
            self._strips.show_message(Level.SUCCESS, _sentence(outcome), details=_details(outcome))
        else:
            self._tell(outcome, can_undo=False)

    def _forget(self, action: str) -> None:
        for known, strip in list(self._undoable):
            if known == action:
                self._undoable.remove((known, strip))
                if shiboken6.isValid(strip):
                    strip.dismiss()
        self.state_changed.emit()

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
            lambda: self._racewatch.purge(action, dialog.progress), None, "Freeing it ended unexpectedly"
        )
        dialog.ended()
        if outcome is not None:
            self._forget(action)
            self._tell(outcome, can_undo=False)

    # --- both -------------------------------------------------------------------------------

    async def _done(self, call: Callable[[], Outcome], target: Target | None, failed: str) -> Outcome | None:
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
                Level.ERROR, f"{failed}. The journal knows how far it came; {kept}.", details=repr(error)
            )
            return None
        finally:
            self._in_flight.discard(work)
            self.state_changed.emit()
            self.acted.emit(target)
        if target is None:
            self.acted.emit(outcome.target)
        return outcome

    def _tell(self, outcome: Outcome, *, can_undo: bool) -> None:
        def undo() -> None:
            self.start_undo(outcome.action)

        strip = self._strips.show_message(
            level_of(outcome),
            _sentence(outcome),
            details=_details(outcome),
            undo=undo if can_undo else None,
        )
        if can_undo:
            self._undoable.append((outcome.action, strip))
        self.state_changed.emit()

    async def finish(self) -> None:
        """Withdraw an open question and wait for the act in flight."""
        self._finishing.set()
        if self.dialog is not None:
            self.dialog.reject()
        if self._in_flight:
            await asyncio.wait(set(self._in_flight))


def _sentence(outcome: Outcome) -> str:
    seen = outcome.observation
    name = words.target_name(outcome.target, seen.path if seen is not None else None)
    # The summary says what happened; which of the many it happened to must be there too.
    if name in outcome.summary:
        text = outcome.summary[:1].upper() + outcome.summary[1:]
    else:
        text = f"{name}: {outcome.summary}"
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _details(outcome: Outcome) -> str:
    lines = [f"outcome: {outcome.word.value}", f"action: {outcome.action}"]
    if outcome.error:
        lines.append(f"error: {outcome.error}")
    if outcome.observation is not None:
        lines += ["", words.as_text(outcome.observation)]
    return "\n".join(lines)
