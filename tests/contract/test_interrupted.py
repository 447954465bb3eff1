"""Ctrl+C ends the program, even when nobody reads what it prints."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.contract.support import DEADLINE_S, PROGRAM, Things, environment, full_pipe

_WRITES_TO_STDOUT = "1 0x1 "


@pytest.mark.parametrize("words", [["formats"], ["demo", "--list"]], ids=" ".join)
def test_ctrl_c_ends_a_program_whose_output_nobody_reads(things: Things, words: list[str]) -> None:
    read, write = full_pipe()
    process = subprocess.Popen(
        [*PROGRAM, *words],
        stdout=write,
        stderr=subprocess.DEVNULL,
        env=environment(XDG_RUNTIME_DIR=things.folder),
    )
    os.close(write)
    try:
        deadline = time.monotonic() + DEADLINE_S
        while not Path(f"/proc/{process.pid}/syscall").read_text().startswith(_WRITES_TO_STDOUT):
            assert process.poll() is None
            assert time.monotonic() < deadline, "it does not print"
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=DEADLINE_S) == 130
    finally:
        os.close(read)
        if process.poll() is None:
            process.kill()
            process.wait()


_FORKS = """
import os, signal
from racewatch.cli.actors import fork

os.register_at_fork(before=lambda: os.kill(os.getpid(), signal.SIGINT))
children = []
try:
    if fork(children):
        os._exit(0)
    print("not heard")
except KeyboardInterrupt:
    print("heard")
os.waitpid(*children, 0)
"""


def test_ctrl_c_in_the_moment_of_a_fork_is_heard() -> None:
    run = subprocess.run(
        [sys.executable, "-c", _FORKS],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )
    assert (run.stdout, run.stderr, run.returncode) == ("heard\n", "", 0)
