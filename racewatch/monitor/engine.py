"""The monitor: hints, exits and sweeps in, one inventory, batches of changes out.

One worker thread owns everything; watchdog's thread only rings its bell.  The worker waits for three
things: the bell (file events, wishes), a process exit, the time of the next sweep or check.  Order of
urgency: owners that exited, the first sight of what has just appeared, targets somebody wants to see, then
hinted places, then sweeps; a sweep lets urgent work in between two answers, and hinted work never delays a
sweep that is due.
"""

from __future__ import annotations

import logging
import os
import select
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from racewatch.core.kind import Kind
from racewatch.core.model import KindName, Observation, Target, Verdict
from racewatch.core.text import one_line
from racewatch.monitor.batch import HealthState, SourceHealth
from racewatch.monitor.coverage import EVENTS, overflow_health
from racewatch.monitor.exits import ExitWatch
from racewatch.monitor.health import HealthBoard
from racewatch.monitor.hints import FileHints
from racewatch.monitor.inventory import Change, Inventory
from racewatch.monitor.known import Known
from racewatch.monitor.locktable import LockTable
from racewatch.monitor.looks import Looks, Stopped
from racewatch.monitor.schedule import SuspendWatch, SweepSchedule
from racewatch.monitor.settings import DEFAULTS, MonitorSettings
from racewatch.monitor.subscription import Hub, Subscription, Wake
from racewatch.monitor.todo import Inbox, Todo

_log = logging.getLogger(__name__)

_STOP_SECONDS: Final = 5.0
#: A look that takes longer than this is reported as stuck.
_STUCK_SECONDS: Final = 10.0
#: Seconds until the next look at what was seen in the middle of a death.
_LINGER: Final = (0.02, 0.1, 0.5)
_MOST_RESTING: Final = 4096
#: So many names (and those of one more place) are looked at in one go.
_MOST_AT_ONCE: Final = 256
#: So many names that wait to be looked at are a storm.
_CROWD: Final = 16


class Monitor:
    """Watches the targets of some kinds below some roots.

    ``roots`` are absolute, real paths without a slash at the end: a link in the place of a root is
    not followed.  Methods may be called from any thread.  A stopped monitor cannot be started again.
    """

    def __init__(
        self,
        kinds: Sequence[Kind],
        roots: Sequence[bytes],
        *,
        later: Sequence[Callable[[], Kind]] = (),
        settings: MonitorSettings = DEFAULTS,
    ) -> None:
        """``later`` make further kinds, in the monitor's thread, one after the other once the ``kinds`` were looked at
        for the first time: the first rows do not wait for what those are made of.
        """
        self._inbox = Inbox()
        self._inventory = Inventory()
        self._hub = Hub(self._inventory)
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._worker = _Worker(
            kinds, later, roots, settings, self._inbox, self._inventory, self._hub, self._stopping
        )
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin; returns at once.  A second call does nothing."""
        with self._lock:
            if self._thread is None and not self._stopping.is_set():
                self._thread = threading.Thread(
                    target=self._worker.run, name="racewatch-monitor", daemon=True
                )
                self._thread.start()

    def stop(self) -> bool:
        """End the threads and release every descriptor.  Safe to call twice, also from ``wake``.

        Bounded: returns False when a kind is stuck in a look (a dead network file system) and could
        not be waited for any longer; what it holds is released when it returns.
        """
        self._stopping.set()
        self._hub.drawn.set()
        self._inbox.ring()
        with self._lock:
            thread = self._thread
        if thread is None:
            self._worker.close()
        elif thread is not threading.current_thread():
            thread.join(_STOP_SECONDS)
            return not thread.is_alive()
        return True

    def subscribe(self, wake: Wake, *, draws: bool = False) -> Subscription:
        """A new consumer, at its own pace; its first batch is the complete state.

        ``wake`` is called from the monitor's thread when there is something to take, and then not
        again until :meth:`Subscription.take` was called, except once when something pressing is among it.

        ``draws``: a consumer in this process that draws.  The first look waits with what it found first until
        :meth:`Subscription.drawn` was called, for a moment at most.
        """
        subscription = self._hub.subscribe(wake, draws=draws)
        self._inbox.ring()
        return subscription

    def look_again(self, targets: Iterable[Target]) -> None:
        """Look at these at once (after an act, on a person's wish)."""
        self._inbox.targets(targets)

    def sweep_now(self) -> None:
        """Look at everything as soon as the budget of storms allows: at once, as a rule."""
        self._inbox.everything()

    def health(self) -> tuple[SourceHealth, ...]:
        """The current health of every source."""
        with self._hub.lock:
            health = self._hub.health
        stuck = self._worker.stuck_for()
        if stuck < _STUCK_SECONDS:
            return health
        detail = f"It has not come to an end for {stuck:.0f} s; what is shown may be old."
        return (*health, SourceHealth("worker", HealthState.FAILED, detail))


def _is_midway(change: Change) -> bool:
    """Whether it was seen while its owner came or went: a look in a moment says more.

    What is new, dead and nobody's is none of that: a storm of left-overs must not be looked at four times.
    """
    old, new = change.old, change.new
    if old is not None and (old.owner is not None or new is None or old.fingerprint == new.fingerprint):
        return old.owner is not None
    return new is not None and new.verdict in (Verdict.LIVE, Verdict.UNKNOWN)


class _Worker:
    """What runs in the monitor's thread."""

    def __init__(
        self,
        kinds: Sequence[Kind],
        later: Sequence[Callable[[], Kind]],
        roots: Sequence[bytes],
        settings: MonitorSettings,
        inbox: Inbox,
        inventory: Inventory,
        hub: Hub,
        stopping: threading.Event,
    ) -> None:
        self._settings = settings
        self._inbox = inbox
        self._inventory = inventory
        self._hub = hub
        self._stopping = stopping
        self._board = HealthBoard()
        self._exits = ExitWatch(settings.max_owners)
        self._later = list(later)
        self._known = Known(lambda one: inbox.targets((one,)))
        self._locks: LockTable | None = None
        for kind in kinds:
            self._know(kind)
        self._hints = FileHints(
            roots,
            inbox,
            # Of a kind that is not there yet nothing is known that a file could change.
            contents=self._known.matters if self._known.reads or later else None,
            exclude=settings.exclude,
            max_watches=settings.max_watches,
            between=self._end_if_stopped,
        )
        self._looks = Looks(
            kinds, roots, inventory, self._board, self._commit, self._pause, self._glance, settings.slice
        )
        now = time.monotonic()
        self._todo = Todo()
        self._schedule = SweepSchedule(settings.sweeps, now)
        self._suspend = SuspendWatch(now, time.clock_gettime(time.CLOCK_BOOTTIME))
        self._beats: dict[Target, float] = {}
        self._resting: dict[bytes, float] = {}
        self._lingering: dict[Target, tuple[float, int]] = {}
        self._checked_at = now
        self._overflow_until: float | None = None
        self._problems_shown: frozenset[object] = frozenset()
        self._sweeping = False
        self._started = False
        self._ready = False
        self._busy_since: float | None = None

    def _know(self, kind: Kind) -> None:
        self._known.add(kind)
        if kind.name is KindName.LOCK:
            self._locks = LockTable()

    def stuck_for(self) -> float:
        """Seconds since the worker last came round; 0.0 while it waits."""
        since = self._busy_since
        return 0.0 if since is None else time.monotonic() - since

    def run(self) -> None:
        """Until stopped."""
        try:
            poll = select.poll()
            poll.register(self._inbox.fileno(), select.POLLIN)
            poll.register(self._exits.fileno(), select.POLLIN)
            while not self._stopping.is_set():
                self._busy_since = None
                poll.poll(max(0.0, self._wait_seconds()) * 1000)
                self._busy_since = time.monotonic()
                self._safe_turn()
        except Stopped:
            pass
        finally:
            self._busy_since = None
            self.close()

    def close(self) -> None:
        """Release everything.  The inbox last: watchdog's thread may still ring it."""
        self._known.close()
        self._hints.close(_STOP_SECONDS)
        self._exits.close()
        self._inbox.close()

    def _safe_turn(self) -> None:
        try:
            self._turn()
        except Stopped:
            raise
        except Exception as error:  # noqa: BLE001 - the one place that keeps the monitor alive
            # A mistake of our own: shown and tried again, because a silent monitor is worse than a
            # limping one.  The pause keeps a repeated mistake from taking a core.
            _log.exception("the monitor made a mistake")
            detail = f"It made a mistake ({one_line(str(error)) or type(error).__name__}) and goes on."
            self._board.put(SourceHealth("worker", HealthState.FAILED, detail))
            self._publish()
            self._stopping.wait(self._settings.sweeps.floor)
            self._schedule.at_once()

    def _turn(self) -> None:
        now = time.monotonic()
        if not self._started:
            self._started = True
            if self._settings.file_events:
                self._hints.start()  # before the first sweep: nothing is missed in between
            self._look_beside()
            self._known.listen()
            self._show_health()
        if now - self._checked_at >= self._settings.tick:
            self._check(now)
        self._serve()
        if self._schedule.due_in(time.monotonic()) <= 0:
            self._sweep()
        self._publish()

    def _wait_seconds(self) -> float:
        now = time.monotonic()
        if self._exits.has_exited() or self._todo.is_urgent:
            return 0.0
        waits = [self._schedule.due_in(now), self._checked_at + self._settings.tick - now]
        waits += [self._resting.get(place, 0.0) - now for place in self._todo.places]
        waits += [due - now for due, _tries in self._lingering.values()]
        if self._beats:
            waits.append(min(self._beats.values()) - now)
        if self._locks is not None:
            waits.append(self._locks.due_in(now))
        return min(waits)

    # --- urgent work and hints --------------------------------------------------------------------

    def _end_if_stopped(self) -> None:
        """Called where something takes long: a tree of a hundred thousand directories is gone into for seconds."""
        if self._stopping.is_set():
            raise Stopped

    def _pause(self) -> None:
        """Called by a sweep now and then: what is urgent goes in between, and the drawing of the first rows."""
        self._end_if_stopped()
        if len(self._inventory):
            self._hub.let_draw()
        self._busy_since = time.monotonic()
        self._serve()
        self._publish()

    def _glance(self) -> None:
        """Called while known names are looked at: what has just appeared does not wait for the end of that."""
        self._end_if_stopped()
        self._inbox.drain(self._todo)
        self._serve_fresh(midway=True)

    def _serve(self) -> None:
        """All that was asked for, apart from sweeps."""
        self._inbox.drain(self._todo)
        self._serve_exits()
        self._serve_fresh()
        self._serve_locks()
        self._serve_beats()
        todo = self._todo
        if todo.overflows:
            todo.overflows = 0
            self._overflow_until = time.monotonic() + self._settings.overflow_shown
            self._show_health()
        if todo.trees or todo.all_trees:
            self._serve_trees()
        if todo.targets:
            targets, todo.targets = todo.targets, set()
            self._look_at(targets)
        if todo.sweep:
            todo.sweep = False
            self._schedule.at_once()
        self._serve_places()

    def _serve_exits(self) -> None:
        exited = self._exits.exited()
        if exited:
            self._look_at(exited)
            self._linger(exited, 0)
        now = time.monotonic()
        nameless: list[Target] = []
        for target, tries in [
            (target, tries) for target, (when, tries) in self._lingering.items() if when <= now
        ]:
            del self._lingering[target]
            observation = self._inventory.get(target)
            if observation is None or not self._is_unsettled(observation):
                continue  # another look has settled it
            place = target.place
            if place is None:
                nameless.append(target)
            else:
                self._todo.name(*place)  # together with all else that is to be looked at
            self._linger((target,), tries)
        if nameless:
            self._look_at(nameless)

    def _serve_locks(self) -> None:
        """Whoever took a lock or gave one back since the table was last read."""
        if self._locks is None or self._locks.due_in(time.monotonic()) > 0:
            return
        concerned = self._locks.read()
        for target in concerned.targets:
            self._todo.target(target)
        for path in concerned.paths:
            directory, name = os.path.split(path)
            if self._looks.covers(directory, KindName.LOCK):
                # It may be the lock that counts for others beside it.
                for target in self._inventory.in_directory(directory, KindName.LOCK):
                    self._todo.target(target)
                self._todo.name(directory, name)

    def _serve_beats(self) -> None:
        """Heartbeats whose time has come: a look notes that they stand still, or that they do not."""
        now = time.monotonic()
        due = {target for target, when in self._beats.items() if when <= now}
        if not due:
            return
        self._look_at(due)
        for target in due:
            self._expect_beat(target)

    def _expect_beat(self, target: Target) -> None:
        self._beats.pop(target, None)
        seen = self._inventory.get(target)
        period = self._known.period(seen) if seen is not None else None
        if period is not None:
            self._beats[target] = time.monotonic() + max(period, self._settings.tick)

    def _look_beside(self) -> None:
        """Which folders there are beside the roots changes: programs are installed, people log in."""
        folders = self._looks.look_beside()
        if self._settings.file_events:
            for directory in self._hints.look_beside(folders):
                self._todo.directory(directory)

    def _linger(self, targets: Iterable[Target], tries: int) -> None:
        """Look once more, a little later, at those that were seen in the middle of a death."""
        if tries >= len(_LINGER):
            return
        for target in targets:
            observation = self._inventory.get(target)
            if observation is not None and self._is_unsettled(observation):
                self._lingering[target] = (time.monotonic() + _LINGER[tries], tries + 1)

    def _is_unsettled(self, observation: Observation) -> bool:
        """In use, but by a process that is dead, or by none: true of a dying process for a moment.

        It has given up its descriptors and the kernel has not yet closed what they meant; nothing
        would tell when it has.
        """
        if observation.verdict is not Verdict.LIVE:
            return False
        return observation.owner is None or self._exits.names_dead(observation)

    def _look_at(self, targets: Iterable[Target]) -> None:
        if not self._looks.targets(targets):
            self._schedule.at_once()

    def _serve_trees(self) -> None:
        todo = self._todo
        trees: set[bytes] | None = None if todo.all_trees else todo.trees
        todo.trees, todo.all_trees = set(), False
        if self._settings.file_events:
            for directory in self._hints.rebuild(trees):
                todo.directory(directory)
            self._show_health()
        if trees is None:
            todo.everything()
        else:
            for directory in self._inventory.directories_below(trees):
                todo.directory(directory)

    def _serve_fresh(self, *, midway: bool = False) -> None:
        """What has just appeared is shown before it is judged, when that would keep it waiting."""
        fresh = self._todo.take_fresh()
        if not fresh:
            return
        now = time.monotonic()
        wait = max(0.0, *(self._resting.get(place, 0.0) - now for place in fresh))
        crowd = sum(len(names) for names in self._todo.places.values() if names is not None)
        # In a crowd, and in the middle of something else, nobody knows when its turn comes.
        self._looks.first_sight(fresh, float("inf") if midway or crowd >= _CROWD else wait)

    def _serve_places(self) -> None:
        """The hinted places whose rest is over, each once, for at most one slice while sweeping."""
        if not self._todo.places:
            return
        started = time.monotonic()
        while places := self._due_places():
            if self._stopping.is_set():
                raise Stopped
            seconds = self._looks.places(places)
            if self._looks.take_suspicion():
                self._schedule.at_once()
            rested = time.monotonic() + seconds * self._settings.hint_rest
            for place in places:
                self._rest(place, rested)
            self._inbox.drain(self._todo)
            self._serve_exits()
            self._serve_fresh()
            if time.monotonic() - started > (self._settings.slice if self._sweeping else 0.1):
                # Back to the loop: a sweep that is due, or under way, has its turn, too.
                break

    def _due_places(self) -> dict[bytes, set[bytes] | None]:
        """Taken from what is to be done: names of several places, or else one whole directory."""
        now = time.monotonic()
        due = [place for place in self._todo.places if self._resting.get(place, 0.0) <= now]
        taken: dict[bytes, set[bytes] | None] = {}
        count = 0
        for place in due:
            names = self._todo.places[place]
            if names is not None and count < _MOST_AT_ONCE:
                taken[place] = names
                count += len(names)
        for place in taken or due[:1]:
            taken[place] = self._todo.places.pop(place)
        return taken

    def _rest(self, place: bytes, until: float) -> None:
        if len(self._resting) >= _MOST_RESTING:
            now = time.monotonic()
            self._resting = {path: when for path, when in self._resting.items() if when > now}
            if len(self._resting) >= _MOST_RESTING:
                self._resting.clear()
        self._resting[place] = until

    # --- sweeps and checks ------------------------------------------------------------------------

    def _sweep(self) -> None:
        # What was hinted of whole directories is part of the sweep.  Single names go before it: it may take long.
        self._todo.swept()
        self._schedule.begun()
        self._sweeping = True
        cpu = time.thread_time() - self._looks.away_cpu
        try:
            changed = self._looks.sweep()
            while self._later:
                changed = self._looks.sweep_kind(self._take_up_next()) or changed
            if changed:
                self._schedule.changed(time.monotonic())
            if self._looks.take_suspicion():
                self._schedule.at_once()
        finally:
            self._sweeping = False
        self._schedule.swept(time.monotonic(), time.thread_time() - self._looks.away_cpu - cpu)
        self._exits.retry()
        self._look_beside()
        self._ready = True

    def _take_up_next(self) -> Kind:
        """One more kind; from now on nothing is missed of what it looks at."""
        cpu = time.thread_time()
        kind = self._later[0]()
        del self._later[0]
        self._know(kind)
        self._looks.add(kind)
        self._serve_locks()
        self._known.listen()
        beside = self._looks.look_beside()
        if self._settings.file_events:
            # Which of these directories are new does not matter: all of them are looked at next.
            self._hints.look_beside(beside)
        self._show_health()
        self._looks.away_cpu += time.thread_time() - cpu
        return kind

    def _check(self, now: float) -> None:
        """What no event tells."""
        self._checked_at = now
        if self._suspend.woke(now, time.clock_gettime(time.CLOCK_BOOTTIME)):
            self._todo.overflow()
            self._todo.overflows = 0
        if self._settings.file_events and self._hints.verify():
            self._todo.everything()
        if self._overflow_until is not None and now >= self._overflow_until:
            self._overflow_until = None
        self._show_health()

    # --- out --------------------------------------------------------------------------------------

    def _commit(self, changes: Sequence[Change]) -> None:
        self._hub.commit(changes)
        for change in changes:
            self._exits.observe(change.target, change.new)
            if self._locks is not None:
                self._locks.observe(change.target, change.new)
            self._expect_beat(change.target)
            if change.new is None:
                self._lingering.pop(change.target, None)
            elif self._ready and change.new.owner is None and _is_midway(change):
                # What is new has just been looked at, and nobody has died.
                self._linger((change.target,), 1 if change.old is None else 0)
        if self._ready:
            self._schedule.changed(time.monotonic())
        self._hub.ring()

    def _show_health(self) -> None:
        told = (
            {health.source: health for health in self._hints.health()} if self._settings.file_events else {}
        )
        if not told:
            off = "File events are switched off; sweeps look at everything."
            told[EVENTS] = SourceHealth(EVENTS, HealthState.DEGRADED, off)
        elif self._overflow_until is not None:
            told[EVENTS] = overflow_health()
        self._board.put_all(told.values())
        self._known.show_health(self._board)

    def _publish(self) -> None:
        self._board.put(self._exits.health())
        if self._locks is not None:
            self._board.put(self._locks.health())
        problems = self._looks.problems()
        shown = frozenset(problems)
        notable = self._board.take_changed() or shown != self._problems_shown
        self._problems_shown = shown
        self._hub.state(ready=self._ready, problems=problems, health=self._board.all(), notable=notable)
        self._hub.ring()
