"""The family's own lock for breaking a lock: Mercurial's ``.break``, git's ``gc.pid.lock``.

Whoever breaks a lock of such a family makes this one first, exclusively, looks at the lock again under
it, and removes it after.  A program of the family that would break the same lock at the same moment
then waits, or gives up, instead of breaking what the other has just taken anew.

Race closed: two breakers of one lock, one of them not racewatch.  Left open: members of the family that
do not take part (old versions); CAPTURE and VERIFY are there for them.
"""

from __future__ import annotations

import base64
import enum
import os
import stat as stat_mode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

from racewatch.core.kind import Stop
from racewatch.core.model import OutcomeWord
from racewatch.core.remains import make_equal
from racewatch.core.text import display
from racewatch.linux import fs, removal

_MODE: Final = 0o644


class Made(enum.StrEnum):
    """What the breaker lock is; each is made by a call that never overwrites."""

    FILE = "file"
    SYMLINK = "symlink"
    DIRECTORY = "directory"


@dataclass(frozen=True, slots=True)
class Breaker:
    """Which breaker lock to take: its name beside the thing, and what the family wants to read in it."""

    name: bytes
    made: Made
    content: bytes = b""


@dataclass(frozen=True, slots=True)
class BreakerRecord:
    """A breaker lock as the journal knows it, *before* it exists.

    An inode cannot be recorded before it is made, and a lock that is made before it is recorded stays for
    ever after a crash.  So ours is known by a name that nobody can guess: a file or link is made as
    ``proof`` and gets its public name as a second one, and whatever has the inode of ``proof`` is ours.  A
    directory has no second names: ours is the one with an entry called ``proof`` inside.  ``taken`` is where
    the public name is moved to, to be looked at before it is removed.
    """

    name: bytes
    made: Made
    proof: bytes
    taken: bytes

    def to_json(self) -> dict[str, str]:
        """The journal's form."""
        names = {"name": self.name, "proof": self.proof, "taken": self.taken}
        return {"made": self.made.value} | {
            key: base64.b64encode(name).decode("ascii") for key, name in names.items()
        }

    @classmethod
    def read(cls, data: Mapping[str, object]) -> Self:
        """Parse the journal's form; KeyError or ValueError when it is not one of ours."""
        name, proof, taken = (
            base64.b64decode(str(data[key]), validate=True) for key in ("name", "proof", "taken")
        )
        return cls(name, Made(str(data["made"])), proof, taken)

    def take(self, directory: bytes, directory_fd: int, content: bytes) -> Stop | None:
        """Make it, if nobody else has; never waits, never breaks one that is there.

        Race closed: two breakers make it at once; ``link`` and ``rename(NOREPLACE)`` let one of them win.
        Left open: one that a crashed breaker left behind stops everybody; it is a lock of its own, to be
        judged and removed as such.
        """
        try:
            if self.made is Made.DIRECTORY:
                os.mkdir(self.proof, 0o755, dir_fd=directory_fd)
                self._mark(directory_fd)
                removal.rename_noreplace(directory_fd, self.proof, directory_fd, self.name)
            else:
                make_equal(directory_fd, self.proof, _MODE, self._remains(content))
                os.link(
                    self.proof,
                    self.name,
                    src_dir_fd=directory_fd,
                    dst_dir_fd=directory_fd,
                    follow_symlinks=False,
                )
        except FileExistsError:
            return Stop(
                OutcomeWord.REFUSED_BUSY,
                f"not removed: {display(os.path.join(directory, self.name))} is there, which says that somebody "
                "is just breaking this lock (or died while doing so, then look at that one first)",
            )
        except OSError as error:
            return Stop(
                OutcomeWord.REFUSED_UNPROVEN,
                f"not removed: {display(os.path.join(directory, self.name))}, which keeps other breakers out, "
                f"could not be made ({error.strerror})",
                error=str(error),
            )
        return None

    def _remains(self, content: bytes) -> dict[str, object]:
        text = base64.b64encode(content).decode("ascii")
        if self.made is Made.SYMLINK:
            return {"type": "symlink", "target": text}
        return {"type": "file", "bytes": text}

    def _mark(self, directory_fd: int) -> None:
        inside = os.open(
            self.proof, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory_fd
        )
        try:
            os.close(os.open(self.proof, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, dir_fd=inside))
        finally:
            os.close(inside)

    def release(self, directory_fd: int) -> None:
        """Remove exactly ours, however far it came; for the end of an act and for recovery alike.

        Reads only what is on disk, so it may be called at any time, more than once.  Race closed:
        somebody removed ours and made theirs under the name between a look and our removal; the name is
        moved aside, looked at, and theirs goes back, never overwriting.  Left open: theirs is absent for that
        moment.  Raises OSError when the directory does not let us.
        """
        if self._is_ours(directory_fd, self.name):
            removal.rename_noreplace(directory_fd, self.name, directory_fd, self.taken)
        if self._is_ours(directory_fd, self.taken):
            self._remove_taken(directory_fd)
        elif _look(directory_fd, self.taken) is not None:
            removal.rename_noreplace(directory_fd, self.taken, directory_fd, self.name)
        self._remove_proof(directory_fd)

    def _is_ours(self, directory_fd: int, name: bytes) -> bool:
        found = _look(directory_fd, name)
        if found is None:
            return False
        if self.made is not Made.DIRECTORY:
            proof = _look(directory_fd, self.proof)
            # Its second name keeps the inode, so that equal numbers are the same inode.
            return proof is not None and found.same_inode(proof)
        return found.is_directory and _look(directory_fd, os.path.join(name, self.proof)) is not None

    def _remove_taken(self, directory_fd: int) -> None:
        if self.made is Made.DIRECTORY:
            # Looked at, and ours: under this name it needs no proof any more.
            removal.rename_noreplace(directory_fd, self.taken, directory_fd, self.proof)
        else:
            removal.unlink(directory_fd, self.taken)

    def _remove_proof(self, directory_fd: int) -> None:
        found = _look(directory_fd, self.proof)
        if found is None:
            return
        if not stat_mode.S_ISDIR(found.mode):
            removal.unlink(directory_fd, self.proof)
            return
        inside = os.path.join(self.proof, self.proof)
        if _look(directory_fd, inside) is not None:
            removal.unlink(directory_fd, inside)
        removal.remove_empty_directory(directory_fd, self.proof)


def _look(directory_fd: int, name: bytes) -> fs.Stat | None:
    try:
        return fs.stat_at(directory_fd, name)
    except FileNotFoundError:
        return None
