"""Keeps what is armed: waits for deaths, looks while it counts, and hands over to the actor when it is time.

A death is told by a pidfd, not looked for.  While something is counted down it is looked at again and again, frozen
view or not.  Nothing survives the window: closing it, or observing only, disarms everything.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import Final

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QDialog, QWidget

from racewatch.core.model import ActRequest, Observation, Target
from racewatch.monitor.batch import Batch, HealthState
from racewatch.monitor.exits import ExitWatch
from racewatch.ui import armed as rules
from racewatch.ui import words
from racewatch.ui.arm_dialog import ArmDialog
from racewatch.ui.armed import Armed, Condition, Phase, Sight, sight
from racewatch.ui.bridge import Bridge
from racewatch.ui.marks import Mark
from racewatch.ui.standing_panel import Manner, StandingPanel
from racewatch.ui.strip import Level, StripArea
from racewatch.ui.theme import Look
from racewatch.ui.tr import tr
from racewatch.verbs import Racewatch

#: How often (seconds) what is counted down is looked at.
LOOK_EVERY: Final = 0.4
_SHOW_MS: Final = 250


class Arming(QObject):
    """All armed removals of one window.  ``changed`` when one came or went."""

    changed = Signal()

    def __init__(
        self,
        bridge: Bridge,
        racewatch: Racewatch,
        look: Look,
        strips: StripArea,
        window: QWidget,
        act: Callable[[ActRequest], Awaitable[None]],
    ) -> None:
        """``act``: carries out one request, and tells what came of it."""
        super().__init__(window)
        self._bridge = bridge
        self._racewatch = racewatch
        self._look = look
        self._strips = strips
        self._window = window
        self._act = act
        self._things: dict[Target, Armed] = {}
        self._exits: dict[Target, ExitWatch] = {}
        self._starting: dict[asyncio.Task[None], Observation] = {}  # agreed to, and looked at once more
        self._closed = False
        self.dialog: ArmDialog | None = None
        self.panel = StandingPanel(
            look,
            Manner(
                tr("Armed removals"),
                "hourglass",
                Level.WARNING,
                tr("Disarm"),
                tr("Nothing is waited for any more; nothing is removed"),
            ),
        )
        self.panel.back_wanted.connect(self.disarm)
        self._show_timer = QTimer(self)
        self._show_timer.setInterval(_SHOW_MS)
        self._show_timer.timeout.connect(self._show)

    # --- asking -----------------------------------------------------------------------------

    def cannot(self, seen: Observation | None, condition: Condition) -> str:
        """Why this cannot be armed; empty when it can."""
        if seen is None:
            return tr("Select something first.")
        if seen.target in self._things:
            return tr("It is armed already.")
        if condition is Condition.OWNER_DIES:
            return rules.can_wait_for_death(seen)
        return rules.can_wait_for_silence(seen, self._racewatch.refresh_period(seen))

    def start(self, seen: Observation | None, condition: Condition) -> None:
        """Ask whether this one is to be armed."""
        if seen is None or self.dialog is not None or self.cannot(seen, condition):
            return
        period = self._racewatch.refresh_period(seen) or 0.0
        dialog = ArmDialog(seen, condition, period, self._look, self._window)
        self.dialog = dialog
        dialog.finished.connect(partial(self._answered, dialog))
        dialog.open()

    def _answered(self, dialog: ArmDialog, answer: int) -> None:
        self.dialog = None
        dialog.deleteLater()
        if answer == QDialog.DialogCode.Accepted:
            word = dialog.word.isChecked()
            task = self._bridge.spawn(
                self._arm(dialog.seen, dialog.condition, dialog.period, word=word), "arming a removal"
            )
            self._starting[task] = dialog.seen
            task.add_done_callback(self._starting.pop)

    @property
    def busy(self) -> bool:
        """True while it is asked about, and until what was agreed to is armed."""
        return self.dialog is not None or any(not task.cancelling() for task in self._starting)

    async def _arm(self, shown: Observation, condition: Condition, period: float, *, word: bool) -> None:
        now = await self._sight(shown.target, condition)
        seen = now.seen
        if self._closed or self._racewatch.observing:
            return  # switched off while it was looked at
        if seen is None or seen.fingerprint != shown.fingerprint or self.cannot(seen, condition):
            self._tell(
                tr("{name} was not armed: it is not as it was shown any more.").format(name=_name(shown))
            )
            return
        thing = Armed(now, condition, period=period, word=word)
        if thing.phase is not Phase.OVER and condition is Condition.OWNER_DIES:
            # Only the owner's exit counts.  Followed before it is listed: no death is missed in between.
            watch = ExitWatch(limit=1)
            watch.observe(seen.target, replace(seen, others=()))
            if watch.health().state is not HealthState.OK:
                thing.disarm(
                    tr("The exit of its owner cannot be followed: {detail}.").format(
                        detail=watch.health().detail
                    )
                )
                watch.close()
            else:
                self._exits[seen.target] = watch
                self._bridge.loop.add_reader(watch.fileno(), self._on_exit, seen.target)
        self._things[seen.target] = thing
        self._show_timer.start()
        if condition is Condition.SILENT:
            self._bridge.spawn(self._count_down(thing), "counting down an armed removal")
        elif seen.target in self._exits and self._exits[seen.target].has_exited():
            self._on_exit(seen.target)
        self._settle(thing)
        self.drop_protected()  # which it may have become while it was asked about
        self.changed.emit()

    # --- waiting ----------------------------------------------------------------------------

    def _on_exit(self, target: Target) -> None:
        watch, thing = self._exits.get(target), self._things.get(target)
        if watch is None or thing is None or target not in watch.exited():
            return
        self._follow_no_more(target)
        thing.owner_died()
        self._bridge.spawn(self._count_down(thing), "counting down an armed removal")

    async def _count_down(self, thing: Armed) -> None:
        """Look until it is over, one way or the other.  What cannot be looked at is a reason to stop."""
        while thing.phase is not Phase.OVER:
            try:
                now = await self._sight(thing.target, thing.condition)
            except Exception:
                self.disarm(thing.target)
                raise
            request = self._saw(thing, now, may_ask=True)
            if request is not None:
                await self._act(request)
                return
            await asyncio.sleep(min(LOOK_EVERY, max(thing.left, 0.02)))

    async def _sight(self, target: Target, condition: Condition) -> Sight:
        return await self._bridge.offload(partial(sight, self._racewatch.observe, target, condition))

    def _saw(self, thing: Armed, now: Sight, *, may_ask: bool) -> ActRequest | None:
        if self._racewatch.observing:
            thing.disarm(tr("Observing: nothing is removed."))
        reason = self._racewatch.protection(thing.target)
        if reason is not None:
            thing.disarm(tr("It is protected: {reason}.").format(reason=reason))
        request = thing.saw(now, may_ask=may_ask)
        self._settle(thing)
        return request

    def hear(self, batch: Batch) -> None:
        """What the monitor saw: a sign of life ends it at once, before the next look."""
        told = {seen.target for seen in (*batch.changed, *batch.added, *batch.gone)}
        for target in told & self._things.keys():
            self._bridge.spawn(self._look_once(self._things[target]), "looking at an armed thing")

    async def _look_once(self, thing: Armed) -> None:
        now = await self._sight(thing.target, thing.condition)
        # Only the countdown itself may ask for the removal, so that it is asked for once.
        self._saw(thing, now, may_ask=False)

    # --- the end ----------------------------------------------------------------------------

    def _settle(self, thing: Armed) -> None:
        if thing.phase is Phase.OVER and self._things.get(thing.target) is thing:
            del self._things[thing.target]
            self._follow_no_more(thing.target)
            if thing.ended:
                self._tell_ended(thing.name, thing.ended)
            self.changed.emit()
        self._show()

    def _follow_no_more(self, target: Target) -> None:
        watch = self._exits.pop(target, None)
        if watch is not None:
            self._bridge.loop.remove_reader(watch.fileno())
            watch.close()

    def _tell_ended(self, name: str, ended: str) -> None:
        self._tell(
            tr("“{name}” is not armed any more. {ended} Nothing was removed.").format(name=name, ended=ended)
        )

    def _tell(self, text: str) -> None:
        self._strips.show_message(Level.INFO, text)

    def disarm(self, target: Target, why: str | None = None) -> None:
        """Take one back."""
        thing = self._things.get(target)
        if thing is not None:
            thing.disarm(tr("It was disarmed.") if why is None else why)
            self._settle(thing)

    def drop_protected(self) -> None:
        """What is protected by now is not waited for."""
        for target in list(self._things):
            reason = self._racewatch.protection(target)
            if reason is not None:
                self.disarm(target, tr("It is protected: {reason}.").format(reason=reason))

    def disarm_all(self, why: str) -> None:
        """Take all of them back, an open question, and what was agreed to and is not armed yet."""
        if self.dialog is not None:
            self.dialog.reject()
        for task, shown in self._starting.items():
            task.cancel()
            if why:
                self._tell_ended(_name(shown), why)
        for target in list(self._things):
            self.disarm(target, why)

    def close(self) -> None:
        """The window ends: nothing is armed, nor will be."""
        self._closed = True
        self.disarm_all("")

    # --- what is seen of it -----------------------------------------------------------------

    def _show(self) -> None:
        things = list(self._things.values())
        self.panel.show_all(things)
        if not things:
            self._show_timer.stop()

    def mark_of(self, target: Target) -> Mark | None:
        """The sign in its row."""
        thing = self._things.get(target)
        return (
            Mark("hourglass", tr("Armed: {text}.").format(text=thing.text())) if thing is not None else None
        )

    @property
    def targets(self) -> Iterable[Target]:
        """What is armed now."""
        return self._things.keys()


def _name(seen: Observation) -> str:
    return words.target_name(seen.target, seen.path)
