"""Who has which file open or mapped, and by which handle a kernel lock is held: ``/proc/PID/fdinfo``, ``maps``.

Own code: psutil names open files by path, which is text and can be outdated; this goes by inode and
mount, asks no file system (a dead network or FUSE server cannot hang it), and reads the lock lines.

Not seen: handles that are only in flight (SCM_RIGHTS) or registered with io_uring, files of a single
thread that has a table of its own, and processes outside our PID namespace.  What a process did not
let us see is counted (:attr:`Survey.blind`): when that is not 0, "nobody" means "nobody whom this user
may see".
"""

from __future__ import annotations

import errno
import os
import re
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from racewatch.linux import flocks, fs, mountinfo, processes
from racewatch.linux.flocks import KernelLock

_O_PATH: Final = 0o10000000
# Objects without a name in a file system: nobody keeps a lock file there.
_NAMELESS: Final = (b"socket:[", b"pipe:[", b"anon_inode:", b"/dev/null", b"/dev/pts/", b"/memfd:")
_DELETED: Final = b" (deleted)"
#: So many threads look through the mappings of everybody.
_AT_ONCE: Final = max(1, min(4, os.cpu_count() or 1))


@dataclass(frozen=True, slots=True)
class OpenFile:
    """One handle of one process.  ``mount_id`` is of the process's own mount namespace (ids are unique).

    ``path_only``: an ``O_PATH`` handle, which only holds the inode.  ``locks`` are those taken through
    this very handle.  ``link`` is the path as ``/proc`` shows it, from our own root.
    """

    pid: int
    fd: int
    ino: int
    mount_id: int
    path_only: bool
    locks: tuple[KernelLock, ...]
    link: bytes

    @property
    def deleted(self) -> bytes | None:
        """The path it had, when ``/proc`` says that its name is gone."""
        return self.link.removesuffix(_DELETED) if self.link.endswith(_DELETED) else None


@dataclass(frozen=True, slots=True)
class Running:
    """One process: its name as the kernel keeps it (15 bytes) and its working directory, where seen."""

    pid: int
    name: str
    cwd: bytes | None


@dataclass(frozen=True)
class Survey:
    """One walk through all processes.  ``blind`` counts those that could not be looked into."""

    by_ino: Mapping[int, tuple[OpenFile, ...]]
    running: Mapping[int, Running]
    blind: int

    @cached_property
    def named(self) -> Mapping[str, tuple[int, ...]]:
        """The processes by their names."""
        return _by_name((pid, one.name) for pid, one in self.running.items())


def parse_fdinfo(data: bytes) -> tuple[int | None, int, bool, tuple[KernelLock, ...]]:
    """(inode, mount id, path only, locks) of one ``fdinfo`` file; the inode is None before Linux 5.14.

    Raises OSError (EBADMSG) for anything else than such a file.
    """
    fields: dict[bytes, bytes] = {}
    locks: list[bytes] = []
    for line in data.split(b"\n"):
        key, _, value = line.partition(b":\t")
        if key == b"lock":
            locks.append(value)
        else:
            fields.setdefault(key, value)
    ino = fields.get(b"ino")
    try:
        return (
            None if ino is None else int(ino),
            int(fields[b"mnt_id"]),
            bool(int(fields[b"flags"], 8) & _O_PATH),
            flocks.parse_locks(b"\n".join(locks)),
        )
    except (KeyError, ValueError):
        raise OSError(errno.EBADMSG, f"unexpected fdinfo: {data[:80]!r}") from None


def open_files(pid: int) -> tuple[OpenFile, ...]:
    """The files one process has open.  Raises OSError when it may not be looked into, or is gone."""
    directory = b"/proc/%d/" % pid
    found = []
    for name in os.listdir(directory + b"fd"):
        try:
            link = os.readlink(directory + b"fd/" + name)
            if link.startswith(_NAMELESS):
                continue
            ino, mount_id, path_only, locks = parse_fdinfo(fs.read_whole(directory + b"fdinfo/" + name))
            if ino is None:
                ino = os.stat(directory + b"fd/" + name).st_ino
        except (FileNotFoundError, ProcessLookupError):
            continue  # closed since
        found.append(OpenFile(pid, int(name), ino, mount_id, path_only, locks, link))
    return tuple(found)


def handles_of(pid: int, dev: int, ino: int) -> tuple[OpenFile, ...]:
    """The handles that one process has of one inode.  Raises as :func:`open_files` does."""
    found = []
    for one in open_files(pid):
        if one.ino == ino:
            try:
                seen = os.stat(b"/proc/%d/fd/%d" % (pid, one.fd))
            except (FileNotFoundError, ProcessLookupError):
                continue  # closed since
            if seen.st_dev == dev:
                found.append(one)
    return tuple(found)


def survey() -> Survey:
    """Look through every process: about 10 µs an open file of the machine."""
    by_ino: dict[int, list[OpenFile]] = {}
    running: dict[int, Running] = {}
    blind = int(mountinfo.hides_processes(mountinfo.read_mounts()))
    for pid in _everybody():
        try:
            for one in open_files(pid):
                by_ino.setdefault(one.ino, []).append(one)
        except (FileNotFoundError, ProcessLookupError):
            continue  # exited since
        except OSError:
            blind += not processes.has_no_files(pid)
        person = _running(pid)
        if person is not None:
            running[pid] = person
    return Survey({ino: tuple(files) for ino, files in by_ino.items()}, running, blind)


def _everybody() -> list[int]:
    return [int(entry) for entry in os.listdir(b"/proc") if entry.isdigit()]


def by_name() -> Mapping[str, tuple[int, ...]]:
    """All processes by their names, as the kernel keeps them (15 bytes); readable for everybody."""
    return _by_name((pid, _name(pid)) for pid in _everybody())


def _by_name(people: Iterable[tuple[int, str | None]]) -> Mapping[str, tuple[int, ...]]:
    found: dict[str, list[int]] = {}
    for pid, name in people:
        if name is not None:
            found.setdefault(name, []).append(pid)
    return {name: tuple(pids) for name, pids in found.items()}


def _name(pid: int) -> str | None:
    try:
        name = fs.read_whole(b"/proc/%d/comm" % pid).rstrip(b"\n")
    except OSError:
        return None
    return name.decode("utf-8", "backslashreplace")


def _running(pid: int) -> Running | None:
    name = _name(pid)
    if name is None:
        return None
    try:
        cwd: bytes | None = os.readlink(b"/proc/%d/cwd" % pid)
    except OSError:
        cwd = None
    return Running(pid, name, cwd)


# ADDRESS PERMISSIONS OFFSET MAJOR:MINOR INODE [PATH]
_MAPPED: Final = re.compile(
    rb"^[0-9a-f]+-[0-9a-f]+ \S+ [0-9a-f]+ ([0-9a-f]+):([0-9a-f]+) ([1-9]\d*)", re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class Mappings:
    """(superblock, inode) → the processes that have it mapped into memory."""

    by_file: Mapping[tuple[int, int], tuple[int, ...]]
    blind: int


def parse_maps(data: bytes) -> frozenset[tuple[int, int]]:
    """The (superblock, inode) pairs of one ``maps`` file; what is no mapping of a file is left out."""
    found = set(_MAPPED.findall(data))
    return frozenset((os.makedev(int(major, 16), int(minor, 16)), int(ino)) for major, minor, ino in found)


def mappings() -> Mappings:
    """Look through the mappings of every process.  A handle may be closed and its lock live on by these."""
    pids = _everybody()
    shares = [_Share(pids[at::_AT_ONCE]) for at in range(_AT_ONCE)]
    helpers = [share for share in shares[1:] if share.begin()]
    for share in shares:
        if share not in helpers:
            share.look()
    for share in helpers:
        share.end()
    by_file: dict[tuple[int, int], list[int]] = {}
    for share in shares:
        for key, mine in share.by_file.items():
            by_file.setdefault(key, []).extend(mine)
    blind = int(mountinfo.hides_processes(mountinfo.read_mounts())) + sum(share.blind for share in shares)
    return Mappings({key: tuple(found) for key, found in by_file.items()}, blind)


class _Share:
    """Some of the processes, looked at while others look at the rest.

    The kernel writes the table of each while it is read, which takes nearly all of the time and none of Python's.
    """

    def __init__(self, pids: Sequence[int]) -> None:
        self.by_file: dict[tuple[int, int], list[int]] = {}
        self.blind = 0
        self._pids = pids
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="racewatch-mappings", daemon=True)

    def begin(self) -> bool:
        """Look in a thread of its own; False: there is none to be had."""
        try:
            self._thread.start()
        except RuntimeError:  # too many of them, or the program is ending
            return False
        return True

    def end(self) -> None:
        """Wait for it.  What went wrong there goes wrong here."""
        self._thread.join()
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        try:
            self.look()
        except BaseException as error:  # noqa: BLE001 - it belongs to whoever waits for it
            self._failure = error

    def look(self) -> None:
        """Read them here."""
        # Processes that were forked from one have the same mappings, to the letter: read of each, parsed once.
        parsed: dict[bytes, frozenset[tuple[int, int]]] = {}
        for pid in self._pids:
            try:
                data = fs.read_whole(b"/proc/%d/maps" % pid)
                if data not in parsed:
                    parsed[data] = parse_maps(data)
                for key in parsed[data]:
                    self.by_file.setdefault(key, []).append(pid)
            except (FileNotFoundError, ProcessLookupError):
                continue
            except OSError:
                self.blind += not processes.has_no_files(pid)
