"""What a place proves: whether this kernel sees everybody who uses a file that lies there."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from racewatch.core.by_name import PRIVATE_PREFIX
from racewatch.linux import fs
from racewatch.linux.mounts import FileSystems, LayerRole, Reason, is_local_unstacked


class Where(enum.Enum):
    """Whose sockets, locks and handles this kernel can see, at the place where a node lies."""

    LOCAL = "a local file system that nothing is stacked on"
    MOUNTED_OVER = "a place that something is mounted on"
    SHARED = "a file system that another kernel or program can serve"
    BACKING = "a layer of a stacked or exported file system"
    ENGINE = "the storage of a container engine"
    HIDDEN = "a place whose mounts cannot all be seen"
    UNSEEN = "a file system that could not be identified"


@dataclass(frozen=True, slots=True)
class Place:
    """What is known of one directory.

    ``merged`` are paths of the same directory as an overlay shows it whose upper layer it is in.
    """

    where: Where
    fstype: str | None
    merged: tuple[bytes, ...] = ()


class Places:
    """The places of one look; each directory is judged once.  ``filesystems`` is None when not even our own
    mounts could be read.
    """

    def __init__(self, filesystems: FileSystems | None) -> None:
        self._filesystems = filesystems
        self._known: dict[tuple[int, int, int | None], Place] = {}
        # The very same look at a directory serves all its files.  Replaced as one: threads need no lock.
        self._last: tuple[fs.Stat, Place] | None = None
        self._points = filesystems.point_names if filesystems else frozenset[bytes]()
        self._points_aside = any(name.startswith(PRIVATE_PREFIX) for name in self._points)

    def of(self, directory_fd: int, directory: fs.Stat, name: bytes, fd: int, node: fs.Stat) -> Place:
        """The place of a node that is pinned by ``fd`` and has this name in the directory."""
        if (
            node.mount_root is not False
            or node.mount_id != directory.mount_id
            or ((name in self._points or self._points_aside) and self._is_mounted_over_elsewhere(fd))
        ):
            # The name is a mount point (or this kernel cannot say): the node we see is not the one
            # in the directory, and taking the name away would take somebody's mount away.
            return Place(Where.MOUNTED_OVER, self._fstype(node))
        last = self._last
        if last is not None and last[0] is directory:
            return last[1]
        key = (directory.dev, directory.ino, directory.mount_id)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._judge(directory_fd, directory)
        self._last = (directory, found)
        return found

    def _is_mounted_over_elsewhere(self, fd: int) -> bool:
        """Whether a service with mounts of its own has put something of its own over this very node.

        Some mount point has its name; while an act has the node aside, the private name.
        """
        if self._filesystems is None:
            return False
        try:
            return self._filesystems.is_mount_point(fd)
        except OSError:
            return True

    def _fstype(self, node: fs.Stat) -> str | None:
        return self._filesystems.fstype_of(node.mount_id) if self._filesystems else None

    def _judge(self, directory_fd: int, directory: fs.Stat) -> Place:
        fstype = self._fstype(directory)
        if self._filesystems is None or fstype is None:
            return Place(Where.UNSEEN, fstype)
        if not is_local_unstacked(fstype):
            return Place(Where.SHARED, fstype)
        try:
            backing = self._filesystems.backing_overlay(directory_fd)
        except OSError:
            return Place(Where.UNSEEN, fstype)
        if backing is None:
            # Unseen mounts may be overlays over this place, through which its nodes are other inodes.
            return Place(Where.HIDDEN if self._filesystems.blind else Where.LOCAL, fstype)
        where = Where.ENGINE if backing.reason is Reason.ENGINE_STORAGE else Where.BACKING
        # Only an upper layer's nodes can be in use through the overlay; and a FUSE mount is not asked,
        # because it may hang while its server does.
        merged = backing.merged if backing.role is LayerRole.UPPER else ()
        return Place(where, fstype, merged)
