"""The churner (``churner.py``) as tests see it, how much of it, and what must be the same before and after."""

from __future__ import annotations

import gc
import json
import os
import select
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest

from racewatch.core.model import Observation
from tests.monitor.support import TREE

PATIENCE = 60.0
#: A look that is under way at the moment has so many descriptors of its own; a leak would be hundreds.
_UNDER_WAY = 8
_MOMENTS = 4


@dataclass(frozen=True, slots=True)
class Scale:
    """How many rows, and how many changes a second for how long, in two equal parts."""

    rows: int
    changes: int
    rate: float = 1000.0


def soak_seconds(config: pytest.Config) -> float:
    """How long a soak lasts."""
    return float(config.getoption("--soak-minutes")) * 60


class World:
    """One churner; its end is the end of all that it made but the names."""

    def __init__(self, folder: bytes) -> None:
        self._asked = False
        self._process = subprocess.Popen(
            [sys.executable, "-S", "-m", "tests.monitor.churner", os.fsdecode(folder)],
            cwd=TREE,
            env={**os.environ, "PYTHONPATH": str(TREE)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # A test that gave up in the middle does not wait for the rest; the owners die with the churner.
        given_up = kind is not None or self._asked
        if given_up:
            self._process.kill()
        self._process.communicate(timeout=PATIENCE)
        assert given_up or self._process.returncode == 0

    def begin(self, do: str, **arguments: Any) -> None:
        """Ask, and do not wait."""
        self._asked = True
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": do, **arguments}).encode() + b"\n")
        self._process.stdin.flush()

    def is_done(self) -> bool:
        """Whether the answer can be read."""
        assert self._process.stdout is not None
        return bool(select.select([self._process.stdout], [], [], 0)[0])

    def answer(self) -> Any:
        """The answer to what was begun."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        self._asked = False
        assert line, "the churner has ended"
        return json.loads(line)

    def ask(self, do: str, **arguments: Any) -> Any:
        """Ask and wait for the answer."""
        self.begin(do, **arguments)
        return self.answer()


@dataclass(frozen=True, slots=True)
class Footprint:
    """What a process holds: values of ours, descriptors by meaning, threads, MB in memory.

    A look that is under way has some of its own, so that of several moments the least counts; what is left
    behind is there at every moment.
    """

    values: Counter[str]
    descriptors: Counter[str]
    threads: int
    resident: float

    @classmethod
    def take(cls) -> Footprint:
        """Look now, after everything that could be collected was."""
        gc.collect()
        status = Path("/proc/self/statm").read_text(encoding="ascii").split()
        kinds = Counter(type(one) for one in gc.get_objects())
        return cls(
            Counter({one.__qualname__: many for one, many in kinds.items() if _is_ours(one)}),
            _descriptors(),
            threading.active_count(),
            int(status[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6,
        )

    @classmethod
    def at_rest(cls) -> Footprint:
        """The least of several moments."""
        several = [cls._in_a_moment() for _ in range(_MOMENTS)]
        values, descriptors = several[0].values, several[0].descriptors
        for one in several:
            values, descriptors = values & one.values, descriptors & one.descriptors
        return cls(
            values,
            descriptors,
            min(one.threads for one in several),
            min(one.resident for one in several),
        )

    @classmethod
    def _in_a_moment(cls) -> Footprint:
        threading.Event().wait(0.03)
        return cls.take()

    def assert_no_more_than(self, before: Footprint, *, values: int, megabytes: float) -> None:
        """The same world again must not need more, apart from so much noise."""
        more = self.descriptors - before.descriptors
        assert more.total() <= _UNDER_WAY, f"descriptors: {more}"
        assert self.threads == before.threads, threading.enumerate()
        kept = self.values - before.values
        assert kept.total() <= values, f"values that were not there before: {kept}"
        grown = self.resident - before.resident
        assert grown <= megabytes, f"{before.resident:.1f} MB became {self.resident:.1f} MB"


def _is_ours(kind: type) -> bool:
    module = str(kind.__module__)
    # (Of linux/ are the tables that a look reads and forgets.)
    return module.startswith("racewatch.") and not module.startswith("racewatch.linux")


def _descriptors() -> Counter[str]:
    found: Counter[str] = Counter()
    for name in os.listdir("/proc/self/fd"):
        try:
            meaning = os.readlink(f"/proc/self/fd/{name}")
        except OSError:
            continue  # the descriptor of this very listing
        if meaning.startswith("/"):
            meaning = "a path"
        found[meaning.partition("[")[0]] += 1
    return found


def pidfds() -> int:
    """The processes that this one follows."""
    found = 0
    for name in os.listdir("/proc/self/fd"):
        try:
            found += "[pidfd]" in os.readlink(f"/proc/self/fd/{name}")
        except OSError:
            continue  # closed since
    return found


#: What of an observation must be what a fresh look says.
Said = tuple[str, str, str, int | None]


def said(observations: Iterable[Observation]) -> dict[bytes, Said]:
    """Fingerprint, verdict, label and owner of each target, by its locator; none twice."""
    found: dict[bytes, Said] = {}
    for one in observations:
        assert one.target.locator not in found, f"twice: {one.target.locator!r}"
        owner = one.owner.pid if one.owner is not None else None
        found[one.target.locator] = (one.fingerprint, one.verdict.value, one.label, owner)
    return found


def difference(wanted: dict[bytes, Said], seen: dict[bytes, Said]) -> str:
    """The first few that differ, for whoever reads a failure."""
    lost = sorted(wanted.keys() - seen.keys())
    more = sorted(seen.keys() - wanted.keys())
    other = sorted(path for path in wanted.keys() & seen.keys() if wanted[path] != seen[path])
    told = [(path, wanted[path], seen[path]) for path in other[:3]]
    return (
        f"{len(lost)} lost {lost[:3]}, {len(more)} too many {more[:3]}, {len(other)} others {told} "
        f"at {time.monotonic():.1f}"
    )
