"""Whether a file system keeps the promises that an act relies on, tried on throw-away names."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterable

from racewatch.linux import fs, removal
from racewatch.linux.probe import DatagramProbe, Presence


def capture_problem(folder: bytes) -> str | None:
    """Why names could not be captured and restored safely in a folder of our own, None when they can.

    Tried for real: a rename that must not overwrite is asked to overwrite; a socket node that nobody
    is bound to is asked whether somebody is.  Only fresh random names are touched.  Says nothing
    about other file systems.
    """
    stem = b".racewatch-check-" + secrets.token_hex(8).encode()
    names = [stem + b"-1", stem + b"-2", stem + b"-3"]
    try:
        fd = fs.open_directory(folder)
    except OSError as error:
        return f"it cannot be opened: {error.strerror}"
    try:
        return _try(fd, *names)
    except OSError as error:
        return f"it refuses what an act needs: {error.strerror}"
    finally:
        _tidy(fd, names)
        os.close(fd)


def _try(fd: int, first: bytes, second: bytes, third: bytes) -> str | None:
    removal.make_socket_node(fd, first, 0o600)
    removal.make_socket_node(fd, second, 0o600)
    removal.rename_noreplace(fd, first, fd, third)
    try:
        removal.rename_noreplace(fd, third, fd, second)
    except OSError as error:
        if error.errno != errno.EEXIST:
            raise
    else:
        return "a rename that must not overwrite did overwrite"
    pinned = fs.pin(fd, second)
    probe = DatagramProbe()
    try:
        answer = probe.ask(pinned)
    finally:
        probe.close()
        os.close(pinned)
    if answer.presence is not Presence.ABSENT:
        return f"a socket that nobody is bound to answers {answer.errno_name}"
    return None


def _tidy(fd: int, names: Iterable[bytes]) -> None:
    for name in names:
        try:
            removal.unlink(fd, name)
        except OSError:
            pass  # it was never made, or the file system went read-only under us
