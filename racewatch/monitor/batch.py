"""What consumers of the monitor receive: batches of changes, and the health of each source."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from racewatch.core.model import Observation, Problem


class HealthState(enum.StrEnum):
    """How far a source can be trusted just now."""

    OK = "ok"
    DEGRADED = "degraded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class SourceHealth:
    """One source of knowledge (file events of a root, process exits, sweeps): how well it works.

    ``detail`` is a plain sentence; ``cure`` what the operator can do, when something can be done.
    ``fresh_at`` is the wall-clock time (seconds) of the last complete look, 0.0 before the first.
    """

    source: str
    state: HealthState
    detail: str
    cure: str | None = None
    fresh_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Batch:
    """Changes since the consumer's last batch, at most one entry per target.

    Order inside a batch carries no meaning; batches of one subscription come in order of
    ``generation`` (those that one state was divided into have the same).  A target that came and went between two batches appears in neither list; one
    that was replaced appears in ``changed`` (or ``gone`` then, in a later batch, ``added``).
    ``ready`` is True in exactly one batch: the one that completes the state at start.
    ``problems`` and ``health`` are complete current lists, not differences.
    """

    generation: int
    added: tuple[Observation, ...]
    changed: tuple[Observation, ...]
    gone: tuple[Observation, ...]
    ready: bool
    problems: tuple[Problem, ...]
    health: tuple[SourceHealth, ...]
