"""The answer to "remove this" when racewatch never does: why not, and what to do instead."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from racewatch.core.model import Observation, Removable, Verdict
from racewatch.ui import icons, words
from racewatch.ui.command_box import CommandBox
from racewatch.ui.evidence_pane import Note
from racewatch.ui.measure import roomy
from racewatch.ui.plain import PathBox, PlainLabel, WrapLabel, heading
from racewatch.ui.theme import Look
from racewatch.ui.tr import tr


class RemedyDialog(QDialog):
    """Shows one observation's remedy, with the exact commands of the program that owns it."""

    @staticmethod
    def has_something_to_say(seen: Observation) -> bool:
        """True for what is not in use, is never removed here, and has a remedy."""
        never = seen.removable is Removable.NEVER and seen.verdict is not Verdict.LIVE
        return never and bool(seen.remedy)

    def __init__(self, seen: Observation, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        name = words.target_name(seen.target, seen.path)
        commands = words.commands(seen)
        if words.has_a_tool(seen):
            title = tr("“{name}”: its own program takes it away").format(name=name)
        else:
            title = tr("“{name}”: it is never removed").format(name=name)
        self.setWindowTitle(title)
        self.setAccessibleName(title)
        self.setMinimumWidth(540)
        picture = PlainLabel()
        picture.setPixmap(
            icons.pixmap(seen.verdict.value, look.of_verdict(seen.verdict), 32, self.devicePixelRatioF())
        )
        picture.setFixedSize(36, 36)
        head = QHBoxLayout()
        head.setSpacing(12)
        head.addWidget(picture, 0, Qt.AlignmentFlag.AlignTop)
        head.addWidget(heading(title), 1, Qt.AlignmentFlag.AlignVCenter)
        path = PathBox()
        path.setAccessibleName(tr("Path"))
        path.set_text(words.full_path(seen))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 16)
        layout.setSpacing(10)
        layout.addLayout(head)
        layout.addWidget(path)
        layout.addWidget(WrapLabel(seen.summary))
        lost = words.fact(seen, "consequence")
        if lost and lost not in seen.summary:
            layout.addWidget(
                Note(look, "stale", "warning", tr("If it were removed: {lost}.").format(lost=lost))
            )
        remedy = words.remedy(seen)
        if remedy:
            layout.addWidget(Note(look, "idle", "info", remedy))
        self.commands = [CommandBox(look, command) for command in commands]
        for box in self.commands:
            layout.addWidget(box)
        layout.addStretch(1)
        self.close_button = QPushButton(tr("Close"))
        self.close_button.setDefault(True)
        self.close_button.setAccessibleName(tr("Close"))
        self.close_button.setAccessibleDescription(tr("Close this; nothing was done"))
        self.close_button.clicked.connect(self.accept)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(self.close_button)
        layout.addLayout(buttons)
        self.resize(roomy(self, 580, 320))
        self.close_button.setFocus()
