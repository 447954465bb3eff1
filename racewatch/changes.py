"""The changes of a monitor as the JSON lines that ``watch`` prints and the agent sends."""

from __future__ import annotations

from collections.abc import Iterator

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

    Before ``ready`` everything is ``added``: the first burst is the state at start, however many
    batches it came in.
    """

    def __init__(self) -> None:
        self._ready = False
        self._told: tuple[object, ...] | None = None

    def lines(self, batch: Batch) -> Iterator[Json]:
        """The lines of one batch, in order."""
        for word, observations in (("added", batch.added), ("changed", batch.changed), ("gone", batch.gone)):
            for seen in observations:
                yield {"change": word, "observation": observation_to_json(seen)}
        if batch.ready and not self._ready:
            self._ready = True
            yield {"change": "ready"}
        # fresh_at moves with every look and is no news by itself.
        now = (
            batch.problems,
            tuple((item.source, item.state, item.detail, item.cure) for item in batch.health),
        )
        if now != self._told and (batch.health or batch.problems or self._told is not None):
            self._told = now
            yield {
                "change": "health",
                "health": [health_to_json(item) for item in batch.health],
                "problems": [problem_to_json(item) for item in batch.problems],
            }
