"""Which things *became* left over: not those that were so when the watching began, nor those only proved to be."""

from __future__ import annotations

from collections.abc import Sequence

from racewatch.core.model import Observation, Target, Verdict
from racewatch.monitor.batch import Batch


class StaleNews:
    """Fold every batch of one monitor; ``stale`` is what is left over now."""

    def __init__(self) -> None:
        self.stale: set[Target] = set()
        # Of these nothing could be told at the start: that they are left over is no change then, only proof.
        self._untold: set[Target] = set()
        self._ready = False

    def fold(self, batch: Batch) -> Sequence[Observation]:
        """What became left over with this batch; nothing before the state at start is whole."""
        news = []
        for seen in (*batch.added, *batch.changed):
            target = seen.target
            if seen.verdict is not Verdict.STALE:
                self.stale.discard(target)
                if seen.verdict is not Verdict.UNKNOWN:
                    self._untold.discard(target)
                elif not self._ready:
                    self._untold.add(target)
            elif target not in self.stale:
                self.stale.add(target)
                if self._ready and target not in self._untold:
                    news.append(seen)
        for seen in batch.gone:
            self.stale.discard(seen.target)
            self._untold.discard(seen.target)
        self._ready = self._ready or batch.ready
        return news
