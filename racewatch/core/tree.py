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

from racewatch.core.text import display
from racewatch.linux import fs, removal


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


def measure(directory_fd: int, name: bytes) -> Amount:
    """How much a tree is, other file systems below it left out.  Raises OSError."""
    amount = Amount()
    top = os.stat(name, dir_fd=directory_fd, follow_symlinks=False)
    amount.add(top)
    if stat_mode.S_ISDIR(top.st_mode):
        fd = fs.open_directory(name, dirfd=directory_fd)
        try:
            _measure_inside(fd, top.st_dev, amount)
        finally:
            os.close(fd)
    return amount


def _measure_inside(fd: int, device: int, amount: Amount) -> None:
    with os.scandir(fd) as entries:
        for entry in entries:
            stat = entry.stat(follow_symlinks=False)
            amount.add(stat)
            if stat_mode.S_ISDIR(stat.st_mode) and stat.st_dev == device:
                below = fs.open_directory(os.fsencode(entry.name), dirfd=fd)
                try:
                    _measure_inside(below, device, amount)
                finally:
                    os.close(below)


def remove_tree(directory_fd: int, name: bytes, told: Told) -> Amount:
    """Remove a name with all that is below it; returns how much went.

    Raises :class:`StoppedTree` when told to stop, at a mount point, and for what the system refuses; what
    went before is gone.  Race closed: a directory is exchanged with a link between the look and the opening
    (opened without following, and its mount compared); something is mounted meanwhile (the mount of each
    directory is compared, and the kernel removes no mount point).  Left open: a file that is written while
    its tree is removed goes all the same.
    """
    gone = Amount()
    top = fs.stat_at(directory_fd, name)
    _remove(directory_fd, name, name, top.mount_id, gone, told)
    return gone


def _remove(parent: int, name: bytes, shown: bytes, mount: int | None, gone: Amount, told: Told) -> None:
    try:
        stat = os.stat(name, dir_fd=parent, follow_symlinks=False)
        if not told(gone):
            raise StoppedTree(f"it was stopped at {display(shown)}")
        if stat_mode.S_ISDIR(stat.st_mode):
            _remove_inside(parent, name, shown, mount, gone, told)
            removal.remove_empty_directory(parent, name)
        else:
            removal.unlink(parent, name)
    except FileNotFoundError:
        return  # somebody else removed it
    except OSError as error:
        why = "something is mounted there" if error.errno == errno.EBUSY else error.strerror
        raise StoppedTree(f"{display(shown)} could not be removed: {why}") from error
    gone.add(stat)


def _remove_inside(
    parent: int, name: bytes, shown: bytes, mount: int | None, gone: Amount, told: Told
) -> None:
    fd = fs.open_directory(name, dirfd=parent)
    try:
        if fs.stat_fd(fd).mount_id != mount:
            raise StoppedTree(f"something is mounted on {display(shown)}")
        for entry in sorted(os.listdir(fd)):
            below = os.fsencode(entry)
            _remove(fd, below, os.path.join(shown, below), mount, gone, told)
    finally:
        os.close(fd)
