"""The kind: where containers are looked for, and what a look at one says."""

from __future__ import annotations

import errno
import os
import shutil
import stat as stat_mode
import threading
import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from racewatch.core.by_exchange import ExchangedThing, OwnersWay
from racewatch.core.by_name import PRIVATE_PREFIX
from racewatch.core.kind import Procedure, Seen, Stop
from racewatch.core.model import KindName, Observation, OutcomeWord, Problem, Target, Verdict
from racewatch.core.never import NeverRemoved
from racewatch.core.part import Part, Pinned
from racewatch.core.text import display
from racewatch.kinds.containers.facts import Facts
from racewatch.kinds.containers.judge import judge
from racewatch.kinds.containers.observe import Surroundings, gather, seconds
from racewatch.kinds.containers.roots import StateRoot, split, state_roots, target_of
from racewatch.kinds.containers.state import Recorded
from racewatch.kinds.seeing import fingerprint_of, moment, unseen
from racewatch.kinds.walk import why_not
from racewatch.linux import fs

#: A pause makes no event that every kernel tells of, so what can be paused is looked at again.
_LOOK_AGAIN_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class StatePlace:
    """A state root as a folder to watch; state files and start FIFOs come and go one level below."""

    folder: bytes
    recursive: bool = True


class ContainersKind:
    """The containers of runc, crun and youki, by their state directories.

    ``roots`` are further state roots.  Usable from any thread; looks are taken one at a time.
    """

    def __init__(self, roots: Sequence[StateRoot] = (), *, default_roots: bool = True) -> None:
        self._configured = tuple(roots)
        self._default = default_roots
        self._mutex = threading.RLock()

    @property
    def name(self) -> KindName:
        """Containers."""
        return KindName.CONTAINER

    def state_roots(self) -> tuple[StateRoot, ...]:
        """The state roots that exist now."""
        if self._default:
            return state_roots(self._configured)
        return tuple(one for one in self._configured if os.path.isdir(one.path))

    def places(self) -> Sequence[StatePlace]:
        """The folders that a scan looks at beside its roots."""
        return [StatePlace(one.path) for one in self.state_roots()]

    def scan(self, roots: Sequence[bytes]) -> Iterator[Seen]:
        """The containers in every state root; ``roots`` add nothing yet."""
        del roots
        with self._mutex:
            around = Surroundings()
            return iter([seen for root in self.state_roots() for seen in self._in_root(root, around, None)])

    def scan_directory(self, directory: bytes) -> Iterator[Seen]:
        """The containers of one state root, or the one whose state directory this is."""
        return self._of_directory(directory, None)

    def scan_names(self, directory: bytes, names: Collection[bytes]) -> Iterator[Seen]:
        """Of a state root those of these names; of a state directory its own, whatever changed in it."""
        return self._of_directory(directory, names)

    def target_around(self, directory: bytes) -> Target | None:
        """The container that whatever changes in a directory is about."""
        root = self._root_at(os.path.dirname(directory))
        return None if root is None else target_of(root, os.path.basename(directory))

    def look_again_in(self, seen: Observation) -> float | None:
        """What lives can be paused and resumed without an event."""
        return _LOOK_AGAIN_SECONDS if seen.verdict in (Verdict.LIVE, Verdict.UNKNOWN) else None

    def _root_at(self, path: bytes) -> StateRoot | None:
        return next((one for one in self.state_roots() if one.path == path), None)

    def _of_directory(self, directory: bytes, names: Collection[bytes] | None) -> Iterator[Seen]:
        with self._mutex:
            root = self._root_at(directory)
            if root is not None:
                return iter(list(self._in_root(root, Surroundings(), names)))
            around = self.target_around(directory)
            seen = None if around is None else self.look(around)
            return iter(() if seen is None else (seen,))

    def _in_root(
        self, root: StateRoot, around: Surroundings, names: Collection[bytes] | None
    ) -> Iterator[Seen]:
        try:
            directory = fs.open_directory(root.path)
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.ENOTDIR):
                yield Problem(root.path, why_not(error))
            return
        try:
            found = names if names is not None else [os.fsencode(name) for name in os.listdir(directory)]
            for name in sorted(found):
                seen = self._observe(root, directory, name, around)
                if seen is not None:
                    yield seen
        except OSError as error:
            yield Problem(root.path, why_not(error))
        finally:
            os.close(directory)

    def look(self, target: Target) -> Observation | None:
        """One fresh observation; None when there is no such container now."""
        parts = split(target)
        if parts is None:
            return None
        runtime, path, name = parts
        root = self._root_at(path) or StateRoot(runtime, path)
        with self._mutex:
            try:
                directory = fs.open_directory(path)
            except OSError as error:
                if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
                    return None
                return unseen(target, os.path.join(path, name), error)
            try:
                return self._observe(root, directory, name, Surroundings())
            finally:
                os.close(directory)

    def _observe(
        self, root: StateRoot, directory: int, name: bytes, around: Surroundings
    ) -> Observation | None:
        """The container of this name in an open state root; None when it is none."""
        if name.startswith((b".", PRIVATE_PREFIX)):
            return None
        path = os.path.join(root.path, name)
        target = target_of(root, name)
        try:
            fd = fs.pin(directory, name)
        except FileNotFoundError:
            return None
        except OSError as error:
            return unseen(target, path, error)
        try:
            node = fs.stat_fd(fd)
            if not stat_mode.S_ISDIR(node.mode):
                return None
            return _observation(target, gather(root, path, fd, around), node)
        except FileNotFoundError:
            return None  # removed while it was looked at
        except OSError as error:
            return unseen(target, path, error)
        finally:
            os.close(fd)

    def procedure(self, target: Target) -> Procedure:
        """Its state directory is exchanged with an empty one, then its runtime deletes it there."""
        parts = split(target)
        place = target.place
        if parts is None or place is None:
            return NeverRemoved(lambda: self.look(target))
        runtime, path, name = parts
        root = self._root_at(path) or StateRoot(runtime, path)
        main = Part(target, os.path.join(path, name), lambda pinned: self._recheck(root, pinned))
        return ExchangedThing(main, lambda pinned: _owners_way(root, pinned))

    def _recheck(self, root: StateRoot, pinned: Pinned) -> Observation:
        """Judge a pinned state directory with surroundings as they are now, wherever it is meanwhile."""
        with self._mutex:
            try:
                facts = gather(root, pinned.path, pinned.fd, Surroundings())
            except OSError as error:
                return unseen(pinned.target, pinned.path, error)
            return _observation(pinned.target, facts, pinned.stat)


def _owners_way(root: StateRoot, pinned: Pinned) -> OwnersWay | Stop:
    """The runtime's own delete, without force, and the control groups in which nothing may live."""
    program = shutil.which(root.runtime.value)
    if program is None:
        return Stop(
            OutcomeWord.REFUSED_DENIED,
            f"{display(pinned.path)} was not removed: {root.runtime} is not installed here, and only it can delete",
        )
    try:
        groups = gather(root, pinned.path, pinned.fd, Surroundings()).group.directories
    except OSError as error:
        return Stop(
            OutcomeWord.FAILED, f"{display(pinned.path)} was not removed: {error.strerror}", error=str(error)
        )
    name = os.fsdecode(pinned.name)
    return OwnersWay(groups, lambda aside: (program, "--root", os.fsdecode(aside), "delete", name))


def _observation(target: Target, facts: Facts, node: fs.Stat) -> Observation:
    judged = judge(facts)
    said = facts.said if isinstance(facts.said, Recorded) else None
    identity = (said.created, said.pid, said.start_ticks) if said is not None else None
    return Observation(
        target=target,
        path=facts.path,
        fingerprint=fingerprint_of(
            node.dev, node.ino, node.btime_ns, identity, judged.state.value, judged.verdict.value
        ),
        verdict=judged.verdict,
        label=judged.state.value,
        summary=judged.summary,
        evidence=judged.evidence,
        owner=facts.owner,
        removable=judged.removable,
        seen_at=time.time(),
        remedy=judged.remedy,
        facts=_pairs(facts, said),
        others=tuple(one for one in facts.group.members if one != facts.owner),
        undoable=False,
    )


def _pairs(facts: Facts, said: Recorded | None) -> tuple[tuple[str, str], ...]:
    runtime = facts.root.runtime.value
    found = [
        ("name", facts.name),
        ("runtime", runtime if facts.manager is None else f"{facts.manager.name} ({runtime})"),
    ]
    if said is not None:
        if said.bundle is not None:
            found.append(("bundle", display(said.bundle)))
        if said.rootfs is not None:
            found.append(("root file system", display(said.rootfs)))
        made = seconds(said.created)
        if made is not None:
            found.append(("made", moment(made)))
        if said.hooks:
            found.append(("hooks", ", ".join(said.hooks)))
    if facts.group.count:
        found.append(("processes", str(facts.group.count)))
    return tuple(found)
