"""Freeze: what changes is held back until it is pressed again; how much that is, is said meanwhile."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QObject, QTimer, Signal

from racewatch.ui import words
from racewatch.ui.feed import Feed
from racewatch.ui.tr import tr

#: The monitor wakes nobody twice before what it has is taken, so the count is looked at.
_COUNT_MS: Final = 400


class Freeze(QObject):
    """Whether one window is frozen.  ``counted`` when what it says may be another number now."""

    counted = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._feed: Feed | None = None
        self._on = False
        self._timer = QTimer(self)
        self._timer.setInterval(_COUNT_MS)
        self._timer.timeout.connect(self.counted)

    def turn(self, feed: Feed | None, on: bool) -> None:
        """Hold back what comes from there, or let it through."""
        self._feed, self._on = feed, on
        if feed is not None:
            feed.hold("freeze", on)
        if on:
            self._timer.start()
        else:
            self._timer.stop()

    def said(self, since: float) -> str:
        """Since when nothing changes on screen, and how many things changed meanwhile; empty when it is not frozen."""
        if self._feed is None or not self._on:
            return ""
        frozen = tr("frozen since {when}").format(when=words.moment(since))
        count = self._feed.held_back
        held = tr("%n change(s) held back", "", count)
        return f"  ·  {frozen}, {held}" if count else f"  ·  {frozen}"
