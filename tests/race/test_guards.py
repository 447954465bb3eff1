"""Each guard of the core by the race it is there for (``tests/mutants`` breaks every one of them)."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable

import pytest

from racewatch.core.act import Step
from racewatch.core.by_name import private_name
from racewatch.core.journal import Journal
from racewatch.core.model import KindName, OutcomeWord, Target
from racewatch.core.protected import Protected, Protection
from racewatch.core.recovery import recover
from racewatch.core.undo import undo
from racewatch.linux import removal
from tests.kernel.support import in_child, needs_root, own_mounts, until
from tests.race import hostile
from tests.race.seccomp import refuse
from tests.race.world import World, a_world, answers, check, inode, leave_dead, overlay, raced

DONE, GONE, FAILED = OutcomeWord.DONE, OutcomeWord.GONE, OutcomeWord.FAILED
CHANGED, BUSY = OutcomeWord.REFUSED_CHANGED, OutcomeWord.REFUSED_BUSY


# ---------------------------------------------------------------- before anything is touched


def test_what_the_configuration_protects_is_never_acted_on(world: World) -> None:
    leave_dead(world.path)
    seen = world.judge()
    for pattern in (world.path, world.there, world.folder + b"/", world.folder + b"/*/s"):
        rules = Protected((Protection(pattern, "the operator's own"),))
        outcome = world.act(seen.fingerprint, protected=rules, override=True)
        assert outcome.word is OutcomeWord.REFUSED_FORBIDDEN
        assert "the operator's own" in outcome.summary
        assert world.judged_links == 1


def test_a_path_spelled_otherwise_is_protected_all_the_same() -> None:
    rules = Protected((Protection(b"/run/x", "no"),))
    for path in (b"/run/x", b"//run/x", b"/run//x", b"/run/./x", b"/run/y/../x", b"/run/x/below"):
        assert rules.reason(path) == "no"
    for other in (b"/run/xy", b"/run", None):
        assert rules.reason(other) is None


def test_no_act_without_a_lock_on_the_directory() -> None:
    """A file system that cannot lock (ENOLCK) is not one where nobody holds the lock."""

    def work() -> tuple[str, OutcomeWord]:
        with a_world() as world:
            leave_dead(world.path)
            seen = world.judge()
            refuse("flock", errno.ENOLCK)
            outcome = world.act(seen.fingerprint)
            assert inode(world.path) == world.judged_inode
            return outcome.summary, outcome.word

    summary, word = in_child(work)
    assert word is FAILED
    assert "cannot be locked" in summary


def test_the_holder_of_the_directory_is_named(world: World) -> None:
    leave_dead(world.path)
    seen = world.judge()
    outcome = world.act(seen.fingerprint, {Step.GUARD: hostile.lock_the_directory})
    assert outcome.word is BUSY
    assert f"by process {os.getpid()}" in outcome.summary


def test_no_act_without_a_record_of_what_is_about_to_happen(world: World) -> None:
    """INTENT comes before CAPTURE: what the journal cannot hold does not happen."""
    leave_dead(world.path)
    seen = world.judge()
    broken = Journal(os.path.join(os.path.dirname(world.folder), b"other"))
    broken.close()

    def not_captured(_: World) -> None:
        pytest.fail("captured without a record")

    outcome = world.act(seen.fingerprint, {Step.CAPTURE: not_captured}, journal=broken)
    assert outcome.word is FAILED
    assert outcome.summary.startswith("nothing was touched, because ")
    assert world.judged_links == 1


def test_the_record_is_on_disk_before_the_name_goes(world: World) -> None:
    """Another process reads it there while the name still stands."""
    leave_dead(world.path)
    seen = world.judge()
    found: list[tuple[bytes, bool]] = []

    def read(inside: World) -> None:
        other = Journal(inside.journal.folder)
        try:
            (row,) = other.open_acts()
        finally:
            other.close()
        found.append((row.target.locator, os.path.lexists(inside.path)))

    assert world.act(seen.fingerprint, {Step.CAPTURE: read}).word is DONE
    assert found == [(world.path, True)]


def test_the_claim_is_held_before_the_record_exists_and_to_the_end(world: World) -> None:
    leave_dead(world.path)
    seen = world.judge()
    claims: list[object] = []

    def claim(inside: World) -> None:
        other = Journal(inside.journal.folder)
        try:
            claims.extend(other.claim(row.action) for row in other.open_acts())
        finally:
            other.close()

    at: dict[Step, Callable[[World], None]] = dict.fromkeys(
        (Step.CAPTURE, Step.VERIFY, Step.COMMIT, Step.RECORD), claim
    )
    assert world.act(seen.fingerprint, at).word is DONE
    assert claims == [None] * 4


def test_recovery_leaves_an_act_alone_whose_process_lives(world: World) -> None:
    """A start in the middle of somebody's act must not put back what that is about to remove."""
    leave_dead(world.path)
    seen = world.judge()
    settled: list[object] = []

    def start(inside: World) -> None:
        other = Journal(inside.journal.folder)
        try:
            settled.extend(recover(other))
        finally:
            other.close()
        assert not os.path.lexists(inside.path)

    outcome = world.act(seen.fingerprint, {Step.VERIFY: start, Step.COMMIT: start})
    assert (outcome.word, settled) == (DONE, [])


# ---------------------------------------------------------------- the name comes to mean something else


def test_a_recycled_inode_number_is_not_the_same_socket(world: World) -> None:
    """ext4 gives the number of a removed inode to the next one at once; the birth time tells them apart."""
    leave_dead(world.path)
    seen = world.kind.look(world.target)
    assert seen is not None
    number = inode(world.path)
    for _ in range(2000):
        os.unlink(world.path)
        leave_dead(world.path)
        if inode(world.path) == number:
            break
    else:
        pytest.skip("this file system does not give inode numbers out again at once")
    world.pin_judged()
    outcome = world.act(seen.fingerprint)
    assert outcome.word is CHANGED
    assert world.judged_links == 1


def test_the_pin_keeps_the_number_from_being_given_out_again(world: World) -> None:
    """Between RECHECK and CAPTURE the node is replaced; with the number held, no newcomer can have it."""
    leave_dead(world.path)
    seen = world.kind.look(world.target)
    assert seen is not None
    number = inode(world.path)

    def replace(inside: World) -> None:
        os.unlink(inside.path)
        inside.live(inside.path)
        assert inode(inside.path) != number

    outcome = world.act(seen.fingerprint, {Step.CAPTURE: replace})
    assert outcome.word is CHANGED
    assert answers(world.path)


def test_a_link_in_place_of_the_socket_is_not_followed(world: World) -> None:
    """What it leads to would be judged, and the link taken away."""
    elsewhere = os.path.join(world.folder, b"elsewhere")
    leave_dead(elsewhere)
    os.symlink(elsewhere, world.path)
    world.pin_judged()
    assert world.kind.look(world.target) is None
    led_to = world.kind.look(Target(KindName.SOCKET, elsewhere))
    assert led_to is not None
    taken: list[bool] = []
    outcome = world.act(led_to.fingerprint, {Step.CAPTURE: lambda _: taken.append(True)}, override=True)
    assert (outcome.word, taken) == (CHANGED, [])
    assert os.path.islink(world.path)


def test_a_link_in_the_path_is_not_followed(world: World) -> None:
    leave_dead(world.path)
    seen = world.judge()
    moved = os.path.join(world.folder, b"moved")
    os.rename(world.there, moved)
    os.symlink(moved, world.there)  # leads to the very same socket
    outcome = world.act(seen.fingerprint)
    assert outcome.word is CHANGED
    assert "no longer a plain directory" in outcome.summary
    assert world.judged_links == 1


def test_a_directory_that_moved_is_not_acted_in(world: World) -> None:
    leave_dead(world.path)
    seen = world.judge()
    race = raced(world, seen.fingerprint, {Step.RECHECK: hostile.rename_the_directory})
    check(world, race)
    assert race.outcome.word is CHANGED
    assert "was moved or replaced" in race.outcome.summary


def test_an_object_that_stands_under_the_private_name_is_not_overwritten(world: World) -> None:
    leave_dead(world.path)
    seen = world.judge()

    def squat(inside: World) -> None:
        (row,) = inside.journal.open_acts()
        inside.live(os.path.join(inside.there, private_name(row.action)))

    race = raced(world, seen.fingerprint, {Step.CAPTURE: squat})
    assert race.outcome.word is FAILED
    assert world.judged_links == 1
    assert [inode(path) for path in world.private_names()] == [world.servers[0][1]]
    assert answers(world.private_names()[0])


def test_what_was_captured_by_mistake_goes_back_before_anything_else(world: World) -> None:
    leave_dead(world.path)
    seen = world.judge()
    absent: list[bool] = []

    def look(inside: World) -> None:
        absent.append(not os.path.lexists(inside.path))

    outcome = world.act(seen.fingerprint, {Step.CAPTURE: hostile.respawn, Step.RESTORE: look})
    assert (outcome.word, absent) == (CHANGED, [True])
    assert answers(world.path)
    assert not world.private_names()


def test_restoring_never_overwrites_what_took_the_name_meanwhile(world: World) -> None:
    leave_dead(world.path)
    seen = world.judge()
    race = raced(world, seen.fingerprint, {Step.CAPTURE: hostile.respawn, Step.RESTORE: hostile.respawn})
    check(world, race)
    assert race.outcome.word is FAILED
    assert len(world.servers) == 2
    assert answers(world.path)
    assert answers(world.private_names()[0])


def test_a_private_name_that_somebody_removed_is_said(world: World) -> None:
    leave_dead(world.path)
    seen = world.judge()

    def steal(inside: World) -> None:
        (path,) = inside.private_names()
        os.unlink(path)

    outcome = world.act(seen.fingerprint, {Step.VERIFY: steal})
    assert outcome.word is FAILED
    assert "somebody removed its private name" in outcome.summary
    # Removed after it was verified: it is gone, which was the wish.
    leave_dead(world.path)
    seen = world.judge()
    assert world.act(seen.fingerprint, {Step.COMMIT: steal}).word is DONE


@needs_root
@pytest.mark.parametrize("step", [Step.INTENT, Step.CAPTURE, Step.VERIFY])
def test_a_judgement_that_does_not_stand_any_more_gives_the_name_back(step: Step) -> None:
    """VERIFY judges again: here an overlay is mounted meanwhile, and what was proof is none any more."""

    def stack(world: World) -> None:
        overlay(world)

    def work() -> tuple[OutcomeWord, bool, int]:
        own_mounts()
        with a_world() as world:
            leave_dead(world.path)
            seen = world.judge()
            outcome = world.act(seen.fingerprint, {step: stack})
            return outcome.word, inode(world.path) == world.judged_inode, len(world.private_names())

    assert in_child(work) == (CHANGED, True, 0)


# ---------------------------------------------------------------- a bug, an interrupt


class Interrupt(BaseException):
    """What a signal handler may raise at any instant."""


@pytest.mark.parametrize("step", [Step.CAPTURE, Step.VERIFY, Step.COMMIT])
def test_an_interrupt_gives_the_name_back(world: World, step: Step) -> None:
    leave_dead(world.path)
    seen = world.judge()

    def interrupt(_: World) -> None:
        raise Interrupt

    with pytest.raises(Interrupt):
        world.act(seen.fingerprint, {step: interrupt})
    assert inode(world.path) == world.judged_inode
    assert not world.private_names()
    # Its row is open until the next start, which finds everything in place.
    (entry,) = recover(world.journal)
    assert entry.word is FAILED
    assert "untouched" in entry.summary
    assert world.judged_links == 1


def test_an_interrupt_in_the_middle_of_a_lost_race_gives_the_name_back(world: World) -> None:
    leave_dead(world.path)
    seen = world.judge()

    def interrupt(_: World) -> None:
        raise Interrupt

    with pytest.raises(Interrupt):
        world.act(seen.fingerprint, {Step.CAPTURE: hostile.respawn, Step.VERIFY: interrupt})
    assert answers(world.path)


def test_everything_is_released_after_an_interrupt(world: World) -> None:
    leave_dead(world.path)
    seen = world.judge()
    before = set(os.listdir("/proc/self/fd"))

    def interrupt(_: World) -> None:
        raise Interrupt

    for step in (Step.GUARD, Step.PIN, Step.RECHECK, Step.INTENT, Step.CAPTURE, Step.RECORD):
        with pytest.raises(Interrupt):
            world.act(seen.fingerprint, {step: interrupt})
        assert set(os.listdir("/proc/self/fd")) == before
        if step is Step.RECORD:
            break
    assert world.judged_links == 0
    (entry, *_) = [one for one in recover(world.journal) if one.word is GONE]
    assert undo(entry.action, world.journal).word is DONE


# ---------------------------------------------------------------- undo


def test_undo_never_overwrites(world: World) -> None:
    leave_dead(world.path)
    outcome = world.act(world.judge().fingerprint)
    world.live(world.path)
    back = undo(outcome.action, world.journal)
    assert back.word is CHANGED
    assert "is taken again" in back.summary
    assert answers(world.path)
    assert not world.private_names()


def test_undo_does_not_overwrite_what_appears_at_the_last_moment(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look at the name and the rename: the rename itself must refuse."""
    leave_dead(world.path)
    outcome = world.act(world.judge().fingerprint)
    really = removal.make_socket_node

    def make_and_race(dirfd: int, name: bytes, mode: int) -> None:
        really(dirfd, name, mode)
        world.live(world.path)

    monkeypatch.setattr(removal, "make_socket_node", make_and_race)
    back = undo(outcome.action, world.journal)
    assert back.word is CHANGED
    assert answers(world.path)
    assert not world.private_names()


def test_two_undos_of_one_act_put_it_back_once(world: World) -> None:
    leave_dead(world.path)
    outcome = world.act(world.judge().fingerprint)
    inner: list[object] = []

    def other_undo_comes_through(step: Step) -> None:
        if step is Step.GUARD:
            other = Journal(world.journal.folder)
            try:
                inner.append(undo(outcome.action, other).word)
            finally:
                other.close()
            os.unlink(world.path)  # and then somebody removes it again

    back = undo(outcome.action, world.journal, on_step=other_undo_comes_through)
    assert inner == [DONE]
    assert back.word is OutcomeWord.REFUSED_FORBIDDEN
    assert not os.path.lexists(world.path)


def test_an_undo_is_not_a_second_act(world: World) -> None:
    """While its guard is held, no act and no other undo works in that directory."""
    leave_dead(world.path)
    outcome = world.act(world.judge().fingerprint)
    words: list[OutcomeWord] = []

    def try_meanwhile(step: Step) -> None:
        if step is Step.RESTORE:
            other = Journal(world.journal.folder)
            try:
                words.append(undo(outcome.action, other).word)
            finally:
                other.close()

    assert undo(outcome.action, world.journal, on_step=try_meanwhile).word is DONE
    assert words == [BUSY]


def test_undo_of_a_kept_thing_takes_that_inode_and_no_other(world: World) -> None:
    """Whoever puts something else under the private name does not get it published."""
    leave_dead(world.path)
    os.chmod(world.path, 0o600)
    outcome = world.act(world.judge().fingerprint)
    # Rewritten as kept: what an override leaves (see test_override for the whole of it).
    row = world.journal.undo_record(outcome.action)
    assert row is not None
    assert not row.data["kept"]
    world.journal._db.execute(
        "UPDATE action SET undo=json_set(undo, '$.kept', json('true')) WHERE action=?", (outcome.action,)
    )
    impostor = os.path.join(world.there, private_name(outcome.action))
    world.live(impostor)
    back = undo(outcome.action, world.journal)
    assert back.word is FAILED
    assert "not there any more" in back.summary
    assert not os.path.lexists(world.path)
    assert answers(impostor)


# ---------------------------------------------------------------- many at once


def test_of_sixteen_processes_exactly_one_acts(world: World) -> None:
    """All start at one signal; one removes it, the others say that it is gone, changed or busy."""
    rounds = 6
    for _ in range(rounds):
        leave_dead(world.path)
        seen = world.judge()
        words = _race_of(16, world, seen.fingerprint)
        assert words.count("done") == 1, words
        assert set(words) <= {"done", "gone", "refused_busy", "refused_changed"}, words
        assert world.judged_links == 0
    assert not world.private_names()
    assert not world.journal.open_acts()


def _race_of(count: int, world: World, fingerprint: str) -> list[str]:
    start_in, start_out = os.pipe()
    answer_in, answer_out = os.pipe()
    ready_in, ready_out = os.pipe()
    pids = []
    for _ in range(count):
        pid = os.fork()
        if pid == 0:
            try:
                journal = Journal(world.journal.folder)
                os.write(ready_out, b".")
                os.close(start_out)
                os.read(start_in, 1)  # the end of the pipe: everybody at once
                word = world.act(fingerprint, journal=journal).word
                os.write(answer_out, word.value.encode() + b"\n")
            finally:
                os._exit(0)
        pids.append(pid)
    ready = b""

    def all_ready() -> bool:
        nonlocal ready
        ready += os.read(ready_in, count)
        return len(ready) == count

    until(all_ready, "the children get ready")
    os.close(start_out)
    for pid in pids:
        os.waitpid(pid, 0)
    os.close(answer_out)
    with os.fdopen(answer_in, "rb") as source:
        words = source.read().decode().split()
    for fd in (start_in, ready_in, ready_out):
        os.close(fd)
    return words
