"""What a person is told of without looking for it: waits that ended."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from racewatch.core.model import Target
from racewatch.monitor.engine import Monitor
from racewatch.ui.bridge import Bridge
from racewatch.ui.ear import Ear
from racewatch.ui.strip import StripArea
from racewatch.ui.theme import Look
from racewatch.ui.waits import Waits
from racewatch.verbs import Racewatch


class News(QObject):
    """The news of one window."""

    def __init__(
        self,
        bridge: Bridge,
        racewatch: Racewatch,
        look: Look,
        strips: StripArea,
        window: QWidget,
        show: Callable[[Target], None],
    ) -> None:
        """``show``: brings a target to the screen."""
        super().__init__(window)
        self.ear = Ear(bridge, self)
        self.waits = Waits(bridge, racewatch, look, strips, self.ear, show, self)

    def follow(self, monitor: Monitor | None) -> None:
        """Hear of this monitor from now on; None while there is none."""
        self.ear.follow(monitor)

    def close(self) -> None:
        """The window ends: nobody is told of anything."""
        self.waits.close()
        self.ear.follow(None)
