"""What a person is told of without looking for it: waits that ended and, where that is turned on, notifications."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QApplication, QWidget

from racewatch.config import Config
from racewatch.core.model import KindName, Observation, Outcome, Target
from racewatch.monitor.batch import Batch
from racewatch.monitor.engine import Monitor
from racewatch.ui import words
from racewatch.ui.acting import Actor, sentence_of
from racewatch.ui.bridge import Bridge
from racewatch.ui.ear import Ear
from racewatch.ui.notices import Item, Notices, Topic
from racewatch.ui.notifier import Instead, Notifier
from racewatch.ui.review import level_of_all, summary_of
from racewatch.ui.stale_news import StaleNews
from racewatch.ui.strip import Level, StripArea
from racewatch.ui.theme import Look
from racewatch.ui.tr import marked, tr
from racewatch.ui.waiting import Answer, Wait
from racewatch.ui.waits import Waits
from racewatch.verbs import Racewatch

_REASON: Final = "notifications"
_NAMED: Final = 3
_ANSWERS: Final = {
    Answer.FREE: marked("What you wait for is free"),
    Answer.GONE: marked("What you wait for is gone"),
    Answer.DOUBT: marked("What you wait for is not seen in use any more"),
    Answer.TAKEN: marked("What you wait for is in other hands"),
    Answer.LOST: marked("What you wait for is not watched any more"),
}
_LEFT_OVER: Final = {
    KindName.SOCKET: marked("A socket was left over"),
    KindName.LOCK: marked("A lock was left over"),
    KindName.CONTAINER: marked("A container was left over"),
}
_ENDS: Final = {
    Level.SUCCESS: marked("It is done"),
    Level.REFUSED: marked("Nothing was changed: it was refused"),
    Level.ERROR: marked("It failed"),
}
_ALL_ENDED: Final = marked("What you asked for has ended")


class News(QObject):
    """The news of one window.  ``opened`` carries a topic and its items: somebody clicked on them."""

    opened = Signal(object, object)

    def __init__(
        self,
        bridge: Bridge,
        racewatch: Racewatch,
        look: Look,
        strips: StripArea,
        actor: Actor,
        window: QWidget,
        *,
        show: Callable[[Target], None],
        frozen: Callable[[], bool],
        come: Callable[[str], None],
        instead: Instead,
    ) -> None:
        """``show``: brings a target to the screen; ``frozen``: what is on screen is not how things are now; ``come``:
        brings the window to the front; ``instead``: another way to tell, where there is no notification server.
        """
        super().__init__(window)
        self._bridge = bridge
        self._racewatch = racewatch
        self._strips = strips
        self._actor = actor
        self._frozen = frozen
        self._come = come
        self._stale = StaleNews()
        self._told: dict[str, Sequence[Item]] = {}
        self._on: frozenset[Topic] = frozenset()
        self._showing: set[Topic] = set()
        #: Told, and nobody has come to look since.
        self._unseen: set[Topic] = set()
        self.ear = Ear(bridge, self)
        self.waits = Waits(bridge, racewatch, look, strips, self.ear, show, self)
        self.notices = Notices(self, looked_at=self._is_looked_at, at_work=lambda: actor.at_work)
        self.notifier = Notifier(bridge, self, instead=instead)
        self.ear.begun.connect(self._begin_anew)
        self.ear.heard.connect(self._hear)
        self.waits.answered.connect(self._on_answered)
        actor.acted.connect(self.notices.own)
        actor.ended.connect(self._on_ended)
        self.notices.due.connect(self._on_due)
        self.notifier.failed.connect(lambda said: strips.show_message(Level.WARNING, said))
        self.notifier.opened.connect(self._on_opened)
        app = QApplication.instance()
        if isinstance(app, QApplication):
            app.applicationStateChanged.connect(self._on_state)

    # --- settings ---------------------------------------------------------------------------

    def configure(self, config: Config) -> None:
        """Tell of what these settings say, from now on."""
        wanted = {
            Topic.STALE: config.notify.stale,
            Topic.FREE: config.notify.free,
            Topic.ENDED: config.notify.ended,
        }
        on = frozenset(topic for topic, is_wanted in wanted.items() if is_wanted)
        before, self._on = self._on, on
        self.notices.turn(on)
        self.ear.want(_REASON, Topic.STALE in on)
        if on - before:
            self.notifier.forgive()
            self._bridge.spawn(self._try(), "asking for the notification server")

    async def remarks(self) -> dict[str, str]:
        """What is to be known beside a setting before it is turned on."""
        problem = await self.notifier.problem()
        return (
            {"notify.stale": tr("None can be shown just now: {problem}.").format(problem=problem)}
            if problem
            else {}
        )

    async def _try(self) -> None:
        """Who turns notifications on is told at once that there will be none."""
        problem = await self.notifier.problem()
        if problem and self._on:
            self.notifier.complain(problem)

    # --- what happens -----------------------------------------------------------------------

    def follow(self, monitor: Monitor | None) -> None:
        """Hear of this monitor from now on; None while there is none."""
        self.ear.follow(monitor)

    def _begin_anew(self) -> None:
        self._stale = StaleNews()

    def _hear(self, batch: Batch) -> None:
        if Topic.STALE not in self._on:
            return
        for seen in self._stale.fold(batch):
            self.notices.add(Topic.STALE, _left_over(seen))
        for seen in (*batch.changed, *batch.gone):
            if seen.target not in self._stale.stale:
                self.notices.drop(Topic.STALE, seen.target)

    def _on_answered(self, ended: Sequence[Wait]) -> None:
        for wait in ended:
            answer = wait.answer or Answer.LOST
            self.notices.add(Topic.FREE, Item(wait.target, wait.said, tr(_ANSWERS[answer])))

    def _on_ended(self, outcomes: Sequence[Outcome], text: str) -> None:
        said = text or (sentence_of(outcomes[0]) if len(outcomes) == 1 else summary_of(outcomes))
        title = tr(_ENDS[level_of_all(outcomes)] if len(outcomes) == 1 else _ALL_ENDED)
        item = Item(outcomes[0].target, said, title, action=outcomes[-1].action)
        self.notices.add(Topic.ENDED, item)

    def _on_state(self, state: Qt.ApplicationState) -> None:
        if state is Qt.ApplicationState.ApplicationActive:
            self._unseen.clear()

    def _is_looked_at(self) -> bool:
        return QApplication.activeWindow() is not None and not self._frozen()

    # --- telling ----------------------------------------------------------------------------

    def _on_due(self, topic: Topic, items: Sequence[Item]) -> None:
        if topic in self._showing:  # a server that is slow, or hangs: once more when it has had its time
            for item in items:
                self.notices.add(topic, item)
            return
        self._showing.add(topic)
        if topic is not Topic.STALE and topic in self._unseen:
            # It takes the place of the one before, which nobody has looked at: that is told in it, after the new.
            anew = {item.target for item in items}
            items = [*items, *(item for item in self._told.get(topic.value, ()) if item.target not in anew)]
        self._unseen.add(topic)
        self._told[topic.value] = items
        self._bridge.spawn(self._show(topic, items), "showing a notification")

    async def _show(self, topic: Topic, items: Sequence[Item]) -> None:
        try:
            await self.notifier.show(topic.value, *_in_words(topic, items))
        finally:
            self._showing.discard(topic)

    def _on_opened(self, slot: str, token: str) -> None:
        self._come(token)
        items = self._told.get(slot)
        if items:
            self.opened.emit(Topic(slot), items)

    def close(self) -> None:
        """The window ends: nobody is told of anything."""
        self.waits.close()
        self.notices.close()
        self.ear.want(_REASON, False)
        self.ear.follow(None)
        self.notifier.close()


def _left_over(seen: Observation) -> Item:
    title = tr(_LEFT_OVER[seen.target.kind])
    return Item(seen.target, words.full_path(seen), title, more=f"\n{seen.summary}")


def _in_words(topic: Topic, items: Sequence[Item]) -> tuple[str, str]:
    """Title and text.  No name stands in a title."""
    first = items[0]
    if len(items) == 1:
        return first.title, f"{first.text}{first.more}"
    title = {
        Topic.STALE: tr("%n things were left over", "", len(items)),
        Topic.FREE: tr("News of %n things that you wait for", "", len(items)),
        Topic.ENDED: tr("%n removals have ended", "", len(items)),
    }[topic]
    more = len(items) - _NAMED
    lines = [item.text for item in items[:_NAMED]] + ([tr("and %n more", "", more)] if more > 0 else [])
    return title, "\n".join(lines)
