"""A command to paste into a shell: shown whole, copied by one button, never run by racewatch."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QWidget

from racewatch.ui import icons
from racewatch.ui.plain import PathBox
from racewatch.ui.theme import Look
from racewatch.ui.tr import tr


class CommandBox(QFrame):
    """One command with its Copy button."""

    def __init__(self, look: Look, command: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = look
        self._command = command
        self.text = PathBox()
        self.text.setAccessibleName(tr("Command"))
        self.text.set_text(command)
        self.copy = QPushButton()
        self.copy.setProperty("role", "quiet")
        self.copy.setAutoDefault(False)
        self.copy.setAccessibleName(tr("Copy command"))
        self.copy.setAccessibleDescription(tr("Copy the command to the clipboard; racewatch does not run it"))
        self.copy.setToolTip(tr("Copy command"))
        self.copy.setIconSize(QSize(16, 16))
        self.copy.clicked.connect(self._on_copy)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 2, 0, 2)
        layout.setSpacing(4)
        layout.addWidget(self.text, 1)
        layout.addWidget(self.copy, 0, Qt.AlignmentFlag.AlignTop)
        look.changed.connect(self._paint)
        self._paint()

    def _on_copy(self) -> None:
        QGuiApplication.clipboard().setText(self._command)

    def _paint(self) -> None:
        self.copy.setIcon(icons.icon("copy", self._look.colours.accent, self._look.colours.faint))
