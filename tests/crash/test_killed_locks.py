"""``kill -9`` on entry of the system calls of a lock's act with a companion and a breaker lock.

After each kill a fresh racewatch starts on the same state folder.  Then either everything is where it was,
or the act is complete and undo brings all of it back; no private name and no breaker lock is left; and the
next breaker works.
"""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from racewatch.config import Config
from racewatch.core.act import Step
from racewatch.core.journal import Journal
from racewatch.core.model import OutcomeWord
from racewatch.core.recovery import recover
from racewatch.kinds.locks.format import Tier
from racewatch.kinds.locks.registry import Registry, built_in
from racewatch.kinds.locks.schema import read_bytes
from racewatch.verbs import Racewatch
from tests.crash.driver import kill_at_some, run_once
from tests.crash.killing import Victim, needs_strace
from tests.race.locks import LockWorld, a_lock_world, killed, picture, private_names, target_of, write
from tests.race.telling import Tell

# A busy machine, not one that hangs, may take some times as long as an idle one.
pytestmark = [needs_strace, pytest.mark.timeout(600)]

OTHERS = 4
OTHERS_LONG = 300
FORMAT = """
[[format]]
name = "job-lock"
title = "lock of a job"
program = "job"
where = ["*.joblock"]
mechanism = ["exclusive-file"]
content.parser = "pid"
policy = "break"
rules = ["pid-identity"]
companions = [{ role = "together", where = "job.sock", type = "socket" }]
breaker = { where = "{name}.break", mechanism = "%s" }
consequence = "two jobs"
remedy = "none"
source = "a test"
"""


@dataclass
class Sandbox:
    world: LockWorld
    lock: Path
    before: dict[str, tuple[object, ...]]


def left_over(world: LockWorld, mechanism: str) -> Sandbox:
    """A lock and its socket, of a process that was killed."""
    result = read_bytes((FORMAT % mechanism).encode(), b"test.toml", Tier.USER)
    assert result.problems == ()
    world.registry = Registry((*built_in().formats, *result.formats))
    lock = world.folder / "a.joblock"

    def serve() -> None:
        write(lock, b"%d\n" % os.getpid())
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(os.fspath(world.folder / "job.sock"))

    killed(serve)
    return Sandbox(world, lock, picture(world.folder))


def acting(sandbox: Sandbox) -> None:
    journal = Journal(sandbox.world.journal.folder)
    assert sandbox.world.act(sandbox.lock, journal=journal).word is OutcomeWord.DONE


def recovering(sandbox: Sandbox) -> None:
    recover(Journal(sandbox.world.journal.folder))


def crash_with_the_breaker_standing(sandbox: Sandbox) -> None:
    def die(step: Step) -> None:
        if step is Step.COMMIT:
            os.kill(os.getpid(), 9)

    def work(_: Callable[[], None]) -> None:
        journal = Journal(sandbox.world.journal.folder)
        sandbox.world.act(sandbox.lock, on_step=die, journal=journal)

    victim = Victim(work, lambda: None)
    try:
        assert victim.run() == -9
    finally:
        victim.close()
    assert os.path.lexists(sandbox.lock.with_name("a.joblock.break"))
    assert len(private_names(sandbox.world.folder)) >= 2


@dataclass(frozen=True)
class Scenario:
    name: str
    work: Callable[[Sandbox], None]
    prepare: Callable[[Sandbox], None] = lambda _: None


SCENARIOS = (Scenario("act", acting), Scenario("recovery", recovering, crash_with_the_breaker_standing))


def put_right(sandbox: Sandbox) -> str:
    """What a start on the same state folder makes of it."""
    folder = sandbox.world.folder
    racewatch = Racewatch(Config(), state=sandbox.world.journal.folder)
    try:
        assert racewatch.journal_problem is None, racewatch.journal_problem
        rows = racewatch.history()
        assert all(row.word is not None for row in rows), "an act is still open"
        assert not private_names(folder), private_names(folder)
        assert not os.path.lexists(folder / "a.joblock.break"), "the breaker lock stands"
        how = "put back" if racewatch.recovered else "untouched"
        if not sandbox.lock.exists():
            (row,) = rows
            assert row.word in (OutcomeWord.DONE, OutcomeWord.GONE)
            assert row.undoable
            assert racewatch.undo(row.action).word is OutcomeWord.DONE
            how = "done, undone"
        assert picture(folder) == sandbox.before
    finally:
        racewatch.close()
    journal = Journal(sandbox.world.journal.folder)
    try:
        assert sandbox.world.act(sandbox.lock, journal=journal).word is OutcomeWord.DONE, "the next breaker"
    finally:
        journal.close()
    assert sandbox.world.kind.look(target_of(sandbox.lock)) is None
    return how


def one_run(scenario: Scenario, mechanism: str, inject: str | None, output: Path) -> str | None:
    """Run it once, killed or (to list its calls) not; how it was put right, None when it lived."""
    with a_lock_world() as world:
        world.journal.close()  # nobody but the victim has it open
        sandbox = left_over(world, mechanism)
        scenario.prepare(sandbox)
        was_killed = run_once(lambda: scenario.work(sandbox), inject, output)
        how = put_right(sandbox)
        return how if was_killed else None


@pytest.mark.parametrize(
    "mechanism",
    ["symlink", *(pytest.param(one, marks=pytest.mark.long) for one in ("exclusive-file", "directory"))],
)
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda one: one.name)
@pytest.mark.timeout(3600)
def test_a_breaker_killed_at_a_system_call_is_put_right_by_the_next_start(
    scenario: Scenario, mechanism: str, tell: Tell, request: pytest.FixtureRequest
) -> None:
    every = request.config.getoption("--long")
    with tempfile.TemporaryDirectory(prefix="rw-crash-") as name:
        killed = kill_at_some(
            lambda inject, output: one_run(scenario, mechanism, inject, output),
            Path(name) / "trace",
            others=OTHERS_LONG if every else OTHERS,
            every=every,
            stride=3,
        )
    tell(f"  lock, {scenario.name}, breaker {mechanism}: {killed}")
    assert killed.ways["put back"] > 0
