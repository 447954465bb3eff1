"""One name in a directory, held and taken by handles: what :mod:`racewatch.core.by_name` is built of."""

from __future__ import annotations

import base64
import contextlib
import errno
import os
from collections.abc import Callable
from dataclasses import dataclass, field

from racewatch.core.guard import DirectoryGuard, who_may
from racewatch.core.kind import Stop
from racewatch.core.model import Observation, OutcomeWord, Target
from racewatch.core.remains import read_remains, read_xattrs
from racewatch.core.text import display
from racewatch.linux import fs, removal


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
class Part:
    """One name: guarded, pinned, captured, verified, then unlinked or given back.

    ``observe`` looks at the pinned inode only (never by its name), so what it says stays true
    whatever the name comes to mean.
    """

    target: Target
    path: bytes
    observe: Callable[[Pinned], Observation]
    _guard: DirectoryGuard | None = field(default=None, init=False)
    _guard_is_ours: bool = field(default=False, init=False)
    _pinned: Pinned | None = field(default=None, init=False)
    _private: bytes | None = field(default=None, init=False)

    @property
    def held(self) -> DirectoryGuard:
        """The guarded directory."""
        if self._guard is None:
            raise AssertionError("a step before GUARD")
        return self._guard

    @property
    def thing(self) -> Pinned:
        """The pinned inode."""
        if self._pinned is None:
            raise AssertionError("a step before PIN")
        return self._pinned

    @property
    def aside(self) -> bytes:
        """The private name."""
        if self._private is None:
            raise AssertionError("a step before INTENT")
        return self._private

    @property
    def place(self) -> bytes:
        """The path at which the pinned inode is just now: its own, or its private one while it is captured."""
        if self._private is None or self._pinned is None:
            return self.path
        try:
            taken = fs.stat_at(self.held.fd, self._private).same_inode(self._pinned.stat)
        except OSError:
            return self.path
        return os.path.join(self.held.path, self._private) if taken else self.path

    def guard(self, shared: DirectoryGuard | None = None) -> Stop | None:
        """Lock the directory against other cleaners; ``shared`` is the act's own lock on the same one."""
        directory = os.path.dirname(self.path)
        if shared is not None and shared.path == directory:
            self._guard = shared
            return None
        taken = DirectoryGuard.take(directory)
        if isinstance(taken, Stop):
            return taken
        self._guard, self._guard_is_ours = taken, True
        return None

    def pin(self) -> Stop | None:
        """Hold the inode that the name means now; a vanished name is a success."""
        name = os.path.basename(self.path)
        try:
            fd = fs.pin(self.held.fd, name)
        except OSError as error:
            return self.stop_for(error)
        self._pinned = Pinned(self.target, self.path, self.held.fd, name, fd, fs.stat_fd(fd))
        return None

    def recheck(self) -> Observation | Stop:
        """Judge the pinned inode afresh, at the path the person saw."""
        if not self.held.still_at_its_path():
            return Stop(
                OutcomeWord.REFUSED_CHANGED,
                f"the directory of {display(self.path)} was moved or replaced meanwhile",
            )
        return self.observe(self.thing)

    def record(self, private: bytes) -> dict[str, object]:
        """All that is needed to bring it back: attributes, content, and where it is while it is away."""
        self._private = private
        stat, directory = self.thing.stat, fs.stat_fd(self.held.fd)
        remains = read_remains(self.thing.fd, stat)
        return {
            "directory": _text(self.held.path),
            "directory_dev": directory.dev,
            "directory_ino": directory.ino,
            "directory_btime_ns": directory.btime_ns,
            "name": _text(self.thing.name),
            "private": _text(private),
            "dev": stat.dev,
            "ino": stat.ino,
            "btime_ns": stat.btime_ns,
            "mode": stat.mode,
            "uid": stat.uid,
            "gid": stat.gid,
            "atime_ns": stat.atime_ns,
            "mtime_ns": stat.mtime_ns,
            "xattrs": read_xattrs(self.thing.fd),
            "remains": remains,
            # What cannot be copied is kept aside instead.
            "kept": remains is None,
        }

    def still_named(self) -> Stop | None:
        """Whether the name still means the pinned inode; nothing is taken.

        Race narrowed: a name that means another thing by now is not even captured.
        """
        try:
            now = fs.stat_at(self.held.fd, self.thing.name)
        except OSError as error:
            return self.stop_for(error)
        if now.same_inode(self.thing.stat):
            return None
        return Stop(
            OutcomeWord.REFUSED_CHANGED,
            f"{display(self.path)} came to mean another object meanwhile; that one is untouched",
        )

    def capture(self) -> Stop | None:
        """Take the name away, whatever it means now."""
        try:
            removal.rename_noreplace(self.held.fd, self.thing.name, self.held.fd, self.aside)
        except OSError as error:
            return self.stop_for(error)
        return None

    def verify(self) -> Stop | None:
        """Is what was captured the pinned inode?"""
        try:
            captured = fs.stat_at(self.held.fd, self.aside)
        except OSError as error:
            return Stop(
                OutcomeWord.FAILED,
                f"{display(self.path)} was captured, and then somebody removed its private name "
                f"{display(self.aside)}",
                error=str(error),
            )
        if captured.same_inode(self.thing.stat):
            return None
        return Stop(
            OutcomeWord.REFUSED_CHANGED,
            f"{display(self.path)} came to mean another object at the last moment; that one is untouched",
        )

    def unlink(self) -> Stop | None:
        """Destroy what was captured and verified."""
        try:
            removal.unlink(self.held.fd, self.aside)
        except FileNotFoundError:
            return None  # somebody else removed the private name: it is gone, which was the wish
        except OSError as error:
            return self.stop_for(error)
        return None

    def restore(self) -> Stop | None:
        """Give the name back to what was captured, if anything was; never overwrites.

        Does not trust a flag: an interrupt may have come between the rename and the next line, so
        the directory itself is asked.
        """
        if self._private is None:
            return None
        try:
            removal.rename_noreplace(self.held.fd, self._private, self.held.fd, self.thing.name)
        except FileNotFoundError:
            return None  # nothing was taken
        except OSError as error:
            where = os.path.join(self.held.path, self._private)
            return Stop(
                OutcomeWord.FAILED,
                f"what was captured could not be put back ({error.strerror}) and is kept as {display(where)}",
                error=str(error),
            )
        self.sync()
        return None

    def sync(self) -> None:
        """Make what happened to the names durable."""
        sync_directory(self.held.fd)

    def close(self) -> None:
        """Drop the pin and the guard, in this order."""
        if self._pinned is not None:
            os.close(self._pinned.fd)
            self._pinned = None
        if self._guard is not None and self._guard_is_ours:
            self._guard.close()
        self._guard = None

    def stop_for(self, error: OSError) -> Stop:
        """What an error of a step on the name means; each one named, the rest is ``failed``."""
        shown = display(self.path)
        if error.errno == errno.ENOENT:
            return Stop(OutcomeWord.GONE, f"{shown} is not there any more")
        if error.errno == errno.EROFS:
            return Stop(
                OutcomeWord.REFUSED_DENIED,
                f"nobody may remove {shown}: the file system is read-only",
                error=str(error),
            )
        if error.errno in (errno.EACCES, errno.EPERM):
            return Stop(
                OutcomeWord.REFUSED_DENIED,
                f"this user may not remove {shown}; {who_may(self.held.path)}",
                error=str(error),
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


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")
