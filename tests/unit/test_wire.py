"""The contract's JSON: everything comes back, and nothing else is taken."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from racewatch.core import wire
from racewatch.core.model import (
    Evidence,
    HistoryEntry,
    KindName,
    Observation,
    Outcome,
    OutcomeWord,
    Owner,
    Problem,
    Removable,
    Says,
    ScanResult,
    Target,
    Verdict,
)

# Any bytes a path can hold, with the troublesome ones often.
PATHS = (
    st.lists(st.sampled_from([b"a", b"/", b"\\", b"\n", b"\x1b", b"\xff", "é".encode(), "\u202e".encode()]))
    .map(b"".join)
    .map(lambda rest: b"/" + rest)
    | st.binary().map(lambda rest: b"/" + rest.replace(b"\0", b""))
)  # fmt: skip
TEXTS = st.text(alphabet=st.characters(exclude_categories=["Cs"]))
TIMES = st.integers(min_value=0, max_value=4_000_000_000_000_000).map(lambda micro: micro / 1e6)
TARGETS = st.one_of(
    st.builds(Target, st.sampled_from([KindName.SOCKET, KindName.LOCK]), PATHS),
    PATHS.map(lambda path: Target(KindName.SOCKET, b"lost:17:" + path)),
    PATHS.map(lambda path: Target(KindName.CONTAINER, b"runc:" + path + b":id")),
)
OWNERS = st.builds(
    Owner,
    pid=st.integers(1, 1 << 22),
    start_ticks=st.integers(0, 1 << 60),
    started=TIMES,
    name=TEXTS,
    user=TEXTS,
    command=TEXTS,
    unit=st.none() | TEXTS,
)
EVIDENCE = st.builds(Evidence, check=TEXTS, says=st.sampled_from(Says), source=TEXTS, detail=TEXTS)
OBSERVATIONS = st.builds(
    Observation,
    target=TARGETS,
    path=st.none() | PATHS,
    fingerprint=TEXTS,
    verdict=st.sampled_from(Verdict),
    label=TEXTS,
    summary=TEXTS,
    evidence=st.lists(EVIDENCE, max_size=3).map(tuple),
    owner=st.none() | OWNERS,
    removable=st.sampled_from(Removable),
    seen_at=TIMES,
    format=st.none() | TEXTS,
    remedy=st.none() | TEXTS,
    facts=st.lists(st.tuples(TEXTS, TEXTS), max_size=3).map(tuple),
    others=st.lists(OWNERS, max_size=2).map(tuple),
)
OUTCOMES = st.builds(
    Outcome,
    target=TARGETS,
    action=TEXTS,
    word=st.sampled_from(OutcomeWord),
    summary=TEXTS,
    observation=st.none() | OBSERVATIONS,
    undoable=st.booleans(),
    error=st.none() | TEXTS,
)
SOME = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def through_text(value: object) -> object:
    """To a line and back, as another program would."""
    line = wire.dumps(value)
    assert line.isascii()
    assert line.isprintable()
    return json.loads(line)


@SOME
@given(OBSERVATIONS)
def test_observations_come_back(seen: Observation) -> None:
    back = wire.observation_from_json(through_text(wire.observation_to_json(seen)))
    assert back == seen


@SOME
@given(OUTCOMES)
def test_outcomes_come_back(outcome: Outcome) -> None:
    assert wire.outcome_from_json(through_text(wire.outcome_to_json(outcome))) == outcome


@SOME
@given(st.lists(OBSERVATIONS, max_size=4), TIMES)
def test_plans_hold_what_is_removable_and_come_back(observations: list[Observation], created: float) -> None:
    plan = wire.plan_of(observations, created)
    assert [step.target for step in plan.steps] == [
        seen.target for seen in observations if seen.removable is Removable.YES
    ]
    document = through_text(wire.plan_to_json(plan))
    if all(step.fingerprint for step in plan.steps):
        assert wire.plan_from_json(document) == plan
    else:
        with pytest.raises(wire.WireError, match="fingerprint: empty"):
            wire.plan_from_json(document)


@given(TARGETS)
def test_targets_come_back_from_their_text(target: Target) -> None:
    text = wire.target_to_text(target)
    assert text.isprintable()
    assert wire.target_from_text(text) == target


@given(PATHS)
def test_a_path_is_exact_or_exact_in_base64(path: bytes) -> None:
    pair = wire.path_to_json(path)
    assert wire.path_from_json(json.loads(json.dumps(pair))) == path
    try:
        text = path.decode()
    except UnicodeDecodeError:
        assert pair["path_b64"] is not None
    else:
        assert pair == {"path": text, "path_b64": None}


def test_how_targets_and_paths_look() -> None:
    assert wire.target_to_text(Target(KindName.SOCKET, b"/run/x.sock")) == "socket:/run/x.sock"
    assert wire.target_to_text(Target(KindName.SOCKET, b"/a\xff\n")) == "socket:/a\\xff\\n"
    assert wire.path_to_json(b"/a\xff") == {"path": "/a\\xff", "path_b64": "L2H/"}
    assert wire.path_to_json(None) == {"path": None, "path_b64": None}


@pytest.mark.parametrize(
    "text",
    ["", "socket", "socket:", "socket:run/x", "socket:lost", "pipe:/x", "socket:/a\\x2db", "socket:/a\nb",
     "lock:x", "container:", "socket:/\\x00", "SOCKET:/x", "socket:/\udcff"],
)  # fmt: skip
def test_what_is_no_target_is_refused(text: str) -> None:
    with pytest.raises(wire.WireError) as caught:
        wire.target_from_text(text)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0, "1970-01-01T00:00:00.000000Z"), (1.5, "1970-01-01T00:00:01.500000Z"),
     (float("inf"), "9999-12-31T23:59:59.999999Z"), (-1e300, "0001-01-01T00:00:00.000000Z")],
)  # fmt: skip
def test_times_are_rfc_3339_with_a_zone(seconds: float, text: str) -> None:
    assert wire.time_to_text(seconds) == text


@pytest.mark.parametrize("text", ["", "yesterday", "2026-01-01T00:00:00", "2026-13-01T00:00:00Z"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(wire.WireError):
        wire.time_from_text(text)


def test_a_time_of_another_zone_is_understood() -> None:
    assert wire.time_from_text("1970-01-01T01:00:00+01:00") == 0.0


def test_lone_surrogates_in_texts_are_spelled_out() -> None:
    outcome = Outcome(Target(KindName.SOCKET, b"/x"), "a", OutcomeWord.DONE, "of \udcff")
    assert wire.outcome_to_json(outcome)["summary"] == "of \\xff"


STEP = {
    "target": "socket:/x",
    "path": "/x",
    "path_b64": None,
    "fingerprint": "f",
    "verdict": "stale",
    "label": "dead socket",
    "summary": "s",
}
PLAN = {"schema": 1, "created": "2026-01-01T00:00:00Z", "steps": [STEP]}


def test_the_plan_of_these_tests_is_a_plan() -> None:
    assert wire.plan_from_json(PLAN).steps[0].fingerprint == "f"


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([], "the document: not an object"),
        ({}, "schema: missing"),
        ({**PLAN, "schema": 2}, "schema: 2"),
        ({**PLAN, "schema": True}, "schema: not an integer"),
        ({**PLAN, "schema": 1.0}, "schema: not an integer"),
        ({**PLAN, "created": 5}, "created: not a string"),
        ({**PLAN, "created": "now"}, "not an RFC 3339 time"),
        ({**PLAN, "steps": {}}, "steps: not an array"),
        ({**PLAN, "steps": [STEP, 1]}, r"steps\[1\]: not an object"),
        ({**PLAN, "steps": [{**STEP, "target": "/x"}]}, r"steps\[0\]\.target: not a target"),
        ({**PLAN, "steps": [{**STEP, "target": 1}]}, r"steps\[0\]\.target: not a string"),
        ({**PLAN, "steps": [{**STEP, "fingerprint": ""}]}, r"steps\[0\]\.fingerprint: empty"),
        ({**PLAN, "steps": [{**STEP, "verdict": "dead"}]}, r"steps\[0\]\.verdict: dead is none of"),
        ({**PLAN, "steps": [{**STEP, "label": None}]}, r"steps\[0\]\.label: not a string"),
        ({**PLAN, "steps": [{**STEP, "path_b64": "*"}]}, r"steps\[0\]\.path_b64: not base64"),
        ({**PLAN, "steps": [{**STEP, "path": "\udcff"}]}, r"steps\[0\]\.path: contains a lone surrogate"),
    ],
)
def test_what_is_no_plan_is_refused_by_name(document: object, message: str) -> None:
    with pytest.raises(wire.WireError, match=message):
        wire.plan_from_json(document)


SEEN = Observation(
    target=Target(KindName.SOCKET, b"/x"),
    path=b"/x",
    fingerprint="f",
    verdict=Verdict.STALE,
    label="dead socket",
    summary="s",
    evidence=(Evidence("bound", Says.STALE, "source", "detail"),),
    owner=Owner(1, 2, 3.0, "name", "user"),
    removable=Removable.YES,
    seen_at=5.0,
)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "lock"}, "kind: does not fit"),
        ({"evidence": [1]}, r"evidence\[0\]: not an object"),
        ({"evidence": [{"check": "x"}]}, r"evidence\[0\]\.says: missing"),
        ({"owner": {"pid": "1"}}, r"owner\.pid: not an integer"),
        ({"facts": [["a"]]}, "facts: not pairs"),
        ({"facts": [["a", 1]]}, "facts: not pairs"),
        ({"others": [None]}, r"others\[0\]: not an object"),
        ({"removable": "maybe"}, "removable: maybe is none of"),
    ],
)
def test_what_is_no_observation_is_refused_by_name(change: dict[str, object], message: str) -> None:
    document = {**wire.observation_to_json(SEEN), **change}
    with pytest.raises(wire.WireError, match=message):
        wire.observation_from_json(document)


def test_an_outcome_needs_its_members() -> None:
    document = wire.outcome_to_json(Outcome(SEEN.target, "a", OutcomeWord.DONE, "s"))
    with pytest.raises(wire.WireError, match="undoable: not true or false"):
        wire.outcome_from_json({**document, "undoable": 1})


def test_the_members_are_those_of_the_contract() -> None:
    document = wire.observation_to_json(SEEN)
    assert set(document) >= {
        "kind", "target", "path", "path_b64", "fingerprint", "verdict", "label", "summary", "evidence",
        "owner", "format", "removable", "remedy", "seen_at",
    }  # fmt: skip
    scan = wire.scan_to_json(ScanResult((SEEN,), (Problem(b"/y\xff", "why"),)))
    assert scan["problems"] == [{"path": "/y\\xff", "path_b64": "L3n/", "reason": "why"}]
    outcome = Outcome(SEEN.target, "a", OutcomeWord.GONE, "s")
    assert wire.outcomes_to_json([outcome]) == {"schema": 1, "outcomes": [wire.outcome_to_json(outcome)]}
    entry = HistoryEntry(
        "a", "remove", SEEN.target, b"/x", 1.0, None, None, "under way", None, undoable=False
    )
    history = wire.history_to_json([entry])
    assert history["history"] == [
        {
            "action": "a", "verb": "remove", "target": "socket:/x", "path": "/x", "path_b64": None,
            "started": "1970-01-01T00:00:01.000000Z", "ended": None, "outcome": None,
            "summary": "under way", "observation": None, "undoable": False, "refers_to": None,
            "undone_by": None,
                "kept": False,
        }
    ]  # fmt: skip
