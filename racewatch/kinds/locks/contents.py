"""What is inside a lock, read through its pinned handle: bounded, and only what may be read."""

from __future__ import annotations

import itertools
import os
import stat as stat_mode
from typing import Final, NamedTuple

from racewatch.kinds.locks.format import FileType
from racewatch.linux import fs

#: More names than this are no lock folder; what comes after them is not read.
MOST_NAMES = 256
_READING: Final = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_FORMAT: Final = 0o170000  # S_IFMT, as a function in another module, takes three times as long
_TYPES: Final = {
    stat_mode.S_IFREG: FileType.FILE,
    stat_mode.S_IFLNK: FileType.SYMLINK,
    stat_mode.S_IFDIR: FileType.DIRECTORY,
    stat_mode.S_IFSOCK: FileType.SOCKET,
}
# Bound once where each row of each scan asks: Python 3.11 takes five times as long to look a member up in its
# enum.  The same in the other modules that have such names.
_FILE: Final = FileType.FILE
_SYMLINK: Final = FileType.SYMLINK
_DIRECTORY: Final = FileType.DIRECTORY
_OTHER: Final = FileType.OTHER


def file_type_of(stat: fs.Stat) -> FileType:
    """What the registry calls the type of an inode."""
    return _TYPES.get(stat.mode & _FORMAT, _OTHER)


class Content(NamedTuple):
    """What was inside when the inode looked like ``node``; ``surveys`` of open files had been taken by then.

    ``reader`` is the handle that it was read through while that is still open, else -1.
    """

    data: bytes | None
    node: fs.Stat
    limit: int
    surveys: int
    reader: int = -1

    def is_still_so(self, fd: int, reader: int = -1) -> bool:
        """Whether the inode was not written in between, as far as its times, its size and its bytes tell.

        ``reader``: read through this handle of it (where no other machine writes); -1: through a new one.
        """
        node = self.node
        if reader < 0 and file_type_of(node) is _SYMLINK:
            return True  # its target is fixed when it is made
        try:
            now = os.fstat(fd)
        except OSError:
            return False
        unchanged = (
            now.st_mtime_ns == node.mtime_ns and now.st_ctime_ns == node.ctime_ns and now.st_size == node.size
        )
        return unchanged and read_content(fd, node, self.limit, reader) == self.data


def open_reader(fd: int, stat: fs.Stat, limit: int, handles: fs.OwnHandles) -> int:
    """A handle for :func:`read_content` to read a regular file through; -1 when none is needed, or to be had."""
    if limit <= 0 or file_type_of(stat) is not _FILE:
        return -1
    try:
        return handles.reopen(fd, _READING)
    except OSError:
        return -1


def read_content(fd: int, stat: fs.Stat, limit: int, reader: int = -1) -> bytes | None:
    """The first bytes of a file, the target of a link, the names in a folder; None: not to be had.

    ``fd`` is an ``O_PATH`` handle and ``stat`` its own: nothing but a regular file or a folder is opened,
    so no driver, no FIFO's peer and no socket is ever woken.  At most ``limit`` bytes of a file are read,
    at most :data:`MOST_NAMES` names of a folder; the names come sorted, with NUL between.  ``reader``: the
    file's own, from :func:`open_reader`.
    """
    try:
        if reader >= 0:
            return _read_through(reader, limit, stat.size)
        kind = file_type_of(stat)
        if kind is _SYMLINK:
            return os.readlink(b"", dir_fd=fd)
        if kind is _FILE and limit > 0:
            return _read_file(fd, limit, stat.size)
        if kind is _DIRECTORY:
            return _read_names(fd)
    except OSError:
        return None
    return None


def _read_file(fd: int, limit: int, size: int) -> bytes:
    reader = os.open(fs.fd_path(fd), _READING)
    try:
        return _read_through(reader, limit, size)
    finally:
        os.close(reader)


def _read_through(reader: int, limit: int, size: int) -> bytes:
    """From its beginning, whatever was read before; ``size`` is where its end is believed to be."""
    pieces = os.pread(reader, limit, 0)
    while (
        (length := len(pieces)) != size
        and 0 < length < limit
        and (piece := os.pread(reader, limit - length, length))
    ):
        pieces += piece
    return pieces


def _read_names(fd: int) -> bytes:
    reader = os.open(fs.fd_path(fd), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with os.scandir(reader) as entries:
            names = [os.fsencode(entry.name) for entry in itertools.islice(entries, MOST_NAMES)]
        return b"\0".join(sorted(names))
    finally:
        os.close(reader)
