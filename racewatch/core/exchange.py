"""Taking a directory away by exchanging it with an empty one: the record of it, and every way back.

``renameat2(RENAME_EXCHANGE)`` swaps a state directory with an empty *placeholder* in a private folder on
the same file system.  While the placeholder stands under the public name nobody can make that name anew,
and the program that owns such directories can be pointed at the private folder, where it finds exactly the
captured incarnation and nothing else.

Everything here works from the record alone, so that recovery after a crash does what the act would do.
"""

from __future__ import annotations

import base64
import contextlib
import enum
import errno
import fcntl
import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self

from racewatch.core.kind import Stop
from racewatch.core.model import OutcomeWord
from racewatch.core.part import sync_directory
from racewatch.core.text import display, display_text
from racewatch.core.waiter import Waiter
from racewatch.linux import fs, removal

METHOD: Final = "exchange"
# Names in the private folder beside the directory's own, all of them empty folders.
#: From here on the owner's own command may have begun, and there is only forwards.
_BEGUN: Final = b"racewatch.begun"
#: A placeholder in the place of one that somebody removed, before it is there.
_ANEW: Final = b"racewatch.anew"
#: Followed by the identity of the placeholder.
_PLACEHOLDER: Final = b"racewatch.placeholder."
_MARK: Final = re.compile(re.escape(_PLACEHOLDER) + rb"(\d+)\.(\d+)\.(\d+|-)")
_Identity = tuple[int, int, int | None]


class Stand(enum.Enum):
    """Where the directory is, as far as the names tell."""

    NOTHING = "nothing was taken, or all is over: there is no private folder"
    PREPARED = "the private folder stands, the directory is at its public name"
    TAKEN = "what the name meant is in the private folder"
    BEGUN = "it is in the private folder, and its owner was asked to delete it"
    DELETED = "it is gone; the placeholder and the private folder may still stand"


class Unfinished(Exception):
    """It cannot be settled now; the message says why, in plain words."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One directory, where it goes meanwhile, and what is done with it there.

    ``aside`` is the private folder; ``groups`` are directories whose removal by ``rmdir`` proves that
    nothing lives in them; ``command`` is the owner's own, pointed at the private folder.  ``waiter`` is the
    process that is held still meanwhile.
    """

    root: bytes
    name: bytes
    aside: bytes
    directory: _Identity
    groups: tuple[bytes, ...]
    command: tuple[str, ...]
    waiter: Waiter | None = None

    @property
    def path(self) -> bytes:
        """The public path."""
        return os.path.join(self.root, self.name)

    def to_json(self) -> dict[str, object]:
        """The journal's form."""
        return {
            "root": _text(self.root),
            "name": _text(self.name),
            "aside": _text(self.aside),
            "directory": list(self.directory),
            "groups": [_text(one) for one in self.groups],
            "command": list(self.command),
            "waiter": None if self.waiter is None else self.waiter.to_json(),
        }

    @classmethod
    def read(cls, data: Mapping[str, object]) -> Self:
        """Parse a journal record; KeyError or ValueError when it is not one of ours.

        A damaged record moves nothing: names must be single names, and paths absolute.
        """
        groups, command = data["groups"], data["command"]
        if not isinstance(groups, list) or not isinstance(command, list) or not command:
            raise ValueError("not a record of an exchange")
        if not all(isinstance(word, str) for word in command):
            raise ValueError("the command in the journal is not made of words")
        waiter = data.get("waiter")  # earlier versions knew none
        record = cls(
            root=_raw(data["root"]),
            name=_raw(data["name"]),
            aside=_raw(data["aside"]),
            directory=_identity(data["directory"]),
            groups=tuple(map(_raw, groups)),
            command=tuple(command),
            waiter=None if waiter is None else Waiter.read(waiter),
        )
        absolute = all(path.startswith(b"/") for path in (record.root, record.aside, *record.groups))
        if not absolute or not record.name or b"/" in record.name or record.name in (b".", b".."):
            raise ValueError("a name in the journal leads elsewhere")
        return record


@dataclass(slots=True)
class Hands:
    """The handles that moving needs: the public root, which the caller guards, and the private folder.

    The private folder is locked (``flock``) while this is open, and so long as the owner's command, which
    inherits the lock, runs: recovery after a crash of ours waits for it.
    """

    record: Exchange
    root_fd: int
    aside_fd: int | None = None
    placeholder: _Identity | None = None

    def prepare(self, mode: int) -> None:
        """Make the private folder and in it the placeholder: both are empty and in nobody's way.  Raises OSError.

        Which inode the placeholder is stands beside it before it is used, so that recovery never takes a
        stranger's empty directory for it.
        """
        os.mkdir(self.record.aside, 0o700)
        self.aside_fd = fs.open_directory(self.record.aside)
        fcntl.flock(self.aside_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.mkdir(self.record.name, mode, dir_fd=self.aside_fd)
        self.placeholder = identity_of(fs.stat_at(self.aside_fd, self.record.name))
        os.mkdir(_mark(self.placeholder), 0o700, dir_fd=self.aside_fd)
        sync_directory(self.aside_fd)

    def open(self) -> None:
        """Find and lock the private folder; raises :class:`Unfinished` when somebody is at work in it."""
        try:
            fd = fs.open_directory(self.record.aside)
        except FileNotFoundError:
            return
        except OSError as error:
            raise Unfinished(f"{display(self.record.aside)} could not be opened: {error.strerror}") from error
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(fd)
            raise Unfinished("the owner's own delete still runs, or another racewatch is at work") from error
        self.aside_fd = fd
        marks = [one for name in os.listdir(fd) if (one := _marked(os.fsencode(name))) is not None]
        there = _look(self.root_fd, self.record.name)
        # There are two when the first one was removed by somebody.
        marks.sort(key=lambda one: there is None or one != identity_of(there))
        self.placeholder = next(iter(marks), None)

    def close(self) -> None:
        """Let go of the private folder."""
        if self.aside_fd is not None:
            os.close(self.aside_fd)
            self.aside_fd = None

    def stand(self) -> Stand:
        """Where everything is now."""
        record = self.record
        if self.aside_fd is None:
            return Stand.NOTHING
        begun = _look(self.aside_fd, _BEGUN) is not None
        there = _look(self.aside_fd, record.name)
        if there is not None and self.placeholder is not None and identity_of(there) != self.placeholder:
            return Stand.BEGUN if begun else Stand.TAKEN
        return Stand.DELETED if begun else Stand.PREPARED

    def take(self) -> None:
        """The exchange itself; raises OSError."""
        assert self.aside_fd is not None
        removal.rename_exchange(self.root_fd, self.record.name, self.aside_fd, self.record.name)
        self.sync()

    def fasten(self) -> Stop | None:
        """Have the placeholder stay where it is until it is taken away; a Stop when it is not there any more.

        Race closed: the runtime's own delete is called on the public name meanwhile.  It takes the placeholder for
        what is left of a broken container, and removes it; then a new one is made, in control groups of the
        same names, and the owner's command would kill what lives there.  Left open: the same where the file system
        has no immutable directories, and for an ordinary user, who may make none.
        """
        try:
            if _look(self.root_fd, self.record.name) is None:
                self._place_anew()
            self._set_fast(True)
            there = _look(self.root_fd, self.record.name)
        except OSError as error:
            return Stop(OutcomeWord.FAILED, f"nothing was deleted: {error.strerror}", error=str(error))
        # What is no directory is no container either.
        if there is None or (there.is_directory and identity_of(there) != self.placeholder):
            return Stop(
                OutcomeWord.REFUSED_CHANGED,
                f"nothing was deleted: somebody else makes {display(self.record.path)} anew just now",
            )
        return None

    def _place_anew(self) -> None:
        """Another placeholder for one that somebody removed; nothing when the name is taken by now.  Raises OSError."""
        assert self.aside_fd is not None
        os.mkdir(_ANEW, 0o700, dir_fd=self.aside_fd)
        self.placeholder = identity_of(fs.stat_at(self.aside_fd, _ANEW))
        os.mkdir(_mark(self.placeholder), 0o700, dir_fd=self.aside_fd)
        with contextlib.suppress(FileExistsError):
            removal.rename_noreplace(self.aside_fd, _ANEW, self.root_fd, self.record.name)
        self.sync()

    def loosen(self) -> None:
        """Have the placeholder be as any other empty directory again."""
        self._set_fast(False)

    def _set_fast(self, wanted: bool) -> None:
        with contextlib.suppress(OSError):
            fd = fs.open_directory(self.record.name, dirfd=self.root_fd)
            try:
                if identity_of(fs.stat_fd(fd)) == self.placeholder:
                    removal.set_immutable(fd, wanted)
            finally:
                os.close(fd)

    def give_back(self) -> Stop | None:
        """Put the directory back under its public name, if it was taken; never over anything but the placeholder.

        Race: somebody removed the placeholder and made the name anew, while the directory was away.  What
        stands there is looked at first, and what the exchange brought out is looked at again.  Left open:
        a name that is made anew between the two is away for some microseconds.
        """
        record, aside = self.record, self.aside_fd
        if aside is None:
            return None
        try:
            if self.stand() in (Stand.TAKEN, Stand.BEGUN):
                there = _look(self.root_fd, record.name)
                if there is None:
                    removal.rename_noreplace(aside, record.name, self.root_fd, record.name)
                elif identity_of(there) != self.placeholder:
                    return self._kept("its name is taken by a new one")
                else:
                    self.loosen()
                    removal.rename_exchange(aside, record.name, self.root_fd, record.name)
                    now = _look(aside, record.name)
                    if now is None or identity_of(now) != self.placeholder:
                        removal.rename_exchange(aside, record.name, self.root_fd, record.name)
                        return self._kept("its name was taken by a new one at this moment")
        except OSError as error:
            return self._kept(error.strerror or str(error))
        try:
            self.clear()
        except OSError as error:
            # It is back; what somebody put into the placeholder meanwhile came out with it.
            where = display(self._place_aside)
            return Stop(
                OutcomeWord.FAILED,
                f"it is back under its name, but what was put into its place meanwhile is kept as {where}",
                error=error.strerror,
            )
        finally:
            self.sync()
        return None

    @property
    def _place_aside(self) -> bytes:
        return os.path.join(self.record.aside, self.record.name)

    def _kept(self, why: str) -> Stop:
        return Stop(
            OutcomeWord.FAILED,
            f"what was captured could not be put back ({why}) and is kept as {display(self._place_aside)}",
            error=why,
        )

    def clear(self) -> None:
        """Remove the private folder with what is empty in it: the placeholder, the marks.  Raises OSError.

        ``rmdir`` removes nothing that has anything in it, so no directory in use can go this way.
        """
        assert self.aside_fd is not None
        marks = [os.fsencode(name) for name in os.listdir(self.aside_fd)]
        # The name of the placeholder goes before the mark that tells which it is.
        for name in sorted(marks, key=lambda name: name != self.record.name):
            removal.remove_empty_directory(self.aside_fd, name)
        above = fs.open_directory(os.path.dirname(self.record.aside))
        try:
            removal.remove_empty_directory(above, os.path.basename(self.record.aside))
        finally:
            os.close(above)

    def delete(self, patience: float | None = None) -> Stop | None:
        """Let the owner delete what was captured, then clear away; a Stop when it did not.

        ``patience``: so many seconds are waited for its command; then it goes on by itself, and
        :class:`Unfinished` is raised.

        The mark goes first: a crash from here on is finished by recovery, not taken back, because nobody
        knows how far the owner's command had come.
        """
        assert self.aside_fd is not None
        try:
            if _look(self.aside_fd, _BEGUN) is None:
                os.mkdir(_BEGUN, 0o700, dir_fd=self.aside_fd)
            sync_directory(self.aside_fd)
        except OSError as error:
            return Stop(OutcomeWord.FAILED, f"nothing was deleted: {error.strerror}", error=str(error))
        said = _run(self.record.command, self.aside_fd, patience)
        if _look(self.aside_fd, self.record.name) is not None:
            return Stop(
                OutcomeWord.FAILED,
                f"{' '.join(map(display_text, self.record.command))} did not delete it: {said}",
                error=said,
            )
        self.finish()
        return None

    def finish(self) -> None:
        """After the delete: remove the placeholder, and the private folder.

        Race: somebody removed the placeholder and makes the same name anew; an empty directory that is
        not ours stays.  What cannot be removed stays too: the container is gone all the same.
        """
        try:
            there = _look(self.root_fd, self.record.name)
            if there is not None and identity_of(there) == self.placeholder:
                self.loosen()
                removal.remove_empty_directory(self.root_fd, self.record.name)
        except OSError:
            pass  # somebody put something into it, or mounted something on it: it is theirs now
        try:
            self.clear()
        except OSError:
            return
        finally:
            self.sync()

    def sync(self) -> None:
        """Make what happened to the names durable."""
        assert self.aside_fd is not None
        sync_directory(self.root_fd)
        sync_directory(self.aside_fd)


def empty_groups(groups: Sequence[bytes]) -> bytes | None:
    """Remove these control groups by ``rmdir``, with the groups below; the one in which something lives, or None.

    The kernel refuses (EBUSY) while a process is inside: an atomic proof, and the group cannot be entered
    afterwards.  Raises OSError for anything else that stands in the way.
    """
    for top in groups:
        below = [folder for folder, _, _ in os.walk(top, topdown=False)]
        for group in below:
            above = os.open(os.path.dirname(group), os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                removal.remove_empty_directory(above, os.path.basename(group))
            except FileNotFoundError:
                continue
            except OSError as error:
                if error.errno in (errno.EBUSY, errno.ENOTEMPTY):
                    return group
                raise
            finally:
                os.close(above)
    return None


#: Commands of owners that were not waited for to their end.
_going_on: list[subprocess.Popen[bytes]] = []


def _run(command: Sequence[str], aside: int, patience: float | None) -> str:
    """Run the owner's command to its end; the last thing it said.

    In a session of its own, so that an interrupt meant for us does not stop it half-way; it inherits the
    lock on the private folder.  It is never killed, and without ``patience`` waited for without a limit: half
    a delete is worse than a slow one (its hooks may take their time).  Whoever will not wait may end racewatch;
    the next start settles the act when the command has ended.
    """
    _going_on[:] = [one for one in _going_on if one.poll() is None]
    # In memory: a full disk is no reason to stop half-way.
    with os.fdopen(os.memfd_create("words"), "r+b") as words:
        try:
            running = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=words,
                pass_fds=(aside,),
                start_new_session=True,
            )
        except OSError as error:
            return f"{display_text(command[0])} could not be started ({error.strerror})"
        try:
            code = running.wait(patience)
        except subprocess.TimeoutExpired:
            _going_on.append(running)
            raise Unfinished("the owner's own delete still runs") from None
        words.seek(0)
        said = words.read(4096).decode("utf-8", "backslashreplace").strip().splitlines()
        return display_text(said[-1]) if said else f"it ended with code {code}"


def _look(directory: int, name: bytes) -> fs.Stat | None:
    try:
        return fs.stat_at(directory, name)
    except FileNotFoundError:
        return None


def identity_of(stat: fs.Stat) -> tuple[int, int, int | None]:
    """What tells one inode from another across a crash."""
    return stat.dev, stat.ino, stat.btime_ns


def _mark(placeholder: _Identity) -> bytes:
    return _PLACEHOLDER + b".".join(b"-" if one is None else b"%d" % one for one in placeholder)


def _marked(name: bytes) -> _Identity | None:
    found = _MARK.fullmatch(name)
    if found is None:
        return None
    dev, ino, born = found.groups()
    return int(dev), int(ino), None if born == b"-" else int(born)


def _identity(value: object) -> _Identity:
    if not isinstance(value, list) or len(value) != 3:
        raise ValueError("not an identity")
    dev, ino, born = value
    if not isinstance(dev, int) or not isinstance(ino, int) or not (born is None or isinstance(born, int)):
        raise ValueError("not an identity")
    return dev, ino, born


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")


def _raw(value: object) -> bytes:
    if not isinstance(value, str):
        raise ValueError("not a name")  # noqa: TRY004 - one error for bad data
    return base64.b64decode(value, validate=True)
