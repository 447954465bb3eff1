"""Kill at one system call after the other, and tell how each crash was put right: for every kind's crash test.

A kind says how to run its work once, killed at a given call or not (:func:`run_once`), and what must hold
after that; :func:`kill_at_some` lists the calls of the work and picks those at which it is killed.  What a
crash leaves depends only on the calls that change names, or the disk, or what was said to somebody: in the
default run every other one of these is killed at, in the long run all, and of the many thousand others
(most read ``/proc``) a few.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.crash.killing import BROKEN, Tracer, Victim, lines_in

#: The calls that change a name, what is on disk, or a process.
CHANGING: Final = frozenset({
    "renameat2", "unlink", "unlinkat", "rmdir", "link", "linkat", "symlink", "symlinkat", "mkdir", "mkdirat",
    "mknodat", "fsync", "fdatasync", "pwrite64", "ftruncate", "pidfd_send_signal",
})  # fmt: skip
_BEFORE: Final = 3
_AFTER: Final = 8
LIVED: Final = "not killed, it made fewer calls"

#: Runs the work once: killed as the first says (None: not at all), its calls traced into the second; how the
#: crash was put right, or None when the work came to its end.
Run = Callable[[str | None, Path], "str | None"]


def run_once(work: Callable[[], None], inject: str | None, output: Path, *, children: bool = True) -> bool:
    """Do the work in a process of its own; whether it was killed."""
    victim = Victim(lambda _: work(), lambda: None)
    try:
        tracer = Tracer(victim, output, inject, children=children)
        try:
            status = victim.run()
        finally:
            tracer.close()
    finally:
        victim.close()
    assert status != BROKEN, "the victim failed by itself"
    return status == -9


@dataclass(frozen=True, slots=True)
class Killed:
    """What became of all the crashes: way of being put right → how often."""

    ways: Counter[str]
    calls: int
    points: int
    seconds: float

    @property
    def dead(self) -> int:
        """How often it was really killed."""
        return sum(count for way, count in self.ways.items() if way != LIVED)

    def __str__(self) -> str:
        told = ", ".join(f"{count} {way}" for way, count in self.ways.most_common())
        return f"killed at {self.dead} of {self.calls}: {told} ({self.seconds:.0f} s)"


def kill_at_some(
    run: Run,
    output: Path,
    *,
    others: int,
    every: bool,
    changing: frozenset[str] = CHANGING,
    stride: int = 2,
    around: str | None = None,
) -> Killed:
    """Run it once to list its calls, then once for each chosen one; ``every``: all that change anything.

    Otherwise only each ``stride``-th of those, and whatever it does around the call in whose line ``around``
    stands: right before it, and until it has its answer.
    """
    assert run(None, output) is None
    lines = lines_in(output)
    calls = [(name, count) for name, count, _ in lines]
    chosen = [point for point in calls if point[0] in changing]
    if not every:
        # Of the same call every other time is enough to hit each step.
        chosen = chosen[::stride]
    if around is not None:
        (place,) = [number for number, (_, _, line) in enumerate(lines) if around in line]
        chosen += calls[place - _BEFORE : place + _AFTER]
    rest = [point for point in calls if point[0] not in changing]
    points = list(dict.fromkeys(chosen + rest[:: max(1, len(rest) // others)]))
    ways: Counter[str] = Counter()
    began = time.monotonic()
    for call, count in points:
        try:
            how = run(f"{call}:signal=KILL:when={count}", output)
        except AssertionError as error:
            raise AssertionError(f"killed at {call} number {count}: {error}") from error
        ways[how or LIVED] += 1
    told = Killed(ways, len(calls), len(points), time.monotonic() - began)
    # How many entries /proc has varies a little from run to run, and with it the number of calls.
    assert told.dead >= len(points) * 8 // 10, told
    return told
