"""Removing a whole tree by directory handles: never through a link, never into another file system.

Nothing is opened but directories; every name is taken away in the directory that is held open, so that
whatever becomes of the path meanwhile, only what lies in this very tree can go.
"""

from __future__ import annotations

import errno
import os
import stat as stat_mode
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from racewatch.core.text import display
from racewatch.linux import fs, removal

#: So many directories of one way down are held open; of those further up is known only who they are.
_HELD: Final = 64


class StoppedTree(Exception):
    """The removal stopped before its end; the message says where and why, in plain words."""


@dataclass(slots=True)
class Amount:
    """How much there is, or how much is gone: names, and the bytes that they take on the disk."""

    names: int = 0
    octets: int = 0

    def add(self, stat: os.stat_result) -> None:
        """One more; of a file with several names each is counted, though only the last one frees it."""
        self.names += 1
        self.octets += stat.st_blocks * 512


#: Told now and then how much is gone; answers False to stop.
Told = Callable[[Amount], bool]


class _Levels:
    """The way down into a tree: the directory that we are in, and those above it up to the caller's.

    A tree may be deeper than there are handles, so those far above are closed, and found again by ``..``.
    Race closed: one of them is moved away meanwhile; what ``..`` leads to is compared with what it was.
    """

    def __init__(self, top: int) -> None:
        self._open: list[int | None] = [top]
        self._who = [_who(fs.stat_fd(top))]

    @property
    def fd(self) -> int:
        """The directory that we are in."""
        found = self._open[-1]
        assert found is not None
        return found

    def enter(self, name: bytes) -> fs.Stat:
        """Go down, never through a link.  Raises OSError."""
        fd = fs.open_directory(name, dirfd=self.fd)
        self._open.append(fd)
        seen = fs.stat_fd(fd)
        self._who.append(_who(seen))
        far = len(self._open) - 1 - _HELD
        # The first one is the caller's.
        if far > 0 and (held := self._open[far]) is not None:
            self._open[far] = None
            os.close(held)
        return seen

    def leave(self) -> None:
        """Go up again.  Raises OSError."""
        below = self.fd
        self._open.pop()
        self._who.pop()
        try:
            if self._open[-1] is None:
                self._open[-1] = fs.open_directory(b"..", dirfd=below)
                if _who(fs.stat_fd(self.fd)) != self._who[-1]:
                    raise OSError(errno.ESTALE, "it was moved away meanwhile")
        finally:
            os.close(below)

    def close(self) -> None:
        """Let go of all that is ours."""
        for fd in self._open[1:]:
            if fd is not None:
                os.close(fd)


def _who(stat: fs.Stat) -> tuple[int, int, int | None, int | None]:
    return stat.dev, stat.ino, stat.btime_ns, stat.mount_id


def measure(directory_fd: int, name: bytes) -> Amount:
    """How much a tree is, other file systems below it left out.  Raises OSError."""
    amount = Amount()
    top = os.stat(name, dir_fd=directory_fd, follow_symlinks=False)
    amount.add(top)
    left = [[name]] if stat_mode.S_ISDIR(top.st_mode) else []
    levels = _Levels(directory_fd)
    try:
        while left:
            if left[-1]:
                levels.enter(left[-1].pop())
                left.append(_count_inside(levels.fd, top.st_dev, amount))
                continue
            left.pop()
            if left:
                levels.leave()
    finally:
        levels.close()
    return amount


def _count_inside(fd: int, device: int, amount: Amount) -> list[bytes]:
    """Count what is in an open directory; the names of its directories."""
    below: list[bytes] = []
    with os.scandir(fd) as entries:
        for entry in entries:
            stat = entry.stat(follow_symlinks=False)
            amount.add(stat)
            if stat_mode.S_ISDIR(stat.st_mode) and stat.st_dev == device:
                below.append(os.fsencode(entry.name))
    return below


def remove_tree(directory_fd: int, name: bytes, told: Told) -> Amount:
    """Remove a name with all that is below it; returns how much went.

    Raises :class:`StoppedTree` when told to stop, at a mount point, and for what the system refuses; what
    went before is gone.  Race closed: a directory is exchanged with a link between the look and the opening
    (opened without following, and its mount compared); something is mounted meanwhile (the mount of each
    directory is compared, and the kernel removes no mount point).  Left open: a file that is written while
    its tree is removed goes all the same.
    """
    gone = Amount()
    mount = fs.stat_at(directory_fd, name).mount_id
    inside: list[tuple[bytes, os.stat_result]] = []
    left = [[name]]
    here = name
    levels = _Levels(directory_fd)
    try:
        while left[-1] or inside:
            try:
                if left[-1]:
                    here = left[-1].pop()
                    stat = os.stat(here, dir_fd=levels.fd, follow_symlinks=False)
                    if not told(gone):
                        raise StoppedTree(f"it was stopped at {_shown(inside, here)}")
                    if stat_mode.S_ISDIR(stat.st_mode):
                        if levels.enter(here).mount_id != mount:
                            raise StoppedTree(f"something is mounted on {_shown(inside, here)}")
                        inside.append((here, stat))
                        left.append([*map(os.fsencode, sorted(os.listdir(levels.fd), reverse=True))])
                        continue
                    removal.unlink(levels.fd, here)
                else:
                    left.pop()
                    here, stat = inside.pop()
                    levels.leave()
                    removal.remove_empty_directory(levels.fd, here)
            except FileNotFoundError:
                continue  # somebody else removed it
            except OSError as error:
                why = "something is mounted there" if error.errno == errno.EBUSY else error.strerror
                raise StoppedTree(f"{_shown(inside, here)} could not be removed: {why}") from error
            gone.add(stat)
    finally:
        levels.close()
    return gone


def _shown(inside: list[tuple[bytes, os.stat_result]], name: bytes) -> str:
    return display(os.path.join(*(one for one, _ in inside), name))
