"""Real engines while others start, delete and kill: nothing that was started is removed, nothing is made up."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from docker import APIClient
from docker.errors import APIError

from racewatch.core.model import Observation, Problem, Removable, Verdict
from racewatch.kinds.containers.engine import EngineName
from racewatch.kinds.containers.engine_answers import EngineError, Failed, RefusedLive, Removed
from racewatch.kinds.containers.engine_client import EngineClient, Events
from tests.containers.engines import ENGINES
from tests.containers.running import RunningEngine, delete, look, running, source


def test_start_and_delete_at_once_never_remove_what_was_started(engine: RunningEngine) -> None:
    started = [start_and_delete(engine, f"race-{number}") for number in range(15)]
    print(engine.name, f"started: {sum(started)}, removed: {started.count(False)}")


def start_and_delete(engine: RunningEngine, name: str) -> bool:
    """True when the start won.  Whatever won, the other one must have lost."""
    container = engine.ended(name, "sh", "-c", "test -e /again && sleep 600; : > /again")
    ready = threading.Barrier(2)

    def start() -> bool:
        api = APIClient(f"unix://{engine.socket}", timeout=30)
        try:
            ready.wait()
            api.start(container)
        except APIError:
            return False
        else:
            return True
        finally:
            api.close()

    with ThreadPoolExecutor() as pool, EngineClient(engine.engine) as client:
        starting = pool.submit(start)
        ready.wait()
        meant = client.delete(container)
        has_started = starting.result()
    assert has_started is isinstance(meant, RefusedLive), (has_started, meant)
    if has_started:
        assert look(engine, container).verdict is Verdict.LIVE
        engine.remove(container)
    else:
        assert meant == Removed()
    return has_started


def test_two_that_delete_the_same(engine: RunningEngine) -> None:
    for number in range(10):
        container = engine.ended(f"twice-{number}")
        with ThreadPoolExecutor() as pool:
            meant = list(pool.map(delete, [engine] * 2, [container] * 2))
        assert Removed() in meant, meant
        assert source(engine).look(engine.engine.target(container)) is None


@pytest.mark.parametrize("name", ENGINES)
def test_an_engine_that_dies_in_the_middle(name: EngineName) -> None:
    with running(name) as engine:
        for number in range(3):
            engine.make(f"c{number}", "sleep", "600")
        mine = engine.engine
        scan = (
            seen
            for seen in source(engine).scan()
            if (seen.path == mine.path if isinstance(seen, Problem) else mine.path in seen.target.locator)
        )
        first = next(scan)
        assert isinstance(first, Observation)
        events = iter(Events(mine))
        with EngineClient(mine) as client:
            engine.kill()
            (problem,) = list(scan)
            assert isinstance(problem, Problem)
            assert problem.reason == "nobody listens at its socket"
            with pytest.raises(EngineError, match="stream of events"):
                list(events)
            container = first.target.locator[-64:].decode()
            with pytest.raises(EngineError, match="nobody listens"):
                client.inspect(container)
            assert isinstance(client.delete(container), Failed)
            seen = source(engine).look(first.target)
            assert seen is not None
            assert (seen.verdict, seen.removable) == (Verdict.UNKNOWN, Removable.NEVER)
