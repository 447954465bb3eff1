"""The rows: order, filter, churn and tombstones, with Qt's own model tester attached throughout."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QPersistentModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QApplication

from racewatch.core.model import KindName, Observation, Target, Verdict
from racewatch.ui.columns import LOCKS, SOCKETS
from racewatch.ui.table_model import (
    FRESH_SECONDS,
    GLIMPSE_SECONDS,
    TOMBSTONE_SECONDS,
    TableModel,
)
from tests.ui.support import seen

UP, DOWN = Qt.SortOrder.AscendingOrder, Qt.SortOrder.DescendingOrder


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def model(qapp: QApplication, clock: Clock) -> TableModel:
    made = TableModel(SOCKETS, clock=clock)
    QAbstractItemModelTester(made, QAbstractItemModelTester.FailureReportingMode.Warning, made)
    return made


def paths(model: TableModel) -> list[bytes]:
    rows = (model.row_at(number) for number in range(model.rowCount()))
    return [row.observation.target.locator for row in rows if row is not None]


def test_what_needs_attention_comes_first(model: TableModel) -> None:
    model.apply(
        [
            seen(b"/a", Verdict.LIVE),
            seen(b"/b", Verdict.IDLE),
            seen(b"/c", Verdict.UNKNOWN),
            seen(b"/d", Verdict.STALE),
            seen(b"/e", Verdict.LIVE, remedy="restart it"),
        ],
        [],
    )
    assert paths(model) == [b"/d", b"/c", b"/e", b"/a", b"/b"]


def test_every_column_sorts_both_ways_and_keeps_all_rows(model: TableModel) -> None:
    model.apply(
        [seen(b"/%d" % n, owner="x" * (n % 3), facts=(("queue", f"{n} of 128"),)) for n in range(20)], []
    )
    for column in range(len(SOCKETS.columns)):
        for order in (UP, DOWN):
            model.sort(column, order)
            assert sorted(paths(model)) == sorted(b"/%d" % n for n in range(20))
        descending = paths(model)
        model.sort(column, UP)
        assert paths(model) == descending[::-1]


def lock(path: bytes, program: str, taken: str = "", verdict: Verdict = Verdict.UNKNOWN) -> Observation:
    facts = (("program", program), ("taken", taken))
    return replace(seen(path, verdict, facts=facts), target=Target(KindName.LOCK, path), format="some-lock")


@pytest.fixture
def locks(qapp: QApplication, clock: Clock) -> TableModel:
    made = TableModel(LOCKS, clock=clock)
    QAbstractItemModelTester(made, QAbstractItemModelTester.FailureReportingMode.Warning, made)
    return made


def test_rows_of_one_program_are_kept_together_and_sorted_within(locks: TableModel) -> None:
    locks.apply([lock(b"/b", "vim"), lock(b"/d", "git"), lock(b"/a", "git"), lock(b"/c", "")], [])
    locks.sort(LOCKS.path_at, UP)
    kept = QPersistentModelIndex(locks.index(1, LOCKS.path_at))
    locks.set_grouped(True)
    assert paths(locks) == [b"/a", b"/d", b"/b", b"/c"]
    assert [locks.starts_group(number) for number in range(4)] == [True, False, True, True]
    assert kept.data() == "/b"
    locks.apply([lock(b"/aa", "vim")], [])
    assert paths(locks) == [b"/a", b"/d", b"/aa", b"/b", b"/c"]
    locks.apply([lock(b"/aa", "git")], [])
    assert paths(locks) == [b"/a", b"/aa", b"/d", b"/b", b"/c"]
    locks.set_grouped(False)
    assert paths(locks) == [b"/a", b"/aa", b"/b", b"/c", b"/d"]
    assert not locks.starts_group(0)


def test_a_lock_is_found_by_its_format_and_program(locks: TableModel) -> None:
    locks.apply([lock(b"/a", "Mercurial"), lock(b"/b", "vim")], [])
    locks.set_filter("mercurial", ())
    assert paths(locks) == [b"/a"]
    locks.set_filter("some-lock", ())
    assert paths(locks) == [b"/a", b"/b"]


def test_ages_are_told_afresh_and_sort_by_the_moment(
    locks: TableModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = "2001-02-03 04:05:06", "2011-02-03 04:05:06"
    locks.apply([lock(b"/new", "x", new), lock(b"/old", "x", old), lock(b"/none", "x")], [])
    column = LOCKS.at("age")
    locks.sort(column, UP)
    assert paths(locks) == [b"/old", b"/new", b"/none"]
    now = time.mktime(time.strptime(new, "%Y-%m-%d %H:%M:%S"))
    shown = []
    for later in (8, 3700):
        monkeypatch.setattr(time, "time", lambda later=later: now + later)
        shown.append([locks.index(row, column).data() for row in range(3)])
    assert shown == [["10 y", "8 s", ""], ["10 y", "1 h", ""]]


def test_selection_indexes_follow_their_rows_through_a_sort(model: TableModel) -> None:
    model.apply([seen(b"/%d" % n) for n in range(9)], [])
    kept = QPersistentModelIndex(model.index(2, 1))
    model.sort(SOCKETS.path_at, DOWN)
    assert kept.data() == "/2"


def test_words_match_path_label_and_owner(model: TableModel) -> None:
    model.apply([seen(b"/run/redis.sock"), seen(b"/run/x", Verdict.LIVE, owner="nginx")], [])
    for text, expected in (
        ("REDIS", [b"/run/redis.sock"]),
        ("nginx run", [b"/run/x"]),
        ("listening", [b"/run/x"]),
        ("4711", [b"/run/x"]),
        ("redis nginx", []),
    ):
        model.set_filter(text, ())
        assert paths(model) == expected
    assert model.total == 2


def test_counts_follow_the_words_but_not_the_chips(model: TableModel) -> None:
    model.apply([seen(b"/a"), seen(b"/b"), seen(b"/c", Verdict.LIVE)], [])
    model.set_filter("", {Verdict.LIVE})
    assert (model.rowCount(), model.counts[Verdict.STALE], model.counts[Verdict.LIVE]) == (1, 2, 1)
    model.set_filter("/a", {Verdict.LIVE})
    assert (model.rowCount(), model.counts[Verdict.STALE], model.counts[Verdict.LIVE]) == (0, 1, 0)


def test_a_gone_row_stays_inert_in_its_place_and_then_goes(model: TableModel, clock: Clock) -> None:
    first, middle, last = seen(b"/a"), seen(b"/b"), seen(b"/c")
    model.apply([first, middle, last], [])
    clock.now += 2 * GLIMPSE_SECONDS
    left: list[set[Target]] = []
    model.leaving.connect(left.append)
    model.apply([], [middle])
    assert paths(model) == [b"/a", b"/b", b"/c"]
    assert not model.flags(model.index(1, 0)) & Qt.ItemFlag.ItemIsEnabled
    assert model.total == 2
    clock.now += TOMBSTONE_SECONDS - 0.1
    model.settle()
    assert model.rowCount() == 3
    clock.now += 0.2
    model.settle()
    assert paths(model) == [b"/a", b"/c"]
    assert left == [{middle.target}]


def test_a_thing_that_comes_back_uses_its_own_row_again(model: TableModel, clock: Clock) -> None:
    model.apply([seen(b"/a"), seen(b"/b")], [])
    clock.now += 2 * GLIMPSE_SECONDS
    model.apply([], [seen(b"/b")])
    model.apply([seen(b"/b", Verdict.LIVE, fingerprint="two")], [])
    clock.now += 2 * TOMBSTONE_SECONDS
    model.settle()
    assert paths(model) == [b"/a", b"/b"]
    row = model.row_at(1)
    assert row is not None
    assert row.observation.verdict is Verdict.LIVE
    assert not row.gone


def test_what_was_there_for_an_instant_leaves_no_tombstone(model: TableModel) -> None:
    model.apply([seen(b"/a"), seen(b"/glimpse")], [])
    model.apply([], [seen(b"/glimpse")])
    assert paths(model) == [b"/a"]


def test_new_rows_are_tinted_only_after_the_first_state_and_not_for_long(
    model: TableModel, clock: Clock
) -> None:
    model.apply([seen(b"/old")], [])
    model.tinting = True
    model.apply([seen(b"/new")], [])
    rows = {row.observation.target.locator: row for n in range(2) if (row := model.row_at(n)) is not None}
    assert model.is_fresh(rows[b"/new"])
    assert not model.is_fresh(rows[b"/old"])
    clock.now += FRESH_SECONDS + 0.1
    model.settle()
    assert not model.is_fresh(rows[b"/new"])
    assert model.next_deadline() is None


def test_neighbours_are_inserted_as_one_run(model: TableModel) -> None:
    model.sort(SOCKETS.path_at, UP)
    model.apply([seen(b"/a"), seen(b"/z")], [])
    runs: list[tuple[int, int]] = []
    model.rowsInserted.connect(lambda parent, first, last: runs.append((first, last)))
    model.apply([seen(b"/m%d" % n) for n in range(50)], [])
    assert runs == [(1, 50)]


def test_changes_that_keep_their_place_are_announced_as_ranges(model: TableModel) -> None:
    model.sort(SOCKETS.path_at, UP)
    model.apply([seen(b"/%02d" % n) for n in range(30)], [])
    ranges: list[tuple[int, int]] = []
    model.dataChanged.connect(lambda top, bottom: ranges.append((top.row(), bottom.row())))
    model.apply([seen(b"/%02d" % n, detail="other") for n in (3, 4, 5, 9)], [])
    assert ranges == [(3, 5), (9, 9)]


def test_another_thread_may_not_change_a_model(model: TableModel) -> None:
    errors: list[BaseException] = []

    def work() -> None:
        try:
            model.apply([seen(b"/a")], [])
        except AssertionError as error:
            errors.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert len(errors) == 1
    assert model.rowCount() == 0


NAMES = st.sampled_from([b"/%02d" % n for n in range(40)])
SIGHTS = st.builds(
    seen,
    NAMES,
    st.sampled_from(list(Verdict)),
    owner=st.sampled_from(["", "redis", "nginx"]),
    facts=st.sampled_from([(), (("queue", "3 of 128"),), (("type", "stream"),)]),
)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("batch"), st.lists(SIGHTS, max_size=12), st.lists(NAMES, max_size=6)),
        st.tuples(st.just("sort"), st.sampled_from(range(len(SOCKETS.columns))), st.sampled_from([UP, DOWN])),
        st.tuples(
            st.just("filter"),
            st.sampled_from(["", "redis", "/1", "dead"]),
            st.sets(st.sampled_from(list(Verdict)), max_size=2),
        ),
        st.tuples(st.just("time"), st.floats(0, 3), st.none()),
    ),
    max_size=25,
)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
def test_any_history_of_batches_sorts_and_filters_shows_what_is_there(
    qapp: QApplication, steps: list[tuple[str, object, object]]
) -> None:
    clock = Clock()
    model = TableModel(SOCKETS, clock=clock)
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Warning)
    there: dict[Target, Observation] = {}
    for what, first, second in steps:
        if what == "batch":
            assert isinstance(first, list)
            assert isinstance(second, list)
            present = {one.target: one for one in first}
            gone = [there[one.target] for name in second if (one := seen(name)).target in there]
            gone = [one for one in gone if one.target not in present]
            there.update(present)
            for one in gone:
                there.pop(one.target, None)
            model.apply(list(present.values()), gone)
        elif what == "sort":
            model.sort(first, second)  # type: ignore[arg-type]  # drawn as such above
        elif what == "filter":
            model.set_filter(first, second)  # type: ignore[arg-type]  # drawn as such above
        else:
            clock.now += first  # type: ignore[operator]  # drawn as such above
            model.settle()
    clock.now += 2 * TOMBSTONE_SECONDS
    model.settle()
    assert model.total == len(there)
    shown = [row.observation for n in range(model.rowCount()) if (row := model.row_at(n)) is not None]
    assert all(there[one.target] is one for one in shown)
    for place, one in enumerate(shown):
        assert model.place_of(one.target) == place
    counted = {verdict: sum(one.verdict is verdict for one in there.values()) for verdict in Verdict}
    model.set_filter("", ())
    assert model.counts == counted
    assert model.rowCount() == len(there)
    del tester
