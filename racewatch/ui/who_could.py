"""Who could look into a place that this user may not; knows no Qt, and may block like any look."""

from __future__ import annotations

import os
from collections.abc import Iterable

from racewatch.core.model import Problem
from racewatch.linux import processes


def who_could(problems: Iterable[Problem]) -> dict[bytes, str]:
    """For each place that this user may not read: the other user whose it is.  (That root can is said anyway.)"""
    if os.geteuid() == 0:
        return {}
    found = {}
    for problem in problems:
        who = _who(problem.path)
        if who:
            found[problem.path] = who
    return found


def _who(path: bytes) -> str:
    """The owner's name; nothing when it is root's, or when it is not a permission that is missing."""
    try:
        node = os.lstat(path)
    except PermissionError:
        above = os.path.dirname(path)
        return _who(above) if above != path else ""
    except OSError:
        return ""
    if os.access(path, os.R_OK | os.X_OK):
        return ""
    return processes.user_name(node.st_uid) if node.st_uid not in (0, os.geteuid()) else ""
