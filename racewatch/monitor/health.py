"""The health of all sources in one place, and whether it changed in a way that people should see."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from racewatch.monitor.batch import SourceHealth


class HealthBoard:
    """Newest health by source, in the order in which the sources first spoke."""

    def __init__(self) -> None:
        self._by_source: dict[str, SourceHealth] = {}
        self._changed = False

    def put(self, health: SourceHealth) -> None:
        """Replace what this source said before.  A new time of freshness alone is no change."""
        before = self._by_source.get(health.source)
        if before is None or dataclasses.replace(before, fresh_at=health.fresh_at) != health:
            self._changed = True
        self._by_source[health.source] = health

    def put_all(self, several: Iterable[SourceHealth]) -> None:
        """:meth:`put`, one by one."""
        for health in several:
            self.put(health)

    def keep(self, beginning: str, sources: Iterable[str]) -> None:
        """Forget the sources of this beginning that are not among these: they are not there any more."""
        wanted = set(sources)
        for source in [one for one in self._by_source if one.startswith(beginning) and one not in wanted]:
            del self._by_source[source]
            self._changed = True

    def all(self) -> tuple[SourceHealth, ...]:
        """The current list."""
        return tuple(self._by_source.values())

    def take_changed(self) -> bool:
        """True once after each change that people should see."""
        changed, self._changed = self._changed, False
        return changed
