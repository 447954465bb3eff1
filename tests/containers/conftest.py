"""Runtimes and engines, for each test that asks for one."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from racewatch.core.journal import Journal
from racewatch.kinds.containers.state import Runtime
from tests.containers.engines import ENGINES
from tests.containers.running import RunningEngine, running
from tests.containers.support import BOX, Machine, machine
from tests.race.telling import tell_all


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder whose path is short, link-free and everybody's to search."""
    # In a box on the file system of the state roots, so that tests can move one.
    with tempfile.TemporaryDirectory(prefix="rw-oci-", dir="/run" if BOX else None) as name:
        path = Path(name).resolve()
        path.chmod(0o755)
        yield path


@pytest.fixture(params=[Runtime.RUNC, Runtime.CRUN], ids=str)
def each(request: pytest.FixtureRequest, folder: Path) -> Iterator[Machine]:
    """Each of the runtimes."""
    made = machine(request.param, folder)
    yield made
    made.close()


@pytest.fixture
def runc(folder: Path) -> Iterator[Machine]:
    """The one that most engines use."""
    made = machine(Runtime.RUNC, folder)
    yield made
    made.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where an engine of the test's own has its socket."""
    return tmp_path / "docker.sock"


# Docker takes a second to start for each file of tests, and its answers are among the captured ones as well.
ALL = [pytest.param(name, marks=pytest.mark.long) if name == "docker" else name for name in ENGINES]


@pytest.fixture(scope="module", params=ALL)
def started(request: pytest.FixtureRequest) -> Iterator[RunningEngine]:
    """One real engine of each name for a whole file of tests."""
    with running(request.param) as engine:
        yield engine


@pytest.fixture
def engine(started: RunningEngine) -> Iterator[RunningEngine]:
    """The same, for one test."""
    yield started
    started.api.close()  # the connections of this test


@pytest.fixture
def journal(folder: Path) -> Iterator[Journal]:
    """A journal of the test's own."""
    made = Journal(bytes(folder / "journal"))
    yield made
    made.close()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    tell_all(config, terminalreporter)
