"""The other cleaner: it looks, looks again right before it deletes, and deletes.  Only ever let loose on the drill's."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from racewatch.drill.contest import ContestName
from racewatch.linux import fs
from racewatch.linux.probe import DatagramProbe, Presence
from racewatch.throwaway import discard

_LOOKS: Final = 2


def check_then_delete(paths: Iterable[str], is_left_over: Callable[[str], bool]) -> int:
    """What careful scripts do: make a list, check the list again, delete what is on it; how many went."""
    left = list(paths)
    for _ in range(_LOOKS):
        left = [path for path in left if is_left_over(path)]
    deleted = 0
    for path in left:
        with contextlib.suppress(OSError):
            discard(path)
            deleted += 1
    return deleted


def _dead_server(path: str) -> bool:
    above = fs.open_directory(os.fsencode(os.path.dirname(path)))
    try:
        node = fs.pin(above, os.fsencode(os.path.basename(path)))
    except OSError:
        return False
    finally:
        os.close(above)
    probe = DatagramProbe()
    try:
        return fs.stat_fd(node).is_socket and probe.ask(node).presence is Presence.ABSENT
    finally:
        probe.close()
        os.close(node)


def _stale_lock(path: str) -> bool:
    try:
        with open(path) as lock:
            pid = int(lock.read())
    except (OSError, ValueError):
        return False
    return not os.path.exists(f"/proc/{pid}")


def checks(states: str) -> Mapping[ContestName, Callable[[str], bool]]:
    """How it tells that something is left over; ``states``: the state root of the contest with bundles."""

    def unused(path: str) -> bool:
        return os.path.isdir(path) and not os.path.exists(os.path.join(states, os.path.basename(path)))

    return {
        ContestName.SERVER: _dead_server,
        ContestName.LOCK: _stale_lock,
        ContestName.DIRECTORY: unused,
    }
