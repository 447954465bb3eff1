"""This boot, this host, this PID namespace: what old files and recorded processes are compared with.

Sources: ``/proc/sys/kernel/random/boot_id``, ``btime`` of ``/proc/stat``, the nodes that the kernel
makes in ``/dev`` at boot, ``uname``, ``/proc/self/ns``.  Own code: psutil's ``boot_time`` is ``btime``
alone, which moves with every step of the clock.
"""

from __future__ import annotations

import os
import socket
import stat as stat_mode
import time
from dataclasses import dataclass
from typing import Final

#: The inode of the first PID namespace (PROC_PID_INIT_INO): everybody is visible from there only.
_FIRST_PID_NAMESPACE: Final = 0xEFFFFFFC
#: Made by the kernel before any program runs, and never written to since.
_WITNESSES: Final = (b"/dev/null", b"/dev/zero", b"/dev/full", b"/dev/kmsg", b"/dev/mem")
#: How far the clock may have been moved since the boot before file times stop meaning anything.
STEP_SECONDS: Final = 60.0
#: CLOCK_REALTIME_COARSE of linux/time.h, which Python has no name for.
_COARSE: Final = 5


@dataclass(frozen=True, slots=True)
class Boot:
    """What is known of this boot.  None: it could not be seen.

    ``started`` is the boot in today's clock; ``witness`` the oldest trace of this boot in the clock of
    that time.  They differ when the clock was stepped since (a board without a clock, a machine woken
    from a snapshot): then a time before ``started`` may well be of this boot.
    """

    id: str | None
    started: float
    witness: float | None
    host: str
    pid_namespace: int | None

    @property
    def floor(self) -> float | None:
        """Before this moment (of whatever clock) it was another boot; None when nothing witnesses it."""
        return None if self.witness is None else min(self.started, self.witness) - STEP_SECONDS

    @property
    def clock_was_stepped(self) -> bool:
        """True when times of files and of processes cannot be compared (or nobody knows)."""
        return self.witness is None or abs(self.started - self.witness) > STEP_SECONDS

    @property
    def sees_everybody(self) -> bool:
        """True in the first PID namespace: no process and no kernel lock is outside of it."""
        return self.pid_namespace == _FIRST_PID_NAMESPACE


def take() -> Boot:
    """Look now.  Raises OSError when ``/proc/stat`` cannot be read."""
    return Boot(_boot_id(), _started(), _witness(), socket.gethostname(), namespace_of("self"))


def awake_and_asleep() -> tuple[float, float, float]:
    """(CLOCK_BOOTTIME, CLOCK_MONOTONIC, CLOCK_REALTIME): a suspend parts the first two, a step the last."""
    return (
        time.clock_gettime(time.CLOCK_BOOTTIME),
        time.clock_gettime(time.CLOCK_MONOTONIC),
        time.clock_gettime(time.CLOCK_REALTIME),
    )


def stamp_ns() -> int:
    """The clock that stamps files, in ns: a change after this moment leaves this time or a later one behind."""
    return time.clock_gettime_ns(_COARSE)


def namespace_of(process: int | str, kind: str = "pid") -> int | None:
    """The inode number of a process's namespace; None when it may not be seen (other users')."""
    try:
        link = os.readlink(f"/proc/{process}/ns/{kind}")
    except OSError:
        return None
    number = link.partition("[")[2].rstrip("]")
    return int(number) if number.isdigit() else None


def _boot_id() -> str | None:
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return file.read(64).strip().lower() or None
    except OSError:
        return None


def _started() -> float:
    with open("/proc/stat", "rb") as table:
        for line in table:
            if line.startswith(b"btime "):
                return float(line.split()[1])
    raise FileNotFoundError("/proc/stat has no btime")


def _witness() -> float | None:
    """The oldest time on the kernel's own nodes in ``/dev``; in a container's they are younger, never older."""
    found = []
    for path in _WITNESSES:
        try:
            seen = os.lstat(path)
        except OSError:
            continue
        if stat_mode.S_ISCHR(seen.st_mode):
            found.append(min(seen.st_mtime, seen.st_ctime))
    return min(found, default=None)
