"""The choice of colours in the View menu."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QObject, QSettings, Signal
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu

from racewatch.config import Theme
from racewatch.ui.theme import Look
from racewatch.ui.tr import marked, tr

_THEMES: Final = (
    (Theme.SYSTEM, marked("&System")),
    (Theme.LIGHT, marked("&Light")),
    (Theme.DARK, marked("&Dark")),
)
_KEY: Final = "window/theme"


class ThemeMenu(QObject):
    """``chosen`` after a person chose other colours."""

    chosen = Signal()

    def __init__(self, look: Look, settings: QSettings, above: QMenu) -> None:
        super().__init__(above)
        self._look = look
        self._settings = settings
        above.addSeparator()
        menu = above.addMenu(tr("Colours"))
        group = QActionGroup(self)
        self._actions: dict[Theme, QAction] = {}
        for theme, text in _THEMES:
            action = menu.addAction(tr(text))
            action.setCheckable(True)
            action.setChecked(theme is look.theme)
            action.setData(theme.value)
            group.addAction(action)
            self._actions[theme] = action
        group.triggered.connect(self._on_theme)

    def _on_theme(self, action: QAction) -> None:
        self._look.choose(Theme(str(action.data())))
        # Kept only when chosen here: otherwise the configuration's word stands.
        self._settings.setValue(_KEY, self._look.theme.value)
        self.chosen.emit()

    def configured(self, theme: Theme) -> None:
        """The configuration says this now; it holds where nobody chose here."""
        if not self._settings.contains(_KEY) and theme is not self._look.theme:
            self._look.choose(theme)
            self._actions[theme].setChecked(True)
            self.chosen.emit()
