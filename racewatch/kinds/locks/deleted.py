"""Kernel locks held on files whose name is gone: somebody removed a lock file under its owner.

Whoever makes the file anew locks another inode, and then there are two holders at once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from racewatch.core.model import Evidence, KindName, Observation, Owner, Removable, Says, Target, Verdict
from racewatch.core.text import display
from racewatch.kinds.locks.evidence import several, who
from racewatch.kinds.locks.facts import Locked
from racewatch.kinds.locks.format import FileType
from racewatch.kinds.locks.registry import Registry
from racewatch.kinds.locks.surroundings import Surroundings
from racewatch.kinds.seeing import fingerprint_of
from racewatch.linux import fs

_LABEL = "held on a deleted file"


@dataclass(frozen=True, slots=True)
class LostLock:
    """One inode without a name on which a kernel lock is held; ``path`` was its name."""

    dev: int
    ino: int
    path: bytes

    @property
    def target(self) -> Target:
        """By its inode, since the path means another file now, or none."""
        return Target(KindName.LOCK, b"deleted:%d:%d:%s" % (self.dev, self.ino, self.path))


def lost_locks(
    around: Surroundings, registry: Registry, wanted: Callable[[bytes], bool]
) -> Iterator[LostLock]:
    """Those whose old path is wanted and was that of a lock, each inode once.

    Programs lock deleted temporary files of their own all the time: only names of locks count.
    """
    known = set()
    for one, (dev, ino) in around.lost_locks():
        path = one.deleted
        if path is None or (dev, ino) in known or not wanted(path):
            continue
        if registry.match(path, FileType.FILE) is None:
            continue
        known.add((dev, ino))
        yield LostLock(dev, ino, path)


def observe_lost(
    lost: LostLock, around: Surroundings, clock: Callable[[], float] = time.time
) -> Observation | None:
    """The row of one; None when nobody holds it any more."""
    locked = around.locked_key((lost.dev, lost.ino))
    holders = _holders(locked)
    if not locked.held:
        return None
    now = _now(lost, around)
    rivals = tuple(owner for owner in _holders(now) if owner not in holders) if now is not None else ()
    first = who(holders[0]) if holders else "a process that could not be seen"
    shown = display(lost.path)
    if now is None:
        state = "nothing has that name now; the next program makes it anew and holds it as well"
    elif rivals:
        state = f"{several(rivals)} holds the file that has that name now: two holders at once"
    elif now.held:
        state = "the file that has that name now is held as well: two holders at once"
    else:
        state = "another file has that name now, and whoever locks it holds it as well"
    source = "/proc/locks, /proc/PID/fdinfo"
    evidence = [
        Evidence(
            "kernel lock", Says.LIVE, source, f"held by {several(holders) or first} on inode {lost.ino}"
        ),
        Evidence("name", Says.INFO, "/proc/PID/fd", f"{shown} was removed while it was held"),
    ]
    if now is not None:
        text = f"held by {several(rivals)}" if rivals else ("held" if now.held else "nobody holds it")
        evidence.append(Evidence("file there now", Says.INFO, source, text))
    if locked.waiting:
        evidence.append(Evidence("waiting", Says.INFO, source, f"{several(locked.waiting)} wait for it"))
    twice = now is not None and bool(now.held)
    return Observation(
        target=lost.target,
        path=lost.path,
        fingerprint=fingerprint_of(b"deleted", lost.dev, lost.ino, lost.path, twice),
        verdict=Verdict.LIVE,
        label=_LABEL,
        summary=f"{first} holds a lock on {shown}, whose file somebody removed: {state}.",
        evidence=tuple(evidence),
        owner=holders[0] if holders else None,
        removable=Removable.NEVER,
        seen_at=clock(),
        remedy=f"end {first} in order, or restart it, so that all use the same file again",
        facts=_pairs(locked, rivals),
        others=(*holders[1:], *rivals),
    )


def _pairs(locked: Locked, rivals: tuple[Owner, ...]) -> tuple[tuple[str, str], ...]:
    found = [("consequence", "two programs at once do what only one of them may")]
    if locked.waiting:
        found.append(("waiters", f"{len(locked.waiting)}: {several(locked.waiting)}"))
    if rivals:
        found.append(("second holder", several(rivals)))
    return tuple(found)


def _now(lost: LostLock, around: Surroundings) -> Locked | None:
    """The locks on the file that has the name now; None when none has."""
    try:
        node = fs.stat_path(lost.path)
    except OSError:
        return None
    return around.locked(node) if node.is_regular else None


def _holders(locked: Locked) -> tuple[Owner, ...]:
    return tuple(dict.fromkeys(owner for lock in locked.held for owner in lock.holders))
