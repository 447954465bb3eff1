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
from racewatch.kinds.containers.space import Space
from racewatch.ui.columns import CONTAINERS, LOCKS, SOCKETS
from racewatch.ui.table_model import (
    FRESH_SECONDS,
    GLIMPSE_SECONDS,
    TOMBSTONE_SECONDS,
    TableModel,
)
from tests.ui.support import Clock, container, query_of, seen

UP, DOWN = Qt.SortOrder.AscendingOrder, Qt.SortOrder.DescendingOrder


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
    locks.set_filter(query_of("mercurial"))
    assert paths(locks) == [b"/a"]
    locks.set_filter(query_of("some-lock"))
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
        model.set_filter(query_of(text))
        assert paths(model) == expected
    assert model.total == 2


def test_counts_follow_the_words_but_not_the_chips(model: TableModel) -> None:
    model.apply([seen(b"/a"), seen(b"/b"), seen(b"/c", Verdict.LIVE)], [])
    model.set_filter(query_of("", {Verdict.LIVE}))
    assert (model.rowCount(), model.counts[Verdict.STALE], model.counts[Verdict.LIVE]) == (1, 2, 1)
    model.set_filter(query_of("/a", {Verdict.LIVE}))
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
            model.set_filter(query_of(first, second))  # type: ignore[arg-type]  # drawn as such above
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
    model.set_filter(query_of(""))
    assert model.counts == counted
    assert model.rowCount() == len(there)
    del tester


# --- what is counted beside --------------------------------------------------------------------


@pytest.fixture
def spaces() -> dict[Target, Space]:
    return {}


@pytest.fixture
def containers(qapp: QApplication, clock: Clock, spaces: dict[Target, Space]) -> TableModel:
    made = TableModel(CONTAINERS, clock=clock, spaces=spaces)
    QAbstractItemModelTester(made, QAbstractItemModelTester.FailureReportingMode.Warning, made)
    return made


def shown(model: TableModel) -> list[tuple[str, str]]:
    rows = [model.row_at(number) for number in range(model.rowCount())]
    at = CONTAINERS.at("space")
    return [
        (row.observation.target.locator.decode()[-1], str(model.index(number, at).data()))
        for number, row in enumerate(rows)
        if row is not None
    ]


def test_sizes_come_late_and_sort_by_amount_with_the_unknown_last(
    containers: TableModel, spaces: dict[Target, Space], clock: Clock
) -> None:
    containers.apply([container(b"bundle:/%c" % letter) for letter in b"abcd"], [])
    containers.sort(CONTAINERS.at("space"), UP)
    assert {text for _, text in shown(containers)} == {"not yet known"}
    kept = QPersistentModelIndex(containers.index(2, 0))

    def known(letter: str, space: Space) -> None:
        target = Target(KindName.CONTAINER, f"bundle:/{letter}".encode())
        spaces[target] = space
        containers.counted_anew({target})

    known("c", Space(2_500_000, "It takes 2.5 MB."))
    known("d", Space(900, "It takes at least 900 B.", least=True))
    known("a", Space(None, "It could not be counted."))
    assert shown(containers)[:2] == [("d", "\u2265 900 B"), ("c", "2.5 MB")]
    assert {text for _, text in shown(containers)[2:]} == {"cannot tell", "not yet known"}
    assert kept.row() == 1, "the row that was third when nothing was known"
    containers.sort(CONTAINERS.at("space"), DOWN)
    assert shown(containers)[:2] == [("c", "2.5 MB"), ("d", "\u2265 900 B")]
    known("d", Space(9_000_000, "It takes 9.0 MB."))
    known("b", Space(0, "It takes 0 B."))
    assert shown(containers) == [("d", "9.0 MB"), ("c", "2.5 MB"), ("b", "0 B"), ("a", "cannot tell")]
    clock.now += 2 * GLIMPSE_SECONDS
    containers.apply([], [container(b"bundle:/c")])
    assert [letter for letter, _ in shown(containers)] == ["d", "c", "b", "a"]


def test_what_an_engine_was_not_asked_is_not_nothing(containers: TableModel) -> None:
    containers.apply([container(b"docker:/run/docker.sock:" + b"ab" * 32)], [])
    index = containers.index(0, CONTAINERS.at("space"))
    assert index.data() == "not asked"
    assert "Docker is asked when it is chosen" in index.data(Qt.ItemDataRole.ToolTipRole)


def test_the_columns_of_a_container(containers: TableModel) -> None:
    of_engine = container(
        b"docker:/run/docker.sock:" + b"ab" * 32,
        name="web",
        runtime="Docker",
        image="nginx:1",
        made="2020-01-01 00:00:00",
        finished="2020-01-03 00:00:00",
    )
    of_runtime = container(
        b"runc:/run/runc:job-7",
        name="job-7",
        runtime="runc",
        bundle="/srv/job",
        made="2020-01-02 00:00:00",
        finished="runc does not record when",
    )
    containers.apply([of_engine, of_runtime, container(b"bundle:/old", name="old")], [])
    texts = {
        row.text(CONTAINERS.at("name")): tuple(row.text(CONTAINERS.at(name)) for name in ("id", "bundle"))
        for number in range(3)
        if (row := containers.row_at(number)) is not None
    }
    assert texts == {
        "web": ("abababababab", "nginx:1"),
        "job-7": ("job-7", "/srv/job"),
        "old": ("", "bundle:/old"),
    }
    containers.sort(CONTAINERS.at("since"), UP)
    first = containers.row_at(0)
    assert first is not None
    assert first.text(CONTAINERS.at("name")) == "job-7", "made; when it ended is not known"
    containers.set_filter(query_of("ab" * 32))
    assert containers.rowCount() == 1


def test_many_changes_at_once_leave_the_same_list_as_one_by_one(qapp: QApplication, clock: Clock) -> None:
    """Whatever is built anew: what came, what moved, what the search does not want any more, what is away."""
    at_once, singly = TableModel(SOCKETS, clock=clock), TableModel(SOCKETS, clock=clock)
    QAbstractItemModelTester(at_once, QAbstractItemModelTester.FailureReportingMode.Fatal, at_once)
    for made in (at_once, singly):
        made.apply([seen(b"/%04d" % n, owner="x" * (n % 3)) for n in range(200)], [])
        made.set_filter(query_of("", [Verdict.STALE, Verdict.LIVE]))
    present = [
        *(seen(b"/%04d" % n, Verdict.LIVE, fingerprint="two") for n in range(0, 120, 2)),  # they move
        *(seen(b"/%04d" % n, Verdict.UNKNOWN) for n in range(121, 180, 2)),  # not wanted
        *(seen(b"/new%04d" % n) for n in range(100)),
    ]
    gone = [seen(b"/%04d" % n) for n in range(1, 40, 2)]
    at_once.apply(present, gone)
    for one in present:
        singly.apply([one], [])
    for one in gone:
        singly.apply([], [one])
    assert paths(at_once) == paths(singly)
    assert at_once.counts == singly.counts
    assert at_once._keys == sorted(at_once._keys)
    clock.now += TOMBSTONE_SECONDS + FRESH_SECONDS
    for made in (at_once, singly):
        made.settle()
    assert paths(at_once) == paths(singly)
    assert len(paths(at_once)) == 200 - 30 + 100 - 20
