"""What engines answer, from what real ones answered, and from what no engine should."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from racewatch.kinds.containers.engine_answers import (
    EngineError,
    Event,
    Failed,
    Gone,
    RefusedLive,
    Removed,
    RestartPolicy,
    deleted,
    event,
    inspected,
    listed,
    size_of,
)
from tests.containers.engines import ENGINES, ID, OTHER, captured, inspections, one

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize("engine", ENGINES)
def test_the_list_of_all_containers(engine: str) -> None:
    lines = {line.names[0]: line for line in listed(captured(engine, "rest-docker-containers"))}
    assert {"created", "running", "paused", "withvol"} <= lines.keys()
    assert all(line.state and len(line.id) == 64 and line.created > 1_700_000_000 for line in lines.values())
    assert lines["running"].status.startswith("Up ")


@pytest.mark.parametrize(("engine", "name"), inspections())
def test_every_captured_inspection_is_understood(engine: str, name: str) -> None:
    said = one(engine, name)
    assert said.name == name
    assert said.status == name.rstrip("03").replace("withvol", "exited")
    assert (said.pid > 0) is (said.status in ("running", "paused", "initialized"))
    assert said.volumes == (("vol1",) if name == "withvol" else ())
    assert said.mounts == (("/data",) if name == "withvol" else ())


def test_what_the_judge_needs_beside_the_word() -> None:
    again = one("docker", "restarting")
    assert (again.restarting, again.restart_count, again.exit_code) == (True, 5, 1)
    assert again.restart_policy == RestartPolicy("always")
    assert one("docker", "paused").running
    assert one("docker", "exited0").image == "bb:1"


@pytest.mark.parametrize(
    "key", ["Status", "Running", "Paused", "Restarting", "Dead", "StartedAt", "FinishedAt", "Pid"]
)
@pytest.mark.parametrize("instead", [None, [], {}, 1.5])
def test_half_an_inspection_says_nothing(key: str, instead: object) -> None:
    answer = captured("docker", "exited0.inspect")[0]
    answer["State"][key] = instead
    with pytest.raises(EngineError, match=key):
        inspected(answer, answer["Id"])


def test_a_number_is_no_flag_and_a_flag_no_number() -> None:
    answer = captured("docker", "exited0.inspect")[0]
    for key, instead in (("Running", 0), ("Pid", False)):
        wrong = copy.deepcopy(answer)
        wrong["State"][key] = instead
        with pytest.raises(EngineError, match=key):
            inspected(wrong, wrong["Id"])


def test_an_answer_about_another_container_is_none() -> None:
    answer = captured("docker", "exited0.inspect")[0]
    with pytest.raises(EngineError, match="another container"):
        inspected(answer, ID)


@pytest.mark.parametrize("short", ["abc", "", "running", "AB" * 32, ID + "0", "../" * 21 + "a"])
def test_only_full_ids_are_believed(short: str) -> None:
    with pytest.raises(EngineError, match="no full id"):
        listed([{"Id": short, "State": "exited"}])


@given(JSON)
def test_anything_else_is_an_error_and_nothing_worse(answer: Any) -> None:
    for read in (lambda: listed([answer]), lambda: inspected(answer, ID), lambda: event(answer)):
        with pytest.raises(EngineError):
            read()
    with pytest.raises(EngineError):
        listed({"answer": answer})


@pytest.mark.parametrize("engine", ENGINES)
def test_every_captured_answer_to_delete(engine: str) -> None:
    expected = {
        "running": RefusedLive,
        "paused": RefusedLive,
        "restarting": RefusedLive,
        "initialized": Removed,
        "created": Removed,
        "exited0": Removed,
        "exited3": Removed,
        "nosuch": Gone,
    }
    answers = captured(engine, "rest-delete-answers")
    assert len(answers) == 8
    for answer in answers:
        request = answer["request"]
        meant = deleted(answer["status"], answer["body"])
        if engine == "docker" and "libpod" in request:
            assert meant == Failed("the engine answered 404: page not found"), "no answer about a container"
        else:
            assert type(meant) is expected[request.rpartition("/")[2]], request


@pytest.mark.parametrize("status", [0, 100, 201, 202, 301, 304, 307, 400, 401, 403, 404, 500, 502, 503, 599])
@pytest.mark.parametrize(
    "body", ["", "{", "null", "[]", '{"message": 3}', '{"message": "\\u001b[2J\\nno"}', "<html>"]
)
def test_any_other_answer_to_delete_is_a_failure_on_one_line(status: int, body: str) -> None:
    meant = deleted(status, body)
    assert isinstance(meant, Failed)
    assert meant.text.isprintable()
    assert not meant.uncertain


def test_sizes_are_of_the_container_asked_for() -> None:
    assert size_of([{"Id": OTHER, "SizeRw": 5}, {"Id": ID, "SizeRw": 7}], ID) == 7
    assert size_of([{"Id": OTHER, "SizeRw": 5}], ID) is None
    assert size_of([{"Id": ID}], ID) is None
    assert size_of(None, ID) is None


def test_events_are_those_that_change_a_container() -> None:
    def said(action: str, kind: str = "container") -> object:
        return {"Type": kind, "Action": action, "Actor": {"ID": ID}}

    assert event(said("die")) == Event(ID, "die")
    assert event(said("exec_create: sh -c true")) is None
    assert event(said("health_status: healthy")) is None
    assert event(said("pull", "image")) is None
    with pytest.raises(EngineError):
        event({"message": "too many requests"})
