"""Buttons and dialogs that only a whole, deliberate press can push."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QDialog, QPushButton, QWidget

#: What presses a button or answers a dialog; held down they come again and again.
PRESSING = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space, Qt.Key.Key_Select, Qt.Key.Key_Escape)


class SteadyButton(QPushButton):
    """Ignores held keys, and a press during which it was off.

    Qt would let the second one pass: a mouse button that went down on "Remove 3", is held while the button goes
    off and comes back as "Remove 2", and moves a little, presses it when it comes up.
    """

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self._down_since = False
        self._spoiled = False

    def mousePressEvent(self, event: QMouseEvent, /) -> None:
        self._down_since, self._spoiled = True, False
        super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent, /) -> None:
        if not self._spoiled:
            super().mouseMoveEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent, /) -> None:
        if self._spoiled:
            self.setDown(False)
            event.accept()
        else:
            super().mouseReleaseEvent(event)
        self._down_since = self._spoiled = False

    def keyPressEvent(self, event: QKeyEvent, /) -> None:
        if event.key() in PRESSING and event.isAutoRepeat():
            event.accept()
            return
        super().keyPressEvent(event)

    def changeEvent(self, event: QEvent, /) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.EnabledChange and self._down_since:
            self._spoiled = True


class SteadyDialog(QDialog):
    """Ignores held keys: the Enter that opened a question, or answered it, may still be down.

    It neither agrees nor cancels, nor stops what it has just begun.
    """

    def keyPressEvent(self, event: QKeyEvent, /) -> None:
        if event.isAutoRepeat() and event.key() in PRESSING:
            event.accept()
            return
        super().keyPressEvent(event)
