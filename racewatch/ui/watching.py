"""The monitor behind a window and the feed of its news: begun, begun anew with other settings, held, ended."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from PySide6.QtCore import QObject, Signal

from racewatch.core.model import Target
from racewatch.monitor.batch import Batch
from racewatch.monitor.engine import Monitor
from racewatch.ui.bridge import Bridge
from racewatch.ui.feed import Feed
from racewatch.ui.succession import Succession


class Watching(QObject):
    """One monitor after the other.  ``arrived`` carries a :class:`~racewatch.monitor.batch.Batch` of one stream of news.

    ``followed`` carries the monitor that is heard from now on, before it starts, and None when it is to end.
    """

    arrived = Signal(object)
    followed = Signal(object)

    def __init__(self, bridge: Bridge, make: Callable[[], Monitor], parent: QObject) -> None:
        """``make``: a monitor for the settings as they are then; called in a thread of the bridge."""
        super().__init__(parent)
        self._bridge = bridge
        self._make = make
        self._turn = asyncio.Lock()
        self._succession = Succession()
        self._ended = False
        self.monitor: Monitor | None = None
        self.feed: Feed | None = None

    async def begin(self) -> None:
        """Begin to watch, or watch anew with other settings."""
        async with self._turn:
            before, self.monitor = self.monitor, None
            if before is not None and self.feed is not None:
                self.feed.close()
                self.followed.emit(None)
                self._succession.begin_anew()
                await self._bridge.offload(before.stop)
            monitor = await self._bridge.offload(self._make)
            if self._ended:
                monitor.stop()  # it was never started: this only closes what it holds
                return
            self.monitor = monitor
            self.feed = Feed(self._bridge, monitor, self)
            self.feed.arrived.connect(self._on_arrived)
            self.followed.emit(monitor)
            await self._bridge.offload(monitor.start)

    def _on_arrived(self, batch: Batch) -> None:
        self.arrived.emit(self._succession.fold(batch))

    @property
    def held(self) -> bool:
        """True while changes are kept back."""
        return self.feed is not None and self.feed.held

    def hold(self, why: str, held: bool) -> None:
        """Keep changes back while at least one reason stands; nothing while nothing is watched."""
        if self.feed is not None:
            self.feed.hold(why, held)

    def look_again(self, targets: Iterable[Target]) -> None:
        """Ask for a fresh look at these, soon."""
        if self.feed is not None:
            self.feed.look_again(targets)

    def sweep(self) -> None:
        """Ask for a fresh look at everything."""
        if self.feed is not None:
            self.feed.sweep()

    def close(self) -> None:
        """No more news, and no other monitor."""
        self._ended = True
        if self.feed is not None:
            self.feed.close()

    async def stop(self) -> None:
        """End the monitor."""
        if self.monitor is not None:
            await self._bridge.offload(self.monitor.stop)
