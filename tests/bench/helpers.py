"""Processes of the bench that answer one JSON line for each JSON line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from tests.bench.rows import BenchError

TREE: Final = Path(__file__).resolve().parents[2]
_PATIENCE: Final = 300.0
_ENDING: Final = 10.0
#: What the offscreen platform says to each dialog.
_NOISE: Final = "This plugin does not support propagateSizeHints()\n"


class Helper:
    """One module of the bench as a process of its own; ended and waited for with the block."""

    def __init__(
        self,
        module: str,
        *arguments: str,
        options: tuple[str, ...] = (),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._name = module
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as the process, closed with it
        self._process = subprocess.Popen(
            [sys.executable, *options, "-m", f"tests.bench.{module}", *arguments],
            cwd=TREE,
            env={**os.environ, "PYTHONPATH": str(TREE), **(environment or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
        )

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.close()
        except BrokenPipeError:
            pass  # it ended before us; its status is looked at below
        try:
            status = self._process.wait(_ENDING)
        except subprocess.TimeoutExpired:
            self._process.kill()
            status = self._process.wait()
        self._process.stdout.close()
        try:
            if status != 0 and kind is None:
                raise BenchError(f"{self._name} ended with {status}: {self._said()}")
        finally:
            self._errors.close()

    def _end(self) -> str:
        try:
            return f"it ended with {self._process.wait(_ENDING)}"
        except subprocess.TimeoutExpired:
            return "it is still running"

    def _said(self) -> str:
        """The first line of what it complained about; all of it, with the paths of this machine, goes to people."""
        self._errors.seek(0)
        words = self._errors.read().decode(errors="replace").replace(_NOISE, "").strip()
        if words:
            print(words, file=sys.stderr)
        return words.partition("\n")[0] or "it said nothing"

    def ask(self, do: str, *, patience: float = _PATIENCE, **arguments: Any) -> Any:
        """The answer to one question."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        # Killing it is what ends a read that would wait for ever.
        watchdog = threading.Timer(patience, self._process.kill)
        watchdog.daemon = True
        watchdog.start()
        try:
            self._process.stdin.write(json.dumps({"do": do, **arguments}).encode() + b"\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = b""
        finally:
            watchdog.cancel()
        if not line:
            raise BenchError(f"{self._name} did not answer to {do!r} ({self._end()}): {self._said()}")
        answer = json.loads(line)
        if isinstance(answer, dict) and "problem" in answer:
            raise BenchError(f"{self._name}, {do}: {answer['problem']}")
        return answer
