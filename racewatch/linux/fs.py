"""Opening and looking at names without following links: ``openat2``, ``statx``, ``fstatfs``.

Own ctypes code, because neither the standard library nor psutil offers ``openat2`` (one call that
refuses links in *every* component of a path) or ``statx`` (birth time, mount id, mount-root flag).
"""

from __future__ import annotations

import ctypes
import errno
import os
import stat as stat_mode
import struct
import sys
from typing import Final, NamedTuple

_libc = ctypes.CDLL(None, use_errno=True)

# The same number on every architecture since the unified table (Linux 5.6).
_SYS_OPENAT2: Final = 437

RESOLVE_NO_XDEV: Final = 0x01
RESOLVE_NO_MAGICLINKS: Final = 0x02
RESOLVE_NO_SYMLINKS: Final = 0x04
RESOLVE_BENEATH: Final = 0x08

_AT_FDCWD: Final = -100
_AT_SYMLINK_NOFOLLOW: Final = 0x100
_AT_NO_AUTOMOUNT: Final = 0x800
_AT_EMPTY_PATH: Final = 0x1000
_OF_HANDLE: Final = _AT_EMPTY_PATH | _AT_NO_AUTOMOUNT

_STATX_BASIC: Final = 0x7FF
_STATX_BTIME: Final = 0x800
_STATX_MNT_ID: Final = 0x1000
_STATX_WANTED: Final = _STATX_BASIC | _STATX_BTIME | _STATX_MNT_ID
_STATX_ATTR_MOUNT_ROOT: Final = 0x2000
_STATX_ATTR_IMMUTABLE: Final = 0x10

# struct statx of linux/stat.h, the first 152 of its 256 bytes: mask, (blksize), attributes, nlink,
# uid, gid, mode, pad, ino, size, (blocks), attributes_mask, 4 x (sec, nsec, pad), (rdev), dev, mnt_id.
_STATX: Final = struct.Struct("=I4xQIIIHxxQQ8xQqI4xqI4xqI4xqI4x8xIIQ")

_ENCODING: Final = sys.getfilesystemencoding()
_ENCODING_ERRORS: Final = sys.getfilesystemencodeerrors()

_Buffer = ctypes.c_char * 256
_FORMAT: Final = 0o170000  # S_IFMT
_SOCKET: Final = stat_mode.S_IFSOCK

# Without argtypes: the ints, bytes and arrays that it gets need no conversion, which would cost a third of
# the call, and it is called for each row of each scan.
_statx = _libc.statx


class Stat(NamedTuple):
    """What ``statx`` says of one inode.  Times are nanoseconds since the epoch.

    ``btime_ns`` is None where the file system keeps no birth time; ``mount_id`` and ``mount_root``
    are None on kernels that do not report them (before 5.8).
    """

    dev: int
    ino: int
    mode: int
    uid: int
    gid: int
    nlink: int
    size: int
    atime_ns: int
    btime_ns: int | None
    ctime_ns: int
    mtime_ns: int
    mount_id: int | None
    mount_root: bool | None

    @property
    def is_socket(self) -> bool:
        """True for a socket node."""
        return self.mode & _FORMAT == _SOCKET

    @property
    def is_regular(self) -> bool:
        """True for a regular file."""
        return stat_mode.S_ISREG(self.mode)

    @property
    def is_directory(self) -> bool:
        """True for a directory."""
        return stat_mode.S_ISDIR(self.mode)

    def same_inode(self, other: Stat) -> bool:
        """True when both are one inode, provided one of them was pinned all the while.

        Without a pin (dev, ino) is no identity: ext4 gives the number of a removed inode to the
        next file at once.
        """
        return (self.dev, self.ino) == (other.dev, other.ino)


def _raise(code: int, name: bytes) -> None:
    raise OSError(code, os.strerror(code), os.fsdecode(name))


def _statx_call(dirfd: int, name: bytes, flags: int) -> Stat:
    buffer = _Buffer()
    if _statx(dirfd, name, flags | _AT_NO_AUTOMOUNT, _STATX_WANTED, buffer) != 0:
        _raise(ctypes.get_errno(), name)
    return _parsed(buffer)


# The constructor that every named tuple calls in the end: a third of the time of its own one, which counts where
# each row of each scan makes one.
_new: Final = tuple.__new__
_makedev: Final = os.makedev


def _parsed(buffer: ctypes.Array[ctypes.c_char]) -> Stat:
    (
        mask, attributes, nlink, uid, gid, mode, ino, size, attributes_mask,
        a_sec, a_nsec, b_sec, b_nsec, c_sec, c_nsec, m_sec, m_nsec, dev_major, dev_minor, mount_id,
    ) = _STATX.unpack_from(buffer)  # fmt: skip
    return _new(
        Stat,
        (  # in the order of the fields
            _makedev(dev_major, dev_minor),
            ino,
            mode,
            uid,
            gid,
            nlink,
            size,
            a_sec * 10**9 + a_nsec,
            b_sec * 10**9 + b_nsec if mask & _STATX_BTIME else None,
            c_sec * 10**9 + c_nsec,
            m_sec * 10**9 + m_nsec,
            mount_id if mask & _STATX_MNT_ID else None,
            attributes & _STATX_ATTR_MOUNT_ROOT != 0 if attributes_mask & _STATX_ATTR_MOUNT_ROOT else None,
        ),
    )


def stat_fd(fd: int) -> Stat:
    """The inode behind an open handle (``O_PATH`` handles too)."""
    buffer = _Buffer()
    if _statx(fd, b"", _OF_HANDLE, _STATX_WANTED, buffer) != 0:
        _raise(ctypes.get_errno(), b"")
    return _parsed(buffer)


def is_immutable(fd: int) -> bool | None:
    """Whether the inode refuses every change and every connect (``chattr +i``); None: the file system cannot say."""
    buffer = _Buffer()
    if _statx(fd, b"", _AT_EMPTY_PATH, _STATX_BASIC, buffer) != 0:
        return None
    attributes, attributes_mask = struct.unpack_from("=8xQ40xQ", buffer)
    return bool(attributes & _STATX_ATTR_IMMUTABLE) if attributes_mask & _STATX_ATTR_IMMUTABLE else None


def stat_at(dirfd: int, name: bytes) -> Stat:
    """The inode a name in an open directory means just now; a link is not followed."""
    return _statx_call(dirfd, name, _AT_SYMLINK_NOFOLLOW)


def stat_path(path: bytes) -> Stat:
    """The inode a path means just now; links in the *last* component are not followed."""
    return _statx_call(_AT_FDCWD, path, _AT_SYMLINK_NOFOLLOW)


def _openat2(dirfd: int, name: bytes, flags: int, resolve: int) -> int:
    how = struct.pack("=QQQ", flags, 0, resolve)
    while True:
        fd = _libc.syscall(_SYS_OPENAT2, dirfd, name, how, len(how))
        if fd >= 0:
            return int(fd)
        code = ctypes.get_errno()
        # EAGAIN: a concurrent rename or mount made the walk uncertain; the kernel asks to retry.
        if code not in (errno.EAGAIN, errno.EINTR):
            _raise(code, name)


_has_openat2: bool | None = None


def has_openat2() -> bool:
    """Whether this kernel (and seccomp filter) offers ``openat2``."""
    global _has_openat2
    if _has_openat2 is None:
        try:
            os.close(_openat2(_AT_FDCWD, b"/", os.O_PATH | os.O_CLOEXEC, 0))
            _has_openat2 = True
        except OSError:
            _has_openat2 = False
    return _has_openat2


_QUIET: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOATIME


def open_directory(path: bytes, *, dirfd: int = _AT_FDCWD, quietly: bool = False) -> int:
    """A readable handle on a directory, refusing a symbolic link in any component (ELOOP).

    Falls back to walking the components with ``O_NOFOLLOW`` where ``openat2`` is missing: the same
    answer, in more calls.  ``quietly``: reading it leaves its access time alone, where this user may ask that.
    """
    if has_openat2():
        if quietly:
            try:
                return _openat2(dirfd, path, _QUIET, RESOLVE_NO_SYMLINKS)
            except PermissionError:
                pass  # EPERM: only its owner may (a lack of other rights shows below)
        # No O_NOFOLLOW: with O_DIRECTORY it would answer ENOTDIR for a link; the resolve flag says ELOOP.
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
        return _openat2(dirfd, path, flags, RESOLVE_NO_SYMLINKS)
    return open_directory_by_walking(path, dirfd=dirfd)


def open_directory_by_walking(path: bytes, *, dirfd: int = _AT_FDCWD) -> int:
    """The fallback of :func:`open_directory`: one component at a time, none of them a link."""
    step = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    parts = [part for part in path.split(b"/") if part not in (b"", b".")]
    current = os.open(
        b"/" if path.startswith(b"/") else b".", step, dir_fd=None if dirfd == _AT_FDCWD else dirfd
    )
    try:
        for part in parts:
            try:
                following = os.open(part, step, dir_fd=current)
            except OSError as error:
                # O_DIRECTORY|O_NOFOLLOW answers ENOTDIR for a link; openat2 says ELOOP.
                if error.errno == errno.ENOTDIR and stat_mode.S_ISLNK(stat_at(current, part).mode):
                    _raise(errno.ELOOP, path)
                raise
            os.close(current)
            current = following
        return os.open(b".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=current)
    finally:
        os.close(current)


_PIN: Final = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC


def pin(dirfd: int, name: bytes) -> int:
    """An ``O_PATH`` handle on the inode a name means now.

    Opens nothing (no driver, no FIFO peer is woken), follows nothing, and keeps the inode number
    from being given to another file while it is held.
    """
    return os.open(name, _PIN, dir_fd=dirfd)


def read_whole(path: bytes) -> bytes:
    """A kernel interface's file to its end; unbuffered, since each read may be a moment of its own."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        pieces = []
        while piece := os.read(fd, 65536):
            pieces.append(piece)
        return b"".join(pieces)
    finally:
        os.close(fd)


def name_of(entry: os.DirEntry[str]) -> bytes:
    """The name of an entry of an open directory: ``os.fsencode`` for what is known to be text."""
    return entry.name.encode(_ENCODING, _ENCODING_ERRORS)


class OwnHandles:
    """The folder of this process's own handles, kept open: from there it is a third less far to what one of them means
    than by :func:`fd_path`.  To be closed, and not to be used in a process that was forked since.
    """

    __slots__ = ("_folder",)

    def __init__(self) -> None:
        try:
            self._folder = os.open(b"/proc/self/fd", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError:
            self._folder = -1  # nothing can be opened anew then; each attempt says why

    def reopen(self, fd: int, flags: int) -> int:
        """A new handle on the inode behind one; raises OSError."""
        if self._folder < 0:
            return os.open(fd_path(fd), flags)
        return os.open(b"%d" % fd, flags, dir_fd=self._folder)

    def close(self) -> None:
        """Give the folder back."""
        if self._folder >= 0:
            os.close(self._folder)
            self._folder = -1


def fd_path(fd: int) -> bytes:
    """A path that means exactly the inode behind a handle, whatever its names do; never too long."""
    return b"/proc/self/fd/%d" % fd
