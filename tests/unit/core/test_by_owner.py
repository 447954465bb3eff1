"""Asking an owner: looked at twice, asked once, and never more than it said."""

from __future__ import annotations

import pytest

from racewatch.core.act import act
from racewatch.core.by_owner import OwnersThing
from racewatch.core.journal import Journal
from racewatch.core.kind import Stop
from racewatch.core.model import ActRequest, KindName, Observation, Outcome, OutcomeWord, Target, Verdict
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
