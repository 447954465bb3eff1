"""When a watched thing was first known to be in a state; what both the window and the monitor report."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from racewatch.core.model import Target, Verdict
from tests.bench.world import WATCHED

_PREFIX = os.fsencode(WATCHED)


def is_watched(target: Target) -> bool:
    """Whether the way of this one is timed."""
    return os.path.basename(target.locator).startswith(_PREFIX)


class Times:
    """The first moment of each (thing, verdict)."""

    def __init__(self) -> None:
        self._times: dict[str, dict[str, float]] = {}

    def note(self, target: Target, verdict: Verdict, at: float) -> bool:
        """It has this verdict since this moment, or since before; True when it was not known at all."""
        path = os.fsdecode(target.locator)
        new = path not in self._times
        self._times.setdefault(path, {}).setdefault(verdict.value, at)
        return new

    def take(self) -> dict[str, dict[str, float]]:
        """All of them, once."""
        times, self._times = self._times, {}
        return times


def reply(value: Any) -> None:
    """One line of JSON to whoever asked."""
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()
