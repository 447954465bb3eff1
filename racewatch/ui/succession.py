"""From one monitor to the next, when the settings change: what both saw stays, what only the old one saw goes."""

from __future__ import annotations

from dataclasses import replace

from racewatch.core.model import Observation, Target
from racewatch.monitor.batch import Batch


class Succession:
    """Makes one stream of changes of the streams of several monitors, one after the other."""

    def __init__(self) -> None:
        self._there: dict[Target, Observation] = {}
        self._unseen: set[Target] | None = None

    def begin_anew(self) -> None:
        """The next batches come from a new monitor, which begins with everything that it sees."""
        self._unseen = set(self._there)

    def fold(self, batch: Batch) -> Batch:
        """The batch as it is for who heard all the earlier ones."""
        if self._unseen is None:
            self._note(batch)
            return batch
        known = [seen for seen in batch.added if seen.target in self._there]
        changed = [seen for seen in known if not seen.same_as(self._there[seen.target])]
        self._unseen -= {seen.target for seen in (*batch.added, *batch.changed, *batch.gone)}
        gone: tuple[Observation, ...] = ()
        if batch.ready:
            gone = tuple(self._there[target] for target in self._unseen)
            self._unseen = None
        added = tuple(seen for seen in batch.added if seen.target not in self._there)
        whole = replace(batch, added=added, changed=(*changed, *batch.changed), gone=(*batch.gone, *gone))
        self._note(whole)
        return whole

    def _note(self, batch: Batch) -> None:
        for seen in (*batch.added, *batch.changed):
            self._there[seen.target] = seen
        for seen in batch.gone:
            self._there.pop(seen.target, None)
