"""Holding the very advisory lock that the live system would take, while its file is acted on."""

from __future__ import annotations

import enum
import errno
import fcntl
import os
from dataclasses import dataclass

from racewatch.core.kind import Stop
from racewatch.core.model import OutcomeWord
from racewatch.core.text import display
from racewatch.linux import flocks, fs


class AdvisoryKind(enum.Enum):
    """Two worlds that do not see each other: ``flock``, and ``fcntl`` (POSIX and OFD alike)."""

    FLOCK = "flock"
    FCNTL = "fcntl"


@dataclass(slots=True)
class HeldLock:
    """A lock that is ours until closed.

    Taken as an open-file-description lock in the fcntl world: a POSIX lock would be lost when any
    other handle of this process on the same file is closed.
    """

    fd: int

    def close(self) -> None:
        """Release it with its handle."""
        os.close(self.fd)


@dataclass(frozen=True, slots=True)
class AdvisoryLock:
    """One lock to hold while acting: which file, which world.

    ``pinned`` is a handle (``O_PATH`` is enough) on the very inode to lock, kept open by the caller;
    without it the inode that ``path`` means is locked.
    """

    path: bytes
    kind: AdvisoryKind
    pinned: int | None = None

    def take(self) -> HeldLock | Stop | None:
        """Take it without waiting; None when the file is not there, so that nobody can hold it.

        Race closed: the owner comes back and takes its lock between our look and our act.  Taken only
        inside an act, never to ask a question: for a moment the real program would find it taken.  It is
        taken on an inode, never on whatever the name means by then; a name that means another one
        afterwards is a refusal.  Left open: an owner that makes the file anew later, under the same name,
        locks another inode.
        """
        if self.pinned is not None:
            return self._take(self.pinned)
        try:
            directory = fs.open_directory(os.path.dirname(self.path))
        except FileNotFoundError:
            return None
        except OSError as error:
            return self._cannot(error)
        try:
            return self._take_by_name(directory)
        except FileNotFoundError:
            return None
        except OSError as error:
            return self._cannot(error)
        finally:
            os.close(directory)

    def _take_by_name(self, directory: int) -> HeldLock | Stop:
        name = os.path.basename(self.path)
        pinned = fs.pin(directory, name)
        try:
            held = self._take(pinned)
            if not isinstance(held, HeldLock):
                return held
            try:
                still = fs.stat_at(directory, name).same_inode(fs.stat_fd(pinned))
            except OSError:
                held.close()
                raise
            if still:
                return held
            held.close()
            return Stop(
                OutcomeWord.REFUSED_CHANGED, f"not removed: {display(self.path)} was made anew just now"
            )
        finally:
            os.close(pinned)

    def _take(self, pinned: int) -> HeldLock | Stop:
        if not fs.stat_fd(pinned).is_regular:
            # Opening anything else could wake a driver or the other end of a pipe.
            return self._cannot(OSError(errno.EINVAL, "it is not a regular file"))
        access = os.O_RDWR if self.kind is AdvisoryKind.FCNTL else os.O_RDONLY
        try:
            fd = os.open(fs.fd_path(pinned), access | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
        except OSError as error:
            return self._cannot(error)
        try:
            taken = self._lock(fd)
        except OSError as error:
            os.close(fd)
            return self._cannot(error)
        if not taken:
            os.close(fd)
            return Stop(
                OutcomeWord.REFUSED_LIVE, f"not removed, it is live: the lock on {display(self.path)} is held"
            )
        return HeldLock(fd)

    def _lock(self, fd: int) -> bool:
        if self.kind is AdvisoryKind.FCNTL:
            return flocks.try_lock_range(fd, 0, 0)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno == errno.EWOULDBLOCK:
                return False
            raise
        return True

    def _cannot(self, error: OSError) -> Stop:
        return Stop(
            OutcomeWord.REFUSED_UNPROVEN,
            f"not removed: the lock on {display(self.path)} could not be taken to keep its owner out "
            f"({error.strerror})",
            error=str(error),
        )
