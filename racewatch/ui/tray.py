"""The icon in the tray of the desktop, and the window that is hidden there instead of being closed.

A hidden window goes on watching, and tells what is waited for; it never goes on towards a removal: it is not hidden
while something is armed, asked or done.  Where the tray goes away, the window comes back.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import shiboken6
from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QSystemTrayIcon, QWidget

from racewatch.ui import icons
from racewatch.ui.acting import Actor
from racewatch.ui.actions import Act, Actions
from racewatch.ui.arming import Arming
from racewatch.ui.front import bring_to_front
from racewatch.ui.strip import Level, Strip, StripArea
from racewatch.ui.tr import marked, tr

NO_TRAY: Final = marked("This desktop has no tray: closing the window closes it.")
_OFF: Final = marked("Turn the tray on in the settings first.")
#: How often it is asked whether there is a tray, while that matters: nothing tells when it comes or goes.
_LOOK_MS: Final = 5_000
#: A panel that is started anew has no tray for a moment.
_PATIENCE: Final = 2
#: A desktop that is just starting has its tray by then.
_TRIES: Final = 12


class Tray(QObject):
    """The tray of one window.  ``changed`` when what can be done with it did."""

    changed = Signal()

    def __init__(
        self,
        window: QWidget,
        actions: Actions,
        actor: Actor,
        arming: Arming,
        strips: StripArea,
        available: Callable[[], bool] = QSystemTrayIcon.isSystemTrayAvailable,
    ) -> None:
        super().__init__(window)
        self._window = window
        self._actions = actions
        self._actor = actor
        self._arming = arming
        self._strips = strips
        self._available = available
        self._on = False
        self._hidden = False
        self._missed = 0
        self._counts = ""
        self._refusal: Strip | None = None
        self.menu = actions.tray_menu(window)
        self.icon: QSystemTrayIcon | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK_MS)
        self._timer.timeout.connect(self._look)

    def turn(self, on: bool) -> None:
        """Whether there shall be an icon."""
        before, self._on = self._on, on
        if on == before:
            return
        if on:
            self._missed = 0
            if not self._put_up():
                self._strips.show_message(Level.INFO, tr(NO_TRAY))
                self._timer.start()
        else:
            if self.hidden:
                self.come_back()
            self._take_down()
        self.changed.emit()

    def _put_up(self) -> bool:
        """Have the icon in the tray, if there is one."""
        if not self._on or not self._available():
            return False
        if self.icon is None:
            self.icon = QSystemTrayIcon(icons.application_icon(), self)
            self._actions.icons.draw_in(self.menu)  # a tray may read it without saying that it shows it
            self.icon.setContextMenu(self.menu)
            self.icon.activated.connect(self._on_activated)
            self.icon.messageClicked.connect(self.come_back)
            self._tell_counts()
            self.icon.show()
            self.changed.emit()
        return True

    def _take_down(self) -> None:
        self._timer.stop()
        icon, self.icon = self.icon, None
        if icon is not None:
            icon.hide()
            icon.deleteLater()

    def _look(self) -> None:
        there = self._put_up()
        self._missed = 0 if there else self._missed + 1
        if not self.hidden and (there or self._missed >= _TRIES):
            self._mind()
        if self.hidden and self._missed >= _PATIENCE:
            self.come_back()
            text = tr("The tray of this desktop has gone, so the window is back: closing it closes it.")
            self._strips.show_message(Level.INFO, text)

    def _mind(self) -> None:
        """Go on asking only while the window may have to come back."""
        if self.hidden:
            self._timer.start()
        else:
            self._timer.stop()

    # --- hiding -----------------------------------------------------------------------------

    @property
    def hidden(self) -> bool:
        """True while the window is hidden in the tray."""
        return self._hidden and self._window.isHidden()

    def cannot(self) -> str:
        """Why the window cannot be hidden there; empty when it can."""
        if not self._on:
            return tr(_OFF)
        return "" if self.icon is not None else tr(NO_TRAY)

    def take_in(self) -> bool:
        """Hide the window instead of closing it, or say why it stays; False when it shall be closed."""
        app = QGuiApplication.instance()
        session_ends = isinstance(app, QGuiApplication) and app.isSavingSession()
        if session_ends or not self._put_up():
            return False
        armed = len(tuple(self._arming.targets))
        self._withdraw_refusal()
        if self._actor.busy or self._arming.busy:
            self._refusal = self._strips.show_message(
                Level.INFO, tr("The window was not hidden: something is being asked, or done, just now.")
            )
        elif armed:
            self._refusal = self._strips.show_message(
                Level.WARNING,
                tr(
                    "The window was not hidden: %n removals are armed, and nothing is removed by a window that "
                    "nobody sees.",
                    "",
                    armed,
                ),
                more=(tr("Disarm and hide"), self._disarm_and_hide),
            )
        else:
            self._hide()
        return True

    def _withdraw_refusal(self) -> None:
        """What was said of the last try is not so any more."""
        refusal, self._refusal = self._refusal, None
        if refusal is not None and shiboken6.isValid(refusal) and not refusal.dismissed:
            refusal.dismiss()

    def _disarm_and_hide(self) -> None:
        self._arming.disarm_all(tr("The window was hidden in the tray."))
        self.take_in()  # something may be asked or done by now

    def _hide(self) -> None:
        self._hidden = True
        self._missed = 0
        self._window.hide()
        self._mind()

    def come_back(self, activation: str = "") -> None:
        """Show the window again, if it is hidden here; else bring it to the front."""
        self._hidden = False
        self._mind()
        bring_to_front(self._window, activation)

    def _on_activated(self, reason: QSystemTrayIcon.ActivationReason) -> None:
        if reason in (QSystemTrayIcon.ActivationReason.Trigger, QSystemTrayIcon.ActivationReason.DoubleClick):
            self.come_back()

    # --- what it says -----------------------------------------------------------------------

    def count(self, attention: int) -> None:
        """How many things need attention."""
        self._counts = tr("%n need attention", "", attention) if attention else tr("nothing needs attention")
        self._tell_counts()

    def _tell_counts(self) -> None:
        text = f"racewatch: {self._counts}" if self._counts else "racewatch"
        if self.icon is not None and self.icon.toolTip() != text:
            self.icon.setToolTip(text)

    def tell(self, title: str, text: str) -> bool:
        """A message at the icon; False when there is none."""
        if self.icon is None or not self._available():
            return False
        self.icon.showMessage(title, text)
        return True

    def remarks(self) -> dict[str, str]:
        """What is to be known beside its setting."""
        return {} if self._available() else {"tray": tr(NO_TRAY)}

    def enable(self) -> None:
        """Turn its actions on or off."""
        cannot = self.cannot()
        self._actions.enable(Act.HIDE, not cannot, cannot)

    def close(self) -> None:
        """The window ends."""
        self._hidden = False
        self._on = False
        self._take_down()
