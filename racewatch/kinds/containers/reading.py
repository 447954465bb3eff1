"""Reading what others wrote: of files only regular ones and only so much, of times what they mean."""

from __future__ import annotations

import errno
import os
from typing import Final

from racewatch.core.wire import WireError, time_from_text
from racewatch.linux import fs

#: A state file has 6 KB, under an engine 34 KB.
LARGEST: Final = 1 << 20


def read_regular(directory: int, name: bytes) -> bytes:
    """A regular file in a directory, up to :data:`LARGEST` bytes.  Raises OSError for anything else.

    Race closed: what was a file at the look is a FIFO at the open.  The inode is pinned first, looked at,
    and opened through the pin.
    """
    pinned = fs.pin(directory, name)
    try:
        node = fs.stat_fd(pinned)
        if not node.is_regular:
            raise OSError(errno.EINVAL, "it is not a regular file")
        if node.size > LARGEST:
            raise OSError(errno.EFBIG, "it is too large")
        reader = os.open(fs.fd_path(pinned), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            return os.read(reader, LARGEST)
        finally:
            os.close(reader)
    finally:
        os.close(pinned)


def seconds(text: str) -> float | None:
    """A recorded time as seconds since the epoch; None when it is none."""
    try:
        return time_from_text(text)
    except WireError:
        return None
