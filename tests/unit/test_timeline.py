"""One target's timeline, the chronicle of all, and the tally, by example."""

from __future__ import annotations

from dataclasses import replace

import pytest

from racewatch.core.model import KindName, Observation, Target, Verdict
from racewatch.monitor import chronicle
from racewatch.monitor.batch import Batch
from racewatch.monitor.chronicle import Chronicle
from racewatch.monitor.tally import SLOT, Directory
from racewatch.monitor.timeline import GLANCE, MOST_SPANS, WINDOW, Event, Piece, Span, State, Timeline, What
from tests.ui.support import seen

LIVE, STALE, GONE, UNKNOWN = State.LIVE, State.STALE, State.GONE, State.UNKNOWN


def batch(
    *present: Observation, gone: tuple[Observation, ...] = (), ready: bool = False, changed: bool = False
) -> Batch:
    added, others = ((), present) if changed else (present, ())
    return Batch(1, added, others, gone, ready, (), ())


def created(observation: Observation) -> str:
    return dict(observation.facts).get("created", "")


@pytest.fixture
def watched() -> Chronicle:
    made = Chronicle(created)
    made.fold(batch(ready=True), 100.0)
    return made


def test_pieces_are_cut_to_the_window_and_say_nothing_of_what_is_not_known() -> None:
    timeline = Timeline((Span(LIVE, 100.0), Span(STALE, 500.0)))
    assert timeline.pieces(600.0) == [Piece(LIVE, 100.0, 500.0), Piece(STALE, 500.0, 600.0)]
    assert timeline.pieces(900.0)[0] == Piece(LIVE, 300.0, 500.0)
    assert timeline.pieces(500.0 + WINDOW) == [Piece(STALE, 500.0, 500.0 + WINDOW)]
    assert timeline.changes(500.0 + WINDOW - 1) == 1
    assert timeline.changes(500.0 + WINDOW) == 0
    assert timeline.moves(500.0 + WINDOW - 1)
    assert not timeline.moves(500.0 + WINDOW)


def test_what_is_there_at_the_first_look_did_not_appear_and_shares_its_timeline() -> None:
    made = Chronicle(created)
    made.fold(batch(seen(b"/a"), seen(b"/b"), ready=True), 100.0)
    first = made.of(seen(b"/a").target)
    assert first is not None
    assert first is made.of(seen(b"/b").target)
    assert first.events(101.0) == []
    assert first.changes(101.0) == 0


def test_what_could_not_be_told_at_first_sight_did_not_change_when_it_was_told() -> None:
    came = Timeline((Span(GONE, 100.0), Span(UNKNOWN, 110.0)))
    assert came.became(Span(STALE, 110.2)).spans == (Span(GONE, 100.0), Span(STALE, 110.0))
    assert came.became(Span(GONE, 110.2)).spans == (*came.spans, Span(GONE, 110.2))
    assert came.became(Span(STALE, 110.0 + GLANCE)).spans == (*came.spans, Span(STALE, 110.0 + GLANCE))
    changed = Timeline((Span(LIVE, 100.0), Span(UNKNOWN, 110.0)))
    assert changed.became(Span(STALE, 110.2)).spans == (*changed.spans, Span(STALE, 110.2))


def test_a_life_is_told_in_order(watched: Chronicle) -> None:
    target = seen(b"/a").target
    watched.fold(batch(seen(b"/a", Verdict.LIVE, owner="redis")), 110.0)
    other = seen(b"/a", Verdict.LIVE, owner="valkey")
    assert other.owner is not None
    other = replace(other, owner=replace(other.owner, pid=4712))
    watched.fold(batch(other, changed=True), 120.0)
    watched.fold(batch(seen(b"/a", Verdict.STALE), changed=True), 130.0)
    assert watched.acted(target, "act1", 140.0, "remove: done")
    assert not watched.acted(target, "act1", 140.1, "remove: done")
    watched.fold(batch(gone=(seen(b"/a"),)), 141.0)
    watched.fold(batch(seen(b"/a", Verdict.LIVE)), 150.0)
    timeline = watched.of(target)
    assert timeline is not None
    assert timeline.events(151.0) == [
        Event(110.0, What.APPEARED),
        Event(120.0, What.OWNER_CHANGED, "redis (4711) → valkey (4712)"),
        Event(130.0, What.STALE, "valkey (4712) gone"),
        Event(140.0, What.ACTED, "remove: done"),
        Event(141.0, What.GONE),
        Event(150.0, What.APPEARED),
    ]
    assert [flap.changes for flap in watched.flapping(151.0, 5)] == [4]
    assert watched.flapping(150.0 + WINDOW, 5) == []


def test_an_owner_that_was_not_seen_is_not_called_gone(watched: Chronicle) -> None:
    watched.fold(batch(seen(b"/a", Verdict.LIVE, owner="redis")), 110.0)
    watched.fold(batch(seen(b"/a", Verdict.UNKNOWN), changed=True), 120.0)
    watched.fold(batch(seen(b"/a", Verdict.LIVE, owner="redis"), changed=True), 130.0)
    timeline = watched.of(seen(b"/a").target)
    assert timeline is not None
    assert timeline.events(131.0) == [
        Event(110.0, What.APPEARED),
        Event(120.0, What.UNKNOWN),
        Event(130.0, What.LIVE, "redis (4711) came"),
    ]


def test_what_is_gone_is_forgotten_after_the_window_and_a_quiet_past_too(watched: Chronicle) -> None:
    watched.fold(batch(seen(b"/a"), seen(b"/b")), 110.0)
    watched.fold(batch(gone=(seen(b"/a"),)), 120.0)
    watched.fold(batch(), 110.0 + WINDOW)
    assert watched.of(seen(b"/b").target) == Timeline((Span(STALE, 110.0),))
    assert watched.of(seen(b"/a").target) is not None
    watched.fold(batch(), 120.0 + WINDOW)
    assert watched.of(seen(b"/a").target) is None
    assert not watched.acted(seen(b"/a").target, "act1", 121.0 + WINDOW, "undo: done")


def test_a_storm_keeps_the_newest_and_no_more(watched: Chronicle, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3 * MOST_SPANS):
        verdict = Verdict.LIVE if number % 2 else Verdict.STALE
        watched.fold(batch(seen(b"/a", verdict), changed=True), 110.0 + number)
    timeline = watched.of(seen(b"/a").target)
    assert timeline is not None
    assert len(timeline.spans) == MOST_SPANS
    assert timeline.begun == 110.0 + 2 * MOST_SPANS
    monkeypatch.setattr(chronicle, "MOST_CHANGED", 10)
    names = [seen(b"/%03d" % number) for number in range(50)]
    watched.fold(batch(*names), 400.0)
    watched.fold(batch(gone=tuple(names)), 401.0)
    assert sum(watched.of(one.target) is not None for one in names) == 10
    assert watched.of(names[-1].target) is not None
    kept = watched.of(seen(b"/a").target)
    assert kept is not None
    assert len(kept.spans) == 1


def test_a_picture_shows_no_more_than_what_was_watched(watched: Chronicle) -> None:
    passed = (0.0, 60.0, 61.0, 121.0, 301.0, 10_000.0)
    assert [watched.scale(100.0 + one) for one in passed] == [60.0, 60.0, 120.0, 300.0, WINDOW, WINDOW]
    assert Chronicle(created).scale(5000.0) == 60.0
    timeline = Timeline((Span(LIVE, 100.0), Span(STALE, 190.0)))
    assert timeline.pieces(200.0, 60.0) == [Piece(LIVE, 140.0, 190.0), Piece(STALE, 190.0, 200.0)]


def test_counts_over_time_are_sampled_and_begin_when_everything_was_looked_at_once() -> None:
    made = Chronicle(created)
    made.fold(batch(seen(b"/a", Verdict.LIVE)), 99.0)
    assert made.tally.series(KindName.SOCKET, Verdict.LIVE) == []
    made.fold(batch(seen(b"/b", Verdict.LIVE), ready=True), 100.0)
    made.fold(batch(seen(b"/b", Verdict.STALE), changed=True), 101.0)
    made.fold(batch(gone=(seen(b"/a"),)), 100.0 + 2 * SLOT)
    assert made.tally.series(KindName.SOCKET, Verdict.LIVE) == [(100.0, 1), (110.0, 0)]
    assert made.tally.series(KindName.SOCKET, Verdict.STALE) == [(100.0, 1)]
    assert made.tally.series(KindName.LOCK, Verdict.LIVE) == [(100.0, 0)]
    assert made.tally.total(KindName.SOCKET) == 1


def test_left_overs_by_age_and_directories_by_number(watched: Chronicle) -> None:
    lock = replace(seen(b"/d/lock"), target=Target(KindName.LOCK, b"/d/lock"))
    old = seen(b"/d/old", facts=(("created", "2020-01-01 00:00:00"),))
    new = seen(b"/e/new", facts=(("created", "2024-01-01 00:00:00"),))
    watched.fold(batch(new, old, lock, seen(b"/d/live", Verdict.LIVE)), 110.0)
    assert [one.seen for one in watched.tally.oldest(5)] == [old, new, lock]
    assert watched.tally.fullest(2) == [
        Directory(KindName.SOCKET, b"/d", 2, 1),
        Directory(KindName.LOCK, b"/d", 1, 1),
    ]
    watched.fold(batch(gone=(old,)), 111.0)
    watched.fold(batch(seen(b"/e/new", Verdict.LIVE), changed=True), 112.0)
    assert [one.seen for one in watched.tally.oldest(5)] == [lock]
    watched.fold(batch(gone=(lock, seen(b"/d/live"), seen(b"/e/new"))), 113.0)
    assert watched.tally.fullest(5) == []
    assert set(watched.tally.counts.values()) == {0}
