"""Whether a directory can be there at all."""

from __future__ import annotations

import errno
import os

from racewatch.linux import fs


def is_there(directory: bytes) -> bool:
    """Whether a path leads to a directory without any link (or might: no permission to know)."""
    try:
        os.close(fs.open_directory(directory))
    except OSError as error:
        return error.errno not in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)
    return True
