"""What every kind says in the same words: fingerprints, file types, processes, what could not be reached."""

from __future__ import annotations

import hashlib
import stat as stat_mode
import time
from typing import Final

from racewatch.core.model import Evidence, Observation, Owner, Removable, Says, Target, Verdict
from racewatch.core.text import display
from racewatch.linux import processes

#: The label of what has just appeared and is not judged yet.
AT_FIRST: Final = "being looked at"

_FILE_TYPE: Final = {
    stat_mode.S_IFREG: "regular file",
    stat_mode.S_IFDIR: "directory",
    stat_mode.S_IFLNK: "symbolic link",
    stat_mode.S_IFIFO: "named pipe",
    stat_mode.S_IFCHR: "device",
    stat_mode.S_IFBLK: "device",
    stat_mode.S_IFSOCK: "socket",
}


def file_type(mode: int) -> str:
    """What a node is, in words."""
    return _FILE_TYPE.get(stat_mode.S_IFMT(mode), "thing of an unknown type")


def fingerprint_of(*parts: object) -> str:
    """An opaque text: equal if and only if the parts are."""
    return fingerprint(repr(parts))


def fingerprint(text: str) -> str:
    """The same for what ``repr`` of the parts is."""
    return hashlib.blake2s(text.encode(), digest_size=12).hexdigest()


def unseen(target: Target, path: bytes, error: OSError) -> Observation:
    """What is known of a path that could not even be reached: that it could not be seen."""
    return Observation(
        target=target,
        path=path,
        fingerprint=fingerprint_of(b"unseen", path, error.errno),
        verdict=Verdict.UNKNOWN,
        label="cannot see",
        summary=f"{display(path)} could not be reached ({error.strerror}), so whether it is there is not known.",
        evidence=(Evidence("reach", Says.UNKNOWN, "openat2", f"{error.strerror}"),),
        owner=None,
        removable=Removable.NEVER,
        seen_at=time.time(),
        remedy="look as root, or as the owner of its directory",
    )


def moment(seconds: float) -> str:
    """A moment in the time of this place: sorts as text, and changes by nothing but its subject."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))


def describe(pid: int) -> Owner | None:
    """A living process; None when it is gone or cannot be seen."""
    info = processes.describe(pid)
    if info is None:
        return None
    return Owner(
        pid=pid,
        start_ticks=info.start_ticks,
        started=info.started,
        name=info.name,
        user=info.user,
        command=info.command,
        unit=info.unit,
    )


def seniority(owner: Owner) -> tuple[bool, int, int]:
    """Sorts the process to speak to first.

    That is the oldest (with servers that fork the master); an init that only keeps an activated socket or
    a handle open is never the one.
    """
    return (owner.pid == 1, owner.start_ticks, owner.pid)
