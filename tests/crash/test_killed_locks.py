"""``kill -9`` on entry of the system calls of a lock's act with a companion and a breaker lock.

After each kill a fresh racewatch starts on the same state folder.  Then either everything is where it was,
or the act is complete and undo brings all of it back; no private name and no breaker lock is left; and the
next breaker works.  What a crash leaves depends only on the calls that change names or the disk: every
other one of these is killed at, in the long run all, and of the many thousand others (most read /proc) a few.
"""

from __future__ import annotations

import os
import socket
import tempfile
import time
from collections import Counter
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
from tests.crash.killing import BROKEN, Tracer, Victim, calls_in, needs_strace
from tests.race.locks import LockWorld, a_lock_world, killed, picture, private_names, target_of, write
from tests.race.telling import Tell

# A busy machine, not one that hangs, may take some times as long as an idle one.
pytestmark = [needs_strace, pytest.mark.timeout(600)]

LIVED = "not killed, it made fewer calls"
# The calls that change a name or what is on disk.
CHANGING = {
    "renameat2", "unlink", "unlinkat", "rmdir", "link", "linkat", "symlink", "symlinkat", "mkdir", "mkdirat",
    "mknodat", "fsync", "fdatasync", "pwrite64", "ftruncate",
}  # fmt: skip
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
        victim = Victim(lambda _: scenario.work(sandbox), lambda: None)
        try:
            tracer = Tracer(victim, output, inject)
            try:
                status = victim.run()
            finally:
                tracer.close()
        finally:
            victim.close()
        assert status != BROKEN, "the victim failed by itself"
        how = put_right(sandbox)
        return how if status == -9 else None


@pytest.mark.parametrize(
    "mechanism",
    ["symlink", *(pytest.param(one, marks=pytest.mark.long) for one in ("exclusive-file", "directory"))],
)
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda one: one.name)
@pytest.mark.timeout(3600)
def test_a_breaker_killed_at_a_system_call_is_put_right_by_the_next_start(
    scenario: Scenario, mechanism: str, tell: Tell, request: pytest.FixtureRequest
) -> None:
    with tempfile.TemporaryDirectory(prefix="rw-crash-") as name:
        output = Path(name) / "trace"
        assert one_run(scenario, mechanism, None, output) is None
        every = calls_in(output)
        others = [point for point in every if point[0] not in CHANGING]
        some = OTHERS_LONG if request.config.getoption("--long") else OTHERS
        changing = [point for point in every if point[0] in CHANGING]
        # Every other one hits each step; all of them in the long run.
        points = changing if request.config.getoption("--long") else changing[::2]
        points += others[:: max(1, len(others) // some)]
        ways: Counter[str] = Counter()
        began = time.monotonic()
        for call, count in points:
            try:
                how = one_run(scenario, mechanism, f"{call}:signal=KILL:when={count}", output)
            except AssertionError as error:
                raise AssertionError(f"killed at {call} number {count}: {error}") from error
            ways[how or LIVED] += 1
        took = time.monotonic() - began
    told = ", ".join(f"{count} {way}" for way, count in ways.most_common())
    dead = sum(count for way, count in ways.items() if way != LIVED)
    tell(
        f"  lock, {scenario.name}, breaker {mechanism}: killed at {dead} of {len(every)}: {told} ({took:.0f} s)"
    )
    assert dead >= len(points) * 8 // 10
    assert ways["put back"] > 0
