"""The pages of the Help menu: the drill, the first-run page, About.

Each is imported when it is first wanted: most starts of the window never show one.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QProcess, QSettings
from PySide6.QtWidgets import QDialog, QWidget

from racewatch.ui.actions import Act
from racewatch.ui.bridge import Bridge
from racewatch.ui.sheet import ShortcutSheet
from racewatch.ui.strip import Level, StripArea
from racewatch.ui.theme import Look
from racewatch.ui.tr import tr
from racewatch.verbs import Racewatch

if TYPE_CHECKING:
    from racewatch.ui.about import AboutDialog
    from racewatch.ui.drill_dialog import DrillDialog
    from racewatch.ui.welcome import WelcomeDialog

_SEEN: Final = "welcome/seen"


class HelpMenu(QObject):
    """Opens each page, once at a time."""

    def __init__(
        self,
        window: QWidget,
        bridge: Bridge,
        look: Look,
        strips: StripArea,
        settings: QSettings,
        *,
        roots: Callable[[], Sequence[bytes]],
        racewatch: Racewatch,
    ) -> None:
        """``roots``: where the window looks."""
        super().__init__(window)
        self._window = window
        self._bridge = bridge
        self._look = look
        self._strips = strips
        self._settings = settings
        self._roots = roots
        self._racewatch = racewatch
        self.drill: DrillDialog | None = None
        self.about: AboutDialog | None = None
        self.welcome: WelcomeDialog | None = None

    def handlers(self) -> dict[Act, Callable[[], None]]:
        """For the table of actions."""
        return {
            Act.KEYS: lambda: ShortcutSheet(self._window).open(),
            Act.DRILL: self._show_drill,
            Act.WELCOME: self.show_welcome,
            Act.ABOUT: self._show_about,
        }

    def _show_drill(self) -> None:
        if self.drill is None:
            from racewatch.ui.drill_dialog import DrillDialog

            self.drill = DrillDialog(self._look, self._bridge, self._window)
        _present(self.drill)

    def _show_about(self) -> None:
        if self.about is None:
            from racewatch.ui.about import AboutDialog

            self.about = AboutDialog(self._bridge, self._racewatch, self._window)
        self.about.look()
        _present(self.about)

    def welcome_once(self) -> None:
        """The first-run page, at the first start of this user."""
        if not self._settings.contains(_SEEN):
            self.show_welcome()

    def show_welcome(self) -> None:
        """The first-run page; it does not come by itself again."""
        self._settings.setValue(_SEEN, True)
        if self.welcome is None:
            from racewatch.ui.welcome import WelcomeDialog

            self.welcome = WelcomeDialog(self._look, self._roots(), self._start_demo, self._window)
        _present(self.welcome)

    def _start_demo(self) -> None:
        # Frozen into one file, the program is its own interpreter.
        words = [] if getattr(sys, "frozen", False) else ["-m", "racewatch"]
        started, _ = QProcess.startDetached(sys.executable, [*words, "demo"])
        if not started:
            self._strips.show_message(
                Level.ERROR, tr("The sandbox could not be started. Try it in a terminal: racewatch demo")
            )

    def end(self) -> None:
        """The window closes: a drill that runs is stopped, and cleans up after itself."""
        if self.drill is not None:
            self.drill.stop()

    async def ended(self) -> None:
        """Wait until it has."""
        if self.drill is not None:
            await self.drill.ended()


def _present(dialog: QDialog) -> None:
    dialog.show()
    dialog.raise_()
    dialog.activateWindow()
