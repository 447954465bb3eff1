from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.race.telling import Tell, tell_all, teller
from tests.race.world import World, a_world


@pytest.fixture
def world() -> Iterator[World]:
    with a_world() as made:
        yield made


@pytest.fixture
def tell(request: pytest.FixtureRequest) -> Tell:
    return teller(request.config)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    tell_all(config, terminalreporter)
