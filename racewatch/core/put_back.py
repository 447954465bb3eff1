"""Bringing back what :mod:`racewatch.core.by_name` took: for undo, and after a crash.

Everything here works from the journal's record alone, under the same directory guards as an act, and
never overwrites a name.
"""

from __future__ import annotations

import contextlib
import errno
import os
from dataclasses import dataclass, field, replace

from racewatch.core.by_name import private_name
from racewatch.core.guard import DirectoryGuard
from racewatch.core.kind import Stop
from racewatch.core.model import OutcomeWord
from racewatch.core.name_record import NameRecord
from racewatch.core.part import sync_directory
from racewatch.core.remains import dress, make_equal
from racewatch.core.text import display
from racewatch.linux import fs, processes, removal


@dataclass(slots=True)
class Guards:
    """The guards of all directories that a record was taken from, each taken once."""

    _by_directory: dict[tuple[int, int], DirectoryGuard] = field(default_factory=dict)

    def take(self, record: NameRecord) -> Stop | None:
        """All of them, or none."""
        for part in record.all:
            if (part.directory_dev, part.directory_ino) in self._by_directory:
                continue
            guard = part.take_guard()
            if isinstance(guard, Stop):
                self.close()
                return guard
            self._by_directory[part.directory_dev, part.directory_ino] = guard
        return None

    def of(self, part: NameRecord) -> DirectoryGuard:
        """The guard of the directory that this part was taken from."""
        return self._by_directory[part.directory_dev, part.directory_ino]

    def close(self) -> None:
        """Release them all."""
        for guard in self._by_directory.values():
            guard.close()
        self._by_directory.clear()


def look_at(guard: DirectoryGuard, name: bytes) -> fs.Stat | None:
    """What a name in the guarded directory means now; None when it is free."""
    try:
        return fs.stat_at(guard.fd, name)
    except FileNotFoundError:
        return None


def put_back(record: NameRecord, guards: Guards, action: str) -> Stop | None:
    """Undo one removal, all of its parts or none: rename what was kept back, or make an equal one.

    Race closed: somebody takes a name between a look and our rename; the rename never overwrites, so
    theirs stays and undo is refused.  Left open: none for the names.  A remade node has a new inode
    number and birth time; content, mode, owner, times and attributes are the old ones.
    """
    for part in record.all:
        if look_at(guards.of(part), part.name) is not None:
            return _taken(part)
    back: list[tuple[NameRecord, bytes]] = []
    for number, part in enumerate(record.all):
        aside = part.private if part.kept else private_name(f"{action}.{number}")
        stop = _put_one_back(record, part, guards, aside)
        if stop is not None:
            for done, where in reversed(back):
                _take_again(done, guards.of(done), where)
            return stop
        back.append((part, aside))
    return None


def _taken(part: NameRecord) -> Stop:
    return Stop(
        OutcomeWord.REFUSED_CHANGED,
        f"the name {display(part.path)} is taken again; what stands there was left alone",
    )


def _put_one_back(record: NameRecord, part: NameRecord, guards: Guards, aside: bytes) -> Stop | None:
    guard = guards.of(part)
    if part.kept:
        found = look_at(guard, aside)
        if found is None or not part.is_recorded(found):
            return Stop(
                OutcomeWord.FAILED,
                f"what was kept aside for {display(part.path)} is not there any more "
                f"({display(part.private)} in {display(part.directory)})",
            )
    elif not _link_again(record, part, guards, aside):
        stop = _remake(part, guard, aside)
        if stop is not None:
            return stop
    try:
        removal.rename_noreplace(guard.fd, aside, guard.fd, part.name)
    except OSError as error:
        if not part.kept:
            drop(guard, aside)
        if isinstance(error, FileExistsError):
            return _taken(part)
        return Stop(
            OutcomeWord.FAILED,
            f"{display(part.path)} was not put back: {error.strerror}",
            error=str(error),
        )
    sync_directory(guard.fd)
    return None


def _take_again(part: NameRecord, guard: DirectoryGuard, aside: bytes) -> None:
    """A later part could not follow: take an earlier one away again, if it still is what we put there.

    Race closed: a server binds the name between the look and the rename.  What was taken is looked at
    before it is destroyed, and a stranger goes back, never overwriting.  Left open: its name is absent
    meanwhile, and taken by somebody else at worst; then it stays under the private name.
    """
    now = look_at(guard, part.name)
    if now is None or not part.is_ours(now):
        return
    try:
        removal.rename_noreplace(guard.fd, part.name, guard.fd, aside)
        taken = look_at(guard, aside)
        if taken is None or not part.is_ours(taken):
            removal.rename_noreplace(guard.fd, aside, guard.fd, part.name)
        elif not part.kept:
            drop(guard, aside)
    except OSError:
        return  # it stays where it is: a part too many back is better than one lost


def _link_again(record: NameRecord, part: NameRecord, guards: Guards, private: bytes) -> bool:
    """A second name of the thing itself, which is back already: one inode again, as it was.

    False when it was none, or is to be made by itself: links may be forbidden here.  Race closed: the
    thing's name means a stranger by now; what was linked is looked at, and a stranger's new name dropped.
    """
    if part is record or not part.is_second_name_of(record):
        return False
    guard = guards.of(part)
    try:
        os.link(
            record.name,
            private,
            src_dir_fd=guards.of(record).fd,
            dst_dir_fd=guard.fd,
            follow_symlinks=False,
        )
    except OSError:
        return False
    linked = look_at(guard, private)
    if linked is not None and part.is_remade(linked):
        return True
    drop(guard, private)
    return False


def _remake(part: NameRecord, guard: DirectoryGuard, private: bytes) -> Stop | None:
    """Make an equal node under a private name, complete before it gets its public one."""
    try:
        make_equal(guard.fd, private, part.mode, part.remains or {})
    except OSError as error:
        if not isinstance(error, FileExistsError):
            drop(guard, private)
        return Stop(
            _word_for(error),
            f"nothing can be made in {display(part.directory)}: {error.strerror}",
            error=str(error),
        )
    except (KeyError, ValueError) as error:
        drop(guard, private)
        return Stop(
            OutcomeWord.FAILED,
            f"the journal's record of {display(part.path)} is damaged, nothing can be made from it",
            error=str(error),
        )
    try:
        fd = fs.pin(guard.fd, private)
        try:
            dress(
                fd,
                owner=(part.uid, part.gid),
                mode=part.mode,
                times_ns=(part.atime_ns, part.mtime_ns),
                xattrs=part.xattrs,
            )
        finally:
            os.close(fd)
    except OSError as error:
        drop(guard, private)
        word = _word_for(error)
        user = processes.user_name(part.uid)
        why = f"this user may not ({user} was its owner); root may" if word.is_refusal else error.strerror
        return Stop(
            word,
            f"{display(part.path)} could not be given its old owner and attributes: {why}",
            error=str(error),
        )
    return None


def _word_for(error: OSError) -> OutcomeWord:
    denied = error.errno in (errno.EACCES, errno.EPERM, errno.EROFS)
    return OutcomeWord.REFUSED_DENIED if denied else OutcomeWord.FAILED


def drop(guard: DirectoryGuard, private: bytes) -> None:
    """Remove a node that we made under a private name, if it is still there."""
    with contextlib.suppress(OSError):
        removal.unlink(guard.fd, private)


@dataclass(frozen=True, slots=True)
class Settled:
    """How an interrupted act turned out to stand, after recovery."""

    word: OutcomeWord
    summary: str
    undoable: bool = False
    kept: bool = False


def settle_removal(record: NameRecord, guards: Guards) -> Settled:
    """After a crash in a removal: put back whatever is under the private names, whatever it is.

    It may be another inode than the recorded one (the crash came between CAPTURE and VERIFY of a
    lost race): that one is somebody's live thing and belongs back even more.  When the thing itself
    had been destroyed, what went with it is not put back alone but finished.  The family's breaker lock, if
    that act had made one, goes last: until then nobody of the family takes the lock's place.
    """
    settled = _settle_parts(record, guards)
    if record.breaker is not None:
        record.breaker.release(guards.of(record).fd)
        sync_directory(guards.of(record).fd)
    return settled


def _settle_parts(record: NameRecord, guards: Guards) -> Settled:
    settled = _settle_part(record, guards.of(record))
    for companion in record.companions:
        guard = guards.of(companion)
        if settled.word is OutcomeWord.GONE and not record.kept:
            found = look_at(guard, companion.private)
            if found is None or companion.is_recorded(found):
                drop(guard, companion.private)
                continue
        beside = _settle_part(companion, guard)
        if beside.kept and not settled.kept:
            settled = replace(beside, summary=f"{settled.summary}; {beside.summary}")
    return settled


def _settle_part(record: NameRecord, guard: DirectoryGuard) -> Settled:
    shown = display(record.path)
    if look_at(guard, record.private) is None:
        now = look_at(guard, record.name)
        if now is not None and record.is_recorded(now):
            return Settled(OutcomeWord.FAILED, f"interrupted before anything was taken; {shown} is untouched")
        return Settled(
            OutcomeWord.GONE,
            f"interrupted before its end was recorded; {shown} is gone, removed by this act or by somebody "
            "else",
            undoable=not record.kept,
        )
    try:
        removal.rename_noreplace(guard.fd, record.private, guard.fd, record.name)
    except OSError as error:
        taken = isinstance(error, FileExistsError)
        why = "its name is taken by a new object" if taken else str(error.strerror)
        aside = look_at(guard, record.private)
        return Settled(
            OutcomeWord.FAILED,
            f"interrupted; what had been captured is kept as {display(record.private)} beside {shown}: {why}",
            # Undo brings back the judged thing and no other; what a lost race captured is for a person.
            undoable=aside is not None and record.is_recorded(aside),
            kept=True,
        )
    sync_directory(guard.fd)
    return Settled(OutcomeWord.FAILED, f"interrupted; {shown} was put back")


def settle_undo(record: NameRecord, guards: Guards, action: str) -> Settled:
    """After a crash in an undo: drop half-made nodes; say whether the undo had come through."""
    back = []
    for number, part in enumerate(record.all):
        guard = guards.of(part)
        drop(guard, private_name(f"{action}.{number}"))  # half made
        now = look_at(guard, part.name)
        back.append(now is not None and part.is_ours(now))
    shown = display(record.path)
    if all(back):
        return Settled(OutcomeWord.DONE, f"interrupted before its end was recorded; {shown} is back")
    for number, part in enumerate(record.all):
        if back[number]:
            aside = part.private if part.kept else private_name(f"{action}.{number}")
            _take_again(part, guards.of(part), aside)
    return Settled(OutcomeWord.FAILED, f"interrupted; {shown} was not put back, undo can be asked again")
