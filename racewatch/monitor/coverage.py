"""Which places file events reach: what is watched below a root, what is not, and the cure."""

from __future__ import annotations

import enum
import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from racewatch.core.text import quoted
from racewatch.monitor.batch import HealthState, SourceHealth

EVENTS: Final = "file events"
BESIDE: Final = "well-known places"

QUEUED_EVENTS: Final = "fs.inotify.max_queued_events"
USER_WATCHES: Final = "fs.inotify.max_user_watches"
USER_INSTANCES: Final = "fs.inotify.max_user_instances"

#: A place that took this many names is not listed name by name; its count still is.
_MOST_NAMED: Final = 3


class Unwatched(enum.Enum):
    """Why a directory is not watched.  Sweeps look at it all the same."""

    LIMIT = "the limit of watches is reached"
    DENIED = "no permission to read it"
    OTHER = "it cannot be watched"
    VANISHED = "it is no directory any more"  # an answer of the moment, never recorded


class RootState(enum.Enum):
    """What the name of a root means just now."""

    PRESENT = "present"
    MISSING = "does not exist; it is watched as soon as it appears"
    LINK = "is a symbolic link now, and links are not followed"
    NOT_A_DIRECTORY = "is not a directory"
    DENIED = "cannot be read by this user"
    UNKNOWN = "cannot be looked at"


def root_state(mode: int) -> RootState:
    """What a root is, by the mode of the inode its name means."""
    if stat.S_ISDIR(mode):
        return RootState.PRESENT
    return RootState.LINK if stat.S_ISLNK(mode) else RootState.NOT_A_DIRECTORY


@dataclass(slots=True)
class Coverage:
    """What is known about one root.  ``shared`` are mounts below it that other machines may change."""

    root: bytes
    state: RootState = RootState.UNKNOWN
    watched: int = 0
    unwatched: dict[bytes, Unwatched] = field(default_factory=dict)
    shared: set[bytes] = field(default_factory=set)
    events: bool = True

    def leave_out(self, which: Callable[[bytes], bool]) -> None:
        """Forget what was noted about these places: they are looked at anew."""
        self.unwatched = {path: why for path, why in self.unwatched.items() if not which(path)}
        self.shared = {path for path in self.shared if not which(path)}

    def health(self) -> SourceHealth:
        """This root as one line of health."""
        source = f"root {quoted(self.root)}"
        if self.state is RootState.MISSING:
            return SourceHealth(source, HealthState.DEGRADED, f"It {self.state.value}.")
        if self.state is not RootState.PRESENT:
            cure = "start racewatch as a user who may read it" if self.state is RootState.DENIED else None
            return SourceHealth(source, HealthState.FAILED, f"It {self.state.value}.", cure)
        if not self.events:
            return SourceHealth(source, HealthState.DEGRADED, "No file events: sweeps look at it.")
        if not self.unwatched and not self.shared:
            return SourceHealth(source, HealthState.OK, f"{_directories(self.watched)} watched.")
        said = [f"{_directories(self.watched)} watched"]
        cure = None
        for reason in Unwatched:
            places = [path for path, why in self.unwatched.items() if why is reason]
            if places:
                said.append(f"{len(places)} only looked at by sweeps, {reason.value} ({_some(places)})")
            if places and reason is Unwatched.LIMIT:
                cure = _more_watches(self.watched + len(self.unwatched))
        if self.shared:
            where = _some(sorted(self.shared))
            said.append(f"changes made elsewhere on shared file systems ({where}) show at the next sweep")
        return SourceHealth(source, HealthState.DEGRADED, "; ".join(said) + ".", cure)


def beside_health(folders: Sequence[Coverage]) -> SourceHealth:
    """The well-known folders beside the roots, all in one line."""
    there = [one for one in folders if one.state is RootState.PRESENT]
    watched = sum(one.watched for one in there)
    missed = [one.root for one in there if one.unwatched or not one.events]
    if not missed:
        return SourceHealth(BESIDE, HealthState.OK, f"{_directories(watched)} watched.")
    limit = any(Unwatched.LIMIT in one.unwatched.values() for one in there)
    return SourceHealth(
        BESIDE,
        HealthState.DEGRADED,
        f"{_directories(watched)} watched; of {_some(missed)} some are only looked at by sweeps.",
        _more_watches(watched + sum(len(one.unwatched) for one in there)) if limit else None,
    )


def _directories(count: int) -> str:
    return "1 directory is" if count == 1 else f"{count} directories are"


def _some(paths: list[bytes]) -> str:
    named = ", ".join(quoted(path) for path in paths[:_MOST_NAMED])
    return named + (", …" if len(paths) > _MOST_NAMED else "")


def _more_watches(directories: int) -> str:
    return f"sysctl {USER_WATCHES}={max(2 * (_current(USER_WATCHES) or 0), 2 * directories, 524288)}"


def overflow_health() -> SourceHealth:
    """The kernel threw events away."""
    return SourceHealth(
        EVENTS,
        HealthState.DEGRADED,
        "The kernel's event queue overflowed and events were lost; everything was looked at again.",
        f"sysctl {QUEUED_EVENTS}={2 * (_current(QUEUED_EVENTS) or 16384)}",
    )


def no_instance_health(reason: str, *, limit: bool) -> SourceHealth:
    """There are no file events at all."""
    cure = None
    if limit:
        cure = f"sysctl {USER_INSTANCES}={2 * (_current(USER_INSTANCES) or 128)}, or raise ulimit -n"
    return SourceHealth(
        EVENTS,
        HealthState.FAILED,
        f"There are no file events ({reason}); sweeps look at everything.",
        cure,
    )


def events_health() -> SourceHealth:
    """All is well with the source of events itself."""
    return SourceHealth(EVENTS, HealthState.OK, "Changes of names are told by the kernel.")


def _current(setting: str) -> int | None:
    try:
        with open("/proc/sys/" + setting.replace(".", "/"), "rb") as file:
            return int(file.read())
    except (OSError, ValueError):
        return None
