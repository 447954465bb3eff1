"""Between any two steps of an act, each hostile thing: nothing live is lost, the outcome tells the truth.

One row of ``EXPECTED`` says, for one hostile thing, how the act must end when it happens right before
each of the steps, in their order.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable

import pytest

from racewatch.core.act import Step
from racewatch.core.model import OutcomeWord
from racewatch.core.undo import undo
from tests.race import hostile
from tests.race.world import Action, World, check, inode, leave_dead, raced

STEPS = (
    Step.CLAIM,
    Step.GUARD,
    Step.PIN,
    Step.RECHECK,
    Step.INTENT,
    Step.CAPTURE,
    Step.VERIFY,
    Step.COMMIT,
    Step.RECORD,
)
DONE, GONE = OutcomeWord.DONE, OutcomeWord.GONE
LIVE, CHANGED, BUSY = OutcomeWord.REFUSED_LIVE, OutcomeWord.REFUSED_CHANGED, OutcomeWord.REFUSED_BUSY
Words = tuple[OutcomeWord, ...]

# Before PIN the act meets the new thing; up to CAPTURE it takes it and gives it back; after that the
# name is free, and the new thing is none of the act's business.
RESPAWNED: Words = (LIVE,) * 3 + (CHANGED,) * 3 + (DONE,) * 3
REPLACED: Words = (CHANGED,) * 6 + (DONE,) * 3
AS_ROOT = os.geteuid() == 0

EXPECTED: dict[Action, Words] = {
    hostile.respawn: RESPAWNED,
    hostile.respawn_as_datagram: RESPAWNED,
    hostile.respawn_as_seqpacket: RESPAWNED,
    hostile.respawn_in_another_process: RESPAWNED,
    hostile.rename_a_live_socket_over: RESPAWNED,
    hostile.link_a_live_socket_over: RESPAWNED,
    hostile.delete: (GONE,) * 6 + (DONE,) * 3,
    hostile.replace_by_file: REPLACED,
    hostile.replace_by_directory: REPLACED,
    hostile.replace_by_symlink_to_a_live_socket: REPLACED,
    hostile.replace_by_fifo: REPLACED,
    hostile.replace_by_another_dead_socket: REPLACED,
    hostile.link_the_same_node: (DONE,) * 9,
    # Root is asked no permission; anybody else cannot judge it again until COMMIT.
    hostile.take_the_permissions_away: (DONE,) * 9 if AS_ROOT else (CHANGED,) * 7 + (DONE,) * 2,
    hostile.rename_the_directory: (GONE,) * 2 + (CHANGED,) * 2 + (DONE,) * 5,
    hostile.replace_the_directory_by_a_symlink: (CHANGED,) * 4 + (DONE,) * 5,
    hostile.replace_the_directory_by_another: (LIVE,) * 2 + (CHANGED,) * 2 + (DONE,) * 5,
    hostile.lock_the_directory: (BUSY,) * 2 + (DONE,) * 7,
    hostile.act_in_another_process: (GONE,) * 2 + (DONE,) * 7,
}


def name_of(value: object) -> str | None:
    return getattr(value, "__name__", None) or (str(value) if isinstance(value, Step) else None)


@pytest.mark.parametrize("step", STEPS, ids=name_of)
@pytest.mark.parametrize("hostility", EXPECTED, ids=name_of)
def test_whatever_happens_between_two_steps(world: World, hostility: Action, step: Step) -> None:
    leave_dead(world.path)
    seen = world.judge()
    race = raced(world, seen.fingerprint, {step: hostility})
    check(world, race, extra_links=world.notes.count("linked"))
    assert race.outcome.word is EXPECTED[hostility][STEPS.index(step)], race.outcome.summary


@pytest.mark.parametrize("step", STEPS, ids=name_of)
def test_the_guard_is_held_from_its_step_to_the_end(world: World, step: Step) -> None:
    leave_dead(world.path)
    seen = world.judge()
    raced(world, seen.fingerprint, {step: hostile.lock_the_directory})
    early = step in (Step.CLAIM, Step.GUARD)
    assert world.notes == ["the owner holds it" if early else "the act holds it"]


@pytest.mark.parametrize("step", STEPS, ids=name_of)
def test_of_two_racewatches_one_acts_and_the_other_says_why_not(world: World, step: Step) -> None:
    leave_dead(world.path)
    seen = world.judge()
    ours = raced(world, seen.fingerprint, {step: hostile.act_in_another_process}).outcome.word
    theirs = json.loads(world.notes[0])["outcomes"][0]["outcome"]
    expected = {
        Step.CLAIM: (GONE, "done"),
        Step.GUARD: (GONE, "done"),
    }.get(step, (DONE, "refused_busy"))
    assert (ours, theirs) == expected


# When the name is taken a second time while the wrong thing is away, both must survive.
SECOND: dict[Action, Callable[[World], bool]] = {
    hostile.respawn: lambda world: True,
    hostile.replace_by_file: lambda world: os.path.isfile(world.path),
    hostile.replace_by_directory: lambda world: os.path.isdir(world.path),
    hostile.replace_by_symlink_to_a_live_socket: lambda world: os.path.islink(world.path),
    hostile.replace_by_fifo: lambda world: True,
}


@pytest.mark.parametrize("second_at", [Step.VERIFY, Step.RESTORE], ids=name_of)
@pytest.mark.parametrize("first_at", [Step.RECHECK, Step.INTENT, Step.CAPTURE], ids=name_of)
@pytest.mark.parametrize("second", SECOND, ids=name_of)
def test_a_second_respawn_while_the_first_is_away_loses_neither(
    world: World, second: Action, first_at: Step, second_at: Step
) -> None:
    leave_dead(world.path)
    seen = world.judge()
    race = raced(world, seen.fingerprint, {first_at: hostile.respawn, second_at: second})
    check(world, race)
    assert race.outcome.word is OutcomeWord.FAILED
    assert SECOND[second](world)
    # The first one is kept aside, alive, and the outcome says where.
    aside = world.private_names()
    assert [inode(path) for path in aside] == [world.servers[0][1]]
    assert os.fsdecode(aside[0]) in race.outcome.summary
    assert not race.outcome.undoable


def test_what_is_done_can_be_undone_whatever_raced_it(world: World) -> None:
    leave_dead(world.path)
    before = os.lstat(world.path)
    seen = world.judge()
    outcome = world.act(seen.fingerprint, {Step.CAPTURE: hostile.rename_the_directory})
    assert outcome.word is DONE
    back = undo(outcome.action, world.journal)
    assert back.word is DONE, back.summary
    # In the very directory that it was taken from, wherever that is now.
    made = os.lstat(os.path.join(world.folder, b"moved", b"s"))
    assert (made.st_mode, made.st_uid, made.st_mtime_ns) == (
        before.st_mode,
        before.st_uid,
        before.st_mtime_ns,
    )
