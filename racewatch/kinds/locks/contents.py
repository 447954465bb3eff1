"""What is inside a lock, read through its pinned handle: bounded, and only what may be read."""

from __future__ import annotations

import itertools
import os
import stat as stat_mode
from dataclasses import dataclass
from typing import Final

from racewatch.kinds.locks.format import FileType
from racewatch.linux import fs

#: More names than this are no lock folder; what comes after them is not read.
MOST_NAMES = 256
_TYPES: Final = {
    stat_mode.S_IFREG: FileType.FILE,
    stat_mode.S_IFLNK: FileType.SYMLINK,
    stat_mode.S_IFDIR: FileType.DIRECTORY,
    stat_mode.S_IFSOCK: FileType.SOCKET,
}


def file_type_of(stat: fs.Stat) -> FileType:
    """What the registry calls the type of an inode."""
    return _TYPES.get(stat_mode.S_IFMT(stat.mode), FileType.OTHER)


@dataclass(frozen=True, slots=True)
class Content:
    """What was inside when the inode looked like ``node``; ``surveys`` of open files had been taken by then."""

    data: bytes | None
    node: fs.Stat
    limit: int
    surveys: int

    def is_still_so(self, fd: int) -> bool:
        """Whether the inode was not written in between, as far as its times, its size and its bytes tell."""
        if file_type_of(self.node) is FileType.SYMLINK:
            return True  # its target is fixed when it is made
        try:
            now = fs.stat_fd(fd)
        except OSError:
            return False
        unchanged = (now.mtime_ns, now.ctime_ns, now.size) == (
            self.node.mtime_ns,
            self.node.ctime_ns,
            self.node.size,
        )
        return unchanged and read_content(fd, now, self.limit) == self.data


def read_content(fd: int, stat: fs.Stat, limit: int) -> bytes | None:
    """The first bytes of a file, the target of a link, the names in a folder; None: not to be had.

    ``fd`` is an ``O_PATH`` handle and ``stat`` its own: nothing but a regular file or a folder is opened,
    so no driver, no FIFO's peer and no socket is ever woken.  At most ``limit`` bytes of a file are read,
    at most :data:`MOST_NAMES` names of a folder; the names come sorted, with NUL between.
    """
    kind = file_type_of(stat)
    try:
        if kind is FileType.SYMLINK:
            return os.readlink(b"", dir_fd=fd)
        if kind is FileType.FILE and limit > 0:
            return _read_file(fd, limit)
        if kind is FileType.DIRECTORY:
            return _read_names(fd)
    except OSError:
        return None
    return None


def _read_file(fd: int, limit: int) -> bytes:
    reader = os.open(fs.fd_path(fd), os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    try:
        pieces = b""
        while len(pieces) < limit and (piece := os.read(reader, limit - len(pieces))):
            pieces += piece
        return pieces
    finally:
        os.close(reader)


def _read_names(fd: int) -> bytes:
    reader = os.open(fs.fd_path(fd), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with os.scandir(reader) as entries:
            names = [os.fsencode(entry.name) for entry in itertools.islice(entries, MOST_NAMES)]
        return b"\0".join(sorted(names))
    finally:
        os.close(reader)
