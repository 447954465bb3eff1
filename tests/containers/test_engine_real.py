"""Real Podman and Docker: every state, every answer to delete, races, and engines that die in the middle."""

from __future__ import annotations

import threading
import time

import pytest

from racewatch.core.model import Observation, Removable, Verdict
from racewatch.kinds.containers.engine import Engine
from racewatch.kinds.containers.engine_answers import (
    Event,
    Gone,
    RefusedLive,
    Removed,
)
from racewatch.kinds.containers.engine_client import EngineClient, Events
from tests.containers.running import RunningEngine, delete, in_state, look, source, until

STATES = {
    "running": (Verdict.LIVE, Removable.NEVER, RefusedLive),
    "paused": (Verdict.LIVE, Removable.NEVER, RefusedLive),
    "restarting": (Verdict.LIVE, Removable.NEVER, RefusedLive),
    "created": (Verdict.UNKNOWN, Removable.OVERRIDE, Removed),
    "initialized": (Verdict.UNKNOWN, Removable.OVERRIDE, Removed),
    "exited": (Verdict.STALE, Removable.YES, Removed),
}


@pytest.mark.parametrize("state", STATES)
def test_every_state_and_what_delete_answers(engine: RunningEngine, state: str) -> None:
    verdict, removable, answer = STATES[state]
    container = in_state(engine, state)
    seen = look(engine, container)
    assert (seen.verdict, seen.removable) == (verdict, removable), seen.summary
    assert seen.label == state or (state == "restarting" and seen.label == "running")
    assert seen.path is None
    facts = dict(seen.facts)
    assert facts["name"].startswith(state)
    assert facts["runtime"] == engine.engine.title
    assert facts["image"] == "localhost/bb:1"
    assert facts["made"].startswith("20")
    if (engine.name, state) == ("podman", "restarting"):
        # Between two starts Podman would remove it: the verdict, not the engine, is what keeps it.
        looks = [look(engine, container) for _ in range(100)]
        # It holds its lock while it starts one; on a busy machine that may take longer than we wait.
        odd = [one for one in looks if one.verdict is not Verdict.LIVE and one.label != "cannot see"]
        assert odd == []
        assert {one.removable for one in looks} == {Removable.NEVER}
        print({label: [one.label for one in looks].count(label) for label in ("restarting", "running")})
    else:
        meant = delete(engine, container)
        assert isinstance(meant, answer), meant
        if isinstance(meant, RefusedLive):
            assert "cannot remove" in meant.text
            assert look(engine, container).verdict is Verdict.LIVE
        else:
            assert source(engine).look(engine.engine.target(container)) is None
            assert delete(engine, container) == Gone()
            return
    engine.remove(container)


def test_a_scan_sees_all_of_them(engine: RunningEngine) -> None:
    made = {in_state(engine, state): state for state in ("created", "running", "exited")}
    seen = {one.target: one for one in source(engine).scan() if isinstance(one, Observation)}
    mine = {target: one.label for target, one in seen.items() if target.locator[-64:].decode() in made}
    assert mine == {engine.engine.target(container): state for container, state in made.items()}
    for container in made:
        # The same container in the same state has the same fingerprint, however it is looked at.
        target = engine.engine.target(container)
        again = source(engine).look(target)
        assert again is not None
        assert again.same_as(seen[target])
        engine.remove(container)


def test_the_socket_tells_who_answers_not_its_name(engine: RunningEngine) -> None:
    misnamed = engine.folder / ("docker.sock" if engine.name == "podman" else "podman.sock.real")
    misnamed.symlink_to(engine.socket)
    wrong: Engine = Engine("docker" if engine.name == "podman" else "podman", bytes(misnamed))
    with EngineClient(wrong) as client:
        assert client.engine.name == engine.name
    container = in_state(engine, "exited")
    seen = source(engine).look(wrong.target(container))
    assert seen is not None
    assert (seen.verdict, seen.removable) == (Verdict.UNKNOWN, Removable.NEVER)
    assert delete(engine, container) == Removed()


def test_a_new_start_is_another_fingerprint(engine: RunningEngine) -> None:
    container = engine.ended("again", "true")
    before = look(engine, container)
    engine.api.start(container)
    until(
        lambda: (
            look(engine, container).label == "exited"
            and look(engine, container).fingerprint != before.fingerprint
        )
    )
    after = look(engine, container)
    assert (after.label, after.verdict) == (before.label, before.verdict)
    assert after.fingerprint != before.fingerprint
    assert delete(engine, container) == Removed()


def test_volumes_stay(engine: RunningEngine) -> None:
    container = engine.ended("withvol", "true", binds=["kept:/data"])
    seen = look(engine, container)
    assert dict(seen.facts)["volumes"] == "kept"
    assert "volumes are never removed" in seen.summary
    assert delete(engine, container) == Removed()
    assert "kept" in [volume["Name"] for volume in engine.api.volumes()["Volumes"]]


def test_the_size_of_its_layer(engine: RunningEngine) -> None:
    container = engine.ended("big", "sh", "-c", "busybox dd if=/dev/zero of=/big bs=1000 count=300")
    with EngineClient(engine.engine) as client:
        without, with_size = client.inspect(container), client.inspect(container, size=True)
    assert without is not None
    assert with_size is not None
    assert without.size_rw is None
    assert with_size.size_rw is not None
    assert 300_000 <= with_size.size_rw < 400_000
    assert delete(engine, container) == Removed()


def test_events_arrive_without_polling_and_end_when_closed(engine: RunningEngine) -> None:
    told: list[Event] = []
    events = Events(engine.engine)
    reader = threading.Thread(target=lambda: told.extend(events))
    reader.start()
    container = engine.make("eventful", "sleep", "600")
    delays = []
    for act, action in (
        (engine.api.start, "start"),
        (engine.api.pause, "pause"),
        (engine.api.unpause, "unpause"),
    ):
        act(container)
        began = time.monotonic()
        until(lambda action=action: Event(container, action) in told, 5)  # type: ignore[misc]  # a default binds it
        delays.append(time.monotonic() - began)
    engine.remove(container)
    began = time.monotonic()
    events.close()
    reader.join(2)
    assert not reader.is_alive()
    print(f"{engine.name}: events after {max(delays):.3f} s, closed in {time.monotonic() - began:.4f} s")


def test_a_number_of_another_namespace_is_nobodys(engine: RunningEngine) -> None:
    # The engine counts its processes anew: its numbers are taken by others here, or by nobody.
    container = in_state(engine, "running")
    assert engine.api.inspect_container(container)["State"]["Pid"] > 0
    assert look(engine, container).owner is None
    engine.remove(container)
