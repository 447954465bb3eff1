"""A process that waits to be set going and goes with the thing: held still while that is decided, then ended.

Race closed: it is set going between the last look and the kill, and a program that somebody started is lost.
A stopped process goes nowhere: what was seen of it while it stands still is true until it is killed, and a
start that comes in between waits, and fails when there is nothing left to start.
Left open: somebody else continues it (``SIGCONT``) and starts it in that very moment.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Self

from racewatch.core.kind import Stop
from racewatch.core.model import OutcomeWord
from racewatch.linux import boot, processes, signals
from racewatch.linux.processes import Life, ProcessId

#: A process that cannot be stopped by then sleeps where nothing reaches it, or its control group is frozen.
_STILL_SECONDS: Final = 2.0
_END_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class Waiter:
    """Which process it is.  With its boot, because the record of it outlives one."""

    process: ProcessId
    boot: str | None

    @classmethod
    def of_this_boot(cls, process: ProcessId) -> Self:
        """A process that was seen just now."""
        return cls(process, boot.take().id)

    def to_json(self) -> dict[str, object]:
        """The journal's form."""
        return {"pid": self.process.pid, "start_ticks": self.process.start_ticks, "boot": self.boot}

    @classmethod
    def read(cls, data: object) -> Self:
        """Parse it; KeyError or ValueError when it is none."""
        if not isinstance(data, Mapping):
            raise ValueError("not a process")  # noqa: TRY004 - one error for bad data
        pid, ticks, of = data["pid"], data["start_ticks"], data["boot"]
        if not isinstance(pid, int) or not isinstance(ticks, int) or not (of is None or isinstance(of, str)):
            raise ValueError("not a process")
        return cls(ProcessId(pid, ticks), of)

    def has_ended(self) -> bool:
        """Whether it is over for good."""
        return boot.take().id != self.boot or processes.alive(self.process) is Life.ENDED

    def wake(self) -> None:
        """Let it go on after a crash of ours, wherever that left it; harmless for one that was not held."""
        if self.has_ended():
            return
        # Not ours any more, or gone this moment: then nobody here can have stopped it either.
        with contextlib.suppress(OSError):
            pidfd = processes.open_pidfd(self.process)
            if pidfd is not None:
                try:
                    signals.let_go(pidfd)
                finally:
                    os.close(pidfd)


@dataclass(slots=True)
class Held:
    """One such process in our hands."""

    waiter: Waiter
    _pidfd: int | None = field(default=None, init=False)
    _is_held: bool = field(default=False, init=False)

    def hold(self) -> Stop | None:
        """Have it stand still.  One that has ended is no reason to stop: the look that follows tells of it."""
        pid = self.waiter.process.pid
        try:
            pidfd = processes.open_pidfd(self.waiter.process)
            if pidfd is None:
                return None
            self._pidfd = pidfd
            # Race: somebody else holds it still, and lets it go, and starts it, while it is in our hands.
            if signals.stands_still(pid) and not self.waiter.has_ended():
                return Stop(
                    OutcomeWord.REFUSED_BUSY,
                    f"not removed, somebody else holds its waiting process still; kill -CONT {pid} lets that go on",
                )
            # Before the signal, not after: an interrupt between the two must not leave it standing.
            self._is_held = True
            if _within(_STILL_SECONDS, lambda: _is_stopped(pidfd, pid)):
                return None
        except ProcessLookupError:
            return None
        except OSError as error:
            return self._stop(
                OutcomeWord.REFUSED_DENIED, f"could not be held still ({error.strerror})", error
            )
        return self._stop(OutcomeWord.REFUSED_UNPROVEN, "could not be held still to make sure that it waits")

    def end(self) -> Stop | None:
        """Kill it, and wait until it has ended."""
        if self._pidfd is None:
            return None
        try:
            with contextlib.suppress(ProcessLookupError):
                signals.end(self._pidfd)
        except OSError as error:
            return self._stop(OutcomeWord.REFUSED_DENIED, f"could not be killed ({error.strerror})", error)
        if signals.has_ended_within(self._pidfd, _END_SECONDS):
            return None
        return self._stop(OutcomeWord.FAILED, "was killed and has not ended")

    def let_go(self) -> None:
        """Let it go on where it stood, if it still can, and let go of it."""
        pidfd, self._pidfd = self._pidfd, None
        if pidfd is None:
            return
        try:
            if self._is_held:
                with contextlib.suppress(OSError):
                    signals.let_go(pidfd)
        finally:
            os.close(pidfd)

    def _stop(self, word: OutcomeWord, what: str, error: OSError | None = None) -> Stop:
        pid = self.waiter.process.pid
        said = None if error is None else str(error)
        return Stop(word, f"not removed, its waiting process (pid {pid}) {what}", error=said)


def _is_stopped(pidfd: int, pid: int) -> bool:
    # Asked for anew each time: a stop that comes while it turns into its program (exec ends all other threads)
    # is lost.  One that stands still already is not stopped twice, and one SIGCONT is enough.
    signals.hold(pidfd)
    return signals.stands_still(pid)


def _within(seconds: float, condition: Callable[[], bool]) -> bool:
    ends = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > ends:
            return False
        time.sleep(0.0005)
    return True
