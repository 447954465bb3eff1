"""Keeps what a person waits for: looks when the monitor has news of it, and tells how it ended.

Nothing is looked at on a clock: the monitor hears of a death by a pidfd and of a lock by the kernel's table, and
its news say when to look.  Nothing survives the window, nothing is acted on; observing makes no difference.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

import shiboken6
from PySide6.QtCore import QObject, QTimer, Signal

from racewatch.core.model import Observation, Target
from racewatch.monitor.batch import Batch
from racewatch.ui.armed import Condition, sight
from racewatch.ui.bridge import Bridge
from racewatch.ui.ear import Ear
from racewatch.ui.marks import Mark
from racewatch.ui.standing_panel import Manner, StandingPanel
from racewatch.ui.strip import Level, Strip, StripArea
from racewatch.ui.theme import Look
from racewatch.ui.tr import marked, number, tr
from racewatch.ui.waiting import Answer, Wait, cannot_wait_for
from racewatch.verbs import Racewatch

#: Answers of one moment are one message.
_TOGETHER_MS: Final = 40
#: A look during which the node was exchanged tells nothing of either; tried again so often.
_TRIES: Final = 3
#: What cannot be told is looked at once more after so many seconds: it may be in the middle of being written.
SURE_SECONDS: Final = 1.0
_REASON: Final = "waits"


#: How many ended how, and which.
_ENDED: Final = {
    Answer.FREE: marked("{count} free: {names}"),
    Answer.GONE: marked("{count} gone: {names}"),
    Answer.DOUBT: marked("{count} not seen in use any more: {names}"),
    Answer.TAKEN: marked("{count} in other hands: {names}"),
    Answer.LOST: marked("{count} not waited for any more: {names}"),
}


class Waits(QObject):
    """All waits of one window.  ``changed`` when one came or went, ``answered`` with those that ended by themselves."""

    changed = Signal()
    answered = Signal(object)

    def __init__(
        self,
        bridge: Bridge,
        racewatch: Racewatch,
        look: Look,
        strips: StripArea,
        ear: Ear,
        show: Callable[[Target], None],
        parent: QObject,
    ) -> None:
        """``show``: brings a target to the screen."""
        super().__init__(parent)
        self._bridge = bridge
        self._racewatch = racewatch
        self._strips = strips
        self._ear = ear
        self._show = show
        self._things: dict[Target, Wait] = {}
        self._known: set[Target] = set()
        self._looking: set[Wait] = set()
        self._again: set[Wait] = set()
        self._ended: list[Wait] = []
        self._told: list[Wait] = []
        self._strip: Strip | None = None
        self.panel = StandingPanel(
            look,
            Manner(
                tr("Waited for"),
                "clock",
                Level.INFO,
                tr("Stop waiting"),
                tr("Nothing is told of it when it is free"),
            ),
        )
        self.panel.back_wanted.connect(self.stop)
        self._tell_timer = QTimer(self)
        self._tell_timer.setSingleShot(True)
        self._tell_timer.setInterval(_TOGETHER_MS)
        self._tell_timer.timeout.connect(self._tell)
        ear.begun.connect(self._begin_anew)
        ear.heard.connect(self._hear)

    # --- asking -----------------------------------------------------------------------------

    def cannot(self, seen: Observation | None) -> str:
        """Why this cannot be waited for; empty when it can."""
        if seen is None:
            return tr("Select something first.")
        if seen.target in self._things:
            return tr("It is waited for already.")
        return cannot_wait_for(seen)

    def start(self, seen: Observation | None) -> None:
        """Wait for this one, as it is on screen now."""
        if seen is None or self.cannot(seen):
            return
        thing = self._things[seen.target] = Wait(seen)
        self._known.add(seen.target)
        self._ear.want(_REASON, True)
        self._refresh()
        # It may have been let go since it was drawn: then there will be no news of it.
        self._look(thing)

    def stop(self, target: Target) -> None:
        """Do not wait for this any more."""
        if self._things.pop(target, None) is not None:
            self._refresh()

    def close(self) -> None:
        """The window ends, and with it every wait."""
        self._tell_timer.stop()
        self._things.clear()
        self._refresh()

    # --- waiting ----------------------------------------------------------------------------

    def _begin_anew(self) -> None:
        self._known = set()

    def _hear(self, batch: Batch) -> None:
        there = {seen.target for seen in (*batch.changed, *batch.added)}
        gone = {seen.target for seen in batch.gone}
        self._known = (self._known | there & self._things.keys()) - gone
        for target in (there | gone) & self._things.keys():
            self._look(self._things[target])
        if batch.ready:
            for target in self._things.keys() - self._known:
                self._look(self._things[target], last=True)

    def _look(self, thing: Wait, *, last: bool = False) -> None:
        """``last``: there will be no more news of it."""
        if thing in self._looking and not last:
            self._again.add(thing)
            return
        self._looking.add(thing)
        self._bridge.spawn(self._look_until_told(thing, last=last), "looking at what is waited for")

    async def _look_until_told(self, thing: Wait, *, last: bool) -> None:
        look = partial(sight, self._racewatch.observe, thing.target, Condition.OWNER_DIES)
        tries = 0
        doubted = False
        try:
            while self._things.get(thing.target) is thing and thing.answer is None:
                self._again.discard(thing)
                now = await self._bridge.offload(look)
                tries += 1
                if now.seen is not None and now.mark is None and tries < _TRIES:
                    continue
                thing.saw(now, sure=doubted)
                doubted = thing.in_doubt
                if doubted:
                    self._refresh()
                    await asyncio.sleep(SURE_SECONDS)
                elif thing not in self._again:
                    break
        except Exception:
            thing.end(
                Answer.LOST,
                tr("“{name}” is not waited for any more: it could not be looked at.").format(name=thing.name),
            )
            raise
        finally:
            self._looking.discard(thing)
            if last:
                thing.end(
                    Answer.LOST,
                    tr("“{name}” is not waited for any more: it is not watched now.").format(name=thing.name),
                )
            self._settle(thing)

    def _settle(self, thing: Wait) -> None:
        if self._things.get(thing.target) is not thing:
            return  # taken back, or the window ends
        if thing.answer is not None:
            del self._things[thing.target]
            self._ended.append(thing)
            self._tell_timer.start()
        self._refresh()

    def _tell(self) -> None:
        new, self._ended = self._ended, []
        # There is room for few messages: what is still on screen goes on in this one, so that none pushes another out.
        before = self._strip
        if before is None or not shiboken6.isValid(before) or before.isHidden():
            self._told = []
        else:
            before.dismiss()
        anew = {thing.target for thing in new}
        ended = self._told = [*(thing for thing in self._told if thing.target not in anew), *new]
        free = all(thing.answer in (Answer.FREE, Answer.GONE) for thing in ended)
        level = Level.SUCCESS if free else Level.INFO
        target = ended[0].target
        self._strip = self._strips.show_message(
            level,
            summary_of(ended),
            details="\n".join(thing.said for thing in ended) if len(ended) > 1 else "",
            more=(tr("Show it"), partial(self._show, target)) if _is_there(ended) else None,
        )
        self.answered.emit(new)

    # --- what is seen of it -----------------------------------------------------------------

    def _refresh(self) -> None:
        self.panel.show_all(list(self._things.values()))
        if not self._things:
            self._known = set()
            self._ear.want(_REASON, False)
        self.changed.emit()

    def mark_of(self, target: Target) -> Mark | None:
        """The sign in its row."""
        thing = self._things.get(target)
        return Mark("clock", f"{thing.text()}.") if thing is not None else None

    @property
    def targets(self) -> Sequence[Target]:
        """What is waited for now."""
        return tuple(self._things)


def summary_of(ended: Sequence[Wait]) -> str:
    """What became of these, in one message: of each what it is, or how many, and which first."""
    if len(ended) == 1:
        return ended[0].said
    parts = []
    for answer, said in _ENDED.items():
        names = [tr("“{name}”").format(name=thing.name) for thing in ended if thing.answer is answer]
        if names:
            some = ", ".join(names[:3])
            some = tr("{names} and others").format(names=some) if names[3:] else some
            parts.append(tr(said).format(count=number(len(names)), names=some))
    return tr("Of what was waited for: {parts}.").format(parts="; ".join(parts))


def _is_there(ended: Sequence[Wait]) -> bool:
    return len(ended) == 1 and ended[0].answer in (Answer.FREE, Answer.DOUBT, Answer.TAKEN)
