"""Removing through a real engine: every state and every verb, what happens between two steps, and its events."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import pytest

from racewatch.core.act import Step, act
from racewatch.core.journal import Journal
from racewatch.core.kind import UndoRecord
from racewatch.core.model import ActRequest, Outcome, OutcomeWord
from racewatch.core.recovery import recover
from racewatch.core.undo import undo
from racewatch.kinds.containers import ContainersKind
from racewatch.monitor.batch import HealthState
from racewatch.monitor.engine import Monitor
from racewatch.monitor.schedule import SweepSettings
from racewatch.monitor.settings import MonitorSettings
from tests.containers.running import RunningEngine, in_state, look
from tests.monitor.support import Follower

DONE, GONE, LIVE = OutcomeWord.DONE, OutcomeWord.GONE, OutcomeWord.REFUSED_LIVE
CHANGED, UNPROVEN = OutcomeWord.REFUSED_CHANGED, OutcomeWord.REFUSED_UNPROVEN


def kind_of(engine: RunningEngine) -> ContainersKind:
    return ContainersKind(engines=[engine.engine.path], default_roots=False)


def remove(
    engine: RunningEngine,
    container: str,
    journal: Journal,
    *,
    override: bool = False,
    at: dict[Step, Callable[[], object]] | None = None,
) -> Outcome:
    target = engine.engine.target(container)
    request = ActRequest(target, look(engine, container).fingerprint, override=override)

    def hook(step: Step) -> None:
        if at and step in at:
            at[step]()

    return act(request, kind_of(engine).procedure(target), journal, on_step=hook)


@pytest.mark.parametrize(
    ("state", "plain", "override"),
    [
        ("running", LIVE, LIVE),
        ("paused", LIVE, LIVE),
        ("restarting", LIVE, LIVE),
        ("created", UNPROVEN, DONE),
        ("initialized", UNPROVEN, DONE),
        ("exited", DONE, GONE),
    ],
)
def test_each_state(
    engine: RunningEngine, journal: Journal, state: str, plain: OutcomeWord, override: OutcomeWord
) -> None:
    container = in_state(engine, state)
    target = engine.engine.target(container)
    seen = look(engine, container)
    procedures = kind_of(engine)
    for word, wish in ((plain, False), (override, True)):
        request = ActRequest(target, seen.fingerprint, override=wish)
        outcome = act(request, procedures.procedure(target), journal)
        if state == "restarting":
            # Whichever of its states it is in just now, it is never removed.
            assert outcome.word.is_refusal, outcome.summary
        else:
            assert outcome.word is word, outcome.summary
        assert not outcome.undoable
        assert undo(outcome.action, journal).word is OutcomeWord.REFUSED_FORBIDDEN
    if override is not DONE and plain is not DONE:
        engine.remove(container)


# Up to VERIFY our own looks see it; later only the engine's own lock does.
@pytest.mark.parametrize("step", [one for one in Step if one not in (Step.RESTORE, Step.RECORD)], ids=str)
def test_it_is_started_between_two_steps(engine: RunningEngine, journal: Journal, step: Step) -> None:
    # It ends at once when it is run for the first time, and stays when it is run again.
    program = "[ -e /ran ] && exec sleep 600; : > /ran"
    container = engine.ended(f"again-{step}", "sh", "-c", program)
    outcome = remove(engine, container, journal, at={step: lambda: engine.api.start(container)})
    assert outcome.word is LIVE, outcome.summary
    assert look(engine, container).label == "running"
    engine.remove(container)


@pytest.mark.parametrize("step", [Step.RECHECK, Step.VERIFY, Step.COMMIT], ids=str)
def test_it_is_removed_between_two_steps(engine: RunningEngine, journal: Journal, step: Step) -> None:
    container = engine.ended(f"removed-{step}")
    outcome = remove(engine, container, journal, at={step: lambda: engine.remove(container)})
    assert outcome.word is GONE, outcome.summary


def test_another_run_of_it_is_another_incarnation(engine: RunningEngine, journal: Journal) -> None:
    container = engine.ended("rerun")

    def run_again() -> None:
        before = look(engine, container).fingerprint
        engine.api.start(container)
        with contextlib.suppress(Exception):
            engine.api.wait(container)
        assert look(engine, container).fingerprint != before

    outcome = remove(engine, container, journal, at={Step.VERIFY: run_again})
    assert outcome.word is CHANGED, outcome.summary
    engine.remove(container)


@pytest.mark.parametrize("way", ["running", "exited", "gone"])
def test_after_a_crash_the_engine_is_asked(engine: RunningEngine, journal: Journal, way: str) -> None:
    container = engine.ended(f"crashed-{way}", "sh", "-c", "[ -e /ran ] && exec sleep 600; : > /ran")
    seen = look(engine, container)
    journal.intend("x1", "remove", seen, UndoRecord("owner", {"kept": False}, reversible=False))
    if way == "running":
        engine.api.start(container)
    elif way == "gone":
        engine.remove(container)
    (row,) = recover(journal, kind_of(engine).ask_owner)
    if way == "gone":
        assert row.word is GONE
        return
    assert row.word is OutcomeWord.FAILED
    assert f"still has it: {way}" in row.summary
    engine.remove(container)


@pytest.fixture
def follower(engine: RunningEngine) -> Iterator[Follower]:
    settings = MonitorSettings(sweeps=SweepSettings(floor=600.0, ceiling=600.0), tick=0.2)
    monitor = Monitor([kind_of(engine)], [], settings=settings)
    monitor.start()
    made = Follower(monitor)
    made.until(lambda: made.ready)
    yield made
    assert monitor.stop()


def test_what_happens_is_told_and_not_looked_for(engine: RunningEngine, follower: Follower) -> None:
    name = f"events of {engine.engine.title}"

    def heard() -> bool:
        return any(one.source.startswith(name) and one.state is HealthState.OK for one in follower.health)

    follower.until(heard, "its stream is open")
    container = engine.make("told", "sleep", "600")
    key = engine.engine.target(container).locator

    def is_now(label: str) -> bool:
        return key in follower.state and follower.state[key].label == label

    follower.until(lambda: is_now("created"), "the making")
    engine.api.start(container)
    follower.until(lambda: is_now("running"), "the start")
    engine.api.pause(container)
    follower.until(lambda: is_now("paused"), "the pause")
    engine.remove(container)
    follower.until(lambda: key not in follower.state, "the removal")
