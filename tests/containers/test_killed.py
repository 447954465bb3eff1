"""``kill -9`` on entry of the system calls of a delete, and of its recovery, with a real runtime.

After each kill a fresh racewatch starts on the same state folder.  Then either the container is where it was,
stopped or created as before, or it is gone and its hooks have run; no private folder is left, and the next delete
works.  One that waited to be started still does, and can be; or its process has ended, and it is stopped.
"""

from __future__ import annotations

import json
import os
import tempfile
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
from racewatch.linux import signals
from racewatch.linux.signals import stands_still
from racewatch.verbs import Racewatch
from tests.containers.support import Machine, machine, make_bundle, runs, until
from tests.crash.driver import kill_at_some, run_once
from tests.crash.killing import Victim, needs_strace
from tests.race.telling import Tell, teller

pytestmark = [needs_strace, pytest.mark.timeout(1800)]

OTHERS, OTHERS_LONG = 3, 300


@dataclass
class Sandbox:
    machine: Machine
    state: Path
    name: str
    pid: int

    @property
    def told(self) -> Path:
        return self.machine.folder / "told"


def a_container(folder: Path, state: str) -> Sandbox:
    made = machine(Runtime.RUNC, folder)
    hook = folder / "hook"
    hook.write_text(f"#!/bin/sh\necho ran >> {folder}/told\n")
    hook.chmod(0o755)
    bundle = make_bundle(folder / "hooked")
    config = json.loads((bundle / "config.json").read_text())
    config["hooks"] = {"poststop": [{"path": str(hook)}]}
    (bundle / "config.json").write_text(json.dumps(config))
    name = made.make(state, bundle=bundle)
    return Sandbox(made, folder / "journal", name, made.pid(name))


def acting(sandbox: Sandbox) -> None:
    target = sandbox.machine.target(sandbox.name)
    request = ActRequest(target, sandbox.machine.look(sandbox.name).fingerprint, override=True)
    outcome = act(request, sandbox.machine.kind.procedure(target), Journal(os.fsencode(sandbox.state)))
    assert outcome.word is OutcomeWord.DONE, outcome.summary


def recovering(sandbox: Sandbox) -> None:
    recover(Journal(os.fsencode(sandbox.state)))


def die_as_the_owners_command_begins(sandbox: Sandbox) -> None:
    """The mark stands, and the command never ran."""

    def work(_: Callable[[], None]) -> None:
        exchange._run = lambda *_: os._exit(77)
        acting(sandbox)

    victim = Victim(work, lambda: None)
    try:
        assert victim.run() == 77
    finally:
        victim.close()


def die_as_it_is_taken(sandbox: Sandbox) -> None:
    """The waiting process stands still, its state is away, and nobody is there to go on."""

    def work(_: Callable[[], None]) -> None:
        signals.end = lambda pidfd: os._exit(77)
        acting(sandbox)

    victim = Victim(work, lambda: None)
    try:
        assert victim.run() == 77
    finally:
        victim.close()
    assert stands_still(sandbox.pid)


@dataclass(frozen=True)
class Scenario:
    name: str
    work: Callable[[Sandbox], None]
    prepare: Callable[[Sandbox], None] = lambda _: None
    state: str = "stopped"
    usual: str = "put back"


SCENARIOS = (
    Scenario("delete", acting),
    Scenario("recovery", recovering, die_as_the_owners_command_begins, usual="finished"),
    Scenario("delete of one that waits", acting, state="created"),
    Scenario("recovery of one that stands still", recovering, die_as_it_is_taken, "created"),
)


def put_right(sandbox: Sandbox, state: str) -> str:
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
        assert not runs(sandbox.pid)
        return "finished" if settled else "done"
    assert not sandbox.told.exists(), "its hooks ran, and it is still there"
    how = "put back" if settled else "untouched"
    if runs(sandbox.pid):
        assert seen.label == "created"
        assert not stands_still(sandbox.pid), "nobody lets it go on any more"
        made.run("start", sandbox.name)
        assert made.look(sandbox.name).label == "running"
        return how
    assert (seen.verdict, seen.label) == (Verdict.STALE, "stopped")
    acting(sandbox)
    assert made.kind.look(made.target(sandbox.name)) is None
    return how if state == "stopped" else f"{how} and stopped"


def one_run(scenario: Scenario, inject: str | None, output: Path) -> str | None:
    with tempfile.TemporaryDirectory(prefix="rw-oci-") as name:
        sandbox = a_container(Path(name).resolve(), scenario.state)
        try:
            scenario.prepare(sandbox)
            was_killed = run_once(lambda: scenario.work(sandbox), inject, output, children=False)
            how = put_right(sandbox, scenario.state)
            return how if was_killed else None
        finally:
            sandbox.machine.close()


@pytest.fixture
def tell(request: pytest.FixtureRequest) -> Tell:
    return teller(request.config)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda one: one.name)
def test_a_delete_killed_at_a_system_call_is_put_right_by_the_next_start(
    scenario: Scenario, tell: Tell, request: pytest.FixtureRequest
) -> None:
    every = request.config.getoption("--long")
    with tempfile.TemporaryDirectory(prefix="rw-crash-") as name:
        killed = kill_at_some(
            lambda inject, output: one_run(scenario, inject, output),
            Path(name) / "trace",
            others=OTHERS_LONG if every else OTHERS,
            every=every,
            stride=3,
        )
    tell(f"  container, {scenario.name}: {killed}")
    assert killed.ways[scenario.usual] > 0
