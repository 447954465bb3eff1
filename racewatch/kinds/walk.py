"""Walking below a root: by directory handles, never through a link, bounded, everything left out is said."""

from __future__ import annotations

import errno
import fnmatch
import os
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Final, NamedTuple

from racewatch.core.model import Problem
from racewatch.linux import fs
from racewatch.linux.mounts import KERNEL_INTERFACES, FileSystems, is_container_root, may_hang

_new: Final = tuple.__new__  # for each row of each scan


class Found(NamedTuple):
    """One node, pinned and looked at.  The receiver closes ``fd``; ``directory_fd`` is the walk's."""

    path: bytes
    directory_fd: int
    directory: fs.Stat
    fd: int
    stat: fs.Stat


#: The path of an entry when it may be a target, by what the directory itself says of it; else None.
#: Gets the directory with a slash at its end.  Called for every entry: most must cost next to nothing.
Wants = Callable[[bytes, os.DirEntry[str]], bytes | None]


class Excluded:
    """Shell patterns over whole paths that are left out in silence: the operator wrote them."""

    def __init__(self, patterns: Sequence[bytes]) -> None:
        texts = (fnmatch.translate(os.fsdecode(one)) for one in patterns)
        joined = b"|".join(text.encode("utf-8", "surrogateescape") for text in texts)
        self._match = re.compile(joined).match if patterns else None

    def __bool__(self) -> bool:
        return self._match is not None

    def __contains__(self, path: bytes) -> bool:
        return self._match is not None and self._match(path) is not None


class Walk:
    """One walk below some roots.

    Left out, each said as a problem unless it is a kernel interface or a container's root file system:
    file systems below a root that can hang or call other programs (network, FUSE, …; name one as a root to
    look into it), directories that may not be read, and what is left when the bound on entries is reached.
    """

    def __init__(
        self, wants: Wants, filesystems: FileSystems | None, excluded: Excluded, max_entries: int
    ) -> None:
        self._wants = wants
        self._filesystems = filesystems
        self._excluded = excluded
        self._max_entries = max_entries
        self._left = max_entries

    def below(self, root: bytes, *, recursive: bool = True) -> Iterator[Found | Problem]:
        """What is wanted below one root (or directly in it), each pinned at the moment it is handed out."""
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
                reason = self._foreign(directory, stat, is_root=directory == root)
                if reason is not None:
                    if reason:
                        yield Problem(directory, reason)
                    continue
                folders: list[bytes] = []
                yield from self._inside(directory, fd, stat, folders)
                if recursive:
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
        """These names directly inside one directory, whatever they are; what is absent is left out."""
        try:
            fd = fs.open_directory(directory)
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.ENOTDIR):
                yield Problem(directory, why_not(error))
            return
        try:
            stat = fs.stat_fd(fd)
            if self._foreign(directory, stat, is_root=True) is not None:
                return
            for name in sorted(names):
                path = os.path.join(directory, name)
                if path not in self._excluded and (found := _pinned(path, fd, stat)) is not None:
                    yield found
        except OSError as error:
            yield Problem(directory, why_not(error))
        finally:
            os.close(fd)

    def _inside(
        self, directory: bytes, fd: int, stat: fs.Stat, folders: list[bytes]
    ) -> Iterator[Found | Problem]:
        prefix = directory.rstrip(b"/") + b"/"
        wants, excluded = self._wants, self._excluded or None
        with os.scandir(fd) as entries:
            for entry in entries:
                self._left -= 1
                if self._left <= 0:
                    return
                wanted = wants(prefix, entry)
                is_directory = entry.is_dir(follow_symlinks=False)
                if wanted is None and not is_directory:
                    continue
                path = wanted if wanted is not None else prefix + fs.name_of(entry)
                if excluded is not None and path in excluded:
                    continue
                if is_directory:
                    folders.append(path)
                if wanted is not None and (found := _pinned(path, fd, stat)) is not None:
                    yield found

    def _foreign(self, directory: bytes, stat: fs.Stat, *, is_root: bool) -> str | None:
        """Why a directory is not looked into: None to go on, an empty text for no need to say."""
        fstype = self._filesystems.fstype_of(stat.mount_id) if self._filesystems else None
        if fstype in KERNEL_INTERFACES:
            return f"a kernel interface ({fstype}), not looked into" if is_root else ""
        if is_root:
            return None
        if is_container_root(directory, fstype):
            return ""
        if fstype is None:
            return None
        if may_hang(fstype):
            return f"a {fstype} file system below the root is not looked into; name it as a root to look"
        return None


def _pinned(path: bytes, directory_fd: int, directory: fs.Stat) -> Found | Problem | None:
    try:
        fd = fs.pin(directory_fd, path[path.rfind(b"/") + 1 :])
    except FileNotFoundError:
        return None  # removed since it was listed
    except OSError as error:
        return Problem(path, why_not(error))
    return _new(Found, (path, directory_fd, directory, fd, fs.stat_fd(fd)))


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
