"""``kill -9`` on entry of the system calls of a delete, and of its recovery, with a real runtime.

After each kill a fresh racewatch starts on the same state folder.  Then either the container is where it was,
stopped as before, or it is gone and its hooks have run; no private folder is left, and the next delete works.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from racewatch.config import Config
from racewatch.core import exchange
from racewatch.core.act import act
from racewatch.core.journal import Journal
from racewatch.core.model import ActRequest, OutcomeWord, Verdict
from racewatch.core.recovery import recover
from racewatch.kinds.containers.state import Runtime
from racewatch.verbs import Racewatch
from tests.containers.support import Machine, machine, make_bundle, until
from tests.crash.killing import BROKEN, Tracer, Victim, calls_in, needs_strace
from tests.crash.test_killed_locks import CHANGING
from tests.race.telling import Tell, teller

pytestmark = [needs_strace, pytest.mark.timeout(1800)]

LIVED = "not killed, it made fewer calls"
OTHERS, OTHERS_LONG = 3, 300


@dataclass
class Sandbox:
    machine: Machine
    state: Path
    name: str

    @property
    def told(self) -> Path:
        return self.machine.folder / "told"


def a_stopped_one(folder: Path) -> Sandbox:
    made = machine(Runtime.RUNC, folder)
    hook = folder / "hook"
    hook.write_text(f"#!/bin/sh\necho ran >> {folder}/told\n")
    hook.chmod(0o755)
    bundle = make_bundle(folder / "hooked")
    config = json.loads((bundle / "config.json").read_text())
    config["hooks"] = {"poststop": [{"path": str(hook)}]}
    (bundle / "config.json").write_text(json.dumps(config))
    return Sandbox(made, folder / "journal", made.make("stopped", bundle=bundle))


def acting(sandbox: Sandbox) -> None:
    target = sandbox.machine.target(sandbox.name)
    request = ActRequest(target, sandbox.machine.look(sandbox.name).fingerprint)
    outcome = act(request, sandbox.machine.kind.procedure(target), Journal(os.fsencode(sandbox.state)))
    assert outcome.word is OutcomeWord.DONE, outcome.summary


def recovering(sandbox: Sandbox) -> None:
    recover(Journal(os.fsencode(sandbox.state)))


def die_as_the_owners_command_begins(sandbox: Sandbox) -> None:
    """The mark stands, and the command never ran."""

    def work(_: Callable[[], None]) -> None:
        exchange._run = lambda command, aside: os._exit(77)
        acting(sandbox)

    victim = Victim(work, lambda: None)
    try:
        assert victim.run() == 77
    finally:
        victim.close()


@dataclass(frozen=True)
class Scenario:
    name: str
    work: Callable[[Sandbox], None]
    prepare: Callable[[Sandbox], None] = lambda _: None


SCENARIOS = (Scenario("delete", acting), Scenario("recovery", recovering, die_as_the_owners_command_begins))


def put_right(sandbox: Sandbox) -> str:
    """What starts on the same state folder make of it; the owner's command may still be at work."""
    made = sandbox.machine
    settled = False

    def start() -> bool:
        nonlocal settled
        racewatch = Racewatch(Config(state_roots=(made.state_root,)), state=os.fsencode(sandbox.state))
        try:
            assert racewatch.journal_problem is None, racewatch.journal_problem
            settled = settled or bool(racewatch.recovered)
            return all(row.word is not None for row in racewatch.history())
        finally:
            racewatch.close()

    until(start, "every act is settled")
    private = made.aside()
    assert not private, private
    seen = made.kind.look(made.target(sandbox.name))
    if seen is None:
        assert sandbox.told.read_text().startswith("ran\n"), "gone, and its hooks never ran"
        return "finished" if settled else "done"
    assert not sandbox.told.exists(), "its hooks ran, and it is still there"
    assert (seen.verdict, seen.label) == (Verdict.STALE, "stopped")
    acting(sandbox)
    assert made.kind.look(made.target(sandbox.name)) is None
    return "put back" if settled else "untouched"


def one_run(scenario: Scenario, inject: str | None, output: Path) -> str | None:
    with tempfile.TemporaryDirectory(prefix="rw-oci-") as name:
        sandbox = a_stopped_one(Path(name).resolve())
        try:
            scenario.prepare(sandbox)
            victim = Victim(lambda _: scenario.work(sandbox), lambda: None)
            try:
                tracer = Tracer(victim, output, inject, children=False)
                try:
                    status = victim.run()
                finally:
                    tracer.close()
            finally:
                victim.close()
            assert status != BROKEN, "the victim failed by itself"
            how = put_right(sandbox)
            return how if status == -9 else None
        finally:
            sandbox.machine.close()


@pytest.fixture
def tell(request: pytest.FixtureRequest) -> Tell:
    return teller(request.config)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda one: one.name)
def test_a_delete_killed_at_a_system_call_is_put_right_by_the_next_start(
    scenario: Scenario, tell: Tell, request: pytest.FixtureRequest
) -> None:
    with tempfile.TemporaryDirectory(prefix="rw-crash-") as name:
        output = Path(name) / "trace"
        assert one_run(scenario, None, output) is None
        every = calls_in(output)
        others = [point for point in every if point[0] not in CHANGING]
        some = OTHERS_LONG if request.config.getoption("--long") else OTHERS
        changing = [point for point in every if point[0] in CHANGING]
        # Of the same call every other time is enough to hit each step; all of them in the long run.
        points = changing if request.config.getoption("--long") else changing[::2]
        points += others[:: max(1, len(others) // some)]
        ways: Counter[str] = Counter()
        began = time.monotonic()
        for call, count in points:
            try:
                how = one_run(scenario, f"{call}:signal=KILL:when={count}", output)
            except AssertionError as error:
                raise AssertionError(f"killed at {call} number {count}: {error}") from error
            ways[how or LIVED] += 1
        took = time.monotonic() - began
    told = ", ".join(f"{count} {way}" for way, count in ways.most_common())
    dead = sum(count for way, count in ways.items() if way != LIVED)
    tell(f"  container, {scenario.name}: killed at {dead} of {len(every)}: {told} ({took:.0f} s)")
    assert dead >= len(points) * 8 // 10
    assert ways["put back" if scenario.name == "delete" else "finished"] > 0
