"""How long the way is from the kernel to a batch of the monitor, and to the screen; stalls of the window."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from tests.bench.helpers import Helper
from tests.bench.rows import BenchError, Row
from tests.bench.setting import Setting
from tests.bench.windows import Window
from tests.bench.world import FOLDER

_DIES_MS: Final = 100.0
_APPEARS_MS: Final = 150.0
_STALL_MS: Final = 50.0
_RATE: Final = 1000
_LATEST: Final = 10.0
#: Changes are spread over so many directories; newcomers appear in the first of them.
_FOLDERS: Final = 10

_Seen = Mapping[str, Mapping[str, float]]
_Ask = Callable[[], _Seen]


def _delays(
    made: Mapping[str, float], ask: _Ask, verdict: str | None = None
) -> tuple[list[float], dict[str, Any]]:
    """Milliseconds from each moment until it was seen (with this verdict); what never was counts as the latest."""
    seen: dict[str, float] = {}
    until = time.monotonic() + _LATEST
    while time.monotonic() < until and len(seen) < len(made):
        time.sleep(0.2)
        for path, times in ask().items():
            wanted = [at for word, at in times.items() if verdict in (None, word)]
            if path in made and wanted:
                seen.setdefault(path, min(wanted))
    delays = [(seen[path] - at if path in seen else _LATEST) * 1000 for path, at in made.items()]
    never = len(made) - len(seen)
    return delays, ({"never seen": never} if never else {})


class _Place:
    """A tree of one kind with owners that can die, things that come and go, and all else at rest."""

    def __init__(self, setting: Setting, world: Helper, kind: str) -> None:
        sizes = setting.sizes
        self.root = setting.tree()
        self.kind = kind
        self._world = world
        self._sizes = sizes
        at_rest = sizes.middle - sizes.slots // 2 - sizes.deaths
        world.ask(f"{kind}s", root=self.root, count=at_rest)
        self._first = f"{self.root}/a"
        self._victims = world.ask("victims", kind=kind, folder=self._first, count=sizes.deaths)
        folders = min(_FOLDERS, 1 + (at_rest - 1) // FOLDER)
        world.ask("slots", kind=kind, root=self.root, count=sizes.slots, folders=folders)
        self.rows = sizes.middle

    def deaths(self, before: Callable[[str], object], ask: _Ask) -> tuple[list[float], dict[str, Any]]:
        """Owners die one after the other, at moments that have nothing to do with anybody's pace."""
        pauses = random.Random(2)
        killed: dict[str, float] = {}
        for path in self._victims:
            before(path)
            time.sleep(pauses.uniform(0.1, 0.3))
            killed[path] = self._world.ask("kill", path=path)
        return _delays(killed, ask, "stale")

    def churn(self, ask: _Ask) -> tuple[list[float], dict[str, Any]]:
        """Newcomers among a thousand changes each second."""
        sizes = self._sizes
        done = self._world.ask(
            "churn",
            kind=self.kind,
            folder=self._first,
            rate=_RATE,
            seconds=sizes.churn,
            watched=sizes.watched,
        )
        delays, detail = _delays(done["made"], ask)
        return delays, {"changes each second": round(done["rate"]), **detail}


def _dies(who: str, place: _Place, result: tuple[list[float], dict[str, Any]]) -> Row:
    title = f"{who}: {place.kind} stale after its owner died, {place.rows:,} rows"
    delays, detail = result
    return Row(f"{who}-dies-{place.kind}", title, "ms", delays, "p99", _DIES_MS, detail)


def _appears(who: str, place: _Place, result: tuple[list[float], dict[str, Any]]) -> Row:
    title = f"{who}: {place.kind} appears in churn, {place.rows:,} rows"
    delays, detail = result
    return Row(f"{who}-appears-{place.kind}", title, "ms", delays, "p99", _APPEARS_MS, detail)


def monitor(setting: Setting) -> list[Row]:
    """Until the monitor hands out the batch: what the window adds is in the rows of the window."""
    rows: list[Row] = []
    for kind in ("socket", "lock"):
        with setting.world() as world:
            place = _Place(setting, world, kind)
            with Helper("monitor_child", setting.folder(), place.root) as watcher:
                if (known := watcher.ask("rows")) != place.rows:
                    raise BenchError(f"{known} rows instead of {place.rows}")
                time.sleep(setting.sizes.settle)
                rows.append(
                    _dies("monitor", place, place.deaths(lambda _: None, lambda: watcher.ask("times")))
                )
                rows.append(_appears("monitor", place, place.churn(lambda: watcher.ask("times"))))
        setting.forget(place.root)
    return rows


def window(setting: Setting) -> list[Row]:
    """Until the row is painted, in the real window; and how long its loop ever stood still meanwhile."""
    rows: list[Row] = []
    for kind in ("socket", "lock"):
        with setting.world() as world:
            place = _Place(setting, world, kind)
            with Window(setting, place.root) as shown:
                shown.until_ready(kind, place.rows)
                time.sleep(setting.sizes.settle)
                shown.ask("show", kind=kind)
                rows.append(_dies("window", place, place.deaths(partial(shown.reveal, kind), shown.times)))
                shown.ask("show", kind=kind)
                shown.ask("beat", on=True)
                shown.ask("gaps")
                rows.append(_appears("window", place, place.churn(shown.times)))
                gaps = [max(gap, 0.0) * 1000 for gap in shown.ask("gaps")]
                detail = {
                    "over 16 ms": sum(gap > 16 for gap in gaps),
                    "over 50 ms": sum(gap > 50 for gap in gaps),
                    # Rows that were below the edge of the table when they came: timed without the paint.
                    "off screen": shown.ask("rows", kind=kind)["off_screen"],
                }
                title = f"window: stall of the loop in churn of {kind}s, {place.rows:,} rows"
                rows.append(Row(f"window-stall-{kind}", title, "ms", gaps, "max", _STALL_MS, detail))
        setting.forget(place.root)
    return rows
