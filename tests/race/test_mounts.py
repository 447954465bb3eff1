"""A name that something is mounted on is somebody's: here, or in a mount namespace of a service's own."""

from __future__ import annotations

import os

import pytest

from racewatch.core.act import Step
from racewatch.core.model import OutcomeWord, Removable, Verdict
from tests.kernel.support import MS_BIND, in_child, mount, needs_root, own_mounts
from tests.race.test_between_steps import STEPS, name_of
from tests.race.world import World, a_world, answers, inode, leave_dead, unmount

pytestmark = needs_root

DONE, LIVE = OutcomeWord.DONE, OutcomeWord.REFUSED_LIVE
CHANGED, BUSY = OutcomeWord.REFUSED_CHANGED, OutcomeWord.REFUSED_BUSY


def mount_a_live_socket_over(world: World) -> None:
    """Over whatever name the judged node has; where it has none (or is away), over nothing."""
    elsewhere = os.path.join(world.folder, b"elsewhere")
    world.live(elsewhere)
    if os.path.lexists(world.path):
        mount(elsewhere, world.path, None, MS_BIND)
        world.stack.callback(unmount, world.path)
        world.notes.append("mounted")


@pytest.mark.parametrize("step", STEPS, ids=name_of)
def test_a_live_socket_mounted_over_the_name_stays(step: Step) -> None:
    """Up to PIN the live one is met, at RECHECK the mount is seen, and the kernel refuses a rename of it."""

    def work() -> OutcomeWord:
        own_mounts()
        with a_world() as world:
            leave_dead(world.path)
            seen = world.judge()
            outcome = world.act(seen.fingerprint, {step: mount_a_live_socket_over})
            if world.notes:
                assert answers(world.path), outcome
            assert not world.private_names()
            return outcome.word

    before_pin, no_name = (Step.CLAIM, Step.GUARD, Step.PIN), (Step.VERIFY, Step.COMMIT, Step.RECORD)
    expected = (
        LIVE if step in before_pin else DONE if step in no_name else CHANGED if step is Step.RECHECK else BUSY
    )
    assert in_child(work) is expected


def test_a_dead_socket_mounted_over_a_dead_one_is_not_taken_for_either() -> None:
    """What is seen is the mount, what would be taken away is the name below it."""

    def work() -> tuple[Verdict, Removable, OutcomeWord]:
        own_mounts()
        with a_world() as world:
            elsewhere = os.path.join(world.folder, b"elsewhere")
            leave_dead(world.path)
            leave_dead(elsewhere)
            mount(elsewhere, world.path, None, MS_BIND)
            world.stack.callback(unmount, world.path)
            seen = world.judge()
            return seen.verdict, seen.removable, world.act(seen.fingerprint, override=True).word

    assert in_child(work) == (Verdict.UNKNOWN, Removable.NEVER, OutcomeWord.REFUSED_FORBIDDEN)


def in_a_service_with_its_own_mounts(world: World, *, at: Step | None) -> tuple[OutcomeWord, bool]:
    """Act while a process in another mount namespace has its live socket over our dead node.

    Returns how the act ended, and whether that process still reaches its socket by the name.
    """
    elsewhere = os.path.join(world.folder, b"elsewhere")
    world.live(elsewhere)
    ready_in, ready_out = os.pipe()
    go_in, go_out = os.pipe()
    for fd in (ready_in, ready_out, go_in, go_out):
        world.stack.callback(os.close, fd)

    def service() -> bool:
        own_mounts()
        os.write(ready_out, b"1")
        os.read(go_in, 1)
        mount(elsewhere, world.path, None, MS_BIND)
        os.write(ready_out, b"2")
        os.read(go_in, 1)
        return answers(world.path)

    def mounted(_: World) -> None:
        os.write(go_out, b"1")
        assert os.read(ready_in, 1) == b"2"

    pid = os.fork()
    if pid == 0:
        status = 2
        try:
            status = 0 if service() else 1
        finally:
            os._exit(status)
    assert os.read(ready_in, 1) == b"1"
    try:
        seen = world.judge()
        if at is None:
            mounted(world)
            seen_again = world.kind.look(world.target)
            assert seen_again is not None
            seen = seen_again
            assert (seen.verdict, seen.removable) == (Verdict.UNKNOWN, Removable.NEVER), seen
        outcome = world.act(seen.fingerprint, {} if at is None else {at: mounted}, override=True)
    finally:
        os.write(go_out, b"2")
        _, status = os.waitpid(pid, 0)
    return outcome.word, os.waitstatus_to_exitcode(status) == 0


def test_a_live_socket_mounted_over_the_name_for_another_process_stays(world: World) -> None:
    leave_dead(world.path)
    before = inode(world.path)
    word, reached = in_a_service_with_its_own_mounts(world, at=None)
    assert (word, reached) == (OutcomeWord.REFUSED_FORBIDDEN, True)
    assert inode(world.path) == before


@pytest.mark.parametrize(
    "step", [Step.CLAIM, Step.GUARD, Step.PIN, Step.RECHECK, Step.INTENT, Step.CAPTURE], ids=name_of
)
def test_a_mount_made_for_another_process_during_the_act_stays(world: World, step: Step) -> None:
    """Captured with the name at the worst, seen by VERIFY under the private name, and given back with it."""
    leave_dead(world.path)
    before = inode(world.path)
    word, reached = in_a_service_with_its_own_mounts(world, at=step)
    assert (word, reached) == (CHANGED, True)
    assert inode(world.path) == before
    assert not world.private_names()
