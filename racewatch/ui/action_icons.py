"""The icons of the actions, each drawn by the time that something shows it: most are in menus alone."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu

from racewatch.ui import icons
from racewatch.ui.theme import Look


class ActionIcons(QObject):
    """Keeps them in the colours of the look.  Drawing all of them at once would take a twentieth of the start."""

    def __init__(self, look: Look, parent: QObject) -> None:
        super().__init__(parent)
        self._look = look
        self._names: dict[QAction, str] = {}
        self._drawn: set[QAction] = set()
        look.changed.connect(self._draw_anew)

    def add(self, action: QAction, name: str) -> None:
        """The picture of an action; it is not drawn yet."""
        self._names[action] = name

    def draw(self, actions: Iterable[QAction]) -> None:
        """Give these their icons now."""
        colours = self._look.colours
        for action in actions:
            if action in self._names and action not in self._drawn:
                self._drawn.add(action)
                action.setIcon(icons.icon(self._names[action], colours.muted, colours.border))

    def draw_in(self, menu: QMenu) -> None:
        """Give what is in this menu its icons now."""
        self.draw(menu.actions())

    def when_shown(self, menu: QMenu) -> QMenu:
        """The same menu; what is in it has its icons whenever it is shown."""
        menu.aboutToShow.connect(partial(self.draw_in, menu))
        return menu

    def _draw_anew(self) -> None:
        drawn, self._drawn = self._drawn, set()
        self.draw(drawn)
