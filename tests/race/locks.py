"""Real left-over locks: each made by a process of its own that was then killed with ``kill -9``."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from racewatch.core.act import Hook, act, no_hook
from racewatch.core.by_name import PRIVATE_PREFIX
from racewatch.core.journal import Journal
from racewatch.core.model import ActRequest, KindName, Observation, Outcome, Target
from racewatch.kinds.locks.kind import LocksKind
from racewatch.kinds.locks.registry import Registry, built_in

HOST = os.fsencode(socket.gethostname())
Picture = dict[str, tuple[object, ...]]


def killed(work: Callable[[], None]) -> int:
    """The pid of a process that did this, and was killed before it could clean up."""
    done_in, done_out = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(done_in)
            work()
            os.write(done_out, b"!")
            signal.pause()
        finally:
            os._exit(1)
    os.close(done_out)
    try:
        assert select.select([done_in], [], [], 30)[0]
        assert os.read(done_in, 1), "it failed before it was killed"
    finally:
        os.close(done_in)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    return pid


def write(path: Path, content: bytes) -> None:
    """Exclusively, as a lock is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640)
    os.write(fd, content)
    os.close(fd)


def soft_file_lock_content() -> bytes:
    """Python filelock's SoftFileLock of this very process: pid, host, and boot and start time."""
    boot = uuid.UUID(Path("/proc/sys/kernel/random/boot_id").read_text().strip()).int
    ticks = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
    return b"%d\n%s\n%d\n" % (os.getpid(), HOST, boot << 64 | ticks)


def soft_file_lock(folder: Path) -> Path:
    path = folder / "job.lock"
    killed(lambda: write(path, soft_file_lock_content()))
    return path


def git_gc(folder: Path) -> Path:
    """Its breaker lock is ``gc.pid.lock``."""
    path = folder / "r" / ".git" / "gc.pid"
    killed(lambda: write(path, b"%d %s" % (os.getpid(), HOST)))
    return path


def x11(folder: Path) -> Path:
    """A lock and the socket that goes with it."""
    path, beside = folder / ".X4711-lock", folder / ".X11-unix" / "X4711"

    def serve() -> None:
        write(path, b"%10d\n" % os.getpid())
        beside.parent.mkdir()
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(os.fspath(beside))

    killed(serve)
    return path


def chromium(folder: Path) -> Path:
    """Three links, all or none."""
    profile = folder / "profile"

    def start() -> None:
        profile.mkdir()
        os.symlink("17203344", profile / "SingletonCookie")
        os.symlink(folder / "gone" / "SingletonSocket", profile / "SingletonSocket")
        os.symlink(b"%s-%d" % (HOST, os.getpid()), os.fsencode(profile / "SingletonLock"))

    killed(start)
    return profile / "SingletonLock"


def gnupg(folder: Path) -> Path:
    """Two names of one file."""
    path = folder / "pubring.kbx.lock"

    def lock() -> None:
        own = folder / f".#lk0x00005595.{os.fsdecode(HOST)}.{os.getpid()}"
        write(own, b"%10d\n%s\n" % (os.getpid(), HOST))
        os.link(own, path)

    killed(lock)
    return path


def git_index(folder: Path) -> Path:
    """With the owner beside it (core.lockfilePid), which goes with it; only on a person's word."""
    path = folder / "r" / ".git" / "index.lock"

    def commit() -> None:
        write(path, b"DIRC" + bytes(1000))
        write(path.parent / "index~pid.lock", b"pid %d\n" % os.getpid())

    killed(commit)
    return path


def git_big_index(folder: Path) -> Path:
    """Too large for the journal."""
    path = folder / "r" / ".git" / "index.lock"
    killed(lambda: write(path, b"DIRC" + bytes(300 * 1024)))
    return path


def terraform(folder: Path) -> Path:
    """What locks is a kernel lock on the state file beside it."""
    path = folder / ".terraform.tfstate.lock.info"
    write(folder / "terraform.tfstate", b"{}")

    def lock() -> None:
        write(
            path,
            b'{"ID":"8b3d1ca5-2f39-f5f0-12c4-f2ee5d4b3cf6","Operation":"OperationTypeApply","Info":"",'
            b'"Who":"root@vm","Version":"1.5.7","Created":"2026-11-20T15:44:30.27Z","Path":"terraform.tfstate"}',
        )

    killed(lock)
    return path


def lock_folder(folder: Path) -> Path:
    """Python lockfile's MkdirLockFile: a folder with one name inside; only on a person's word."""
    path = folder / "job.lock"

    def lock() -> None:
        path.mkdir()
        write(path / f"{os.fsdecode(HOST)}.cc82eb80.{os.getpid()}", b"")

    killed(lock)
    return path


def emacs(folder: Path) -> Path:
    path = folder / ".#notes.txt"
    killed(lambda: os.symlink(b"me@%s.%d" % (HOST, os.getpid()), os.fsencode(path)))
    return path


def picture(folder: Path) -> Picture:
    """Every name, and everything that undo promises to bring back of it."""
    found: Picture = {}
    for path in sorted(folder.rglob("*")):
        seen = path.lstat()
        content: object = None
        if path.is_symlink():
            content = os.readlink(path)
        elif path.is_file():
            content = path.read_bytes()
        times = None if path.is_dir() and not path.is_symlink() else seen.st_mtime_ns
        xattrs = {name: os.getxattr(path, name, follow_symlinks=False) for name in _xattrs(path)}
        found[os.fspath(path.relative_to(folder))] = (
            seen.st_mode, seen.st_uid, seen.st_gid, seen.st_nlink, times, content, tuple(sorted(xattrs.items())),
        )  # fmt: skip
    return found


def _xattrs(path: Path) -> list[str]:
    with contextlib.suppress(OSError):
        return os.listxattr(path, follow_symlinks=False)
    return []


def private_names(folder: Path) -> list[str]:
    return [
        name for name in picture(folder) if os.path.basename(name).startswith(os.fsdecode(PRIVATE_PREFIX))
    ]


@dataclass
class LockWorld:
    """A folder for locks and a journal; a registry of the test's own choosing."""

    folder: Path
    journal: Journal
    registry: Registry = field(default_factory=built_in)

    @property
    def kind(self) -> LocksKind:
        """A fresh one each time, as each racewatch has its own."""
        return LocksKind(self.registry, well_known_places=False)

    def look(self, path: Path) -> Observation:
        seen = self.kind.look(target_of(path))
        assert seen is not None
        return seen

    def act(
        self,
        path: Path,
        seen: Observation | None = None,
        *,
        override: bool = True,
        on_step: Hook = no_hook,
        journal: Journal | None = None,
    ) -> Outcome:
        """Break one lock as it was seen (by default: as it is now)."""
        seen = seen if seen is not None else self.look(path)
        request = ActRequest(seen.target, seen.fingerprint, override)
        procedure = self.kind.procedure(seen.target)
        return act(request, procedure, journal or self.journal, on_step=on_step)


def target_of(path: Path) -> Target:
    return Target(KindName.LOCK, os.fsencode(path))


@contextmanager
def a_lock_world() -> Iterator[LockWorld]:
    with tempfile.TemporaryDirectory(prefix="rw-locks-") as name:
        base = Path(os.path.realpath(name))
        folder = base / "w"
        folder.mkdir()
        journal = Journal(os.fsencode(base / "state"))
        try:
            yield LockWorld(folder, journal)
        finally:
            journal.close()
