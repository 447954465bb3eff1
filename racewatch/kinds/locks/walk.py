"""Finding what is named like a lock below a root: by names first, so that other files cost next to nothing."""

from __future__ import annotations

import errno
import fnmatch
import os
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from racewatch.core.by_name import PRIVATE_PREFIX
from racewatch.core.model import Problem
from racewatch.kinds.locks.format import FileType, Listed
from racewatch.kinds.locks.registry import Registry
from racewatch.linux import fs
from racewatch.linux.mounts import FileSystems

#: Kernel interfaces dressed as directories: nobody keeps locks there, and some of them act when read.
_PSEUDO: Final = frozenset(
    {
        "autofs", "binfmt_misc", "bpf", "cgroup", "cgroup2", "configfs", "debugfs", "devpts", "efivarfs",
        "fusectl", "hugetlbfs", "mqueue", "nsfs", "proc", "pstore", "rpc_pipefs", "securityfs", "selinuxfs",
        "sysfs", "tracefs",
    }
)  # fmt: skip
#: File systems that can hang or call other programs; named as a root they are looked into.
_FAR: Final = ("fuse", "nfs", "cifs", "smb", "9p", "afs", "ceph", "virtiofs")


@dataclass(frozen=True, slots=True)
class Found:
    """One name that may be a lock, pinned.  The receiver closes ``fd``; ``directory_fd`` is the walk's."""

    path: bytes
    directory_fd: int
    directory: fs.Stat
    fd: int
    stat: fs.Stat


class LockWalk:
    """One walk.  Leaves out what the sockets' walk leaves out, and says so in the same words.

    ``locked`` are the inode numbers with a kernel lock: what is listed only while it is held is not even
    looked at when its number (of the directory entry) is not among them.
    """

    def __init__(
        self,
        registry: Registry,
        filesystems: FileSystems | None,
        locked: Collection[int],
        exclude: Sequence[bytes],
        max_entries: int,
    ) -> None:
        self._registry = registry
        self._filesystems = filesystems
        self._locked = locked
        patterns = b"|".join(
            fnmatch.translate(os.fsdecode(one)).encode("utf-8", "surrogateescape") for one in exclude
        )
        self._excluded = re.compile(patterns) if exclude else None
        self._max_entries = max_entries
        self._left = max_entries

    def below(self, root: bytes, *, recursive: bool = True) -> Iterator[Found | Problem]:
        """What is named like a lock below one root, each pinned at the moment it is handed out."""
        self._left = self._max_entries
        waiting = [root]
        while waiting:
            directory = waiting.pop()
            try:
                fd = fs.open_directory(directory)
            except OSError as error:
                if directory != root and error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
                    continue  # removed, or replaced by something else, since it was listed
                yield Problem(directory, why_not(error))
                continue
            try:
                stat = fs.stat_fd(fd)
                reason = self._foreign(stat, is_root=directory == root)
                if reason is not None:
                    if reason:
                        yield Problem(directory, reason)
                    continue
                folders: list[bytes] = []
                yield from self._inside(directory, fd, stat, folders.append if recursive else _ignore)
                waiting += sorted(folders, reverse=True)
            except OSError as error:
                yield Problem(directory, why_not(error))
            finally:
                os.close(fd)
            if self._left <= 0:
                yield Problem(
                    root,
                    f"only partly looked at: it has more than {self._max_entries} entries (max_entries "
                    "in the configuration)",
                )
                return

    def names(self, directory: bytes, names: Collection[bytes]) -> Iterator[Found | Problem]:
        """The same for some names directly inside one directory."""
        try:
            fd = fs.open_directory(directory)
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.ENOTDIR):
                yield Problem(directory, why_not(error))
            return
        try:
            stat = fs.stat_fd(fd)
            if self._foreign(stat, is_root=True) is not None:
                return
            for name in sorted(names):
                path = os.path.join(directory, name)
                if self._excluded is not None and self._excluded.match(path):
                    continue
                # Cheap first: no type of this name is a lock.
                if not any(self._registry.match(path, kind) for kind in _KINDS):
                    continue
                yield from self._pin(path, fd, stat, name)
        except OSError as error:
            yield Problem(directory, why_not(error))
        finally:
            os.close(fd)

    def _inside(
        self, directory: bytes, fd: int, stat: fs.Stat, below: Callable[[bytes], None]
    ) -> Iterator[Found | Problem]:
        prefix = directory.rstrip(b"/") + b"/"
        with os.scandir(fd) as entries:
            for entry in entries:
                self._left -= 1
                if self._left <= 0:
                    return
                name = os.fsencode(entry.name)
                path = prefix + name
                kind = _kind_of(entry)
                if kind is FileType.DIRECTORY:
                    if self._excluded is not None and self._excluded.match(path):
                        continue
                    below(path)
                if kind is None or not self._may_be(path, kind, entry.inode()):
                    continue
                if self._excluded is not None and self._excluded.match(path):
                    continue
                yield from self._pin(path, fd, stat, name)

    def _may_be(self, path: bytes, kind: FileType, inode: int) -> bool:
        one = self._registry.match(path, kind)
        if one is None or one.listed is Listed.ASKED or path.rpartition(b"/")[2].startswith(PRIVATE_PREFIX):
            return False
        return one.listed is not Listed.HELD or inode in self._locked

    @staticmethod
    def _pin(path: bytes, fd: int, stat: fs.Stat, name: bytes) -> Iterator[Found | Problem]:
        try:
            pinned = fs.pin(fd, name)
        except FileNotFoundError:
            return  # removed since it was listed
        except OSError as error:
            yield Problem(path, why_not(error))
            return
        yield Found(path, fd, stat, pinned, fs.stat_fd(pinned))

    def _foreign(self, stat: fs.Stat, *, is_root: bool) -> str | None:
        """Why a directory is not looked into: None to go on, an empty text for no need to say."""
        fstype = self._filesystems.fstype_of(stat.mount_id) if self._filesystems else None
        if fstype in _PSEUDO:
            return f"a kernel interface ({fstype}), not looked into" if is_root else ""
        if is_root or fstype is None:
            return None
        if fstype.startswith(_FAR):
            return f"a {fstype} file system below the root is not looked into; name it as a root to look"
        return None


_KINDS: Final = (FileType.FILE, FileType.SYMLINK, FileType.DIRECTORY)


def _ignore(_: bytes) -> None:
    """Nothing below is wanted."""


def _kind_of(entry: os.DirEntry[str]) -> FileType | None:
    """By the directory's own record of it, without asking the inode."""
    if entry.is_symlink():
        return FileType.SYMLINK
    if entry.is_dir(follow_symlinks=False):
        return FileType.DIRECTORY
    return FileType.FILE if entry.is_file(follow_symlinks=False) else None


def why_not(error: OSError) -> str:
    """Why a place was not looked at, for people."""
    if error.errno == errno.ENOENT:
        return "is not there"
    if error.errno == errno.ENOTDIR:
        return "is not a directory"
    if error.errno in (errno.EACCES, errno.EPERM):
        return "may not be read by this user; root can"
    if error.errno == errno.ELOOP:
        return "has a symbolic link in its path"
    return f"could not be read: {error.strerror}"
