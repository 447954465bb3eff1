"""The bench itself works: small runs end well, and what they write is whole.  How fast anything is, is no test."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from tests.bench.__main__ import GROUPS
from tests.bench.rows import Row, percentile, table

ROOT = Path(__file__).resolve().parents[2]
FLOORS = ("floor_sockets", "floor_locks")

needs_compiler = pytest.mark.skipif(
    shutil.which("gcc") is None, reason="there is no gcc for the floor programs"
)


def bench(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.bench", *words],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


def left_behind() -> set[Path]:
    return {folder for place in ("/dev/shm", tempfile.gettempdir()) for folder in Path(place).glob("rwb-*")}


@needs_compiler
@pytest.mark.parametrize(
    ("groups", "names"),
    [
        (
            ("scan-sockets", "scan-locks"),
            [
                *(f"scan-sockets-{count}" for count in (200, 500, 1000)),
                "growth-sockets",
                *(f"scan-locks-{count}" for count in (200, 500, 1000)),
                "growth-locks",
            ],
        ),
        pytest.param(("idle", "start"), ["idle", "start"], marks=pytest.mark.long),
    ],
    ids=["scans", "window"],
)
def test_a_quick_run_writes_every_number(tmp_path: Path, groups: tuple[str, ...], names: list[str]) -> None:
    before = left_behind()
    file = tmp_path / "numbers.json"
    done = bench("--quick", "--only", *groups, "--json", str(file))
    assert done.returncode == 0, done.stderr + done.stdout
    written: dict[str, Any] = json.loads(file.read_text())
    assert (written["schema"], written["quick"]) == (1, True)
    assert [row["name"] for row in written["rows"]] == names
    for row in written["rows"]:
        assert row["n"] > 0, row
        assert row["problem"] is None, row
        assert row["min"] <= row["p50"] <= row["p99"] <= row["max"], row
        assert row["met"] is (None if row["bar"] is None else row[row["judged"]] <= row["bar"]), row
        assert row["title"] in done.stdout
    assert left_behind() == before


def test_help_names_every_group() -> None:
    done = bench("--help")
    assert done.returncode == 0
    assert all(name in done.stdout for name in GROUPS)


def test_an_unknown_group_is_a_wrong_option() -> None:
    assert bench("--only", "nothing-like-this").returncode == 2


@needs_compiler
@pytest.mark.parametrize("name", FLOORS)
def test_the_floor_programs_compile_without_a_warning(tmp_path: Path, name: str) -> None:
    source = Path(__file__).with_name(f"{name}.c")
    subprocess.run(
        ["gcc", "-O2", "-Wall", "-Wextra", "-Werror", "-o", str(tmp_path / name), str(source)], check=True
    )


def test_a_percentile_is_a_value_that_occurred() -> None:
    assert percentile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert percentile([1.0, 9.0], 0.99) == 9.0
    assert percentile(list(map(float, range(1, 101))), 0.99) == 99.0
    assert percentile([5.0], 0.0) == 5.0


def test_what_could_not_be_measured_is_not_met_and_says_why() -> None:
    row = Row("act", "one act", "ms", bar=25.0, problem="there is no window")
    assert row.met is False
    assert "not measured: there is no window" in table([row])


@pytest.mark.parametrize(("values", "word"), [([1.0, 2.0], "met"), ([1.0, 3.0], "MISSED")])
def test_the_bar_belongs_to_the_statistic_that_is_judged(values: list[float], word: str) -> None:
    assert table([Row("x", "x", "ms", values, "max", 2.0)]).endswith(word)
