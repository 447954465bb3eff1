"""The program around the window: starting, signals, ending in time, the last resort for errors."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from racewatch.ui import resources
from tests.ui.sandbox import Sandbox

ROOT = Path(__file__).resolve().parents[2]


def start(sandbox: Sandbox, tmp_path: Path, *more: str) -> subprocess.Popen[str]:
    words = [
        sys.executable,
        "-X",
        "dev",
        "-m",
        "tests.ui.launch",
        os.fsdecode(sandbox.folder),
        str(tmp_path / "s"),
    ]
    return subprocess.Popen(
        [*words, *more], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def catches(pid: int, number: signal.Signals) -> bool:
    """Whether a process has a handler for a signal."""
    status = dict(line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return bool(int(status["SigCgt"], 16) >> (number - 1) & 1)


def watching(process: subprocess.Popen[str], place: Path) -> None:
    """Wait until the window hears signals and has a monitor (an inotify descriptor)."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        assert process.poll() is None, process.communicate()
        try:
            links = [
                os.readlink(f"/proc/{process.pid}/fd/{fd}") for fd in os.listdir(f"/proc/{process.pid}/fd")
            ]
        except FileNotFoundError:
            links = []
        if any("inotify" in link for link in links) and catches(process.pid, signal.SIGTERM):
            return
        time.sleep(0.02)
    raise AssertionError("the window did not start to watch")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_in_a_second_and_cleanly(
    sandbox: Sandbox, tmp_path: Path, number: signal.Signals
) -> None:
    sandbox.dead(b"x.sock")
    process = start(sandbox, tmp_path)
    watching(process, tmp_path)
    begun = time.monotonic()
    process.send_signal(number)
    out, errors = process.communicate(timeout=20)
    took = time.monotonic() - begun
    assert process.returncode == 0
    assert "Traceback" not in errors
    assert "Warning" not in errors
    assert out == ""
    # Under a second by itself; the rest is the interpreter's own end on a busy machine.
    assert took < 3.0


def test_what_is_shipped_is_found_and_what_is_not_is_told() -> None:
    assert resources.path("icons/stale.svg").is_file()
    with pytest.raises(FileNotFoundError, match="not completely installed"):
        resources.path("icons/none.svg")
