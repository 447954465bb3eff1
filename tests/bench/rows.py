"""The rows of the table: what was measured, against which bar, and how it is printed and written."""

from __future__ import annotations

import math
import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

SCHEMA: Final = 1
_COLUMNS: Final = ("what", "judged", "p50", "p99", "min", "max", "n", "bar", "")


class BenchError(Exception):
    """Something could not be measured; the message says why."""


def percentile(values: Sequence[float], share: float) -> float:
    """The nearest rank: a value that really occurred, so that with few samples p99 is the worst one."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


@dataclass(frozen=True, slots=True)
class Row:
    """One line.  ``judged`` is the statistic that is compared with ``bar``; no bar: for comparison only.

    ``detail`` holds what else was counted; ``problem`` says why there are no values, or not all.
    """

    name: str
    title: str
    unit: str
    values: Sequence[float] = ()
    judged: str = "p50"
    bar: float | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)
    problem: str | None = None

    def statistic(self, which: str) -> float:
        """``p50``, ``p99``, ``min``, ``max`` or ``mean``."""
        if which == "mean":
            return sum(self.values) / len(self.values)
        shares = {"min": 0.0, "p50": 0.5, "p99": 0.99, "max": 1.0}
        return percentile(self.values, shares[which])

    @property
    def met(self) -> bool | None:
        """Whether the bar was reached; None without a bar."""
        if self.bar is None:
            return None
        return bool(self.values) and self.problem is None and self.statistic(self.judged) <= self.bar

    def to_json(self) -> dict[str, Any]:
        """The row with all its statistics."""
        numbers = (
            {which: self.statistic(which) for which in ("p50", "p99", "min", "max", "mean")}
            if self.values
            else {}
        )
        return {
            "name": self.name,
            "title": self.title,
            "unit": self.unit,
            "n": len(self.values),
            **numbers,
            "judged": self.judged,
            "bar": self.bar,
            "met": self.met,
            "detail": dict(self.detail),
            "problem": self.problem,
        }

    def cells(self) -> tuple[str, ...]:
        """What the table shows."""
        bar = "-" if self.bar is None else _number(self.bar, self.unit)
        if not self.values:
            return (self.title, "-", "-", "-", "-", "-", "0", bar, f"not measured: {self.problem}")
        word = {True: "met", False: "MISSED", None: ""}[self.met]
        if self.problem is not None:
            word = f"{word} {self.problem}"
        shown = [_number(self.statistic(which), self.unit) for which in ("p50", "p99", "min", "max")]
        judged = f"{self.judged} {_number(self.statistic(self.judged), self.unit)}"
        return (self.title, judged, *shown, str(len(self.values)), bar, word)


def _number(value: float, unit: str) -> str:
    digits = 0 if value >= 1000 else 1 if value >= 100 else 2
    return f"{value:,.{digits}f} {unit}"


def table(rows: Iterable[Row]) -> str:
    """All rows for people; what was counted besides is in a line of its own below each."""
    wanted = list(rows)
    lines = [_COLUMNS, *(row.cells() for row in wanted)]
    widths = [max(len(line[at]) for line in lines) for at in range(len(_COLUMNS))]
    text = []
    for number, line in enumerate(lines):
        first, *others = line
        cells = [first.ljust(widths[0]), *(cell.rjust(widths[at + 1]) for at, cell in enumerate(others[:-1]))]
        text.append("  ".join([*cells, others[-1]]).rstrip())
        if number == 0:
            text.append("-" * len(text[0]))
        elif wanted[number - 1].detail:
            said = ", ".join(f"{name} {_plain(value)}" for name, value in wanted[number - 1].detail.items())
            text.append(f"    {said}")
    return "\n".join(text)


def _plain(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def report(rows: Iterable[Row], *, quick: bool, busy: float) -> dict[str, Any]:
    """What ``--json`` writes.  Nothing in it names the machine or a person.

    ``busy``: percent of all cores that others used when the run began.
    """
    return {
        "schema": SCHEMA,
        "quick": quick,
        "busy": busy,
        "kernel": platform.release(),
        "python": platform.python_version(),
        "rows": [row.to_json() for row in rows],
    }
