"""Real holders of kernel locks, and looks at what they hold."""

from __future__ import annotations

import fcntl
import os
import signal
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from racewatch.core.model import Evidence, KindName, Observation, Problem, Target
from racewatch.kinds.locks import LocksKind
from racewatch.kinds.locks.registry import built_in
from racewatch.linux import fs, mounts

F_OFD_SETLK = 37
WRITE_LOCK = struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)


def kind() -> LocksKind:
    """The kind as it comes, looking at nothing but what a test names."""
    return LocksKind(built_in(), well_known_places=False)


def look(path: Path | bytes, looker: LocksKind | None = None) -> Observation:
    seen = (looker or kind()).look(Target(KindName.LOCK, os.fsencode(path)))
    assert seen is not None
    return seen


def rows(folder: Path, looker: LocksKind | None = None) -> dict[str, Observation]:
    """A scan of one folder by the names in it; rows without a name by their whole locator."""
    found = {}
    for one in (looker or kind()).scan_below([os.fsencode(folder)]):
        assert not isinstance(one, Problem), one
        locator = one.target.locator
        name = os.path.relpath(locator, os.fsencode(folder)) if locator.startswith(b"/") else locator
        found[os.fsdecode(name)] = one
    return found


def evidence(seen: Observation, check: str) -> Evidence:
    found = [one for one in seen.evidence if one.check == check]
    assert len(found) == 1, seen.evidence
    return found[0]


def facts(seen: Observation, name: str) -> list[str]:
    return [value for key, value in seen.facts if key == name]


def is_plain(folder: Path) -> bool:
    """Whether this folder is where "nobody" can be proved: a local file system without anything on it."""
    around = mounts.FileSystems.take()
    stat = fs.stat_path(os.fsencode(folder))
    return (
        mounts.is_local_unstacked(around.fstype_of(stat.mount_id))
        and not around.blind
        and around.backing_overlay(os.fsencode(folder)) is None
    )


def take(how: str, path: Path) -> int:
    """A handle with a lock; waits for nobody."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    if how == "flock":
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    elif how == "posix":
        fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    else:
        fcntl.fcntl(fd, F_OFD_SETLK, WRITE_LOCK)
    return fd


def holding(how: str, path: Path) -> Callable[[], None]:
    """For :func:`tests.kernel.support.child`: takes the lock and keeps it until the child ends."""

    def setup() -> None:
        take(how, path)  # the number is not closed: the process holds it to its end

    return setup


def dead_pid() -> int:
    """The number of a process that has ended and was waited for."""
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    return done.pid


@contextmanager
def zombie() -> Iterator[int]:
    """A process that has ended and was not waited for."""
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    try:
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        yield pid
    finally:
        os.waitpid(pid, 0)


@contextmanager
def running(*words: str, **options: object) -> Iterator[subprocess.Popen[bytes]]:
    """A program that runs inside the block."""
    process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, **options)  # type: ignore[call-overload]  # options are Popen's own
    try:
        yield process
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()


def start_ticks(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])


def boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
