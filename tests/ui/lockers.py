"""Real lock files for the window: held, left over, waiting for a person, with a tool of their own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

HOLD = """
import fcntl, sys, time
kept = []
for word in sys.argv[1:]:
    how, path = word.split(":", 1)
    kept.append(open(path, "a"))
    (fcntl.flock if how == "flock" else fcntl.lockf)(kept[-1], fcntl.LOCK_EX)
print("ready", flush=True)
sys.stdin.read()
"""


def dead_pid() -> int:
    """The number of a process that has just ended."""
    code = "import os; print(os.getpid())"
    return int(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout)


class Lockers:
    """Processes that hold locks below one directory; they end with it."""

    def __init__(self, folder: Path, programs: Path) -> None:
        self._folder = folder
        self._programs = programs
        self._processes: list[subprocess.Popen[str]] = []

    def hold(self, program: str, *words: str) -> list[bytes]:
        """A process of that name that holds these (``flock:a.lock``); returns their paths."""
        link = self._programs / program
        self._programs.mkdir(exist_ok=True)
        if not link.exists():
            link.symlink_to(sys.executable)
        paths = [self._folder / word.partition(":")[2] for word in words]
        for path in paths:
            path.parent.mkdir(parents=True, exist_ok=True)
        named = [f"{word.partition(':')[0]}:{path}" for word, path in zip(words, paths, strict=True)]
        process = subprocess.Popen(
            [str(link), "-c", HOLD, *named], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._processes.append(process)
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "ready"
        return [os.fsencode(path) for path in paths]

    def write(self, name: str, text: str) -> bytes:
        """A file whose content is the lock."""
        path = self._folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return os.fsencode(path)

    def git(self, repository: str) -> bytes:
        """``index.lock`` of a repository in which nobody works: nothing proves it left over."""
        for name in ("objects", "refs"):
            (self._folder / repository / ".git" / name).mkdir(parents=True)
        self.write(f"{repository}/.git/HEAD", "ref: refs/heads/main\n")
        return self.write(f"{repository}/.git/index.lock", "")

    def mercurial(self, repository: str) -> bytes:
        """Mercurial's lock of a process that is gone: its own command takes it away."""
        store = self._folder / repository / ".hg" / "store"
        store.mkdir(parents=True)
        link = store / "lock"
        link.symlink_to(f"{socket.gethostname()}:{dead_pid()}")
        return os.fsencode(link)

    def close(self) -> None:
        for process in self._processes:
            process.communicate()
        self._processes.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
