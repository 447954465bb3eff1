"""The journal's record of a captured name, and finding the directory it was taken from again."""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from racewatch.core.breaker import BreakerRecord
from racewatch.core.by_name import PRIVATE_PREFIX
from racewatch.core.guard import DirectoryGuard
from racewatch.core.kind import Stop
from racewatch.core.model import OutcomeWord
from racewatch.core.text import display
from racewatch.linux import fs


@dataclass(frozen=True, slots=True)
class NameRecord:
    """What the journal keeps of a captured name (written by ``NamedThing.intent``)."""

    directory: bytes
    directory_dev: int
    directory_ino: int
    directory_btime_ns: int | None
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
    remains: dict[str, object] | None
    kept: bool
    companions: tuple[NameRecord, ...]
    breaker: BreakerRecord | None = None

    @classmethod
    def read(cls, data: Mapping[str, object]) -> Self:
        """Parse a journal record; KeyError or ValueError when it is not one of ours.

        Nothing in it may lead out of the directory it names: a damaged record moves nothing.
        """

        def number(key: str) -> int:
            value = data[key]
            if not isinstance(value, int):
                raise ValueError(f"{key} in the journal is not a number")  # noqa: TRY004 - one error for bad data
            return value

        def birth(key: str) -> int | None:
            return None if data[key] is None else number(key)

        def raw(value: object) -> bytes:
            return base64.b64decode(str(value), validate=True)

        def entry(key: str) -> bytes:
            value = raw(data[key])
            if not _is_name(value):
                raise ValueError(f"{key} in the journal is not a name")
            return value

        xattrs, remains, companions = data["xattrs"], data["remains"], data.get("companions", [])
        breaker = _breaker(data.get("breaker"))
        private, directory = entry("private"), raw(data["directory"])
        if (
            not isinstance(xattrs, dict)
            or not isinstance(companions, list)
            or not all(isinstance(one, dict) for one in companions)
            or not private.startswith(PRIVATE_PREFIX)
            or not directory.startswith(b"/")
            or b"\0" in directory
        ):
            raise ValueError("the journal's record of this act is damaged")
        return cls(
            directory=directory,
            directory_dev=number("directory_dev"),
            directory_ino=number("directory_ino"),
            directory_btime_ns=birth("directory_btime_ns"),
            name=entry("name"),
            private=private,
            dev=number("dev"),
            ino=number("ino"),
            btime_ns=birth("btime_ns"),
            mode=number("mode"),
            uid=number("uid"),
            gid=number("gid"),
            atime_ns=number("atime_ns"),
            mtime_ns=number("mtime_ns"),
            xattrs={str(key): raw(value) for key, value in xattrs.items()},
            remains=dict(remains) if isinstance(remains, dict) else None,
            kept=bool(data["kept"]),
            companions=tuple(cls.read({**one, "kept": data["kept"]}) for one in companions),
            breaker=breaker,
        )

    @property
    def path(self) -> bytes:
        """The public path, as it was."""
        return os.path.join(self.directory, self.name)

    def is_recorded(self, found: fs.Stat) -> bool:
        """Whether an inode in the recorded directory is the one that was taken.

        Birth time included, because numbers are re-used; the device's number is not, because it can be
        another one after a reboot (device mapper, btrfs), unless there is nothing better.
        """
        return (found.ino, found.btime_ns) == (self.ino, self.btime_ns) and (
            found.btime_ns is not None or found.dev == self.dev
        )

    def is_remade(self, found: fs.Stat) -> bool:
        """Whether an inode is one that :func:`put_back` made: the exact old times and mode on it."""
        return (found.mode, found.mtime_ns) == (self.mode, self.mtime_ns)

    def is_second_name_of(self, other: NameRecord) -> bool:
        """Whether both names meant one inode when they were taken."""
        return (self.dev, self.ino, self.btime_ns) == (other.dev, other.ino, other.btime_ns)

    def is_ours(self, found: fs.Stat) -> bool:
        """Whether an inode is what an undo of this record puts at the name."""
        return self.is_recorded(found) if self.kept else self.is_remade(found)

    @property
    def all(self) -> tuple[NameRecord, ...]:
        """This one and what was taken together with it."""
        return (self, *self.companions)

    def take_guard(self) -> DirectoryGuard | Stop:
        """Guard the very directory the thing was taken from, found again if it was renamed.

        A directory that was renamed since is looked for among its siblings, by inode.  Left open: one
        that was moved further away; then the record stays open and says where to look.
        """
        guard = DirectoryGuard.take(self.directory)
        if isinstance(guard, DirectoryGuard) and self._is_ours(fs.stat_fd(guard.fd), anywhere=False):
            return guard
        above = os.path.dirname(self.directory)
        for sibling in _entries(above):
            path = os.path.join(above, sibling)
            try:
                found = fs.stat_path(path)
            except OSError:
                continue
            if found.is_directory and self._is_ours(found, anywhere=True):
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

    def _is_ours(self, found: fs.Stat, *, anywhere: bool) -> bool:
        """Whether a directory is the recorded one; at its own path the device's number may have changed."""
        same = (found.ino, found.btime_ns) == (self.directory_ino, self.directory_btime_ns)
        by_number = anywhere or found.btime_ns is None
        return same and (not by_number or found.dev == self.directory_dev)


def _is_name(value: bytes) -> bool:
    return value not in (b"", b".", b"..") and b"/" not in value and b"\0" not in value


def _breaker(data: object) -> BreakerRecord | None:
    if data is None:
        return None
    if not isinstance(data, dict):
        raise ValueError("the journal's record of a breaker lock is damaged")  # noqa: TRY004 - one error for bad data
    record = BreakerRecord.read(data)
    private = record.proof.startswith(PRIVATE_PREFIX) and record.taken.startswith(PRIVATE_PREFIX)
    if not (private and all(_is_name(name) for name in (record.name, record.proof, record.taken))):
        raise ValueError("the journal's record of a breaker lock is damaged")
    return record


def _entries(directory: bytes) -> list[bytes]:
    try:
        return os.listdir(directory)
    except OSError:
        return []
