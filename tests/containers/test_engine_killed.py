"""``kill -9`` on entry of the system calls of an act that asks a real engine to delete a container.

After each kill a fresh racewatch starts on the same state folder and asks the engine what became of it.  What
the journal then says is true: "gone" only of what is gone, "still has it" only of what the engine has.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from racewatch.config import Config
from racewatch.core.act import act
from racewatch.core.journal import Journal
from racewatch.core.model import ActRequest, OutcomeWord
from racewatch.kinds.containers import ContainersKind
from racewatch.kinds.containers.engine_client import EngineClient
from racewatch.verbs import Racewatch
from tests.containers.running import RunningEngine, look
from tests.crash.driver import CHANGING, kill_at_some, run_once
from tests.crash.killing import needs_strace
from tests.race.telling import Tell, teller

pytestmark = [needs_strace, pytest.mark.timeout(1800)]

# What was said to the engine, and heard from it, counts like what is on disk.
TELLING = CHANGING | {"connect", "sendto", "sendmsg", "recvfrom", "recvmsg"}
OTHERS, OTHERS_LONG = 3, 100


@dataclass
class Stopped:
    """A container that has ended; the same one again until somebody deletes it."""

    engine: RunningEngine
    container: str | None = None
    made: int = field(default=0)

    def one(self) -> str:
        if self.container is None or not self.is_there():
            self.made += 1
            self.container = self.engine.ended(f"killed-{self.made}")
        return self.container

    def is_there(self) -> bool:
        assert self.container is not None
        with EngineClient(self.engine.engine) as client:
            return client.inspect(self.container) is not None


@pytest.fixture
def stopped(engine: RunningEngine) -> Iterator[Stopped]:
    made = Stopped(engine)
    yield made
    if made.container is not None:
        engine.remove(made.container)


def acting(stopped: Stopped, container: str, state: Path) -> None:
    engine = stopped.engine
    target = engine.engine.target(container)
    kind = ContainersKind(engines=[engine.engine.path], default_roots=False)
    request = ActRequest(target, look(engine, container).fingerprint)
    outcome = act(request, kind.procedure(target), Journal(os.fsencode(state)))
    assert outcome.word is OutcomeWord.DONE, outcome.summary


def put_right(stopped: Stopped, state: Path) -> str:
    """What a start makes of it, and whether that is true."""
    config = Config(engines=(stopped.engine.engine.path,))
    racewatch = Racewatch(config, state=os.fsencode(state))
    try:
        assert racewatch.journal_problem is None, racewatch.journal_problem
        rows = racewatch.history()
    finally:
        racewatch.close()
    there = stopped.is_there()
    if not rows:
        assert there, "removed, and the journal does not know"
        return "untouched"
    (row,) = rows
    assert row.word is not None, row.summary
    assert not row.undoable
    if row.word is OutcomeWord.FAILED:
        assert "its owner still has it: exited" in row.summary
        # The engine may have had the request, and not yet begun with it when it was asked again.
        return "still there" if there else "carried out after it was asked again"
    assert row.word in (OutcomeWord.DONE, OutcomeWord.GONE), row.summary
    assert not there, f"the journal says {row.word}, and its engine has it"
    return "done" if row.word is OutcomeWord.DONE else "gone"


def one_run(stopped: Stopped, inject: str | None, output: Path) -> str | None:
    with tempfile.TemporaryDirectory(prefix="rw-crash-") as name:
        state, container = Path(name), stopped.one()
        was_killed = run_once(lambda: acting(stopped, container, state), inject, output, children=False)
        how = put_right(stopped, state)
        return how if was_killed else None


def test_what_a_killed_request_came_to_is_asked_at_the_next_start(
    stopped: Stopped, request: pytest.FixtureRequest
) -> None:
    tell: Tell = teller(request.config)
    every = request.config.getoption("--long")
    with tempfile.TemporaryDirectory(prefix="rw-crash-") as name:
        killed = kill_at_some(
            lambda inject, output: one_run(stopped, inject, output),
            Path(name) / "trace",
            others=OTHERS_LONG if every else OTHERS,
            every=every,
            changing=TELLING,
            stride=4,
            around='"DELETE /',
        )
    tell(f"  {stopped.engine.engine.title}, delete: {killed}")
    assert killed.ways["still there"] > 0
    assert killed.ways["gone"] > 0
