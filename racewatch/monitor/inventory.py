"""The inventory: identity to newest observation, and who sits in which directory.

Owned by the worker: only it calls the methods that change something.  Other threads may read a
snapshot under the lock that :class:`~racewatch.monitor.subscription.Hub` holds while it commits.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import NamedTuple

from racewatch.core.model import KindName, Observation, Target


class Change(NamedTuple):
    """What a target was and what it is now; None stands for "not there"."""

    target: Target
    old: Observation | None
    new: Observation | None


def directory_of(target: Target) -> bytes | None:
    """The directory a target's name is in, None for targets that are in none."""
    place = target.place
    return None if place is None else place[0]


class Inventory:
    """Newest observations by target.  Not thread-safe by itself (see the module)."""

    def __init__(self) -> None:
        self._newest: dict[Target, Observation] = {}
        self._by_directory: dict[bytes, set[Target]] = {}

    def __len__(self) -> int:
        return len(self._newest)

    def get(self, target: Target) -> Observation | None:
        """The newest observation, None when there is none."""
        return self._newest.get(target)

    def observations(self) -> Iterator[Observation]:
        """All of them, in no order."""
        return iter(self._newest.values())

    def of_kind(self, kind: KindName) -> list[Target]:
        """All targets of one kind."""
        return [target for target in self._newest if target.kind is kind]

    def in_directory(self, directory: bytes, kind: KindName) -> list[Target]:
        """The targets of one kind whose name is directly in this directory."""
        return [target for target in self._by_directory.get(directory, ()) if target.kind is kind]

    def count_in(self, directory: bytes) -> int:
        """How many targets are directly in this directory."""
        return len(self._by_directory.get(directory, ()))

    def directories_below(self, trees: set[bytes]) -> list[bytes]:
        """The directories with targets at or below any of these paths."""
        return [directory for directory in self._by_directory if is_below(directory, trees)]

    def put(self, observation: Observation) -> None:
        """Make this the newest observation of its target."""
        target = observation.target
        if target not in self._newest:
            directory = directory_of(target)
            if directory is not None:
                self._by_directory.setdefault(directory, set()).add(target)
        self._newest[target] = observation

    def drop(self, target: Target) -> None:
        """Forget a target."""
        if self._newest.pop(target, None) is None:
            return
        directory = directory_of(target)
        if directory is not None:
            here = self._by_directory[directory]
            here.discard(target)
            if not here:
                del self._by_directory[directory]


def is_below(path: bytes, trees: set[bytes]) -> bool:
    """True when a path is one of these trees or lies below one."""
    while True:
        if path in trees:
            return True
        parent = os.path.dirname(path)
        if parent == path:
            return False
        path = parent
