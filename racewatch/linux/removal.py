"""The calls that take names away or give them back.  Only ``racewatch.core`` may import this.

``renameat2`` is own ctypes code: the standard library's rename overwrites silently and knows
neither ``RENAME_NOREPLACE`` nor ``RENAME_EXCHANGE``.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import stat as stat_mode
import struct
from typing import Final

_libc = ctypes.CDLL(None, use_errno=True)
_renameat2 = _libc.renameat2
_renameat2.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint)
_renameat2.restype = ctypes.c_int

_RENAME_NOREPLACE: Final = 1
_RENAME_EXCHANGE: Final = 2


def _rename(from_fd: int, source: bytes, to_fd: int, destination: bytes, flags: int) -> None:
    if _renameat2(from_fd, source, to_fd, destination, flags) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), os.fsdecode(source), None, os.fsdecode(destination))


def rename_noreplace(from_fd: int, source: bytes, to_fd: int, destination: bytes) -> None:
    """Atomically move a name; EEXIST when the destination is taken.  Links are moved, not followed."""
    _rename(from_fd, source, to_fd, destination, _RENAME_NOREPLACE)


def rename_exchange(from_fd: int, source: bytes, to_fd: int, destination: bytes) -> None:
    """Atomically swap what two existing names mean."""
    _rename(from_fd, source, to_fd, destination, _RENAME_EXCHANGE)


def unlink(dirfd: int, name: bytes) -> None:
    """Remove one name that is not a directory.  It removes whatever the name means *now*."""
    os.unlink(name, dir_fd=dirfd)


def remove_empty_directory(dirfd: int, name: bytes) -> None:
    """Remove one directory that has nothing in it; ENOTEMPTY otherwise."""
    os.rmdir(name, dir_fd=dirfd)


# linux/fs.h; a long although the flags are an int.
_LONG: Final = struct.calcsize("l")
_FS_IOC_GETFLAGS: Final = 2 << 30 | _LONG << 16 | 0x6601
_FS_IOC_SETFLAGS: Final = 1 << 30 | _LONG << 16 | 0x6602
_IMMUTABLE: Final = 0x10


def set_immutable(fd: int, wanted: bool) -> None:
    """Let an open directory be neither removed, renamed nor filled, not even by root; or let it be again.

    Raises OSError where the file system has no such flag, and for who may not set it.
    """
    flags = bytearray(struct.pack("l", 0))
    fcntl.ioctl(fd, _FS_IOC_GETFLAGS, flags)
    found = struct.unpack("l", flags)[0]
    now = found | _IMMUTABLE if wanted else found & ~_IMMUTABLE
    if now != found:
        fcntl.ioctl(fd, _FS_IOC_SETFLAGS, struct.pack("l", now))


def make_socket_node(dirfd: int, name: bytes, mode: int) -> None:
    """A socket node nobody is bound to (``mknod``); EEXIST when the name is taken."""
    os.mknod(name, stat_mode.S_IFSOCK | stat_mode.S_IMODE(mode), dir_fd=dirfd)
