"""Which names may be locks: by the name and what the directory says of it, before anything is opened."""

from __future__ import annotations

import os
from collections.abc import Collection
from typing import Final

from racewatch.core.by_name import PRIVATE_PREFIX
from racewatch.kinds.locks.format import FileType, Listed
from racewatch.kinds.locks.registry import Registry
from racewatch.linux import fs

_KINDS: Final = (FileType.FILE, FileType.SYMLINK, FileType.DIRECTORY)
_FILE, _SYMLINK, _DIRECTORY = _KINDS
_ASKED: Final = Listed.ASKED
_HELD: Final = Listed.HELD


class LockNames:
    """A filter for walks.

    ``locked`` are the inode numbers with a kernel lock: what is listed only while it is held is not even
    looked at when its number (of the directory entry) is not among them.
    """

    def __init__(self, registry: Registry, locked: Collection[int]) -> None:
        self._registry = registry
        self._locked = locked

    def __call__(self, prefix: bytes, entry: os.DirEntry[str]) -> bytes | None:
        """The path of an entry that may be a lock."""
        name = fs.name_of(entry)
        kind = _kind_of(entry)
        if kind is None or name.startswith(PRIVATE_PREFIX):
            return None
        path = prefix + name
        one = self._registry.match(path, kind)
        if one is None or one.listed is _ASKED:
            return None
        return path if one.listed is not _HELD or entry.inode() in self._locked else None


def may_be_lock(registry: Registry, path: bytes) -> bool:
    """Whether a thing of any type under this name may be a lock."""
    return any(registry.match(path, kind) is not None for kind in _KINDS)


def _kind_of(entry: os.DirEntry[str]) -> FileType | None:
    """By the directory's own record of it, without asking the inode."""
    if entry.is_file(follow_symlinks=False):
        return _FILE
    if entry.is_symlink():
        return _SYMLINK
    return _DIRECTORY if entry.is_dir(follow_symlinks=False) else None
