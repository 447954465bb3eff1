"""``kill -9`` on entry of every system call of an act, an undo and a recovery: a start puts things right.

After each kill a fresh racewatch starts on the same state folder.  Then either everything is where it
was, or the act is complete and can be undone; nothing live has lost its name; no private name is left
that the journal does not give.
"""

from __future__ import annotations

import os
import pickle
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from racewatch.config import Config
from racewatch.core.act import Step, act
from racewatch.core.by_name import NamedThing
from racewatch.core.journal import Journal
from racewatch.core.model import (
    ActRequest,
    Evidence,
    HistoryEntry,
    Observation,
    OutcomeWord,
    Removable,
    Says,
    Verdict,
)
from racewatch.core.part import Part, Pinned
from racewatch.core.recovery import recover
from racewatch.core.undo import undo
from racewatch.linux import fs
from racewatch.verbs import Racewatch
from tests.crash.driver import LIVED
from tests.crash.killing import BROKEN, Tracer, Victim, calls_in, needs_strace
from tests.race.telling import Tell, teller
from tests.race.world import World, a_world, answers, inode, leave_dead, names_below, shown

# A busy machine, not one that hangs, may take some times as long as an idle one.
pytestmark = [needs_strace, pytest.mark.timeout(600)]

WORKERS = 2
#: Killed at every call also in the default run; the other scenarios at every other one.
COMPLETE = ("act", "undo", "recovery")
Ask = Callable[[], None]


@dataclass
class Crash:
    """One sandbox in which one process is killed.  ``asked`` counts the hostile things done so far."""

    world: World
    seen: Observation | None = None
    action: str = ""
    asked: int = 0
    before: os.stat_result | None = None
    nodes: list[tuple[int, int]] = field(default_factory=list)


@dataclass(frozen=True)
class Scenario:
    """``prepare`` and ``check`` run in the test, ``work`` in the victim; ``ask`` is done for the victim."""

    name: str
    prepare: Callable[[Crash], None]
    work: Callable[[Crash, Journal, Ask], None]
    check: Callable[[Crash, Racewatch], str]
    ask: Callable[[Crash], None] = lambda crash: None


# ---------------------------------------------------------------- an act that is done


def dead_socket(crash: Crash) -> None:
    leave_dead(crash.world.path)
    crash.seen = crash.world.judge()
    crash.before = os.lstat(crash.world.path)


def acting(crash: Crash, journal: Journal, ask: Ask) -> None:
    assert crash.seen is not None
    crash.world.act(crash.seen.fingerprint, journal=journal)


def nothing_private(crash: Crash) -> None:
    assert not crash.world.private_names()


def rows(racewatch: Racewatch) -> list[HistoryEntry]:
    found = racewatch.history()
    assert all(row.word is not None for row in found), "an act is still open"
    return found


def back_or_undoable(crash: Crash, racewatch: Racewatch) -> str:
    """The judged inode is at its name again; or it is gone, and undo makes an equal one."""
    nothing_private(crash)
    world = crash.world
    if os.path.lexists(world.path):
        assert inode(world.path) == world.judged_inode
        assert not any(row.undoable for row in rows(racewatch))
        return "untouched" if not racewatch.recovered else "put back"
    (row,) = rows(racewatch)
    assert row.word in (OutcomeWord.DONE, OutcomeWord.GONE), row
    assert row.undoable
    undone(crash, racewatch, row.action)
    return "done, undone"


def undone(crash: Crash, racewatch: Racewatch, action: str) -> None:
    assert crash.before is not None
    assert racewatch.undo(action).word is OutcomeWord.DONE
    now = os.lstat(crash.world.path)
    for name in ("st_mode", "st_uid", "st_gid", "st_mtime_ns"):
        assert getattr(now, name) == getattr(crash.before, name)
    nothing_private(crash)


# ---------------------------------------------------------------- an act on a person's word


def unproven(pinned: Pinned) -> Observation:
    """What a socket looks like whose state nobody can tell."""
    return Observation(
        target=pinned.target,
        path=pinned.path,
        fingerprint=fingerprint_of(pinned.stat),
        verdict=Verdict.UNKNOWN,
        label="cannot tell",
        summary="Nobody can tell.",
        evidence=(Evidence("test", Says.UNKNOWN, "test", "nobody can tell"),),
        owner=None,
        removable=Removable.OVERRIDE,
        seen_at=0.0,
    )


def fingerprint_of(stat: fs.Stat) -> str:
    return str((stat.ino, stat.btime_ns))


def live_but_unproven(crash: Crash) -> None:
    """Its server runs in the test, so that it can be asked afterwards whether anything was lost."""
    crash.world.live(crash.world.path)
    crash.world.pin_judged()


def acting_on_a_word(crash: Crash, journal: Journal, ask: Ask) -> None:
    world = crash.world
    request = ActRequest(world.target, fingerprint_of(fs.stat_fd(world.judged)), override=True)
    act(request, NamedThing(Part(world.target, world.path, unproven)), journal)


def same_inode_back_or_undoable(crash: Crash, racewatch: Racewatch) -> str:
    """Nothing is ever destroyed: the live socket is at its name, or aside and one undo away."""
    world = crash.world
    how = "untouched" if not racewatch.recovered else "put back"
    if not os.path.lexists(world.path):
        (aside,) = world.private_names()
        assert inode(aside) == world.judged_inode
        assert answers(aside)
        (row,) = rows(racewatch)
        assert (row.word, row.undoable) == (OutcomeWord.DONE, True), row
        assert racewatch.undo(row.action).word is OutcomeWord.DONE
        how = "done, undone"
    assert inode(world.path) == world.judged_inode
    assert answers(world.path)
    nothing_private(crash)
    return how


# ---------------------------------------------------------------- acts that lose the race


def respawn(crash: Crash) -> None:
    """In the test's own process, which lives on."""
    crash.asked += 1
    if os.path.lexists(crash.world.path):
        os.unlink(crash.world.path)
    crash.world.live(crash.world.path)


def acting_too_late(crash: Crash, journal: Journal, ask: Ask) -> None:
    assert crash.seen is not None
    crash.world.act(crash.seen.fingerprint, {Step.CAPTURE: lambda _: ask()}, journal=journal)


def acting_too_late_twice(crash: Crash, journal: Journal, ask: Ask) -> None:
    assert crash.seen is not None
    at = dict.fromkeys((Step.CAPTURE, Step.RESTORE), lambda _: ask())
    crash.world.act(crash.seen.fingerprint, at, journal=journal)


def every_server_is_reached(crash: Crash, racewatch: Racewatch) -> str:
    """Under its name; the first of two under a private one, which the journal gives."""
    world = crash.world
    names = names_below(world.folder)
    history = rows(racewatch)
    if not crash.asked:
        assert inode(world.path) == world.judged_inode
        nothing_private(crash)
        return "untouched"
    *earlier, last = world.servers
    assert names[last[1]] == [world.path]
    for _, node in earlier:
        (aside,) = names.get(node, [b""])
        assert answers(aside), "a live socket was lost"
        assert any(shown(aside) in row.summary for row in history), "nobody says where it is"
        assert not any(row.undoable for row in history), "an undo is offered that cannot be"
    assert answers(world.path)
    assert len(world.private_names()) == len(earlier)
    return "put back" if not earlier else "kept aside and said"


# ---------------------------------------------------------------- undo


def removed(crash: Crash) -> None:
    dead_socket(crash)
    journal = Journal(crash.world.journal.folder)
    try:
        assert crash.seen is not None
        crash.action = crash.world.act(crash.seen.fingerprint, journal=journal).action
    finally:
        journal.close()


def removed_on_a_word(crash: Crash) -> None:
    live_but_unproven(crash)
    journal = Journal(crash.world.journal.folder)
    try:
        acting_on_a_word(crash, journal, lambda: None)
        (row,) = journal.entries()
        assert row.word is OutcomeWord.DONE
        crash.action = row.action
    finally:
        journal.close()


def undoing(crash: Crash, journal: Journal, ask: Ask) -> None:
    undo(crash.action, journal)


def back_by_this_undo_or_the_next(crash: Crash, racewatch: Racewatch) -> str:
    nothing_private(crash)
    history = rows(racewatch)
    (row,) = [one for one in history if one.action == crash.action]
    if os.path.lexists(crash.world.path):
        assert row.undone_by is not None
        assert not row.undoable
        return "had come through"
    assert row.undoable
    undone(crash, racewatch, crash.action)
    return "asked again"


def same_inode_back_by_this_undo_or_the_next(crash: Crash, racewatch: Racewatch) -> str:
    how = "had come through"
    if not os.path.lexists(crash.world.path):
        assert racewatch.undo(crash.action).word is OutcomeWord.DONE
        how = "asked again"
    assert inode(crash.world.path) == crash.world.judged_inode
    assert answers(crash.world.path)
    nothing_private(crash)
    assert racewatch.undo(crash.action).word is OutcomeWord.REFUSED_FORBIDDEN
    return how


# ---------------------------------------------------------------- recovery itself


def crashed_between_capture_and_verify(crash: Crash) -> None:
    dead_socket(crash)

    def work(ask: Ask) -> None:
        journal = Journal(crash.world.journal.folder)

        def die(_: World) -> None:
            os.kill(os.getpid(), 9)

        assert crash.seen is not None
        crash.world.act(crash.seen.fingerprint, {Step.VERIFY: die}, journal=journal)

    victim = Victim(work, lambda: None)
    try:
        assert victim.run() == -9
    finally:
        victim.close()
    assert len(crash.world.private_names()) == 1


def recovering(crash: Crash, journal: Journal, ask: Ask) -> None:
    recover(journal)


def put_back_in_the_end(crash: Crash, racewatch: Racewatch) -> str:
    nothing_private(crash)
    assert inode(crash.world.path) == crash.world.judged_inode
    (row,) = rows(racewatch)
    assert row.word is OutcomeWord.FAILED
    assert not row.undoable
    return "put back"


SCENARIOS = (
    Scenario("act", dead_socket, acting, back_or_undoable),
    Scenario("act on a person's word", live_but_unproven, acting_on_a_word, same_inode_back_or_undoable),
    Scenario("act that loses the race", dead_socket, acting_too_late, every_server_is_reached, respawn),
    Scenario("act that loses it twice", dead_socket, acting_too_late_twice, every_server_is_reached, respawn),
    Scenario("undo", removed, undoing, back_by_this_undo_or_the_next),
    Scenario("undo of what was kept", removed_on_a_word, undoing, same_inode_back_by_this_undo_or_the_next),
    Scenario("recovery", crashed_between_capture_and_verify, recovering, put_back_in_the_end),
)


# ---------------------------------------------------------------- the run


def one_run(scenario: Scenario, inject: str | None, output: Path) -> str | None:
    """Run it once, killed or (to list its calls) not; how it was recovered, None when it lived."""
    with a_world() as world:
        world.journal.close()  # nobody but the victim has it open
        crash = Crash(world)
        scenario.prepare(crash)

        def work(ask: Ask) -> None:
            scenario.work(crash, Journal(world.journal.folder), ask)

        victim = Victim(work, lambda: scenario.ask(crash))
        try:
            tracer = Tracer(victim, output, inject)
            try:
                status = victim.run()
            finally:
                tracer.close()
        finally:
            victim.close()
        assert status != BROKEN, "the victim failed by itself"
        racewatch = Racewatch(Config(), state=world.journal.folder)
        try:
            assert racewatch.journal_problem is None, racewatch.journal_problem
            how = scenario.check(crash, racewatch)
        finally:
            racewatch.close()
        return how if status == -9 else None


def kill_at_each(
    scenario: Scenario, points: list[tuple[str, int]], folder: Path
) -> tuple[Counter[str], list[str]]:
    """All points, by so many workers at a time; how often recovered in which way, and what went wrong."""
    workers = []
    for number in range(WORKERS):
        answer_in, answer_out = os.pipe()
        pid = os.fork()
        if pid == 0:
            ways: Counter[str] = Counter()
            wrong = []
            try:
                for name, count in points[number::WORKERS]:
                    try:
                        how = one_run(
                            scenario, f"{name}:signal=KILL:when={count}", folder / f"trace-{number}"
                        )
                    except BaseException as error:  # noqa: BLE001 - every point is told
                        wrong.append(f"{scenario.name}, killed at {name} number {count}: {error!r}")
                    else:
                        ways[how or LIVED] += 1
                with os.fdopen(answer_out, "wb") as out:
                    pickle.dump((ways, wrong), out)
            finally:
                os._exit(0)
        os.close(answer_out)
        workers.append((pid, answer_in))
    whole: Counter[str] = Counter()
    failures: list[str] = []
    for pid, answer in workers:
        with os.fdopen(answer, "rb") as source:
            ways, wrong = pickle.load(source)
        os.waitpid(pid, 0)
        whole.update(ways)
        failures += wrong
    return whole, failures


@pytest.fixture(scope="module")
def total(request: pytest.FixtureRequest) -> Iterator[Counter[str]]:
    counts: Counter[str] = Counter()
    yield counts
    teller(request.config)(
        f"crash: killed at {counts['killed']} system calls, {counts['recovered']} recovered"
    )


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda one: one.name)
def test_killed_at_any_system_call_the_next_start_puts_it_right(
    scenario: Scenario, tell: Tell, total: Counter[str], request: pytest.FixtureRequest
) -> None:
    with tempfile.TemporaryDirectory(prefix="rw-crash-") as name:
        folder = Path(name)
        listing = folder / "list"
        assert one_run(scenario, None, listing) is None
        points = calls_in(listing)
        if scenario.name not in COMPLETE and not request.config.getoption("--long"):
            points = points[::2]
        began = time.monotonic()
        ways, wrong = kill_at_each(scenario, points, folder)
        took = time.monotonic() - began
    recovered = sum(count for way, count in ways.items() if way != LIVED)
    total["killed"] += recovered + len(wrong)
    total["recovered"] += recovered
    told = ", ".join(f"{count} {way}" for way, count in ways.most_common())
    tell(f"  {scenario.name}: killed at {recovered + len(wrong)} of {len(points)}: {told} ({took:.0f} s)")
    assert not wrong, "\n".join(wrong[:10])
    # With what else this machine does, the entries of /proc vary from run to run, and with them the calls.
    assert recovered >= len(points) // 2
