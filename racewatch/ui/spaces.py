"""What containers and bundles take on the disk: counted beside everything else, one at a time, seldom.

Nothing is counted while nobody looks at the containers.  What a person chose comes first; an engine is only
asked for what was chosen, because it may have to count for it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QTimer, Signal

from racewatch.core.model import KindName, Observation, Target
from racewatch.kinds.containers import engine
from racewatch.linux.usage import Cancelled
from racewatch.monitor.batch import Batch
from racewatch.ui.bridge import Bridge

if TYPE_CHECKING:
    from racewatch.kinds.containers.space import Space

#: What was counted is counted again after this many seconds, and after the shorter time when it was chosen or changed.
STALE_SECONDS: Final = 900.0
FRESH_SECONDS: Final = 60.0
_PACE_MS: Final = 5_000

#: Counts one target; asked now and then whether to give up (then it raises :class:`Cancelled`).
Count = Callable[[Target, Callable[[], bool]], "Space | None"]


class Spaces(QObject):
    """What is known of each target's space.  All methods belong to the GUI thread."""

    #: The targets of which something else is known now.
    counted = Signal(object)

    def __init__(
        self,
        bridge: Bridge,
        count: Count,
        parent: QObject | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._count = count
        self._clock = clock
        self.known: dict[Target, Space] = {}
        # Of every target that is there the fingerprint, and with what fingerprint it was counted, and when.
        self._there: dict[Target, str] = {}
        self._counted: dict[Target, tuple[str, float]] = {}
        self._due: dict[Target, None] = {}
        self._chosen: Target | None = None
        self._now: tuple[Target, threading.Event] | None = None
        self._watched = False
        self._ended = False
        self._timer = QTimer(self)
        self._timer.setInterval(_PACE_MS)
        self._timer.timeout.connect(self._look_for_work)

    # --- what is wanted ---------------------------------------------------------------------

    def hear(self, batch: Batch) -> None:
        """What came, changed or went."""
        for seen in (*batch.added, *batch.changed):
            if seen.target.kind is KindName.CONTAINER:
                self._there[seen.target] = seen.fingerprint
                if self._is_due(seen.target):
                    self._due[seen.target] = None
        self._forget(seen.target for seen in batch.gone)
        self._go_on()

    def _forget(self, targets: Iterable[Target]) -> None:
        for target in targets:
            for kept in (self._there, self._counted, self._due, self.known):
                kept.pop(target, None)
            if self._now is not None and self._now[0] == target:
                self._now[1].set()
            if self._chosen == target:
                self._chosen = None

    def watch(self, watched: bool) -> None:
        """Whether somebody looks at the containers."""
        if watched == self._watched:
            return
        self._watched = watched
        if watched:
            self._timer.start()
            self._look_for_work()
        else:
            self._timer.stop()
            self._chosen = None
            self._give_up()

    def choose(self, seen: Observation | None) -> None:
        """Somebody wants to know of this one: it comes first, engine or not."""
        target = seen.target if seen is not None else None
        if target is None or target.kind is not KindName.CONTAINER:
            return
        age = self._clock() - self._counted[target][1] if target in self._counted else FRESH_SECONDS
        if age < FRESH_SECONDS or target not in self._there:
            return
        self._chosen = target
        if self._now is not None and self._now[0] != target:
            self._give_up()
        self._go_on()

    def close(self) -> None:
        """No more counting."""
        self._ended = True
        self._timer.stop()
        self._give_up()

    # --- one at a time ----------------------------------------------------------------------

    def _is_due(self, target: Target) -> bool:
        if engine.split(target) is not None:
            return False
        if target not in self._counted:
            return True
        fingerprint, at = self._counted[target]
        changed = fingerprint != self._there[target]
        return self._clock() - at >= (FRESH_SECONDS if changed else STALE_SECONDS)

    def _look_for_work(self) -> None:
        self._due.update((target, None) for target in self._there if self._is_due(target))
        self._go_on()

    def _give_up(self) -> None:
        if self._now is not None:
            self._now[1].set()

    def _next(self) -> Target | None:
        if self._chosen is not None:
            return self._chosen
        return next(iter(self._due), None) if self._watched else None

    def _go_on(self) -> None:
        target = self._next()
        if self._ended or self._now is not None or target is None:
            return
        self._now = target, threading.Event()
        self._bridge.spawn(self._run(*self._now), "counting what a container takes")

    async def _run(self, target: Target, enough: threading.Event) -> None:
        fingerprint = self._there.get(target, "")
        try:
            found = await self._bridge.offload(lambda: self._count(target, enough.is_set))
        except Cancelled:
            pass  # it stays due, if it is still there
        except Exception:
            self._note(target, fingerprint, None)  # a mistake of ours: told once, not every few seconds
            raise
        else:
            self._note(target, fingerprint, found)
        finally:
            enough.set()
            self._now = None
        self._go_on()

    def _note(self, target: Target, fingerprint: str, found: Space | None) -> None:
        if target not in self._there or self._ended:
            return
        self._counted[target] = fingerprint, self._clock()
        self._due.pop(target, None)
        if self._chosen == target:
            self._chosen = None
        before = self.known.pop(target, None)
        if found is not None:  # else it has gone, and its row will go as well
            self.known[target] = found
        if found != before:
            self.counted.emit({target})
