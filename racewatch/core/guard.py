"""Keeping other cleaners out: the directory lock, and the lock that says "this act is alive"."""

from __future__ import annotations

import errno
import fcntl
import os
from dataclasses import dataclass

from racewatch.core.kind import Stop
from racewatch.core.model import OutcomeWord
from racewatch.core.text import display
from racewatch.linux import flocks, fs, mountinfo, processes


@dataclass(slots=True)
class DirectoryGuard:
    """An exclusive ``flock`` on a directory, held as long as the handle is open.

    Race closed: two cleaners (another racewatch, systemd-tmpfiles) judge the same name and both
    act; the second would act on what the first's removal made room for.  The convention is that of
    systemd-tmpfiles: an owner who holds the lock protects the directory from cleaners.
    Left open: programs that ignore the convention.  They can take or re-use the name at any time;
    PIN, CAPTURE and VERIFY are there for them.
    """

    fd: int
    path: bytes

    @classmethod
    def take(cls, path: bytes) -> DirectoryGuard | Stop:
        """Open the directory without following any link, and lock it; never waits."""
        try:
            fd = fs.open_directory(path)
        except OSError as error:
            return _cannot_open(path, error)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            # Only EWOULDBLOCK says "held"; anything else says that no lock is to be had here, and
            # without the guard there is no act.
            held = error.errno == errno.EWOULDBLOCK
            stop = _held(path, fd) if held else _no_lock(path, error)
            os.close(fd)
            return stop
        return cls(fd, path)

    def still_at_its_path(self) -> bool:
        """Whether the path still leads, link-free, to the directory we hold.

        Race narrowed: the directory is renamed or replaced by a link after the person looked, so
        that the path they read now means another place.
        """
        try:
            fd = fs.open_directory(self.path)
        except OSError:
            return False
        try:
            return fs.stat_fd(fd).same_inode(fs.stat_fd(self.fd))
        finally:
            os.close(fd)

    def close(self) -> None:
        """Release the lock with the handle."""
        os.close(self.fd)


def _cannot_open(path: bytes, error: OSError) -> Stop:
    shown = display(path)
    if error.errno == errno.ENOENT:
        return Stop(OutcomeWord.GONE, f"{shown} is not there any more")
    if error.errno in (errno.ELOOP, errno.ENOTDIR):
        return Stop(
            OutcomeWord.REFUSED_CHANGED,
            f"{shown} is no longer a plain directory (a link or a file stands there now)",
        )
    if error.errno in (errno.EACCES, errno.EPERM):
        return Stop(
            OutcomeWord.REFUSED_DENIED,
            f"{shown} may not be opened by this user; {who_may(path)}",
            error=str(error),
        )
    return Stop(OutcomeWord.FAILED, f"{shown} could not be opened: {error.strerror}", error=str(error))


def _held(path: bytes, fd: int) -> Stop:
    try:
        seen = fs.stat_fd(fd)
        # The table of locks names the superblock, which on btrfs and its like is not st_dev.
        mount = next((one for one in mountinfo.read_mounts() if one.id == seen.mount_id), None)
        holders = flocks.holders_of_flock(mount.dev if mount else seen.dev, seen.ino)
    except OSError:
        holders = ()  # who it is would be nice to know; that it is held is known
    by = f" by process {', '.join(str(pid) for pid in holders)}" if holders else ""
    return Stop(
        OutcomeWord.REFUSED_BUSY,
        f"the directory {display(path)} is locked{by}: another cleaner is at work there, "
        "or its owner protects it; try again later",
    )


def _no_lock(path: bytes, error: OSError) -> Stop:
    return Stop(
        OutcomeWord.FAILED,
        f"the directory {display(path)} cannot be locked on this file system ({error.strerror}); "
        "nothing was touched",
        error=str(error),
    )


def who_may(directory: bytes) -> str:
    """In words: who may remove names from a directory."""
    try:
        owner = fs.stat_path(directory).uid
    except OSError:
        return "root may"
    return "root may" if owner == 0 else f"root or the directory's owner ({processes.user_name(owner)}) may"


class ActLocks:
    """One lockable byte per act in a permanent file: held while the act's process lives.

    Race closed: recovery (at the start of another racewatch) takes an act that is only half done
    *so far* for one that a crash interrupted, and puts back what the other is about to remove.  The
    lock is an open-file-description lock: the kernel drops it with the process, however it dies, it
    means the same in every PID namespace, and the file is never removed, so no two processes can
    lock different files.
    Left open: nothing on a local file system; a state folder on a network file system depends on
    that file system's locks.
    """

    def __init__(self, path: bytes) -> None:
        self._path = path

    def claim(self, action: str) -> int | None:
        """A handle that holds the act's byte until closed; None when a living process has it.

        Raises OSError, and ValueError for what is no action's name.
        """
        offset = int(action, 36)
        if not 0 <= offset < 1 << 62:
            raise ValueError(f"{action!r} is no action's name")
        fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            taken = flocks.try_lock_range(fd, offset, 1)
        except BaseException:
            os.close(fd)
            raise
        if not taken:
            os.close(fd)
            return None
        return fd
