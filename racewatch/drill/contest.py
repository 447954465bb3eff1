"""What a drill found out: two cleaners side by side in each contest."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass


class ContestName(enum.StrEnum):
    """Who comes back while somebody cleans up."""

    SERVER = "server"
    LOCK = "lock"
    DIRECTORY = "directory"

    @property
    def race(self) -> str:
        """For people."""
        return {
            ContestName.SERVER: "a server that respawns its socket",
            ContestName.LOCK: "a lock that is taken again",
            ContestName.DIRECTORY: "a container's bundle that is made anew",
        }[self]


@dataclass(frozen=True, slots=True)
class Arm:
    """One cleaner: how many lives there were meanwhile, how many lost their name to it, what it did.

    A life is lost when its name does not lead to it any more, a whole second long, though nobody but the
    cleaner ever takes a name from the living.  ``words`` counts deletions ("deleted"), or outcomes.
    """

    lives: int
    lost: int
    words: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Standing:
    """How one arm stands, ``passed`` seconds after its beginning; ``ours``: racewatch is the cleaner."""

    name: ContestName
    ours: bool
    passed: float
    lives: int
    lost: int


@dataclass(frozen=True, slots=True)
class Contest:
    """The same things, raced by both, one after the other."""

    name: ContestName
    naive: Arm
    ours: Arm


@dataclass(frozen=True, slots=True)
class Drill:
    """All contests in one folder.  ``problem``: why names cannot be captured safely there (None: they can)."""

    folder: bytes
    fstype: str | None
    seconds: float
    contests: tuple[Contest, ...]
    problem: str | None

    @property
    def lost(self) -> int:
        """How many live things racewatch lost: anything but 0 is a mistake in racewatch."""
        return sum(one.ours.lost for one in self.contests)

    @property
    def acted(self) -> bool:
        """Whether racewatch removed anything at all; where nothing can be proved it rightly does not."""
        return any(one.ours.words.get("done") for one in self.contests)
