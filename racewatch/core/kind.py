"""What a kind (sockets, locks, containers) has to offer.  The core knows no kind, only this.

A kind *discovers* (where to look), *observes* (facts through a pinned handle, reads only),
*judges* (facts to verdict, a pure function) and says how its targets are captured (a
:class:`Procedure`).  It never removes anything itself: the procedure it returns is made of the
core's own captures, which only :func:`racewatch.core.act.act` drives.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from racewatch.core.model import KindName, Observation, OutcomeWord, Problem, Target


@dataclass(frozen=True, slots=True)
class Stop:
    """Why an act ends at this step: the outcome it leads to, in one plain sentence."""

    word: OutcomeWord
    summary: str
    observation: Observation | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class UndoRecord:
    """What the journal keeps so that a removed thing can come back.

    ``method`` names the core's capture that wrote it (and alone can read it); ``data`` is JSON-able.
    ``reversible`` is False when recovery after a crash can use it, but undo cannot: the thing is deleted
    for good.
    """

    method: str
    data: dict[str, object]
    reversible: bool = True


class Procedure(Protocol):
    """One act on one target, as steps.  Driven by the core only, in this order, once.

    Every step returns None to go on or a :class:`Stop`; none of them raises for anything an
    operator may see.  ``restore`` may be called at any time after ``intent`` and puts back whatever
    was taken, if anything was.  ``close`` releases what is still held and is always called.
    """

    def guard(self) -> Stop | None:
        """Exclude other cleaners; hold the very lock the live system uses where there is one."""
        ...

    def pin(self) -> Stop | None:
        """Hold the target by handles; a vanished one is ``gone``."""
        ...

    def recheck(self) -> Observation | Stop:
        """Observe the pinned target afresh."""
        ...

    def beside(self) -> Sequence[bytes]:
        """The paths of what goes with the target; known after PIN."""
        ...

    def intent(self, action: str) -> UndoRecord | Stop:
        """What the journal must hold before anything is taken."""
        ...

    def capture(self) -> Stop | None:
        """Take the target away from everybody else, atomically."""
        ...

    def verify(self, seen: Observation, *, override: bool) -> Stop | None:
        """Is what was captured the pinned target, and does the judgement still stand?"""
        ...

    def commit(self, *, keep: bool) -> Stop | None:
        """Destroy what was captured, or leave it aside for undo."""
        ...

    def restore(self) -> Stop | None:
        """Put back what was captured, never overwriting."""
        ...

    def close(self) -> None:
        """Release what is held."""
        ...


Seen = Observation | Problem


class Kind(Protocol):
    """One noun.  Every method may be called from any one thread at a time; none touches Qt."""

    @property
    def name(self) -> KindName:
        """Which noun this is."""
        ...

    def scan(self, roots: Sequence[bytes]) -> Iterator[Seen]:
        """Everything of this kind below the roots, with fresh context; never follows links below one."""
        ...

    def scan_directory(self, directory: bytes) -> Iterator[Seen]:
        """The targets directly inside one directory (not below it), with fresh context."""
        ...

    def scan_names(self, directory: bytes, names: Collection[bytes]) -> Iterator[Seen]:
        """What :meth:`scan_directory` would yield for just these names of it."""
        ...

    def look(self, target: Target) -> Observation | None:
        """One fresh observation; None when there is no such target now."""
        ...

    def procedure(self, target: Target) -> Procedure:
        """The steps by which this target would be removed."""
        ...
