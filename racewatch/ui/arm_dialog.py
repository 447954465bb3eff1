"""The question before something is armed: exactly what will happen, and what stops it."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QTimer
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QVBoxLayout, QWidget

from racewatch.core.model import Observation
from racewatch.ui import words
from racewatch.ui.armed import GRACE_SECONDS, Condition, needs_word
from racewatch.ui.confirm import CONSEQUENCE
from racewatch.ui.evidence_pane import Note
from racewatch.ui.plain import PathBox, WrapLabel, action_text, heading
from racewatch.ui.question import BEAT_MS
from racewatch.ui.steady import SteadyButton, SteadyDialog
from racewatch.ui.theme import Look
from racewatch.ui.tr import marked, tr

_ENDS: Final = marked(
    "It is only armed while this window is open: closing it, observing only, or Disarm ends that. "
    "Nothing is kept for the next start."
)


class ArmDialog(SteadyDialog):
    """Asks about one observation.  Accepted when it is to be armed."""

    def __init__(
        self,
        seen: Observation,
        condition: Condition,
        period: float,
        look: Look,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.seen = seen
        self.condition = condition
        self.period = period
        name = words.target_name(seen.target, seen.path)
        if condition is Condition.OWNER_DIES:
            title = tr("Remove “{name}” when its owner has died?").format(name=name)
        else:
            title = tr("Remove “{name}” if it is not refreshed?").format(name=name)
        self.setWindowTitle(title)
        self.setAccessibleName(title)
        self.setMinimumWidth(560)
        head = heading(title)
        path = PathBox()
        path.setAccessibleName(tr("Path"))
        path.set_text(words.full_path(seen))
        self.said = WrapLabel(_what_happens(seen, condition, period))
        ends = Note(look, "idle", "hourglass", tr(_ENDS))
        self.word = QCheckBox(action_text(tr(CONSEQUENCE)))
        self.word.setAccessibleName(tr(CONSEQUENCE))
        self.word.setAccessibleDescription(tr("Needed before it can be armed; never remembered"))
        self.word.setVisible(needs_word(seen))
        room = self.screen().availableSize().width() - 80
        if needs_word(seen):  # a line of it that is cut off would be agreed to unread
            self.setMinimumWidth(min(max(560, self.word.sizeHint().width() + 44), room))
        self.word.toggled.connect(self._refresh)
        self.cancel = SteadyButton(tr("Cancel"))
        self.cancel.setAccessibleName(tr("Cancel"))
        self.cancel.setAccessibleDescription(tr("Close this; nothing is armed"))
        self.cancel.setDefault(True)
        self.cancel.clicked.connect(self.reject)
        self.arm = SteadyButton(tr("Arm"))
        self.arm.setAccessibleName(tr("Arm"))
        self.arm.setAccessibleDescription(tr("Wait, count down, and remove it if nobody came back"))
        self.arm.setProperty("role", "danger")
        self.arm.setAutoDefault(False)
        self.arm.clicked.connect(self.accept)
        self._beat = QTimer(self)
        self._beat.setSingleShot(True)
        self._beat.setInterval(BEAT_MS)
        self._beat.timeout.connect(self._refresh)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(self.cancel)
        buttons.addWidget(self.arm)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 16)
        layout.setSpacing(12)
        for widget in (head, path, self.said, ends, self.word):
            layout.addWidget(widget)
        layout.addLayout(buttons)
        self._refresh()

    def showEvent(self, event: QShowEvent, /) -> None:
        super().showEvent(event)
        self.cancel.setFocus()
        self._beat.start()
        self._refresh()

    def _refresh(self) -> None:
        ready = self.isVisible() and not self._beat.isActive()
        self.arm.setEnabled(ready and (self.word.isChecked() or not needs_word(self.seen)))


def _what_happens(seen: Observation, condition: Condition, period: float) -> str:
    owner = words.owner_text(seen.owner)
    lost = words.fact(seen, "consequence")
    risk = tr("What may happen if that is wrong: {lost}.").format(lost=lost) if lost else ""
    undo = tr("This can be undone from the History.") if seen.undoable else tr("This cannot be undone.")
    if condition is Condition.OWNER_DIES:
        said = tr(
            "Nothing happens while {owner} lives. When that very process has died, a countdown of {time} is shown. It "
            "ends without a removal if anything stands there again, if somebody uses it, or if it cannot be proved left "
            "over. Else it is looked at once more, pinned, and its name is taken away."
        ).format(owner=owner, time=words.duration(GRACE_SECONDS))
    else:
        said = tr(
            "By its format its owner refreshes it every {period} at the latest. From now on two of these periods "
            "({two_periods}) are counted; one refresh, or any other sign of life, ends that without a removal. A program "
            "that sleeps looks dead. Else it is looked at once more, pinned, and removed."
        ).format(period=words.duration(period), two_periods=words.duration(2 * period))
    return " ".join(part for part in (said, undo, risk) if part)
