"""The question before an act: bound to one observation, and honest for as long as it stands open.

The race it closes: between the moment a person decides and the moment they press the button, the
thing may come alive, go, or be replaced under the same name.  So the dialog goes on watching, and
the moment what it asks about is no longer what is there, its button goes off for good and says why.
Left open here: the time between the press and the act, which is the core's business (it re-checks
with the thing pinned).
"""

from __future__ import annotations

import asyncio
import enum
import time
from collections.abc import Callable
from typing import Final

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QFont, QShowEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QFrame,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from racewatch.core.model import ActRequest, KindName, Observation, Removable, Verdict
from racewatch.core.text import display_text
from racewatch.ui import icons, words
from racewatch.ui.evidence_pane import EvidenceRow, Note
from racewatch.ui.plain import PathBox, PlainLabel, WrapLabel, action_text
from racewatch.ui.theme import Look

#: A double click, or Enter held down, must not pass through a dialog that has only just appeared.
BEAT_MS: Final = 600
RESPONSIBILITY: Final = "I take responsibility: it could not be proved that nobody uses this"
CONSEQUENCE: Final = "I take responsibility: what this lock guarded may be half done"


class Doubt(enum.StrEnum):
    """Why what the dialog asks about is not there any more."""

    ALIVE = "alive"
    GONE = "gone"
    CHANGED = "changed"
    FORBIDDEN = "forbidden"


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


class ConfirmDialog(QDialog):
    """Asks about one observation.  ``request`` is what was agreed to; None when it was not.

    Feed it with :meth:`witness`, from the monitor and from looks of its own.
    """

    #: The question has lost its object; carries the :class:`Doubt`.
    withdrawn = Signal(object)

    def __init__(
        self,
        observation: Observation,
        look: Look,
        parent: QWidget | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(parent)
        self._look = look
        self._clock = clock
        self.bound = observation
        self._newest = observation
        self._override = observation.removable is Removable.OVERRIDE
        self._doubt: Doubt | None = None
        self._doubt_at = 0.0
        self._doubt_text = ""
        self._looked_at = clock()
        self.request: ActRequest | None = None
        deed, noun = words.deed(observation.target).split(" ", 1)
        name = words.target_name(observation.target, observation.path)
        self.question = f"{deed} the {noun} “{name}”?"
        self.setWindowTitle(self.question)
        self.setAccessibleName(self.question)
        self.setMinimumWidth(540)
        self._beat = QTimer(self)
        self._beat.setSingleShot(True)
        self._beat.setInterval(BEAT_MS)
        self._beat.timeout.connect(self._refresh)
        self._tick = QTimer(self)
        self._tick.setInterval(500)
        self._tick.timeout.connect(self._tell)
        self._build(words.deed(observation.target))
        self._show_evidence()
        self._refresh()

    # --- what it looks like -----------------------------------------------------------------

    def _build(self, deed: str) -> None:
        picture = PlainLabel()
        colour = self._look.of_verdict(self.bound.verdict)
        picture.setPixmap(icons.pixmap(self.bound.verdict.value, colour, 32, self.devicePixelRatioF()))
        picture.setFixedSize(36, 36)
        title = WrapLabel(self.question)
        title.setObjectName("paneTitle")
        font = QFont(title.font())
        font.setPointSizeF(font.pointSizeF() * 1.2)
        font.setWeight(QFont.Weight.DemiBold)
        title.setFont(font)
        head = QHBoxLayout()
        head.setSpacing(12)
        head.addWidget(picture, 0, Qt.AlignmentFlag.AlignTop)
        head.addWidget(title, 1, Qt.AlignmentFlag.AlignVCenter)
        self.path = PathBox()
        self.path.setAccessibleName("Path")
        self.path.set_text(words.full_path(self.bound))
        consequence = WrapLabel(_consequence(self.bound))
        self.space = WrapLabel()
        self.space.setAccessibleName("Space")
        self.space.hide()
        section = PlainLabel("Evidence")
        section.setObjectName("section")
        self._evidence = QVBoxLayout()
        self._evidence.setContentsMargins(0, 0, 8, 0)
        self._evidence.setSpacing(0)
        holder = QWidget()
        holder.setLayout(self._evidence)
        self._scroll = QScrollArea()
        self._scroll.setWidget(holder)
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setAccessibleName("Evidence")
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.state = Note(self._look, "idle", "pulse", "")
        promise = promise_of(self.bound)
        self.promise = QCheckBox(action_text(promise))
        self.promise.setAccessibleName(promise)
        self.promise.setAccessibleDescription("Needed before the button can be pressed; never remembered")
        self.promise.setVisible(self._override)
        self.promise.toggled.connect(self._on_promise)
        self.remove = QPushButton(deed)
        self.remove.setProperty("role", "danger")
        self.remove.setAutoDefault(False)
        self.remove.setAccessibleName(self.remove.text())
        self.remove.clicked.connect(self._on_remove)
        self.cancel = QPushButton("Cancel")
        self.cancel.setDefault(True)
        self.cancel.setAccessibleName("Cancel")
        self.cancel.setAccessibleDescription("Close this question; nothing is removed")
        self.cancel.clicked.connect(self.reject)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(self.cancel)
        buttons.addWidget(self.remove)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 16)
        layout.setSpacing(10)
        layout.addLayout(head)
        layout.addWidget(self.path)
        layout.addWidget(consequence)
        layout.addWidget(self.space)
        layout.addWidget(section)
        layout.addWidget(self._scroll, 1)
        layout.addWidget(self.state)
        layout.addWidget(self.promise)
        layout.addSpacing(2)
        layout.addLayout(buttons)
        self.resize(580, 510 if self._override else 470)

    def show_space(self, text: str) -> None:
        """What it takes on the disk and what removing it frees, in sentences; it may come late."""
        self.space.setText(text)
        self.space.setVisible(bool(text))

    def _show_evidence(self) -> None:
        while (item := self._evidence.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        for evidence in self._newest.evidence:
            self._evidence.addWidget(EvidenceRow(self._look, evidence))
        self._evidence.addStretch(1)

    def showEvent(self, event: QShowEvent, /) -> None:
        super().showEvent(event)
        self.cancel.setFocus()
        self._beat.start()
        self._tick.start()
        self._refresh()

    # --- staying honest ---------------------------------------------------------------------

    @property
    def doubt(self) -> Doubt | None:
        """Why the button is off for good, when it is."""
        return self._doubt

    def witness(self, now: Observation | None) -> None:
        """A fresh look at the target; None when it is not there."""
        self._looked_at = self._clock()
        if self._doubt is not None:
            return
        self._doubt = doubt_about(self.bound, now)
        if self._doubt is not None:
            self._doubt_at = self._clock()
            self._doubt_text = _doubt_text(self._doubt, now)
            if now is not None:
                self._newest = now
                self._show_evidence()
            self.cancel.setText("Close")
            self.cancel.setAccessibleName("Close")
            self.cancel.setFocus()
            self._refresh()
            self.withdrawn.emit(self._doubt)
        elif now is not None and not now.same_as(self._newest):
            self._newest = now
            self._show_evidence()
            self._beat.start()
            self._refresh()
        self._tell()

    def _refresh(self) -> None:
        waiting = self._beat.isActive() or not self.isVisible()
        promised = self.promise.isChecked() or not self._override
        self.remove.setEnabled(self._doubt is None and promised and not waiting)
        self.promise.setEnabled(self._doubt is None)
        if self._doubt is not None:
            self.remove.setToolTip("What this question is about is not there any more")
        elif not promised:
            self.remove.setToolTip("Needs the tick above")
        else:
            self.remove.setToolTip("")
        self.remove.setAccessibleDescription(
            self.remove.toolTip() or "Removes it now, if it still is as shown"
        )
        self._tell()

    def _tell(self) -> None:
        if self._doubt is not None:
            when = words.ago(self._clock() - self._doubt_at)
            level = {Doubt.ALIVE: "live", Doubt.GONE: "idle"}.get(self._doubt, "stale")
            icon = {Doubt.ALIVE: "live", Doubt.GONE: "gone"}.get(self._doubt, "warning")
            self.state.say(level, icon, self._doubt_text.format(when=when))
            return
        age = self._clock() - self._looked_at
        word = "unproved" if self.bound.verdict is Verdict.UNKNOWN else self.bound.verdict.value
        self.state.say(
            "idle", "pulse", f"Watched while you decide. Still {word}; last look {words.ago(age)}."
        )

    def _on_promise(self, checked: bool) -> None:
        self._beat.start()
        self._refresh()

    # --- the answer -------------------------------------------------------------------------

    def _on_remove(self) -> None:
        if self._doubt is not None or not self.remove.isEnabled():
            return
        self.request = ActRequest(self.bound.target, self.bound.fingerprint, override=self._override)
        self.accept()

    async def ask(self) -> ActRequest | None:
        """Open it and wait for the answer; never a loop of its own."""
        answered: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def finished() -> None:
            if not answered.done():
                answered.set_result(None)

        self.finished.connect(finished)
        self.open()
        try:
            await answered
        finally:
            self.finished.disconnect(finished)
            self._beat.stop()
            self._tick.stop()
        return self.request


def promise_of(seen: Observation) -> str:
    """What a person takes upon them, where their word is needed."""
    certain = _certain_loss(seen)
    if certain is not None:
        return f"I take responsibility: {certain}"
    return CONSEQUENCE if seen.verdict is Verdict.STALE else RESPONSIBILITY


def _certain_loss(seen: Observation) -> str | None:
    """What goes with a container for certain; with locks it is what may happen."""
    return words.fact(seen, "consequence") if seen.target.kind is KindName.CONTAINER else None


def _consequence(seen: Observation) -> str:
    noun = words.noun(seen.target)
    said = f"{seen.summary} " if seen.summary else ""
    again = f"Its state is checked once more with the {noun} pinned; only if it is still as shown, "
    act = f"{again}its name is taken away. This can be undone from the History while the name is free."
    if not seen.undoable:
        act = f"{again}it is taken away and deleted. This cannot be undone."
    certain = _certain_loss(seen)
    if certain is not None:
        return f"{said}{again}it is taken away and deleted, and {certain}. This cannot be undone."
    lost = words.fact(seen, "consequence")
    along = [display_text(value) for name, value in seen.facts if name == "goes with it"]
    together = f" Together with it goes {', '.join(along)}, or nothing." if along else ""
    if seen.removable is Removable.OVERRIDE:
        risk = (
            f"What may happen: {lost}." if lost else f"If something does use it, that will lose its {noun}."
        )
        return f"{said}{risk}{together} {act}"
    return f"{said}{act}{together}"


def _doubt_text(doubt: Doubt, now: Observation | None) -> str:
    said = (now.summary if now is not None else "").replace("{", "{{").replace("}", "}}")
    return {
        Doubt.ALIVE: f"It came alive {{when}}: {said} It is not removed.",
        Doubt.GONE: "It went away {when}: nothing is left to remove.",
        Doubt.CHANGED: f"It changed {{when}} and is not what you were asked about any more: {said}",
        Doubt.FORBIDDEN: f"What may be done with it changed {{when}}: {said}",
    }[doubt]
