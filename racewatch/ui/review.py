"""The question about many things: the dialog is the plan, then its progress, then what came of each.

What is acted on are the rows of this list as they were when it opened, never a selection: a row that changes
loses its tick for good (it must be looked at anew).  Nothing that needs a person's word is done to many at once.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtGui import QCloseEvent, QGuiApplication
from PySide6.QtWidgets import QFrame, QHBoxLayout, QProgressBar, QScrollArea, QVBoxLayout, QWidget

from racewatch.core.model import KindName, Outcome, OutcomeWord, Target
from racewatch.ui import icons, words
from racewatch.ui.confirm import consequence_of
from racewatch.ui.evidence_pane import Note
from racewatch.ui.measure import roomy
from racewatch.ui.plain import PathBox, PlainLabel, WrapLabel
from racewatch.ui.plan import News, Plan, Step
from racewatch.ui.question import Question
from racewatch.ui.review_list import ReviewList, ReviewModel, said_of
from racewatch.ui.steady import SteadyButton
from racewatch.ui.strip import Level, level_of
from racewatch.ui.theme import Look
from racewatch.ui.tr import marked, number, recorded, tr

_ASKED: Final = {
    None: marked("Remove the ticked things?"),
    KindName.SOCKET: marked("Remove the ticked sockets?"),
    KindName.LOCK: marked("Break the ticked locks?"),
    KindName.CONTAINER: marked("Delete the ticked containers?"),
}
_PROMISE: Final = marked(
    "Each is looked at once more, pinned, right before its own turn; what is not as shown here any more "
    "is left alone."
)


class ReviewDialog(Question):
    """Asks about a plan, stays open while it is carried out, and shows what came of each target.

    The owner tells it of every turn (:meth:`turn`, :meth:`ended`) and asks :attr:`stopped` in between.
    """

    #: Put back everything that this plan took away.
    undo_wanted = Signal()

    def __init__(
        self,
        plan: Plan,
        look: Look,
        parent: QWidget | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        kind = next(iter(plan.kinds)) if len(plan.kinds) == 1 else None
        super().__init__(plan, tr(_ASKED[kind]), look, parent, clock)
        self.stopped = False
        self._running = False
        self._line_of: dict[Step, str] = {}
        self.setMinimumSize(560, 420)
        self._build()
        self._tick.timeout.connect(self.model.aged)
        self.list.setCurrentIndex(self.model.index(0, 0))
        self._refresh()

    # --- what it looks like -----------------------------------------------------------------

    def _build(self) -> None:
        picture = PlainLabel()
        colours = self._look.colours
        picture.setPixmap(icons.pixmap("remove", colours.danger, 32, self.devicePixelRatioF()))
        picture.setFixedSize(36, 36)
        head = QHBoxLayout()
        head.setSpacing(12)
        head.addWidget(picture, 0, Qt.AlignmentFlag.AlignTop)
        self.heading = self._heading()
        head.addWidget(self.heading, 1, Qt.AlignmentFlag.AlignVCenter)
        self.said = WrapLabel(_what_will_be_done(self.plan))
        self.model = ReviewModel(self.plan, self)
        self.model.ticked.connect(self._on_ticked)
        self.list = ReviewList(self.model, self._look)
        self.list.selectionModel().currentChanged.connect(self._on_current)
        self.path = PathBox()
        self.path.setAccessibleName(tr("Path of the current row"))
        self.about = WrapLabel()
        self.about.setAccessibleName(tr("About the current row"))
        below = QVBoxLayout()
        below.setContentsMargins(0, 0, 6, 0)
        below.setSpacing(6)
        below.addWidget(self.path)
        below.addWidget(self.about)
        below.addStretch(1)
        holder = QWidget()
        holder.setLayout(below)
        scroll = QScrollArea()
        scroll.setWidget(holder)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setFixedHeight(max(124, 8 * self.fontMetrics().lineSpacing()))
        self.state = Note(self._look, "idle", "pulse", "")
        self.bar = QProgressBar()
        self.bar.setAccessibleName(tr("Progress"))
        self.bar.hide()
        self.undo = SteadyButton(tr("Undo all"))
        self.undo.setAutoDefault(False)
        self.undo.setAccessibleName(tr("Undo all"))
        self.undo.setAccessibleDescription(
            tr("Put back everything that was just taken away, where its name is free")
        )
        self.undo.clicked.connect(self._on_undo)
        self.undo.hide()
        self.copy = SteadyButton(tr("Copy results"))
        self.copy.setAutoDefault(False)
        self.copy.setAccessibleName(tr("Copy results"))
        self.copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self.as_text()))
        self.copy.hide()
        buttons = QHBoxLayout()
        buttons.addWidget(self.copy)
        buttons.addWidget(self.undo)
        buttons.addLayout(self._buttons(), 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 16)
        layout.setSpacing(10)
        layout.addLayout(head)
        layout.addWidget(self.said)
        layout.addWidget(self.list, 1)
        layout.addWidget(scroll)
        layout.addWidget(self.bar)
        layout.addWidget(self.state)
        layout.addLayout(buttons)
        self.resize(roomy(self, 780, 640))

    def _on_current(self, index: QModelIndex, _before: QModelIndex) -> None:
        self._show_about()

    def _show_about(self) -> None:
        step = self.model.step_at(self.list.currentIndex())
        if step is None:
            return
        self.path.set_text(words.full_path(step.bound))
        whole = consequence_of(step.bound) if step.is_offered and step.outcome is None else ""
        self.about.setText(whole or said_of(self.plan, step))

    # --- while it is asked ------------------------------------------------------------------

    def _on_ticked(self) -> None:
        # The count on the button is another one: whoever is about to press reads it first.
        self._beat.start()
        self._refresh()

    def _show_news(self, step: Step, news: News) -> bool:
        self.model.changed(step)
        if step is self.model.step_at(self.list.currentIndex()):
            self._show_about()
        line = words.evidence_line(step.newest)
        before = self._line_of.get(step) or words.evidence_line(step.bound)
        self._line_of[step] = line
        return news is News.DOUBT or line != before

    def _why_off(self) -> str:
        if self.plan.count:
            return ""
        return tr("Nothing is ticked") if self.plan.offered else tr("Nothing of this is left to remove")

    def _tell(self) -> None:
        if self.agreed:
            return
        changed = self.plan.changed
        if changed:
            self.state.say(
                "stale",
                "warning",
                tr(
                    "%n changed since this was opened, and lost the tick. Close this and look anew to remove it.",
                    "",
                    changed,
                ),
            )
            return
        looked = min((step.looked_at for step in self.plan.steps if step.is_offered), default=self._clock())
        age = words.ago(self._clock() - looked)
        self.state.say(
            "idle",
            "pulse",
            tr("Watched while you decide. All still as shown; last look {age}.").format(age=age),
        )

    # --- while it is carried out ------------------------------------------------------------

    def _go(self) -> None:
        self._running = True
        self.model.editable = False
        self.remove.hide()
        self.cancel.setText(tr("Stop"))
        self.cancel.setAccessibleName(tr("Stop"))
        self.cancel.setAccessibleDescription(tr("Stop before the next one; what was done can be undone"))
        self.bar.setRange(0, len(self.agreed))
        self.bar.setFormat(tr("%v of %m"))
        self.bar.show()
        self.list.setFocus()

    def turn(self, target: Target) -> None:
        """This one is acted on now."""
        name = words.target_name(target)
        self.state.say(
            "idle",
            "hourglass",
            tr("Looking at {name} once more, and removing it if it is as shown…").format(name=name),
        )

    def ended(self, outcome: Outcome) -> None:
        """What came of one."""
        step = self.plan.find(outcome.target)
        if step is not None:
            step.outcome = outcome
            self._redraw(step)
        self.bar.setValue(self.bar.value() + 1)

    def lost_sight(self, target: Target) -> None:
        """Acting on this one ended in a mistake of racewatch: nobody knows how far it came."""
        step = self.plan.find(target)
        if step is not None:
            step.lost_sight = True
            self._redraw(step)
        self.bar.setValue(self.bar.value() + 1)

    def put_back(self, outcome: Outcome) -> None:
        """What came of undoing one."""
        step = self.plan.find(outcome.target)
        if step is not None:
            step.put_back = outcome
            self._redraw(step)

    def _redraw(self, step: Step) -> None:
        self.model.changed(step)
        if step is self.model.step_at(self.list.currentIndex()):
            self._show_about()

    def over(self) -> None:
        """No more is done; shows what came of it."""
        self._running = False
        outcomes = self.outcomes()
        self.heading.setText(tr("What came of each"))
        self.said.hide()
        unknown = sum(step.lost_sight for step in self.plan.steps)
        left = len(self.agreed) - len(outcomes) - unknown
        text = summary_of(outcomes) if outcomes or not unknown else ""
        if unknown:
            said = tr("%n ended in a mistake of racewatch: unknown how far it came, look at it.", "", unknown)
            text = f"{text} {said}".lstrip()
        if left:
            text = " ".join((text, tr("Stopped: %n not touched.", "", left)))
        level = Level.ERROR if unknown else level_of_all(outcomes)
        self.state.say("danger" if level is Level.ERROR else "idle", level.value, text)
        self.bar.hide()
        self.cancel.setText(tr("Close"))
        self.cancel.setAccessibleName(tr("Close"))
        self.cancel.setAccessibleDescription(tr("Close this list"))
        self.cancel.setEnabled(True)
        self.copy.show()
        self.undo.setVisible(any(outcome.undoable for outcome in outcomes))
        self.cancel.setFocus()

    def _on_undo(self) -> None:
        self.undo.setEnabled(False)
        self.undo_wanted.emit()

    def undone(self, text: str) -> None:
        """Everything that could be put back was."""
        self.state.say("idle", "undo", text)
        self.undo.hide()

    def outcomes(self) -> list[Outcome]:
        """What came of those that had their turn."""
        return [step.outcome for step in self.plan.steps if step.outcome is not None]

    @recorded()
    def as_text(self) -> str:
        """The whole list as text, with the outcomes in the words that scripts know."""
        return "\n".join(
            f"{_word_of(step)}\t{words.full_path(step.bound)}\t{said_of(self.plan, step)}"
            for step in self.plan.steps
        )

    # --- closing ----------------------------------------------------------------------------

    def reject(self) -> None:
        """While it runs: stop before the next one.  Else: close."""
        if self._running:
            self.stopped = True
            self.cancel.setEnabled(False)
            return
        super().reject()

    def closeEvent(self, event: QCloseEvent, /) -> None:
        if self._running:
            event.ignore()
            self.reject()
            return
        super().closeEvent(event)


def _word_of(step: Step) -> str:
    if step.outcome is not None:
        return step.outcome.word.value
    return "unknown" if step.lost_sight else "not touched"


def level_of_all(outcomes: Sequence[Outcome]) -> Level:
    """How several outcomes look together: as the one that needs a person most."""
    levels = {level_of(outcome) for outcome in outcomes}
    return next((level for level in (Level.ERROR, Level.REFUSED) if level in levels), Level.SUCCESS)


def summary_of(outcomes: Sequence[Outcome]) -> str:
    """``9 done. 1 refused: in use.``"""
    counted = Counter(words.outcome_word(outcome.word) for outcome in outcomes)
    order = [words.outcome_word(word) for word in OutcomeWord]
    parts = [f"{number(counted[word])} {word}" for word in order if counted[word]]
    kept = any(outcome.word.is_refusal for outcome in outcomes)
    why = tr("What was refused is as it was: that is what the second look is for.")
    return f"{', '.join(parts)}.{f' {why}' if kept else ''}" if parts else tr("Nothing was done.")


def _what_will_be_done(plan: Plan) -> str:
    offered = [step.bound for step in plan.steps if step.is_offered]
    final = sum(not seen.undoable for seen in offered)
    if not offered:
        return tr("Nothing of what was selected can be removed from here; each row says why.")
    if final == len(offered):
        undo = tr("They are taken away and deleted: this cannot be undone.")
    elif final:
        undo = tr(
            "%n of them cannot be undone; the others can, from here and from the History, while their names are free.",
            "",
            final,
        )
    else:
        undo = tr(
            "Their names are taken away; this can be undone from here and from the History while the "
            "names are free."
        )
    return f"{undo} {tr(_PROMISE)}"
