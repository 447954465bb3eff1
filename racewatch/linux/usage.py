"""How much trees take on the disk, by directory handles: nothing but directories is ever opened.

Looking leaves no more traces than it must: files, FIFOs and links are looked at by name only, directories are
opened without touching their access time where that is allowed, and nothing is followed or mounted by it.
"""

from __future__ import annotations

import errno
import os
import stat as stat_mode
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from racewatch.linux import fs

#: After so many names somebody is asked whether to go on, and others get the processor for a moment.
_BREATH: Final = 512
_BREATH_SECONDS: Final = 0.001


class Cancelled(Exception):
    """Nobody wants to know any more."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Where counting ends though there is more: names in all, levels below the top, seconds."""

    names: int = 2_000_000
    levels: int = 128
    seconds: float = 60.0


@dataclass(frozen=True, slots=True)
class Usage:
    """What some trees take together, in bytes of blocks on the disk.

    ``takes`` counts each inode once, however many names it has.  ``frees`` leaves out what would stay because
    it has names elsewhere.  ``short`` says why there may be more; None: that is all.  ``mounted``: something
    is mounted inside, which is not part of it and was not counted.
    """

    takes: int
    frees: int
    names: int
    short: str | None = None
    mounted: bool = False


def measure(paths: Sequence[bytes], stop: Callable[[], bool], limits: Limits | None = None) -> Usage:
    """What the trees (or files) at these absolute paths take; a link in a path is refused.

    Each stays on the mount of its top.  ``stop`` is asked now and then; answering True raises
    :class:`Cancelled`.  Raises OSError when a top cannot be looked at.  Race closed: a directory exchanged with
    a link, or mounted over, between the look and the opening (opened without following; device and mount are
    compared again).  Left open: what is written meanwhile may be counted or not.
    """
    count = _Count(stop, limits or Limits())
    for path in paths:
        above = fs.open_directory(os.path.dirname(path))
        try:
            count.top(above, os.path.basename(path))
        finally:
            os.close(above)
    return count.result()


class _Count:
    def __init__(self, stop: Callable[[], bool], limits: Limits) -> None:
        self._stop = stop
        self._limits = limits
        self._ends = time.monotonic() + limits.seconds
        self._takes = self._frees = self._names = self._turns = 0
        self._over = False
        self._short: str | None = None
        self._mounted = False
        # (device, inode) of what has several names → how many were seen, how many there are, its bytes.
        self._linked: dict[tuple[int, int], tuple[int, int, int]] = {}

    def result(self) -> Usage:
        whole = sum(octets for seen, names, octets in self._linked.values() if seen >= names)
        return Usage(self._takes, self._frees + whole, self._names, self._short, self._mounted)

    def top(self, above: int, name: bytes) -> None:
        node = os.stat(name, dir_fd=above, follow_symlinks=False)
        if not stat_mode.S_ISDIR(node.st_mode):
            self._add(node)
            return
        fd = fs.open_directory(name, dirfd=above, quietly=True)
        levels: list[tuple[int, list[bytes]]] = [(fd, [])]
        try:
            home = fs.stat_fd(fd)
            levels[0] = (fd, self._inside(fd))
            while levels and not self._is_over():
                fd, names = levels[-1]
                if not names:
                    os.close(levels.pop()[0])
                    continue
                below = self._enter(fd, names.pop(), home, len(levels))
                if below is not None:
                    levels.append((below, []))  # held before anything can go wrong
                    levels[-1] = (below, self._inside(below))
        finally:
            for fd, _ in levels:
                os.close(fd)

    def _inside(self, fd: int) -> list[bytes]:
        """Count an open directory and what is in it; the names of its directories."""
        self._add(os.fstat(fd))
        below: list[bytes] = []
        try:
            with os.scandir(fd) as entries:
                for entry in entries:
                    if self._is_over():
                        break
                    if entry.is_dir(follow_symlinks=False):
                        below.append(fs.name_of(entry))
                        continue
                    try:
                        self._add(entry.stat(follow_symlinks=False))
                    except FileNotFoundError:
                        continue  # removed while it was counted
        except OSError as error:
            self._is_short(f"a directory could not be read ({error.strerror})")
        return below

    def _enter(self, fd: int, name: bytes, home: fs.Stat, level: int) -> int | None:
        """A directory inside, open; None for what is not part of the tree or cannot be opened."""
        try:
            # First by name: an automounter mounts at the opening.
            if self._is_elsewhere(fs.stat_at(fd, name), home):
                return None
            if level >= self._limits.levels:
                self._is_short(f"it is more than {self._limits.levels} levels deep")
                return None
            below = fs.open_directory(name, dirfd=fd, quietly=True)
        except FileNotFoundError:
            return None  # removed while it was counted
        except OSError as error:
            if error.errno not in (errno.ELOOP, errno.ENOTDIR):  # it is no directory any more
                self._is_short(f"a directory could not be opened ({error.strerror})")
            return None
        if self._is_elsewhere(fs.stat_fd(below), home):
            os.close(below)
            return None
        return below

    def _is_elsewhere(self, node: fs.Stat, home: fs.Stat) -> bool:
        if (node.dev, node.mount_id) == (home.dev, home.mount_id):
            return False
        self._mounted = True
        return True

    def _add(self, node: os.stat_result) -> None:
        self._names += 1
        octets = node.st_blocks * 512
        if node.st_nlink > 1 and not stat_mode.S_ISDIR(node.st_mode):
            key = (node.st_dev, node.st_ino)
            seen, names, known = self._linked.get(key, (0, node.st_nlink, octets))
            self._linked[key] = (seen + 1, names, known)
            self._takes += octets if seen == 0 else 0
            return
        self._takes += octets
        self._frees += octets

    def _is_over(self) -> bool:
        """Whether there is to be no more counting; raises when nobody wants to know."""
        if self._over:
            return True
        if self._names >= self._limits.names:
            self._over = True
            self._is_short(f"it has more than {self._limits.names:,} names")
        elif self._turns % _BREATH == 0:
            if self._stop():
                raise Cancelled
            if time.monotonic() > self._ends:
                self._over = True
                self._is_short(f"counting it takes longer than {self._limits.seconds:g} seconds")
            time.sleep(_BREATH_SECONDS)
        self._turns += 1
        return self._over

    def _is_short(self, why: str) -> None:
        self._short = self._short or why
