"""The question about one thing: its path, all its evidence, what is done to it and what may come of that."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QCheckBox,
    QFrame,
    QHBoxLayout,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from racewatch.core.model import KindName, Observation, Removable, Verdict
from racewatch.core.text import display_text
from racewatch.ui import icons, remains, words
from racewatch.ui.evidence_pane import EvidenceRow, Note, RiskRow
from racewatch.ui.measure import roomy
from racewatch.ui.plain import PathBox, PlainLabel, WrapLabel, action_text
from racewatch.ui.plan import Doubt, News, Plan, Step
from racewatch.ui.question import Question
from racewatch.ui.theme import Look
from racewatch.ui.tr import marked, tr

RESPONSIBILITY: Final = marked("I take responsibility: it could not be proved that nobody uses this")
_ASKED: Final = {
    KindName.SOCKET: marked("Remove the socket “{name}”?"),
    KindName.LOCK: marked("Break the lock “{name}”?"),
    KindName.CONTAINER: marked("Delete the container “{name}”?"),
}
#: What will be done, and when; then how it can be undone, or not.
_WILL: Final = {
    KindName.SOCKET: (
        marked(
            "Its state is checked once more with the socket pinned; only if it is still as shown, its name is taken "
            "away. This can be undone from the History while the name is free."
        ),
        marked(
            "Its state is checked once more with the socket pinned; only if it is still as shown, it is taken away and "
            "deleted. This cannot be undone."
        ),
    ),
    KindName.LOCK: (
        marked(
            "Its state is checked once more with the lock pinned; only if it is still as shown, its name is taken "
            "away. This can be undone from the History while the name is free."
        ),
        marked(
            "Its state is checked once more with the lock pinned; only if it is still as shown, it is taken away and "
            "deleted. This cannot be undone."
        ),
    ),
    KindName.CONTAINER: (
        marked(
            "Its state is checked once more with the container pinned; only if it is still as shown, its name is taken "
            "away. This can be undone from the History while the name is free."
        ),
        marked(
            "Its state is checked once more with the container pinned; only if it is still as shown, it is taken away "
            "and deleted. This cannot be undone."
        ),
    ),
}
_LOSES: Final = {
    KindName.SOCKET: marked("If something does use it, that will lose its socket."),
    KindName.LOCK: marked("If something does use it, that will lose its lock."),
    KindName.CONTAINER: marked("If something does use it, that will lose its container."),
}
_STILL: Final = {
    Verdict.STALE: marked("Watched while you decide. Still stale; last look {age}."),
    Verdict.UNKNOWN: marked("Watched while you decide. Still unproved; last look {age}."),
    Verdict.IDLE: marked("Watched while you decide. Still idle; last look {age}."),
    Verdict.LIVE: marked("Watched while you decide. Still live; last look {age}."),
}
CONSEQUENCE: Final = marked("I take responsibility: what this lock guarded may be half done")


class ConfirmDialog(Question):
    """Asks about one observation, which may need a person's word."""

    def __init__(
        self,
        observation: Observation,
        look: Look,
        parent: QWidget | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        name = words.target_name(observation.target, observation.path)
        title = tr(_ASKED[observation.target.kind]).format(name=name)
        super().__init__(Plan.of_one(observation, clock), title, look, parent, clock)
        (self._step,) = self.plan.steps
        self.bound = observation
        self._override = observation.removable is Removable.OVERRIDE
        self.setMinimumWidth(540)
        self._build()
        self._show_evidence()
        self._refresh()

    def _build(self) -> None:
        self._picture = PlainLabel()
        self._picture.setFixedSize(36, 36)
        self._draw(self.bound.verdict.value, self._look.of_verdict(self.bound.verdict))
        head = QHBoxLayout()
        head.setSpacing(12)
        head.addWidget(self._picture, 0, Qt.AlignmentFlag.AlignTop)
        head.addWidget(self._heading(), 1, Qt.AlignmentFlag.AlignVCenter)
        self.path = PathBox()
        self.path.setAccessibleName(tr("Path"))
        self.path.set_text(words.full_path(self.bound))
        self.consequence = WrapLabel(consequence_of(self.bound))
        self.space = WrapLabel()
        self.space.setAccessibleName(tr("Space"))
        self.space.hide()
        section = _section(tr("Evidence"))
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
        self._scroll.setAccessibleName(tr("Evidence"))
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.state = Note(self._look, "idle", "pulse", "")
        promise = promise_of(self.bound)
        self.promise = QCheckBox(action_text(promise))
        self.promise.setAccessibleName(promise)
        self.promise.setAccessibleDescription(tr("Needed before the button can be pressed; never remembered"))
        self.promise.setVisible(self._override)
        room = self.screen().availableSize().width() - 80
        if self._override:  # a line of it that is cut off would be agreed to unread
            self.setMinimumWidth(min(max(540, self.promise.sizeHint().width() + 44), room))
        self.promise.toggled.connect(self._on_promise)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 16)
        layout.setSpacing(10)
        layout.addLayout(head)
        layout.addWidget(self.path)
        layout.addWidget(self.consequence)
        layout.addWidget(self.space)
        layout.addWidget(section)
        layout.addWidget(self._scroll, 1)
        layout.addWidget(self.state)
        layout.addWidget(self.promise)
        layout.addSpacing(2)
        layout.addLayout(self._buttons())
        self.resize(roomy(self, 580, 510 if self._override else 470))

    def _draw(self, icon: str, colour: QColor | str) -> None:
        self._picture.setPixmap(icons.pixmap(icon, colour, 32, self.devicePixelRatioF()))

    def show_space(self, text: str) -> None:
        """What it takes on the disk and what removing it frees, in sentences; it may come late."""
        self.space.setText(text)
        self.space.setVisible(bool(text) and self.doubt is None)

    def _show_evidence(self) -> None:
        while (item := self._evidence.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        newest = self._step.newest
        for evidence in remains.found(newest):
            self._evidence.addWidget(EvidenceRow(self._look, evidence))
        windows = remains.windows(newest) if self.doubt is None else ()
        if windows:
            self._evidence.addWidget(_section(tr(remains.TITLE)))
        for text in windows:
            self._evidence.addWidget(RiskRow(self._look, text))
        self._evidence.addStretch(1)

    # --- staying honest ---------------------------------------------------------------------

    @property
    def doubt(self) -> Doubt | None:
        """Why the button is off for good, when it is."""
        return self._step.doubt

    def _show_news(self, step: Step, news: News) -> bool:
        self._show_evidence()
        if step.doubt is not None:
            self._withdraw(step)
        return True

    def _withdraw(self, step: Step) -> None:
        """Take back what was said of a removal: it is not going to be, and the thing is not as it was."""
        self.promise.setEnabled(False)
        self.consequence.hide()
        self.space.hide()
        if step.doubt is Doubt.GONE:
            self._draw("gone", self._look.colours.muted)
        else:
            verdict = step.newest.verdict
            self._draw(verdict.value, self._look.of_verdict(verdict))

    def _said_on_button(self) -> str:
        return words.deed(self.bound.target)

    def _why_off(self) -> str:
        if self.doubt is not None:
            return tr("What this question is about is not there any more")
        return "" if self.promise.isChecked() or not self._override else tr("Needs the tick above")

    def _tell(self) -> None:
        if self.doubt is not None:
            level = {Doubt.ALIVE: "live", Doubt.GONE: "idle"}.get(self.doubt, "stale")
            icon = {Doubt.ALIVE: "live", Doubt.GONE: "gone"}.get(self.doubt, "warning")
            self.state.say(level, icon, self.plan.doubt_text(self._step))
            return
        age = words.ago(self._clock() - self._step.looked_at)
        self.state.say("idle", "pulse", tr(_STILL[self.bound.verdict]).format(age=age))

    def _on_promise(self, checked: bool) -> None:
        self._beat.start()
        self._refresh()


def _section(text: str) -> PlainLabel:
    label = PlainLabel(text)
    label.setObjectName("section")
    return label


def promise_of(seen: Observation) -> str:
    """What a person takes upon them, where their word is needed."""
    certain = _certain_loss(seen)
    if certain:
        return tr("I take responsibility: {certain}").format(certain=certain)
    return tr(CONSEQUENCE if seen.verdict is Verdict.STALE else RESPONSIBILITY)


def _certain_loss(seen: Observation) -> str:
    """What goes with a container for certain, if anything does; with locks it is what may happen."""
    return words.fact(seen, "consequence") if seen.target.kind is KindName.CONTAINER else ""


def consequence_of(seen: Observation) -> str:
    """What is done to it, what that may do to others, and what cannot be undone."""
    kind = seen.target.kind
    certain = _certain_loss(seen)
    if certain:
        act = tr(
            "Its state is checked once more with the container pinned; only if it is still as shown, it is taken away "
            "and deleted, and {certain}. This cannot be undone."
        ).format(certain=certain)
        return _sentences(seen.summary, act)
    undoable, final = _WILL[kind]
    act = tr(undoable if seen.undoable else final)
    lost = words.fact(seen, "consequence")
    others = ", ".join(display_text(value) for name, value in seen.facts if name == "goes with it")
    together = tr("Together with it goes {others}, or nothing.").format(others=others) if others else ""
    if seen.removable is Removable.OVERRIDE:
        risk = tr("What may happen: {lost}.").format(lost=lost) if lost else tr(_LOSES[kind])
        return _sentences(seen.summary, risk, together, act)
    return _sentences(seen.summary, act, together)


def _sentences(*some: str) -> str:
    return " ".join(one for one in some if one)
