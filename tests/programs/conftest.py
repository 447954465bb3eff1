from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from racewatch.core.journal import Journal
from racewatch.core.kind import Kind
from racewatch.core.model import KindName, Target
from racewatch.kinds.locks import LocksKind
from racewatch.kinds.sockets import SocketsKind
from tests.programs.journey import Journey, Row, table
from tests.programs.support import Sandbox, a_sandbox
from tests.race.telling import tell_all, teller

_ROWS = pytest.StashKey[list[Row]]()
Start = Callable[..., Journey]


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with a_sandbox() as made:
        yield made


@pytest.fixture
def journey(request: pytest.FixtureRequest, sandbox: Sandbox) -> Start:
    """``journey(format, program, path)``: the way of one lock (or ``socket=True``: one socket)."""
    journal = Journal(bytes(sandbox.folder / "state"))
    sandbox.stack.callback(journal.close)
    rows = request.config.stash.setdefault(_ROWS, [])

    def start(format_name: str, program: str, path: Path, *, socket: bool = False) -> Journey:
        kind: Kind = SocketsKind() if socket else LocksKind()
        row = Row(format_name, program)
        rows.append(row)
        name = KindName.SOCKET if socket else KindName.LOCK
        return Journey(kind, journal, Target(name, bytes(path)), row)

    return start


@pytest.hookimpl(tryfirst=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    rows = config.stash.get(_ROWS, [])
    if rows:
        tell = teller(config)
        for line in table(rows):
            tell(line)
        rows.clear()
    tell_all(config, terminalreporter)
