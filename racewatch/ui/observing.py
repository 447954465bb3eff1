"""The switch to look only: on at once, off with a question and only where the configuration allows it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QAction, QShowEvent
from PySide6.QtWidgets import QDialog, QWidget

from racewatch.ui.bridge import Bridge
from racewatch.ui.dialog import column, dressed, row
from racewatch.ui.plain import WrapLabel, heading
from racewatch.ui.question import BEAT_MS
from racewatch.ui.steady import SteadyButton, SteadyDialog
from racewatch.ui.strip import Level, StripArea
from racewatch.ui.tr import marked, tr
from racewatch.verbs import Racewatch, RacewatchError

WHY_OFF: Final = marked("Observing: nothing is removed, put back or freed.")


class ActAgainDialog(SteadyDialog):
    """Asks whether things may be removed again; Cancel is the default."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        title = tr("Allow removing again?")
        self.setWindowTitle(title)
        self.setAccessibleName(title)
        self.setMinimumWidth(460)
        head = heading(title)
        said = WrapLabel(
            tr(
                "Until now racewatch only looked. Afterwards what is left over can be removed from this "
                "window, each time after a question. What a crash had interrupted is brought to an end "
                "at once."
            )
        )
        on = tr("Close this; nothing can be removed")
        self.cancel = dressed(SteadyButton(tr("Go on observing")), self.reject, on, default=True)
        off = tr("Things can be removed again, each after a question")
        self.allow = dressed(SteadyButton(tr("Allow removing")), self.accept, off)
        self.allow.setEnabled(False)
        layout = column(self, 12)
        layout.addWidget(head)
        layout.addWidget(said)
        layout.addLayout(row([self.cancel, self.allow]))

    def showEvent(self, event: QShowEvent, /) -> None:
        super().showEvent(event)
        self.cancel.setFocus()
        QTimer.singleShot(BEAT_MS, self, lambda: self.allow.setEnabled(True))


class Observing(QObject):
    """The switch of one window.  ``changed`` after it was turned."""

    changed = Signal()

    def __init__(self, bridge: Bridge, racewatch: Racewatch, strips: StripArea, window: QWidget) -> None:
        super().__init__(window)
        self._bridge = bridge
        self._racewatch = racewatch
        self._strips = strips
        self._window = window
        self._title = window.windowTitle()
        self.dialog: ActAgainDialog | None = None

    def turn(self, action: QAction, enable: Callable[[bool, str], None]) -> None:
        """Show how it stands: title, tick, and whether a person may turn it off."""
        on = self._racewatch.observing
        self._window.setWindowTitle(
            tr("observing — {title}").format(title=self._title) if on else self._title
        )
        action.setChecked(on)
        fixed = on and self._racewatch.config.observe
        enable(not fixed, tr("The configuration says to observe only (observe = true).") if fixed else "")

    def toggle(self) -> None:
        """On at once; off after a question."""
        if not self._racewatch.observing:
            self._racewatch.start_observing()
            self._strips.show_message(
                Level.INFO, tr("{observing} Switch it off in the Edit menu.").format(observing=tr(WHY_OFF))
            )
            self.changed.emit()
            return
        self.changed.emit()  # the menu took its tick away by itself
        if self.dialog is None:
            self.dialog = ActAgainDialog(self._window)
            self.dialog.finished.connect(self._answered)
            self.dialog.open()

    def _answered(self, answer: int) -> None:
        if self.dialog is not None:
            self.dialog.deleteLater()
            self.dialog = None
        if answer == QDialog.DialogCode.Accepted:
            self._bridge.spawn(self._stop(), "allowing to remove again")

    async def _stop(self) -> None:
        try:
            await self._bridge.offload(self._racewatch.stop_observing)
        except RacewatchError as error:
            self._strips.show_message(Level.WARNING, str(error))
        self.changed.emit()
