"""The kernel's table of locks as a source: one read, compared, and who is concerned.

No event tells that a lock was taken or given back, so the table is read now and then: more often while it
changes.  A read takes little of the processor, but up to 20 ms in which the kernel holds up whoever takes
a lock; so the time between two reads grows with what a read took.  While the table stays the same, byte
for byte, nothing more is done.  Nothing is ever locked to ask.

Inode numbers alone stand for files here.  Two files with one number on two file systems are looked at
both, which costs a look and nothing else.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from dataclasses import dataclass
from typing import Final

from racewatch.core.model import KindName, Observation, Target
from racewatch.core.text import one_line
from racewatch.linux import flocks, pieces
from racewatch.linux.flocks import KernelLock, parse_locks
from racewatch.monitor.batch import HealthState, SourceHealth

SOURCE: Final = "kernel locks"
#: Seconds between two reads, at least; when nothing has changed for a while; how long that is.
_APART: Final = 0.25
_APART_WHEN_QUIET: Final = 1.0
_QUIET_AFTER: Final = 30.0
#: The share of all time that reading may take at most.
_SHARE: Final = 0.02
#: Newly locked files that are looked for by name at one time, and the descriptors looked at for each.
_MOST_NEW: Final = 32
_MOST_DESCRIPTORS: Final = 4096


@dataclass(frozen=True, slots=True)
class Concerned:
    """What a change of the table is about: known targets, and paths of files that were not known."""

    targets: frozenset[Target] = frozenset()
    paths: frozenset[bytes] = frozenset()


class LockTable:
    """Compares the table with what it was.  Owned by the worker."""

    def __init__(self) -> None:
        self._raw: bytes | None = None
        self._rows: Counter[KernelLock] = Counter()
        self._by_inode: dict[int, set[Target]] = {}
        self._inode_of: dict[Target, int] = {}
        self._due = 0.0
        self._changed_at = 0.0
        self._failure: str | None = None

    def due_in(self, now: float) -> float:
        """Seconds until the next read is worth its cost."""
        return self._due - now

    def observe(self, target: Target, seen: Observation | None) -> None:
        """Know by which inode a lock is found again; None: it is gone."""
        if target.kind is not KindName.LOCK:
            return
        before = self._inode_of.pop(target, None)
        if before is not None:
            here = self._by_inode[before]
            here.discard(target)
            if not here:
                del self._by_inode[before]
        number = _inode_of(target) if seen is not None else None
        if number is not None:
            self._inode_of[target] = number
            self._by_inode.setdefault(number, set()).add(target)

    def read(self) -> Concerned:
        """What has changed since the last read; the first only learns what there is."""
        started = time.monotonic()
        try:
            return self._compare()
        finally:
            now = time.monotonic()
            quiet = now - self._changed_at > _QUIET_AFTER
            self._due = now + max(_APART_WHEN_QUIET if quiet else _APART, (now - started) / _SHARE)

    def _compare(self) -> Concerned:
        try:
            raw = pieces.read_table(flocks.TABLE)
            if raw == self._raw:
                return Concerned()
            rows = Counter(parse_locks(raw))
        except OSError as error:
            # Sweeps look at every lock all the same.
            self._failure = error.strerror or one_line(str(error))
            return Concerned()
        self._failure = None
        first, self._raw = self._raw is None, raw
        self._changed_at = time.monotonic()
        before, self._rows = self._rows, rows
        if first:
            return Concerned()
        changed = {row.ino for row in (before - rows) + (rows - before)}
        targets = frozenset(target for number in changed for target in self._by_inode.get(number, ()))
        new = [row for row in rows - before if row.ino not in self._by_inode and row.pid > 0]
        paths = [path for row in new[:_MOST_NEW] for path in _paths_of(row)]
        return Concerned(targets, frozenset(paths))

    def health(self) -> SourceHealth:
        """Whether the table can be read."""
        if self._failure is not None:
            detail = f"The kernel's table of locks cannot be read ({self._failure}); sweeps look at locks."
            return SourceHealth(SOURCE, HealthState.DEGRADED, detail)
        return SourceHealth(
            SOURCE, HealthState.OK, "Who takes a lock and gives it back shows within a second."
        )


def _inode_of(target: Target) -> int | None:
    if target.path is None:
        # deleted:DEV:INODE:/path
        words = target.locator.split(b":", 3)
        return int(words[2]) if len(words) == 4 and words[2].isdigit() else None
    try:
        return os.lstat(target.path).st_ino
    except OSError:
        return None


def _paths_of(row: KernelLock) -> list[bytes]:
    """By what name the process that took a lock has the file open (without the kernel's " (deleted)")."""
    folder = b"/proc/%d/fd" % row.pid
    found = []
    try:
        names = os.listdir(folder)[:_MOST_DESCRIPTORS]
    except OSError:
        return []
    for name in names:
        link = os.path.join(folder, name)
        try:
            path = os.readlink(link)
            # A path: not a pipe or a socket, whose numbers are of their own.
            if path.startswith(b"/") and os.stat(link).st_ino == row.ino:
                found.append(path.removesuffix(b" (deleted)"))
        except OSError:
            continue
    return found
