"""The mount tables of every mount namespace that can be seen: ``/proc/PID/mountinfo``.

Own code: psutil's ``disk_partitions`` reads ``/proc/self/mounts``, which has no mount ids, no
``major:minor`` and no other namespaces.

What is *not* seen: mount namespaces in which no process lives (kept only by a bind-mounted
``ns/mnt`` file or an open handle), those of single threads, those of processes outside our PID
namespace, and, where ``/proc`` hides other users' processes (``hidepid``), theirs.
:attr:`Namespaces.blind` counts what was refused, and is at least 1 when ``/proc`` hides any.
"""

from __future__ import annotations

import errno
import functools
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from racewatch.linux import fs


class BadMountTable(OSError):
    """A mount table does not have the form that this module knows (``EBADMSG``)."""

    def __init__(self, line: bytes) -> None:
        super().__init__(errno.EBADMSG, f"unexpected line in mountinfo: {line[:200]!r}")


@dataclass(frozen=True, slots=True)
class Mount:
    """One mount.  ``dev`` is the superblock (``os.makedev`` form), not always the files' ``st_dev``.

    ``root`` is the directory of the file system that is mounted, ``point`` where, as seen from the
    root of the process that was asked.  ``options`` are the superblock's, still escaped as the
    kernel prints them: see :meth:`values`.
    """

    id: int
    parent: int
    dev: int
    root: bytes
    point: bytes
    fstype: str
    source: bytes
    options: bytes

    def values(self, name: bytes) -> tuple[bytes, ...]:
        """Every value of one superblock option, unescaped (commas inside values are escaped until here)."""
        prefix = name + b"="
        found = (part for part in self.options.split(b",") if part.startswith(prefix))
        return tuple(plain(part[len(prefix) :]) for part in found)


_ESCAPE: Final = re.compile(rb"\\([0-7]{3})")


def plain(text: bytes) -> bytes:
    """Undo the kernel's octal escapes of blanks, backslashes, ``#`` and commas."""
    if b"\\" not in text:
        return text
    return _ESCAPE.sub(lambda match: bytes((int(match[1], 8) & 0xFF,)), text)


# The content of a table names mount ids, so equal content is the same table: an act that looks twice
# within a second parses once.
@functools.lru_cache(maxsize=512)
def parse_mountinfo(data: bytes) -> tuple[Mount, ...]:
    """The mounts of one table.  Raises BadMountTable for anything that is not well formed, nothing else."""
    return tuple(_mount(line) for line in data.split(b"\n") if line)


def _mount(line: bytes) -> Mount:
    # ID PARENT MAJOR:MINOR ROOT POINT OPTIONS TAG... - TYPE SOURCE SUPER_OPTIONS
    # No field but the last can contain a blank, and a lone "-" is no tag.
    before, dash, after = line.partition(b" - ")
    fields = before.split(b" ")
    tail = after.split(b" ", 2)
    if not dash or len(fields) < 6 or len(tail) != 3:
        raise BadMountTable(line)
    major, colon, minor = fields[2].partition(b":")
    numbers = (fields[0], fields[1], major, minor)
    if not colon or not all(number.isdigit() and len(number) <= 10 for number in numbers):
        raise BadMountTable(line)
    try:
        dev = os.makedev(int(major), int(minor))
    except (OverflowError, ValueError):
        raise BadMountTable(line) from None
    return Mount(
        id=int(fields[0]),
        parent=int(fields[1]),
        dev=dev,
        root=plain(fields[3]),
        point=plain(fields[4]),
        fstype=tail[0].decode("ascii", "backslashreplace"),
        source=plain(tail[1]),
        options=tail[2],
    )


def read_mounts(pid: int | None = None) -> tuple[Mount, ...]:
    """The mounts that a process (None: we) can reach from its root.

    Raises OSError: FileNotFoundError or ProcessLookupError when the process is gone (or its mount
    namespace: a zombie has none), BadMountTable.  Readable for every user; not under ``hidepid``.
    """
    try:
        return parse_mountinfo(fs.read_whole(_table(pid)))
    except OSError as error:
        if pid is not None and error.errno == errno.EINVAL:
            # What the kernel answers for a process that has ended and was not waited for yet.
            raise ProcessLookupError(errno.ESRCH, "a zombie has no mounts") from None
        raise


def _table(pid: int | None) -> bytes:
    return b"/proc/self/mountinfo" if pid is None else b"/proc/%d/mountinfo" % pid


@dataclass(frozen=True, slots=True)
class Namespace:
    """One mount namespace, seen from one root directory; ``pid`` lives in it, None: we do."""

    pid: int | None

    @property
    def root_path(self) -> bytes:
        """A path that leads to this namespace's root (no permission for it is likely, other users')."""
        return b"" if self.pid is None else b"/proc/%d/root" % self.pid


@dataclass(frozen=True, slots=True)
class Namespaces:
    """The visible mount namespaces, our own first.  ``blind``: processes that could not be asked."""

    seen: tuple[Namespace, ...]
    blind: int

    def __iter__(self) -> Iterator[Namespace]:
        return iter(self.seen)


def mount_namespaces() -> Namespaces:
    """One representative process for each mount namespace (and root directory in it) of this machine.

    Two look-ups a process where ``/proc/PID/ns/mnt`` can be read.  Where it cannot (another user's),
    the id of the first mount in its table, which no other namespace has, tells them apart.
    """
    seen: list[Namespace] = [Namespace(None)]
    blind = int(hides_processes(read_mounts()))
    known: set[object] = {_link_identity(b"/proc/self"), _table_identity(b"/proc/self/mountinfo")}
    for entry in os.listdir(b"/proc"):
        if not entry.isdigit():
            continue
        directory = b"/proc/" + entry
        try:
            identity: object = _link_identity(directory)
        except (FileNotFoundError, ProcessLookupError):
            continue
        except OSError:
            try:
                identity = _table_identity(directory + b"/mountinfo")
            except (FileNotFoundError, ProcessLookupError):
                continue
            except OSError as error:
                # EINVAL: a zombie, which is in no namespace any more.
                blind += error.errno != errno.EINVAL
                continue
        if identity is not None and identity not in known:
            known.add(identity)
            seen.append(Namespace(int(entry)))
    return Namespaces(tuple(seen), blind)


def hides_processes(table: tuple[Mount, ...]) -> bool:
    """Whether this ``/proc`` leaves other users' processes out of its listing, for us."""
    here = [mount for mount in table if mount.fstype == "proc" and mount.point == b"/proc"]
    # 1 (noaccess) lists them and then refuses, which is counted; 2 (invisible) and 4 (ptraceable) leave them out.
    hiding = {b"2", b"4", b"invisible", b"ptraceable"}
    return os.geteuid() != 0 and any(hiding.intersection(mount.values(b"hidepid")) for mount in here)


def _link_identity(directory: bytes) -> tuple[bytes, bytes]:
    # The root belongs to it: a process that lives in a chroot sees, and shows, only the mounts below.
    return os.readlink(directory + b"/ns/mnt"), os.readlink(directory + b"/root")


def _table_identity(table: bytes) -> int | None:
    """The id of the first mount of a table; None for an empty table."""
    fd = os.open(table, os.O_RDONLY | os.O_CLOEXEC)
    try:
        first = os.read(fd, 64).split(b" ", 1)[0]
    finally:
        os.close(fd)
    return int(first) if first.isdigit() else None
