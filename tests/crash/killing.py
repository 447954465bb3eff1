"""Killing a process on entry of one chosen system call: ``strace``'s fault injection.

The victim is forked and waits; strace attaches, and counts from there; then it goes.  What it would
do after the system call it never does, and the call itself does not happen: together with the kill on
entry of the one before, every state that a crash can leave on the machine occurs.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import select
import shutil
import signal
import subprocess
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

DEADLINE_S = 60.0
needs_strace = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
_PR_SET_PTRACER = 0x59616D61

# A victim that fails by itself (an assertion in it, a bug) is no crash.
BROKEN = 113


class Victim:
    """A forked process that waits until it is told to go; ``ask`` is called back in our process."""

    def __init__(self, work: Callable[[Callable[[], None]], None], ask: Callable[[], None]) -> None:
        self._ask = ask
        go_in, self._go = os.pipe()
        self._asked, ask_out = os.pipe()
        answer_in, self._answer = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                os.close(self._go)
                # Where the Yama module restricts tracing, the tracer must be allowed by name.
                ctypes.CDLL(None).prctl(_PR_SET_PTRACER, ctypes.c_ulong(-1), 0, 0, 0)
                os.read(go_in, 1)

                def ask_outside() -> None:
                    os.write(ask_out, b"?")
                    os.read(answer_in, 1)

                work(ask_outside)
            except BaseException:  # noqa: BLE001 - told on standard error, and by the exit status
                traceback.print_exc()
                os._exit(BROKEN)
            finally:
                os._exit(0)
        for fd in (go_in, ask_out, answer_in):
            os.close(fd)
        self._pidfd = os.pidfd_open(self.pid)

    def run(self) -> int:
        """Let it go, answer what it asks, return its exit code (negative: the signal that killed it)."""
        os.close(self._go)
        self._go = -1
        ended = False
        while not ended:
            ready = select.select([self._asked, self._pidfd], [], [], DEADLINE_S)[0]
            if not ready:
                raise AssertionError("the victim neither ends nor asks")
            ended = self._pidfd in ready
            # At the end of a victim both are ready, and there is nothing to read.
            if self._asked in ready and os.read(self._asked, 1):
                self._ask()
                # It may have been killed where it waits for this very answer.
                with contextlib.suppress(BrokenPipeError):
                    os.write(self._answer, b"!")
        _, status = os.waitpid(self.pid, 0)
        self.pid = -1
        return os.waitstatus_to_exitcode(status)

    def close(self) -> None:
        if self.pid > 0:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        for fd in (self._go, self._asked, self._answer, self._pidfd):
            if fd >= 0:
                os.close(fd)


class Tracer:
    """strace, attached; ``inject`` is its expression, or None to only list the calls.

    ``children``: what it starts is traced, and killed, too.
    """

    def __init__(self, victim: Victim, output: Path, inject: str | None, *, children: bool = True) -> None:
        command = ["strace", *(["-f"] if children else []), "-p", str(victim.pid), "-o", str(output)]
        if inject is not None:
            command += ["-e", f"trace={inject.partition(':')[0]}", "-e", f"inject={inject}"]
        self._process = subprocess.Popen(command, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
        assert self._process.stderr is not None
        said = self._process.stderr.readline()
        while said and b"attached" not in said:
            said = self._process.stderr.readline()
        if not said:
            self.close()
            pytest.skip("strace may not attach to a process here")

    def close(self) -> None:
        self._process.communicate(timeout=DEADLINE_S)


_CALL = re.compile(r"(?:\d+ +)?([a-z_0-9]+)\(")


def lines_in(output: Path) -> list[tuple[str, int, str]]:
    """Each system call of a trace: its name, how often it was made up to there, and the trace's line."""
    counts: Counter[str] = Counter()
    found = []
    for line in output.read_text(errors="replace").splitlines():
        match = _CALL.match(line)
        # The first read is the one it waits in while strace attaches.
        if match is None or match[1] in ("exit_group", "restart_syscall"):
            continue
        counts[match[1]] += 1
        found.append((match[1], counts[match[1]], line))
    return found


def calls_in(output: Path) -> list[tuple[str, int]]:
    """The same without the lines: (name, N of that name)."""
    return [(name, count) for name, count, _ in lines_in(output)]
