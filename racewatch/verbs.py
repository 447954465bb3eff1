"""The verbs of the product, for the window, the command line and the agent alike.

:class:`Racewatch` ties the kinds, the core and the configuration together.  All methods block and
may be called from any thread; none knows who is asking.  Errors an operator may see come back as
values (problems, outcomes) or as :class:`RacewatchError` with one plain sentence.
"""

from __future__ import annotations

import glob
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from operator import attrgetter
from typing import TYPE_CHECKING, Final, NamedTuple

from racewatch.config import Config, config_path, resolve_roots, state_dir
from racewatch.core.act import Hook, act, no_hook
from racewatch.core.journal import Journal, JournalError
from racewatch.core.kind import Kind, Seen
from racewatch.core.model import (
    ActRequest,
    HistoryEntry,
    KindName,
    Observation,
    Outcome,
    OutcomeWord,
    Problem,
    Progress,
    ScanResult,
    Target,
)
from racewatch.core.protected import Protected, Protection
from racewatch.core.purge import kept_places, purge, to_the_end
from racewatch.core.recovery import recover
from racewatch.core.text import display, display_text
from racewatch.core.undo import NoSuchAction, undo
from racewatch.core.wire import WireError, target_from_text
from racewatch.kinds.collector import held_back
from racewatch.kinds.containers import engine
from racewatch.kinds.containers.roots import StateRoot, split, target_of
from racewatch.kinds.containers.state import Runtime
from racewatch.kinds.sockets import SocketsKind
from racewatch.linux import fs
from racewatch.monitor.engine import Monitor
from racewatch.monitor.settings import MonitorSettings

if TYPE_CHECKING:
    from racewatch.kinds.containers import ContainersKind
    from racewatch.kinds.containers.space import Space
    from racewatch.kinds.locks import LocksKind, StillBook

_locator: Final = attrgetter("target.locator")


class RacewatchError(Exception):
    """Something an operator asked for that cannot be answered; the message is one plain sentence."""


class TargetError(RacewatchError):
    """What was named is no target."""


class _Kinds(NamedTuple):
    """One of each, for the verbs.  Locks and containers are imported with the first: a window is there before."""

    sockets: SocketsKind
    locks: LocksKind
    containers: ContainersKind

    def of(self, name: KindName) -> Kind:
        """The one of this name."""
        kinds: dict[KindName, Kind] = {kind.name: kind for kind in self}
        return kinds[name]


class Racewatch:
    """One configured racewatch.  Opening it recovers acts that a crash interrupted.

    ``recovered`` is what recovery did, oldest first; ``journal_problem`` says why there is no
    journal (then every act is refused, and looking still works), else it is None.

    While :attr:`observing` every verb that changes anything refuses before it does anything else, and what a crash
    interrupted waits; ``waiting`` says so at the start, else it is None.
    """

    def __init__(self, config: Config, *, state: bytes | None = None, observe: bool = False) -> None:
        folder = state if state is not None else state_dir()
        self.config = replace(config, protected=_with_our_own(config.protected, folder))
        self.recovered: tuple[HistoryEntry, ...] = ()
        self.journal_problem: str | None = None
        self.waiting: str | None = None
        self._observing = observe or config.observe
        self._journal: Journal | None = None
        self._folder = folder
        self._protected_here: tuple[Protection, ...] = ()
        self._made: _Kinds | None = None
        self._book: StillBook | None = None
        self._making = threading.RLock()
        try:
            self._journal = Journal(folder)
        except JournalError as error:
            self.journal_problem = str(error)
            return
        if self._observing:
            self.waiting = _what_waits(self._journal)
        else:
            self._catch_up(self._journal)

    @property
    def _kinds(self) -> _Kinds:
        with self._making:
            if self._made is None:
                config = self.config
                self._made = _Kinds(
                    _sockets(config, patient=True),
                    self._locks_of(config, well_known_places=True),
                    _containers(config, only_bundles=False),
                )
            return self._made

    def _catch_up(self, journal: Journal) -> None:
        """Bring to an end what a crash interrupted, and forget what is too old to be undone."""
        try:
            journal.expire(self.config.keep_days)
            self.recovered = recover(journal, self._ask_owner)
        except JournalError as error:
            # A journal that cannot be written is no journal: nothing may be done that it cannot hold.
            journal.close()
            self._journal = None
            self.journal_problem = str(error)

    def _ask_owner(self, target: Target) -> Observation | None:
        return self._kinds.containers.ask_owner(target)

    def protect(self, rule: Protection) -> None:
        """Never act on what this rule matches, from now on (for good only where the configuration says so too)."""
        self._protected_here = (rule, *self._protected_here)
        self.config = replace(self.config, protected=Protected((rule, *self.config.protected.rules)))

    def reconfigure(self, config: Config) -> None:
        """Go on with other settings, from the next look and act on; what is under way ends with the old ones.

        What :meth:`protect` was told stays protected, and the journal where it is.  Who only observes goes on
        observing until :meth:`stop_observing`.
        """
        protected = _with_our_own(config.protected, self._folder)
        # First: who is told to allow acts again at this very moment does not undo it.
        self._observing = self.observing or config.observe
        with self._making:
            self.config = replace(config, protected=Protected((*self._protected_here, *protected.rules)))
            self._made = None

    def protection(self, target: Target) -> str | None:
        """Why this target may not be acted on, or None; what an act asks first."""
        place = target.place
        return self.config.protected.reason(os.path.join(*place) if place is not None else None)

    # --- observer mode --------------------------------------------------------------------------

    @property
    def observing(self) -> bool:
        """True while nothing is ever acted on, whoever asks; what the configuration says now counts."""
        return self._observing or self.config.observe

    def start_observing(self) -> None:
        """No more acts from now on.  One that is under way goes to its end."""
        self._observing = True

    def stop_observing(self) -> None:
        """Allow acts again, if the configuration does; :class:`RacewatchError` says why not.

        What a crash interrupted is brought to an end now (``recovered``).
        """
        self._refuse_if_configured()
        if self._observing and self._journal is not None:
            self._catch_up(self._journal)
            self.waiting = None
        # The file may have come to say so while that went on.
        self._refuse_if_configured()
        self._observing = False

    def _refuse_if_configured(self) -> None:
        if self.config.observe:
            raise RacewatchError(
                f"the configuration says to observe only; change observe in {display(config_path())} and start anew"
            )

    def observer_guard(self) -> str | None:
        """Why nothing may be acted on, whatever it is; the first question of every verb that changes anything."""
        if not self.observing:
            return None
        how = (
            "observe in the configuration"
            if self.config.observe
            else "this was started, or switched, to observe only"
        )
        return f"nothing was touched: racewatch only observes ({how})"

    @property
    def _stills(self) -> StillBook:
        """One book for all: what a monitor saw standing still counts for an act."""
        from racewatch.kinds.locks import StillBook

        with self._making:
            if self._book is None:
                self._book = StillBook()
            return self._book

    def _locks_of(self, config: Config, *, well_known_places: bool) -> LocksKind:
        from racewatch.kinds.locks import LocksKind

        return LocksKind(
            stills=self._stills,
            exclude=config.exclude,
            max_entries=config.max_entries,
            well_known_places=well_known_places,
        )

    def _roots(self, roots: Sequence[bytes] | None) -> Sequence[bytes]:
        return self.config.roots if roots is None else resolve_roots(roots)

    def scan(
        self,
        roots: Sequence[bytes] | None = None,
        *,
        kinds: Sequence[KindName] | None = None,
        engines: bool = False,
    ) -> ScanResult:
        """One look at these roots, or at the configured ones, in the order of the targets' names.

        Without roots the well-known places of locks and the containers of every runtime are looked at as
        well; with roots the bundles below them, and the containers only when ``engines`` are wanted.
        """
        observations: list[Observation] = []
        problems: list[Problem] = []
        with held_back():
            made = self._kinds
            for kind in [made.of(name) for name in kinds] if kinds is not None else made:
                for seen in self._seen(made, kind, roots, engines=engines):
                    if isinstance(seen, Problem):
                        problems.append(seen)
                    else:
                        observations.append(seen)
            # By path, then by locator: two sorts, the latter first, take a third of the time of one by pairs.
            observations.sort(key=_locator)
            observations.sort(key=lambda seen: seen.path or seen.target.locator)
        # What one kind could not look into, another could not either: said once.
        return ScanResult(tuple(observations), tuple(dict.fromkeys(problems)))

    def _seen(
        self, made: _Kinds, kind: Kind, roots: Sequence[bytes] | None, *, engines: bool
    ) -> Iterator[Seen]:
        """Named roots mean those alone."""
        if roots is not None and kind is made.containers and not engines:
            return made.containers.scan_below(self._roots(roots))
        if roots is not None and kind is made.locks:
            return made.locks.scan_below(self._roots(roots))
        return kind.scan(self._roots(roots))

    def parse_target(self, text: str) -> Target:
        """The target a person or program named: a path, or the full text of an observation's target.

        A path is made absolute and its *directory* resolved, so that the target's path has no link
        in it; its last component is taken as it is.  Raises :class:`TargetError`.
        """
        from racewatch.kinds.containers.bundles import path_of
        from racewatch.kinds.locks.contents import file_type_of
        from racewatch.kinds.locks.format import FileType

        word, _, rest = text.partition(":")
        if word in set(Runtime):
            return self._container(Runtime(word), os.fsencode(rest))
        if word in ("podman", "docker"):
            return self._engines_container(word, rest)
        if text.partition(":")[0] in set(KindName):
            try:
                target = target_from_text(text)
            except WireError as error:
                raise TargetError(str(error)) from error
            nowhere = split(target) is None and path_of(target) is None and engine.split(target) is None
            if target.kind is KindName.CONTAINER and nowhere:
                raise TargetError(
                    f"not a container: {display_text(text)} (wanted container:RUNTIME:/state/root:ID or container:bundle:/path)"
                )
            if target.path is None:
                return target
            return Target(target.kind, _canonical(target.path))
        path = _canonical(os.fsencode(text))
        try:
            found = fs.stat_path(path)
        except OSError:
            # Nothing there, or nothing to be seen: by its name alone.
            named_so = self._kinds.locks.registry.match(path, FileType.FILE) is not None
            return Target(KindName.LOCK if named_so else KindName.SOCKET, path)
        if found.is_socket:
            return Target(KindName.SOCKET, path)
        container = self._kinds.containers.target_around(path) if found.is_directory else None
        if container is not None:
            return container
        if self._kinds.locks.registry.match(path, file_type_of(found)) is None:
            what = "a directory" if found.is_directory else "not a socket"
            raise TargetError(
                f"{display(path)} is {what}, and no format of lock has that name (racewatch formats lists "
                "them; lock:PATH asks for it all the same)"
            )
        return Target(KindName.LOCK, path)

    def _container(self, runtime: Runtime, name: bytes) -> Target:
        """The container of a runtime that has this id, in whichever of its state roots."""
        if not name or b"/" in name:
            raise TargetError(f"{runtime}:{display(name)} is no container: wanted {runtime}:ID")
        roots = [root for root in self._kinds.containers.state_roots() if root.runtime is runtime]
        here = [root for root in roots if os.path.isdir(os.path.join(root.path, name))]
        if len(here) > 1:
            several = ", ".join(display(root.path) for root in here)
            raise TargetError(
                f"{runtime}:{display(name)} is in several places ({several}): name its state directory"
            )
        root = (here or roots or [StateRoot(runtime, os.path.join(b"/run", runtime.value.encode()))])[0]
        return target_of(root, name)

    def _engines_container(self, word: str, name: str) -> Target:
        """The container of an engine with this id, beginning of an id, or name."""
        found = {
            one.target
            for one in self._kinds.containers.scan(())
            if isinstance(one, Observation)
            and (of := engine.split(one.target)) is not None
            and of[0].name == word
            and name
            and (of[1].startswith(name) or ("name", display_text(name)) in one.facts)
        }
        if len(found) != 1:
            why = "is none" if not found else "could be several containers"
            raise TargetError(
                f"{word}:{display_text(name)} {why}; racewatch scan --kind container lists them"
            )
        return found.pop()

    def observe(self, target: Target) -> Observation | None:
        """One target, freshly; None when there is no such target."""
        return self._kinds.of(target.kind).look(target)

    def refresh_period(self, seen: Observation) -> float | None:
        """How often, in seconds, the owner of this lock touches it, by its format; None when it does not, or is proved gone."""
        return self._kinds.locks.look_again_in(seen) if seen.target.kind is KindName.LOCK else None

    def space(self, target: Target, stop: Callable[[], bool]) -> Space | None:
        """What a container or bundle takes on the disk and what removing it frees; None when it is not there.

        May take long: ``stop`` is asked now and then, and answering True raises
        :class:`~racewatch.linux.usage.Cancelled`.
        """
        return self._kinds.containers.space(target, stop) if target.kind is KindName.CONTAINER else None

    def space_kept(self, action: str, stop: Callable[[], bool]) -> Space | None:
        """What purging an action would free, likewise; None when it keeps nothing aside."""
        from racewatch.kinds.containers.space import of_kept

        try:
            places = kept_places(action, self._the_journal())
        except (NoSuchAction, JournalError):
            return None
        return of_kept(places, stop) if places else None

    def remove(self, request: ActRequest, *, on_step: Hook = no_hook) -> Outcome:
        """Lock, recheck, act."""
        observing = self.observer_guard()
        if observing is not None:
            return Outcome(request.target, "", OutcomeWord.REFUSED_FORBIDDEN, observing)
        procedure = self._kinds.of(request.target.kind).procedure(request.target)
        if self._journal is None:
            summary = (
                f"nothing was touched, because there is no act without a journal: {self.journal_problem}"
            )
            return Outcome(request.target, "", OutcomeWord.FAILED, summary, error=self.journal_problem)
        return act(request, procedure, self._journal, protected=self.config.protected, on_step=on_step)

    def undo(self, action: str) -> Outcome:
        """Put back what an action removed, if its name is still free; :class:`RacewatchError` if unknown."""
        observing = self.observer_guard()
        if observing is not None:
            return self._left_as_it_is(action, observing)
        try:
            return undo(action, self._the_journal())
        except NoSuchAction:
            raise RacewatchError(
                f"the journal knows no action {action!r}; racewatch history lists them"
            ) from None
        except JournalError as error:
            raise RacewatchError(str(error)) from error

    def purge(self, action: str, progress: Progress = to_the_end) -> Outcome:
        """Remove for good what an action keeps aside; ``progress`` is told bytes, and may answer False to stop.

        :class:`RacewatchError` for an unknown action.
        """
        observing = self.observer_guard()
        if observing is not None:
            return self._left_as_it_is(action, observing)
        try:
            return purge(action, self._the_journal(), progress=progress)
        except NoSuchAction:
            raise RacewatchError(
                f"the journal knows no action {action!r}; racewatch history lists them"
            ) from None
        except JournalError as error:
            raise RacewatchError(str(error)) from error

    def _left_as_it_is(self, action: str, why: str) -> Outcome:
        try:
            entry = self._the_journal().entry(action)
        except JournalError as error:
            raise RacewatchError(str(error)) from error
        if entry is None:
            raise RacewatchError(f"the journal knows no action {action!r}; racewatch history lists them")
        return Outcome(entry.target, action, OutcomeWord.REFUSED_FORBIDDEN, why)

    def history(self, limit: int | None = None) -> list[HistoryEntry]:
        """The journal, newest first; :class:`RacewatchError` when it cannot be read."""
        try:
            return self._the_journal().entries(limit)
        except JournalError as error:
            raise RacewatchError(str(error)) from error

    def tidy(self) -> None:
        """What can wait until nobody does: for whoever stays, after acts."""
        if self._journal is not None:
            self._journal.tidy()

    def _the_journal(self) -> Journal:
        if self._journal is None:
            raise RacewatchError(self.journal_problem or "there is no journal")
        return self._journal

    def monitor(self, roots: Sequence[bytes] | None = None) -> Monitor:
        """A new (not yet started) monitor of these roots, or of the configured ones.

        It gets kinds of its own: their caches belong to its worker thread.
        """
        config = self.config
        # Named roots mean those alone, and the runtimes that are named.
        only_bundles = roots is not None and not config.only_named
        return Monitor(
            [_sockets(config, patient=False)],
            self._roots(roots),
            later=[
                lambda: self._locks_of(config, well_known_places=roots is None),
                lambda: _containers(config, only_bundles=only_bundles),
            ],
            settings=MonitorSettings(exclude=config.exclude),
        )

    def close(self) -> None:
        """Release the journal; waits for a write in flight.  Safe to call twice."""
        if self._journal is not None:
            self._journal.close()
            self._journal = None
            self.journal_problem = "racewatch was closed"


def _sockets(config: Config, *, patient: bool) -> SocketsKind:
    return SocketsKind(
        config.sockets, patient=patient, exclude=config.exclude, max_entries=config.max_entries
    )


def _containers(config: Config, *, only_bundles: bool) -> ContainersKind:
    from racewatch.kinds.containers import ContainersKind

    return ContainersKind(
        config.state_roots,
        engines=config.engines,
        default_roots=not config.only_named,
        only_bundles=only_bundles,
        exclude=config.exclude,
        max_entries=config.max_entries,
    )


def _with_our_own(protected: Protected, folder: bytes) -> Protected:
    """The operator's list, and the folder of the journal: what undo and recovery need is never a left-over."""
    own = Protection(glob.escape(os.path.realpath(folder)), "it is racewatch's own, for undo and recovery")
    return Protected((*protected.rules, own))


def _what_waits(journal: Journal) -> str | None:
    """The acts without an end, for somebody who may not bring them to one."""
    try:
        acts = journal.open_acts()
    except JournalError:
        return None  # the first verb that reads it says why it cannot be read
    if not acts:
        return None
    which = ", ".join(display(act.target.locator) for act in acts[:3]) + (" and more" if acts[3:] else "")
    return (
        f"not finished: what was begun with {which}; if no other racewatch is in the middle of it, a crash interrupted "
        "it, and its name may be absent until racewatch is started without observing"
    )


def _canonical(path: bytes) -> bytes:
    absolute = os.path.abspath(path)
    return os.path.join(os.path.realpath(os.path.dirname(absolute)), os.path.basename(absolute))
