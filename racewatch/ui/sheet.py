"""The F1 sheet: every shortcut, made of the table of actions."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from racewatch import __version__
from racewatch.ui.actions import TABLE
from racewatch.ui.plain import PlainLabel, WrapLabel
from racewatch.ui.tr import marked, tr

_MORE = (
    (marked("Tab"), marked("Go through all controls")),
    (marked("Up, Down"), marked("Go through the rows; with Shift: select several, with Ctrl+Space one more")),
    (marked("Enter"), marked("Ask about the selected row, like Delete")),
    (marked("Escape"), marked("Cancel a question, clear the filter")),
    (marked("F2, Del"), marked("Rename or delete the filter that is chosen at the left")),
    (marked("Menu or Shift+F10"), marked("What can be done with the selected row")),
)


class ShortcutSheet(QDialog):
    """All shortcuts on one sheet."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Keyboard shortcuts"))
        self.setAccessibleName(tr("Keyboard shortcuts"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        either = tr("or", "keys")
        lines = [
            (f" {either} ".join(_native(key) for key in entry.keys), tr(entry.help))
            for entry in TABLE
            if entry.keys
        ]
        lines += [(tr(keys), tr(text)) for keys, text in _MORE]
        # Two columns side by side: one would be higher than many screens.
        widest = max(self.fontMetrics().horizontalAdvance("".join(line)) for line in lines)
        room = self.screen().availableSize().width() // (widest + 120)
        half = (len(lines) + 1) // 2 if room > 1 else len(lines)
        columns = QHBoxLayout()
        columns.setContentsMargins(8, 8, 8, 8)
        columns.setSpacing(34)
        for part in (lines[:half], lines[half:]):
            columns.addLayout(_grid(part))
        body = QWidget()
        body.setLayout(columns)
        scroll = QScrollArea()
        scroll.setWidget(body)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setAccessibleName(tr("Shortcuts"))
        close = QPushButton(tr("Close"))
        close.setAccessibleName(tr("Close"))
        close.setAccessibleDescription(tr("Close this sheet"))
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
        layout.addWidget(scroll, 1)
        layout.addLayout(below)
        wanted = body.sizeHint() + QSize(60, 110)
        self.resize(wanted.boundedTo(self.screen().availableSize() - QSize(40, 60)))


def _grid(lines: Sequence[tuple[str, str]]) -> QGridLayout:
    grid = QGridLayout()
    grid.setHorizontalSpacing(14)
    grid.setVerticalSpacing(7)
    for at, (keys, text) in enumerate(lines):
        cap = PlainLabel(keys)
        cap.setObjectName("keycap")
        grid.addWidget(cap, at, 0, Qt.AlignmentFlag.AlignLeft)
        grid.addWidget(WrapLabel(text), at, 1, Qt.AlignmentFlag.AlignVCenter)
    grid.setColumnStretch(1, 1)
    grid.setRowStretch(len(lines), 1)
    return grid


def _native(keys: str) -> str:
    return QKeySequence(keys).toString(QKeySequence.SequenceFormat.NativeText)
