"""The judge of what engines say, over everything they could ever say."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from racewatch.core.model import Owner, Removable, Says, Verdict
from racewatch.kinds.containers.engine import Engine
from racewatch.kinds.containers.engine_answers import Inspected, RestartPolicy
from racewatch.kinds.containers.engine_judge import judge
from tests.containers.engines import DOCKER, ID, PODMAN, inspections, one

LIVE = {"running", "paused", "restarting", "stopping", "removing"}
ENDED = {"exited", "stopped", "dead"}
WAITING = {"created", "initialized", "configured"}
WORDS = [*sorted(LIVE | ENDED | WAITING), "", "unknown", "Exited", "exited ", "\x1b[2J"]

OWNER = Owner(pid=7, start_ticks=1, started=0.0, name="sleep", user="root")
ENDED_WELL = Inspected(
    id=ID, name="web", image="i", created="2026-01-01T00:00:00Z", status="exited", running=False, paused=False,
    restarting=False, dead=False, started_at="2026-01-01T00:00:00Z", finished_at="2026-01-01T00:00:01Z",
    restart_count=0, exit_code=0, pid=0,
)  # fmt: skip
policies = st.builds(
    RestartPolicy,
    st.sampled_from(["", "no", "always", "unless-stopped", "on-failure", "new"]),
    st.integers(0, 3),
)
saids = st.builds(
    Inspected,
    id=st.just(ID),
    name=st.text(max_size=5),
    image=st.text(max_size=5),
    created=st.text(max_size=5),
    status=st.sampled_from(WORDS) | st.text(max_size=8),
    running=st.booleans(),
    paused=st.booleans(),
    restarting=st.booleans(),
    dead=st.booleans(),
    started_at=st.text(max_size=5),
    finished_at=st.text(max_size=5),
    restart_count=st.integers(0, 5),
    exit_code=st.integers(0, 2),
    pid=st.sampled_from([0, 0, 7]),
    restart_policy=policies,
    volumes=st.lists(st.text(max_size=5), max_size=2).map(tuple),
)
engines = st.sampled_from([PODMAN, DOCKER])
owners = st.none() | st.just(OWNER)


@given(engines, saids, owners)
@example(DOCKER, ENDED_WELL, None)
@example(PODMAN, replace(ENDED_WELL, status="dead", dead=True), None)
def test_only_what_has_ended_in_every_respect_is_left_over(
    engine: Engine, said: Inspected, owner: Owner | None
) -> None:
    judged = judge(engine, said, owner)
    may_live = said.running or said.paused or said.restarting or said.pid != 0 or owner is not None
    if judged.verdict is Verdict.STALE:
        assert said.status in ENDED
        assert not may_live
        assert said.dead is (said.status == "dead")
    assert (judged.removable is Removable.YES) is (judged.verdict is Verdict.STALE)
    if judged.verdict is Verdict.LIVE:
        assert judged.removable is Removable.NEVER
    if judged.removable is Removable.OVERRIDE:
        assert said.status in WAITING | ENDED
        assert not any((said.running, said.paused, said.restarting))


@given(engines, saids, owners)
def test_what_speaks_for_life_wins(engine: Engine, said: Inspected, owner: Owner | None) -> None:
    judged = judge(engine, said, owner)
    if said.status in LIVE or said.running or said.paused or said.restarting:
        assert judged.verdict is Verdict.LIVE


@given(engines, saids, owners)
def test_every_verdict_shows_where_it_comes_from(
    engine: Engine, said: Inspected, owner: Owner | None
) -> None:
    judged = judge(engine, said, owner)
    assert judged == judge(engine, said, owner)
    state = judged.evidence[0]
    assert (state.check, state.source) == ("state", f"GET /containers/{ID}/json")
    assert state.says is Says(judged.verdict.value)
    texts = [judged.label, judged.summary, *(found.detail for found in judged.evidence)]
    assert all(text.isprintable() and text for text in texts)
    if judged.verdict is not Verdict.LIVE:
        assert "volumes are never removed" in judged.summary


@given(engines, saids)
def test_a_word_nobody_knows_is_never_removed(engine: Engine, said: Inspected) -> None:
    judged = judge(engine, said)
    if said.status not in LIVE | ENDED | WAITING:
        assert judged.removable is Removable.NEVER


@pytest.mark.parametrize(("engine", "name"), inspections())
def test_the_captured_containers(engine: str, name: str) -> None:
    said = one(engine, name)
    judged = judge(PODMAN if engine == "podman" else DOCKER, said)
    if said.status in WAITING:
        assert (judged.verdict, judged.removable) == (Verdict.UNKNOWN, Removable.OVERRIDE)
        assert ("kills the waiting" if said.status == "initialized" else "loses what waits") in judged.summary
    elif said.status in LIVE:
        assert (judged.verdict, judged.removable) == (Verdict.LIVE, Removable.NEVER)
    else:
        assert (judged.verdict, judged.removable) == (Verdict.STALE, Removable.YES)
    assert judged.label == said.status


def test_created_with_a_process_is_waiting_to_be_killed() -> None:
    judged = judge(PODMAN, replace(ENDED_WELL, status="created", pid=7))
    assert (judged.label, judged.removable) == ("initialized", Removable.OVERRIDE)
    assert "kills the waiting process" in judged.summary


def policy(name: str, most: int = 0, **said: object) -> Inspected:
    return replace(ENDED_WELL, restart_policy=RestartPolicy(name, most), **said)  # type: ignore[arg-type]  # by name


def test_podman_between_two_starts_is_live() -> None:
    # Captured: a container that ends at once, started with --restart always, in nine of ten looks.
    between = policy("always", status="stopped", exit_code=1, restart_count=12)
    judged = judge(PODMAN, between)
    assert (judged.label, judged.verdict) == ("restarting", Verdict.LIVE)
    assert judge(PODMAN, replace(between, status="exited")).removable is Removable.OVERRIDE
    # Docker has a word for it, so its "exited" is the last end.
    assert judge(DOCKER, replace(between, status="exited")).verdict is Verdict.STALE


@pytest.mark.parametrize(
    ("said", "verdict"),
    [
        (policy("no", status="stopped"), Verdict.STALE),
        (policy("", status="stopped"), Verdict.STALE),
        (policy("unless-stopped", status="stopped"), Verdict.LIVE),
        (policy("on-failure", status="stopped"), Verdict.STALE),
        (policy("on-failure", status="stopped", exit_code=1), Verdict.LIVE),
        (policy("on-failure", 3, status="stopped", exit_code=1, restart_count=2), Verdict.LIVE),
        (policy("on-failure", 3, status="stopped", exit_code=1, restart_count=3), Verdict.STALE),
        (policy("something-new", status="stopped"), Verdict.LIVE),
    ],
)
def test_what_the_restart_policy_means_for_podman(said: Inspected, verdict: Verdict) -> None:
    assert judge(PODMAN, said).verdict is verdict


@pytest.mark.parametrize("word", sorted(ENDED))
def test_a_process_contradicts_an_end(word: str) -> None:
    said = replace(ENDED_WELL, status=word, dead=word == "dead")
    assert judge(DOCKER, said).verdict is Verdict.STALE
    assert judge(DOCKER, replace(said, pid=7)).removable is Removable.NEVER
    assert judge(DOCKER, said, OWNER).removable is Removable.NEVER
    assert judge(DOCKER, replace(said, dead=word != "dead")).removable is Removable.NEVER


def test_the_remedy_speaks_to_this_very_engine() -> None:
    assert judge(DOCKER, ENDED_WELL).remedy == f"docker --host unix:///run/docker.sock rm {ID}"
    assert judge(PODMAN, ENDED_WELL).remedy == f"podman --url unix:///run/podman/podman.sock rm {ID}"
    running = replace(ENDED_WELL, status="running", running=True, pid=7)
    assert judge(PODMAN, running).remedy == f"podman --url unix:///run/podman/podman.sock stop {ID}"
