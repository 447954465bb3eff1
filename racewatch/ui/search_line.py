"""A line to type a filter into, which leaves the window's shortcuts to the window."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QEvent, QKeyCombination, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit

#: On X11 every text line takes these as a shell does (end of line, delete the rest).  Whoever has just typed a filter
#: means the shortcut: the rows are exported, the columns chosen; End and Del do the other.
_THE_WINDOWS: Final = (
    QKeyCombination(Qt.KeyboardModifier.ControlModifier, Qt.Key.Key_E),
    QKeyCombination(Qt.KeyboardModifier.ControlModifier, Qt.Key.Key_K),
)


class SearchLine(QLineEdit):
    """A line edit in which Ctrl+E and Ctrl+K are the shortcuts that the window has for them."""

    def event(self, event: QEvent, /) -> bool:
        if (
            isinstance(event, QKeyEvent)
            and event.type() is QEvent.Type.ShortcutOverride
            and event.keyCombination() in _THE_WINDOWS
        ):
            event.ignore()
            return True
        return super().event(event)
