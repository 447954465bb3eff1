"""The adversaries of one contest: processes of their own, heard while they run, ended by their standard input."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from types import TracebackType
from typing import Final, Self

from racewatch.drill.contest import ContestName

_PATIENCE_S: Final = 20.0


class DrillError(Exception):
    """The drill could not be held; the message says why, in plain words."""


class _Adversary:
    """One process, and what it said last."""

    def __init__(self, words: Sequence[str]) -> None:
        self.process = subprocess.Popen(
            words, bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE, process_group=0
        )
        self._begun = b""
        self.said: dict[str, int] = {}
        self.ready = False

    def begin(self) -> None:
        """Wait until it stands."""
        assert self.process.stdout is not None
        if self.process.stdout.readline() != b"ready\n":
            raise DrillError("a process of the drill could not be started")
        # From here on it is heard without waiting, and without a buffer that could hide what it said.
        os.set_blocking(self.process.stdout.fileno(), False)

    def hear(self) -> None:
        """Take in what it has said since."""
        assert self.process.stdout is not None
        with contextlib.suppress(BlockingIOError):
            while piece := os.read(self.process.stdout.fileno(), 65536):
                self._take(piece)

    def _take(self, piece: bytes) -> None:
        *lines, self._begun = (self._begun + piece).split(b"\n")
        if lines:
            try:
                self.said = json.loads(lines[-1])
            except ValueError as error:
                raise DrillError("a process of the drill said what nobody understands") from error

    def end(self) -> None:
        """Close its standard input: it stops, and says for the last time what it saw."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.stdin = None
        os.set_blocking(self.process.stdout.fileno(), True)

    def hear_the_last(self) -> None:
        """Wait for that."""
        try:
            self._take(self.process.communicate(timeout=_PATIENCE_S)[0])
        except subprocess.TimeoutExpired:
            self.said = {}
        if not self.said.get("over"):
            raise DrillError("a process of the drill ended without a word about what it saw")


class Crowd:
    """One adversary for each path, from ``with`` to its end."""

    def __init__(self, name: ContestName, paths: Sequence[str], states: str) -> None:
        self._words = [
            [sys.executable, "-m", "racewatch.drill.adversary", name.value, path, states] for path in paths
        ]
        self._running: list[_Adversary] = []

    def __enter__(self) -> Self:
        try:
            for words in self._words:
                self._running.append(_Adversary(words))
            for one in self._running:
                one.begin()
        except BaseException:
            self._release()
            raise
        return self

    def so_far(self) -> tuple[int, int]:
        """Lives and losses up to about now."""
        for one in self._running:
            one.hear()
        return self._sum()

    def end(self) -> tuple[int, int]:
        """End them all; the lives and losses there were.  Raises :class:`DrillError`."""
        for one in self._running:
            one.end()
        for one in self._running:
            one.hear_the_last()
        return self._sum()

    def _sum(self) -> tuple[int, int]:
        said = [one.said for one in self._running]
        return sum(one.get("lives", 0) for one in said), sum(one.get("lost", 0) for one in said)

    def _release(self) -> None:
        for one in self._running:
            for stream in (one.process.stdin, one.process.stdout):
                if stream is not None:
                    stream.close()
            # It ends by itself with its standard input; nothing is ever signalled.
            with contextlib.suppress(subprocess.TimeoutExpired):
                one.process.wait(_PATIENCE_S)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._release()
