"""The kind: the containers of engines and runtimes, and the bundles they are made of."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from racewatch.core.kind import Procedure, Seen
from racewatch.core.model import KindName, Observation, Target, Verdict
from racewatch.kinds.containers import engine
from racewatch.kinds.containers.bundle_source import Bundles
from racewatch.kinds.containers.bundles import CONFIG, path_of, target_of
from racewatch.kinds.containers.connections import Connections
from racewatch.kinds.containers.engine import Engine
from racewatch.kinds.containers.engine_source import EngineSource
from racewatch.kinds.containers.listening import Listening
from racewatch.kinds.containers.observe import Surroundings
from racewatch.kinds.containers.roots import StateRoot
from racewatch.kinds.containers.runtimes import Runtimes
from racewatch.kinds.containers.space import Enough, Space, of_bundle, of_engine
from racewatch.kinds.walk import Excluded

#: A pause, and a process that moves into a bundle, make no event that every kernel tells of.
_LOOK_AGAIN_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class StatePlace:
    """A state root as a folder to watch; state files and start FIFOs come and go one level below."""

    folder: bytes
    recursive: bool = True


class ContainersKind:
    """The containers of Podman, Docker, runc, crun and youki, and the bundles below the roots.

    ``state_roots`` and ``engines`` (API sockets) are further places.  ``only_bundles`` leaves containers out of
    scans, though not out of the question who uses a bundle.  A container that an engine tells of is not shown a
    second time as its runtime's.  Usable from any thread; looks are taken one at a time.
    """

    def __init__(
        self,
        state_roots: Sequence[StateRoot] = (),
        *,
        engines: Sequence[bytes] = (),
        default_roots: bool = True,
        only_bundles: bool = False,
        exclude: Sequence[bytes] = (),
        max_entries: int = 1_000_000,
    ) -> None:
        self._only_bundles = only_bundles
        self._engines = EngineSource(engines) if default_roots else EngineSource(engines, {}, usual=False)
        # Full id → the engine's own target, as the last scan found them.
        self._told: dict[bytes, Target] = {}
        self._runtimes = Runtimes(state_roots, default_roots=default_roots)
        self._bundles = Bundles(self._runtimes.bundles, Excluded(exclude), max_entries)
        self._mutex = threading.RLock()

    @property
    def name(self) -> KindName:
        """Containers."""
        return KindName.CONTAINER

    def state_roots(self) -> tuple[StateRoot, ...]:
        """The state roots that exist now."""
        return self._runtimes.state_roots()

    def places(self) -> Sequence[StatePlace]:
        """The folders that a scan looks at beside its roots."""
        return [] if self._only_bundles else [StatePlace(one.path) for one in self.state_roots()]

    def scan(self, roots: Sequence[bytes]) -> Iterator[Seen]:
        """The containers of every engine and runtime, and the bundles below the roots."""
        with self._mutex:
            around = Surroundings()
            containers: list[Seen] = [] if self._only_bundles else self._containers(around)
            return iter([*containers, *self._bundles.scan(roots, around)])

    def _containers(self, around: Surroundings) -> list[Seen]:
        of_engines = list(self._engines.scan())
        targets = (one.target for one in of_engines if isinstance(one, Observation))
        self._told = {target.locator.rpartition(b":")[2]: target for target in targets}
        return [*of_engines, *self._untold(self._runtimes.scan(around))]

    def _untold(self, seen: Iterator[Seen]) -> Iterator[Seen]:
        """Of the containers of runtimes those that no engine tells of."""
        for one in seen:
            place = one.target.place if isinstance(one, Observation) else None
            if place is None or place[1] not in self._told:
                yield one

    def scan_below(self, roots: Sequence[bytes]) -> Iterator[Seen]:
        """The bundles below the roots alone."""
        with self._mutex:
            return iter(list(self._bundles.scan(roots, Surroundings())))

    def scan_directory(self, directory: bytes) -> Iterator[Seen]:
        """The containers of one state root; the bundles directly inside any other directory."""
        return self._in_directory(directory, None)

    def scan_names(self, directory: bytes, names: Collection[bytes]) -> Iterator[Seen]:
        """The same for just these names of it."""
        return self._in_directory(directory, names)

    def _in_directory(self, directory: bytes, names: Collection[bytes] | None) -> Iterator[Seen]:
        with self._mutex:
            root = None if self._only_bundles else self._runtimes.root_at(directory)
            if root is not None:
                return iter(list(self._untold(self._runtimes.in_root(root, Surroundings(), names))))
            return iter(list(self._bundles.in_directory(directory, names)))

    def target_around(self, directory: bytes) -> Target | None:
        """The container or bundle that whatever changes in a directory is about."""
        container = None if self._only_bundles else self._runtimes.target_around(directory)
        if container is not None:
            return self._told.get(os.path.basename(directory), container)
        return target_of(directory) if os.path.lexists(os.path.join(directory, CONFIG)) else None

    def look_again_in(self, seen: Observation) -> float | None:
        """What lives can be paused and resumed without an event; engines tell of all that happens."""
        if engine.split(seen.target) is not None:
            return None
        return _LOOK_AGAIN_SECONDS if seen.verdict in (Verdict.LIVE, Verdict.UNKNOWN) else None

    def look(self, target: Target) -> Observation | None:
        """One fresh observation; None when there is no such container or bundle now."""
        with self._mutex:
            return self._source(target).look(target)

    def space(self, target: Target, stop: Enough) -> Space | None:
        """What it takes on the disk and what removing it frees; None when it is not there.

        Takes its time, and keeps no look waiting.
        """
        parts = engine.split(target)
        if parts is not None:
            return of_engine(*parts)
        path = path_of(target)
        return self._runtimes.space(target, stop) if path is None else of_bundle(path, stop)

    def procedure(self, target: Target) -> Procedure:
        """A container is deleted by its engine or its runtime, a bundle taken away and kept aside."""
        return self._source(target).procedure(target)

    def ask_owner(self, target: Target) -> Observation | None:
        """What the engine of a container says of it, for acts that a crash interrupted; raises OwnerSilent."""
        return self._engines.ask(target)

    def _source(self, target: Target) -> Runtimes | Bundles | EngineSource:
        if engine.split(target) is not None:
            return self._engines
        return self._runtimes if path_of(target) is None else self._bundles

    def engines(self) -> tuple[Engine, ...]:
        """The engines whose API sockets are there now."""
        return self._engines.engines()

    def connections(self) -> Connections:
        """What contexts, connections and the environment say about engines, here and elsewhere."""
        return self._engines.connections()

    def listen(self, hear: Callable[[Target], None]) -> Listening:
        """Hear from all engines as it happens; the caller closes it."""
        return Listening(self.engines if not self._only_bundles else tuple, hear)
