"""The changes of a monitor as the JSON lines that ``watch`` prints and the agent sends."""

from __future__ import annotations

from collections.abc import Iterator

from racewatch.core.model import Observation, Target
from racewatch.core.wire import Json, observation_to_json, problem_to_json, time_to_text
from racewatch.monitor.batch import Batch, SourceHealth


def health_to_json(health: SourceHealth) -> Json:
    """How well one source of knowledge works."""
    return {
        "source": health.source,
        "state": health.state.value,
        "detail": health.detail,
        "cure": health.cure,
        "fresh_at": time_to_text(health.fresh_at) if health.fresh_at else None,
    }


class ChangeLines:
    """Turns the batches of one subscription into lines; says health only when it changed.

    The state at start is one burst of ``added`` in the order of the names, however many batches it
    came in, and whatever changed while it was gathered; then ``ready``; only then anything else.
    """

    def __init__(self) -> None:
        self._start: dict[Target, Observation] | None = {}
        self._told: tuple[object, ...] | None = None

    def lines(self, batch: Batch) -> Iterator[Json]:
        """The lines of one batch, in order."""
        if self._start is not None:
            self._gather(self._start, batch)
            if not batch.ready:
                return
            for target in sorted(self._start, key=lambda target: target.locator):
                yield _line("added", self._start[target])
            self._start = None
            yield {"change": "ready"}
        else:
            for word, observations in (
                ("added", batch.added),
                ("changed", batch.changed),
                ("gone", batch.gone),
            ):
                for seen in observations:
                    yield _line(word, seen)
        yield from self._health(batch)

    @staticmethod
    def _gather(start: dict[Target, Observation], batch: Batch) -> None:
        for seen in (*batch.added, *batch.changed):
            start[seen.target] = seen
        for seen in batch.gone:
            start.pop(seen.target, None)

    def _health(self, batch: Batch) -> Iterator[Json]:
        # fresh_at moves with every look and is no news by itself.
        now = (
            batch.problems,
            tuple((item.source, item.state, item.detail, item.cure) for item in batch.health),
        )
        if now == self._told:
            return
        self._told = now
        yield {
            "change": "health",
            "health": [health_to_json(item) for item in batch.health],
            "problems": [problem_to_json(item) for item in batch.problems],
        }


def _line(word: str, seen: Observation) -> Json:
    return {"change": word, "observation": observation_to_json(seen)}
