"""Control groups: who lives in one, and whether it is frozen.  Both versions, and both at once (hybrid).

Own code: psutil knows no cgroups, and the file systems are plain text.  Reads only: writing to
``cgroup.procs`` or ``freezer.state`` changes the machine.

Not seen: hierarchies that are not mounted in our mount namespace.  A process outside our PID namespace is
listed as 0: it counts, though it has no number here.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from racewatch.linux import fs, mountinfo

_MOST_GROUPS: Final = 100_000
_LEADER: Final = re.compile(rb"^Tgid:\s*(\d+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Hierarchy:
    """One mounted tree of groups.  ``root`` is the group that is mounted at ``point``: "/" on a host."""

    version: int
    controllers: frozenset[bytes]
    point: bytes
    root: bytes

    def directory_of(self, group: bytes) -> bytes | None:
        """Where a group, named from the top as in ``/proc/PID/cgroup``, is; None: outside of what is mounted."""
        if self.root == b"/":
            inside = group
        elif group == self.root or group.startswith(self.root + b"/"):
            inside = group[len(self.root) :]
        else:
            return None
        return os.path.normpath(self.point + b"/" + inside)


def hierarchies() -> tuple[Hierarchy, ...]:
    """What can be reached in our mount namespace, each hierarchy once.  Raises OSError."""
    found: dict[tuple[int, bytes], Hierarchy] = {}
    for mount in mountinfo.read_mounts():
        if mount.fstype not in ("cgroup", "cgroup2") or _is_hidden(mount):
            continue
        if mount.fstype == "cgroup2":
            one = Hierarchy(2, frozenset(), mount.point, mount.root)
        else:
            one = Hierarchy(1, frozenset(mount.options.split(b",")), mount.point, mount.root)
        found.setdefault((mount.dev, mount.root), one)
    return tuple(found.values())


def _is_hidden(mount: mountinfo.Mount) -> bool:
    """Whether something else is mounted over it: its path then leads into another tree, or nowhere.

    Taken for the one that can be reached it would show no groups at all, and nobody alive in them.
    """
    try:
        there = fs.stat_path(mount.point)
    except (FileNotFoundError, NotADirectoryError):
        return True
    return there.mount_id is not None and there.mount_id != mount.id


def members(directory: bytes) -> frozenset[int]:
    """The processes in a group and in all groups below it; none when there is no such group.

    Raises OSError for whatever else keeps us from seeing them: that is not "nobody".
    """
    found: set[int] = set()
    for group in _groups(directory):
        try:
            found.update(_processes(group))
        except (FileNotFoundError, ProcessLookupError):
            continue  # removed since
    return frozenset(found)


def _processes(group: bytes) -> set[int]:
    try:
        return set(map(int, fs.read_whole(group + b"/cgroup.procs").split()))
    except OSError as error:
        # A threaded group of version 2 has threads only; the processes are members of a group above it,
        # which need not be one that we were asked about.
        if error.errno != errno.EOPNOTSUPP:
            raise
    return set(map(_leader, fs.read_whole(group + b"/cgroup.threads").split()))


def _leader(thread: bytes) -> int:
    """The process that a thread is of; of one that cannot be seen (any more) its own number."""
    try:
        found = _LEADER.search(fs.read_whole(b"/proc/" + thread + b"/status"))
    except OSError:
        found = None
    return int(found[1] if found else thread)


def _groups(directory: bytes) -> Iterator[bytes]:
    pending, left = [directory], _MOST_GROUPS
    while pending:
        group = pending.pop()
        yield group
        try:
            with os.scandir(group) as entries:
                below = [entry.path for entry in entries if entry.is_dir(follow_symlinks=False)]
        except (FileNotFoundError, NotADirectoryError):
            continue
        left -= len(below)
        if left < 0:
            raise OSError(0, "too many groups")
        pending += below


def is_frozen(directory: bytes) -> bool | None:
    """Whether the processes of a group stand still, or are about to; None: this directory does not tell."""
    try:
        return fs.read_whole(directory + b"/freezer.state").strip() in (b"FROZEN", b"FREEZING")
    except OSError:
        pass
    try:
        # It says so when the last of them stands, and also when a group above was frozen.
        if b"\nfrozen 1\n" in b"\n" + fs.read_whole(directory + b"/cgroup.events"):
            return True
        return fs.read_whole(directory + b"/cgroup.freeze").strip() == b"1"
    except OSError:
        return None


def named(name: bytes) -> list[bytes]:
    """Every group of this name, or of a systemd scope made of it (``runtime-NAME.scope``).  Raises OSError."""
    ending = b"-" + name + b".scope"
    return [
        group
        for hierarchy in hierarchies()
        for group in _groups(hierarchy.point)
        if (own := os.path.basename(group)) == name or own.endswith(ending)
    ]
