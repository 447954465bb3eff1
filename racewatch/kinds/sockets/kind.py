"""The kind: where sockets are looked for, and how a look becomes an act."""

from __future__ import annotations

import errno
import os
import stat
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

from racewatch.core.by_name import NamedThing
from racewatch.core.kind import Procedure, Seen
from racewatch.core.model import KindName, Observation, Problem, Target
from racewatch.core.never import NeverRemoved
from racewatch.core.part import Part, Pinned
from racewatch.kinds.seeing import unseen
from racewatch.kinds.sockets.first import at_first
from racewatch.kinds.sockets.observe import Observer, is_being_watched, lost_target, why_lost
from racewatch.kinds.sockets.policy import Looks, SocketPolicy
from racewatch.kinds.sockets.surroundings import OwnerBook, Surroundings, UnitBook
from racewatch.kinds.walk import Excluded, Walk
from racewatch.linux import fs, sockdiag
from racewatch.linux.probe import DatagramProbe
from racewatch.linux.sockdiag import About, UnixSocket

_ONE_LOOK: Final = SocketPolicy()
#: So many sockets are asked for one by one; for more of them the kernel's whole list is cheaper.
_FEW: Final = 16


class SocketsKind:
    """Path sockets below the watched roots, and live ones whose name is lost.

    ``patient``: with a policy of several dead looks, a look waits for all of them (the command line
    and the act); otherwise the caller looks again by itself (the monitor) and sees the count grow.
    Usable from any thread; looks are taken one at a time.
    """

    def __init__(
        self,
        policy: SocketPolicy = _ONE_LOOK,
        *,
        patient: bool = True,
        exclude: Sequence[bytes] = (),
        max_entries: int = 1_000_000,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._policy = policy
        self._looks = Looks(policy)
        self._patient = patient
        self._excluded = Excluded(exclude)
        self._max_entries = max_entries
        self._sleep = sleep
        self._owners = OwnerBook()
        self._units = UnitBook()
        self._mutex = threading.RLock()

    @contextmanager
    def _surroundings(self, about: About | None = None) -> Iterator[Surroundings]:
        probe = DatagramProbe()
        try:
            yield Surroundings(self._owners, self._units, probe, about)
        finally:
            probe.close()

    @property
    def name(self) -> KindName:
        """Sockets."""
        return KindName.SOCKET

    def scan(self, roots: Sequence[bytes]) -> Iterator[Seen]:
        """Everything below the roots; see :class:`~racewatch.kinds.walk.Walk` for what is left out."""
        return self._patiently(self._scan(roots, recursive=True))

    def scan_directory(self, directory: bytes) -> Iterator[Seen]:
        """The sockets directly inside one directory."""
        return self._patiently(self._scan([directory], recursive=False))

    def scan_names(self, directory: bytes, names: Collection[bytes]) -> Iterator[Seen]:
        """What :meth:`scan_directory` would yield for these names, without listing the others."""
        return self.scan_places({directory: names})

    def scan_places(self, places: Mapping[bytes, Collection[bytes]]) -> Iterator[Seen]:
        """The same for names of several directories, with one look at the rest of the machine."""
        paths = {os.path.join(directory, name) for directory, names in places.items() for name in names}
        return self._patiently(self._scan_names(paths))

    def first_sight(self, places: Mapping[bytes, Collection[bytes]]) -> Iterator[Observation]:
        """What is there under these names, without a look at anybody else: live, or unknown as yet."""
        probe = DatagramProbe()
        try:
            for directory, names in places.items():
                if found := [name for name in names if _is_socket(os.path.join(directory, name))]:
                    yield from self._first_of(directory, found, probe)
        finally:
            probe.close()

    def _first_of(self, directory: bytes, names: list[bytes], probe: DatagramProbe) -> Iterator[Observation]:
        try:
            directory_fd = fs.open_directory(directory)
        except OSError:
            return  # the whole look says why
        try:
            for name in names:
                path = os.path.join(directory, name)
                if path in self._excluded:
                    continue
                if (one := _first_look(path, directory_fd, name, probe)) is not None:
                    yield one
        finally:
            os.close(directory_fd)

    def only_a_scan_tells(self, target: Target) -> bool:
        """A socket that seems to have lost its name may have been renamed: then its node is under another one."""
        return target.path is None

    def _scan_names(self, paths: set[bytes]) -> Iterator[Seen]:
        # Dear context is not made for the files that most programs write.
        there = {path: _is_socket(path) for path in paths}
        paths = {path for path, is_socket in there.items() if is_socket is not False}
        if not any(there.values()) and not _is_any_bound(paths):
            return
        with self._surroundings(_about(paths)) as around:
            with self._mutex:
                # For all at once: a walk through everybody's descriptors is dearer than all the rest.
                self._owners.of({row.inode for row in around.bound if row.owns_node}, thrifty=True)
            for path in sorted(paths):
                with self._mutex:
                    seen = self._look_at_path(Target(KindName.SOCKET, path), path, around, owners_known=True)
                if seen is not None and path not in self._excluded:
                    yield seen
            rows = [row for row in around.bound if row.name in paths and row.name not in self._excluded]
            yield from self._lost(rows, around)

    def _scan(self, roots: Sequence[bytes], *, recursive: bool) -> Iterator[Seen]:
        """As they are found.  The lock is held for each look, not in between: others go on meanwhile."""
        with self._surroundings() as around:
            with self._mutex:
                self._owners.of(self._wanted_owners(around, roots), only=recursive)
            observer, mutex = Observer(around, self._looks), self._mutex
            walk = Walk(_may_be_socket, around.filesystems, self._excluded, self._max_entries)
            for root in roots:
                for found in walk.below(root, recursive=recursive):
                    if isinstance(found, Problem):
                        yield found
                        continue
                    path, directory_fd, directory, fd, node = found
                    if not node.is_socket:
                        os.close(fd)
                        continue
                    try:
                        with mutex:
                            one = observer.node(path, directory_fd, directory, fd, node)
                    finally:
                        os.close(fd)
                    yield one
            prefixes = tuple(root.rstrip(b"/") + b"/" for root in roots)
            rows = [
                row
                for row in around.bound
                if row.name.startswith(prefixes)
                and row.key not in observer.nodes
                and (recursive or os.path.dirname(row.name) == roots[0])
                and row.name not in self._excluded
            ]
            yield from self._lost(rows, around)

    def _patiently(self, looks: Iterator[Seen]) -> Iterator[Seen]:
        """Repeat the looks that the policy demands, all that still wait for some together."""
        if not self._patient or self._policy.dead_looks <= 1:
            return looks
        return iter(self._all_looks(list(looks)))

    def _all_looks(self, seen: list[Seen]) -> list[Seen]:
        for _ in range(self._policy.dead_looks - 1):
            waiting = [one.target for one in seen if isinstance(one, Observation) and is_being_watched(one)]
            if not waiting:
                break
            self._sleep(self._policy.looks_apart)
            again = {target: self._look_once(target) for target in waiting}
            seen = [(isinstance(one, Observation) and again.get(one.target)) or one for one in seen]
        return seen

    def _wanted_owners(self, around: Surroundings, roots: Sequence[bytes]) -> set[int]:
        """The sockets whose holders are worth knowing: those whose name or node may lie below a root."""
        if around.rows is None:
            return set()
        devices: set[int] = set()
        for root in roots:
            try:
                mount_id = fs.stat_path(root).mount_id
            except OSError:
                continue
            superblock = around.filesystems.superblock_of(mount_id) if around.filesystems else None
            if superblock is not None:
                devices.add(superblock)
        prefixes = tuple(root.rstrip(b"/") + b"/" for root in roots)
        return {
            row.inode
            for rows in around.rows.values()
            for row in rows
            if row.owns_node and (row.name.startswith(prefixes) or row.dev in devices)
        }

    def _lost(self, rows: list[UnixSocket], around: Surroundings) -> Iterator[Observation]:
        """Live sockets whose own name does not lead to them: what other cleaners destroyed."""
        found = []
        for row in rows:
            if row.owns_node:
                with self._mutex:
                    because = why_lost(row, around)
                if because is not None:
                    found.append((row, because))
        if not found:
            return
        # Closes the race with a server that closes its socket and removes the name between the kernel's list and
        # the look at the name: in churn nearly all that seems to be lost is of that kind.
        bound = _still_bound([row for row, _ in found])
        for row, because in found:
            if row.inode in bound:
                with self._mutex:
                    lost = Observer(around, self._looks).lost(row, because)
                yield lost

    def look(self, target: Target) -> Observation | None:
        """One fresh observation, with all the looks the policy demands when patient."""
        with self._mutex:
            seen = self._look_once(target)
            while seen is not None and self._patient and is_being_watched(seen):
                self._sleep(self._policy.looks_apart)
                seen = self._look_once(target)
            return seen

    def _look_once(self, target: Target) -> Observation | None:
        if target.path is None:
            with self._surroundings() as around:
                return self._look_at_lost(target, around)
        with self._surroundings(_about({target.path})) as around:
            return self._look_at_path(target, target.path, around)

    def _look_at_path(
        self, target: Target, path: bytes, around: Surroundings, *, owners_known: bool = False
    ) -> Observation | None:
        directory_fd = fd = -1
        try:
            directory_fd = fs.open_directory(os.path.dirname(path))
            fd = fs.pin(directory_fd, os.path.basename(path))
            # Only a socket is a target here.  (In an act the pinned inode is judged whatever it is.)
            if not fs.stat_fd(fd).is_socket:
                return None
            return self._observe(path, directory_fd, fd, around, owners_known=owners_known)
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
                return None
            return unseen(target, path, error)
        finally:
            for handle in (fd, directory_fd):
                if handle >= 0:
                    os.close(handle)

    def _observe(
        self, path: bytes, directory_fd: int, fd: int, around: Surroundings, *, owners_known: bool = False
    ) -> Observation:
        node = fs.stat_fd(fd)
        if not owners_known:
            rows = around.rows_at(node) or ()
            self._owners.of({row.inode for row in rows if row.owns_node})
        return Observer(around, self._looks).node(path, directory_fd, fs.stat_fd(directory_fd), fd, node)

    def _look_at_lost(self, target: Target, around: Surroundings) -> Observation | None:
        row = _row_of(target, around.bound)
        if row is None:
            return None
        self._owners.of({row.inode})
        because = why_lost(row, around)
        return None if because is None else Observer(around, self._looks).lost(row, because)

    def procedure(self, target: Target) -> Procedure:
        """A path socket is captured by its name; a lost one has no name to take away."""
        if target.path is None:
            return NeverRemoved(lambda: self.look(target))
        return NamedThing(Part(target, target.path, self.recheck))

    def recheck(self, pinned: Pinned) -> Observation:
        """Judge a pinned inode with surroundings as they are now, with all the looks that are demanded."""
        with self._mutex:
            while True:
                about = About((pinned.name, os.path.basename(pinned.path)), (pinned.stat.ino,))
                with self._surroundings(about) as around:
                    seen = self._observe(pinned.path, pinned.directory_fd, pinned.fd, around)
                if not is_being_watched(seen):
                    return seen
                self._sleep(self._policy.looks_apart)


def _about(paths: Collection[bytes]) -> About:
    """What the kernel has to tell of these paths: who is bound by such a name, and who at such an inode.

    Race: a name comes to mean another inode between this look at it and the next.  Whoever is bound there
    was bound by that name, unless the socket was moved here; that move is told by an event of its own.
    """
    inodes = []
    for path in paths:
        try:
            inodes.append(os.lstat(path).st_ino)
        except OSError:
            continue
    return About(tuple({os.path.basename(path) for path in paths}), tuple(inodes))


def _may_be_socket(prefix: bytes, entry: os.DirEntry[str]) -> bytes | None:
    if entry.is_file(follow_symlinks=False) or entry.is_symlink() or entry.is_dir(follow_symlinks=False):
        return None
    return prefix + fs.name_of(entry)


def _first_look(path: bytes, directory_fd: int, name: bytes, probe: DatagramProbe) -> Observation | None:
    try:
        fd = fs.pin(directory_fd, name)
    except OSError:
        return None  # gone again, or the whole look says why
    try:
        node = fs.stat_fd(fd)
        return at_first(path, fd, node, probe) if node.is_socket else None
    finally:
        os.close(fd)


def _is_any_bound(paths: Collection[bytes]) -> bool:
    """Whether a socket lives that was bound by one of these names, at which there is nothing any more."""
    if not paths:
        return False
    try:
        return any(row.name in paths for row in sockdiag.bound_sockets(_about(paths)))
    except OSError:
        return True  # could not ask: the whole look says so


def _is_socket(path: bytes) -> bool | None:
    """None: nothing can be seen there."""
    try:
        return stat.S_ISSOCK(os.lstat(path).st_mode)
    except OSError:
        return None


def _still_bound(rows: Sequence[UnixSocket]) -> frozenset[int]:
    """Which of these sockets are there now as well; all of them when the kernel cannot be asked."""
    inodes = {row.inode for row in rows}
    try:
        if len(rows) <= _FEW:
            return frozenset(inode for inode in inodes if sockdiag.socket_by_inode(inode) is not None)
        names = About(tuple({os.path.basename(row.name) for row in rows}), ())
        return frozenset(row.inode for row in sockdiag.bound_sockets(names)) & inodes
    except OSError:
        return frozenset(inodes)


def _row_of(target: Target, bound: Sequence[UnixSocket]) -> UnixSocket | None:
    return next((row for row in bound if lost_target(row) == target), None)
