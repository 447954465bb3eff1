"""The containers of runtimes, by their state directories: where they are looked for, how one is deleted."""

from __future__ import annotations

import errno
import os
import shutil
import stat as stat_mode
import time
from collections.abc import Collection, Iterator, Sequence

from racewatch.core.by_exchange import ExchangedThing, OwnersWay
from racewatch.core.by_name import PRIVATE_PREFIX
from racewatch.core.kind import Procedure, Seen, Stop
from racewatch.core.model import Observation, OutcomeWord, Problem, Target
from racewatch.core.never import NeverRemoved
from racewatch.core.part import Part, Pinned
from racewatch.core.text import display, display_text
from racewatch.core.waiter import Waiter
from racewatch.kinds.containers.facts import Facts, Init
from racewatch.kinds.containers.judge import State, judge
from racewatch.kinds.containers.observe import Surroundings, gather, read_state
from racewatch.kinds.containers.reading import seconds
from racewatch.kinds.containers.roots import StateRoot, split, state_roots, target_of
from racewatch.kinds.containers.space import Enough, Space, of_container
from racewatch.kinds.containers.state import Recorded
from racewatch.kinds.seeing import fingerprint_of, moment, unseen
from racewatch.kinds.walk import why_not
from racewatch.linux import fs
from racewatch.linux.processes import ProcessId


class Runtimes:
    """The containers of runc, crun and youki.  ``roots`` are further state roots."""

    def __init__(self, roots: Sequence[StateRoot] = (), *, default_roots: bool = True) -> None:
        self._configured = tuple(roots)
        self._default = default_roots

    def state_roots(self) -> tuple[StateRoot, ...]:
        """The state roots that exist now."""
        if self._default:
            return state_roots(self._configured)
        return tuple(one for one in self._configured if os.path.isdir(one.path))

    def scan(self, around: Surroundings) -> Iterator[Seen]:
        """The containers in every state root."""
        for root in self.state_roots():
            yield from self.in_root(root, around, None)

    def target_around(self, directory: bytes) -> Target | None:
        """The container that whatever changes in a directory is about."""
        root = self.root_at(os.path.dirname(directory))
        return None if root is None else target_of(root, os.path.basename(directory))

    def bundles(self) -> tuple[dict[bytes, list[str]], str | None]:
        """Bundle → the containers that name it, and why that may not be all of them (None: it is)."""
        found: dict[bytes, list[str]] = {}
        blind: str | None = None
        for root in self.state_roots():
            try:
                directory = fs.open_directory(root.path)
            except OSError as error:
                blind = f"{display(root.path)} could not be looked into ({error.strerror})"
                continue
            try:
                for name in os.listdir(directory):
                    said = read_state(root.runtime, os.fsencode(name), directory)
                    if isinstance(said, Recorded):
                        if said.bundle is not None:
                            # A runtime may have written down the way that its caller came by.
                            for path in {os.path.normpath(said.bundle), os.path.realpath(said.bundle)}:
                                found.setdefault(path, []).append(
                                    f"{root.runtime} container {display_text(name)}"
                                )
                    elif said is not None:
                        blind = f"the {root.runtime} container {display_text(name)} does not say which bundle it has"
            except OSError as error:
                blind = f"{display(root.path)} could not be looked into ({error.strerror})"
            finally:
                os.close(directory)
        return found, blind

    def root_at(self, path: bytes) -> StateRoot | None:
        """The state root that a folder is."""
        return next((one for one in self.state_roots() if one.path == path), None)

    def in_root(
        self, root: StateRoot, around: Surroundings, names: Collection[bytes] | None
    ) -> Iterator[Seen]:
        """The containers of one state root, or of it just these."""
        try:
            directory = fs.open_directory(root.path)
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.ENOTDIR):
                yield Problem(root.path, why_not(error))
            return
        try:
            found = names if names is not None else [os.fsencode(name) for name in os.listdir(directory)]
            for name in sorted(found):
                if b":" in name:
                    # A target's text ends in a colon and the id: it would mean one of another state root.
                    yield Problem(
                        os.path.join(root.path, name), "its id has a colon in it: it cannot be named here"
                    )
                    continue
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
        root = self.root_at(path) or StateRoot(runtime, path)
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

    def space(self, target: Target, stop: Enough) -> Space | None:
        """What it takes on the disk and what deleting it frees; None when it is not there."""
        parts = split(target)
        if parts is None:
            return None
        runtime, path, name = parts
        return of_container(self.root_at(path) or StateRoot(runtime, path), name, stop)

    def procedure(self, target: Target) -> Procedure:
        """Its state directory is exchanged with an empty one, then its runtime deletes it there."""
        parts = split(target)
        place = target.place
        if parts is None or place is None:
            return NeverRemoved(lambda: self.look(target))
        runtime, path, name = parts
        root = self.root_at(path) or StateRoot(runtime, path)
        main = Part(target, os.path.join(path, name), lambda pinned: self._recheck(root, pinned))
        return ExchangedThing(main, lambda pinned: _owners_way(root, pinned))

    def _recheck(self, root: StateRoot, pinned: Pinned) -> Observation:
        """Judge a pinned state directory with surroundings as they are now, wherever it is meanwhile."""
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
        facts = gather(root, pinned.path, pinned.fd, Surroundings())
    except OSError as error:
        return Stop(
            OutcomeWord.FAILED, f"{display(pinned.path)} was not removed: {error.strerror}", error=str(error)
        )
    name = os.fsdecode(pinned.name)
    return OwnersWay(
        facts.group.directories,
        lambda aside: (program, "--root", os.fsdecode(aside), "delete", "--", name),
        _waiter(facts),
    )


def _waiter(facts: Facts) -> Waiter | None:
    """The first process, if there is one: all that a container consists of which is only created.

    Whether it still waits is not asked here but when it stands still: it may be started at any moment.
    """
    if facts.owner is None:
        return None
    return Waiter.of_this_boot(ProcessId(facts.owner.pid, facts.owner.start_ticks))


def _observation(target: Target, facts: Facts, node: fs.Stat) -> Observation:
    judged = judge(facts)
    said = facts.said if isinstance(facts.said, Recorded) else None
    identity = (said.created, said.pid, said.start_ticks) if said is not None else None
    # Race: a created one comes into doubt (it is frozen, something is mounted in it) after a person gave a word.
    offered = judged.removable.value if judged.state is State.CREATED else None
    return Observation(
        target=target,
        path=facts.path,
        fingerprint=fingerprint_of(
            node.dev, node.ino, node.btime_ns, identity, judged.state.value, judged.verdict.value, offered
        ),
        verdict=judged.verdict,
        label=judged.state.value,
        summary=judged.summary,
        evidence=judged.evidence,
        owner=facts.owner,
        removable=judged.removable,
        seen_at=time.time(),
        remedy=judged.remedy,
        facts=_pairs(facts, said, judged.state),
        others=tuple(one for one in facts.group.members if one != facts.owner),
        undoable=False,
    )


def _pairs(facts: Facts, said: Recorded | None, state: State) -> tuple[tuple[str, str], ...]:
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
        if facts.init is Init.ENDED:
            found.append(("finished", f"{runtime} does not record when"))
        if said.hooks:
            found.append(("hooks", display_text("; ".join(said.hooks))))
    if facts.group.directories:
        found.append(("control groups", ", ".join(map(display, facts.group.directories))))
    if state is State.CREATED and facts.owner is not None:
        who = f"{display_text(facts.owner.name)} (pid {facts.owner.pid})"
        found.append(("consequence", f"its waiting process, {who}, is killed"))
    if facts.group.count:
        found.append(("processes", str(facts.group.count)))
    return tuple(found)
