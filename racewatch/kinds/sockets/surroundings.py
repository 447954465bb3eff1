"""What one look needs to know about the rest of the machine: taken once per scan, afresh per act."""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from racewatch.core.model import Owner
from racewatch.kinds.place import Place, Places
from racewatch.kinds.seeing import describe, seniority
from racewatch.linux import fs, netns, processes, sockdiag, systemd
from racewatch.linux.mounts import FileSystems, is_local_unstacked
from racewatch.linux.probe import Answer, DatagramProbe, Presence
from racewatch.linux.sockdiag import About, UnixSocket

_UNITS_FRESH_SECONDS: Final = 30.0
_MOST_OWNERS: Final = 16
_MOST_REMEMBERED: Final = 200_000
#: A walk through everybody's descriptors that can wait does so for this many times as long as the last one took.
_WALKS_APART: Final = 9.0
#: But no longer than this (seconds): whoever looks again after it finds everybody.
_LONGEST_WAIT: Final = 0.5
_TICKS: Final = os.sysconf("SC_CLK_TCK")


@dataclass(slots=True)
class OwnerBook:
    """Who holds which socket, remembered between looks.

    A remembered owner counts only while that very process (pid and start time) lives; looking
    through every process's descriptors again is by far the dearest part of a scan.
    """

    _by_inode: dict[int, tuple[Owner, ...]] = field(default_factory=dict)
    unseen: int = 0
    _walk: processes.SocketHolders | None = None
    _walk_began: float = 0.0
    _next_walk: float = 0.0

    def of(self, inodes: set[int], *, only: bool = False, thrifty: bool = False) -> None:
        """Make sure that these sockets' holders are known; with ``only``, forget all others.

        ``thrifty``: for whoever looks again within a second.  What the last walk saw serves, and the next one
        waits until walks take no more than a tenth of the time; till then some holders are not known yet.
        """
        alive: dict[tuple[int, int], bool] = {}

        def lives(owner: Owner) -> bool:
            key = (owner.pid, owner.start_ticks)
            if key not in alive:
                alive[key] = processes.alive(processes.ProcessId(*key)) is processes.Life.ALIVE
            return alive[key]

        known = self._by_inode
        kept = {
            inode: known[inode]
            for inode in inodes
            if known.get(inode) and all(lives(owner) for owner in known[inode])
        }
        missing = inodes - kept.keys()
        if missing and thrifty and self._walk is not None:
            kept.update(self._described(self._walk, missing, before=self._walk_began))
            missing -= kept.keys()
        if missing and (not thrifty or time.monotonic() >= self._next_walk):
            began, self._walk_began = time.monotonic(), time.clock_gettime(time.CLOCK_BOOTTIME)
            self._walk = processes.socket_holders()
            ended = time.monotonic()
            self._next_walk = ended + min(_LONGEST_WAIT, _WALKS_APART * (ended - began))
            self.unseen = self._walk.unreadable
            kept.update(dict.fromkeys(missing, ()))
            kept.update(self._described(self._walk, missing))
        if only or len(known) > _MOST_REMEMBERED:
            self._by_inode = kept
        else:
            for inode in missing - kept.keys():
                known.pop(inode, None)
            known.update(kept)

    @staticmethod
    def _described(
        walk: processes.SocketHolders, inodes: set[int], *, before: float | None = None
    ) -> dict[int, tuple[Owner, ...]]:
        """The holders that a walk saw, of those sockets of which it saw any.

        ``before``: only processes that began before this moment (CLOCK_BOOTTIME).  A younger one cannot be the
        process that the walk saw; it only has its number.
        """
        latest = None if before is None else before * _TICKS
        described: dict[int, Owner | None] = {}
        found: dict[int, tuple[Owner, ...]] = {}
        for inode in inodes:
            owners = []
            for pid in walk.of(inode)[:_MOST_OWNERS]:
                if pid not in described:
                    described[pid] = describe(pid)
                owner = described[pid]
                if owner is not None and (latest is None or owner.start_ticks <= latest):
                    owners.append(owner)
            if owners:
                owners.sort(key=seniority)
                found[inode] = tuple(owners)
        return found

    def is_pending(self, inode: int) -> bool:
        """Whether nobody has looked yet who holds a socket."""
        return inode not in self._by_inode

    def get(self, inode: int) -> tuple[Owner, ...]:
        """The processes that hold a socket, the one to speak to first."""
        return self._by_inode.get(inode, ())


@dataclass(slots=True)
class UnitBook:
    """Which paths systemd's units listen on; asked at most twice a minute.

    ``problem`` says which manager could not be asked and why: "could not ask" is not "has none".
    """

    problem: str = ""
    _listeners: dict[bytes, systemd.UnitListener] = field(default_factory=dict)
    _asked_at: float = -1e9

    def listeners(self) -> Mapping[bytes, systemd.UnitListener]:
        """The units by the paths that they list, if systemd runs and says so."""
        now = time.monotonic()
        if now - self._asked_at > _UNITS_FRESH_SECONDS:
            self._asked_at = now
            told = systemd.listeners()
            self._listeners, self.problem = dict(told.by_path), "; ".join(told.problems)
        return self._listeners


class Surroundings:
    """One moment's view of mounts, bound sockets and their holders.  Make a new one for each look.

    Reads only.  Whatever cannot be read makes verdicts more careful, never less.  ``about``: only sockets of
    these names and inodes will be asked for (by their own path, by what is bound to the same name elsewhere).
    """

    def __init__(
        self, owners: OwnerBook, units: UnitBook, probe: DatagramProbe, about: About | None = None
    ) -> None:
        self.owners = owners
        self.units = units
        self.probe = probe
        self.taken_at = time.time()
        try:
            self.filesystems: FileSystems | None = FileSystems.take()
        except OSError:
            self.filesystems = None
        self.rows: dict[tuple[int, int], list[UnixSocket]] | None = None
        self._hidden: dict[bytes, str] = {}
        self.rivals_known = self.filesystems is not None
        try:
            bound = sockdiag.bound_sockets(about)
        except OSError:
            bound = ()
            self.rivals_known = False
        else:
            self.rows = self._index(bound)
        self.bound = bound
        self._foreign: set[bytes] = set()
        self._look_abroad()
        self._places = Places(self.filesystems)
        self._superblocks: dict[int | None, int | None] = {}

    @cached_property
    def unit_of(self) -> Callable[[bytes], systemd.UnitListener | None]:
        """The unit that lists a path, if systemd runs and says so."""
        return self.units.listeners().get

    def _index(self, bound: tuple[UnixSocket, ...]) -> dict[tuple[int, int], list[UnixSocket]]:
        rows: dict[tuple[int, int], list[UnixSocket]] = defaultdict(list)
        for row in bound:
            key = row.key
            if key is None:
                continue
            rows[key].append(row)
            if row.dev is None or not self._resolves_here(row.dev):
                # Race closed: the socket is bound through an overlay or FUSE mount that we do not
                # know of, and its node looks dead through the directory below.  A bound socket of the
                # same file name on such a file system (or on one we cannot identify) is a rival.
                self._hidden[os.path.basename(row.name)] = (
                    f"socket {row.inode} is bound as {os.fsdecode(row.name)!a} on a file system "
                    f"({self._fstype(row.dev) or 'unknown'}) that can show the same file under another inode"
                )
        return dict(rows)

    def _resolves_here(self, dev: int) -> bool:
        return is_local_unstacked(self._fstype(dev))

    def _fstype(self, dev: int | None) -> str | None:
        if dev is None or self.filesystems is None:
            return None
        return self.filesystems.fstype_by_dev(dev)

    def _look_abroad(self) -> None:
        """Names bound in other network namespaces: sock_diag does not show their nodes."""
        try:
            namespaces = netns.network_namespaces()
            found = netns.foreign_names(namespaces)
        except OSError:
            self.rivals_known = False
            return
        if namespaces.blind:
            # Race closed: a hidden process is bound, in a namespace of its own, to this very name
            # through a file system stacked on the directory; nothing else here would show it.
            self.rivals_known = False
        for one in found:
            self._foreign.add(one.name)
            if not self._node_is_plain(one.name, one.pid):
                self._hidden.setdefault(
                    os.path.basename(one.name),
                    f"a socket is bound as {os.fsdecode(one.name)!a} in the network namespace of pid "
                    f"{one.pid}, at a place that cannot be resolved here",
                )

    def _node_is_plain(self, name: bytes, pid: int) -> bool:
        """Whether a foreign name leads to a node on a file system where our own probe is exact.

        The name is text, given at bind time, perhaps relative: only an absolute one that resolves in
        the namespace it was bound in counts.
        """
        if not name.startswith(b"/") or self.filesystems is None:
            return False
        for root in (b"/proc/%d/root" % pid, b""):
            try:
                seen = fs.stat_path(root + name)
            except OSError:
                continue
            if seen.is_socket and is_local_unstacked(self.filesystems.fstype_of(seen.mount_id)):
                return True
        return False

    def rival(self, name: bytes) -> str | None:
        """A bound socket of this file name whose node cannot be resolved here, in words."""
        return self._hidden.get(name)

    def is_foreign(self, path: bytes) -> bool:
        """Whether a socket of this very name is bound in another network namespace."""
        return path in self._foreign

    def rows_at(self, stat: fs.Stat) -> tuple[UnixSocket, ...] | None:
        """The sockets that sock_diag lists at a node; None when it could not be asked."""
        return self.rows_of(self.key_of(stat))

    def rows_of(self, key: tuple[int, int]) -> tuple[UnixSocket, ...] | None:
        """The same, by what sock_diag calls the node."""
        if self.rows is None or self.filesystems is None:
            return None
        found = self.rows.get(key)
        return () if found is None else tuple(found)

    def key_of(self, stat: fs.Stat) -> tuple[int, int]:
        """What sock_diag calls the node: the superblock's device, not always ``st_dev``, and the inode."""
        mount_id, known = stat.mount_id, self._superblocks
        if mount_id not in known:
            known[mount_id] = self.filesystems.superblock_of(mount_id) if self.filesystems else None
        superblock = known[mount_id]
        return sockdiag.node_key(stat.dev if superblock is None else superblock, stat.ino)

    def place(self, directory_fd: int, directory: fs.Stat, name: bytes, fd: int, node: fs.Stat) -> Place:
        """Whether "nobody is bound" proves anything for this node; asked once a directory."""
        return self._places.of(directory_fd, directory, name, fd, node)

    def ask_merged(self, place: Place, name: bytes) -> Answer | None:
        """The probe's answer through an overlay's merged mount; None when none could be reached.

        Only life counts there: a merged mount in a namespace that nobody shows us may still exist.
        """
        answer: Answer | None = None
        for directory in place.merged:
            try:
                fd = os.open(os.path.join(directory, name), os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
            except OSError:
                continue
            try:
                if fs.stat_fd(fd).is_socket:
                    answer = self.probe.ask(fd)
            except OSError:
                continue
            finally:
                os.close(fd)
            if answer is not None and answer.presence is Presence.BOUND:
                return answer
        return answer
