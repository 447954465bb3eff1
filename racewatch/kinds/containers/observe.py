"""From a pinned state directory to facts: reads only, and only what may be read.

In a state directory nothing but the state file is ever opened, and that only as a regular file: a
reader of ``exec.fifo`` starts the container.
"""

from __future__ import annotations

import contextlib
import errno
import os
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import Final

from racewatch.core.model import Owner
from racewatch.core.text import display
from racewatch.kinds.containers.facts import Facts, Group, Init, Mounted
from racewatch.kinds.containers.reading import read_regular, seconds
from racewatch.kinds.containers.roots import Manager, StateRoot, another_users, manager_of
from racewatch.kinds.containers.shims import task_of
from racewatch.kinds.containers.state import (
    FIFO,
    NotUnderstood,
    Recorded,
    Runtime,
    hooks_in,
    makes_pid_namespace,
    parse,
)
from racewatch.kinds.containers.waiting import waiting_of
from racewatch.kinds.seeing import describe, seniority
from racewatch.linux import boot, cgroups, fs, pidns, processes
from racewatch.linux.mounts import FileSystems

#: A runtime makes the state file some tenths of a second after the directory.
QUIET_SECONDS: Final = 60.0
#: The kernel's starts of processes and a runtime's own note of the time may differ by this.
_YOUKI_SLACK_SECONDS: Final = 60.0
_MOST_NAMED: Final = 16


class Surroundings:
    """One moment's view of mounts and control groups.  Make a new one for each scan, and for each act."""

    def __init__(self) -> None:
        self.boot = boot.take()
        self._people: dict[int, Owner | None] = {}

    @cached_property
    def filesystems(self) -> FileSystems | None:
        """All mounts that can be seen; None when not even ours can."""
        try:
            return FileSystems.take()
        except OSError:
            return None

    @cached_property
    def hierarchies(self) -> tuple[cgroups.Hierarchy, ...] | None:
        """The trees of control groups; None when they could not be listed."""
        try:
            return cgroups.hierarchies()
        except OSError:
            return None

    def describe(self, pid: int) -> Owner | None:
        """A living process; None when it is gone or cannot be seen."""
        if pid not in self._people:
            self._people[pid] = describe(pid)
        return self._people[pid]

    def people(self, pids: frozenset[int]) -> tuple[Owner, ...]:
        """Some of these processes, the oldest first."""
        found = [owner for pid in sorted(pids)[:_MOST_NAMED] if (owner := self.describe(pid))]
        return tuple(sorted(found, key=seniority))

    @cached_property
    def population(self) -> pidns.Population:
        """Who lives in which PID namespace."""
        return pidns.population()

    @cached_property
    def _roots(self) -> tuple[dict[tuple[int, int], list[int]], int]:
        """(device, inode) of root directories, and of all above them → processes; how many could not be looked into.

        A process that went deeper into a root file system (a service that shuts itself in) still lives of it.
        """
        found: dict[tuple[int, int], list[int]] = {}
        above: dict[tuple[int, int, int | None], list[tuple[int, int]]] = {}
        blind = 0
        for entry in os.listdir(b"/proc"):
            if not entry.isdigit():
                continue
            try:
                root = os.open(b"/proc/%s/root" % entry, _STEP)
                try:
                    seen = fs.stat_fd(root)
                    here = (seen.dev, seen.ino, seen.mount_id)
                    if here not in above:
                        above[here] = _upwards(root)
                finally:
                    os.close(root)
            except (FileNotFoundError, ProcessLookupError):
                continue  # exited since, or the kernel's own
            except OSError:
                blind += not processes.has_no_files(int(entry))
                continue
            for one in above[here]:
                found.setdefault(one, []).append(int(entry))
        return found, blind

    def rooted(self, *paths: bytes) -> tuple[tuple[Owner, ...], str | None]:
        """The processes whose root directory is one of these or below, and why there may be others (None: no)."""
        by_root, blind = self._roots
        pids: set[int] = set()
        for path in paths:
            try:
                node = os.stat(path)
            except OSError as error:
                return (), f"{display(path)} could not be looked at ({error.strerror})"
            pids.update(by_root.get((node.st_dev, node.st_ino), ()))
        people = self.people(frozenset(pids))
        if not self.boot.sees_everybody:
            return people, "processes outside this PID namespace cannot be looked into"
        return people, f"{blind} processes could not be looked into; root can" if blind else None

    def mounted_below(self, paths: Sequence[bytes]) -> tuple[tuple[bytes, ...], str | None]:
        """The mount points at or below these paths, of every mount namespace; likewise."""
        if self.filesystems is None:
            return (), "the mount tables could not be read"
        below = tuple(path + b"/" for path in paths)
        points = {
            mount.point
            for table in self.filesystems.tables
            for mount in table
            if mount.point in paths or mount.point.startswith(below)
        }
        blind = self.filesystems.blind
        why = f"the mounts of {blind} processes are hidden from this user; root can see" if blind else None
        return tuple(sorted(points)), why

    def shown_elsewhere(self, fd: int, path: bytes) -> tuple[tuple[bytes, ...], str | None]:
        """Where else something of an open folder is mounted, or stacked upon; likewise.  ``path``: its public one."""
        if self.filesystems is None:
            return (), "the mount tables could not be read"
        try:
            return self.filesystems.shown_elsewhere(fd, path), None
        except OSError as error:
            return (), f"what is mounted of it elsewhere could not be told ({error.strerror})"


_STEP: Final = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC


def _upwards(fd: int) -> list[tuple[int, int]]:
    """(device, inode) of an open directory and of each above it, through whatever is mounted on the way."""
    found: list[tuple[int, int]] = []
    previous: tuple[int, int, int | None] | None = None
    current = os.dup(fd)
    try:
        while True:
            seen = fs.stat_fd(current)
            here = (seen.dev, seen.ino, seen.mount_id)
            if here == previous:
                return found  # the root is its own parent
            found.append((seen.dev, seen.ino))
            previous = here
            parent = os.open(b"..", _STEP, dir_fd=current)
            os.close(current)
            current = parent
    finally:
        os.close(current)


def gather(root: StateRoot, path: bytes, fd: int, around: Surroundings) -> Facts:
    """The facts about the container whose state directory ``fd`` pins.  Raises OSError when it is gone."""
    name = os.fsdecode(os.path.basename(path))
    directory = fs.open_directory(b".", dirfd=fd)
    try:
        said = _said(root.runtime, name, directory)
        if isinstance(said, Recorded) and root.runtime is Runtime.CRUN:
            said = replace(said, own_pids=_own_pids(directory))
        said = _with_hooks(root.runtime, said, directory)
        fifo = _look(directory, FIFO)
    finally:
        os.close(directory)
    recorded = said if isinstance(said, Recorded) else None
    rootfs = _rootfs(recorded)
    init, detail = _init(recorded, around)
    alive = recorded is not None and init is Init.ALIVE
    owner = around.describe(recorded.pid) if recorded is not None and alive else None
    group = _group(name, recorded, around)
    waiting = None
    if recorded is not None and alive and fifo is not None:
        waiting = waiting_of(root.runtime, fifo, recorded.pid, group, around.population)
    return Facts(
        root=root,
        name=name,
        path=path,
        said=said,
        manager=root.manager
        or (manager_of(recorded) if recorded is not None else None)
        or _another_users(root, fd),
        init=init,
        init_detail=detail,
        owner=owner,
        fifo=fifo is not None,
        prepares=owner is not None and _prepares(root.runtime, owner),
        group=group,
        mounted=_mounted(rootfs, around),
        # Where it is just now: in the middle of an act that is not its own path.
        mounted_inside=Mounted(*around.mounted_below((os.readlink(fs.fd_path(fd)),))),
        sees_everybody=around.boot.sees_everybody,
        rooted=_rooted(recorded, rootfs, group, around),
        quiet=time.time() - fs.stat_fd(fd).ctime_ns / 1e9 > QUIET_SECONDS,
        task=task_of(recorded.bundle) if recorded is not None else None,
        waiting=waiting,
    )


def _another_users(root: StateRoot, fd: int) -> Manager | None:
    """For root: the ordinary user whose its state directory, its state root or the folder above is.

    Race closed: that user writes hooks into the state, which root's runtime would run, or makes the path of
    the private folder mean another one while it is given to the runtime.
    """
    if os.geteuid() != 0:
        return None
    owners = [fs.stat_fd(fd).uid]
    with contextlib.suppress(OSError):  # moved away just now: that is found by the act itself
        owners += [fs.stat_path(path).uid for path in (root.path, os.path.dirname(root.path))]
    found = next((uid for uid in owners if uid != 0), None)
    return None if found is None else another_users(found, root, own=found == owners[0])


def read_state(runtime: Runtime, name: bytes, root: int) -> Recorded | NotUnderstood | None:
    """What the state file of one name in an open state root says; None when that is no directory."""
    try:
        directory = fs.open_directory(name, dirfd=root)
    except OSError as error:
        if error.errno in (errno.ENOTDIR, errno.ENOENT, errno.ELOOP):
            return None
        return NotUnderstood(f"its state directory could not be opened ({error.strerror})")
    try:
        return _said(runtime, os.fsdecode(name), directory)
    finally:
        os.close(directory)


def _said(runtime: Runtime, name: str, directory: int) -> Recorded | NotUnderstood:
    try:
        data = read_regular(directory, runtime.state_file)
    except FileNotFoundError:
        return NotUnderstood("there is no state file: it is just being made, or what made it broke off")
    except OSError as error:
        denied = error.errno in (errno.EACCES, errno.EPERM)
        return NotUnderstood(f"its state file could not be read ({error.strerror})", denied)
    return parse(runtime, name, data)


def _own_pids(directory: int) -> bool:
    """crun keeps the bundle's configuration beside its state; what cannot be read proves nothing."""
    try:
        return makes_pid_namespace(read_regular(directory, b"config.json"))
    except OSError:
        return False


def _with_hooks(runtime: Runtime, said: Recorded | NotUnderstood, directory: int) -> Recorded | NotUnderstood:
    """With the hooks from where the runtime keeps them; they are shown only, so a broken file costs just them."""
    if runtime.spec_file is None or isinstance(said, NotUnderstood):
        return said
    try:
        return replace(said, hooks=hooks_in(read_regular(directory, runtime.spec_file)))
    except OSError:
        return said


def _look(directory: int, name: bytes) -> fs.Stat | None:
    try:
        return fs.stat_at(directory, name)
    except FileNotFoundError:
        return None


def _init(recorded: Recorded | None, around: Surroundings) -> tuple[Init, str]:
    if recorded is None or recorded.pid <= 1:
        return Init.UNSEEN, "no first process is recorded"
    pid = recorded.pid
    try:
        now = processes.identify(pid)
    except OSError as error:
        return Init.UNSEEN, f"pid {pid} could not be looked at ({error.strerror})"
    if now is None:
        return Init.ENDED, f"pid {pid} has ended"
    if recorded.start_ticks is not None:
        if now.start_ticks == recorded.start_ticks:
            return Init.ALIVE, f"pid {pid} runs since the recorded start"
        return Init.ENDED, f"pid {pid} has ended; another process has the number now"
    owner = around.describe(pid)
    made = seconds(recorded.created)
    if owner is None or made is None:
        return Init.DOUBTFUL, f"a process has pid {pid}, and no start time is recorded"
    if abs(owner.started - made) <= _YOUKI_SLACK_SECONDS:
        return Init.ALIVE, f"pid {pid} was started when the container was made"
    return Init.DOUBTFUL, f"a process has pid {pid}, but was not started when the container was made"


def _prepares(runtime: Runtime, owner: Owner) -> bool:
    """Whether the first process still is the runtime's own, which waits for the start."""
    words = owner.command.split()
    return owner.name.startswith((runtime.value, "libcrun")) or (
        bool(words) and os.path.basename(words[0]).startswith(runtime.value)
    )


def _group(name: str, recorded: Recorded | None, around: Surroundings) -> Group:
    try:
        # What made it broke off, or its file is broken, or its runtime (youki) does not write them down: then
        # all that can be done is to look by name.
        directories, blind = (
            (cgroups.named(os.fsencode(name)), None)
            if recorded is None or recorded.word is not None
            else _directories(recorded, around)
        )
        found = [(one, cgroups.members(one)) for one in directories if os.path.isdir(one)]
    except OSError as error:
        return Group(blind=f"its control groups could not be looked into ({error.strerror})")
    pids = frozenset().union(*(members for _, members in found)) if found else frozenset()
    told = {answer for one, _ in found if (answer := cgroups.is_frozen(one)) is not None}
    return Group(
        around.people(pids - {0}),
        pids,
        there=bool(found),
        directories=tuple(one for one, _ in found),
        frozen=(True in told) if told else None,
        blind=blind,
    )


def _directories(recorded: Recorded, around: Surroundings) -> tuple[list[bytes], str | None]:
    """Where its groups are, and why there may be others (None: these are all).

    runc writes down directories, as they were where it ran; crun names from the top of each hierarchy.
    """
    if around.hierarchies is None:
        raise OSError(errno.ENOENT, "no control groups are mounted")
    points = {hierarchy.point for hierarchy in around.hierarchies}
    found: list[bytes] = []
    outside = "its control groups are outside of what is mounted here"
    blind = recorded.other_groups
    for group in map(os.path.normpath, recorded.cgroups):
        if any(group.startswith(point + b"/") for point in points):
            found.append(group)
        elif recorded.cgroups_are_directories:
            # It was made where other hierarchies are mounted, or the same elsewhere: not there is not gone.
            blind = outside
        else:
            inside = (one.directory_of(b"/" + group.lstrip(b"/")) for one in around.hierarchies)
            # Of the top group itself everybody is a member.
            named = [one for one in inside if one is not None and one not in points]
            found += named
            blind = blind if named else outside
    return list(dict.fromkeys(found)), blind


def _rootfs(recorded: Recorded | None) -> bytes | None:
    if recorded is None or recorded.rootfs is None:
        return None
    return os.path.normpath(os.path.join(recorded.bundle or b"/", recorded.rootfs))


def _rooted(
    recorded: Recorded | None, rootfs: bytes | None, group: Group, around: Surroundings
) -> tuple[Owner, ...]:
    """Who may have outlived the first process, where no control group can tell (a user's often has none)."""
    if recorded is None or rootfs is None or group.there or recorded.own_pids:
        return ()
    return around.rooted(rootfs)[0]


def _mounted(rootfs: bytes | None, around: Surroundings) -> Mounted:
    if rootfs is None:
        return Mounted(blind="its root file system is not recorded")
    points, blind = around.mounted_below((rootfs,))
    return Mounted(points, blind)
