"""``./packaging/bench``: every row of the table of benchmarks, side by side in one run.

The bars are ratios and latencies on the machine at hand, so nothing here is a test: a missed bar is said, not
an error.  Exit status: 0 when everything was measured, 1 when something could not be, 2 for a wrong option.
"""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import psutil

from tests.bench import scanning, watching, windows
from tests.bench.peers import peers
from tests.bench.rows import BenchError, Row, report, table
from tests.bench.setting import QUICK, Setting, Sizes, opened

GROUPS: Final[dict[str, tuple[Callable[[Setting], list[Row]], str]]] = {
    "scan-sockets": (scanning.sockets, "whole scans of sockets against a C loop, and how they grow"),
    "scan-locks": (scanning.locks, "the same for lock files with content"),
    "peers": (peers, "ss, lsof, fuser, lslocks and a stream probe on the same tree"),
    "monitor": (watching.monitor, "an owner dies, something appears: until the monitor's batch"),
    "window": (watching.window, "the same until the row is painted, and stalls of the window"),
    "act": (windows.act, "one act, click to outcome, journal on disk"),
    "idle": (windows.idle, "CPU of a window with quiet rows"),
    "memory": (windows.memory, "memory of a window"),
    "start": (windows.start, "start to first rows"),
}
#: Above this share of all cores in use by others, latencies say little.
_BUSY: Final = 10.0


def _arguments(words: Sequence[str]) -> argparse.Namespace:
    names = "\n".join(f"  {name:<14}{what}" for name, (_measure, what) in GROUPS.items())
    parser = argparse.ArgumentParser(
        prog="packaging/bench",
        description="Measures racewatch against the bars of its design.",
        epilog=f"groups:\n{names}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help="small sizes: whether it works, not how fast")
    parser.add_argument(
        "--only", nargs="+", metavar="NAME", choices=GROUPS, default=list(GROUPS), help="only these groups"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all numbers to FILE as well")
    return parser.parse_args(words)


def _measured(name: str, setting: Setting) -> list[Row]:
    measure, what = GROUPS[name]
    began = time.monotonic()
    try:
        rows = measure(setting)
    except (BenchError, OSError, subprocess.SubprocessError) as error:
        # One group that cannot be measured here must not cost the others.
        rows = [Row(name, what, "", bar=0.0, problem=str(error))]
    print(f"{name}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    return rows


def main(words: Sequence[str]) -> int:
    """Measure, print, write."""
    arguments = _arguments(words)
    # Ended from outside it tidies up as well: a tree of a hundred thousand nodes is memory.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    busy = psutil.cpu_percent(1.0)
    if busy > _BUSY:
        print(f"{busy:.0f} % of this machine is in use already: expect worse numbers", file=sys.stderr)
    rows: list[Row] = []
    with opened(QUICK if arguments.quick else Sizes()) as setting:
        for name in arguments.only:
            rows += _measured(name, setting)
    print(table(rows))
    if arguments.json is not None:
        written = report(rows, quick=arguments.quick, busy=busy)
        arguments.json.write_text(json.dumps(written, indent=1) + "\n", encoding="utf-8")
    return 1 if any(row.problem is not None and row.bar is not None for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
