"""What some kinds can do beside what all can, and the monitor makes use of."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Protocol, runtime_checkable

from racewatch.core.kind import Seen
from racewatch.core.model import Observation, Target


class Beside(Protocol):
    """A folder that a kind looks at beside the roots, and whether it goes below."""

    @property
    def folder(self) -> bytes:
        """Its real, absolute path."""
        ...

    @property
    def recursive(self) -> bool:
        """False: only what is directly inside."""
        ...


@runtime_checkable
class LooksBeside(Protocol):
    """A kind whose scans look at more than the roots."""

    def places(self) -> Sequence[Beside]:
        """The folders, as they exist now."""
        ...


@runtime_checkable
class ReadsContents(Protocol):
    """A kind for which it matters what is written into a file."""

    def cares_for(self, path: bytes) -> bool:
        """Whether what this name means may be a target.  No I/O, from any thread."""
        ...


@runtime_checkable
class ScansPlaces(Protocol):
    """A kind that looks at names of several directories at once, for little more than at those of one."""

    def scan_places(self, places: Mapping[bytes, Collection[bytes]]) -> Iterator[Seen]:
        """What ``scan_names`` yields for each of these directories and its names."""
        ...


@runtime_checkable
class SeesAtOnce(Protocol):
    """A kind that can tell what is there long before it can tell whether it is in use."""

    def first_sight(self, places: Mapping[bytes, Collection[bytes]]) -> Iterator[Observation]:
        """What these names of these directories are, live or unknown; a scan of them is still to say the rest."""
        ...


@runtime_checkable
class DoubtsParts(Protocol):
    """A kind some of whose targets only a scan of everything can tell from what they are not."""

    def only_a_scan_tells(self, target: Target) -> bool:
        """Whether a look at a part that shows this one is a suspicion and no more."""
        ...


@runtime_checkable
class FillsFolders(Protocol):
    """A kind whose targets are whole folders, so that whatever changes inside one is about it."""

    def target_around(self, directory: bytes) -> Target | None:
        """The target that this directory is; None when it is none."""
        ...


class Ear(Protocol):
    """How it stands with one source that tells by itself.  ``trouble``: why it is not heard; None: it is."""

    @property
    def name(self) -> str:
        """Who tells."""
        ...

    @property
    def trouble(self) -> str | None:
        """Why nothing is heard from it; None: it is heard."""
        ...

    @property
    def heard_at(self) -> float:
        """When it last told something, in seconds since the epoch."""
        ...


class Listening(Protocol):
    """What a kind hears by itself, in threads of its own, until it is closed."""

    def refresh(self) -> None:
        """Open what is new; cheap, and never waits."""
        ...

    def ears(self) -> Sequence[Ear]:
        """How it stands with each source."""
        ...

    def close(self) -> None:
        """End it, threads and all."""
        ...


@runtime_checkable
class Listens(Protocol):
    """A kind that is told of changes, so that they need not be looked for."""

    def listen(self, hear: Callable[[Target], None]) -> Listening:
        """Call ``hear`` from any thread with each target that changed."""
        ...


@runtime_checkable
class Recurs(Protocol):
    """A kind in whose targets time itself changes something."""

    def look_again_in(self, seen: Observation) -> float | None:
        """Seconds after which a look may say more, though no event tells; None: events tell all."""
        ...
