"""File events as hints: which names and directories are worth looking at again.

watchdog's ``InotifyFD`` is used directly and not its ``Observer``: only this layer tells of a queue
overflow and of a refused watch on a sub-directory (a recursive ``Observer`` swallows both), needs
one thread instead of one per root, has no unbounded queue of event objects, does not hold moves back
for half a second, and lets us decide which directories are descended into.

The callbacks run in watchdog's thread, which an exception would end: they only add to the inbox.
Everything else belongs to the worker.
"""

from __future__ import annotations

import errno
import fnmatch
import itertools
import logging
import os
import re
import stat
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from watchdog.observers.inotify_c import (
    CallbackId,
    InotifyConstants,
    InotifyEvent,
    InotifyFD,
    Mask,
    WatchDescriptor,
)

from racewatch.linux.mountinfo import read_mounts
from racewatch.linux.mounts import KERNEL_INTERFACES, is_container_root, is_local_unstacked, may_hang
from racewatch.monitor.abilities import Beside
from racewatch.monitor.batch import SourceHealth
from racewatch.monitor.coverage import (
    Coverage,
    RootState,
    Unwatched,
    beside_health,
    events_health,
    no_instance_health,
    root_state,
)
from racewatch.monitor.inventory import is_below
from racewatch.monitor.todo import Inbox

_log = logging.getLogger(__name__)

# Names that come, go or change their rights.  Never open, access or close-after-read: our own looking
# would cause them.  IN_EXCL_UNLINK: no events from files that have no name any more.
_NAMES: Final = Mask(
    InotifyConstants.IN_CREATE
    | InotifyConstants.IN_DELETE
    | InotifyConstants.IN_MOVED_FROM
    | InotifyConstants.IN_MOVED_TO
    | InotifyConstants.IN_ATTRIB
    | InotifyConstants.IN_DELETE_SELF
    | InotifyConstants.IN_MOVE_SELF
    | InotifyConstants.IN_ONLYDIR
    | InotifyConstants.IN_EXCL_UNLINK
)
# For kinds that read contents: a file was written and closed.
_CONTENTS: Final = InotifyConstants.IN_CLOSE_WRITE
_NO_FOLLOW: Final = InotifyConstants.IN_DONT_FOLLOW

_REFUSED: Final = -1  # what watchdog answers, without an error, when the kernel said EACCES

#: Whether it matters what is written into a file of this path.  Called in watchdog's thread; no I/O.
Matters = Callable[[bytes], bool]


class _Listener:
    """What one watched directory does with its events.  Runs in watchdog's thread; never raises."""

    __slots__ = ("_inbox", "_matters", "gone", "id", "path", "root", "wd")

    def __init__(
        self, inbox: Inbox, path: bytes, number: int, root: bytes, matters: Matters | None = None
    ) -> None:
        self._inbox = inbox
        self._matters = matters
        self.gone = False
        self.path = path
        self.id = CallbackId(number)
        self.root = root
        self.wd = WatchDescriptor(_REFUSED)

    def on_event(self, event: InotifyEvent) -> None:
        """One event, as the kernel told it."""
        try:
            if event.is_delete_self or event.is_move_self:
                self._inbox.tree(self.path)
            elif event.name:
                self._hint(event)
        except Exception:  # noqa: BLE001 - what escapes would end watchdog's thread and all hints
            _log.exception("a file event could not be noted")
            self._inbox.everything()

    def _hint(self, event: InotifyEvent) -> None:
        if event.is_directory:  # made, removed, moved, or its rights changed
            self._inbox.tree(os.path.join(self.path, event.name))
        written = event.mask & _CONTENTS
        if written and self._matters is not None and not self._matters(os.path.join(self.path, event.name)):
            return  # what most programs write most of the time is nobody's target
        self._inbox.name(self.path, event.name)

    def on_watch_deleted(self, _wd: WatchDescriptor) -> None:
        """The kernel took the watch away: the directory is gone, or its file system is."""
        self.gone = True
        self._inbox.tree(self.path)

    def on_queue_overflow(self) -> None:
        """Every listener is told; the inbox counts it once."""
        self._inbox.overflow()


class _Anchor(_Listener):
    """Waits above a root for one name, so that a root that comes (back) is noticed at once."""

    __slots__ = ("awaited", "identity")

    def __init__(self, inbox: Inbox, path: bytes, number: int, root: bytes, awaited: bytes) -> None:
        super().__init__(inbox, path, number, root)
        self.awaited = awaited
        self.identity = _identity(path)

    def _hint(self, event: InotifyEvent) -> None:
        if event.name == self.awaited:
            self._inbox.tree(self.root)

    def on_watch_deleted(self, _wd: WatchDescriptor) -> None:
        """The directory above is gone: there may be another one to wait in."""
        self.gone = True
        self._inbox.tree(self.root)


@dataclass(slots=True)
class _Root:
    """``beside``: a folder that a kind looks at beside the roots; ``deep``: what is below it, too."""

    coverage: Coverage
    deep: bool = True
    beside: bool = False
    identity: tuple[int, int] | None = None
    anchor: _Anchor | None = None


class FileHints:
    """Watches every directory below the roots and keeps doing so while they come and go."""

    def __init__(
        self,
        roots: Sequence[bytes],
        inbox: Inbox,
        *,
        contents: Matters | None = None,
        exclude: Sequence[bytes] = (),
        max_watches: int | None = None,
        between: Callable[[], None] = lambda: None,
    ) -> None:
        """``between``: called before each directory that is gone into; what it raises ends that."""
        self._inbox = inbox
        self._between = between
        self._matters = contents
        self._mask = Mask(_NAMES | _CONTENTS) if contents is not None else _NAMES
        self._excluded = _pattern(exclude)
        self._max_watches = max_watches
        self._roots = {root: _Root(Coverage(root)) for root in roots}
        self._watched: dict[bytes, _Listener] = {}
        self._children: dict[bytes, set[bytes]] = {}
        self._numbers = itertools.count(1)
        self._fd: InotifyFD | None = None
        self._failure: SourceHealth | None = None
        self._mounts: dict[bytes, str] = {}

    def start(self) -> None:
        """Open the source of events and watch what is there."""
        self._open()
        self.rebuild(None)

    def close(self, timeout: float) -> None:
        """End watchdog's thread and release its descriptors."""
        fd, self._fd = self._fd, None
        if fd is not None:
            fd.stop()
            fd.join(timeout)

    def health(self) -> list[SourceHealth]:
        """The source itself and the coverage of each root."""
        own = self._failure or events_health()
        beside = [root.coverage for root in self._roots.values() if root.beside]
        told = [own, *(root.coverage.health() for root in self._roots.values() if not root.beside)]
        return [*told, beside_health(beside)] if beside else told

    def look_beside(self, folders: Sequence[Beside]) -> list[bytes]:
        """Watch exactly these folders beside the roots; returns the directories that are new."""
        roots = {path for path, root in self._roots.items() if not root.beside}
        wanted = {one.folder: one.recursive for one in folders if not is_below(one.folder, roots)}
        known = {path: root.deep for path, root in self._roots.items() if root.beside}
        for path in [path for path, deep in known.items() if wanted.get(path) is not deep]:
            self._forget([one for one, listener in self._watched.items() if listener.root == path])
            del self._roots[path]
        new = wanted.keys() - self._roots.keys()
        for path in new:
            coverage = Coverage(path, events=self._fd is not None)
            self._roots[path] = _Root(coverage, deep=wanted[path], beside=True)
        return self.rebuild(set(new)) if new else []

    def is_watched(self, directory: bytes) -> bool:
        """True when names in this directory give hints."""
        return directory in self._watched

    def verify(self) -> bool:
        """Notice what no event told: a dead thread, a root that means something else now.

        Returns True when the watches had to be built anew, so that everything is to be looked at.
        """
        if self._fd is not None and not self._fd.is_alive():
            _log.error("watchdog's thread has ended; it is started again")
            self._fd.stop()
            self._fd = None
            self._forget_all()
        if self._fd is None and self._open():
            self.rebuild(None)
            return True
        stale = {path for path, root in self._roots.items() if _means_another(root)}
        if stale:
            self.rebuild(stale)
        return self._retry_limit() or bool(stale)

    def _retry_limit(self) -> bool:
        """Try one place that no watch was left for; when that works, all of them."""
        for root in self._roots.values():
            for path, why in root.coverage.unwatched.items():
                if why is Unwatched.LIMIT:
                    self.rebuild({path})
                    if path not in self._watched:
                        return False
                    self.rebuild(None)
                    return True
        return False

    def rebuild(self, trees: set[bytes] | None) -> list[bytes]:
        """Make the watches of these trees (None: of all) right again; returns the directories there.

        Watches that are right are kept: removing one queues an event, and removing all of a large
        tree would itself overflow the queue.
        """
        try:
            self._mounts = {mount.point: mount.fstype for mount in read_mounts()}
        except OSError as error:
            _log.warning("the mount table cannot be read: %s", error)
        if trees is None:
            trees = set(self._roots)
        before = self._known_below(trees)
        for root in self._roots.values():
            root.coverage.leave_out(lambda path: is_below(path, trees))
        visited: set[bytes] = set()
        readable: list[bytes] = []
        # The deepest first, so that a root inside a root keeps its own account.
        for top, of in sorted(self._tops(trees), key=lambda pair: -len(pair[0])):
            self._walk(top, self._roots[of], visited, readable)
        self._forget(before - visited)
        return readable

    # --- the tree ---------------------------------------------------------------------------------

    def _tops(self, trees: set[bytes]) -> set[tuple[bytes, bytes]]:
        """Where to start, and for which root: the trees inside roots, and the roots inside trees."""
        tops: set[tuple[bytes, bytes]] = set()
        for tree in trees:
            around = [path for path in self._roots if is_below(tree, {path})]
            if around:
                tops.add((tree, max(around, key=len)))
        tops.update((path, path) for path in self._roots if is_below(path, trees))
        return tops

    def _known_below(self, trees: set[bytes]) -> set[bytes]:
        known: set[bytes] = set()
        pending = list(trees)
        while pending:
            path = pending.pop()
            if path not in known:
                known.add(path)
                pending += self._children.get(path, ())
        return known

    def _walk(self, top: bytes, root: _Root, visited: set[bytes], readable: list[bytes]) -> None:
        """Watch a tree from its top down; links are not followed."""
        coverage = root.coverage
        if top == coverage.root and not self._examine(root):
            return
        if top != coverage.root and not root.deep:
            return
        pending = [top] if _is_directory(top) else []
        while pending:
            self._between()
            path = pending.pop()
            if path in visited or self._left_out(path):
                continue
            visited.add(path)
            self._children.setdefault(os.path.dirname(path), set()).add(path)
            fstype = self._mounts.get(path)
            if fstype is not None and fstype != "overlay" and not is_local_unstacked(fstype):
                coverage.shared.add(path)
            # First the watch, then the list: what is made in between is told by the watch.
            self._watch(path, root)
            children = _directories_in(path)
            if children is not None:
                readable.append(path)
                if root.deep:
                    pending += children
            elif path == coverage.root:
                coverage.state = RootState.DENIED

    def _examine(self, root: _Root) -> bool:
        """Look what a root's name means now; True when it is a directory to go into."""
        coverage = root.coverage
        path = coverage.root
        if not root.beside:  # which of those there are is asked anew all the time
            self._set_anchor(root)
        root.identity = _identity(path)
        try:
            coverage.state = root_state(os.lstat(path).st_mode)
        except (FileNotFoundError, NotADirectoryError):
            coverage.state = RootState.MISSING
        except PermissionError:
            coverage.state = RootState.DENIED
        except OSError:
            coverage.state = RootState.UNKNOWN
        return coverage.state is RootState.PRESENT

    def _left_out(self, path: bytes) -> bool:
        if path in self._roots:
            return False
        fstype = self._mounts.get(path)
        if fstype is not None and (fstype in KERNEL_INTERFACES or may_hang(fstype)):
            return True
        if is_container_root(path, fstype):
            return True
        return self._excluded is not None and self._excluded.match(path) is not None

    def _watch(self, path: bytes, root: _Root) -> None:
        """Have exactly one listener on the inode that a path means now."""
        if self._fd is None:
            return
        coverage = root.coverage
        old = self._watched.get(path)
        if old is None and self._max_watches is not None and len(self._watched) >= self._max_watches:
            coverage.unwatched[path] = Unwatched.LIMIT
            return
        listener = _Listener(self._inbox, path, next(self._numbers), coverage.root, self._matters)
        reason = self._add(listener, Mask(self._mask | _NO_FOLLOW))
        if old is not None:
            # Where the inode is the same, so is the descriptor, and the new listener keeps it alive.
            self._unlisten(old)
        if reason is None:
            self._watched[path] = listener
            coverage.watched += 1
        elif reason is not Unwatched.VANISHED:
            coverage.unwatched[path] = reason

    def _add(self, listener: _Listener, mask: Mask) -> Unwatched | None:
        """Add one watch; None on success."""
        if self._fd is None or not self._fd.is_alive():
            return Unwatched.OTHER
        try:
            listener.wd = self._fd.add_callback(listener.path, mask, listener, listener.id)
        except OSError as error:
            if error.errno == errno.ENOSPC:
                return Unwatched.LIMIT
            if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
                return Unwatched.VANISHED
            return Unwatched.OTHER
        if listener.wd == _REFUSED:
            self._drop(listener)
            return Unwatched.DENIED
        return None

    def _drop(self, listener: _Listener) -> None:
        if self._fd is not None:
            self._fd.remove_callbacks([(listener.wd, listener.id)])

    def _unlisten(self, listener: _Listener) -> None:
        del self._watched[listener.path]
        self._roots[listener.root].coverage.watched -= 1
        # The kernel dropped a gone one itself, and watchdog its book-keeping with it.
        if not listener.gone:
            self._drop(listener)

    def _forget(self, paths: Iterable[bytes]) -> None:
        for path in paths:
            listener = self._watched.get(path)
            if listener is not None:
                self._unlisten(listener)
            self._children.pop(path, None)
            siblings = self._children.get(os.path.dirname(path))
            if siblings is not None:
                siblings.discard(path)

    def _forget_all(self) -> None:
        """The source of events is gone and every listener with it."""
        self._watched.clear()
        self._children.clear()
        for root in self._roots.values():
            root.anchor = None
            root.coverage.watched = 0

    # --- roots and the source -----------------------------------------------------------------------

    def _set_anchor(self, root: _Root) -> None:
        """Watch the nearest directory that exists above a root for the next name on the way to it."""
        for _attempt in range(3):
            above, awaited = _nearest_above(root.coverage.root)
            current = root.anchor
            if current is not None and not _is_stale(current) and current.path == above:
                return
            anchor = _Anchor(self._inbox, above, next(self._numbers), root.coverage.root, awaited)
            # Links above a root are what the person named; the kernel may follow them.
            reason = self._add(anchor, self._mask)
            if current is not None:
                if not current.gone:
                    self._drop(current)
                root.anchor = None
            if reason is None:
                root.anchor = anchor
            elif reason is not Unwatched.VANISHED:
                return  # verify() polls the name
            # Round again: the next name may have come while we were adding.

    def _open(self) -> bool:
        try:
            self._fd = InotifyFD()
        except OSError as error:
            limit = error.errno in (errno.EMFILE, errno.ENFILE)
            self._failure = no_instance_health(error.strerror or str(error), limit=limit)
        else:
            self._fd.start()
            self._failure = None
        for root in self._roots.values():
            root.coverage.events = self._fd is not None
        return self._fd is not None


def _identity(path: bytes) -> tuple[int, int] | None:
    try:
        status = os.lstat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _pattern(exclude: Sequence[bytes]) -> re.Pattern[bytes] | None:
    """Shell patterns over whole paths, as one expression."""
    if not exclude:
        return None
    translated = (fnmatch.translate(os.fsdecode(one)) for one in exclude)
    return re.compile(os.fsencode("|".join(translated)))


def _is_directory(path: bytes) -> bool:
    try:
        return stat.S_ISDIR(os.lstat(path).st_mode)
    except OSError:
        return False


def _nearest_above(path: bytes) -> tuple[bytes, bytes]:
    """The deepest directory that exists above a path, and the next name on the way down."""
    above, name = os.path.split(path)
    while above != b"/" and not os.path.isdir(above):
        above, name = os.path.split(above)
    return above, name


def _is_stale(anchor: _Anchor) -> bool:
    return anchor.gone or _identity(anchor.path) != anchor.identity


def _means_another(root: _Root) -> bool:
    if root.anchor is not None and _is_stale(root.anchor):
        return True
    path = root.coverage.root
    if root.coverage.state is RootState.DENIED and _directories_in(path) is not None:
        return True
    return _identity(path) != root.identity


def _directories_in(path: bytes) -> list[bytes] | None:
    """The directories directly inside one; links are not followed.  None when it cannot be listed."""
    try:
        with os.scandir(path) as entries:
            return [entry.path for entry in entries if entry.is_dir(follow_symlinks=False)]
    except OSError:
        return None
