"""Capturing a thing that is a name in a directory: a socket, a lock file, a bundle.

The capture is one ``renameat2(RENAME_NOREPLACE)`` to a private name in the same directory: atomic,
never overwriting, and harmless to a live thing (connections and locks go by inode, not by name).
"""

from __future__ import annotations

import base64
import contextlib
import errno
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from racewatch.core.guard import DirectoryGuard, who_may
from racewatch.core.kind import Stop, UndoRecord
from racewatch.core.model import Observation, OutcomeWord, Target, Verdict
from racewatch.core.text import display
from racewatch.linux import fs, removal

METHOD: Final = "name"
PRIVATE_PREFIX: Final = b".racewatch."


def private_name(action: str) -> bytes:
    """The name a captured thing has meanwhile: in the same directory, unguessable beforehand."""
    return PRIVATE_PREFIX + action.encode("ascii")


@dataclass(frozen=True, slots=True)
class Pinned:
    """A target held by handles: its directory, its name there, and the inode itself.

    ``fd`` is an ``O_PATH`` handle; while it is open the inode keeps its number.
    """

    target: Target
    path: bytes
    directory_fd: int
    name: bytes
    fd: int
    stat: fs.Stat


@dataclass(slots=True)
class NamedThing:
    """The :class:`~racewatch.core.kind.Procedure` of a name in a directory.

    ``observe`` looks at the pinned inode only (never by its name), so what it says stays true
    whatever the name comes to mean.
    """

    target: Target
    path: bytes
    observe: Callable[[Pinned], Observation]
    _guard: DirectoryGuard | None = field(default=None, init=False)
    _pinned: Pinned | None = field(default=None, init=False)
    _private: bytes | None = field(default=None, init=False)

    @property
    def _held(self) -> DirectoryGuard:
        if self._guard is None:
            raise AssertionError("a step before GUARD")
        return self._guard

    @property
    def _thing(self) -> Pinned:
        if self._pinned is None:
            raise AssertionError("a step before PIN")
        return self._pinned

    @property
    def _aside(self) -> bytes:
        if self._private is None:
            raise AssertionError("a step before INTENT")
        return self._private

    def guard(self) -> Stop | None:
        """Lock the directory against other cleaners."""
        taken = DirectoryGuard.take(os.path.dirname(self.path))
        if isinstance(taken, Stop):
            return taken
        self._guard = taken
        return None

    def pin(self) -> Stop | None:
        """Hold the inode that the name means now; a vanished name is a success."""
        name = os.path.basename(self.path)
        try:
            fd = fs.pin(self._held.fd, name)
        except OSError as error:
            return self._stop_for(error)
        self._pinned = Pinned(self.target, self.path, self._held.fd, name, fd, fs.stat_fd(fd))
        return None

    def recheck(self) -> Observation | Stop:
        """Judge the pinned inode afresh, at the path the person saw."""
        if not self._held.still_at_its_path():
            return Stop(
                OutcomeWord.REFUSED_CHANGED,
                f"the directory of {display(self.path)} was moved or replaced meanwhile",
            )
        return self.observe(self._thing)

    def intent(self, action: str) -> UndoRecord | Stop:
        """All that is needed to bring it back: attributes, and where it is while it is away."""
        self._private = private_name(action)
        thing, directory = self._thing, fs.stat_fd(self._held.fd)
        return UndoRecord(
            METHOD,
            {
                "directory": _text(self._held.path),
                "directory_dev": directory.dev,
                "directory_ino": directory.ino,
                "name": _text(thing.name),
                "private": _text(self._private),
                "dev": thing.stat.dev,
                "ino": thing.stat.ino,
                "btime_ns": thing.stat.btime_ns,
                "mode": thing.stat.mode,
                "uid": thing.stat.uid,
                "gid": thing.stat.gid,
                "atime_ns": thing.stat.atime_ns,
                "mtime_ns": thing.stat.mtime_ns,
                "xattrs": read_xattrs(thing.fd),
            },
        )

    def capture(self) -> Stop | None:
        """Take the name away, whatever it means now."""
        held = self._held
        try:
            removal.rename_noreplace(held.fd, self._thing.name, held.fd, self._aside)
        except OSError as error:
            return self._stop_for(error)
        return None

    def verify(self, seen: Observation, *, override: bool) -> Stop | None:
        """Is what was captured the pinned inode, and does the judgement still stand?"""
        try:
            captured = fs.stat_at(self._held.fd, self._aside)
        except OSError as error:
            return Stop(
                OutcomeWord.FAILED,
                f"{display(self.path)} was captured, and then somebody removed its private name "
                f"{display(self._aside)}",
                error=str(error),
            )
        if not captured.same_inode(self._thing.stat):
            return Stop(
                OutcomeWord.REFUSED_CHANGED,
                "its name came to mean another object at the last moment; that one is untouched",
            )
        now = self.observe(self._thing)
        if now.verdict is Verdict.LIVE:
            return Stop(OutcomeWord.REFUSED_LIVE, f"it came alive at the last moment ({now.summary})", now)
        proved = now.verdict is Verdict.STALE or (override and seen.verdict is not Verdict.STALE)
        if now.fingerprint != seen.fingerprint or not proved:
            return Stop(OutcomeWord.REFUSED_CHANGED, f"it changed at the last moment ({now.summary})", now)
        return None

    def commit(self, *, keep: bool) -> Stop | None:
        """Destroy what was captured, or leave it aside; durable before the outcome is recorded."""
        held = self._held
        if not keep:
            try:
                removal.unlink(held.fd, self._aside)
            except FileNotFoundError:
                pass  # somebody else removed the private name: it is gone, which was the wish
            except OSError as error:
                return self._stop_for(error)
        sync_directory(held.fd)
        return None

    def restore(self) -> Stop | None:
        """Give the name back to what was captured, if anything was; never overwrites.

        Does not trust a flag: an interrupt may have come between the rename and the next line, so
        the directory itself is asked.
        """
        if self._private is None:
            return None
        held = self._held
        try:
            removal.rename_noreplace(held.fd, self._private, held.fd, self._thing.name)
        except FileNotFoundError:
            return None  # nothing was taken
        except OSError as error:
            where = os.path.join(held.path, self._private)
            return Stop(
                OutcomeWord.FAILED,
                f"what was captured could not be put back ({error.strerror}) and is kept as {display(where)}",
                error=str(error),
            )
        sync_directory(held.fd)
        return None

    def close(self) -> None:
        """Drop the pin and the guard, in this order."""
        if self._pinned is not None:
            os.close(self._pinned.fd)
            self._pinned = None
        if self._guard is not None:
            self._guard.close()
            self._guard = None

    def _stop_for(self, error: OSError) -> Stop:
        """What an error of a step on the name means; each one named, the rest is ``failed``."""
        shown = display(self.path)
        if error.errno == errno.ENOENT:
            return Stop(OutcomeWord.GONE, f"{shown} is not there any more")
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            may = (
                "nobody may, the file system is read-only"
                if error.errno == errno.EROFS
                else (who_may(self._held.path))
            )
            return Stop(
                OutcomeWord.REFUSED_DENIED, f"this user may not remove {shown}; {may}", error=str(error)
            )
        if error.errno == errno.EBUSY:
            return Stop(OutcomeWord.REFUSED_BUSY, f"{shown} is in use as a mount point", error=str(error))
        return Stop(OutcomeWord.FAILED, f"{shown} was not removed: {error.strerror}", error=str(error))


def sync_directory(fd: int) -> None:
    """Make what happened to the names of a directory durable.

    Race closed: a power cut after the journal's last write brings back the private name alone, which
    nothing would then put back.  Left open: a file system that cannot sync a directory, or a disk
    that answers EIO.  What happened in the running system is true all the same, so that is no reason
    to report the act as failed.
    """
    with contextlib.suppress(OSError):
        os.fsync(fd)


def read_xattrs(fd: int) -> dict[str, str]:
    """The extended attributes (ACLs, labels) of an inode, base64; those we may not read are left out."""
    found: dict[str, str] = {}
    path = fs.fd_path(fd)
    try:
        names = os.listxattr(path)
    except OSError:
        return found
    for name in names:
        try:
            found[name] = base64.b64encode(os.getxattr(path, name)).decode("ascii")
        except OSError:
            continue
    return found


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")
