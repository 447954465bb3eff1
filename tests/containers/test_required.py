"""Where runtimes must run (``.ci/run``), a test that cannot have one fails instead of being skipped."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from racewatch.kinds.containers.state import Runtime
from tests.containers.support import why_not as why_no_runtime

CHECKOUT = Path(__file__).parents[2]
TESTS = {
    "runc": "tests/containers/test_states.py::test_looking_never_opens_the_fifo[runc]",
    "crun": "tests/containers/test_states.py::test_looking_never_opens_the_fifo[crun]",
    "podman": "tests/containers/test_engine_real.py::test_volumes_stay[podman]",
}


WAYS = [(program, how) for program in TESTS for how in ("missing", "broken")]
#: One stands for all in the default run: each starts a pytest of its own.
SHORT = {("podman", "broken")}


@pytest.mark.parametrize(
    ("program", "how"),
    [one if one in SHORT else pytest.param(*one, marks=pytest.mark.long) for one in WAYS],
)
def test_without_one_of_the_three_a_required_run_fails(tmp_path: Path, program: str, how: str) -> None:
    if why_no_runtime(Runtime.RUNC) is not None:
        pytest.skip("needs root and runc, so that only the one that is taken away is missing")
    path = tmp_path / "bin"
    path.mkdir()
    # Everything that can be found now, but for that one.
    for folder in reversed(os.environ["PATH"].split(os.pathsep)):
        for tool in Path(folder).glob("*") if os.path.isdir(folder) else ():
            (path / tool.name).unlink(missing_ok=True)
            (path / tool.name).symlink_to(tool)
    (path / program).unlink(missing_ok=True)
    if how == "broken":
        (path / program).write_text("#!/bin/sh\nexit 1\n")
        (path / program).chmod(0o755)
    environment = {**os.environ, "PATH": str(path), "RACEWATCH_RUNTIMES": "required"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", TESTS[program]]
    ran = subprocess.run(command, cwd=CHECKOUT, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 1, ran.stdout
    assert "skipped" not in ran.stdout
