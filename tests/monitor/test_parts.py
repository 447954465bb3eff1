"""The parts that are pure: schedule, to-do, costs."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from racewatch.core.model import KindName, Observation, Removable, Target, Verdict
from racewatch.monitor import todo as todo_module
from racewatch.monitor.costs import Costs
from racewatch.monitor.exits import ExitWatch, default_limit
from racewatch.monitor.inventory import Change, Inventory, is_below
from racewatch.monitor.schedule import SuspendWatch, SweepSchedule, SweepSettings
from racewatch.monitor.subscription import Hub
from racewatch.monitor.todo import Inbox, Todo

SETTINGS = SweepSettings(
    active_share=0.02, quiet_share=0.005, floor=2.0, ceiling=120.0, active_for=10.0, spacing=3.0
)


def test_the_first_sweep_is_due_at_once() -> None:
    assert SweepSchedule(SETTINGS, 100.0).due_in(100.0) == 0.0


@pytest.mark.parametrize(
    ("cost", "active", "quiet"),
    [(0.001, 2.0, 2.0), (0.02, 2.0, 4.0), (0.1, 5.0, 20.0), (0.4, 20.0, 80.0), (5.0, 120.0, 120.0)],
)
def test_the_pause_keeps_the_budget_between_floor_and_ceiling(
    cost: float, active: float, quiet: float
) -> None:
    schedule = SweepSchedule(SETTINGS, 0.0)
    schedule.begun()
    schedule.swept(100.0, cost)
    schedule.changed(100.0)
    assert schedule.due_in(100.0) == pytest.approx(active)
    assert schedule.pause(111.0) == pytest.approx(quiet)


def test_a_sweep_on_demand_waits_only_a_little_after_the_last_one() -> None:
    schedule = SweepSchedule(SETTINGS, 0.0)
    schedule.begun()
    schedule.swept(100.0, 0.1)
    schedule.at_once()
    assert schedule.due_in(100.0) == pytest.approx(0.3)
    assert schedule.due_in(101.0) < 0
    schedule.begun()
    schedule.swept(101.0, 60.0)
    schedule.at_once()
    assert schedule.due_in(101.0) == pytest.approx(2.0)


def test_a_sweep_asked_for_during_another_one_is_not_forgotten() -> None:
    schedule = SweepSchedule(SETTINGS, 0.0)
    schedule.begun()
    schedule.at_once()
    schedule.swept(100.0, 0.1)
    assert schedule.due_in(100.0) == pytest.approx(0.3)


def test_a_suspend_is_told_once_and_a_slow_clock_is_none() -> None:
    watch = SuspendWatch(10.0, 15.0)
    assert not watch.woke(20.0, 25.5)
    assert watch.woke(30.0, 3600.0)
    assert not watch.woke(31.0, 3601.0)


def test_too_many_names_become_their_directory() -> None:
    todo = Todo()
    for number in range(todo_module.MAX_NAMES + 1):
        todo.name(b"/d", b"%d" % number)
    assert todo.places == {b"/d": None}
    todo.name(b"/d", b"one more")
    assert todo.places == {b"/d": None}


def test_too_many_directories_become_a_sweep() -> None:
    todo = Todo()
    for number in range(todo_module.MAX_DIRECTORIES + 1):
        todo.directory(b"/%d" % number)
    assert todo.sweep
    assert not todo.places
    todo.name(b"/d", b"n")
    assert not todo.places


def test_too_many_targets_become_a_sweep_and_too_many_trees_all_of_them() -> None:
    todo = Todo()
    for number in range(todo_module.MAX_TARGETS + 1):
        todo.target(Target(KindName.SOCKET, b"/%d" % number))
    assert todo.sweep
    for number in range(todo_module.MAX_TREES + 1):
        todo.tree(b"/%d" % number)
    assert todo.all_trees
    assert not todo.trees


def test_names_are_fresh_once_and_not_without_end() -> None:
    inbox, todo = Inbox(), Todo()
    for number in range(todo_module.MAX_FRESH + 8):
        inbox.name(b"/%d" % (number // 100), b"%d" % number)
    inbox.drain(todo)
    inbox.name(b"/d", b"n")
    inbox.drain(todo)
    urgent = [todo.is_urgent]
    assert sum(map(len, todo.take_fresh().values())) == todo_module.MAX_FRESH
    assert todo.take_fresh() == {}
    urgent.append(todo.is_urgent)
    assert urgent == [True, False]
    assert todo.places[b"/d"] == {b"n"}
    inbox.close()


def test_what_is_pressing_wakes_once_more() -> None:
    hub = Hub(Inventory())
    rung: list[None] = []
    subscription = hub.subscribe(lambda: rung.append(None))
    one, other = (_observation(1, 0), _observation(2, 0))
    hub.commit([Change(one.target, None, one), Change(other.target, None, other)])
    assert subscription.take() is not None
    counts = []
    for old, new in (
        (one, None),
        (other, _observation(2, 1)),
        (_observation(2, 1), _observation(2, 2)),
    ):
        hub.commit([Change(old.target, old, new)])
        hub.ring()
        counts.append(len(rung))
    assert counts == [1, 2, 2]  # one goes; one dies; that it is another dead one says nothing new
    subscription.close()
    assert not subscription.has_pressing


def test_a_drained_inbox_is_silent_and_a_closed_one_deaf() -> None:
    inbox, todo = Inbox(), Todo()
    inbox.name(b"/d", b"n")
    inbox.name(b"/d", b"m")
    assert os.eventfd_read(inbox.fileno()) == 1
    os.eventfd_write(inbox.fileno(), 1)
    inbox.drain(todo)
    assert todo.places == {b"/d": {b"n", b"m"}}
    with pytest.raises(BlockingIOError):
        os.eventfd_read(inbox.fileno())
    inbox.close()
    inbox.close()
    inbox.tree(b"/x")
    inbox.drain(todo)
    assert not todo.trees


_PATHS = st.sampled_from([b"/a", b"/a/b", b"/a/b/c", b"/ab", b"/"])


@given(_PATHS, st.sets(_PATHS))
def test_below_means_by_whole_names(path: bytes, trees: set[bytes]) -> None:
    wanted = any(path == tree or path.startswith(tree.rstrip(b"/") + b"/") for tree in trees)
    assert is_below(path, trees) == wanted


def _observation(number: int, version: int) -> Observation:
    return Observation(
        Target(KindName.SOCKET, b"/%d" % number),
        None,
        str(version),
        Verdict.LIVE if version == 0 else Verdict.STALE,
        "",
        "",
        (),
        None,
        Removable.YES,
        0.0,
    )


_STEPS = st.lists(
    st.one_of(
        st.tuples(st.integers(0, 3), st.one_of(st.none(), st.integers(0, 2))),
        st.just("fast"),
        st.just("slow"),
        st.just("pressing"),
        st.just("late"),
    ),
    max_size=60,
)


@given(_STEPS)
def test_whatever_the_pace_every_consumer_ends_with_the_newest_state(steps: list[object]) -> None:
    """Any interleaving of changes, takes and new consumers; each batch is consistent with the ones before."""
    inventory = Inventory()
    hub = Hub(inventory)
    truth: dict[Target, Observation] = {}
    consumers = {
        name: (hub.subscribe(lambda: None), dict[Target, Observation]()) for name in ("fast", "slow")
    }

    def take(name: str, *, pressing: bool = False) -> None:
        subscription, state = consumers[name]
        batch = subscription.take(pressing=pressing)
        if batch is None:
            return
        if pressing:
            assert not batch.gone
            assert all(one.verdict is Verdict.STALE for one in batch.changed)
        assert batch.added or batch.changed or batch.gone
        for one in batch.added:
            assert one.target not in state
            state[one.target] = one
        for one in batch.changed:
            assert not state[one.target].same_as(one)
            state[one.target] = one
        for one in batch.gone:
            del state[one.target]

    for number, step in enumerate(steps):
        if step == "pressing":
            take("slow", pressing=True)
            # What came and what died is there; the rest waits.
            subscription, state = consumers["slow"]
            assert not subscription.has_pressing
            assert truth.keys() <= state.keys()
            dead = {target for target, one in truth.items() if one.verdict is Verdict.STALE}
            assert all(state[target].verdict is Verdict.STALE for target in dead)
        elif step == "late":
            consumers[f"late {number}"] = (hub.subscribe(lambda: None), {})
        elif isinstance(step, str):
            take(step)
        elif isinstance(step, tuple):
            which, version = step
            target = Target(KindName.SOCKET, b"/%d" % which)
            old = truth.get(target)
            new = None if version is None else _observation(which, version)
            if (old is None and new is None) or (old and new and old.same_as(new)):
                continue
            hub.commit([Change(target, old, new)])
            if new is None:
                del truth[target]
            else:
                truth[target] = new
    for name, (_subscription, state) in consumers.items():
        take(name)
        assert state == truth
    assert {one.target: one for one in inventory.observations()} == truth


def test_a_state_that_is_taken_in_parts_is_whole_and_says_ready_at_its_end() -> None:
    hub = Hub(Inventory())
    rung: list[None] = []
    subscription = hub.subscribe(lambda: rung.append(None))
    hub.commit([Change(_observation(n, 0).target, None, _observation(n, 0)) for n in range(10)])
    hub.state(ready=True, problems=(), health=(), notable=False)
    hub.ring()
    first = subscription.take(4)
    assert first is not None
    assert [one.target.locator for one in first.added] == [b"/%d" % n for n in range(4)]
    assert not first.ready
    # One that is not taken yet goes, another one changes, one that was taken changes as well.
    hub.commit(
        [
            Change(_observation(5, 0).target, _observation(5, 0), None),
            Change(_observation(6, 0).target, _observation(6, 0), _observation(6, 1)),
            Change(_observation(0, 0).target, _observation(0, 0), _observation(0, 1)),
        ]
    )
    left = [subscription.has_more]
    second, third = subscription.take(4), subscription.take(4)
    assert second is not None
    assert third is not None
    assert not second.ready
    assert {one.target.locator: one.fingerprint for one in (*second.added, *third.added)} == {
        b"/4": "0", b"/6": "1", b"/7": "0", b"/8": "0", b"/9": "0"
    }  # fmt: skip
    assert [one.fingerprint for one in (*second.changed, *third.changed)] == ["1"]
    assert third.ready
    assert first.generation <= second.generation <= third.generation
    left.append(subscription.has_more)
    assert left == [True, False]
    assert subscription.take(4) is None
    assert len(rung) == 1


def test_costs_are_learnt_and_the_oldest_directory_is_forgotten() -> None:
    costs, inventory = Costs(), Inventory()
    kind = KindName.SOCKET
    assert costs.sweep(kind) == float("inf")
    costs.swept(kind, 100, 0.2)
    assert costs.sweep(kind) == pytest.approx(0.3)
    for _ in range(50):
        costs.looked(kind, 0.01)
    assert costs.looks(kind, 10) == pytest.approx(0.1, rel=0.01)
    for number in range(1025):
        costs.listed(kind, b"/%d" % number, 7.0)
    assert costs.directory(kind, b"/1024", inventory) == 7.0
    assert costs.directory(kind, b"/0", inventory) < 1.0


def test_looking_at_names_together_has_a_price_of_its_own_and_one_for_each() -> None:
    costs, kind = Costs(), KindName.LOCK
    assert costs.names(kind, 1) < costs.names(kind, 100)
    costs.swept(kind, 1000, 0.1)  # 0.1 ms each
    for _ in range(5):
        costs.named(kind, 10, 0.051)
    # All were alike: what one costs in a sweep tells the one part from the other.
    assert costs.names(kind, 200) == pytest.approx(0.07)
    for number in (1, 100, 30, 5, 60):
        costs.named(kind, number, 0.04 + 0.0002 * number)
    for _ in range(60):
        for number in (1, 100, 30, 5, 60):
            costs.named(kind, number, 0.04 + 0.0002 * number)
    assert costs.names(kind, 1) == pytest.approx(0.0402, rel=0.01)
    assert costs.names(kind, 200) == pytest.approx(0.08, rel=0.01)


def _put(inventory: Inventory, kind: KindName, locator: bytes, path: bytes) -> Target:
    target = Target(kind, locator)
    inventory.put(
        Observation(
            target=target,
            path=path,
            fingerprint="1",
            verdict=Verdict.LIVE,
            label="",
            summary="",
            evidence=(),
            owner=None,
            removable=Removable.NEVER,
            seen_at=0.0,
        )
    )
    return target


def test_the_inventory_finds_by_name_also_what_lost_it() -> None:
    inventory, kind = Inventory(), KindName.SOCKET
    named = _put(inventory, kind, b"/d/a", b"/d/a")
    lost = _put(inventory, kind, b"lost:7:/d/a", b"/d/a")
    twice = _put(inventory, kind, b"lost:8:/d/a", b"/d/a")
    other = _put(inventory, kind, b"/d/b", b"/d/b")
    lock = _put(inventory, KindName.LOCK, b"/d/a", b"/d/a")
    bundle = _put(inventory, KindName.CONTAINER, b"runc:/d:a", b"/elsewhere")
    engine = _put(inventory, KindName.CONTAINER, b"podman:abc", b"/d/a")
    assert set(inventory.named(b"/d", {b"a", b"c"}, kind)) == {named, lost, twice}
    assert set(inventory.in_directory(b"/d", kind)) == {named, lost, twice, other}
    assert inventory.count_in(b"/d", kind) == 4
    assert inventory.named(b"/d", {b"a"}, KindName.LOCK) == [lock]
    # Of containers only those that are in a folder: a bundle's path is no name of its container.
    assert inventory.in_directory(b"/d", KindName.CONTAINER) == [bundle]
    assert inventory.get(engine) is not None
    assert inventory.directories_below({b"/d"}) == [b"/d"]
    for target in (named, lost, twice, other, lock, bundle, engine):
        inventory.drop(target)
    assert inventory.directories_below({b"/"}) == []
    assert len(inventory) == 0


def test_exits_use_at_most_half_of_the_descriptors() -> None:
    assert 0 < default_limit() <= 16384


def test_exits_of_what_is_no_process_are_left_to_sweeps() -> None:
    watch = ExitWatch(8)
    try:
        observation = replace(_observation(1, 1), owner=None)
        watch.observe(observation.target, observation)
        watch.observe(observation.target, None)
        assert watch.exited() == set()
        assert watch.health().detail.startswith("0 owners")
    finally:
        watch.close()
