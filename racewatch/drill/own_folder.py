"""The throw-away folder of a drill or a demo, with a note of who made it.

Whoever is killed leaves such a folder behind.  The next start takes it away, only when every process that the
note names is proved dead: of this boot, of this PID namespace, and ended.  A folder without a note that can be
understood, of another user, or with a mount below it is left alone.
"""

from __future__ import annotations

import json
import os
import stat
import tempfile
from collections.abc import Callable, Sequence
from typing import Final

from racewatch.linux import boot
from racewatch.linux.mountinfo import read_mounts
from racewatch.linux.processes import Life, ProcessId, alive, identify
from racewatch.throwaway import discard

_NOTE: Final = "made-by.json"
_LONGEST: Final = 4096


def make(prefix: str, place: str) -> str:
    """A new folder in ``place``, for this user alone.  Raises OSError."""
    return os.path.realpath(tempfile.mkdtemp(prefix=prefix, dir=place))


def sign(folder: str, pids: Sequence[int]) -> None:
    """Note whose folder it is: it may go when all of these have ended.  Raises OSError."""
    makers = [identify(pid) for pid in pids]
    now = boot.take()
    said = {
        "boot": now.id,
        "pid_namespace": now.pid_namespace,
        "processes": [[one.pid, one.start_ticks] for one in makers if one is not None],
    }
    with open(os.path.join(folder, _NOTE), "x", encoding="ascii") as file:
        json.dump(said, file)


def sweep(prefix: str, place: str, before: Callable[[str], None] = lambda _: None) -> None:
    """Take away what killed ones left in ``place``; ``before`` is called with each folder that goes.

    Never raises: what does not go now goes with the next start.
    """
    try:
        names = os.listdir(place)
    except OSError:
        return
    for name in names:
        folder = os.path.join(place, name)
        if name.startswith(prefix) and _is_left_behind(folder):
            try:
                before(folder)
                if not _has_mounts(folder):
                    discard(folder)
            except OSError:
                continue


def _is_left_behind(folder: str) -> bool:
    """Whether it is ours, and nobody who made it is alive."""
    try:
        node = os.lstat(folder)
        if not stat.S_ISDIR(node.st_mode) or node.st_uid != os.geteuid() or node.st_mode & 0o077:
            return False
        with open(os.path.join(folder, _NOTE), encoding="ascii") as file:
            said = json.loads(file.read(_LONGEST))
        now = boot.take()
        makers = [ProcessId(int(pid), int(ticks)) for pid, ticks in said["processes"]]
        here = (said["boot"], said["pid_namespace"]) == (now.id, now.pid_namespace) and None not in (
            now.id,
            now.pid_namespace,
        )
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return here and bool(makers) and all(alive(maker) is Life.ENDED for maker in makers)


def _has_mounts(folder: str) -> bool:
    below = os.fsencode(os.path.realpath(folder)) + b"/"
    return any((mount.point + b"/").startswith(below) for mount in read_mounts())
