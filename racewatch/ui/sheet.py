"""The F1 sheet: every shortcut, made of the table of actions."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QDialog, QGridLayout, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from racewatch import __version__
from racewatch.ui.actions import TABLE
from racewatch.ui.plain import PlainLabel

_MORE = (
    ("Tab", "Go through all controls"),
    ("Up, Down", "Go through the rows; with Shift: select several, with Ctrl+Space one more"),
    ("Enter", "Ask about the selected row, like Delete"),
    ("Escape", "Cancel a question, clear the search"),
    ("Menu", "What can be done with the selected row"),
)


class ShortcutSheet(QDialog):
    """All shortcuts on one sheet."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keyboard shortcuts")
        self.setAccessibleName("Keyboard shortcuts")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        grid = QGridLayout()
        grid.setHorizontalSpacing(18)
        grid.setVerticalSpacing(7)
        lines = [
            (" or ".join(_native(key) for key in entry.keys), entry.help) for entry in TABLE if entry.keys
        ]
        for at, (keys, text) in enumerate((*lines, *_MORE)):
            cap = PlainLabel(keys)
            cap.setObjectName("keycap")
            grid.addWidget(cap, at, 0, Qt.AlignmentFlag.AlignLeft)
            grid.addWidget(PlainLabel(text), at, 1)
        close = QPushButton("Close")
        close.setAccessibleName("Close")
        close.setDefault(True)
        close.clicked.connect(self.accept)
        version = PlainLabel(f"racewatch {__version__}")
        version.setObjectName("muted")
        below = QHBoxLayout()
        below.addWidget(version)
        below.addStretch(1)
        below.addWidget(close)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 16)
        layout.setSpacing(16)
        layout.addLayout(grid)
        layout.addLayout(below)


def _native(keys: str) -> str:
    return QKeySequence(keys).toString(QKeySequence.SequenceFormat.NativeText)
