"""The question before an act: bound to what was shown, and honest for as long as it stands open.

The race it closes: between the moment a person decides and the moment they press the button, a thing may come
alive, go, or be replaced under the same name.  So the dialog goes on watching, and what is no longer as it was
shown is no part of it any more, for good.  Left open here: the time between the press and the act, which is the
core's business (it re-checks with the thing pinned).

One target (:mod:`~racewatch.ui.confirm`) and many (:mod:`~racewatch.ui.review`) only look different.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from racewatch.core.model import ActRequest, Observation, Target
from racewatch.ui import words
from racewatch.ui.plain import WrapLabel, heading
from racewatch.ui.plan import News, Plan, Step
from racewatch.ui.steady import SteadyButton, SteadyDialog
from racewatch.ui.theme import Look
from racewatch.ui.tr import tr

#: A double click, or Enter held down, must not pass through a dialog that has only just appeared or changed.
BEAT_MS: Final = 600


class Question(SteadyDialog):
    """Asks about a plan.  ``agreed`` is what was agreed to; empty when it was not (yet).

    Feed it with :meth:`witness`, from the monitor and from looks of its own.
    """

    #: Something has lost its object; carries the :class:`~racewatch.ui.plan.Doubt`.
    withdrawn = Signal(object)
    #: The button was pressed: ``agreed`` is what it meant.
    decided = Signal()

    def __init__(
        self,
        plan: Plan,
        title: str,
        look: Look,
        parent: QWidget | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(parent)
        self.plan = plan
        self.question = title
        self.agreed: tuple[ActRequest, ...] = ()
        self._closed = False
        self._look = look
        self._clock = clock
        self.setWindowTitle(title)
        self.setAccessibleName(title)
        self._beat = QTimer(self)
        self._beat.setSingleShot(True)
        self._beat.setInterval(BEAT_MS)
        self._beat.timeout.connect(self._refresh)
        self._tick = QTimer(self)
        self._tick.setInterval(500)
        self._tick.timeout.connect(self._tell)
        self.remove = SteadyButton()
        self.remove.setProperty("role", "danger")
        self.remove.setAutoDefault(False)
        self.remove.clicked.connect(self._on_remove)
        self.cancel = SteadyButton(tr("Cancel"))
        self.cancel.setDefault(True)
        self.cancel.setAccessibleName(tr("Cancel"))
        self.cancel.setAccessibleDescription(tr("Close this question; nothing is removed"))
        self.cancel.clicked.connect(self.reject)

    # --- what it looks like -----------------------------------------------------------------

    def _heading(self) -> WrapLabel:
        return heading(self.question)

    def _buttons(self) -> QHBoxLayout:
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(self.cancel)
        buttons.addWidget(self.remove)
        return buttons

    # --- what one and many do in their own way ----------------------------------------------

    def _said_on_button(self) -> str:
        """Verb and count."""
        return words.deeds(self.plan.kinds, self.plan.count)

    def _why_off(self) -> str:
        """What beside the beat keeps the button off; empty for nothing."""
        return "" if self.plan.count else tr("Nothing is ticked")

    def _show_news(self, step: Step, news: News) -> bool:
        """Show what a look told; whether anything that is read changed by it."""
        return True

    def _tell(self) -> None:
        """Say how it stands."""

    def _go(self) -> None:
        """It was agreed to; whoever asked closes it."""

    # --- staying honest ---------------------------------------------------------------------

    def showEvent(self, event: QShowEvent, /) -> None:
        super().showEvent(event)
        self.cancel.setFocus()
        self._beat.start()
        self._tick.start()
        self._refresh()

    @property
    def is_open(self) -> bool:
        """True while a look can still change the answer."""
        return not self.agreed and self.plan.offered > 0

    def witness(self, target: Target, now: Observation | None) -> None:
        """A fresh look at one of the targets; None when it is not there."""
        step = self.plan.find(target)
        if self.agreed or step is None:
            return
        news = self.plan.witness(target, now)
        if news is News.NOTHING:
            return  # how long ago that was shows with the next tick
        if self._show_news(step, news):
            self._beat.start()
        if news is News.DOUBT:
            if not self.plan.offered:
                self.cancel.setText(tr("Close"))
                self.cancel.setAccessibleName(tr("Close"))
                self.cancel.setFocus()
            self.withdrawn.emit(step.doubt)
        self._refresh()

    def _refresh(self) -> None:
        off = self._why_off()
        waiting = self._beat.isActive() or not self.isVisible()
        self.remove.setText(self._said_on_button())
        self.remove.setAccessibleName(self._said_on_button())
        self.remove.setEnabled(self._may_pass() and not waiting)
        self.remove.setToolTip(off)
        self.remove.setAccessibleDescription(off or tr("Removes it now, if it still is as shown"))
        self._tell()

    def _may_pass(self) -> bool:
        return not self.agreed and self.plan.count > 0 and not self._why_off()

    # --- the answer -------------------------------------------------------------------------

    def _on_remove(self) -> None:
        if not self._may_pass() or not self.remove.isEnabled():
            return
        self.agreed = self.plan.requests()
        self._beat.stop()
        self._tick.stop()
        try:
            self._go()
        except Exception:
            # A mistake is no permission: closed later, by Cancel, it would be taken for the answer.
            self.agreed = ()
            self.done(self.DialogCode.Rejected)
            raise
        self.decided.emit()

    @property
    def is_closed(self) -> bool:
        """True once it was answered, or withdrawn, and has left the screen."""
        return self._closed

    def done(self, result: int, /) -> None:
        self._closed = True
        super().done(result)

    async def ask(self) -> tuple[ActRequest, ...]:
        """Open it and wait for the answer; never a loop of its own."""
        if self._closed:  # the window is closing already
            return self.agreed
        answered: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def settle() -> None:
            if not answered.done():
                answered.set_result(None)

        self.finished.connect(settle)
        self.decided.connect(settle)
        self.open()
        try:
            await answered
        finally:
            self.finished.disconnect(settle)
            self.decided.disconnect(settle)
            self._beat.stop()
            self._tick.stop()
        return self.agreed
