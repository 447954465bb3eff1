"""The button of a tool bar for what has no room in it: Qt's own has no name, and its arrow is black in the dark."""

from __future__ import annotations

from PySide6.QtCore import QObject, QSize
from PySide6.QtWidgets import QToolBar, QToolButton

from racewatch.ui import icons
from racewatch.ui.theme import Look
from racewatch.ui.tr import tr


class MoreActions(QObject):
    """Keeps that button named and in the colours of the look; it is there while something has no room."""

    def __init__(self, bar: QToolBar, look: Look) -> None:
        super().__init__(bar)
        self._look = look
        self._buttons = [
            button
            for button in bar.findChildren(QToolButton)
            if button.objectName() == "qt_toolbar_ext_button"
        ]
        for button in self._buttons:
            button.setAccessibleName(tr("More actions"))
            button.setAccessibleDescription(tr("Show what has no room in this row"))
            button.setToolTip(tr("Show what has no room in this row"))
            button.setIconSize(QSize(12, 12))
        look.changed.connect(self._paint)
        self._paint()

    def _paint(self) -> None:
        for button in self._buttons:
            button.setIcon(icons.icon("chevron-down", self._look.colours.text))
