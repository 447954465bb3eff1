"""Boxes for tests: ``box.sh`` from Python, and a run of pytest in one.

In a box runtimes and engines have their default places, and control groups are of one version (see
``box.sh``).  Whatever tests are run in one see ``tests.containers.support.BOX``, and :class:`Machine` then uses
the runtimes' own state roots, which racewatch has to find by itself.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

HERE: Final = Path(__file__).parent
SCRIPT: Final = HERE / "box.sh"
CHECKOUT: Final = HERE.parents[1]
VERSIONS: Final = ("v2", "v1")
#: How ``box.sh`` says that this machine cannot have one.
_CANNOT: Final = 77


def start(version: str, *command: str) -> subprocess.Popen[bytes]:
    """A command in a box of this version; its output, of both kinds, can be read from it."""
    return subprocess.Popen(
        [SCRIPT, version, *command],
        cwd=CHECKOUT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def end(box: subprocess.Popen[bytes]) -> None:
    """End a box and whatever is in it, if it did not end by itself."""
    if box.poll() is None:
        box.send_signal(signal.SIGTERM)
        box.communicate()
    assert box.stdout is not None
    box.stdout.close()


def in_box(version: str, *command: str) -> str:
    """Run a command in a box, to its end, and return what it said; skips where there cannot be a box."""
    box = start(version, *command)
    try:
        said = box.communicate()[0].decode(errors="replace")
    finally:
        end(box)  # of a test that is interrupted nothing stays either
    if box.returncode == _CANNOT:
        pytest.skip(said.strip().splitlines()[-1])
    assert box.returncode == 0, said
    return said


@dataclass(frozen=True, slots=True)
class Ran:
    """What a run of pytest in a box came to."""

    passed: int
    skipped: dict[str, int]


def pytest_in_box(version: str, tests: Sequence[str], *, long: bool = False) -> Ran:
    """Run these tests of this folder in a box; all that fails there fails here, with its words."""
    with tempfile.TemporaryDirectory(prefix="rw-box-") as folder:
        report = Path(folder) / "report.xml"
        words = ["-q", "-p", "no:cacheprovider", "--no-header", "--tb=short", f"--junitxml={report}"]
        if long:
            words.append("--long")
        in_box(version, sys.executable, "-m", "pytest", *words, *(os.fspath(HERE / one) for one in tests))
        cases = list(ET.parse(report).iter("testcase"))
    skipped: dict[str, int] = {}
    for case in cases:
        found = case.find("skipped")
        if found is not None:
            why = found.get("message", "")
            skipped[why] = skipped.get(why, 0) + 1
    passed = len(cases) - sum(skipped.values())
    assert passed, f"no test ran in the box: {skipped}"
    return Ran(passed, skipped)
