"""Looking: sweeps, directories and single targets, with every error of a kind caught at this line.

One *look* asks a kind and folds the answers into the inventory as they come.  During a long sweep
urgent looks slip in between two answers; what they found is newer than what the sweep still brings
from its own older view, so it wins, and where the two differ the target is looked at once more.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Final

from racewatch.core.by_name import PRIVATE_PREFIX
from racewatch.core.kind import Kind, Seen
from racewatch.core.model import KindName, Observation, Problem, Target
from racewatch.core.text import one_line
from racewatch.monitor.abilities import (
    Beside,
    DoubtsParts,
    FillsFolders,
    LooksBeside,
    ScansPlaces,
    SeesAtOnce,
)
from racewatch.monitor.batch import HealthState, SourceHealth
from racewatch.monitor.costs import Costs
from racewatch.monitor.health import HealthBoard
from racewatch.monitor.inventory import Change, Inventory, directory_of, is_below
from racewatch.monitor.there import is_there

_log = logging.getLogger(__name__)


#: So many targets at most are looked at again in one go.
_MOST_AGAIN: Final = 256
#: What is new is shown before it is judged when that would come later than this (seconds).
_LATE: Final = 0.1
#: So often (seconds) it is asked what is new while known places are looked at.
_GLANCE: Final = 0.02


class Stopped(Exception):
    """The monitor is to end: a sweep under way is given up."""


class Looks:
    """The worker's hands.

    ``commit`` takes changes in small lots; ``pause`` is called now and then during a sweep, may look
    at other things, and raises :class:`Stopped` to end it; so does ``glance``, which is called now and then while
    names are looked at, and takes only the first sight of others.
    """

    def __init__(
        self,
        kinds: Sequence[Kind],
        roots: Sequence[bytes],
        inventory: Inventory,
        board: HealthBoard,
        commit: Callable[[Sequence[Change]], None],
        pause: Callable[[], None],
        glance: Callable[[], None],
        slice_seconds: float,
    ) -> None:
        self.costs = Costs()
        self._kinds: dict[KindName, Kind] = {}
        # Asked once: such a question about a protocol costs more than many a look.
        self._doubters: dict[KindName, DoubtsParts] = {}
        self._roots = tuple(roots)
        self._inventory = inventory
        self._board = board
        self._commit = commit
        self._pause = pause
        self._glance = glance
        self._slice = slice_seconds
        self._problems: dict[KindName, dict[bytes, Problem]] = {}
        #: Folders beside the roots, by kind: other kinds do not look there.
        self._beside: dict[KindName, dict[bytes, bool]] = {}
        self._touched: set[Target] | None = None
        self._again: set[Target] = set()
        self._lot: list[Change] = []
        self._paused_at = 0.0
        #: Spent on other things during the sweep under way: seconds, and CPU seconds of all sweeps so far.
        self._away = 0.0
        self.away_cpu = 0.0
        self._failed: set[tuple[KindName, str]] = set()
        self._suspicious = False
        #: What the last sweep of each kind saw that has to be seen twice.
        self._doubts: dict[KindName, set[Target]] = {}
        for kind in kinds:
            self.add(kind)

    def add(self, kind: Kind) -> None:
        """One more kind, from now on."""
        self._kinds[kind.name] = kind
        self._problems[kind.name] = {}
        if isinstance(kind, DoubtsParts):
            self._doubters[kind.name] = kind

    def look_beside(self) -> list[Beside]:
        """Ask the kinds anew which folders they look at beside the roots; returns all of them."""
        found: list[Beside] = []
        for kind in self._kinds.values():
            if isinstance(kind, LooksBeside):
                mine = list(kind.places())
                self._beside[kind.name] = {one.folder: one.recursive for one in mine}
                found += mine
        return found

    def covers(self, directory: bytes, kind: KindName) -> bool:
        """Whether a kind looks into this directory."""
        if is_below(directory, set(self._roots)):
            return True
        folders = self._beside.get(kind, {})
        return directory in folders or is_below(directory, {path for path, deep in folders.items() if deep})

    def problems(self) -> tuple[Problem, ...]:
        """The places that could not be looked at, each once."""
        return tuple({problem: None for by in self._problems.values() for problem in by.values()})

    # --- sweeps -----------------------------------------------------------------------------------

    def sweep(self) -> bool:
        """Look at everything.  True when anything had changed that no hint had told."""
        changed = False
        for kind in self._kinds.values():
            changed = self.sweep_kind(kind) or changed
        return changed

    def sweep_kind(self, kind: Kind) -> bool:
        """The same for one kind."""
        self._touched = set()
        changed = False
        seen: set[Target] = set()
        doubts: set[Target] = set()
        problems: dict[bytes, Problem] = {}
        started = self._paused_at = time.monotonic()
        self._away = 0.0
        try:
            for number, one in enumerate(self._guarded(kind, "sweep", lambda: kind.scan(self._roots))):
                if not number:
                    # What was asked of the rest of the machine is over: the first lot is not a single row.
                    self._paused_at = time.monotonic()
                if isinstance(one, Problem):
                    problems[one.path] = one
                elif self._is_first_doubt(kind, one.target):
                    doubts.add(one.target)
                    self._suspicious = True
                else:
                    seen.add(one.target)
                    changed = self._fold_swept(one) or changed
                self._breathe()
            if self._is_failed(kind, "sweep"):
                return changed
            self._flush()
            self._problems[kind.name] = problems
            self._doubts[kind.name] = doubts
            changed = self._drop_unseen(kind, seen, set(problems)) or changed
            self._flush()
        finally:
            self._flush()
            self._touched = None
        self._look_again(kind)
        self.costs.swept(kind.name, len(seen), time.monotonic() - started - self._away)
        self._board.put(
            SourceHealth(
                f"sweep of {kind.name}s",
                HealthState.OK,
                "All places are looked at again by and by.",
                None,
                time.time(),
            )
        )
        return changed

    def _look_again(self, kind: Kind) -> None:
        """At what changed while the sweep was under way; in a storm that is a great part of everything."""
        again, self._again = list(self._again), set()
        for at in range(0, len(again), _MOST_AGAIN):
            places: dict[bytes | None, list[Target]] = {}
            for target in again[at : at + _MOST_AGAIN]:
                places.setdefault(directory_of(target), []).append(target)
            for _cost, run in self._plans(kind, places):
                run()
                self._flush()
                self._breathe()

    def _fold_swept(self, observation: Observation) -> bool:
        if self._touched is not None and observation.target in self._touched:
            newer = self._inventory.get(observation.target)
            if newer is None or not newer.same_as(observation):
                self._again.add(observation.target)
            return False
        return self._fold(observation)

    def _drop_unseen(self, kind: Kind, seen: set[Target], unreadable: set[bytes]) -> bool:
        dropped = False
        there: dict[bytes, bool] = {}
        for target in self._inventory.of_kind(kind.name):
            if target in seen or (self._touched is not None and target in self._touched):
                continue
            directory = directory_of(target)
            if (
                unreadable
                and directory is not None
                and is_below(target.locator, unreadable)
                and (
                    there[directory]
                    if directory in there
                    else there.setdefault(directory, is_there(directory))
                )
            ):
                # The place could not be seen: that the target was not found there means nothing.
                dropped = self._look(kind, target) or dropped
            else:
                self._drop(target)
                dropped = True
            self._breathe()
        return dropped

    # --- places and targets -----------------------------------------------------------------------

    def places(self, places: Mapping[bytes, set[bytes] | None]) -> float:
        """Look at these names of these directories (None: at all of one); returns the CPU seconds it took.

        Of all directories together, because what a look has to know of the rest of the machine costs more
        than most names.
        """
        started = time.thread_time()
        # Asked once for all kinds: a name that comes or goes meanwhile is hinted again.
        there = {
            directory: {name for name in names if os.path.lexists(os.path.join(directory, name))}
            for directory, names in places.items()
            if names is not None
        }
        for kind in self._kinds.values():
            wanted: dict[bytes, set[bytes]] = {}
            for directory, names in places.items():
                if not self.covers(directory, kind.name):
                    continue
                around = kind.target_around(directory) if isinstance(kind, FillsFolders) else None
                if around is not None:
                    self._look(kind, around)
                elif names is None:
                    self._directory(kind, directory)
                elif here := self._worth_a_look(kind, directory, names, there[directory]):
                    wanted[directory] = here
            if wanted:
                self._cheapest(kind, wanted)
        self._flush()
        return time.thread_time() - started

    def first_sight(self, places: Mapping[bytes, set[bytes]], wait: float) -> None:
        """Show what is new under these names before it is judged, when that would come late.

        ``wait``: seconds until whoever calls this looks at the same names, which says more, or that they are gone.
        """
        for kind in self._kinds.values():
            if not isinstance(kind, SeesAtOnce):
                continue
            new: dict[bytes, set[bytes]] = {}
            for directory, names in places.items():
                if self.covers(directory, kind.name):
                    known = self._inventory.names_in(directory, names, kind.name)
                    if len(known) < len(names):
                        new[directory] = names - known
            if new and wait + self._names_cost(kind, new) > _LATE:
                for one in self._guarded(kind, "look", partial(kind.first_sight, new)):
                    if isinstance(one, Observation) and not self._is_passing(one.target):
                        self._fold(one)
        self._flush()

    def _cheapest(self, kind: Kind, wanted: dict[bytes, set[bytes]]) -> None:
        """Names by themselves, or the whole of their directories."""
        together = isinstance(kind, ScansPlaces)
        whole = {one: self.costs.directory(kind.name, one, self._inventory) for one in wanted}
        if not together or self._names_cost(kind, wanted) > sum(whole.values()):
            for directory, names in wanted.items():
                if self._names_cost(kind, {directory: names}) < whole[directory]:
                    self._names(kind, {directory: names})
                else:
                    self._directory(kind, directory)
            return
        self._names(kind, wanted)

    def _names_cost(self, kind: Kind, wanted: Mapping[bytes, set[bytes]]) -> float:
        return self.costs.names(kind.name, sum(map(len, wanted.values())))

    def _worth_a_look(self, kind: Kind, directory: bytes, names: set[bytes], there: set[bytes]) -> set[bytes]:
        """Those that are there, or were known: what came and went again without ever being seen is left out."""
        known = (
            os.path.basename(self._path(one)) for one in self._inventory.named(directory, names, kind.name)
        )
        return there.union(names.intersection(known))

    def _path(self, target: Target) -> bytes:
        """By what name it is known, or was."""
        seen = self._inventory.get(target)
        return target.locator if seen is None or seen.path is None else seen.path

    def _names(self, kind: Kind, wanted: Mapping[bytes, set[bytes]]) -> None:
        started = time.monotonic()
        known = {
            target
            for directory, names in wanted.items()
            for target in self._inventory.named(directory, names, kind.name)
        }
        if isinstance(kind, ScansPlaces):
            self._partly(kind, known, lambda: kind.scan_places(wanted))
        else:
            for directory, names in wanted.items():
                here = {one for one in known if os.path.dirname(self._path(one)) == directory}
                self._partly(kind, here, partial(kind.scan_names, directory, names))
        self.costs.named(kind.name, sum(map(len, wanted.values())), time.monotonic() - started)

    def _directory(self, kind: Kind, directory: bytes) -> None:
        started = time.monotonic()
        known = set(self._inventory.in_directory(directory, kind.name))
        if directory not in self._roots and not is_there(directory):
            # Nothing of ours can be directly inside; no need to ask a kind about each of a thousand.
            for target in known:
                if target.place is not None:  # one that lost its name is none the less there
                    self._drop(target)
            return
        mine = self._problems[kind.name]
        for path in [path for path in mine if path == directory or os.path.dirname(path) == directory]:
            if path == directory or path not in self._roots:
                del mine[path]
        self._partly(kind, known, lambda: kind.scan_directory(directory))
        self.costs.listed(kind.name, directory, time.monotonic() - started)

    def _partly(self, kind: Kind, known: set[Target], scan: Callable[[], Iterator[Seen]]) -> None:
        """Fold one partial scan in: of the known targets, those not found are gone."""
        blind = False
        glanced_at = time.monotonic()
        for one in self._guarded(kind, "look", scan):
            if time.monotonic() - glanced_at >= _GLANCE:
                # What was judged is shown, and what has appeared meanwhile: a place may take long.
                self._flush()
                self._glance()
                glanced_at = time.monotonic()
            if isinstance(one, Problem):
                blind = True
                self._problems[kind.name][one.path] = one
            else:
                known.discard(one.target)
                if self._is_doubtful(kind, one.target):
                    self._suspicious = True
                elif not self._is_passing(one.target):
                    self._fold(one)
        blind = blind or self._is_failed(kind, "look")
        for target in known:
            if blind:
                self._look(kind, target)
            else:
                self._drop(target)

    def _is_doubtful(self, kind: Kind, target: Target) -> bool:
        """Whether a part of the whole is not enough to show it."""
        doubter = self._doubters.get(kind.name)
        return (
            doubter is not None and doubter.only_a_scan_tells(target) and self._inventory.get(target) is None
        )

    def _is_first_doubt(self, kind: Kind, target: Target) -> bool:
        """Whether the next sweep has to see it as well.

        Closes the race with a rename from where this sweep had not been yet to where it had: what is in use
        is then found under no name at all.  (What the very first sweep saw is shown; there is nothing else.)
        """
        before = self._doubts.get(kind.name)
        return before is not None and target not in before and self._is_doubtful(kind, target)

    def take_suspicion(self) -> bool:
        """True once after something was seen that only one more sweep can tell."""
        suspicious, self._suspicious = self._suspicious, False
        return suspicious

    def _is_passing(self, target: Target) -> bool:
        """Whether it is an act under way, seen by chance.

        What an act takes away for a moment stands under a private name; shown, it would flash.  One that
        stays is found by the next sweep.
        """
        return _name(target).startswith(PRIVATE_PREFIX) and self._inventory.get(target) is None

    def targets(self, targets: Iterable[Target]) -> bool:
        """Look at single targets, in the cheapest way; False when a sweep would be cheaper still."""
        by_kind: dict[KindName, dict[bytes | None, list[Target]]] = {}
        for target in targets:
            if target.kind in self._kinds:
                by_kind.setdefault(target.kind, {}).setdefault(directory_of(target), []).append(target)
        for name, places in by_kind.items():
            kind = self._kinds[name]
            plans = list(self._plans(kind, places))
            if sum(cost for cost, _run in plans) > self.costs.sweep(name):
                return False
            for _cost, run in plans:
                run()
                self._flush()
        return True

    def _plans(
        self, kind: Kind, places: dict[bytes | None, list[Target]]
    ) -> Iterator[tuple[float, Callable[[], None]]]:
        """The cheapest ways, each with its cost: whole directories, names together, or one by one."""
        singly: list[Target] = []
        together: dict[bytes, set[bytes]] = {}
        for directory, group in places.items():
            one_by_one = self.costs.looks(kind.name, len(group))
            if directory is None:
                singly += group
                continue
            whole = self.costs.directory(kind.name, directory, self._inventory)
            by_names = (
                self.costs.names(kind.name, len(group)) if isinstance(kind, ScansPlaces) else float("inf")
            )
            if len(group) > 1 and whole < min(one_by_one, by_names):
                yield whole, partial(self._directory, kind, directory)
            elif isinstance(kind, ScansPlaces):
                together[directory] = {os.path.basename(target.locator) for target in group}
            else:
                singly += group
        named = [target for group in places.values() for target in group if directory_of(target) in together]
        if together:
            by_names = self.costs.names(kind.name, len(named))
            if len(named) > 1 and by_names < self.costs.looks(kind.name, len(named)):
                yield by_names, partial(self._names, kind, together)
            else:
                singly += named
        if singly:
            yield self.costs.looks(kind.name, len(singly)), partial(self._each, kind, singly)

    def _each(self, kind: Kind, group: list[Target]) -> None:
        for target in group:
            self._look(kind, target)
            self._flush()

    def _look(self, kind: Kind, target: Target) -> bool:
        """One target; True when it changed."""
        started = time.monotonic()
        try:
            observation = kind.look(target)
        except Exception as error:  # noqa: BLE001 - a kind's mistake about one target is shown, and stops no other
            self._fail(kind, "look", error)
            return False
        self._well(kind, "look")
        self.costs.looked(kind.name, time.monotonic() - started)
        if observation is not None:
            return self._fold(observation)
        if self._inventory.get(target) is None:
            return False
        self._drop(target)
        return True

    # --- folding ----------------------------------------------------------------------------------

    def _fold(self, observation: Observation) -> bool:
        target = observation.target
        if self._touched is not None:
            self._touched.add(target)
        old = self._inventory.get(target)
        if old is not None and old.same_as(observation):
            return False
        self._lot.append(Change(target, old, observation))
        self._flush_when_full()
        return True

    def _drop(self, target: Target) -> None:
        if self._touched is not None:
            self._touched.add(target)
        old = self._inventory.get(target)
        if old is not None:
            self._lot.append(Change(target, old, None))
            self._flush_when_full()

    def _flush_when_full(self) -> None:
        if len(self._lot) >= 256:
            self._flush()

    def _flush(self) -> None:
        if self._lot:
            lot, self._lot = self._lot, []
            self._commit(lot)

    def _breathe(self) -> None:
        """Between two answers of a sweep: let urgent work in when a slice of time is over."""
        if time.monotonic() - self._paused_at >= self._slice:
            self._flush()
            began, cpu = time.monotonic(), time.thread_time()
            self._pause()
            self._paused_at = time.monotonic()
            self._away += self._paused_at - began
            self.away_cpu += time.thread_time() - cpu

    # --- errors of kinds --------------------------------------------------------------------------

    def _guarded(self, kind: Kind, what: str, scan: Callable[[], Iterator[Seen]]) -> Iterator[Seen]:
        """A scan whose mistakes end it early, visibly, and are nobody else's problem."""
        iterator: Iterator[Seen] | None = None
        try:
            iterator = scan()
            while True:
                one = next(iterator, None)
                if one is None:
                    self._well(kind, what)
                    return
                yield one
        except Exception as error:  # noqa: BLE001 - a kind's mistake ends this scan only, visibly
            self._fail(kind, what, error)
        finally:
            close = getattr(iterator, "close", None)
            if close is not None:
                close()

    def _fail(self, kind: Kind, what: str, error: Exception) -> None:
        message = one_line(str(error)) or type(error).__name__
        if (kind.name, what) not in self._failed:
            _log.error("%s of %ss failed", what, kind.name, exc_info=error)
        self._failed.add((kind.name, what))
        self._board.put(
            SourceHealth(
                f"{what} of {kind.name}s",
                HealthState.FAILED,
                f"It failed ({message}); what is shown may be old. It is tried again.",
            )
        )

    def _well(self, kind: Kind, what: str) -> None:
        if (kind.name, what) in self._failed:
            self._failed.discard((kind.name, what))
            self._board.put(SourceHealth(f"{what} of {kind.name}s", HealthState.OK, "It works again."))

    def _is_failed(self, kind: Kind, what: str) -> bool:
        return (kind.name, what) in self._failed


def _name(target: Target) -> bytes:
    place = target.place
    return os.path.basename(target.locator) if place is None else place[1]
