"""Asking an owner: looked at twice, asked once, and never more than it said."""

from __future__ import annotations

import pytest

from racewatch.core import recovery
from racewatch.core.act import act
from racewatch.core.by_owner import METHOD, OwnerSilent, OwnersThing
from racewatch.core.journal import Journal
from racewatch.core.kind import Stop, UndoRecord
from racewatch.core.model import ActRequest, KindName, Observation, Outcome, OutcomeWord, Target, Verdict
from racewatch.core.recovery import recover
from tests.unit.core.support import observation

PATH = b"/run/x"
STALE, UNKNOWN = observation(PATH), observation(PATH, Verdict.UNKNOWN)


def perform(
    journal: Journal, looks: list[Observation | None], answer: Stop | None = None, *, override: bool = False
) -> tuple[Outcome, int]:
    asked: list[None] = []

    def ask() -> Stop | None:
        asked.append(None)
        return answer

    thing = OwnersThing(lambda: looks.pop(0), ask)
    request = ActRequest(Target(KindName.SOCKET, PATH), "f", override=override)
    return act(request, thing, journal), len(asked)


def test_it_is_asked_once_and_that_is_final(journal: Journal) -> None:
    outcome, asked = perform(journal, [STALE, STALE])
    assert (outcome.word, asked, outcome.undoable) == (OutcomeWord.DONE, 1, False)


def test_on_a_persons_word(journal: Journal) -> None:
    outcome, asked = perform(journal, [UNKNOWN, UNKNOWN], override=True)
    assert (outcome.word, asked, outcome.undoable) == (OutcomeWord.DONE, 1, False)


@pytest.mark.parametrize(
    ("looks", "word"),
    [
        ([None], OutcomeWord.GONE),
        ([observation(PATH, Verdict.LIVE)], OutcomeWord.REFUSED_LIVE),
        ([STALE, None], OutcomeWord.GONE),
        ([STALE, observation(PATH, Verdict.LIVE)], OutcomeWord.REFUSED_LIVE),
        ([STALE, observation(PATH, fingerprint="g")], OutcomeWord.REFUSED_CHANGED),
        ([STALE, UNKNOWN], OutcomeWord.REFUSED_CHANGED),
    ],
)
def test_it_is_not_asked_when_a_look_speaks_against_it(
    journal: Journal, looks: list[Observation | None], word: OutcomeWord
) -> None:
    outcome, asked = perform(journal, list(looks))
    assert (outcome.word, asked) == (word, 0)


def test_what_it_answers_is_the_outcome(journal: Journal) -> None:
    refusal = Stop(OutcomeWord.REFUSED_LIVE, "the owner refused: it runs")
    outcome, asked = perform(journal, [STALE, STALE], refusal)
    assert (outcome.word, outcome.summary, asked) == (refusal.word, refusal.summary, 1)
    assert OwnersThing(lambda: None, lambda: None).beside() == ()


def interrupted(journal: Journal, *actions: str) -> None:
    for action in actions:
        journal.intend(action, "remove", STALE, UndoRecord(METHOD, {"kept": False}, reversible=False))


def test_after_a_crash_the_owner_is_asked_what_became_of_it(journal: Journal) -> None:
    interrupted(journal, "a1", "a2")
    asked: list[Target] = []
    answers = [None, observation(PATH, Verdict.LIVE)]

    def ask(target: Target) -> Observation | None:
        asked.append(target)
        return answers.pop(0)

    gone, there = recover(journal, ask)
    assert asked == [STALE.target, STALE.target]
    assert (gone.word, gone.undoable) == (OutcomeWord.GONE, False)
    assert "does not know it any more" in gone.summary
    assert (there.word, there.undoable) == (OutcomeWord.FAILED, False)
    assert "its owner still has it" in there.summary
    assert recover(journal, ask) == ()


def test_an_owner_that_cannot_be_asked_leaves_it_open(journal: Journal) -> None:
    """Nothing is made up: the next start asks again."""
    interrupted(journal, "a1")

    def silent(target: Target) -> Observation | None:
        raise OwnerSilent("nobody listens")

    assert recover(journal, silent) == ()
    (row,) = journal.entries()
    assert row.word is None
    assert row.summary.endswith("waiting to be settled: nobody listens")
    assert recover(journal) == (), "a start that knows no owners"
    (row,) = recover(journal, lambda _: None)
    assert row.word is OutcomeWord.GONE


def test_a_start_does_not_wait_for_an_owner_once_for_each_act(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupted(journal, "a1", "a2", "a3")
    asked: list[Target] = []

    def slow(target: Target) -> Observation | None:
        asked.append(target)
        raise OwnerSilent("it did not answer")

    monkeypatch.setattr(recovery, "_PATIENCE_SECONDS", -1.0)
    assert recover(journal, slow) == ()
    assert asked == []
    assert all("no time left" in row.summary for row in journal.entries())
