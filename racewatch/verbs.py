"""The verbs of the product, for the window, the command line and the agent alike.

:class:`Racewatch` ties the kinds, the core and the configuration together.  All methods block and
may be called from any thread; none knows who is asking.  Errors an operator may see come back as
values (problems, outcomes) or as :class:`RacewatchError` with one plain sentence.
"""

from __future__ import annotations

from collections.abc import Sequence

from racewatch.config import Config
from racewatch.core.model import (
    ActRequest,
    HistoryEntry,
    KindName,
    Observation,
    Outcome,
    ScanResult,
    Target,
)
from racewatch.monitor.engine import Monitor


class Racewatch:
    """One configured racewatch.  Opening it recovers acts that a crash interrupted."""

    def __init__(self, config: Config) -> None:
        raise NotImplementedError

    #: What recovery did at opening, newest last (shown once by the window, by ``history`` later).
    recovered: tuple[HistoryEntry, ...]
    #: Why there is no journal (then every act is refused, looking still works), else None.
    journal_problem: str | None

    def scan(
        self,
        roots: Sequence[bytes] | None = None,
        *,
        kinds: Sequence[KindName] | None = None,
    ) -> ScanResult:
        """One look at these roots, or at the configured ones."""
        raise NotImplementedError

    def parse_target(self, text: str) -> Target:
        """The target a person or program named (path, ``socket:/…``); raises ``TargetError``."""
        raise NotImplementedError

    def observe(self, target: Target) -> Observation | None:
        """One target, freshly; None when there is no such target."""
        raise NotImplementedError

    def remove(self, request: ActRequest) -> Outcome:
        """Lock, recheck, act."""
        raise NotImplementedError

    def undo(self, action: str) -> Outcome:
        """Put back what an action removed, if its name is still free."""
        raise NotImplementedError

    def history(self, limit: int | None = None) -> list[HistoryEntry]:
        """The journal, newest first."""
        raise NotImplementedError

    def monitor(self, roots: Sequence[bytes] | None = None) -> Monitor:
        """A new (not yet started) monitor of these roots, or of the configured ones."""
        raise NotImplementedError

    def close(self) -> None:
        """Release the journal; waits for an act in flight."""
        raise NotImplementedError
