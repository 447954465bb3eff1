"""What consumers and operators are promised: pace, order, errors told, a clean end."""

from __future__ import annotations

import logging
import os
import random
import threading
import time
from collections.abc import Iterator, Mapping, Sequence

import pytest

from racewatch.core.kind import Seen
from racewatch.core.model import KindName, Observation, Target, Verdict
from racewatch.monitor import hints
from racewatch.monitor.batch import HealthState
from racewatch.monitor.engine import Monitor
from racewatch.monitor.schedule import SweepSettings
from racewatch.monitor.settings import MonitorSettings
from tests.monitor.conftest import EVENTS_ONLY, Start
from tests.monitor.support import Follower, Nodes, dead, fresh, listen, told

QUICK = MonitorSettings(sweeps=SweepSettings(floor=0.05, ceiling=0.2, spacing=0.0), tick=0.05)


class Moody(Nodes):
    """Raises when told to."""

    def __init__(self) -> None:
        super().__init__()
        self.bad_scan = False
        self.bad_directory = False
        self.bad_look = False

    def scan(self, roots: Sequence[bytes]) -> Iterator[Seen]:
        yield from super().scan(roots)
        if self.bad_scan:
            raise RuntimeError("the scan\nbroke")

    def scan_directory(self, directory: bytes) -> Iterator[Seen]:
        if self.bad_directory:
            raise RuntimeError("no such luck")
        return super().scan_directory(directory)

    def look(self, target: Target) -> Observation | None:
        if self.bad_look:
            raise RuntimeError
        return super().look(target)


# --- consumers ------------------------------------------------------------------------------------


def test_a_wake_comes_once_until_the_batch_is_taken(root: bytes, start: Start) -> None:
    monitor = start(Nodes(), root)
    follower, slow = Follower(monitor), Follower(monitor)
    follower.until_ready()
    slow.until_ready()
    wakes = slow.wakes
    for number in range(20):
        dead(root + b"/%d.sock" % number)
        follower.until(lambda number=number: len(follower.state) == number + 1)  # type: ignore[misc] # lambda default
    assert slow.wakes == wakes + 1
    batch = slow.take()
    assert batch is not None
    assert len(batch.added) == 20
    assert slow.take() is None


def test_what_came_and_went_between_two_batches_appears_nowhere(root: bytes, start: Start) -> None:
    monitor = start(Nodes(), root)
    follower, slow = Follower(monitor), Follower(monitor)
    follower.until_ready()
    slow.until_ready()
    dead(root + b"/a.sock")
    follower.until(lambda: len(follower.state) == 1)
    os.unlink(root + b"/a.sock")
    follower.until(lambda: not follower.state)
    assert slow.take() is None


def test_what_was_replaced_between_two_batches_is_changed(root: bytes, start: Start) -> None:
    path = root + b"/a.sock"
    dead(path)
    monitor = start(Nodes(), root)
    follower, slow = Follower(monitor), Follower(monitor)
    follower.until_ready()
    slow.until_ready()
    os.unlink(path)
    follower.until(lambda: not follower.state)
    with listen(path):
        follower.until(lambda: follower.verdict(path) is Verdict.LIVE)
        batch = slow.take()
        assert batch is not None
        assert [one.target.locator for one in batch.changed] == [path]
        assert (batch.added, batch.gone) == ((), ())


def test_a_late_consumer_first_gets_everything_and_ready(root: bytes, start: Start) -> None:
    dead(root + b"/a.sock")
    monitor = start(Nodes(), root)
    Follower(monitor).until_ready()
    late = Follower(monitor)
    late.until_ready()
    (batch,) = late.batches
    assert batch.ready
    assert [one.target.locator for one in batch.added] == [root + b"/a.sock"]
    assert batch.health


def test_a_consumer_that_never_takes_holds_at_most_one_entry_a_target(root: bytes, start: Start) -> None:
    monitor = start(Nodes(), root)
    follower, never = Follower(monitor), Follower(monitor)
    follower.until_ready()
    path = root + b"/a.sock"
    for _round in range(30):
        dead(path)
        follower.until(lambda: bool(follower.state))
        os.unlink(path)
        follower.until(lambda: not follower.state)
    assert len(never.subscription._pending) <= 1


def test_a_closed_subscription_is_silent(root: bytes, start: Start) -> None:
    monitor = start(Nodes(), root)
    follower, closed = Follower(monitor), Follower(monitor)
    follower.until_ready()
    closed.until_ready()
    wakes = closed.wakes
    closed.subscription.close()
    closed.subscription.close()
    dead(root + b"/a.sock")
    follower.until(lambda: len(follower.state) == 1)
    assert closed.wakes == wakes
    assert closed.take() is None


def test_a_wake_that_raises_neither_kills_the_monitor_nor_is_hidden(
    root: bytes, start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    monitor = start(Nodes(), root)
    called = threading.Semaphore(0)

    def bad() -> None:
        called.release()
        raise RuntimeError("the consumer broke")

    subscription = monitor.subscribe(bad)
    follower = Follower(monitor)
    follower.until_ready()
    assert called.acquire(timeout=10)
    dead(root + b"/a.sock")
    follower.until(lambda: len(follower.state) == 1)
    assert called.acquire(timeout=10)  # tried again with the next change
    batch = subscription.take()
    assert batch is not None
    assert len(batch.added) == 1
    assert "the consumer broke" in caplog.text


def test_wakes_come_from_the_monitors_thread(root: bytes, start: Start) -> None:
    names: list[str] = []
    woken = threading.Event()

    def wake() -> None:
        names.append(threading.current_thread().name)
        woken.set()

    start(Nodes(), root).subscribe(wake)
    assert woken.wait(10)
    assert set(names) == {"racewatch-monitor"}


# --- errors of kinds ------------------------------------------------------------------------------


def test_a_sweep_that_breaks_is_told_and_drops_nothing(
    root: bytes, start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    kind = Moody()
    dead(root + b"/a.sock")
    follower = Follower(start(kind, root, settings=QUICK))
    follower.until_ready()
    kind.bad_scan = True
    follower.until(lambda: follower.of("sweep of sockets").state is HealthState.FAILED)
    assert "the scan" in follower.of("sweep").detail
    assert "\n" not in follower.of("sweep").detail
    assert set(follower.state) == {root + b"/a.sock"}
    assert caplog.text.count("Traceback") == 1  # logged, and not once a second
    kind.bad_scan = False
    follower.until(lambda: follower.of("sweep of sockets").state is HealthState.OK)


def test_a_first_sweep_that_breaks_still_says_ready(root: bytes, start: Start) -> None:
    kind = Moody()
    kind.bad_scan = True
    follower = Follower(start(kind, root))
    follower.until_ready()
    assert follower.of("sweep of sockets").state is HealthState.FAILED


def test_a_look_that_breaks_is_told_and_keeps_what_was_known(root: bytes, start: Start) -> None:
    kind = Moody()
    dead(root + b"/a.sock")
    monitor = start(kind, root)
    follower = Follower(monitor)
    follower.until_ready()
    kind.bad_directory = kind.bad_look = True
    dead(root + b"/b.sock")
    follower.until(lambda: follower.has("look of sockets", HealthState.FAILED))
    assert "RuntimeError" in follower.of("look of sockets").detail
    assert set(follower.state) == {root + b"/a.sock"}
    kind.bad_directory = kind.bad_look = False
    monitor.sweep_now()
    follower.until(lambda: len(follower.state) == 2)
    dead(root + b"/c.sock")
    follower.until(
        lambda: len(follower.state) == 3 and follower.of("look of sockets").state is HealthState.OK
    )


def test_a_mistake_of_the_monitor_itself_is_told_and_survived(
    root: bytes, start: Start, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monitor = start(Nodes(), root, settings=QUICK)
    follower = Follower(monitor)
    follower.until_ready()
    once = iter([True])
    real = monitor._worker._looks.places

    def broken(places: Mapping[bytes, set[bytes] | None]) -> float:
        if next(once, False):
            raise ValueError("a mistake of ours")
        return real(places)

    monkeypatch.setattr(monitor._worker._looks, "places", broken)
    dead(root + b"/a.sock")
    follower.until(lambda: any("a mistake of ours" in one.detail for one in follower.health))
    follower.until(lambda: len(follower.state) == 1)
    assert any(record.levelno == logging.ERROR for record in caplog.records)


# --- the end --------------------------------------------------------------------------------------


def test_stop_in_the_middle_of_a_sweep(root: bytes) -> None:
    kind = Nodes()
    for number in range(2000):
        dead(root + b"/%d.sock" % number)
    inside = threading.Event()
    kind.on_scan = inside.set
    monitor = Monitor([kind], [root], settings=MonitorSettings(slice=0.0))
    follower = Follower(monitor)
    monitor.start()
    assert inside.wait(10)
    assert monitor.stop()
    assert monitor.stop()
    follower.take()
    assert not follower.ready


def test_stop_while_a_large_tree_is_gone_into_for_the_first_time(
    root: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(50):
        os.mkdir(root + b"/%d" % number)
    inside, go = threading.Event(), threading.Event()
    gone_into: list[bytes] = []
    directories_in = hints._directories_in

    def slow(path: bytes) -> list[bytes] | None:
        gone_into.append(path)
        inside.set()
        go.wait(60)
        return directories_in(path)

    monkeypatch.setattr(hints, "_directories_in", slow)
    monitor = Monitor([Nodes()], [root])
    monitor.start()
    assert inside.wait(60)
    stopping = threading.Thread(target=monitor.stop)
    stopping.start()
    while not monitor._stopping.is_set():
        time.sleep(0.001)
    go.set()
    stopping.join(60)
    assert monitor.stop()
    assert gone_into == [root]


def test_a_stopped_monitor_leaves_no_thread_and_no_descriptor(root: bytes) -> None:
    for number in range(20):
        os.mkdir(root + b"/%d" % number)
        dead(root + b"/%d/a.sock" % number)

    def round_trip() -> None:
        monitor = Monitor([Nodes()], [root])
        monitor.start()
        Follower(monitor).until_ready()
        assert monitor.stop()

    round_trip()
    threads, descriptors = threading.active_count(), len(os.listdir("/proc/self/fd"))
    for _round in range(5):
        round_trip()
    assert threading.active_count() == threads
    assert len(os.listdir("/proc/self/fd")) == descriptors


def test_a_monitor_that_was_never_started_can_be_stopped(root: bytes) -> None:
    monitor = Monitor([Nodes()], [root])
    assert monitor.stop()
    monitor.start()  # too late: does nothing
    assert monitor.stop()
    monitor.look_again([Target(KindName.SOCKET, b"/x")])
    monitor.sweep_now()


def test_stop_from_the_wake_call(root: bytes) -> None:
    monitor = Monitor([Nodes()], [root])
    stopped = threading.Event()

    def end() -> None:
        monitor.stop()
        stopped.set()

    monitor.subscribe(end)
    monitor.start()
    assert stopped.wait(10)
    assert monitor.stop()


def test_a_kind_that_hangs_is_told_and_does_not_hang_stop(
    root: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = Nodes()
    inside, release = threading.Event(), threading.Event()

    def hang() -> None:
        inside.set()
        release.wait(60)

    kind.on_scan = hang
    monkeypatch.setattr("racewatch.monitor.engine._STOP_SECONDS", 0.05)
    monkeypatch.setattr("racewatch.monitor.engine._STUCK_SECONDS", 0.0)
    monitor = Monitor([kind], [root])
    monitor.start()
    assert inside.wait(10)
    assert monitor.health()[-1].source == "worker"
    assert monitor.health()[-1].state is HealthState.FAILED
    assert not monitor.stop()
    release.set()
    deadline = time.monotonic() + 10
    while not monitor.stop():
        assert time.monotonic() < deadline


# --- storms ---------------------------------------------------------------------------------------


def test_after_any_churn_the_batches_add_up_to_what_is_there(root: bytes, start: Start) -> None:
    kind = Nodes()
    settings = MonitorSettings(sweeps=SweepSettings(floor=0.2, ceiling=0.5), tick=0.2)
    monitor = start(kind, root, settings=settings)
    follower, slow = Follower(monitor), Follower(monitor)
    follower.until_ready()
    slow.until_ready()
    dice = random.Random(4711)
    directories = [root + b"/d%d" % number for number in range(6)]
    held = []
    alive = {}
    for step in range(3000):
        directory = dice.choice(directories)
        path = directory + b"/%d.sock" % dice.randrange(30)
        what = dice.randrange(10)
        try:
            if what < 4:
                os.makedirs(directory, exist_ok=True)
                server = listen(path)
                held.append(server)
                if what < 2:
                    server.close()
                else:
                    alive[path] = server
            elif what < 7:
                os.unlink(path)
            elif what == 7:
                os.rename(path, dice.choice(directories) + b"/%d.sock" % dice.randrange(30))
            elif what == 8 and path in alive:
                alive.pop(path).close()
            elif what == 9 and step % 5 == 0:
                os.rename(directory, dice.choice(directories))
        except OSError:
            continue  # not there, or in the way: that is what dice do
        if step % 300 == 0:
            follower.take()
    for server in held:
        server.close()
    wanted = fresh(kind, [root])
    follower.until(lambda: told(follower) == wanted, "the state after the churn")
    slow.until(lambda: told(slow) == wanted, "the state after the churn, for the slow one")


def test_a_storm_of_files_stays_bounded_and_starves_no_sweep(root: bytes, start: Start) -> None:
    kind = Nodes()
    server = listen(root + b"/a.sock")
    settings = MonitorSettings(sweeps=SweepSettings(floor=0.1, ceiling=0.5), tick=0.1)
    monitor = start(kind, root, settings=settings)
    follower = Follower(monitor)
    follower.until_ready()
    os.mkdir(root + b"/storm")
    storming = threading.Event()
    over = threading.Event()

    def storm() -> None:
        for number in range(12_000):
            name = root + b"/storm/%d" % number
            os.mknod(name, 0o600)
            os.unlink(name)
            if number == 2000:
                storming.set()
        over.set()

    thread = threading.Thread(target=storm)
    thread.start()
    assert storming.wait(30)
    server.close()  # no event tells this: only a sweep can
    follower.until(lambda: follower.verdict(root + b"/a.sock") is Verdict.STALE)
    seen_in_the_storm = not over.is_set()
    thread.join()
    assert seen_in_the_storm
    dead(root + b"/storm/b.sock")
    follower.until(lambda: len(follower.state) == 2)
    todo = monitor._worker._todo
    assert len(todo.places) <= 3
    assert len(monitor._worker._resting) <= 4


def test_an_untold_change_during_a_sweep_is_not_overwritten_by_the_sweeps_older_view(
    root: bytes, start: Start
) -> None:
    """The sweep saw it alive; an urgent look in between saw it dead: dead it stays."""
    path = root + b"/a.sock"
    server = listen(path)
    dead(root + b"/b.sock")

    class OldView(Nodes):
        """Builds its whole answer first and hands it out slowly, as real kinds do."""

        def scan(self, roots: Sequence[bytes]) -> Iterator[Seen]:
            answers = list(super().scan(roots))
            for one in answers:
                self.on_scan()
                yield one

    kind = OldView()
    monitor = start(kind, root, settings=MonitorSettings(sweeps=EVENTS_ONLY.sweeps, slice=0.0))
    follower = Follower(monitor)
    follower.until_ready()

    def die_after_the_view_was_taken() -> None:
        if kind.scans == 2 and server.fileno() >= 0:
            server.close()
            monitor.look_again([Target(KindName.SOCKET, path)])

    kind.on_scan = die_after_the_view_was_taken
    verdicts: list[Verdict] = []
    monitor.subscribe(lambda: None)
    monitor.sweep_now()
    follower.until(lambda: follower.verdict(path) is Verdict.STALE)
    for batch in follower.batches:
        verdicts += [one.verdict for one in (*batch.added, *batch.changed) if one.target.locator == path]
    assert verdicts == [Verdict.LIVE, Verdict.STALE]


IDLE = SweepSettings(floor=600.0, ceiling=600.0)


def test_health_is_there_at_any_time(root: bytes, start: Start) -> None:
    monitor = start(Nodes(), root, settings=MonitorSettings(sweeps=IDLE))
    follower = Follower(monitor)
    follower.until_ready()
    assert {one.source.split(" ")[0] for one in monitor.health()} == {"file", "root", "process", "sweep"}
    assert all(one.state is HealthState.OK for one in monitor.health())
    (sweep,) = (one for one in monitor.health() if one.source == "sweep of sockets")
    assert time.time() - 60 < sweep.fresh_at <= time.time()
