"""Processes: who they are, whether they still run, who holds a socket.

A process is (pid, start time in clock ticks since boot), never a pid.  Names, users and command lines
come from psutil.  Own procfs code where psutil cannot answer: the start time in ticks (psutil's public
one is a float that moves with the clock), thread ids told from process ids, pidfds, "the first thread
ended but others run", cgroups, and which process holds which Unix socket (psutil's connections have no
inode for those).

Nothing here ever sends a signal, not even signal 0.
"""

from __future__ import annotations

import enum
import errno
import functools
import os
import pwd
import select
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import psutil

_PF_KTHREAD: Final = 0x00200000


@dataclass(frozen=True, slots=True)
class ProcessId:
    """One process of this boot and this PID namespace.  ``start_ticks`` is field 22 of ``/proc/PID/stat``."""

    pid: int
    start_ticks: int


class Life(enum.Enum):
    """Three answers: a process that cannot be seen has not ended."""

    ALIVE = "alive"
    ENDED = "ended"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class ProcessInfo:
    """What to tell a person about a process.  Empty where this user may not see it."""

    pid: int
    start_ticks: int
    started: float
    name: str
    user: str
    command: str
    unit: str | None

    @property
    def process_id(self) -> ProcessId:
        """The identity."""
        return ProcessId(self.pid, self.start_ticks)


@dataclass(frozen=True, slots=True)
class Stat:
    """The fields of ``/proc/PID/stat`` that are used here."""

    state: bytes
    flags: int
    start_ticks: int

    @property
    def is_kernel_thread(self) -> bool:
        """True for a thread of the kernel's own: it has no files."""
        return bool(self.flags & _PF_KTHREAD)


def parse_stat(data: bytes) -> Stat:
    """Raises OSError (EBADMSG) for anything that is not such a line."""
    # The name is the program's to choose: blanks, parentheses, anything.  The last ")" ends it.
    fields = data.rpartition(b")")[2].split()
    try:
        return Stat(fields[0], int(fields[6]), int(fields[19]))
    except (IndexError, ValueError):
        raise OSError(errno.EBADMSG, f"unexpected /proc/PID/stat: {data[:80]!r}") from None


def _read(path: bytes) -> bytes:
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(fd, 65536)
    finally:
        os.close(fd)


def _stat(pid: int) -> Stat:
    return parse_stat(_read(b"/proc/%d/stat" % pid))


def state_of_thread(pid: int, thread: int) -> bytes:
    """The kernel's letter for what one thread does.  Raises OSError."""
    return parse_stat(_read(b"/proc/%d/task/%d/stat" % (pid, thread))).state


@functools.cache
def _procfs_is_ours() -> bool:
    """Whether the numbers in /proc are those of our PID namespace (a container may see the host's)."""
    try:
        return os.readlink("/proc/self") == str(os.getpid())
    except OSError:
        return False


def _has_exited(pidfd: int) -> bool:
    """Readable once *every* thread has exited (a zombie, or reaped): the first thread alone does not count."""
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    return bool(poll.poll(0))


class Absent(enum.Enum):
    """Why no living process has a number."""

    FREE = "nothing has it"
    OTHERWISE = "a zombie or a mere thread has it, or who had it has just ended"


def _open(pid: int) -> int | Absent:
    """A pidfd, when a process (thread-group leader) has this number.  Raises OSError otherwise."""
    if not 0 < pid < 1 << 31:
        return Absent.FREE
    try:
        return os.pidfd_open(pid)
    except OSError as error:
        if error.errno == errno.ESRCH:
            return Absent.FREE
        # The number of a mere thread: EINVAL, ENOENT since Linux 6.9.
        if error.errno in (errno.EINVAL, errno.ENOENT):
            return Absent.OTHERWISE
        raise


def look_for(pid: int) -> ProcessId | Absent:
    """Who has this number now, or why no living process has.

    Raises OSError when it cannot be seen (no procfs of our PID namespace, ``hidepid``, no
    ``pidfd_open``, which is in Linux since 5.3): that is not "nobody".
    """
    seen = handle_of(pid)
    if isinstance(seen, Absent):
        return seen
    os.close(seen[0])
    return seen[1]


def handle_of(pid: int) -> tuple[int, ProcessId] | Absent:
    """The same, with a pidfd of the process, which the caller closes."""
    if not _procfs_is_ours():
        raise OSError(errno.ENOENT, "/proc does not show this PID namespace")
    pidfd = _open(pid)
    if isinstance(pidfd, Absent):
        return pidfd
    try:
        try:
            found = ProcessId(pid, _stat(pid).start_ticks)
        except (FileNotFoundError, ProcessLookupError):
            if not _has_exited(pidfd):
                raise PermissionError(errno.EPERM, "the process is hidden (hidepid)") from None
        else:
            # The handle was opened first and its process still runs: what was read is about that process.
            if not _has_exited(pidfd):
                return pidfd, found
    except BaseException:
        os.close(pidfd)
        raise
    os.close(pidfd)
    return Absent.OTHERWISE


def identify(pid: int) -> ProcessId | None:
    """Who has this number now; None: no living process (nobody, a zombie, the number of a mere thread).

    Raises OSError as :func:`look_for` does.
    """
    found = look_for(pid)
    return found if isinstance(found, ProcessId) else None


def alive(process: ProcessId) -> Life:
    """Whether this very process runs.  ENDED is final; a zombie has ended, a stopped process has not."""
    try:
        now = identify(process.pid)
    except OSError:
        return Life.UNKNOWN
    return Life.ALIVE if now == process else Life.ENDED


def open_pidfd(process: ProcessId) -> int | None:
    """A handle that becomes readable when this very process has ended; None when it has.

    The identity is compared *after* opening, so that the handle cannot mean a process that got the
    number since.  Raises OSError as :func:`identify` does.  The caller closes it.
    """
    pidfd = _open(process.pid)
    if isinstance(pidfd, Absent):
        return None
    try:
        same = identify(process.pid) == process
    except OSError:
        os.close(pidfd)
        raise
    if same and not _has_exited(pidfd):
        return pidfd
    os.close(pidfd)
    return None


# getpwuid may ask a directory server; psutil's username() would do so for each row.
@functools.lru_cache(maxsize=1024)
def user_name(uid: int) -> str:
    """The name of a user, its number when it has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def describe(pid: int) -> ProcessInfo | None:
    """The process that has this number now; None when there is none, or it cannot be seen at all.

    All fields are about one process: its identity is compared before and after.  About 0.1 ms.
    """
    try:
        before = identify(pid)
        if before is None:
            return None
        process = psutil.Process(pid)
        with process.oneshot():
            started = process.create_time()
            name = process.name()
            user = user_name(process.uids().real)
            try:
                command = " ".join(process.cmdline())
            except psutil.AccessDenied:
                command = ""
        unit = _unit(pid)
        if identify(pid) != before:
            return None
    except (OSError, psutil.Error):
        return None
    return ProcessInfo(pid, before.start_ticks, started, name, user, command, unit)


def control_group(process: ProcessId) -> bytes | None:
    """The control group of this very process, by the hierarchy that names most; None when it cannot be seen."""
    try:
        if identify(process.pid) != process:
            return None
        rows = _read(b"/proc/%d/cgroup" % process.pid).splitlines()
        if identify(process.pid) != process:
            return None
    except OSError:
        return None
    # HIERARCHY:CONTROLLERS:PATH; a process that a runtime put away has a path of its own in one of them at least.
    return max((row.split(b":", 2)[-1] for row in rows), key=len, default=None)


def _unit(pid: int) -> str | None:
    try:
        return unit_of(_read(b"/proc/%d/cgroup" % pid))
    except OSError:
        return None


_UNIT_SUFFIXES: Final = (b".service", b".scope", b".socket", b".mount", b".swap")


def unit_of(cgroup: bytes) -> str | None:
    """The innermost systemd unit named in the content of ``/proc/PID/cgroup``; None when there is none.

    A guess by the name of the cgroup: container engines use the same form.
    """
    for line in cgroup.split(b"\n"):
        # HIERARCHY:CONTROLLERS:PATH; systemd's own is the unified one ("0::") or "name=systemd".
        _, _, rest = line.partition(b":")
        controllers, colon, path = rest.partition(b":")
        if not colon or controllers not in (b"", b"name=systemd"):
            continue
        for part in reversed(path.split(b"/")):
            if part.endswith(_UNIT_SUFFIXES):
                # systemd puts "_" in front of names that would clash with the kernel's own files.
                return part.removeprefix(b"_").decode("utf-8", "backslashreplace")
    return None


@dataclass(frozen=True, slots=True)
class SocketHolders:
    """Socket inode → the processes that have it open, in order of pid.

    ``unreadable`` counts processes that could not be looked into: when it is not 0, "nobody holds
    it" means "nobody whom this user may see".
    """

    by_inode: Mapping[int, tuple[int, ...]]
    unreadable: int

    def of(self, inode: int) -> tuple[int, ...]:
        """The holders of one socket."""
        return self.by_inode.get(inode, ())


def socket_holders() -> SocketHolders:
    """Who has which socket open, by the links in ``/proc/PID/fd``.  About 2 µs an open file of the
    machine.

    Not seen: sockets that are only in flight (SCM_RIGHTS) or registered with io_uring, and those of a
    single thread that has files of its own.  A number may be out of date when you read it: compare
    start times.
    """
    found: dict[int, list[int]] = {}
    unreadable = 0
    for entry in os.listdir(b"/proc"):
        if not entry.isdigit():
            continue
        directory = b"/proc/" + entry + b"/fd/"
        try:
            names = os.listdir(directory)
        except (FileNotFoundError, ProcessLookupError):
            continue  # exited since
        except OSError:
            unreadable += not has_no_files(int(entry))
            continue
        pid = int(entry)
        for name in names:
            try:
                link = os.readlink(directory + name)
            except OSError:
                continue  # closed since
            if link.startswith(b"socket:["):
                holders = found.setdefault(int(link[8:-1]), [])
                if not holders or holders[-1] != pid:
                    holders.append(pid)
    return SocketHolders({inode: tuple(sorted(pids)) for inode, pids in found.items()}, unreadable)


def has_no_files(pid: int) -> bool:
    """Whether not being able to look is no loss: the process ended meanwhile, or is the kernel's."""
    try:
        seen = _stat(pid)
    except (FileNotFoundError, ProcessLookupError):
        return True
    except OSError:
        return False
    return seen.is_kernel_thread or seen.state in (b"Z", b"X")
