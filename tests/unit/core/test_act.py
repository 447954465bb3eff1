"""The decision, and what the driver of the steps does with each way a step can end."""

from __future__ import annotations

import os
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from racewatch.core import act as act_module
from racewatch.core.act import Step, act, decide
from racewatch.core.by_name import NamedThing
from racewatch.core.journal import Journal, new_action_id
from racewatch.core.kind import Stop, UndoRecord
from racewatch.core.model import (
    ActRequest,
    KindName,
    Observation,
    OutcomeWord,
    Removable,
    Target,
    Verdict,
)
from racewatch.core.never import NeverRemoved
from tests.unit.core.support import fingerprint_of, observation, part, socket_node

LIVE, STALE, IDLE, UNKNOWN = Verdict.LIVE, Verdict.STALE, Verdict.IDLE, Verdict.UNKNOWN
YES, OVERRIDE, NEVER = Removable.YES, Removable.OVERRIDE, Removable.NEVER
W = OutcomeWord


def word(
    verdict: Verdict, removable: Removable, *, same: bool = True, override: bool = False
) -> OutcomeWord | None:
    seen = observation(verdict=verdict, removable=removable)
    stop = decide(ActRequest(seen.target, "f" if same else "g", override), seen)
    return None if stop is None else stop.word


@pytest.mark.parametrize("override", [False, True])
@pytest.mark.parametrize("removable", Removable)
def test_live_is_refused_first_whatever_else_holds(removable: Removable, override: bool) -> None:
    for same in (True, False):
        assert word(LIVE, removable, same=same, override=override) is W.REFUSED_LIVE


def test_live_is_refused_in_the_same_words_whether_seen_live_before_or_only_now() -> None:
    seen = observation(verdict=LIVE, removable=NEVER)
    before = decide(ActRequest(seen.target, "f"), seen)
    now = decide(ActRequest(seen.target, "another"), seen)
    assert before is not None
    assert now is not None
    assert before.summary == now.summary


@pytest.mark.parametrize("override", [False, True])
def test_another_incarnation_is_refused_before_anything_but_life(override: bool) -> None:
    for verdict in (STALE, IDLE, UNKNOWN):
        for removable in Removable:
            assert word(verdict, removable, same=False, override=override) is W.REFUSED_CHANGED


@pytest.mark.parametrize("override", [False, True])
def test_what_is_never_removed_is_not_opened_by_a_persons_word(override: bool) -> None:
    for verdict in (STALE, IDLE, UNKNOWN):
        assert word(verdict, NEVER, override=override) is W.REFUSED_FORBIDDEN
    for removable in Removable:
        assert word(IDLE, removable, override=override) is W.REFUSED_FORBIDDEN


def test_only_what_is_proved_goes_without_a_persons_word() -> None:
    assert word(STALE, YES) is None
    assert word(STALE, OVERRIDE) is W.REFUSED_UNPROVEN
    assert word(UNKNOWN, OVERRIDE) is W.REFUSED_UNPROVEN
    assert word(UNKNOWN, YES) is W.REFUSED_UNPROVEN
    assert word(STALE, OVERRIDE, override=True) is None
    assert word(UNKNOWN, OVERRIDE, override=True) is None


def test_the_refusal_of_what_never_goes_names_the_remedy() -> None:
    seen = observation(verdict=IDLE, removable=NEVER, remedy="leave it")
    stop = decide(ActRequest(seen.target, "f"), seen)
    assert stop is not None
    assert "What to do: leave it." in stop.summary


@given(
    st.sampled_from(Verdict),
    st.sampled_from(Removable),
    st.booleans(),
    st.booleans(),
)
def test_an_act_goes_on_only_for_the_seen_thing_proved_or_on_a_persons_word(
    verdict: Verdict, removable: Removable, same: bool, override: bool
) -> None:
    how = word(verdict, removable, same=same, override=override)
    if how is None:
        assert same
        assert verdict in (STALE, UNKNOWN)
        assert removable is not NEVER
        assert override or (verdict is STALE and removable is YES)
    else:
        assert how.is_refusal


# ---------------------------------------------------------------- the driver


class Steps:
    """A procedure whose steps end as told; everything that was called is noted."""

    def __init__(self, **stops: Stop) -> None:
        self.stops = stops
        self.called: list[str] = []

    def _step(self, name: str) -> Stop | None:
        self.called.append(name)
        return self.stops.get(name)

    def guard(self) -> Stop | None:
        return self._step("guard")

    def pin(self) -> Stop | None:
        return self._step("pin")

    def recheck(self) -> Observation | Stop:
        return self._step("recheck") or observation()

    def beside(self) -> Sequence[bytes]:
        return ()

    def intent(self, action: str) -> UndoRecord | Stop:
        return self._step("intent") or UndoRecord("test", {"kept": False})

    def capture(self) -> Stop | None:
        return self._step("capture")

    def verify(self, seen: Observation, *, override: bool) -> Stop | None:
        return self._step("verify")

    def commit(self, *, keep: bool) -> Stop | None:
        return self._step("commit")

    def restore(self) -> Stop | None:
        return self._step("restore")

    def close(self) -> None:
        self._step("close")


ORDER = ["guard", "pin", "recheck", "intent", "capture", "verify", "commit"]


@pytest.mark.parametrize("at", ORDER)
def test_a_step_that_stops_ends_the_act_there(journal: Journal, at: str) -> None:
    steps = Steps(**{at: Stop(W.REFUSED_CHANGED, "because")})
    outcome = act(ActRequest(Target(KindName.SOCKET, b"/run/x"), "f"), steps, journal)
    restored = ["restore"] if at in ("verify", "commit") else []
    assert steps.called == [*ORDER[: ORDER.index(at) + 1], *restored, "close"]
    assert (outcome.word, outcome.summary) == (W.REFUSED_CHANGED, "because")
    entry = journal.entry(outcome.action)
    assert entry is not None
    assert entry.word is W.REFUSED_CHANGED


def test_the_hook_is_called_before_each_step_in_order(journal: Journal) -> None:
    steps = Steps()
    seen: list[tuple[Step, list[str]]] = []
    act(
        ActRequest(Target(KindName.SOCKET, b"/run/x"), "f"),
        steps,
        journal,
        on_step=lambda step: seen.append((step, list(steps.called))),
    )
    assert [step.value for step, _ in seen] == ["claim", *ORDER, "record"]
    assert [called for _, called in seen[1:]] == [ORDER[:number] for number in range(len(ORDER) + 1)]


def test_a_restore_that_fails_is_part_of_the_outcome(journal: Journal) -> None:
    steps = Steps(
        verify=Stop(W.REFUSED_CHANGED, "not the same"), restore=Stop(W.FAILED, "kept as x", error="EEXIST")
    )
    outcome = act(ActRequest(Target(KindName.SOCKET, b"/run/x"), "f"), steps, journal)
    assert (outcome.word, outcome.summary, outcome.error) == (W.FAILED, "not the same; kept as x", "EEXIST")


def test_an_action_id_that_somebody_holds_is_a_bug(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = new_action_id()
    lock = journal.claim(taken)
    assert lock is not None
    monkeypatch.setattr(act_module, "new_action_id", lambda: taken)
    steps = Steps()
    try:
        with pytest.raises(AssertionError, match="locked by somebody else"):
            act(ActRequest(Target(KindName.SOCKET, b"/run/x"), "f"), steps, journal)
    finally:
        os.close(lock)
    assert steps.called == []


@pytest.mark.parametrize("verdict", [STALE, UNKNOWN])
def test_only_a_proved_thing_is_destroyed(folder: bytes, journal: Journal, verdict: Verdict) -> None:
    path = os.path.join(folder, b"s")
    socket_node(path)
    request = ActRequest(Target(KindName.SOCKET, path), fingerprint_of(path), override=True)
    outcome = act(request, NamedThing(part(path, verdict)), journal)
    assert outcome.word is W.DONE
    assert len(os.listdir(folder)) == (0 if verdict is STALE else 1)
    assert ("kept aside" in outcome.summary) == (verdict is UNKNOWN)


# ---------------------------------------------------------------- targets that have nothing to take


def test_what_is_never_removed_is_looked_at_and_left(journal: Journal) -> None:
    target = Target(KindName.SOCKET, b"lost:1:/run/x")
    live = observation(verdict=LIVE, removable=NEVER)
    outcome = act(ActRequest(target, "f", override=True), NeverRemoved(lambda: live), journal)
    assert outcome.word is W.REFUSED_LIVE
    # However it may be judged: the procedure itself never goes on.
    stale = observation()
    outcome = act(ActRequest(target, "f", override=True), NeverRemoved(lambda: stale), journal)
    assert outcome.word is W.REFUSED_FORBIDDEN
    outcome = act(ActRequest(target, "f"), NeverRemoved(lambda: None), journal)
    assert outcome.word is W.GONE
    assert not any(entry.undoable for entry in journal.entries())


def test_its_later_steps_are_bugs() -> None:
    procedure = NeverRemoved(lambda: None)
    with pytest.raises(AssertionError):
        procedure.capture()
    with pytest.raises(AssertionError):
        procedure.verify(observation(), override=False)
    with pytest.raises(AssertionError):
        procedure.commit(keep=True)
    assert procedure.restore() is None
    assert procedure.pin() is None


def test_which_words_are_successes_and_which_refusals() -> None:
    assert {one for one in W if one.is_success} == {W.DONE, W.GONE}
    assert {one for one in W if one.is_refusal} == {
        W.REFUSED_LIVE,
        W.REFUSED_CHANGED,
        W.REFUSED_UNPROVEN,
        W.REFUSED_BUSY,
        W.REFUSED_DENIED,
        W.REFUSED_FORBIDDEN,
    }
