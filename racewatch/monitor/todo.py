"""What is to be looked at again: sets, so that a storm of hints costs no more than its variety.

A hint is never a queue entry.  A thousand events in one directory are one directory; when even the
sets grow beyond their bound they collapse into the next coarser word (names, directory, sweep), so
memory stays bounded and nothing is ever forgotten, only looked at more generously.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable
from typing import Final

from racewatch.core.model import Target

MAX_NAMES: Final = 256
MAX_DIRECTORIES: Final = 2048
MAX_TREES: Final = 512
MAX_TARGETS: Final = 4096
MAX_FRESH: Final = 4096


class Todo:
    """One thread's list of work; every set is bounded.

    ``places`` maps a directory to the names in it that may have changed, None meaning all of it.
    ``fresh`` are names among them that have not been looked at yet since they were hinted: at most so many,
    since they are part of the places anyhow.  ``trees`` are directory names that appeared, vanished or moved: their watches and all below are
    to be built anew (``all_trees``: those of every root).  ``targets`` are wanted at once.
    """

    def __init__(self) -> None:
        self.places: dict[bytes, set[bytes] | None] = {}
        self.fresh: dict[bytes, set[bytes]] = {}
        self.fresh_count = 0
        self.trees: set[bytes] = set()
        self.all_trees = False
        self.targets: set[Target] = set()
        self.sweep = False
        self.overflows = 0

    def name(self, directory: bytes, name: bytes) -> None:
        """This name in this directory may mean something else now."""
        names = self.places.get(directory, _MISSING)
        if names is _MISSING:
            self._new_place(directory, {name})
        elif names is not None:
            names.add(name)
            if len(names) > MAX_NAMES:
                self.places[directory] = None

    def fresh_name(self, directory: bytes, name: bytes) -> None:
        """As :meth:`name`, and that quickly if it is new."""
        self.name(directory, name)
        if self.fresh_count < MAX_FRESH:
            self.fresh_count += 1
            self.fresh.setdefault(directory, set()).add(name)

    def take_fresh(self) -> dict[bytes, set[bytes]]:
        """The fresh names, which are not fresh any more."""
        fresh, self.fresh, self.fresh_count = self.fresh, {}, 0
        return fresh

    def directory(self, directory: bytes) -> None:
        """Anything in this directory may have changed."""
        if directory in self.places:
            self.places[directory] = None
        else:
            self._new_place(directory, None)

    def _new_place(self, directory: bytes, names: set[bytes] | None) -> None:
        if self.sweep:
            return  # the sweep looks there anyway
        if len(self.places) >= MAX_DIRECTORIES:
            self.everything()
        else:
            self.places[directory] = names

    def tree(self, path: bytes) -> None:
        """A directory of this name appeared, vanished or moved."""
        if self.all_trees:
            return
        if len(self.trees) >= MAX_TREES:
            self.trees.clear()
            self.all_trees = True
        else:
            self.trees.add(path)

    def target(self, target: Target) -> None:
        """This target is to be looked at at once."""
        if len(self.targets) >= MAX_TARGETS:
            self.targets.clear()
            self.everything()
        else:
            self.targets.add(target)

    def everything(self) -> None:
        """All is to be looked at: changed places are part of it (single targets still go first)."""
        self.sweep = True
        self.places.clear()

    def swept(self) -> None:
        """All is being looked at: only what can be answered sooner is left."""
        self.places = {directory: names for directory, names in self.places.items() if names is not None}

    def overflow(self) -> None:
        """Events were lost: neither the watches nor the inventory can be trusted."""
        self.overflows += 1
        self.trees.clear()
        self.all_trees = True
        self.everything()

    def merge(self, other: Todo) -> None:
        """Take over all of another list (which is left as it is)."""
        if other.sweep:
            self.everything()
        if other.all_trees:
            self.trees.clear()
            self.all_trees = True
        self.overflows += other.overflows
        for path in other.trees:
            self.tree(path)
        for target in other.targets:
            self.target(target)
        for directory, names in other.places.items():
            if names is None:
                self.directory(directory)
            else:
                for name in names:
                    self.name(directory, name)
        for directory, names in other.fresh.items():
            if self.fresh_count < MAX_FRESH:
                self.fresh_count += len(names)
                self.fresh.setdefault(directory, set()).update(names)

    @property
    def is_urgent(self) -> bool:
        """Whether there is anything but places, which may have to rest."""
        return bool(
            self.fresh or self.trees or self.all_trees or self.targets or self.sweep or self.overflows
        )

    def __bool__(self) -> bool:
        return bool(self.places or self.trees or self.targets or self.sweep or self.all_trees)


_MISSING: Final[set[bytes]] = set()  # told apart from every other set by identity


class Inbox:
    """A :class:`Todo` that any thread may add to, and a bell that the worker can poll.

    Adding never blocks for long and never raises, also after :meth:`close`.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._todo = Todo()
        self._rung = False
        self._closed = False
        self._bell = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)

    def fileno(self) -> int:
        """Readable while somebody has rung and :meth:`drain` was not called since."""
        return self._bell

    def name(self, directory: bytes, name: bytes) -> None:
        """See :meth:`Todo.name`."""
        with self._lock:
            self._todo.fresh_name(directory, name)
            self._ring()

    def tree(self, path: bytes) -> None:
        """See :meth:`Todo.tree`."""
        with self._lock:
            self._todo.tree(path)
            self._ring()

    def targets(self, targets: Iterable[Target]) -> None:
        """See :meth:`Todo.target`."""
        with self._lock:
            for target in targets:
                self._todo.target(target)
            self._ring()

    def everything(self) -> None:
        """See :meth:`Todo.everything`."""
        with self._lock:
            self._todo.everything()
            self._ring()

    def overflow(self) -> None:
        """See :meth:`Todo.overflow`."""
        with self._lock:
            self._todo.overflow()
            self._ring()

    def ring(self) -> None:
        """Wake the worker without giving it work (a new subscriber, the end)."""
        with self._lock:
            self._ring()

    def drain(self, into: Todo) -> None:
        """Move everything over and silence the bell."""
        with self._lock:
            if not self._rung or self._closed:
                return
            self._rung = False
            os.eventfd_read(self._bell)
            todo, self._todo = self._todo, Todo()
        into.merge(todo)

    def close(self) -> None:
        """Release the descriptor; later additions are dropped."""
        with self._lock:
            if not self._closed:
                self._closed = True
                os.close(self._bell)

    def _ring(self) -> None:
        if not self._rung and not self._closed:
            self._rung = True
            os.eventfd_write(self._bell, 1)
