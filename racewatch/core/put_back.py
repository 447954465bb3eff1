"""Bringing back what :mod:`racewatch.core.by_name` took: for undo, and after a crash.

Everything here works from the journal's record alone, under the same directory guard as an act, and
never overwrites a name.
"""

from __future__ import annotations

import base64
import os
import stat as stat_mode
from dataclasses import dataclass
from typing import Self

from racewatch.core.by_name import PRIVATE_PREFIX, private_name, sync_directory
from racewatch.core.guard import DirectoryGuard
from racewatch.core.kind import Stop, UndoRecord
from racewatch.core.model import OutcomeWord
from racewatch.core.text import display
from racewatch.linux import fs, processes, removal


@dataclass(frozen=True, slots=True)
class NameRecord:
    """What the journal keeps of a captured name (written by ``NamedThing.intent``)."""

    directory: bytes
    directory_dev: int
    directory_ino: int
    name: bytes
    private: bytes
    dev: int
    ino: int
    btime_ns: int | None
    mode: int
    uid: int
    gid: int
    atime_ns: int
    mtime_ns: int
    xattrs: dict[str, bytes]
    kept: bool

    @classmethod
    def read(cls, record: UndoRecord) -> Self:
        """Parse a journal record; KeyError or ValueError when it is not one of ours."""
        data = record.data

        def number(key: str) -> int:
            value = data[key]
            if not isinstance(value, int):
                raise ValueError(f"{key} in the journal is not a number")  # noqa: TRY004 - one error for bad data
            return value

        def raw(value: object) -> bytes:
            return base64.b64decode(str(value), validate=True)

        xattrs = data["xattrs"]
        private = raw(data["private"])
        if not isinstance(xattrs, dict) or not private.startswith(PRIVATE_PREFIX) or b"/" in private:
            raise ValueError("the journal's record of this act is damaged")
        return cls(
            directory=raw(data["directory"]),
            directory_dev=number("directory_dev"),
            directory_ino=number("directory_ino"),
            name=raw(data["name"]),
            private=private,
            dev=number("dev"),
            ino=number("ino"),
            btime_ns=None if data["btime_ns"] is None else number("btime_ns"),
            mode=number("mode"),
            uid=number("uid"),
            gid=number("gid"),
            atime_ns=number("atime_ns"),
            mtime_ns=number("mtime_ns"),
            xattrs={str(key): raw(value) for key, value in xattrs.items()},
            kept=bool(data.get("kept")),
        )

    @property
    def path(self) -> bytes:
        """The public path, as it was."""
        return os.path.join(self.directory, self.name)

    def is_recorded(self, found: fs.Stat) -> bool:
        """Whether an inode is the one that was taken (birth time included: numbers are re-used)."""
        return (found.dev, found.ino, found.btime_ns) == (self.dev, self.ino, self.btime_ns)

    def is_remade(self, found: fs.Stat) -> bool:
        """Whether an inode is one that :func:`put_back` made: the exact old times and mode on it."""
        return (found.mode, found.mtime_ns) == (self.mode, self.mtime_ns)

    def take_guard(self) -> DirectoryGuard | Stop:
        """Guard the very directory the thing was taken from, found again if it was renamed.

        A directory that was renamed since is looked for among its siblings, by inode.  Left open: one
        that was moved further away; then the record stays open and says where to look.
        """
        guard = DirectoryGuard.take(self.directory)
        if isinstance(guard, DirectoryGuard) and self._is_ours(guard.fd):
            return guard
        above = os.path.dirname(self.directory)
        for sibling in _entries(above):
            path = os.path.join(above, sibling)
            try:
                found = fs.stat_path(path)
            except OSError:
                continue
            if found.is_directory and (found.dev, found.ino) == (self.directory_dev, self.directory_ino):
                if isinstance(guard, DirectoryGuard):
                    guard.close()
                return DirectoryGuard.take(path)
        if isinstance(guard, DirectoryGuard):
            guard.close()
            return Stop(
                OutcomeWord.REFUSED_CHANGED,
                f"{display(self.directory)} is another directory now than the one it was taken from",
            )
        return guard

    def _is_ours(self, fd: int) -> bool:
        found = fs.stat_fd(fd)
        return (found.dev, found.ino) == (self.directory_dev, self.directory_ino)


def _entries(directory: bytes) -> list[bytes]:
    try:
        return os.listdir(directory)
    except OSError:
        return []


def look_at(guard: DirectoryGuard, name: bytes) -> fs.Stat | None:
    """What a name in the guarded directory means now; None when it is free."""
    try:
        return fs.stat_at(guard.fd, name)
    except FileNotFoundError:
        return None


def put_back(record: NameRecord, guard: DirectoryGuard, action: str) -> Stop | None:
    """Undo one removal: rename the kept thing back, or make an equal one.

    Race closed: somebody takes the name between a look and our rename; the rename never overwrites,
    so theirs stays and undo is refused.  Left open: none for the name.  A remade socket node has a
    new inode number and birth time; mode, owner, times and attributes are the old ones.
    """
    taken = Stop(
        OutcomeWord.REFUSED_CHANGED,
        f"the name {display(record.path)} is taken again; what stands there was left alone",
    )
    if look_at(guard, record.name) is not None:
        return taken
    if record.kept:
        aside = look_at(guard, record.private)
        if aside is None or not record.is_recorded(aside):
            return Stop(
                OutcomeWord.FAILED,
                f"what was kept aside for {display(record.path)} is not there any more "
                f"({display(record.private)} in {display(record.directory)})",
            )
        source = record.private
    else:
        source = private_name(action)
        stop = _remake(record, guard, source)
        if stop is not None:
            return stop
    try:
        removal.rename_noreplace(guard.fd, source, guard.fd, record.name)
    except OSError as error:
        if not record.kept:
            removal.unlink(guard.fd, source)  # the node made a moment ago under our private name
        if isinstance(error, FileExistsError):
            return taken
        return Stop(
            OutcomeWord.FAILED, f"{display(record.path)} was not put back: {error.strerror}", error=str(error)
        )
    sync_directory(guard.fd)
    return None


def _remake(record: NameRecord, guard: DirectoryGuard, private: bytes) -> Stop | None:
    """Make an equal node under a private name, complete before it gets its public one."""
    try:
        removal.make_socket_node(guard.fd, private, record.mode)
    except OSError as error:
        return Stop(
            OutcomeWord.REFUSED_DENIED,
            f"nothing can be made in {display(record.directory)}: {error.strerror}",
            error=str(error),
        )
    fd = fs.pin(guard.fd, private)
    try:
        path = fs.fd_path(fd)
        made = fs.stat_fd(fd)
        if (made.uid, made.gid) != (record.uid, record.gid):
            os.chown(path, record.uid, record.gid)
        os.chmod(path, stat_mode.S_IMODE(record.mode))
        for name, value in record.xattrs.items():
            os.setxattr(path, name, value)
        os.utime(path, ns=(record.atime_ns, record.mtime_ns))
    except OSError as error:
        removal.unlink(guard.fd, private)
        return Stop(
            OutcomeWord.REFUSED_DENIED,
            f"this user may not give {display(record.path)} its old owner and attributes "
            f"({processes.user_name(record.uid)}); root may",
            error=str(error),
        )
    finally:
        os.close(fd)
    return None


@dataclass(frozen=True, slots=True)
class Settled:
    """How an interrupted act turned out to stand, after recovery."""

    word: OutcomeWord
    summary: str
    undoable: bool = False
    kept: bool = False


def settle_removal(record: NameRecord, guard: DirectoryGuard) -> Settled:
    """After a crash in a removal: put back whatever is under the private name, whatever it is.

    It may be another inode than the recorded one (the crash came between CAPTURE and VERIFY of a
    lost race): that one is somebody's live thing and belongs back even more.
    """
    shown = display(record.path)
    if look_at(guard, record.private) is None:
        now = look_at(guard, record.name)
        if now is not None and record.is_recorded(now):
            return Settled(OutcomeWord.FAILED, f"interrupted before anything was taken; {shown} is untouched")
        return Settled(
            OutcomeWord.GONE,
            f"interrupted before its end was recorded; {shown} is gone, removed by this act or by somebody else",
            undoable=True,
        )
    try:
        removal.rename_noreplace(guard.fd, record.private, guard.fd, record.name)
    except OSError as error:
        why = (
            "its name is taken by a new object" if isinstance(error, FileExistsError) else str(error.strerror)
        )
        return Settled(
            OutcomeWord.FAILED,
            f"interrupted; what had been captured is kept as {display(record.private)} beside {shown}: {why}",
            undoable=True,
            kept=True,
        )
    sync_directory(guard.fd)
    return Settled(OutcomeWord.FAILED, f"interrupted; {shown} was put back")


def settle_undo(record: NameRecord, guard: DirectoryGuard, action: str) -> Settled:
    """After a crash in an undo: drop a half-made node; say whether the undo had come through."""
    shown = display(record.path)
    now = look_at(guard, record.name)
    half_made = look_at(guard, private_name(action))
    if half_made is not None and half_made.is_socket:
        removal.unlink(guard.fd, private_name(action))
    if now is not None and (record.is_recorded(now) if record.kept else record.is_remade(now)):
        return Settled(OutcomeWord.DONE, f"interrupted before its end was recorded; {shown} is back")
    return Settled(OutcomeWord.FAILED, f"interrupted; {shown} was not put back, undo can be asked again")
