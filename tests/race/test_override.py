"""A person's word: what could not be judged is kept aside, alive if it was, and everything else holds as ever."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from typing import Any

import pytest

from racewatch.core.act import Step
from racewatch.core.model import OutcomeWord, Removable, Verdict
from racewatch.core.undo import undo
from tests.kernel.support import (
    CLONE_NEWNET,
    NOBODY,
    become_nobody,
    in_child,
    needs_root,
    own_mounts,
    unshare,
)
from tests.race import hostile
from tests.race.test_between_steps import DONE, EXPECTED, LIVE, STEPS, Words, name_of
from tests.race.world import (
    Action,
    World,
    a_world,
    answers,
    check,
    inode,
    is_private,
    leave_dead,
    names_below,
    overlay,
    raced,
    serve,
)

pytestmark = needs_root

# What nobody cannot do to root's node in a directory of nobody's own.
NOT_HERE = (hostile.take_the_permissions_away, hostile.link_the_same_node, hostile.act_in_another_process)
HOSTILE: dict[Action, Words] = {one: words for one, words in EXPECTED.items() if one not in NOT_HERE}


def given_away(world: World) -> None:
    """The whole sandbox belongs to nobody from here on, but for the root-owned socket; so do we."""
    base = os.path.dirname(world.folder)
    for above, folders, files in os.walk(base):
        os.chown(above, NOBODY, NOBODY)
        for name in folders + files:
            path = os.path.join(above, name)
            if path != world.path:
                os.chown(path, NOBODY, NOBODY)
    os.chmod(world.path, 0o600)
    unshare(CLONE_NEWNET)  # its socket is not in our tables, and we may not ask it either
    become_nobody()


@pytest.mark.parametrize("step", STEPS, ids=name_of)
@pytest.mark.parametrize("hostility", HOSTILE, ids=name_of)
@pytest.mark.parametrize("lives", [True, False], ids=["live", "dead"])
def test_whatever_happens_while_acting_on_a_persons_word(lives: bool, hostility: Action, step: Step) -> None:
    def work() -> OutcomeWord:
        with a_world() as world:
            server = serve(world.path) if lives else None
            if server is None:
                leave_dead(world.path)
            given_away(world)
            seen = world.judge()
            assert (seen.verdict, seen.removable) == (Verdict.UNKNOWN, Removable.OVERRIDE), seen
            race = raced(world, seen.fingerprint, {step: hostility}, override=True)
            check(world, race)
            if race.outcome.word is DONE:
                # Not destroyed: aside, the same inode, and undo brings back that very inode.
                (aside,) = names_below(world.folder)[world.judged_inode]
                assert is_private(aside)
            if server is not None:
                server.close()
            return race.outcome.word

    assert in_child(work) is HOSTILE[hostility][STEPS.index(step)]


def test_without_a_persons_word_what_is_unproved_stays() -> None:
    def work() -> None:
        with a_world() as world:
            leave_dead(world.path)
            given_away(world)
            outcome = world.act(world.judge().fingerprint)
            assert outcome.word is OutcomeWord.REFUSED_UNPROVEN
            assert inode(world.path) == world.judged_inode
            assert not world.private_names()

    in_child(work)


def test_a_live_socket_removed_on_a_persons_word_is_kept_alive_and_undone() -> None:
    """Its server never notices: the same inode goes aside and comes back."""

    def act_and_undo(world: World) -> None:
        given_away(world)
        outcome = world.act(world.judge().fingerprint, override=True)
        assert outcome.word is DONE
        assert "kept aside" in outcome.summary
        assert not os.path.lexists(world.path)
        assert undo(outcome.action, world.journal).word is DONE
        again = undo(outcome.action, world.journal)
        assert again.word is OutcomeWord.REFUSED_FORBIDDEN
        assert "taken back already" in again.summary

    with a_world() as world:
        server = serve(world.path)
        world.stack.callback(server.close)
        before = inode(world.path)
        in_child(lambda: act_and_undo(world))
        assert inode(world.path) == before
        assert answers(world.path)


def test_an_override_opens_no_live_target(world: World) -> None:
    world.live(world.path)
    outcome = world.act(world.judge().fingerprint, override=True)
    assert outcome.word is LIVE
    assert answers(world.path)


def test_an_override_opens_nothing_that_is_never_removed(world: World) -> None:
    with open(world.path, "xb"):
        pass
    world.pin_judged()
    assert world.kind.look(world.target) is None
    first = world.act("never seen", override=True)
    assert first.word is OutcomeWord.REFUSED_CHANGED
    assert first.observation is not None
    outcome = world.act(first.observation.fingerprint, override=True)
    assert outcome.word is OutcomeWord.REFUSED_FORBIDDEN
    assert os.path.isfile(world.path)


def in_overlay(work: Callable[[World, bytes], Any]) -> Any:
    def inside() -> Any:
        own_mounts()
        with a_world() as world:
            return work(world, overlay(world))

    return in_child(inside)


@pytest.mark.parametrize("step", STEPS, ids=name_of)
def test_a_dead_looking_socket_in_an_overlay_layer_is_only_ever_kept_aside(step: Step) -> None:
    def work(world: World, merged: bytes) -> tuple[OutcomeWord, bool]:
        leave_dead(world.path)
        seen = world.judge()
        assert (seen.verdict, seen.removable) == (Verdict.UNKNOWN, Removable.OVERRIDE), seen
        race = raced(world, seen.fingerprint, {step: hostile.replace_by_file}, override=True)
        check(world, race)
        return race.outcome.word, world.judged_inode in names_below(world.there)

    word, is_there = in_overlay(work)
    expected = EXPECTED[hostile.replace_by_file][STEPS.index(step)]
    assert (word, is_there) == (expected, expected is DONE)


def test_a_socket_bound_through_an_overlay_is_live_in_its_layer() -> None:
    """Its node answers ECONNREFUSED there; with or without a person's word it stays."""

    def work(world: World, merged: bytes) -> None:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(os.path.join(merged, b"s"))
            server.listen(1)
            seen = world.judge()
            assert seen.verdict is Verdict.LIVE, seen
            assert world.act(seen.fingerprint, override=True).word is LIVE
            assert answers(os.path.join(merged, b"s"))

    in_overlay(work)
