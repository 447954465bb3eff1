"""The kind: where locks are looked for, and how a look becomes an act."""

from __future__ import annotations

import errno
import os
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from typing import Final

from racewatch.core.kind import Procedure, Seen
from racewatch.core.model import KindName, Observation, Problem, Target, Verdict
from racewatch.core.part import Pinned
from racewatch.kinds.locks import registry as formats
from racewatch.kinds.locks.deleted import lost_locks, observe_lost
from racewatch.kinds.locks.first import at_first
from racewatch.kinds.locks.format import Listed
from racewatch.kinds.locks.names import LockNames, may_be_lock
from racewatch.kinds.locks.observe import Observer, Reading
from racewatch.kinds.locks.patterns import Place
from racewatch.kinds.locks.places import well_known
from racewatch.kinds.locks.procedure import procedure
from racewatch.kinds.locks.registry import Identified, Registry
from racewatch.kinds.locks.still import StillBook
from racewatch.kinds.locks.surroundings import Surroundings
from racewatch.kinds.seeing import unseen
from racewatch.kinds.sockets import SocketsKind
from racewatch.kinds.walk import Excluded, Found, Walk
from racewatch.linux import fs
from racewatch.linux.lookout import Lookout

#: Names that are read, each through a handle that is kept, before any of them is judged.
_MOST_OPEN: Final = 256
#: A scan that others interrupt looks at the rest of the machine anew after so many seconds.
_FRESH_SECONDS: Final = 3.0
_NOTHING_ASIDE: Final[Mapping[bytes, bytes]] = {}


class LocksKind:
    """Locks below the watched roots and in the well-known places, and those held on deleted files.

    ``stills`` remembers heartbeats between looks; share one book among the kinds of one program, so that
    what its monitor has watched counts for its acts.  Usable from any thread; looks are taken one at a time.
    """

    def __init__(
        self,
        registry: Registry | None = None,
        *,
        stills: StillBook | None = None,
        exclude: Sequence[bytes] = (),
        max_entries: int = 1_000_000,
        well_known_places: bool = True,
    ) -> None:
        self.registry = registry if registry is not None else formats.load()
        self._stills = stills if stills is not None else StillBook()
        self._excluded = Excluded(exclude)
        self._max_entries = max_entries
        self._well_known = well_known_places
        self._sockets = SocketsKind()
        self._mutex = threading.RLock()

    @property
    def name(self) -> KindName:
        """Locks."""
        return KindName.LOCK

    def places(self) -> Sequence[Place]:
        """The folders that a scan looks at beside its roots, as they exist now."""
        return well_known(self.registry) if self._well_known else ()

    def scan(self, roots: Sequence[bytes]) -> Iterator[Seen]:
        """Everything below the roots, and in the well-known places when this kind looks there."""
        return self.scan_below(roots, self.places())

    def scan_below(self, roots: Sequence[bytes], places: Sequence[Place] = ()) -> Iterator[Seen]:
        """Everything below the roots, and in exactly these places; nothing twice."""
        tasks = [Place(root, recursive=True) for root in roots]
        tasks += [place for place in places if not any(_covers(root, place.folder) for root in roots)]
        return self._scan(tasks)

    def scan_directory(self, directory: bytes) -> Iterator[Seen]:
        """The locks directly inside one directory."""
        return self._scan([Place(directory, recursive=False)])

    def scan_names(self, directory: bytes, names: Collection[bytes]) -> Iterator[Seen]:
        """The same for just these names of it; what is absent or no lock is left out."""
        return self.scan_places({directory: names})

    def scan_places(self, places: Mapping[bytes, Collection[bytes]]) -> Iterator[Seen]:
        """The same for names of several directories, with one look at the rest of the machine."""
        wanted: dict[bytes, list[bytes]] = {}
        for directory, names in places.items():
            if here := [name for name in names if self.cares_for(os.path.join(directory, name))]:
                wanted[directory] = here
        # Dear context is not made for the files that most programs write.
        return self._scan_names(wanted) if wanted else iter(())

    def _scan_names(self, places: Mapping[bytes, Sequence[bytes]]) -> Iterator[Seen]:
        """As they are judged.  The lock is held for each look, not in between."""
        around = Surroundings(few_files=True)
        for number, part in enumerate(_in_parts(places)):
            around = Surroundings(few_files=True) if number else around
            yield from self._names_of(part, around)
        paths = {os.path.join(directory, name) for directory, names in places.items() for name in names}
        with self._mutex:
            lost = self._lost(around, paths.__contains__)
        yield from lost

    def _names_of(self, places: Mapping[bytes, Collection[bytes]], around: Surroundings) -> Iterator[Seen]:
        """First all are read, then they are judged: so one survey of who has what open is after every reading."""
        with ExitStack() as handles:
            problems: list[Problem] = []
            read: list[tuple[Found, Reading]] = []
            with self._mutex:
                observer, walk = self._observer(around), self._walk(around)
                for directory, names in places.items():
                    for one in _kept_open(walk.names(directory, names), handles):
                        if isinstance(one, Problem):
                            problems.append(one)
                        else:
                            read.append((one, observer.read(one.path, one.fd, one.stat)))
            yield from problems
            for found, reading in read:
                with self._mutex:
                    rows = self._judged(found, reading, observer, around)
                yield from rows

    def first_sight(self, places: Mapping[bytes, Collection[bytes]]) -> Iterator[Observation]:
        """What is there under these names, without a look at anybody else: all of it unknown as yet."""
        walk = Walk(LockNames(self.registry, ()), None, self._excluded, self._max_entries)
        for directory, names in places.items():
            wanted = [name for name in names if self.cares_for(os.path.join(directory, name))]
            for found in walk.names(directory, wanted) if wanted else ():
                if isinstance(found, Found):
                    try:
                        with self._mutex:
                            one = at_first(self.registry, found)
                    finally:
                        os.close(found.fd)
                    if one is not None:
                        yield one

    def cares_for(self, path: bytes) -> bool:
        """Whether a thing of some type under this name may be a lock.  No I/O, from any thread."""
        return may_be_lock(self.registry, path)

    def look_again_in(self, seen: Observation) -> float | None:
        """A heartbeat says more when it is looked at again after its period, though nothing happens."""
        one = self.registry.get(seen.format) if seen.format is not None else None
        return None if one is None or seen.verdict is Verdict.STALE else one.refresh_period

    def _observer(self, around: Surroundings, aside: Mapping[bytes, bytes] = _NOTHING_ASIDE) -> Observer:
        return Observer(self.registry, around, self._stills, self._sockets, aside=aside)

    def _walk(self, around: Surroundings) -> Walk:
        names = LockNames(self.registry, around.locked_inodes())
        return Walk(names, around.filesystems, self._excluded, self._max_entries)

    def _scan(self, tasks: Sequence[Place]) -> Iterator[Seen]:
        """As they are found.  The lock is held for each look, not in between: others go on meanwhile."""
        with closing(Lookout()) as lookout, closing(fs.OwnHandles()) as handles:
            yield from self._scan_with(lookout, handles, tasks)

    def _scan_with(self, lookout: Lookout, handles: fs.OwnHandles, tasks: Sequence[Place]) -> Iterator[Seen]:
        with self._mutex:
            around, taken = Surroundings(look_for=lookout.look_for), time.monotonic()
            observer, walk = self._observer(around), self._walk(around)
        known: set[bytes] = set()
        for task in tasks:
            for found in walk.below(task.folder, recursive=task.recursive):
                if isinstance(found, Problem):
                    yield found
                    continue
                if found.path in known:
                    os.close(found.fd)
                    continue
                known.add(found.path)
                with self._mutex:
                    if time.monotonic() > taken + _FRESH_SECONDS:
                        around, taken = Surroundings(look_for=lookout.look_for), time.monotonic()
                        observer = self._observer(around)
                    rows = self._row(found, observer, around, handles)
                yield from rows
        with self._mutex:
            lost = self._lost(around, lambda path: any(_is_in(path, task) for task in tasks))
        yield from lost

    def _row(
        self, found: Found | Problem, observer: Observer, around: Surroundings, handles: fs.OwnHandles
    ) -> list[Seen]:
        """What a scan shows of one name: nothing when it is no lock after all, or listed only when held."""
        if isinstance(found, Problem):
            return [found]
        reader = -1
        try:
            reading = observer.read(found.path, found.fd, found.stat, keep=handles)
            reader = reading.content.reader
            return self._judged(found, reading, observer, around)
        finally:
            if reader >= 0:
                os.close(reader)
            os.close(found.fd)

    @staticmethod
    def _judged(found: Found, reading: Reading, observer: Observer, around: Surroundings) -> list[Seen]:
        one = reading.identified.format if reading.identified is not None else None
        if one is None or one.listed is Listed.ASKED:
            return []
        if one.listed is Listed.HELD and not around.held_mechanisms(found.stat):
            return []
        return [observer.node(found.path, found.directory_fd, found.directory, found.fd, found.stat, reading)]

    def _lost(self, around: Surroundings, wanted: Callable[[bytes], bool]) -> list[Seen]:
        found = (observe_lost(lost, around) for lost in lost_locks(around, self.registry, wanted))
        return [one for one in found if one is not None]

    def look(self, target: Target) -> Observation | None:
        """One fresh observation; None when there is no such target now."""
        with self._mutex:
            around = Surroundings(few_files=True)
            path = target.path
            if path is None:
                known = lost_locks(around, self.registry, lambda _: True)
                lost = next((one for one in known if one.target == target), None)
                return None if lost is None else observe_lost(lost, around)
            return self._look_at_path(target, path, around)

    def _look_at_path(self, target: Target, path: bytes, around: Surroundings) -> Observation | None:
        directory_fd = fd = -1
        try:
            directory_fd = fs.open_directory(os.path.dirname(path))
            fd = fs.pin(directory_fd, os.path.basename(path))
            return self._observe(path, directory_fd, fd, around)
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
                return None
            return unseen(target, path, error)
        finally:
            for handle in (fd, directory_fd):
                if handle >= 0:
                    os.close(handle)

    def _observe(
        self,
        path: bytes,
        directory_fd: int,
        fd: int,
        around: Surroundings,
        aside: Mapping[bytes, bytes] = _NOTHING_ASIDE,
    ) -> Observation:
        node = fs.stat_fd(fd)
        return self._observer(around, aside).node(path, directory_fd, fs.stat_fd(directory_fd), fd, node)

    def recheck(self, pinned: Pinned, aside: Mapping[bytes, bytes] = _NOTHING_ASIDE) -> Observation:
        """Judge a pinned lock with surroundings as they are now.

        ``aside``: where an act keeps companions meanwhile, by their own paths.
        """
        with self._mutex:
            around = Surroundings(few_files=True)
            return self._observe(pinned.path, pinned.directory_fd, pinned.fd, around, aside)

    def identify(self, pinned: Pinned) -> Identified | None:
        """The format of a pinned lock, and its claim; None when no format fits."""
        with self._mutex:
            observer = self._observer(Surroundings(few_files=True))
            return observer.read(pinned.path, pinned.fd, fs.stat_fd(pinned.fd)).identified

    def procedure(self, target: Target) -> Procedure:
        """How it would be broken; see :mod:`racewatch.kinds.locks.procedure`."""
        return procedure(self, target)


def _in_parts(places: Mapping[bytes, Sequence[bytes]]) -> Iterator[Mapping[bytes, Sequence[bytes]]]:
    """So many names at a time that their handles, all open at once, are few beside what a process may have."""
    part: dict[bytes, list[bytes]] = {}
    count = 0
    for directory, names in places.items():
        for name in names:
            part.setdefault(directory, []).append(name)
            count += 1
            if count == _MOST_OPEN:
                yield part
                part, count = {}, 0
    if part:
        yield part


def _kept_open(found: Iterable[Found | Problem], handles: ExitStack) -> Iterator[Found | Problem]:
    """All that a walk finds in one directory, with handles that outlive the walk."""
    directory_fd: int | None = None
    for one in found:
        if isinstance(one, Found):
            handles.callback(os.close, one.fd)
            if directory_fd is None:
                directory_fd = os.dup(one.directory_fd)
                handles.callback(os.close, directory_fd)
            yield one._replace(directory_fd=directory_fd)
        else:
            yield one


def _covers(root: bytes, folder: bytes) -> bool:
    return folder == root or folder.startswith(root.rstrip(b"/") + b"/")


def _is_in(path: bytes, task: Place) -> bool:
    if task.recursive:
        return path.startswith(task.folder.rstrip(b"/") + b"/")
    return os.path.dirname(path) == task.folder
