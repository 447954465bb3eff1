"""A whole scan against a C loop of the same system calls, at three sizes."""

from __future__ import annotations

import math
from typing import Final

from tests.bench.helpers import Helper
from tests.bench.rows import BenchError, Row, percentile
from tests.bench.setting import Setting

_BARS: Final = {"socket": 2.0, "lock": 4.0}
#: Linear: a hundred times as many may take this power of a hundred times as long.
_LINEAR: Final = 1.1


def scans(setting: Setting, kind: str) -> list[Row]:
    """Per size the ratios of scan to floor, side by side in each round; then how the time grows."""
    sizes = setting.sizes
    rows: list[Row] = []
    medians: list[tuple[int, float]] = []
    with Helper("scan_child", setting.folder()) as scanner:
        for count, rounds in zip((sizes.small, sizes.middle, sizes.large), sizes.rounds, strict=True):
            row, seconds = _one_size(setting, scanner, kind, count, rounds)
            rows.append(row)
            medians.append((count, seconds))
    (few, fast), *_, (many, slow) = medians
    exponent = math.log(slow / fast) / math.log(many / few)
    each = {f"us each at {count}": seconds / count * 1e6 for count, seconds in medians}
    rows.append(
        Row(
            f"growth-{kind}s",
            f"scan of {kind}s, growth {few:,} to {many:,}",
            "power",
            [exponent],
            "max",
            _LINEAR,
            each,
        )
    )
    return rows


def _one_size(setting: Setting, scanner: Helper, kind: str, count: int, rounds: int) -> tuple[Row, float]:
    root = setting.tree()
    floor_name = f"floor_{kind}s"
    ratios: list[float] = []
    took: list[float] = []
    floors: list[float] = []
    honest: list[float] = []
    bare: list[float] = []
    rest: list[float] = []
    with setting.world() as world:
        made = world.ask(f"{kind}s", root=root, count=count)
        scanner.ask("scan", root=root, kind=kind)  # what is read once and kept is read now
        for _ in range(rounds):
            floor = setting.floor(floor_name, root)
            answer = scanner.ask("scan", root=root, kind=kind)
            if answer["wrong"] or answer["problems"] or sum(answer["verdicts"].values()) != count:
                raise BenchError(f"a wrong scan: {answer} of {made}")
            if kind == "socket" and (floor.live, floor.dead) != (made["live"], made["dead"]):
                raise BenchError(f"a wrong floor: {floor} of {made}")
            if kind == "lock":
                honest.append(answer["seconds"] / setting.floor(floor_name, root, "stat").seconds)
            alone = scanner.ask("bare", root=root, kind=kind)
            bare.append(alone / floor.seconds)
            rest.append((answer["seconds"] - alone) / floor.seconds)
            took.append(answer["seconds"])
            floors.append(floor.seconds)
            ratios.append(answer["seconds"] / floor.seconds)
    setting.forget(root)
    median = percentile(took, 0.5)
    detail = {
        "scan ms": median * 1000,
        "floor ms": percentile(floors, 0.5) * 1000,
        "us each": median / count * 1e6,
        "floor us each": percentile(floors, 0.5) / count * 1e6,
        "bare Python loop of the system calls / C loop": percentile(bare, 0.5),
        "all the rest of the scan / C loop": percentile(rest, 0.5),
        **({"ratio when the floor compares start times": percentile(honest, 0.5)} if honest else {}),
    }
    bar = None if count == setting.sizes.small else _BARS[kind]
    title = f"scan of {count:,} {kind}s / C loop"
    return Row(f"scan-{kind}s-{count}", title, "x", ratios, "p50", bar, detail), median


def sockets(setting: Setting) -> list[Row]:
    """Sockets of all types, one in five live."""
    return scans(setting, "socket")


def locks(setting: Setting) -> list[Row]:
    """Lock files with pid, host and start time, one in five with a living owner."""
    return scans(setting, "lock")
