"""The kinds that a monitor knows so far, by what they can do beside looking."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from racewatch.core.kind import Kind
from racewatch.core.model import KindName, Observation, Target
from racewatch.monitor.abilities import Ear, Listening, Listens, ReadsContents, Recurs
from racewatch.monitor.batch import HealthState, SourceHealth
from racewatch.monitor.health import HealthBoard

_EVENTS_OF: Final = "events of "


class Known:
    """Owned by the worker, apart from :meth:`matters`.  ``hear`` is told which targets an event was about."""

    def __init__(self, hear: Callable[[Target], None]) -> None:
        self._hear = hear
        self._readers: list[ReadsContents] = []
        self._recurring: dict[KindName, Recurs] = {}
        self._listens: list[Listens] = []
        self._listening: list[Listening] = []

    def add(self, kind: Kind) -> None:
        """One more."""
        if isinstance(kind, ReadsContents):
            self._readers.append(kind)
        if isinstance(kind, Recurs):
            self._recurring[kind.name] = kind
        if isinstance(kind, Listens):
            self._listens.append(kind)

    @property
    def reads(self) -> bool:
        """Whether it matters to any of them what is written into a file."""
        return bool(self._readers)

    def matters(self, path: bytes) -> bool:
        """Whether it matters what is written into this file.  Any thread; no I/O."""
        return any(kind.cares_for(path) for kind in self._readers)

    def period(self, seen: Observation) -> float | None:
        """How often it is looked at again (seconds) though nothing tells of it; None: it is not."""
        kind = self._recurring.get(seen.target.kind)
        return kind.look_again_in(seen) if kind is not None else None

    def listen(self) -> None:
        """Hear from all of them from now on."""
        while self._listens:
            self._listening.append(self._listens.pop(0).listen(self._hear))

    def show_health(self, board: HealthBoard) -> None:
        """How it stands with each that is listened to."""
        told: dict[str, SourceHealth] = {}
        for listening in self._listening:
            listening.refresh()
            told.update((health.source, health) for health in map(_heard, listening.ears()))
        board.put_all(told.values())
        board.keep(_EVENTS_OF, told)

    def close(self) -> None:
        """Listen no more."""
        for listening in self._listening:
            listening.close()


def _heard(ear: Ear) -> SourceHealth:
    source = _EVENTS_OF + ear.name
    if ear.trouble is None:
        return SourceHealth(source, HealthState.OK, "It tells of each change.", None, ear.heard_at)
    return SourceHealth(
        source, HealthState.DEGRADED, f"It does not tell: {ear.trouble}. Sweeps ask it.", None, ear.heard_at
    )
