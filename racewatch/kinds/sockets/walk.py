"""Finding the socket nodes below a root: by directory handles, never through a link, bounded."""

from __future__ import annotations

import errno
import fnmatch
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from racewatch.core.model import Problem
from racewatch.linux import fs
from racewatch.linux.mounts import FileSystems

#: Kernel interfaces dressed as directories: nobody keeps left-overs there, and some of them act when read.
_PSEUDO: Final = frozenset(
    {
        "autofs", "binfmt_misc", "bpf", "cgroup", "cgroup2", "configfs", "debugfs", "devpts", "efivarfs",
        "fusectl", "hugetlbfs", "mqueue", "nsfs", "proc", "pstore", "rpc_pipefs", "securityfs", "selinuxfs",
        "sysfs", "tracefs",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Found:
    """One socket node, pinned and looked at.  The receiver closes ``fd``; ``directory_fd`` is the walk's."""

    path: bytes
    directory_fd: int
    directory: fs.Stat
    fd: int
    stat: fs.Stat


class Walk:
    """One walk below some roots.

    Left out, each said as a problem unless it is a kernel interface: file systems below a root that
    can hang or call other programs (network, FUSE, …; name one as a root to look into it), directories that may not be
    read, and what is left when the bound on entries is reached.  Excluded patterns are left out in silence: the
    operator wrote them.
    """

    def __init__(self, filesystems: FileSystems | None, exclude: Sequence[bytes], max_entries: int) -> None:
        self._filesystems = filesystems
        patterns = b"|".join(
            fnmatch.translate(os.fsdecode(one)).encode("utf-8", "surrogateescape") for one in exclude
        )
        self._excluded = re.compile(patterns) if exclude else None
        self._max_entries = max_entries
        self._left = max_entries

    def sockets(self, root: bytes, *, recursive: bool = True) -> Iterator[Found | Problem]:
        """The socket nodes below one root, each pinned at the moment it is handed out."""
        self._left = self._max_entries
        waiting = [root]
        while waiting:
            directory = waiting.pop()
            try:
                fd = fs.open_directory(directory)
            except OSError as error:
                if directory != root and error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
                    continue  # removed, or replaced by something else, since it was listed
                yield Problem(directory, _why_not(error))
                continue
            try:
                stat = fs.stat_fd(fd)
                reason = self._foreign(stat, is_root=directory == root)
                if reason is not None:
                    if reason:
                        yield Problem(directory, reason)
                    continue
                below: list[bytes] = []
                yield from self._inside(directory, fd, stat, below)
                if recursive:
                    waiting += sorted(below, reverse=True)
            except OSError as error:
                yield Problem(directory, _why_not(error))
            finally:
                os.close(fd)
            if self._left <= 0:
                yield Problem(
                    root,
                    f"only partly looked at: it has more than {self._max_entries} entries (max_entries "
                    "in the configuration)",
                )
                return

    def _inside(
        self, directory: bytes, fd: int, stat: fs.Stat, below: list[bytes]
    ) -> Iterator[Found | Problem]:
        with os.scandir(fd) as entries:
            for entry in entries:
                self._left -= 1
                if self._left <= 0:
                    return
                is_directory = entry.is_dir(follow_symlinks=False)
                if not is_directory and (entry.is_file(follow_symlinks=False) or entry.is_symlink()):
                    continue
                name = os.fsencode(entry.name)
                path = os.path.join(directory, name)
                if self._excluded is not None and self._excluded.match(path):
                    continue
                if is_directory:
                    below.append(path)
                    continue
                try:
                    pinned = fs.pin(fd, name)
                except FileNotFoundError:
                    continue  # removed since it was listed
                except OSError as error:
                    yield Problem(path, _why_not(error))
                    continue
                node = fs.stat_fd(pinned)
                if node.is_socket:
                    yield Found(path, fd, stat, pinned, node)
                else:
                    os.close(pinned)

    def _foreign(self, stat: fs.Stat, *, is_root: bool) -> str | None:
        """Why a directory is not looked into: None to go on, an empty text for no need to say."""
        fstype = self._filesystems.fstype_of(stat.mount_id) if self._filesystems else None
        if fstype in _PSEUDO:
            return f"a kernel interface ({fstype}), not looked into" if is_root else ""
        if is_root or fstype is None:
            return None
        if fstype.startswith(("fuse", "nfs", "cifs", "smb", "9p", "afs", "ceph", "virtiofs")):
            return f"a {fstype} file system below the root is not looked into; name it as a root to look"
        return None


def _why_not(error: OSError) -> str:
    if error.errno == errno.ENOENT:
        return "is not there"
    if error.errno == errno.ENOTDIR:
        return "is not a directory"
    if error.errno in (errno.EACCES, errno.EPERM):
        return "may not be read by this user; root can"
    if error.errno == errno.ELOOP:
        return "has a symbolic link in its path"
    return f"could not be read: {error.strerror}"
