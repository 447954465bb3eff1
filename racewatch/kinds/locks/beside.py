"""What belongs to a lock, as it is now: companions looked at by the role that their format gives them."""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from racewatch.core.model import KindName, Target, Verdict
from racewatch.core.text import display
from racewatch.kinds.locks.claim import Claim
from racewatch.kinds.locks.contents import Content, file_type_of, read_content
from racewatch.kinds.locks.facts import Beside, Finding, Locked, Person, Sight
from racewatch.kinds.locks.format import FileType, Role
from racewatch.kinds.locks.named import look_up
from racewatch.kinds.locks.registry import Identified, Registry, Sighting
from racewatch.kinds.locks.surroundings import Surroundings
from racewatch.kinds.locks.templates import Found
from racewatch.kinds.sockets import SocketsKind
from racewatch.linux import fs, netns, sockdiag

_SOURCE: Final = "statx"


class Company(NamedTuple):
    """All that belongs to one lock: what counts for the verdict, and what goes when it goes."""

    beside: tuple[Beside, ...] = ()
    tested: tuple[tuple[bytes, Locked], ...] = ()
    goes_along: tuple[bytes, ...] = ()
    owner_says: Claim | None = None


_ALONE: Final = Company()


class Companions:
    """Looks at companions.  ``aside`` says where one is while an act has it away from its name."""

    def __init__(
        self,
        registry: Registry,
        around: Surroundings,
        sockets: SocketsKind,
        aside: Mapping[bytes, bytes],
    ) -> None:
        self._registry = registry
        self._around = around
        self._sockets = sockets
        self._aside = aside

    def look(self, identified: Identified, lock: fs.Stat) -> Company:
        """Every companion of a lock; what cannot be seen says so."""
        if not identified.format.companions:
            return _ALONE
        beside: list[Beside] = []
        tested: list[tuple[bytes, Locked]] = []
        along: list[bytes] = []
        owner_says: Claim | None = None
        companions = identified.companions()
        sockets = {one.path for one in companions if one.companion.role is Role.SOCKET}
        for found in companions:
            role, path = found.companion.role, found.path
            if role is Role.ABSTRACT:
                beside.append(self._abstract(path))
            elif role is Role.TESTED:
                seen = self._tested(path)
                if seen is not None:
                    tested.append((path, seen))
            elif role is Role.OWNER:
                said, trouble = self._said(path)
                owner_says = said
                if trouble is not None:
                    beside.append(Beside(role, path, exists=True, dead=trouble))
            elif role is Role.PIDFILE:
                beside.append(self._pidfile(path))
            elif role is Role.CLOSED:
                beside.append(self._closed(path))
            elif role is Role.SOCKET or (role is Role.TOGETHER and found.companion.type is FileType.SOCKET):
                if role is Role.TOGETHER:
                    along += [path] if self._exists(path) else []
                if role is Role.SOCKET or path not in sockets:
                    beside.append(self._socket(path))
            elif role is Role.TOGETHER:
                along += [path] if self._exists(path) else []
            elif role is Role.TWIN:
                along += [one for one in self._named_like(found) if self._is_twin(one, lock, identified.path)]
        return Company(tuple(beside), tuple(tested), tuple(dict.fromkeys(along)), owner_says)

    def _where(self, path: bytes) -> bytes:
        return self._aside.get(path, path)

    def _exists(self, path: bytes) -> bool:
        return os.path.lexists(self._where(path))

    def _stat(self, path: bytes) -> fs.Stat | OSError | None:
        """None: there is none."""
        try:
            return fs.stat_path(self._where(path))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            return error

    def _is_twin(self, path: bytes, lock: fs.Stat, own: bytes) -> bool:
        seen = self._stat(path)
        return path != own and isinstance(seen, fs.Stat) and seen.same_inode(lock)

    @staticmethod
    def _named_like(found: Found) -> Sequence[bytes]:
        if not found.is_pattern:
            return [found.path]
        folder, pattern = os.path.split(found.path)
        try:
            names = os.listdir(folder)
        except OSError:
            return []
        matching = sorted(name for name in names if fnmatch.fnmatchcase(name, pattern))
        return [os.path.join(folder, name) for name in matching]

    def _tested(self, path: bytes) -> Locked | None:
        """The kernel locks on it; None when it is not there."""
        seen = self._stat(path)
        if seen is None:
            return None
        if isinstance(seen, OSError):
            return Locked(blind=f"{display(path)} could not be looked at ({seen.strerror})")
        return self._around.locked(seen)

    def _said(self, path: bytes) -> tuple[Claim | None, Finding | None]:
        """What an owner file says; a finding when it is there and what it says proves nothing."""
        try:
            identified, _, settled = self._read(path)
        except (FileNotFoundError, NotADirectoryError):
            return None, None
        except OSError as error:
            return None, Finding(Sight.UNSEEN, _SOURCE, f"{display(path)}: {error.strerror}")
        if identified is None or identified.said is None:
            return None, Finding(Sight.UNSEEN, "read", f"{display(path)} was not understood")
        return identified.said, None if settled.sight is Sight.YES else settled

    def _read(self, path: bytes) -> tuple[Identified | None, fs.Stat, Finding]:
        """Identify a file beside the lock by its own format, and whether nobody writes it.  Raises OSError."""
        directory = fs.open_directory(os.path.dirname(self._where(path)))
        try:
            fd = fs.pin(directory, os.path.basename(self._where(path)))
        finally:
            os.close(directory)
        try:
            node = fs.stat_fd(fd)
            kind = file_type_of(node)
            limit = self._registry.read_limit(path, kind)
            content = Content(read_content(fd, node, limit), node, limit, self._around.surveys)
            return (
                self._registry.identify(Sighting(path, kind, content.data, node.size, node.nlink)),
                node,
                self._settled(path, fd, content),
            )
        finally:
            os.close(fd)

    def _settled(self, path: bytes, fd: int, content: Content) -> Finding:
        """The same guard as for the lock itself: half of a pid is the pid of somebody else."""
        shown, node = display(path), content.node
        if self._around.ask_after(node, content.surveys):
            nobody = self._around.opened(fd, node, file_type_of(node)).nobody
            if nobody.sight is not Sight.YES:
                return Finding(Sight.UNSEEN, nobody.source, f"{shown}: {nobody.detail}")
            if content.is_still_so(fd):
                return Finding(Sight.YES, "statx, read", f"nobody writes {shown}")
        return Finding(Sight.UNSEEN, "statx, read", f"{shown} was written while it was looked at")

    def _pidfile(self, path: bytes) -> Beside:
        """Absent, or it names a process that has ended; anything else is in the way."""
        try:
            identified, node, settled = self._read(path)
        except (FileNotFoundError, NotADirectoryError):
            return _absent(Role.PIDFILE, path)
        except OSError as error:
            return _unseen(Role.PIDFILE, path, f"{display(path)} could not be read ({error.strerror})")
        if identified is None or identified.said is None:
            return _unseen(Role.PIDFILE, path, f"{display(path)} was not understood")
        named = look_up(identified.said, identified.format.processes, node, self._around)
        source = "/proc/PID/stat"
        if named.person is Person.LIVES:
            dead = Finding(Sight.NO, source, f"{display(path)} names a living process: {named.detail}")
        elif named.person is not Person.GONE or named.space.sight is not Sight.YES:
            dead = Finding(Sight.UNSEEN, source, f"{display(path)}: {named.detail}; {named.space.detail}")
        elif settled.sight is not Sight.YES:
            dead = settled
        else:
            dead = Finding(Sight.YES, source, f"{display(path)}: {named.detail}")
        return Beside(Role.PIDFILE, path, exists=True, dead=dead, owner=named.owner)

    def _closed(self, path: bytes) -> Beside:
        """A device that nobody may have open."""
        node = self._stat(path)
        if node is None:
            return _absent(Role.CLOSED, path)
        if isinstance(node, OSError):
            return _unseen(Role.CLOSED, path, f"{display(path)} could not be looked at ({node.strerror})")
        pids = self._around.openers(node)
        people = self._around.people(pids)
        source = "/proc/PID/fdinfo"
        owner = people[0] if people else None
        if pids:
            dead = Finding(Sight.NO, source, f"{display(path)} is open in a process")
        elif self._around.survey.blind or not self._around.sees_everybody:
            dead = Finding(Sight.UNSEEN, source, f"who has {display(path)} open could not all be seen")
        else:
            dead = Finding(Sight.YES, source, f"nobody has {display(path)} open")
        return Beside(Role.CLOSED, path, exists=True, dead=dead, owner=owner)

    def _socket(self, path: bytes) -> Beside:
        """A socket, or a link to one."""
        node = self._stat(path)
        if node is None:
            return _absent(Role.SOCKET, path)
        if isinstance(node, OSError):
            return _unseen(Role.SOCKET, path, f"{display(path)} could not be looked at ({node.strerror})")
        where = self._where(path)
        if file_type_of(node) is FileType.SYMLINK:
            try:
                where = os.path.normpath(os.path.join(os.path.dirname(where), os.readlink(where)))
            except OSError as error:
                return _unseen(Role.SOCKET, path, f"{display(path)} could not be read ({error.strerror})")
        seen = self._sockets.look(Target(KindName.SOCKET, where))
        source = "connect(AF_UNIX, SOCK_DGRAM)"
        if seen is None:
            return Beside(
                Role.SOCKET,
                path,
                exists=True,
                dead=Finding(Sight.YES, _SOURCE, f"{display(path)} leads to no socket"),
            )
        detail = f"{display(path)}: {seen.label}"
        sight = {Verdict.STALE: Sight.YES, Verdict.LIVE: Sight.NO}.get(seen.verdict, Sight.UNSEEN)
        return Beside(Role.SOCKET, path, exists=True, dead=Finding(sight, source, detail), owner=seen.owner)

    def _abstract(self, name: bytes) -> Beside:
        """A name that must be unbound in every network namespace."""
        source = "sock_diag, /proc/PID/net/unix"
        shown = f"@{display(name)}"
        try:
            if any(row.name.rstrip(b"\0") == b"\0" + name for row in sockdiag.bound_sockets()):
                return Beside(
                    Role.ABSTRACT,
                    name,
                    exists=True,
                    dead=Finding(Sight.NO, source, f"{shown} is bound"),
                )
            elsewhere = netns.network_namespaces()
            foreign = netns.foreign_names(elsewhere)
        except OSError as error:
            return _unseen(Role.ABSTRACT, name, f"whether {shown} is bound: {error.strerror}")
        other = next((one for one in foreign if one.name.rstrip(b"@") == b"@" + name), None)
        if other is not None:
            # A display of a container of its own has the same name; which one is meant cannot be told.
            detail = f"{shown} is bound in the network namespace of pid {other.pid}"
            return Beside(Role.ABSTRACT, name, exists=True, dead=Finding(Sight.UNSEEN, source, detail))
        if elsewhere.blind:
            return _unseen(Role.ABSTRACT, name, "some processes' network namespaces could not be looked into")
        return Beside(
            Role.ABSTRACT, name, exists=False, dead=Finding(Sight.YES, source, f"{shown} is not bound")
        )


def _absent(role: Role, path: bytes) -> Beside:
    return Beside(role, path, exists=False, dead=Finding(Sight.YES, _SOURCE, f"{display(path)} is not there"))


def _unseen(role: Role, path: bytes, why: str) -> Beside:
    return Beside(role, path, exists=True, dead=Finding(Sight.UNSEEN, _SOURCE, why))
