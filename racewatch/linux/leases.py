"""Whether anybody else has a file open, asked of the kernel itself: ``fcntl(F_SETLEASE, F_WRLCK)``.

A write lease is given only to who alone has the file open, so its refusal is exact where ``/proc`` is
not: other users' processes, other PID namespaces, handles in flight, files kept open by a mapping alone.
Two things are not in it that ``/proc`` shows: on a stacked file system, a mapping whose handle was closed
(it is one of the inode below), and a handle from ``open(path, 3)``, which can be neither read, written nor locked.

It is not quite free: for the microseconds until the lease is given back, somebody who opens the file
waits, and with ``O_NONBLOCK`` is refused.  So ask it last, of what everything else shows to be dead.
"""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import stat as stat_mode
from typing import Final

from racewatch.linux import fs

_F_SETSIG: Final = 10  # Linux's own; Python names it on some versions only
# Bound once: a scan may ask this of each of its rows.
_fcntl: Final = fcntl.fcntl
_F_SETLEASE: Final = fcntl.F_SETLEASE
_F_WRLCK: Final = fcntl.F_WRLCK
_F_UNLCK: Final = fcntl.F_UNLCK
_QUIET: Final = int(signal.SIGURG)


def open_elsewhere(pinned: int, reader: int = -1) -> bool | None:
    """Whether the regular file behind a pinned handle is open anywhere but here; None: could not ask.

    None as well when this process itself has it open, but for ``reader``: a handle of this very file, opened
    for reading only, that is asked through and stays open.  The file must belong to this user (or root must be
    allowed to lease: ``CAP_LEASE``).
    """
    if reader >= 0:
        return _ask(reader)
    try:
        fd = os.open(fs.fd_path(pinned), os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        return _ask(fd) if stat_mode.S_ISREG(os.fstat(fd).st_mode) else None
    except OSError:
        return None
    finally:
        os.close(fd)


def _ask(fd: int) -> bool | None:
    try:
        # Who breaks the lease makes the kernel signal us; the usual SIGIO would end this process.
        _fcntl(fd, _F_SETSIG, _QUIET)
        try:
            _fcntl(fd, _F_SETLEASE, _F_WRLCK)
        except OSError as error:
            if error.errno != errno.EAGAIN:
                return None
            return None if _ours(fd) else True
        _fcntl(fd, _F_SETLEASE, _F_UNLCK)
        return False
    except OSError:
        return None


def _ours(fd: int) -> bool:
    """Whether another handle of this process (a held lock) is on the same file."""
    mine = os.fstat(fd)
    for name in os.listdir("/proc/self/fd"):
        try:
            other = os.fstat(int(name)) if int(name) != fd else None
            flags = fcntl.fcntl(int(name), fcntl.F_GETFL)
        except OSError:
            continue  # the handle of this listing
        if other is not None and not flags & os.O_PATH and os.path.samestat(mine, other):
            return True
    return False
