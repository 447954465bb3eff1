"""What is held while a lock is broken: kernel locks its owner would take, the family's breaker lock."""

from __future__ import annotations

import os
import socket
from typing import Final

from racewatch.core.advisory import AdvisoryKind, AdvisoryLock
from racewatch.core.breaker import Breaker, Made
from racewatch.core.part import Pinned
from racewatch.kinds.locks.format import Format, Mechanism, Role
from racewatch.kinds.locks.registry import Identified

_WORLD: Final = {
    Mechanism.FLOCK: AdvisoryKind.FLOCK,
    Mechanism.POSIX: AdvisoryKind.FCNTL,
    Mechanism.OFD: AdvisoryKind.FCNTL,
}
_MADE: Final = {
    Mechanism.EXCLUSIVE_FILE: Made.FILE,
    Mechanism.HARD_LINK: Made.FILE,
    Mechanism.PIDFILE: Made.FILE,
    Mechanism.SYMLINK: Made.SYMLINK,
    Mechanism.DIRECTORY: Made.DIRECTORY,
}


def locks_to_hold(lock: Pinned, identified: Identified) -> list[AdvisoryLock]:
    """The kernel locks that would make its owner an owner: on the lock itself, and on what is tested for it.

    The lock's own is taken on the pinned inode.  Where the format does not say in which of the two worlds its
    owner locks, both are taken.
    """
    one = identified.format
    worlds = list(dict.fromkeys(_WORLD[made] for made in one.mechanisms if made in _WORLD))
    held = []
    if lock.stat.is_regular:
        held += [AdvisoryLock(lock.path, world, lock.fd) for world in worlds]
    for found in identified.companions():
        if found.companion.role is Role.TESTED and not found.is_pattern:
            held += [AdvisoryLock(found.path, world) for world in worlds or AdvisoryKind]
    return held


def breaker_to_take(identified: Identified) -> Breaker | AdvisoryLock | None:
    """The lock that the family's own breakers take for this one."""
    one, path = identified.format, identified.breaker()
    if one.breaker is None or path is None:
        return None
    made = _MADE.get(one.breaker.mechanism)
    if made is not None:
        return Breaker(os.path.basename(path), made, _content(one, made))
    return AdvisoryLock(path, _WORLD[one.breaker.mechanism])


def _content(one: Format, made: Made) -> bytes:
    """What the family's programs read in it, so that they can tell who we are and when we are gone."""
    host = os.fsencode(socket.gethostname())
    if one.grammar.text == "mercurial":
        return b"%s/%x:%d" % (host, os.stat("/proc/self/ns/pid").st_ino, os.getpid())
    if one.grammar.text == "git_gc":
        return b"%d %s" % (os.getpid(), host)
    return b"%d" % os.getpid() if made is Made.SYMLINK else b"%d\n" % os.getpid()
