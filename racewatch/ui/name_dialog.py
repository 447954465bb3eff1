"""Asks for one name, and says while it is typed what speaks against it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from racewatch.ui.plain import PlainLabel, WrapLabel
from racewatch.ui.tr import tr


class NameDialog(QDialog):
    """``named`` carries the name when it was confirmed; Escape and Cancel do nothing."""

    named = Signal(str)

    def __init__(
        self,
        title: str,
        about: str,
        verb: str,
        name: str,
        why_not: Callable[[str], str],
        parent: QWidget | None = None,
    ) -> None:
        """``why_not`` tells why a name will not do; nothing when it will."""
        super().__init__(parent)
        self._why_not = why_not
        self.setWindowTitle(title)
        self.setAccessibleName(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(380)
        told = WrapLabel(about)
        told.setObjectName("muted")
        label = PlainLabel(tr("Name"))
        self.line = QLineEdit(name)
        self.line.setAccessibleName(tr("Name"))
        self.line.setAccessibleDescription(about)
        self.line.selectAll()
        label.setBuddy(self.line)
        self.said = PlainLabel()
        self.said.setObjectName("muted")
        self.confirm = QPushButton(verb)
        self.confirm.setAccessibleDescription(tr("Keep it under this name"))
        self.confirm.setDefault(True)
        self.confirm.clicked.connect(self.accept)
        cancel = QPushButton(tr("Cancel"))
        cancel.setAccessibleDescription(tr("Close this; nothing is changed"))
        cancel.setAutoDefault(False)
        cancel.clicked.connect(self.reject)
        below = QHBoxLayout()
        below.addWidget(self.said, 1)
        below.addWidget(cancel)
        below.addWidget(self.confirm)
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addWidget(label)
        row.addWidget(self.line, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 16)
        layout.setSpacing(14)
        layout.addWidget(told)
        layout.addLayout(row)
        layout.addLayout(below)
        self.line.textChanged.connect(self._typed)
        self.accepted.connect(self._tell)
        self._typed(name)

    def _typed(self, name: str) -> None:
        why = self._why_not(name)
        self.said.setText(why if name.strip() else "")
        self.confirm.setEnabled(not why)

    def _tell(self) -> None:
        self.named.emit(self.line.text())
