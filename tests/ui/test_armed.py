"""What is armed: values and a clock; anything but exactly the awaited end disarms it for good."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from racewatch.core.model import ActRequest, KindName, Observation, Owner, Removable, Target, Verdict
from racewatch.ui.armed import (
    GRACE_SECONDS,
    Armed,
    Condition,
    Phase,
    Sight,
    can_wait_for_death,
    can_wait_for_silence,
    sight,
)
from tests.ui.support import Clock, seen

PATH = b"/run/x.sock"
MARK = (1, 2, 3, 4)
LIVE = seen(PATH, Verdict.LIVE, owner="redis")
DEAD = seen(PATH, fingerprint="dead")
UNKNOWN = seen(PATH, Verdict.UNKNOWN)
PERIOD = 30.0


def armed_for_death(clock: Clock, *, word: bool = False) -> Armed:
    return Armed(Sight(LIVE, MARK), Condition.OWNER_DIES, word=word, clock=clock)


def armed_for_silence(clock: Clock, *, word: bool = False) -> Armed:
    beat = Sight(UNKNOWN, (*MARK, 10, 20))
    return Armed(beat, Condition.SILENT, period=PERIOD, word=word, clock=clock)


def test_after_the_death_it_is_counted_down_and_asked_for_with_the_last_look() -> None:
    clock = Clock()
    thing = armed_for_death(clock)
    assert thing.saw(Sight(LIVE, MARK)) is None
    assert thing.phase is Phase.WAITING
    thing.owner_died()
    assert thing.saw(Sight(DEAD, MARK)) is None
    assert (thing.phase, thing.left) == (Phase.COUNTING, GRACE_SECONDS)
    assert "8 s" in thing.text()
    clock.now += GRACE_SECONDS - 0.1
    assert thing.saw(Sight(DEAD, MARK)) is None
    clock.now += 0.2
    # Only who counts down may ask, so that it is asked for once.
    assert thing.saw(Sight(DEAD, MARK), may_ask=False) is None
    assert thing.saw(Sight(DEAD, MARK)) == ActRequest(DEAD.target, "dead")
    assert thing.saw(Sight(DEAD, MARK)) is None
    assert (thing.phase, thing.ended) == (Phase.OVER, "")


@pytest.mark.parametrize("counting", [False, True])
@pytest.mark.parametrize(
    ("now", "said"),
    [
        (Sight(None, None), "went away by itself"),
        (Sight(DEAD, (1, 99, 3, 4)), "Another one stands in its place"),
        (Sight(DEAD, None), "changed just now"),
        (Sight(replace(LIVE, owner=Owner(1, 1, 0.0, "x", "y")), MARK), "it is in use"),
        (Sight(UNKNOWN, MARK), "cannot be proved"),
        (Sight(replace(DEAD, removable=Removable.NEVER), MARK), "cannot be proved"),
        (Sight(replace(DEAD, removable=Removable.OVERRIDE), MARK), "cannot be proved"),
        (Sight(seen(PATH, Verdict.IDLE), MARK), "cannot be proved"),
    ],
)
def test_any_sign_of_life_after_the_death_disarms_for_good(now: Sight, said: str, counting: bool) -> None:
    clock = Clock()
    thing = armed_for_death(clock)
    thing.owner_died()
    if counting:
        thing.saw(Sight(DEAD, MARK))
    assert thing.saw(now) is None
    assert thing.phase is Phase.OVER
    assert said in thing.ended
    clock.now += 1000
    assert thing.saw(Sight(DEAD, MARK)) is None


def test_another_fingerprint_during_the_countdown_disarms() -> None:
    thing = armed_for_death(Clock())
    thing.owner_died()
    thing.saw(Sight(DEAD, MARK))
    assert thing.saw(Sight(seen(PATH, fingerprint="other"), MARK)) is None
    assert "changed during the countdown" in thing.ended


def test_another_owner_or_one_more_disarms_while_it_waits() -> None:
    for now in (
        replace(LIVE, owner=Owner(4711, 2, 0.0, "redis", "joe")),  # the pid again, another process
        replace(LIVE, others=(Owner(5, 5, 0.0, "x", "y"),)),
        replace(LIVE, owner=None),
    ):
        thing = armed_for_death(Clock())
        assert thing.saw(Sight(now, MARK)) is None
        assert "Its owner is another one now" in thing.ended


def test_what_is_let_go_by_a_living_owner_waits_for_the_death_all_the_same() -> None:
    clock = Clock()
    thing = armed_for_death(clock)
    clock.now += 1000
    assert thing.saw(Sight(DEAD, MARK)) is None
    assert thing.phase is Phase.WAITING


def test_a_word_counts_for_what_is_proved_and_never_instead() -> None:
    clock = Clock()
    asked = replace(DEAD, removable=Removable.OVERRIDE)
    thing = armed_for_death(clock, word=True)
    thing.owner_died()
    thing.saw(Sight(asked, MARK))
    clock.now += GRACE_SECONDS
    assert thing.saw(Sight(asked, MARK)) == ActRequest(DEAD.target, "dead", override=True)
    unproved = armed_for_death(clock, word=True)
    unproved.owner_died()
    assert unproved.saw(Sight(UNKNOWN, MARK)) is None
    assert unproved.phase is Phase.OVER


def test_silence_is_counted_for_two_periods_and_must_be_proved() -> None:
    clock = Clock()
    thing = armed_for_silence(clock)
    still = (*MARK, 10, 20)
    assert (thing.phase, thing.left) == (Phase.COUNTING, 2 * PERIOD)
    clock.now += 2 * PERIOD - 0.1
    assert thing.saw(Sight(DEAD, still)) is None  # proved already, but two periods are promised
    clock.now += 0.2
    assert thing.saw(Sight(UNKNOWN, still)) is None
    assert thing.phase is Phase.COUNTING  # the proof may come a moment later
    assert thing.saw(Sight(DEAD, still)) == ActRequest(DEAD.target, "dead")
    unproved = armed_for_silence(clock)
    clock.now += 3 * PERIOD
    assert unproved.saw(Sight(UNKNOWN, still)) is None
    assert "cannot be proved" in unproved.ended


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (Sight(UNKNOWN, (*MARK, 11, 20)), "was refreshed"),
        (Sight(DEAD, (*MARK, 10, 21)), "was refreshed"),
        (Sight(DEAD, (1, 9, 3, 4, 10, 20)), "Another one"),
        (Sight(LIVE, (*MARK, 10, 20)), "It is in use"),
        (Sight(None, None), "went away"),
    ],
)
def test_any_refresh_disarms(now: Sight, said: str) -> None:
    clock = Clock()
    thing = armed_for_silence(clock)
    clock.now += 3 * PERIOD
    assert thing.saw(now) is None
    assert said in thing.ended


def test_what_changed_while_it_was_armed_is_not() -> None:
    assert "while it was being armed" in Armed(Sight(LIVE, None), Condition.OWNER_DIES).ended


def fact(observation: Observation, policy: str) -> Observation:
    return replace(observation, facts=(("policy", policy),))


def test_only_what_could_ever_be_removed_can_be_armed() -> None:
    assert can_wait_for_death(LIVE) == ""
    assert can_wait_for_death(fact(LIVE, "break")) == ""
    assert "never removed here" in can_wait_for_death(fact(LIVE, "tool"))
    assert "never removed here" in can_wait_for_death(fact(LIVE, "never"))
    assert "in use by a process" in can_wait_for_death(DEAD)
    assert "in use by a process" in can_wait_for_death(replace(LIVE, owner=None))
    assert "Several" in can_wait_for_death(replace(LIVE, others=(Owner(5, 5, 0.0, "x", "y"),)))
    assert can_wait_for_silence(UNKNOWN, 30.0) == ""
    assert "refreshes" in can_wait_for_silence(UNKNOWN, None)
    assert "either way" in can_wait_for_silence(DEAD, 30.0)
    assert "never removed here" in can_wait_for_silence(fact(UNKNOWN, "tool"), 30.0)


@pytest.mark.parametrize("condition", Condition)
def test_one_that_is_replaced_while_it_is_looked_at_is_not_armed(
    tmp_path: Path, condition: Condition
) -> None:
    # The look would be that of the first, the mark that of the second: the death of the one ended the other.
    path = tmp_path / "x.lock"
    path.write_text("first")
    target = Target(KindName.LOCK, os.fsencode(path))

    def look(_target: Target) -> Observation:
        other = path.with_suffix(".new")
        other.write_text("second")
        other.rename(path)
        return LIVE

    now = sight(look, target, condition)
    assert now.mark is None
    assert Armed(now, condition).phase is Phase.OVER
    assert sight(lambda _target: LIVE, target, condition).mark is not None
