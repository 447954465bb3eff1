"""What one look at locks needs to know about the rest of the machine: taken once per scan, afresh per act."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Final

from racewatch.core.model import Owner
from racewatch.kinds.locks.facts import Finding, HeldLock, Locked, Opened, Sight
from racewatch.kinds.locks.format import FileType, Mechanism
from racewatch.kinds.place import Place, Places
from racewatch.kinds.seeing import describe, seniority
from racewatch.linux import boot, flocks, fs, leases, mountinfo, openfiles, pidns, processes
from racewatch.linux.flocks import KernelLock
from racewatch.linux.mounts import FileSystems, is_local_unstacked
from racewatch.linux.openfiles import OpenFile, Survey

_MOST_OWNERS: Final = 16
_MOST_SURVEYS: Final = 16
_NONE: Final[frozenset[Mechanism]] = frozenset()
_OPEN_FILES: Final = "/proc/PID/fdinfo, /proc/PID/maps"
_LEASE: Final = "fcntl(F_SETLEASE)"
_NOT_OPEN: Final = Opened((), Finding(Sight.YES, _OPEN_FILES, "no process has it open"))
_NOT_OPEN_BY_LEASE: Final = Opened((), Finding(Sight.YES, _LEASE, "no process has it open"))
_FREE_BY_LEASE: Final = Locked(source=_LEASE)
_EXCLUDING: Final = {
    flocks.Mechanism.FLOCK: Mechanism.FLOCK,
    flocks.Mechanism.POSIX: Mechanism.POSIX,
    flocks.Mechanism.OFD: Mechanism.OFD,
}


class Surroundings:
    """One moment's view of mounts, kernel locks and processes.  Make a new one for each look.

    Reads only (see :mod:`racewatch.linux.leases` for the one question that is not quite free).  What is dear
    is looked at when it is first wanted, once.  Whatever cannot be read makes verdicts more careful.

    ``few_files``: for an act and for a look at what has changed.  The kernel is asked first whether anybody has the
    one file open, which is exact and a thousand times cheaper than looking into everybody; a scan would get in the
    way of whoever opens one of its thousands of files.

    ``look_for``: asks who has a number, afresh each time.
    """

    def __init__(
        self,
        *,
        this_boot: boot.Boot | None = None,
        few_files: bool = False,
        look_for: Callable[[int], processes.ProcessId | processes.Absent] = processes.look_for,
    ) -> None:
        self.boot = this_boot if this_boot is not None else boot.take()
        self.sees_everybody = self.boot.sees_everybody
        #: How often everybody was asked something so far.
        self.surveys = 0
        self._few_files = few_files
        #: What was asked: by that count the how manieth it was, and when.
        self._asked: dict[str, tuple[int, int]] = {}
        self._described: dict[int, Owner | None] = {}
        self._superblocks: dict[int | None, int | None] = {}
        #: The last file that the kernel was asked about by itself, and whether nobody has it open.
        self._asked_of: fs.Stat | None = None
        self._alone = False
        self.look_for = look_for

    # --- places -----------------------------------------------------------------------------------

    @cached_property
    def filesystems(self) -> FileSystems | None:
        """What is mounted, here and in other mount namespaces; None when that could not be read."""
        try:
            return FileSystems.take()
        except OSError:
            return None

    @cached_property
    def _mounted_here(self) -> Mapping[int | None, str]:
        """The types of what is mounted for ourselves, by mount id: a twentieth of what everybody's tables cost."""
        try:
            return {mount.id: mount.fstype for mount in mountinfo.read_mounts()}
        except OSError:
            return {}

    @cached_property
    def _places(self) -> Places:
        return Places(self.filesystems)

    def place(self, directory_fd: int, directory: fs.Stat, name: bytes, fd: int, node: fs.Stat) -> Place:
        """Whose locks and handles can be seen there; asked once a directory."""
        return self._places.of(directory_fd, directory, name, fd, node)

    def key_of(self, node: fs.Stat) -> tuple[int, int] | None:
        """What /proc/locks calls the inode; None when its file system is not in our tables."""
        mount_id, known = node.mount_id, self._superblocks
        if mount_id not in known:
            known[mount_id] = self.filesystems.superblock_of(mount_id) if self.filesystems else None
        superblock = known[mount_id]
        return None if superblock is None else (superblock, node.ino)

    # --- kernel locks -------------------------------------------------------------------------------

    @cached_property
    def _rows(self) -> Mapping[tuple[int, int], list[KernelLock]] | None:
        """The locks of everybody else by inode; None when they could not be listed."""
        try:
            rows = flocks.kernel_locks()
            # Of an OFD lock the table does not say whose it is.
            nobodys = any(row.mechanism is flocks.Mechanism.OFD and not row.waiting for row in rows)
            handles = openfiles.open_files(os.getpid()) if nobodys else ()
            ours = [lock for one in handles for lock in one.locks]
        except OSError:
            return None
        found: dict[tuple[int, int], list[KernelLock]] = {}
        for row in rows:
            if row.mechanism not in _EXCLUDING:
                continue
            # An act holds the lock that its target's owner would take: that is us, not a sign of life.
            if row.pid == os.getpid():
                continue
            if row.mechanism is flocks.Mechanism.OFD and not row.waiting and row in ours:
                ours.remove(row)
                continue
            found.setdefault((row.dev, row.ino), []).append(row)
        return found

    @property
    def has_locks(self) -> bool:
        """Whether the kernel's table of locks was wanted before."""
        return "_rows" in self.__dict__

    def locked_inodes(self) -> frozenset[int]:
        """The inode numbers, of whatever file system, with a kernel lock on them."""
        return frozenset(ino for _, ino in self._rows or ())

    def held_mechanisms(self, node: fs.Stat, pinned: int = -1) -> frozenset[Mechanism]:
        """The mechanisms of the kernel locks that somebody else holds on an inode; ``pinned`` as :meth:`locked` has it."""
        if self._is_free(node, pinned) or not self._rows:
            return _NONE
        key = self.key_of(node)
        rows = self._rows.get(key) if key is not None else None
        return frozenset(_EXCLUDING[row.mechanism] for row in rows if not row.waiting) if rows else _NONE

    def locked(self, node: fs.Stat, pinned: int = -1) -> Locked:
        """Who holds, and who waits for, a kernel lock on an inode; ``pinned``: a handle of it, where there is one."""
        if self._is_free(node, pinned):
            return _FREE_BY_LEASE
        key = self.key_of(node)
        if key is None:
            return Locked(blind="its file system is not in the tables of this machine")
        if self._rows is None:
            return Locked(blind="the kernel's table of locks could not be read")
        rows = self._rows.get(key)
        if rows is None:
            return self._free
        held = tuple(self._holders(row) for row in rows if not row.waiting)
        waiters = [row.pid for row in rows if row.waiting]
        waiting = self.people(pid for pid in waiters if pid > 0)
        return Locked(held, waiting, len(set(waiters)) - len(waiting), self._free.blind)

    @cached_property
    def _free(self) -> Locked:
        """What is said of an inode that the kernel's table does not have."""
        if self.sees_everybody:
            return Locked()
        return Locked(blind="kernel locks of processes outside this PID namespace are not listed")

    def _is_free(self, node: fs.Stat, pinned: int) -> bool:
        """Whether the kernel says of one of few files that nobody has it open; asked before its table is wanted.

        Before it shows its table the kernel waits for every processor (15 ms, of which an act has 25).  A lock
        belongs to an open handle, or ends with the first of its process's handles that is closed: where
        there is no handle there is no lock.  Open stays who opens and locks it from now on, as with the table.
        """
        if pinned < 0 or not self._few_files or self.has_locks:
            return False
        if self._asked_of != node:
            alone = node.is_regular and self._is_unstacked(node) and leases.open_elsewhere(pinned) is False
            self._asked_of, self._alone = node, alone
        return self._alone

    def _holders(self, row: KernelLock) -> HeldLock:
        """Who holds it now: the process that took it may have passed its handle on and ended."""
        family, exclusive, taker = row.mechanism, row.exclusive, row.pid
        if family is flocks.Mechanism.POSIX:
            return HeldLock(family, exclusive, taker, self.people([taker]), "")
        by_handle = [
            one.pid
            for one in self.survey.by_ino.get(row.ino, ())
            if any((lock.mechanism, lock.dev) == (family, row.dev) for lock in one.locks)
        ]
        found = self.people(by_handle)
        if found:
            passed_on = taker > 0 and taker not in {owner.pid for owner in found}
            how = f"taken by pid {taker}, which passed it on" if passed_on else "by a descriptor"
            return HeldLock(family, exclusive, taker, found, how)
        found = self.people(self.mappings.by_file.get((row.dev, row.ino), ()))
        if found:
            return HeldLock(family, exclusive, taker, found, "by a mapping of the file, without a descriptor")
        return HeldLock(
            family, exclusive, taker, self.people([taker]), "it took the lock; its handle was not seen"
        )

    def lost_locks(self) -> list[tuple[OpenFile, tuple[int, int]]]:
        """Handles of others that hold a kernel lock on a file whose name is gone, with its key."""
        handles = self._handles_of_takers() if "survey" not in self.__dict__ else None
        if handles is None:
            handles = [one for files in self.survey.by_ino.values() for one in files]
        return [
            (one, (one.locks[0].dev, one.ino))
            for one in handles
            if one.deleted is not None and one.locks and one.pid != os.getpid()
        ]

    def _handles_of_takers(self) -> list[OpenFile] | None:
        """What the processes that took the kernel locks have open; None when that does not show every lock.

        A survey of everybody is dear, and nearly always whoever took a lock has it still.
        """
        if self._rows is None:
            return None
        owed = {(row.mechanism, key) for key, rows in self._rows.items() for row in rows if not row.waiting}
        handles: list[OpenFile] = []
        for pid in {row.pid for rows in self._rows.values() for row in rows if not row.waiting}:
            try:
                handles += openfiles.open_files(pid)
            except OSError:
                return None  # gone, or hidden, or (an OFD lock) nobody's number
        shown = {(lock.mechanism, (lock.dev, one.ino)) for one in handles for lock in one.locks}
        return handles if owed <= shown else None

    def locked_key(self, key: tuple[int, int]) -> Locked:
        """As :meth:`locked`, for an inode that no name leads to any more."""
        rows = (self._rows or {}).get(key, ())
        held = tuple(self._holders(row) for row in rows if not row.waiting)
        return Locked(held, self.people(row.pid for row in rows if row.waiting and row.pid > 0))

    # --- processes ----------------------------------------------------------------------------------

    @cached_property
    def survey(self) -> Survey:
        """Every open file of every process that we may look into."""
        self._note("survey")
        return openfiles.survey()

    @cached_property
    def _named(self) -> Mapping[str, tuple[int, ...]]:
        """The processes by their names: a tenth of what a survey costs."""
        self._note("_named")
        return openfiles.by_name()

    def _note(self, question: str) -> None:
        self.surveys += 1
        self._asked[question] = (self.surveys, boot.stamp_ns())

    @cached_property
    def mappings(self) -> openfiles.Mappings:
        """Every mapped file likewise."""
        return openfiles.mappings()

    def ask_after(self, node: fs.Stat, surveys: int) -> bool:
        """See to it that everybody is asked after a file was read; ``surveys`` had been taken by then.

        An answer that is older than the reading serves when the file has not changed since (the kernel stamps
        changes with the coarse clock or a finer one; a clock that was set back in between is not noticed
        here).  Otherwise everybody is asked anew when it is next wanted, but not without end: False when that
        was done too often, so that a storm of writers cannot make one scan last for ever.
        """
        old = [
            question
            for question, (number, at) in self._asked.items()
            if number <= surveys and node.ctime_ns >= at
        ]
        if not old:
            return True
        if self.surveys >= _MOST_SURVEYS:
            return False
        for question in old:
            del self._asked[question], self.__dict__[question]
        if "survey" in old:
            self.__dict__.pop("mappings", None)
        return True

    @cached_property
    def inner_numbers(self) -> pidns.InnerNumbers:
        """The numbers of processes in PID namespaces below ours."""
        return pidns.inner_numbers()

    def describe(self, pid: int) -> Owner | None:
        """A living process; None when it is gone or cannot be seen."""
        known = self._described
        if pid not in known:
            known[pid] = describe(pid)
        return known[pid]

    def people(self, pids: Iterable[int]) -> tuple[Owner, ...]:
        """These processes, the oldest first; an init that only keeps things open comes last."""
        found = [owner for pid in list(dict.fromkeys(pids))[:_MOST_OWNERS] if (owner := self.describe(pid))]
        return tuple(sorted(found, key=seniority))

    def openers(self, node: fs.Stat) -> list[int]:
        """The processes, ourselves left out, that have an inode open."""
        handles = self.survey.by_ino.get(node.ino)
        if handles is None:
            return []
        found = []
        for one in handles:
            if not one.path_only and one.pid != os.getpid() and self._is_on(one, node):
                found.append(one.pid)
        return found

    def _is_on(self, one: OpenFile, node: fs.Stat) -> bool:
        superblock = self.filesystems.superblock_of(one.mount_id) if self.filesystems else None
        mine = self.key_of(node)
        if superblock is not None and mine is not None:
            return superblock == mine[0]
        # A mount that no table has (lazily unmounted): equal numbers are taken for the same file.
        return True

    def _is_unstacked(self, node: fs.Stat) -> bool:
        """Whether what is done with a file is done with this very inode.

        A file that was mapped through an overlay, or through a FUSE server that passes it on, and closed is in use as
        the inode below; the table of mappings names the one on top all the same.
        """
        return is_local_unstacked(self._mounted_here.get(node.mount_id))

    def opened(self, fd: int, node: fs.Stat, kind: FileType, reader: int = -1) -> Opened:
        """Who has it open, and whether everybody could be seen.

        ``fd`` pins it; ``reader`` is our own handle for reading, when it is open.
        """
        # Nobody has it open at this moment, and whoever opened, wrote and closed it before has changed its times,
        # which are looked at once more after this.  Open stays who opens it from now on, as with the survey.
        asks_first = self._few_files and kind is FileType.FILE and self._is_unstacked(node)
        if asks_first and leases.open_elsewhere(fd, reader) is False:
            return _NOT_OPEN_BY_LEASE
        source = _OPEN_FILES
        pids = self.openers(node)
        mapped = self.mappings.by_file.get(key) if (key := self.key_of(node)) else None
        if mapped is not None:
            pids += [pid for pid in mapped if pid != os.getpid()]
        if pids:
            if people := self.people(pids):
                return Opened(people, Finding(Sight.NO, source, "somebody has it open"))
            # Gone since, or hidden: seen at any rate.
            return Opened(
                (), Finding(Sight.UNSEEN, source, f"open in pid {pids[0]}, which was not seen again")
            )
        unseen = max(self.survey.blind, self.mappings.blind)
        if not unseen and self.sees_everybody:
            return _NOT_OPEN
        if kind is FileType.FILE:
            elsewhere = leases.open_elsewhere(fd, reader)
            if elsewhere is False:
                return _NOT_OPEN_BY_LEASE
            if elsewhere:
                hidden = "a process that this user may not look into has it open"
                return Opened((), Finding(Sight.NO, _LEASE, hidden))
        if not self.sees_everybody:
            why = "processes outside this PID namespace cannot be looked into"
        else:
            why = f"{unseen} processes could not be looked into; root can"
        return Opened((), Finding(Sight.UNSEEN, source, f"nobody was seen to have it open, but {why}"))

    def called(self, names: tuple[str, ...]) -> tuple[Owner, ...]:
        """The running processes of these names; the kernel keeps 15 bytes of a name."""
        wanted = {name[:15] for name in names}
        named = self.survey.named if "survey" in self.__dict__ else self._named
        return self.people(pid for name in wanted for pid in named.get(name, ()) if pid != os.getpid())

    def working_below(self, root: bytes) -> tuple[Owner, ...]:
        """The processes with their working directory or an open file in or below a folder."""
        inside = root.rstrip(b"/") + b"/"
        pids = [
            one.pid
            for one in self.survey.running.values()
            if one.cwd is not None and (one.cwd + b"/").startswith(inside)
        ]
        for files in self.survey.by_ino.values():
            pids += [one.pid for one in files if one.link.startswith(inside)]
        return self.people(pid for pid in pids if pid != os.getpid())
