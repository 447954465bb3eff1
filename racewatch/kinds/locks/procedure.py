"""How a lock is broken: its name, what goes with it, and the locks that are held meanwhile.

Which of them there are is up to the format of the *pinned* lock.  Nothing is removed here: what is made
are the core's own captures, which only :func:`racewatch.core.act.act` drives.
"""

from __future__ import annotations

import fnmatch
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

from racewatch.core.advisory import AdvisoryLock
from racewatch.core.by_name import Belongings, NamedThing
from racewatch.core.kind import Procedure, Stop
from racewatch.core.model import (
    Evidence,
    KindName,
    Observation,
    OutcomeWord,
    Removable,
    Says,
    Target,
    Verdict,
)
from racewatch.core.never import NeverRemoved
from racewatch.core.part import Part, Pinned
from racewatch.core.text import display
from racewatch.kinds.locks.contents import file_type_of
from racewatch.kinds.locks.format import FileType, Policy, Recognition, Role, Tier
from racewatch.kinds.locks.meanwhile import breaker_to_take, locks_to_hold
from racewatch.kinds.locks.registry import Identified, Registry
from racewatch.kinds.locks.templates import Found
from racewatch.kinds.sockets import SocketsKind
from racewatch.linux import fs

_NEVER: Final = (Policy.NEVER, Policy.TOOL)
_MOST_TWINS: Final = 16
_LOOKS_AGAIN: Final = 2


class Judging(Protocol):
    """What is wanted of :class:`~racewatch.kinds.locks.kind.LocksKind`."""

    @property
    def registry(self) -> Registry:
        """The formats."""
        ...

    def look(self, target: Target) -> Observation | None:
        """One fresh observation by name."""
        ...

    def recheck(self, pinned: Pinned, aside: Mapping[bytes, bytes]) -> Observation:
        """Judge a pinned lock; ``aside``: where companions are meanwhile, by their own paths."""
        ...

    def identify(self, pinned: Pinned) -> Identified | None:
        """The format of a pinned lock, and its claim."""
        ...


def procedure(kind: Judging, target: Target) -> Procedure:
    """The steps by which this lock would be broken.

    What no name leads to, and what is never removed whatever its content says, is only looked at: not even
    its folder is locked.  What its content forbids is refused after the re-check.
    """
    path = target.path
    if path is None or _is_never_removed(kind.registry, path):
        return NeverRemoved(lambda: kind.look(target))
    breaking = _Breaking(kind, target, path)
    return NamedThing(Part(target, path, breaking.observe), breaking.belongings)


def _is_never_removed(registry: Registry, path: bytes) -> bool:
    """Whether no format that fits this name and type lets it be removed."""
    try:
        kind = file_type_of(fs.stat_path(path))
    except OSError:
        return False
    one = registry.match(path, kind)
    # What is recognised by more than its name may turn out to be something else.
    return one is None or (one.policy in _NEVER and one.recognition == Recognition())


@dataclass(slots=True)
class _Breaking:
    """One act on one lock: judges it and what goes with it, wherever they are just now."""

    kind: Judging
    target: Target
    path: bytes
    _identified: Identified | None = field(default=None, init=False)
    _together: list[Part] = field(default_factory=list, init=False)

    def belongings(self, lock: Pinned) -> Belongings | Stop:
        """What the format of the pinned lock says of what is around it."""
        identified = self._identified = self.kind.identify(lock)
        if identified is None:
            return _NO_FORMAT
        twins = _twins(lock, identified)
        if isinstance(twins, Stop):
            return twins
        self._together = twins + self._companions(identified)
        hold = locks_to_hold(lock, identified)
        breaker = breaker_to_take(identified)
        if isinstance(breaker, AdvisoryLock):
            return Belongings(self._together, [breaker, *hold])
        return Belongings(self._together, hold, breaker)

    def _companions(self, identified: Identified) -> list[Part]:
        found = [one for one in identified.companions() if one.companion.role is Role.TOGETHER]
        return [self._companion(one, identified) for one in {one.path: one for one in found}.values()]

    def _companion(self, found: Found, lock: Identified) -> Part:
        if found.companion.type is FileType.SOCKET:
            # Judged by the sockets kind itself, in its own words.
            return Part(Target(KindName.SOCKET, found.path), found.path, SocketsKind().recheck)
        target = Target(KindName.LOCK, found.path)
        return Part(target, found.path, lambda pinned: self._judge_companion(pinned, found, lock))

    def _judge_companion(self, pinned: Pinned, found: Found, lock: Identified) -> Observation:
        """What goes with a lock must be proved left over by its own format.

        Only what a built-in format declares a mere part of that very lock (Chromium's other two links) is
        left over as soon as the lock itself is.
        """
        if file_type_of(pinned.stat) is not found.companion.type:
            return _judged(pinned, Verdict.UNKNOWN, f"it is no {found.companion.type.value}")
        own = self.kind.identify(pinned)
        if own is None:
            return _judged(pinned, Verdict.UNKNOWN, "no format says what it is")
        if own.policy not in _NEVER:
            return self.kind.recheck(pinned, {})
        if own.format.is_data and _are_family(own, lock):
            return _judged(pinned, Verdict.STALE, f"it is a part of {display(lock.path)} and of nothing else")
        return _judged(pinned, Verdict.IDLE, f"it is never removed: {own.format.consequence}")

    def observe(self, lock: Pinned) -> Observation:
        """Judge the pinned lock; its companions are found where they are just now."""
        seen = self._look(lock)
        identified = self._identified
        if seen.verdict is Verdict.LIVE or identified is None:
            return seen
        if seen.format != identified.format.name:
            # Race: its content changed between PIN and now, so other things belong to it than are held.
            return replace(seen, fingerprint=f"{seen.fingerprint}.{identified.format.name}")
        strangers = _unexpected_children(lock, identified)
        return seen if strangers is None else _refused(seen, strangers)

    def _look(self, lock: Pinned) -> Observation:
        """One look; more when all that speaks for life is that somebody has it open just now.

        Whoever only reads it (another racewatch that looks, a backup) has it open for a moment and is no
        owner; an owner that keeps it open has it open the next time too.  The last look counts.
        """
        aside = {part.path: part.place for part in self._together if part.place != part.path}
        seen = self.kind.recheck(lock, aside)
        for _ in range(_LOOKS_AGAIN):
            if not _is_merely_open(seen):
                break
            seen = self.kind.recheck(lock, aside)
        return seen


def _is_merely_open(seen: Observation) -> bool:
    alive = [one.check for one in seen.evidence if one.says is Says.LIVE]
    return bool(alive) and set(alive) == {"open"}


_NO_FORMAT: Final = Stop(
    OutcomeWord.REFUSED_FORBIDDEN,
    "not removed: no format of lock fits it, so it is not racewatch's to remove",
)


def _are_family(one: Identified, other: Identified) -> bool:
    built_in = one.format.tier is Tier.BUILT_IN and other.format.tier is Tier.BUILT_IN
    return built_in and one.format.program == other.format.program


def _twins(lock: Pinned, identified: Identified) -> list[Part] | Stop:
    """The other names of the pinned inode that the format knows; whatever else has such a name stays."""
    wanted = [one for one in identified.companions() if one.companion.role is Role.TWIN]
    if lock.stat.nlink == 1 or not wanted:
        return []
    names: set[bytes] = set()
    for found in wanted:
        if "/" in found.companion.where:
            return Stop(
                OutcomeWord.REFUSED_UNPROVEN,
                f"not removed: its second name {display(found.path)} is in another folder",
            )
        own = os.path.basename(found.path)
        try:
            names |= {own} if not found.is_pattern else _named_like(lock, own)
        except OSError as error:
            return Stop(
                OutcomeWord.REFUSED_UNPROVEN,
                f"not removed: its second name could not be looked for ({error.strerror})",
                error=str(error),
            )
    twins = sorted(name for name in names if name != lock.name and _is(lock, name))[:_MOST_TWINS]
    folder = os.path.dirname(lock.path)
    return [_twin(lock, os.path.join(folder, name)) for name in twins]


def _named_like(lock: Pinned, pattern: bytes) -> set[bytes]:
    # Names of a handle come as text.
    names = (os.fsencode(name) for name in os.listdir(lock.directory_fd))
    return {name for name in names if fnmatch.fnmatchcase(name, pattern)}


def _is(lock: Pinned, name: bytes) -> bool:
    try:
        return fs.stat_at(lock.directory_fd, name).same_inode(lock.stat)
    except OSError:
        return False


def _twin(lock: Pinned, path: bytes) -> Part:
    def observe(pinned: Pinned) -> Observation:
        # The lock itself is judged beside it; this is the same inode, or it is not.
        if pinned.stat.same_inode(lock.stat):
            return _judged(pinned, Verdict.STALE, f"it is another name of {display(lock.path)}")
        return _judged(pinned, Verdict.UNKNOWN, f"it is no second name of {display(lock.path)} any more")

    return Part(Target(KindName.LOCK, path), path, observe)


def _unexpected_children(lock: Pinned, identified: Identified) -> str | None:
    """What is inside a folder that does not belong there; None when it may go."""
    if not lock.stat.is_directory:
        return None
    try:
        folder = os.open(fs.fd_path(lock.fd), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        return f"what is inside could not be listed ({error.strerror})"
    try:
        for name in sorted(os.fsencode(entry) for entry in os.listdir(folder)):
            stranger = _stranger(folder, name, identified)
            if stranger is not None:
                return stranger
    except OSError as error:
        return f"what is inside could not be listed ({error.strerror})"
    finally:
        os.close(folder)
    return None


def _stranger(folder: int, name: bytes, identified: Identified) -> str | None:
    if not any(pattern.match_name(name) for pattern in identified.format.children):
        return f"{display(name)} is inside, which does not belong there"
    found = fs.stat_at(folder, name)
    if found.mount_root is not False or file_type_of(found) not in (FileType.FILE, FileType.SYMLINK):
        return f"{display(name)} is inside and is neither a file nor a link"
    return None


def _refused(seen: Observation, why: str) -> Observation:
    return replace(
        seen,
        verdict=Verdict.UNKNOWN,
        removable=Removable.NEVER,
        summary=f"It is not removed: {why}.",
        evidence=(*seen.evidence, Evidence("content", Says.UNKNOWN, "readdir", why)),
    )


def _judged(pinned: Pinned, verdict: Verdict, why: str) -> Observation:
    """A judgement on a companion that is not up to its own format."""
    says = {Verdict.STALE: Says.STALE, Verdict.IDLE: Says.IDLE}.get(verdict, Says.UNKNOWN)
    return Observation(
        target=pinned.target,
        path=pinned.path,
        fingerprint=f"{pinned.stat.dev}:{pinned.stat.ino}",
        verdict=verdict,
        label={Verdict.STALE: "left over", Verdict.IDLE: "never removed"}.get(verdict, "cannot tell"),
        summary=f"{why[0].upper()}{why[1:]}.",
        evidence=(Evidence("companion", says, "format", why),),
        owner=None,
        removable=Removable.NEVER if verdict is Verdict.IDLE else Removable.OVERRIDE,
        seen_at=time.time(),
    )
