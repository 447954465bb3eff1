"""The real window as a process: one act, idle CPU, memory, start."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from tests.bench.helpers import Helper
from tests.bench.rows import BenchError, Row, percentile
from tests.bench.setting import Setting
from tests.bench.world import LIVE_OF, lock_path, socket_path

_ACT_MS: Final = 25.0
_IDLE_PERCENT: Final = 1.0
_MEMORY_MB: Final = (200.0, 450.0)
_START_S: Final = 1.0
_READY: Final = 240.0


class Window(Helper):
    """``racewatch gui ROOT`` on the offscreen platform; ``launched`` is when its process was asked for."""

    def __init__(self, setting: Setting, root: str, environment: dict[str, str] | None = None) -> None:
        environment = environment or setting.environment()
        self.launched = time.monotonic()
        super().__init__("window_child", root, environment=environment)

    def times(self) -> Any:
        """What was seen of the watched things since last asked."""
        return self.ask("times")

    def reveal(self, kind: str, path: str) -> None:
        """Scroll to the row of this."""
        if not self.ask("reveal", kind=kind, path=path):
            raise BenchError(f"there is no row of {path}")

    def until_ready(self, kind: str, rows: int) -> None:
        """Wait for the end of the first look; it must have found all."""
        until = time.monotonic() + _READY
        while not (now := self.ask("rows", kind=kind))["ready"]:
            if time.monotonic() > until:
                raise BenchError(f"not ready after {_READY:.0f} s: {now}")
            time.sleep(0.1)
        if now["rows"] != rows:
            raise BenchError(f"{now['rows']} rows instead of {rows}")

    def cpu(self) -> float:
        """CPU seconds of all its threads until now."""
        # The clock of another process: clock_getcpuclockid(3) is this arithmetic, and Python has no name for it.
        return time.clock_gettime((~self.pid << 3) | 2)

    def memory(self) -> dict[str, float]:
        """MB: resident now (``VmRSS``), at most so far (``VmHWM``), and of that shared with files."""
        status = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
        lines = dict(line.split(":", 1) for line in status.splitlines())
        return {
            name: int(lines[key].split()[0]) * 1024 / 1e6
            for name, key in (("now", "VmRSS"), ("peak", "VmHWM"), ("file", "RssFile"))
        }


def act(setting: Setting) -> list[Row]:
    """Click to outcome, in a window of many rows, journal on a disk."""
    return [_acts(setting, "socket", socket_path), _acts(setting, "lock", lock_path)]


def _acts(setting: Setting, kind: str, path_of: Callable[[str, int], str]) -> Row:
    sizes = setting.sizes
    root = setting.tree()
    dead = [number for number in range(sizes.middle) if number % LIVE_OF]
    wanted = [path_of(root, number) for number in dead[:: max(1, len(dead) // sizes.acts)][: sizes.acts]]
    took: list[float] = []
    disk: list[float] = []
    problem = None
    try:
        with setting.world() as world:
            world.ask(f"{kind}s", root=root, count=sizes.middle)
            with (
                Window(setting, root) as window,
                open(os.path.join(setting.folder(), "sync"), "wb", 0) as file,
            ):
                window.until_ready(kind, sizes.middle)
                window.ask("show", kind=kind)
                time.sleep(sizes.settle)
                for path in wanted:
                    took.append(window.ask("act", kind=kind, path=path) * 1000)
                    disk.append(_synced(file.fileno()) * 1000)
        if left := sum(os.path.lexists(path) for path in wanted):
            problem = f"{left} were not removed"
    except BenchError as error:
        # A window that ends in the middle is a result as well: what it did until then stays in the row.
        problem = f"after {len(took)} acts: {error}"
    setting.forget(root)
    title = f"act on a {kind}, click to outcome, {sizes.middle:,} rows"
    sync = "one write and fdatasync of 16 KB beside each"
    shares = (("p50", 0.5), ("p99", 0.99)) if disk else ()
    detail = {f"{sync}, {word}": percentile(disk, share) for word, share in shares}
    return Row(f"act-{kind}", title, "ms", took, "p99", _ACT_MS, detail, problem)


def _synced(fd: int) -> float:
    """Seconds of what an act asks of the disk twice."""
    began = time.monotonic()
    os.write(fd, bytes(16384))
    os.fdatasync(fd)
    return time.monotonic() - began


def idle(setting: Setting) -> list[Row]:
    """CPU of a window whose rows are quiet, second by second; and its memory then."""
    sizes = setting.sizes
    root = setting.tree()
    shares: list[float] = []
    with setting.world() as world:
        world.ask("sockets", root=root, count=sizes.middle)
        with Window(setting, root) as window:
            window.until_ready("socket", sizes.middle)
            time.sleep(sizes.calm)
            began = time.monotonic()
            before, at = window.cpu(), began
            while at - began < sizes.idle:
                time.sleep(min(1.0, sizes.idle / 3))
                now, used = time.monotonic(), window.cpu()
                shares.append((used - before) / (now - at) * 100)
                before, at = used, now
    setting.forget(root)
    title = f"idle, {sizes.middle:,} quiet rows"
    return [Row("idle", title, "%", shares, "mean", _IDLE_PERCENT)]


def memory(setting: Setting) -> list[Row]:
    """Resident memory of the whole window after its first look, all pages counted."""
    rows: list[Row] = []
    sizes = setting.sizes
    for count, bar in zip((sizes.middle, sizes.large), _MEMORY_MB, strict=True):
        root = setting.tree()
        with setting.world() as world:
            world.ask("sockets", root=root, count=count)
            with Window(setting, root) as window:
                window.until_ready("socket", count)
                time.sleep(sizes.settle)
                seen = window.memory()
        setting.forget(root)
        detail = {"peak MB": seen["peak"], "of it files (Qt, Python) MB": seen["file"]}
        rows.append(
            Row(f"memory-{count}", f"memory at {count:,} rows", "MB", [seen["now"]], "max", bar, detail)
        )
    return rows


def start(setting: Setting) -> list[Row]:
    """From starting the process to the first rows painted."""
    sizes = setting.sizes
    root = setting.tree()
    environment = setting.environment()
    first: list[float] = []
    with setting.world() as world:
        world.ask("sockets", root=root, count=sizes.middle)
        for number in range(sizes.starts + 1):
            with Window(setting, root, environment) as window:
                window.until_ready("socket", sizes.middle)
                painted = window.ask("first")["painted"] - window.launched
            if number:  # the very first one compiles
                first.append(painted)
    setting.forget(root)
    title = f"start to first rows, {sizes.middle:,} there"
    return [Row("start", title, "s", first, "p99", _START_S)]
