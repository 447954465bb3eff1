"""Numbers that a test saw, told in the summary of the run: they are results, not only conditions."""

from __future__ import annotations

from collections.abc import Callable

import pytest

_LINES = pytest.StashKey[list[str]]()
Tell = Callable[[str], None]


def teller(config: pytest.Config) -> Tell:
    """What a test calls with one line."""
    return config.stash.setdefault(_LINES, []).append


def tell_all(config: pytest.Config, terminal: pytest.TerminalReporter) -> None:
    """Print each line once, however many conftests ask for it."""
    lines = config.stash.get(_LINES, [])
    if lines:
        terminal.section("measured", sep="-")
        for line in lines:
            terminal.write_line(line)
        lines.clear()
