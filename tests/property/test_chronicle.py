"""Any run of batches: the chronicle tells what a naive one that keeps everything tells, and stays bounded."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from racewatch.core.model import KindName, Observation, Verdict
from racewatch.monitor import chronicle
from racewatch.monitor.batch import Batch
from racewatch.monitor.chronicle import FLAPS_FROM, Chronicle
from racewatch.monitor.tally import SLOT
from racewatch.monitor.timeline import GLANCE, MOST_MARKS, MOST_SPANS, WINDOW, Piece, State
from tests.ui.support import seen

NAMES = tuple(b"/d%d/%d" % (number % 2, number) for number in range(4))

#: Seconds that pass, what each of some names is then (None: gone).
STEPS = st.lists(
    st.tuples(
        st.sampled_from((0.0, 0.08, 3.0, 61.0, WINDOW / 2, WINDOW)),
        st.dictionaries(st.sampled_from(NAMES), st.one_of(st.none(), st.sampled_from(Verdict)), max_size=4),
    ),
    max_size=40,
)


class Naive:
    """Keeps everything for ever: (when, state) of each name, newest last."""

    def __init__(self, ready_at: float) -> None:
        self.ready_at = ready_at
        self.lives: dict[bytes, list[tuple[float, State]]] = {}

    def tell(self, name: bytes, state: State, now: float) -> None:
        life = self.lives.setdefault(name, [(self.ready_at, State.GONE)])
        if state is not State.GONE and self._only_just_seen(life, now):
            life[-1] = (life[-1][0], state)
        elif life[-1][1] is not state:
            life.append((now, state))

    @staticmethod
    def _only_just_seen(life: list[tuple[float, State]], now: float) -> bool:
        (_, before), (at, last) = life[-2:] if len(life) > 1 else (life[-1], life[-1])
        return (before, last) == (State.GONE, State.UNKNOWN) and now < at + GLANCE

    def pieces(self, name: bytes, now: float) -> list[Piece]:
        life = self.lives.get(name, [(self.ready_at, State.GONE)])
        ends = [*(at for at, _ in life[1:]), now]
        first = now - WINDOW
        return [
            Piece(state, max(at, first), end)
            for (at, state), end in zip(life, ends, strict=True)
            if end > first
        ]

    def changes(self, name: bytes, now: float) -> int:
        return sum(at > now - WINDOW for at, _ in self.lives.get(name, [])[1:])


def play(steps: list[tuple[float, dict[bytes, Verdict | None]]]) -> tuple[Chronicle, Naive, float]:
    now = 1000.0
    made, naive = Chronicle(lambda _: ""), Naive(now)
    made.fold(Batch(1, (), (), (), True, (), ()), now)
    there: dict[bytes, Observation] = {}
    for generation, (passed, told) in enumerate(steps):
        now += passed
        added: list[Observation] = []
        changed: list[Observation] = []
        gone: list[Observation] = []
        for name, verdict in told.items():
            if verdict is None:
                if name in there:
                    gone.append(there.pop(name))
                    naive.tell(name, State.GONE, now)
                continue
            (changed if name in there else added).append(seen(name, verdict))
            there[name] = seen(name, verdict)
            naive.tell(name, State(verdict.value), now)
        made.fold(Batch(generation, tuple(added), tuple(changed), tuple(gone), False, (), ()), now)
    return made, naive, now


def joined(pieces: list[Piece]) -> list[Piece]:
    """Without what has no length, and neighbours of one state as one."""
    result: list[Piece] = []
    for piece in pieces:
        if piece.ended == piece.begun:
            continue
        if result and result[-1].state is piece.state:
            result[-1] = Piece(piece.state, result[-1].begun, piece.ended)
        else:
            result.append(piece)
    return result


@given(STEPS)
def test_it_tells_what_the_naive_one_tells(steps: list[tuple[float, dict[bytes, Verdict | None]]]) -> None:
    made, naive, now = play(steps)
    for name in NAMES:
        timeline = made.of(seen(name).target)
        pieces = naive.pieces(name, now)
        if timeline is None:
            assert {piece.state for piece in pieces} <= {State.GONE}
            continue
        told = timeline.pieces(now)
        # What was forgotten is only ever the oldest part: it begins later, and is equal from there.
        kept = [
            Piece(one.state, max(one.begun, timeline.begun), one.ended)
            for one in pieces
            if one.ended > timeline.begun or one.begun >= timeline.begun
        ]
        assert joined(told) == joined(kept)
        assert timeline.changes(now) == naive.changes(name, now)
    flapping = {flap.seen.target.locator: flap.changes for flap in made.flapping(now, 10)}
    expected = {name: naive.changes(name, now) for name in NAMES}
    assert flapping == {name: changes for name, changes in expected.items() if changes >= FLAPS_FROM}


@given(STEPS)
def test_counts_and_directories_are_those_of_what_is_there(
    steps: list[tuple[float, dict[bytes, Verdict | None]]],
) -> None:
    made, naive, _ = play(steps)
    there = {name: life[-1][1] for name, life in naive.lives.items() if life[-1][1] is not State.GONE}
    for verdict in Verdict:
        wanted = sum(state.value == verdict.value for state in there.values())
        assert made.tally.counts[KindName.SOCKET, verdict] == wanted
        series = made.tally.series(KindName.SOCKET, verdict)
        assert series[-1][1] == wanted
        assert [at for at, _ in series] == sorted({at for at, _ in series})
        assert len(series) <= WINDOW / SLOT + 2
    held = Counter(name.rpartition(b"/")[0] for name in there)
    assert {one.path: one.things for one in made.tally.fullest(9)} == dict(held)
    stale = sorted(name for name, state in there.items() if state is State.STALE)
    assert [one.seen.target.locator for one in made.tally.oldest(9)] == stale


@settings(max_examples=30)
@given(st.lists(st.tuples(st.sampled_from((0.01, 1.0)), st.integers(0, 30), st.booleans()), max_size=300))
def test_it_stays_bounded_in_a_storm(steps: list[tuple[float, int, bool]]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chronicle, "MOST_CHANGED", 8)
        told = [(passed, {b"/x/%d" % n: Verdict.LIVE if up else None}) for passed, n, up in steps]
        made, _, _ = play(told)
        for generation in range(200):
            owned = seen(
                b"/x/1", list(Verdict)[generation % 4], owner=f"o{generation}" if generation % 3 else ""
            )
            made.fold(Batch(generation, (), (owned,), (), False, (), ()), 10_000.0 + generation)
        known = [made.of(seen(b"/x/%d" % n).target) for n in range(31)]
        gone = [one for one in known if one is not None and one.state is State.GONE]
        assert len(gone) <= 8
        for one in known:
            if one is not None:
                assert len(one.spans) <= MOST_SPANS
                assert len(one.marks) <= MOST_MARKS
                assert all(a.begun <= b.begun and a.state is not b.state for a, b in pairwise(one.spans))
