"""What a start does with an interrupted act, when the machine went on meanwhile."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable

import pytest

from racewatch.config import Config
from racewatch.core.act import Step
from racewatch.core.by_name import private_name
from racewatch.core.journal import Journal
from racewatch.core.model import HistoryEntry, OutcomeWord
from racewatch.core.recovery import recover
from racewatch.core.undo import undo
from racewatch.verbs import Racewatch
from tests.crash.killing import Victim
from tests.kernel.support import become_nobody, in_child, mount, needs_root, own_mounts
from tests.race import hostile
from tests.race.world import World, a_world, answers, inode, leave_dead, unmount

DONE, GONE, FAILED = OutcomeWord.DONE, OutcomeWord.GONE, OutcomeWord.FAILED


def die_at(world: World, step: Step, *, first: Callable[[World], None] | None = None) -> str:
    """An act on the world's dead socket whose process dies right before a step; the action's name."""
    if not os.path.lexists(world.path):
        leave_dead(world.path)
    seen = world.judge()

    def work(ask: Callable[[], None]) -> None:
        journal = Journal(world.journal.folder)

        def die(_: World) -> None:
            os.kill(os.getpid(), signal.SIGKILL)

        at: dict[Step, Callable[[World], None]] = {step: die}
        if first is not None:
            at[Step.CAPTURE] = lambda _: ask()
        world.act(seen.fingerprint, at, journal=journal)

    victim = Victim(work, lambda: first(world) if first is not None else None)
    try:
        assert victim.run() == -signal.SIGKILL
    finally:
        victim.close()
    (row,) = world.journal.open_acts()
    return row.action


def test_what_was_captured_is_put_back(world: World) -> None:
    action = die_at(world, Step.VERIFY)
    assert not os.path.lexists(world.path)
    (row,) = recover(world.journal)
    assert (row.action, row.word, row.undoable) == (action, FAILED, False)
    assert "was put back" in row.summary
    assert inode(world.path) == world.judged_inode
    assert recover(world.journal) == ()


def test_who_only_observes_says_what_waits_and_puts_it_back_when_that_ends(world: World) -> None:
    die_at(world, Step.VERIFY)
    observing = Racewatch(Config(), state=world.journal.folder, observe=True)
    assert observing.recovered == ()
    assert os.fsdecode(world.path) in (observing.waiting or "")
    assert not os.path.lexists(world.path)
    observing.stop_observing()
    assert observing.waiting is None
    assert inode(world.path) == world.judged_inode
    observing.close()
    later = Racewatch(Config(), state=world.journal.folder, observe=True)
    assert later.waiting is None
    later.close()


def test_a_live_socket_that_a_lost_race_had_captured_is_put_back(world: World) -> None:
    """Whatever inode it is: the crash came before it could be compared."""
    die_at(world, Step.VERIFY, first=hostile.respawn)
    assert not os.path.lexists(world.path)
    recover(world.journal)
    assert answers(world.path)
    assert not world.private_names()


def test_a_name_that_was_taken_meanwhile_is_not_overwritten(world: World) -> None:
    die_at(world, Step.VERIFY)
    world.live(world.path)
    (row,) = recover(world.journal)
    assert (row.word, row.undoable) == (FAILED, True)
    (aside,) = world.private_names()
    assert os.fsdecode(os.path.basename(aside)) in row.summary
    assert answers(world.path)
    # Undo can bring it back as soon as the name is free, and not before.
    assert undo(row.action, world.journal).word is OutcomeWord.REFUSED_CHANGED
    os.unlink(world.path)
    assert undo(row.action, world.journal).word is DONE
    assert inode(world.path) == world.judged_inode


def test_a_live_socket_that_cannot_go_back_is_kept_and_no_undo_is_promised(world: World) -> None:
    """Undo knows the judged thing only; what the lost race had captured is a person's business."""
    die_at(world, Step.VERIFY, first=hostile.respawn)
    world.live(world.path)
    (row,) = recover(world.journal)
    (aside,) = world.private_names()
    assert answers(aside)
    assert os.fsdecode(os.path.basename(aside)) in row.summary
    assert not row.undoable
    assert undo(row.action, world.journal).word is OutcomeWord.REFUSED_FORBIDDEN
    assert answers(aside)
    assert answers(world.path)


def test_an_act_that_had_come_through_is_found_done(world: World) -> None:
    action = die_at(world, Step.RECORD)
    (row,) = recover(world.journal)
    assert (row.word, row.undoable) == (GONE, True)
    assert undo(action, world.journal).word is DONE
    assert os.path.lexists(world.path)


def test_an_act_that_had_taken_nothing_is_found_so(world: World) -> None:
    die_at(world, Step.CAPTURE)
    (row,) = recover(world.journal)
    assert (row.word, row.undoable) == (FAILED, False)
    assert "untouched" in row.summary
    assert inode(world.path) == world.judged_inode


def test_a_directory_that_was_renamed_meanwhile_is_found(world: World) -> None:
    die_at(world, Step.VERIFY)
    hostile.rename_the_directory(world)
    (row,) = recover(world.journal)
    assert "was put back" in row.summary
    assert inode(os.path.join(world.folder, b"moved", b"s")) == world.judged_inode


def test_a_directory_that_was_replaced_meanwhile_is_not_mistaken(world: World) -> None:
    die_at(world, Step.VERIFY)
    hostile.replace_the_directory_by_another(world)
    recover(world.journal)
    assert answers(world.path)
    assert inode(os.path.join(world.folder, b"moved", b"s")) == world.judged_inode


def test_a_directory_that_is_gone_leaves_the_act_open(world: World) -> None:
    """It may be on a disk that is not there yet: never given up, said in the history."""
    action = die_at(world, Step.VERIFY)
    far = os.path.join(os.path.dirname(world.folder), b"far")
    os.rename(world.there, far)
    assert recover(world.journal) == ()
    entry = world.journal.entry(action)
    assert entry is not None
    assert entry.word is None
    assert "waiting to be settled" in entry.summary
    os.rename(far, world.there)
    (row,) = recover(world.journal)
    assert "was put back" in row.summary
    assert inode(world.path) == world.judged_inode


def test_another_directory_of_the_same_name_leaves_the_act_open(world: World) -> None:
    action = die_at(world, Step.VERIFY)
    os.rename(world.there, os.path.join(os.path.dirname(world.folder), b"far"))
    os.mkdir(world.there)
    assert recover(world.journal) == ()
    entry = world.journal.entry(action)
    assert entry is not None
    assert "another directory" in entry.summary
    assert os.listdir(world.there) == []


def test_a_device_number_that_changed_over_a_reboot_changes_nothing(world: World) -> None:
    """Device mapper and btrfs number anew at each boot; inode number and birth time stay."""
    action = die_at(world, Step.VERIFY)
    edit_record(world, action, directory_dev=12345, dev=12345)
    (row,) = recover(world.journal)
    assert "was put back" in row.summary
    assert inode(world.path) == world.judged_inode


def test_an_inode_number_that_was_given_out_again_is_another_inode(world: World) -> None:
    action = die_at(world, Step.CAPTURE)
    edit_record(world, action, btime_ns=1)
    (row,) = recover(world.journal)
    assert row.word is GONE
    assert inode(world.path) == world.judged_inode


@needs_root
def test_a_mount_in_place_of_the_directory_is_not_mistaken() -> None:
    """The same path, a fresh file system: nothing is put into it, and nothing is given up."""

    def work() -> str:
        own_mounts()
        with a_world() as world:
            action = die_at(world, Step.VERIFY)
            mount(b"none", world.there, b"tmpfs")
            assert recover(world.journal) == ()
            assert os.listdir(world.there) == []
            unmount(world.there)
            (row,) = recover(world.journal)
            assert row.action == action
            return row.summary

    assert "was put back" in in_child(work)


@needs_root
def test_a_directory_that_may_not_be_searched_does_not_stop_a_start() -> None:
    def work() -> str:
        with a_world() as world:
            os.chmod(os.path.dirname(world.folder), 0o755)
            for above, _, files in os.walk(os.path.dirname(world.folder)):
                os.chown(above, 65534, 65534)
                for name in files:
                    os.chown(os.path.join(above, name), 65534, 65534)
            become_nobody()
            action = die_at(world, Step.VERIFY)
            os.chmod(world.there, 0o600)
            assert recover(world.journal) == ()
            os.chmod(world.there, 0o700)
            entry = world.journal.entry(action)
            assert entry is not None
            recover(world.journal)
            assert inode(world.path) == world.judged_inode
            return entry.summary

    assert "waiting to be settled" in in_child(work)


def test_a_locked_directory_is_waited_for_a_little_and_then_left_for_later(world: World) -> None:
    """All its acts together cost one patience, not one each."""
    actions: list[str] = []
    for _ in range(3):
        actions.append(die_at_next(world, actions))
    hostile.lock_the_directory(world)
    began = time.monotonic()
    assert recover(world.journal) == ()
    assert time.monotonic() - began < 4.5
    assert len(world.journal.open_acts()) == 3


def die_at_next(world: World, before: list[str]) -> str:
    """One more interrupted act in the same directory."""
    leave_dead(world.path)
    seen = world.kind.look(world.target)
    assert seen is not None

    def work(_: Callable[[], None]) -> None:
        def die(_: World) -> None:
            os.kill(os.getpid(), signal.SIGKILL)

        world.act(seen.fingerprint, {Step.VERIFY: die}, journal=Journal(world.journal.folder))

    victim = Victim(work, lambda: None)
    try:
        assert victim.run() == -signal.SIGKILL
    finally:
        victim.close()
    (row,) = [one for one in world.journal.open_acts() if one.action not in before]
    return row.action


def edit_record(world: World, action: str, **values: object) -> None:
    """Change the record of an open act, as time or damage would."""
    for key, value in values.items():
        world.journal._db.execute(
            "UPDATE action SET undo=json_set(undo, ?, json(?)) WHERE action=?",
            (f"$.{key}", json.dumps(value), action),
        )


@pytest.mark.parametrize(
    "damage",
    [
        "not json at all",
        "[]",
        "{}",
        '{"companions": [7]}',
        None,
    ],
)
def test_a_damaged_record_is_said_and_does_not_stop_the_others(world: World, damage: str | None) -> None:
    first = die_at_next(world, [])
    os.rename(os.path.join(world.there, private_name(first)), os.path.join(world.folder, private_name(first)))
    second = die_at_next(world, [first])
    if damage is None:
        edit_record(world, first, name="Li4veA==")  # ../x
    elif damage.startswith('{"c'):
        edit_record(world, first, companions=[7])
    else:
        world.journal._db.execute("UPDATE action SET undo=? WHERE action=?", (damage, first))
    told = {row.action: row for row in recover(world.journal)}
    assert told[first].word is FAILED
    assert "damaged" in told[first].summary
    assert ".racewatch." in told[first].summary
    assert "was put back" in told[second].summary
    assert len(world.private_names()) == 1


def test_a_damaged_row_that_cannot_be_read_is_a_clear_refusal(world: World) -> None:
    die_at(world, Step.VERIFY)
    world.journal._db.execute("UPDATE action SET kind='nonsense'")
    racewatch = Racewatch(Config(), state=world.journal.folder)
    try:
        assert racewatch.journal_problem is not None
        assert "damaged row" in racewatch.journal_problem
        assert "move the file away" in racewatch.journal_problem
        # Looking goes on.
        assert racewatch.scan([world.there]).observations
    finally:
        racewatch.close()


def test_a_start_beside_a_stopped_act_leaves_it_alone(world: World) -> None:
    """Its process is stopped between CAPTURE and VERIFY: alive, however long it takes."""
    leave_dead(world.path)
    seen = world.judge()

    def work(_: Callable[[], None]) -> None:
        def stop(_: World) -> None:
            os.kill(os.getpid(), signal.SIGSTOP)

        outcome = world.act(seen.fingerprint, {Step.VERIFY: stop}, journal=Journal(world.journal.folder))
        assert outcome.word is DONE

    victim = Victim(work, lambda: None)
    try:
        os.close(victim._go)
        victim._go = -1
        os.waitpid(victim.pid, os.WUNTRACED)
        assert not os.path.lexists(world.path)
        racewatch = Racewatch(Config(), state=world.journal.folder)
        try:
            assert racewatch.recovered == ()
            assert len(world.private_names()) == 1
            # Not even tried: its row says what it always said.
            assert [(row.word, row.summary) for row in racewatch.history()] == [(None, "under way")]
        finally:
            racewatch.close()
        os.kill(victim.pid, signal.SIGCONT)
        _, status = os.waitpid(victim.pid, 0)
        victim.pid = -1
        assert os.waitstatus_to_exitcode(status) == 0
    finally:
        victim.close()
    assert [row.word for row in world.journal.entries()] == [DONE]
    assert not world.private_names()


def test_of_two_recoveries_at_once_one_settles(world: World) -> None:
    """Many starts at one moment: each act is settled by exactly one of them."""
    for _ in range(5):
        die_at(world, Step.VERIFY)
        start_in, start_out = os.pipe()
        answer_in, answer_out = os.pipe()
        pids = []
        for _ in range(4):
            pid = os.fork()
            if pid == 0:
                try:
                    os.close(start_out)
                    journal = Journal(world.journal.folder)
                    os.read(start_in, 1)
                    os.write(answer_out, b"%d" % len(recover(journal)))
                finally:
                    os._exit(0)
            pids.append(pid)
        os.close(start_out)
        for pid in pids:
            os.waitpid(pid, 0)
        os.close(answer_out)
        with os.fdopen(answer_in, "rb") as source:
            assert sorted(source.read()) == sorted(b"0001")
        os.close(start_in)
        assert inode(world.path) == world.judged_inode
        assert not world.private_names()
        os.unlink(world.path)


def test_a_settled_row_is_not_settled_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another start came through between our list and our claim."""
    action = die_at(world, Step.VERIFY)
    mine = Journal(world.journal.folder)
    try:
        really = mine.claim
        seen: list[HistoryEntry] = []

        def claim_late(asked: str) -> int | None:
            seen.extend(recover(world.journal))
            os.unlink(world.path)  # and the name is used for something else at once
            world.live(world.path)
            return really(asked)

        monkeypatch.setattr(mine, "claim", claim_late)
        assert recover(mine) == ()
    finally:
        mine.close()
    assert [row.action for row in seen] == [action]
    assert answers(world.path)
