"""The inventory: identity to newest observation, and who sits in which directory.

Owned by the worker: only it calls the methods that change something.  Other threads may read a
snapshot under the lock that :class:`~racewatch.monitor.subscription.Hub` holds while it commits.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
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


class _Folder:
    """The targets of one kind in one directory.

    By the path of each, because those that lost their name are told by the number of their inode, and several
    may have had the same.  (The path is the target's own locator nearly always, so that it costs nothing.)
    """

    __slots__ = ("astray", "named")

    def __init__(self) -> None:
        self.named: dict[bytes, Target] = {}
        self.astray: dict[Target, bytes] = {}

    def __len__(self) -> int:
        return len(self.named) + len(self.astray)


class Inventory:
    """Newest observations by target.  Not thread-safe by itself (see the module)."""

    def __init__(self) -> None:
        self._newest: dict[Target, Observation] = {}
        self._folders: dict[bytes, dict[KindName, _Folder]] = {}

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
        """The targets of one kind whose name is, or was before they lost it, directly in this directory."""
        folder = self._folder(directory, kind)
        return [*folder.named.values(), *folder.astray] if folder is not None else []

    def named(self, directory: bytes, names: Collection[bytes], kind: KindName) -> list[Target]:
        """Those of :meth:`in_directory` that have, or had, one of these names.  Costs what is asked."""
        folder = self._folder(directory, kind)
        if folder is None:
            return []
        paths = {os.path.join(directory, name) for name in names}
        found = [folder.named[path] for path in paths if path in folder.named]
        return found + [target for target, path in folder.astray.items() if path in paths]

    def names_in(self, directory: bytes, names: Collection[bytes], kind: KindName) -> set[bytes]:
        """Those of these names that are known."""
        folder = self._folder(directory, kind)
        if folder is None:
            return set()
        return {name for name in names if os.path.join(directory, name) in folder.named}

    def count_in(self, directory: bytes, kind: KindName) -> int:
        """How many targets of one kind are directly in this directory."""
        folder = self._folder(directory, kind)
        return len(folder) if folder is not None else 0

    def directories_below(self, trees: set[bytes]) -> list[bytes]:
        """The directories with targets at or below any of these paths."""
        return [directory for directory in self._folders if is_below(directory, trees)]

    def put(self, observation: Observation) -> None:
        """Make this the newest observation of its target."""
        target = observation.target
        if target not in self._newest:
            directory, path, astray = _whereabouts(observation)
            if directory:
                folder = self._folders.setdefault(directory, {}).setdefault(target.kind, _Folder())
                if astray:
                    folder.astray[target] = path
                else:
                    folder.named[path] = target
        self._newest[target] = observation

    def drop(self, target: Target) -> None:
        """Forget a target."""
        before = self._newest.pop(target, None)
        if before is None:
            return
        directory, path, astray = _whereabouts(before)
        if directory:
            kinds = self._folders[directory]
            folder = kinds[target.kind]
            if astray:
                del folder.astray[target]
            else:
                del folder.named[path]
            if not folder:
                del kinds[target.kind]
            if not kinds:
                del self._folders[directory]

    def _folder(self, directory: bytes, kind: KindName) -> _Folder | None:
        kinds = self._folders.get(directory)
        return None if kinds is None else kinds.get(kind)


def _whereabouts(seen: Observation) -> tuple[bytes, bytes, bool]:
    """(directory, path, whether it lost its name); all empty for what is in no directory."""
    target = seen.target
    locator = target.locator
    if locator.startswith(b"/"):
        return os.path.dirname(locator), locator, False
    place = target.place
    if place is not None:
        return place[0], os.path.join(*place), False
    # A target of such a kind without a name of its own is one that lost it.
    if target.kind in (KindName.SOCKET, KindName.LOCK) and seen.path is not None:
        return os.path.dirname(seen.path), seen.path, True
    return b"", b"", False


def is_below(path: bytes, trees: set[bytes]) -> bool:
    """True when a path is one of these trees or lies below one."""
    while True:
        if path in trees:
            return True
        parent = os.path.dirname(path)
        if parent == path:
            return False
        path = parent
