"""Kernel locks: who holds a flock (``/proc/locks``), and OFD locks on single bytes for our own use.

Own code: no library reads ``/proc/locks`` by inode, and the standard library's ``fcntl.lockf`` makes
POSIX locks, which any ``close`` of any handle on the file in this process drops.
"""

from __future__ import annotations

import enum
import errno
import fcntl
import os
import re
import struct
from dataclasses import dataclass
from typing import Final

from racewatch.linux import pieces

TABLE: Final = b"/proc/locks"


class BadLockTable(OSError):
    """``/proc/locks`` does not have the form that this module knows (``EBADMSG``)."""

    def __init__(self, line: bytes) -> None:
        super().__init__(errno.EBADMSG, f"unexpected line in /proc/locks: {line[:200]!r}")


class Mechanism(enum.Enum):
    """The families of kernel locks; they do not exclude one another (POSIX and OFD apart)."""

    FLOCK = "FLOCK"
    POSIX = "POSIX"
    OFD = "OFDLCK"
    LEASE = "LEASE"
    DELEGATION = "DELEG"


@dataclass(frozen=True, slots=True)
class KernelLock:
    """One row.  ``dev`` is the superblock's (compare through mountinfo, not with ``st_dev``).

    ``pid`` is who *took* the lock: for FLOCK and OFD it may have exited since, and a child or the
    receiver of the handle may hold it now; -1 for OFD on some kernels, 0 for a process outside our PID
    namespace. ``waiting`` is true for somebody queued up for it.
    """

    mechanism: Mechanism
    exclusive: bool
    waiting: bool
    pid: int
    dev: int
    ino: int


# ID: [->] MECHANISM ADVISORY|MANDATORY|… READ|WRITE|… PID MAJOR:MINOR:INODE START END
_ROW: Final = re.compile(
    rb"\d+:( +->)? +(FLOCK|POSIX|OFDLCK|LEASE|DELEG|ACCESS) +(\S+) +(\S+) +(-?\d{1,10}) "
    rb"+(?:([0-9a-f]{1,8}):([0-9a-f]{1,8}):(\d{1,20})|<none>:\d+) +(\d+) (\d+|EOF) *"
)


def parse_locks(data: bytes) -> tuple[KernelLock, ...]:
    """Raises BadLockTable for anything else than such a table."""
    found = []
    for line in data.split(b"\n"):
        if not line:
            continue
        match = _ROW.fullmatch(line)
        if match is None:
            raise BadLockTable(line)
        waiting, family, _, access, pid, major, minor, ino, _, _ = match.groups()
        if major is None or family == b"ACCESS":
            continue  # a lock on nothing, or an obsolete kind of share
        try:
            dev = os.makedev(int(major, 16), int(minor, 16))
        except (OverflowError, ValueError):
            raise BadLockTable(line) from None
        mechanism = Mechanism(family.decode())
        exclusive = access == b"WRITE"
        found.append(KernelLock(mechanism, exclusive, waiting is not None, int(pid), dev, int(ino)))
    return tuple(found)


def kernel_locks() -> tuple[KernelLock, ...]:
    """Every lock that our PID namespace shows, none that was held throughout left out.  Raises OSError.

    Costly: the kernel stops all lock traffic and waits for every CPU meanwhile (5 to 20 ms).  Once a
    sweep, never once a file.

    Locks of processes outside our PID namespace are *not* listed by the kernel, and locks taken
    through a stacked or network file system are on another inode: absence proves nothing.
    """
    return parse_locks(pieces.read_table(TABLE))


def holders_of_flock(dev: int, ino: int) -> tuple[int, ...]:
    """The processes that took a flock on this inode (``dev`` of the superblock); see :class:`KernelLock`."""
    rows = kernel_locks()
    mine = (row for row in rows if row.mechanism is Mechanism.FLOCK and not row.waiting)
    return tuple(dict.fromkeys(row.pid for row in mine if (row.dev, row.ino) == (dev, ino)))


def try_flock(fd: int) -> bool:
    """Take a file's exclusive flock without waiting; False: somebody has it.

    It belongs to the open file description, and ends with the last handle on that, also by ``kill -9``.
    """
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


# Of linux/fcntl.h; Python 3.11 does not name them.
_F_OFD_GETLK: Final = 36
_F_OFD_SETLK: Final = 37
# struct flock of every 64-bit Linux: short type, short whence, off_t start, off_t length, pid_t pid.
_FLOCK: Final = struct.Struct("hhqqi4x")


def _range(kind: int, start: int, length: int) -> bytes:
    return _FLOCK.pack(kind, os.SEEK_SET, start, length, 0)


def try_lock_range(fd: int, start: int, length: int) -> bool:
    """Take an exclusive OFD lock on bytes of a file (which need not exist); False: somebody has
    one of them already.

    It belongs to the open file description: it ends with the last handle on that, also by
    ``kill -9``, and never by closing some *other* handle on the same file.  ``fd`` must be open for
    writing.
    """
    try:
        fcntl.fcntl(fd, _F_OFD_SETLK, _range(fcntl.F_WRLCK, start, length))
    except OSError as error:
        if error.errno in (errno.EAGAIN, errno.EACCES):
            return False
        raise
    return True


def unlock_range(fd: int, start: int, length: int) -> None:
    """Give those bytes back."""
    fcntl.fcntl(fd, _F_OFD_SETLK, _range(fcntl.F_UNLCK, start, length))


def test_range(fd: int, start: int, length: int) -> bool:
    """Whether another open file description (or a POSIX lock) has any of these bytes; takes nothing.

    One's own locks through the same description do not count.
    """
    answer = fcntl.fcntl(fd, _F_OFD_GETLK, _range(fcntl.F_WRLCK, start, length))
    return bool(_FLOCK.unpack(answer)[0] != fcntl.F_UNLCK)
