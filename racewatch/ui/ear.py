"""Changes for who must hear of them even while the view is frozen, or a menu keeps its rows still.

A second subscription of the monitor, which is only there while somebody wants it.
"""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from racewatch.monitor.batch import Batch
from racewatch.monitor.engine import Monitor
from racewatch.ui.bridge import Bridge
from racewatch.ui.feed import Feed


class Ear(QObject):
    """``heard`` carries batches.  After each ``begun`` they are a whole state first, the last of which says ready."""

    heard = Signal(object)
    begun = Signal()

    def __init__(self, bridge: Bridge, parent: QObject) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._monitor: Monitor | None = None
        self._feed: Feed | None = None
        self._wanted: set[str] = set()

    def follow(self, monitor: Monitor | None) -> None:
        """Listen to this monitor from now on; None: to nobody, the one of before is about to end."""
        self._leave()
        self._monitor = monitor
        self._listen()

    def want(self, why: str, wanted: bool) -> None:
        """Listen while at least one reason stands."""
        if wanted:
            self._wanted.add(why)
        else:
            self._wanted.discard(why)
        if self._wanted:
            self._listen()
        else:
            self._leave()

    def _listen(self) -> None:
        if self._wanted and self._monitor is not None and self._feed is None:
            self.begun.emit()
            self._feed = Feed(self._bridge, self._monitor, self)
            self._feed.arrived.connect(self._on_batch)

    def _on_batch(self, batch: Batch) -> None:
        self.heard.emit(batch)

    def _leave(self) -> None:
        feed, self._feed = self._feed, None
        if feed is not None:
            feed.close()
            feed.deleteLater()
