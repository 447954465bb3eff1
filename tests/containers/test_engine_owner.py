"""The first process of a container is shown only when it is proved to be that, never by its number alone."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from racewatch.core.model import Owner, Verdict
from racewatch.kinds.containers.engine_source import EngineSource
from racewatch.kinds.seeing import describe
from tests.containers.engines import ID, at, captured, http, misbehaving
from tests.containers.running import in_state, look, running


def owner_told(path: Path, pid: int, started_at: str) -> Owner | None:
    whole = dict(captured("docker", "running.inspect")[0], Id=ID)
    whole["State"] = dict(whole["State"], Pid=pid, StartedAt=started_at)
    with misbehaving(path, lambda _: http(whole)):
        seen = EngineSource([os.fsencode(path)], {}).look(at(path).target(ID))
    assert seen is not None
    assert seen.verdict is Verdict.LIVE
    return seen.owner


def test_an_engine_with_other_numbers_names_nobody_here(path: Path) -> None:
    assert owner_told(path, os.getpid(), "2001-01-01T00:00:00Z") is None


@pytest.mark.parametrize("started_at", ["", "soon", "0001-01-01T00:00:00Z"])
def test_a_start_that_is_no_time_proves_nothing(path: Path, started_at: str) -> None:
    assert owner_told(path, os.getpid(), started_at) is None


@pytest.mark.parametrize("pid", [0, -1, 2**22 + 1, 2**40])
def test_numbers_of_nobody(path: Path, pid: int) -> None:
    assert owner_told(path, pid, "2026-01-01T00:00:00Z") is None


def test_a_process_that_began_as_its_container_did_is_the_one(path: Path) -> None:
    me = describe(os.getpid())
    assert me is not None
    began = datetime.fromtimestamp(me.started, UTC).isoformat()
    assert owner_told(path, os.getpid(), began) == me


def test_the_first_process_is_the_owner() -> None:
    with running("podman", own_pids=False) as engine:
        for state in ("running", "paused", "initialized"):
            container = in_state(engine, state)
            owner = look(engine, container).owner
            assert owner is not None
            assert owner.pid == engine.api.inspect_container(container)["State"]["Pid"]
            assert (owner.name == "sleep") is (state != "initialized")
    assert not [pid for pid in os.listdir("/proc") if pid.isdecimal() and str(engine.folder) in command(pid)]


def command(pid: str) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace")
    except OSError:
        return ""
