"""The judge of sockets, over everything it could ever be told."""

from __future__ import annotations

import errno
import os

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from racewatch.core.act import decide
from racewatch.core.model import (
    ActRequest,
    KindName,
    Observation,
    Owner,
    Removable,
    Says,
    Target,
    Verdict,
)
from racewatch.kinds.place import Where
from racewatch.kinds.sockets.facts import Facts
from racewatch.kinds.sockets.judge import judge, judge_lost
from racewatch.linux import fs
from racewatch.linux.probe import Answer, DatagramProbe, Presence
from racewatch.linux.sockdiag import SocketType, UnixSocket

ERRNOS = sorted(errno.errorcode)
text = st.text(max_size=8)
seconds = st.floats(min_value=-10, max_value=10, allow_nan=False)
answers = st.builds(Answer, st.sampled_from(Presence), st.sampled_from([0, *ERRNOS, 9999]))
rows = st.builds(
    UnixSocket,
    inode=st.integers(1, 5),
    kind=st.sampled_from(SocketType),
    listening=st.booleans(),
    state=st.sampled_from([1, 2, 3, 7, 10]),
    name=st.sampled_from([b"/run/x", b"x", b"\0x"]),
    dev=st.none() | st.integers(0, 3),
    ino=st.none() | st.integers(0, 3),
    peer=st.none() | st.integers(1, 5),
    queue=st.integers(0, 3),
    backlog=st.integers(0, 3),
    shutdown=st.booleans(),
    uid=st.none() | st.just(0),
)
owners = st.builds(
    Owner,
    pid=st.integers(1, 9),
    start_ticks=st.integers(0, 9),
    started=seconds,
    name=text,
    user=text,
    command=text,
    unit=st.none() | text,
)
facts = st.builds(
    Facts,
    path=st.just(b"/run/x"),
    file_type=st.sampled_from(["socket", "regular file", "directory"]),
    answer=st.none() | answers,
    where=st.sampled_from(Where),
    fstype=st.none() | st.just("ext4"),
    rows=st.none() | st.lists(rows, max_size=3).map(tuple),
    merged=st.none() | answers,
    rival=st.none() | text,
    rivals_known=st.booleans(),
    foreign=st.booleans(),
    owners=st.lists(owners, max_size=2).map(tuple),
    owners_unseen=st.integers(0, 2),
    unit=st.none() | text,
    unit_active=st.booleans(),
    node_owner=st.sampled_from(["", "root", "alice"]),
    age=st.none() | seconds,
    min_age=st.sampled_from([0.0, 1.0, 5.0]),
    looks=st.integers(0, 3),
    looks_needed=st.integers(1, 3),
    set_aside=st.booleans(),
    lost_because=st.none() | text,
)
PROVED = Facts(
    path=b"/run/x",
    file_type="socket",
    answer=Answer(Presence.ABSENT, errno.ECONNREFUSED),
    where=Where.LOCAL,
    fstype="ext4",
)


def owned(given_facts: Facts) -> bool:
    return any(row.owns_node for row in given_facts.rows or ())


def old_enough(given_facts: Facts) -> bool:
    age, wanted = given_facts.age, given_facts.min_age
    return wanted <= 0 or (age is not None and age >= wanted)


def proves_death(given_facts: Facts) -> bool:
    """All that has to hold before a socket may be called dead: the only way there."""
    return (
        given_facts.answer is not None
        and given_facts.answer.presence is Presence.ABSENT
        and given_facts.where is Where.LOCAL
        and given_facts.rival is None
        and given_facts.rivals_known
        and not owned(given_facts)
        and not (given_facts.merged is not None and given_facts.merged.presence is Presence.BOUND)
        and old_enough(given_facts)
        and given_facts.looks >= given_facts.looks_needed
    )


@settings(max_examples=800, deadline=None)
@example(PROVED)
@given(facts)
def test_stale_only_when_everything_proves_it(told: Facts) -> None:
    judged = judge(told)
    assert (judged.verdict is Verdict.STALE) == proves_death(told)


@settings(max_examples=800, deadline=None)
@given(facts)
def test_any_sign_of_life_is_life(told: Facts) -> None:
    alive = told.answer is not None and (
        told.answer.presence is Presence.BOUND
        or owned(told)
        or (told.merged is not None and told.merged.presence is Presence.BOUND)
    )
    assert (judge(told).verdict is Verdict.LIVE) == alive


@settings(max_examples=800, deadline=None)
@given(facts)
def test_every_judgement_is_whole(told: Facts) -> None:
    """Total, the same each time, with evidence, a label and a sentence; live is never removable."""
    judged = judge(told)
    assert judged == judge(told)
    assert judged.evidence
    assert judged.label
    assert judged.summary.endswith(".")
    assert judged.verdict in (Verdict.LIVE, Verdict.STALE, Verdict.UNKNOWN)
    if judged.verdict is Verdict.LIVE:
        assert judged.removable is Removable.NEVER
        assert any(one.says is Says.LIVE for one in judged.evidence)
    elif judged.verdict is Verdict.STALE:
        assert judged.removable is Removable.YES
        assert any(one.says is Says.STALE for one in judged.evidence)
    else:
        assert judged.removable is not Removable.YES
        assert any(one.says is Says.UNKNOWN for one in judged.evidence)
    if told.answer is None or (told.where is Where.MOUNTED_OVER and told.answer.presence is Presence.ABSENT):
        assert judged.removable is Removable.NEVER


@settings(max_examples=500, deadline=None)
@given(facts, st.booleans(), st.booleans())
def test_no_act_on_a_socket_that_shows_any_life(told: Facts, same: bool, override: bool) -> None:
    judged = judge(told)
    target = Target(KindName.SOCKET, told.path)
    seen = Observation(
        target=target,
        path=told.path,
        fingerprint="f",
        verdict=judged.verdict,
        label=judged.label,
        summary=judged.summary,
        evidence=judged.evidence,
        owner=None,
        removable=judged.removable,
        seen_at=0.0,
    )
    if decide(ActRequest(target, "f" if same else "g", override), seen) is None:
        assert same
        assert judged.verdict is not Verdict.LIVE
        assert override or proves_death(told)


@settings(max_examples=300, deadline=None)
@given(facts, rows)
def test_a_lost_name_is_life_and_says_what_to_restart(told: Facts, row: UnixSocket) -> None:
    judged = judge_lost(told, row)
    assert judged.verdict is Verdict.LIVE
    assert judged.removable is Removable.NEVER
    assert judged.evidence
    assert judged.remedy is not None
    assert judged.remedy.startswith("restart ")


# ---------------------------------------------------------------- rule by rule, for those who read failures


@pytest.mark.parametrize(
    "change",
    [
        {"where": where} for where in Where if where is not Where.LOCAL
    ]
    + [
        {"rival": "one of the same name"},
        {"rivals_known": False},
        {"rows": (UnixSocket(1, SocketType.STREAM, True, 10, b"/run/x", 1, 1, None, 0, 1, False, 0),)},
        {"merged": Answer(Presence.BOUND, errno.EPROTOTYPE)},
        {"age": 1.0, "min_age": 2.0},
        {"age": None, "min_age": 2.0},
        {"looks": 1, "looks_needed": 2},
        {"answer": Answer(Presence.UNKNOWN, errno.EACCES)},
        {"answer": Answer(Presence.BOUND, 0)},
        {"answer": None},
    ],
    ids=lambda one: " ".join(f"{key}={value}" for key, value in one.items())[:60],
)  # fmt: skip
def test_each_doubt_alone_is_enough(change: dict[str, object]) -> None:
    assert judge(PROVED).verdict is Verdict.STALE
    assert judge(PROVED._replace(**change)).verdict is not Verdict.STALE  # type: ignore[arg-type] # by name


def test_a_connection_that_a_listener_accepted_does_not_own_its_node() -> None:
    """It shows the listener's node for as long as it lasts, also when the listener has died."""
    accepted = UnixSocket(1, SocketType.STREAM, False, 1, b"/run/x", 1, 1, 2, 0, 0, False, 0)
    assert judge(PROVED._replace(rows=(accepted,))).verdict is Verdict.STALE


@pytest.mark.parametrize("code", [0, *ERRNOS, 9999])
def test_every_answer_of_the_kernel_has_its_meaning(code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """One errno proves death; three answers prove life; all others prove nothing, known or not."""

    class Told:
        """A probe socket that is told what the kernel says; no machine gives all of these."""

        def connect_ex(self, where: bytes) -> int:
            return code if where.startswith(b"/proc/self/fd/") else errno.ECONNREFUSED

        def close(self) -> None:
            pass

        def fileno(self) -> int:
            return -1

    asker = DatagramProbe()
    monkeypatch.setattr(asker, "_socket", Told(), raising=False)
    monkeypatch.setattr(asker, "_handles", b"/proc/self/fd/%d", raising=False)
    monkeypatch.setattr(asker, "_pid", os.getpid(), raising=False)
    monkeypatch.setattr(fs, "is_immutable", lambda _: False)
    answer = asker.ask(0)
    expected = {
        0: Presence.BOUND,
        errno.EPROTOTYPE: Presence.BOUND,
        errno.EPERM: Presence.BOUND,
        errno.ECONNREFUSED: Presence.ABSENT,
    }.get(code, Presence.UNKNOWN)
    assert (answer.presence, answer.errno) == (expected, code)
    verdict = {
        Presence.BOUND: Verdict.LIVE,
        Presence.ABSENT: Verdict.STALE,
        Presence.UNKNOWN: Verdict.UNKNOWN,
    }
    judged = judge(PROVED._replace(answer=answer, node_owner="alice"))
    assert judged.verdict is verdict[expected]
    if code == errno.EACCES:
        assert judged.label == "no permission"
        assert judged.removable is Removable.OVERRIDE
        assert "alice or root" in judged.summary


def test_life_through_the_merged_mount_is_said_to_be_there() -> None:
    bound = Answer(Presence.BOUND, errno.EPROTOTYPE)
    told = judge(PROVED._replace(rows=(), merged=bound))
    assert (told.verdict, told.label) == (Verdict.LIVE, "bound elsewhere")
    assert "merged mount of the overlay" in told.summary
    assert "namespace" not in str(told.evidence)


def test_a_manager_that_could_not_be_asked_is_said() -> None:
    told = judge(PROVED._replace(unit=None, unit_problem="system manager: no answer"))
    assert [one.detail for one in told.evidence if one.check == "unit"] == [
        "whether a unit lists this path could not be asked (system manager: no answer)"
    ]
