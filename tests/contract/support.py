"""The real program as a process, and real sockets in a short folder on a local file system."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
DEADLINE_S = 60.0


def environment(**changes: str) -> dict[str, str]:
    """What the program is run with: no display, no colour wishes, output that is buffered, this tree."""
    looks = {"NO_COLOR", "FORCE_COLOR", "COLUMNS"}
    unwanted = {"DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM", "PYTHONUNBUFFERED", *looks}
    kept = {name: value for name, value in os.environ.items() if name not in unwanted}
    return {**kept, "PYTHONPATH": str(ROOT), "TERM": "xterm-256color", **changes}


def full_pipe() -> tuple[int, int]:
    """The ends of a pipe that takes nothing more: whoever writes to it waits for a reader."""
    read, write = os.pipe()
    os.set_blocking(write, False)
    while True:
        try:
            os.write(write, b"x" * 4096)
        except BlockingIOError:
            break
    os.set_blocking(write, True)
    return read, write


PROGRAM = (sys.executable, "-m", "racewatch")


@dataclass(frozen=True)
class Run:
    """How one run ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as JSON: exactly one line."""
        assert self.out.count("\n") == 1, self.out
        return json.loads(self.out)

    @property
    def complaint(self) -> str:
        """Standard error, which must be exactly one line of ours without a traceback."""
        assert self.err.startswith("racewatch: "), self.err
        assert self.err.count("\n") == 1, self.err
        assert self.err[:-1].isprintable()
        return self.err


class Program:
    """Runs racewatch to its end."""

    def __call__(
        self,
        *words: str | bytes,
        stdin: bytes = b"",
        env: Mapping[str, str] | None = None,
        cwd: str | None = None,
    ) -> Run:
        done = subprocess.run(
            [*PROGRAM, *words],
            input=stdin,
            capture_output=True,
            env=environment(**(env or {})),
            timeout=DEADLINE_S,
            cwd=cwd,
            check=False,
        )
        run = Run(done.returncode, done.stdout.decode(), done.stderr.decode())
        assert "Traceback" not in run.err
        return run


@dataclass
class Things:
    """A folder in which sockets of each state are made; ``open`` ones live as long as the test."""

    folder: str
    kept: list[socket.socket] = field(default_factory=list)

    def path(self, name: str | bytes) -> str:
        return os.path.join(self.folder, os.fsdecode(name))

    def bound(self, name: str | bytes, kind: int = socket.SOCK_STREAM) -> socket.socket:
        sock = socket.socket(socket.AF_UNIX, kind)
        self.kept.append(sock)
        sock.bind(self.path(name))
        return sock

    def live(self, name: str | bytes) -> str:
        self.bound(name).listen()
        return self.path(name)

    def dead(self, name: str | bytes, kind: int = socket.SOCK_STREAM) -> str:
        self.bound(name, kind).close()
        return self.path(name)

    def names(self) -> Sequence[str]:
        return sorted(os.listdir(self.folder))

    def close(self) -> None:
        for sock in self.kept:
            sock.close()
