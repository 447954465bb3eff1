"""The bundles below the roots: where they are looked for, what is found out about one, how one is removed."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable, Collection, Iterator, Sequence

from racewatch.core.by_name import PRIVATE_PREFIX, NamedThing
from racewatch.core.kind import Procedure, Seen
from racewatch.core.model import Evidence, Observation, Problem, Removable, Says, Target, Verdict
from racewatch.core.never import NeverRemoved
from racewatch.core.part import Part, Pinned
from racewatch.core.text import display, display_text, quoted
from racewatch.kinds.containers.bundles import (
    CONFIG,
    Bundle,
    BundleFacts,
    is_apples,
    judge_bundle,
    path_of,
    read_bundle,
    target_of,
)
from racewatch.kinds.containers.observe import Surroundings
from racewatch.kinds.containers.roots import manager_of_bundle
from racewatch.kinds.containers.shims import task_of
from racewatch.kinds.place import Places
from racewatch.kinds.seeing import fingerprint_of, moment, unseen
from racewatch.kinds.walk import Excluded, Walk
from racewatch.linux import fs

#: Bundle → the containers that name it, and why those may not be all.
Users = Callable[[], tuple[dict[bytes, list[str]], str | None]]


class Bundles:
    """OCI bundles.  ``users`` tells which containers name which bundle; asked once a look."""

    def __init__(self, users: Users, excluded: Excluded, max_entries: int) -> None:
        self._users = users
        self._excluded = excluded
        self._max_entries = max_entries

    def scan(self, roots: Sequence[bytes], around: Surroundings) -> Iterator[Seen]:
        """Every bundle below the roots; links are not followed."""
        walk = Walk(_is_config, around.filesystems, self._excluded, self._max_entries)
        look: _Look | None = None
        for root in roots:
            for found in walk.below(root):
                if isinstance(found, Problem):
                    continue  # said by the kinds that look at everything there
                os.close(found.fd)
                look = look or _Look(self._users, around)
                seen = look.at(os.path.dirname(found.path))
                if seen is not None:
                    yield seen

    def in_directory(self, directory: bytes, names: Collection[bytes] | None) -> Iterator[Seen]:
        """The bundles directly inside a directory, or of it just these; next to nothing when there is none."""
        try:
            found = [os.fsencode(name) for name in os.listdir(directory)] if names is None else names
        except OSError:
            return  # said by the kinds that look at everything there
        paths = (os.path.join(directory, name) for name in sorted(found))
        bundles = [
            path
            for path in paths
            if os.path.lexists(os.path.join(path, CONFIG)) and path not in self._excluded
        ]
        look = _Look(self._users, Surroundings()) if bundles else None
        for path in bundles:
            seen = look.at(path) if look is not None else None
            if seen is not None:
                yield seen

    def look(self, target: Target) -> Observation | None:
        """One fresh observation; None when there is no such bundle now."""
        path = path_of(target)
        return None if path is None else _Look(self._users, Surroundings()).at(path)

    def procedure(self, target: Target) -> Procedure:
        """Its name is taken away in one step; it is kept aside, whole."""
        path = path_of(target)
        if path is None:
            return NeverRemoved(lambda: None)
        return NamedThing(Part(target, path, self._recheck))

    def _recheck(self, pinned: Pinned) -> Observation:
        """Judge a pinned bundle with surroundings as they are now, wherever it is meanwhile."""
        try:
            here = os.readlink(fs.fd_path(pinned.fd))
            seen = _Look(self._users, Surroundings()).pinned(pinned.path, here, pinned.fd)
        except OSError as error:
            return unseen(pinned.target, pinned.path, error)
        if seen is None:
            return unseen(pinned.target, pinned.path, OSError(errno.ENOENT, "it is no bundle any more"))
        return seen


class _Look:
    """What one look at some bundles needs to know of the machine, found out once."""

    def __init__(self, users: Users, around: Surroundings) -> None:
        self._around = around
        self._containers, self._unseen_users = users()
        self._places = Places(around.filesystems)

    def at(self, path: bytes) -> Observation | None:
        """The bundle at a path; None when there is none."""
        if os.path.basename(path).startswith(PRIVATE_PREFIX):
            return None  # kept aside by an act: the journal knows it
        try:
            above = fs.open_directory(os.path.dirname(path))
        except OSError:
            return None
        try:
            fd = fs.pin(above, os.path.basename(path))
        except OSError:
            return None
        finally:
            os.close(above)
        try:
            return self.pinned(path, path, fd)
        except OSError as error:
            return unseen(target_of(path), path, error)
        finally:
            os.close(fd)

    def pinned(self, path: bytes, here: bytes, fd: int) -> Observation | None:
        """The bundle that ``fd`` pins, called ``path`` and just now at ``here``.  Raises OSError."""
        node = fs.stat_fd(fd)
        if not node.is_directory:
            return None
        directory = fs.open_directory(b".", dirfd=fd)
        try:
            bundle = read_bundle(here, directory)
            names = frozenset(os.listdir(directory)) if bundle is None else frozenset()
        finally:
            os.close(directory)
        if bundle is None:
            return _of_apple(path, node) if is_apples(names) else None
        above = fs.open_directory(os.path.dirname(here))
        try:
            place = self._places.of(above, fs.stat_fd(above), os.path.basename(here), fd, node)
        finally:
            os.close(above)
        rooted, unseen_roots = self._around.rooted(here, bundle.rootfs)
        mounts, unseen_mounts = self._around.mounted_below((here, bundle.rootfs))
        elsewhere, unseen_elsewhere = self._around.shown_elsewhere(fd, path)
        facts = BundleFacts(
            path=path,
            bundle=bundle,
            manager=manager_of_bundle(path),
            where=place.where,
            users=tuple(self._containers.get(path, ())),
            mounts=mounts,
            elsewhere=elsewhere,
            rooted=rooted,
            blind=unseen_roots or unseen_mounts or unseen_elsewhere or self._unseen_users,
            task=task_of(path),
        )
        return _observation(facts, node)


def _of_apple(path: bytes, node: fs.Stat) -> Observation:
    """A bundle of apple/container, met on a share: its state lives in the memory of a server on a Mac."""
    name = os.fsdecode(os.path.basename(path))
    why = "its state lives in the memory of its server, on the Mac that it belongs to"
    return Observation(
        target=target_of(path),
        path=path,
        fingerprint=fingerprint_of(b"apple", node.dev, node.ino, node.btime_ns),
        verdict=Verdict.UNKNOWN,
        label="apple/container",
        summary=f"A bundle of apple/container: {why}, so whether it runs cannot be told here.",
        evidence=(Evidence("bundle", Says.UNKNOWN, "names inside", why),),
        owner=None,
        removable=Removable.NEVER,
        seen_at=time.time(),
        remedy=f"on that Mac: container delete {quoted(name.encode())}",
        facts=(("name", display_text(name)), ("runtime", "apple/container"), ("bundle", display(path))),
    )


def _is_config(prefix: bytes, entry: os.DirEntry[str]) -> bytes | None:
    return prefix + CONFIG if entry.name == "config.json" and entry.is_file(follow_symlinks=False) else None


def _observation(facts: BundleFacts, node: fs.Stat) -> Observation:
    judged = judge_bundle(facts)
    bundle: Bundle = facts.bundle
    return Observation(
        target=target_of(facts.path),
        path=facts.path,
        fingerprint=fingerprint_of(
            node.dev, node.ino, node.btime_ns, bundle.config, judged.verdict.value, judged.label
        ),
        verdict=judged.verdict,
        label=judged.label,
        summary=judged.summary,
        evidence=judged.evidence,
        owner=facts.rooted[0] if facts.rooted else None,
        removable=judged.removable,
        seen_at=time.time(),
        remedy=judged.remedy,
        facts=(
            ("name", display(os.path.basename(facts.path))),
            ("runtime", "bundle" if facts.manager is None else f"{facts.manager.name} (bundle)"),
            ("bundle", display(facts.path)),
            ("root file system", display(bundle.rootfs)),
            ("made", moment((node.btime_ns or node.mtime_ns) / 1e9)),
            *((("hooks", display_text("; ".join(bundle.hooks))),) if bundle.hooks else ()),
        ),
        others=facts.rooted[1:],
    )
