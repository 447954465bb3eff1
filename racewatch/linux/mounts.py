"""Where "nobody is bound here" means what it says: a snapshot of mounts and overlay layers.

A socket (or an advisory lock) belongs to the inode that its owner reached.  Below a file system
that is *stacked* on others, or that is *shared* with another kernel, the same file has several
inodes, and asking one of them says nothing about the others.

Seen here: overlay layers of every mount namespace that :mod:`racewatch.linux.mountinfo` can see, the
source directory of FUSE mounts that name one (bindfs), directories exported by this machine's
NFS server, and the usual storage directories of container engines.  **Not** seen: the layers of
fuse-overlayfs, mergerfs and other FUSE file systems that name no directory; directories shared with
virtual machines by the host's side of virtiofs or 9p; an engine's storage directory that was moved
to another place, while nothing of it is mounted.
"""

from __future__ import annotations

import enum
import errno
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from racewatch.linux import fs, mountinfo
from racewatch.linux.mountinfo import Mount, Namespace, mount_namespaces, read_mounts

__all__ = [
    "LOCAL_UNSTACKED",
    "Backing",
    "FileSystems",
    "Layer",
    "LayerRole",
    "Merged",
    "Mount",
    "Namespace",
    "Reason",
    "is_local_unstacked",
    "mount_namespaces",
    "read_mounts",
    "split_lower",
]

#: File systems whose inodes are reached by this kernel only, and one inode a file.  Everything else,
#: and everything unheard of, is not: overlay, FUSE, NFS, CIFS, 9p, virtiofs, AFS, Ceph, GFS2, OCFS2,
#: eCryptfs, ….
LOCAL_UNSTACKED: Final = frozenset(
    {
        "bcachefs",
        "btrfs",
        "devtmpfs",
        "ext2",
        "ext3",
        "ext4",
        "f2fs",
        "jffs2",
        "jfs",
        "nilfs2",
        "ramfs",
        "reiserfs",
        "rootfs",
        "tmpfs",
        "ubifs",
        "xfs",
        "zfs",
    }
)


#: Kernel interfaces dressed as directories: nobody keeps left-overs there, and some of them act when read.
KERNEL_INTERFACES: Final = frozenset(
    {
        "autofs", "binfmt_misc", "bpf", "cgroup", "cgroup2", "configfs", "debugfs", "devpts", "efivarfs",
        "fusectl", "hugetlbfs", "mqueue", "nsfs", "proc", "pstore", "rpc_pipefs", "securityfs", "selinuxfs",
        "sysfs", "tracefs",
    }
)  # fmt: skip
_FAR: Final = ("fuse", "nfs", "cifs", "smb", "9p", "afs", "ceph", "virtiofs")


def may_hang(fstype: str) -> bool:
    """Whether a look at it may wait for another machine, or call another program."""
    return fstype.startswith(_FAR)


def is_container_root(path: bytes, fstype: str | None) -> bool:
    """Whether a directory is the root of a container: ``rootfs`` of an OCI bundle, or an engine's merged layers.

    By its name and what lies beside it.  What is inside belongs to the container, which may have a whole system.
    """
    above, name = os.path.split(path)
    if name == b"rootfs":
        return os.path.lexists(os.path.join(above, b"config.json"))
    return name == b"merged" and fstype == "overlay"


def is_local_unstacked(fstype: str | None) -> bool:
    """Whether one inode there is one file, for this kernel only.  Unknown types (and None) are not."""
    return fstype in LOCAL_UNSTACKED


class LayerRole(enum.Enum):
    """What a directory is to the file system stacked on it.

    Sockets bound through the merged mount have their node in ``UPPER``, and look dead there.  Nothing
    bound through the merged mount ever shows up in ``LOWER``; advisory locks taken through it do not
    show there either.
    """

    UPPER = "upper"
    WORK = "work"
    LOWER = "lower"
    FUSE_SOURCE = "FUSE source"
    EXPORTED = "exported"


@dataclass(frozen=True, slots=True)
class Merged:
    """One place where a stacked file system is mounted; ``root`` is the directory of it that is there."""

    namespace: Namespace
    point: bytes
    root: bytes

    def path(self, relative: bytes) -> bytes | None:
        """What leads, from here, to ``relative`` in the stacked file system; None: not below this mount."""
        wanted = b"/" + relative.strip(b"/")
        inside = _below(wanted, self.root)
        return None if inside is None else _join(_join(self.namespace.root_path, self.point), inside)


@dataclass(frozen=True, slots=True)
class Layer:
    """One directory that another file system is stacked on.

    ``path`` is the text of the mount option.  ``place`` is where it is: (superblock, path in that
    file system), None when unknown.
    """

    role: LayerRole
    path: bytes
    place: tuple[int, bytes] | None
    merged: tuple[Merged, ...]


class Reason(enum.Enum):
    """Why a directory's inodes do not tell the whole truth."""

    LAYER = "below a layer of a stacked file system"
    LAYER_BY_NAME = "below a path that a stacked file system names as its layer"
    ENGINE_STORAGE = "below the storage of a container engine"


@dataclass(frozen=True, slots=True)
class Backing:
    """A directory that lies below a layer.  ``where`` is the layer's path.

    ``merged`` are paths of the *same directory* as the stacked file system shows it, where that is
    mounted: a node in it can be asked for there (they may lead through ``/proc/PID/root``, and a path
    on FUSE may hang while its server does).  A node that is bound there is live; one that is not may
    be bound through a mount that is not listed here.
    """

    reason: Reason
    role: LayerRole | None
    where: bytes
    merged: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class FileSystems:
    """All mounts of all visible mount namespaces, at one moment.  Old the moment it is taken: take
    one for a scan, and a fresh one inside each act.

    ``overlay_layers`` maps (st_dev, st_ino) of a directory to the layers it is, ``places`` does the
    same for (superblock, path inside it); ``unresolved`` are layers whose directory could not be
    found from here.  ``tables`` are the mount tables themselves, and
    ``point_names`` the file names of all their mount points.  ``blind`` counts processes whose mount table could not be read, so whose
    overlays are missing here.
    """

    by_id: Mapping[int, Mount]
    by_dev: Mapping[int, str]
    overlay_layers: Mapping[tuple[int, int], tuple[Layer, ...]]
    places: Mapping[tuple[int, bytes], Layer]
    unresolved: tuple[Layer, ...]
    blind: int
    tables: tuple[tuple[Mount, ...], ...] = ()
    point_names: frozenset[bytes] = frozenset()

    @classmethod
    def take(cls) -> FileSystems:
        """Look now.  Raises OSError when not even our own mount table can be read."""
        namespaces = mount_namespaces()
        by_id: dict[int, Mount] = {}
        by_dev: dict[int, str] = {}
        stacked: dict[_Stack, list[Merged]] = {}
        tables: list[tuple[Mount, ...]] = []
        point_names: set[bytes] = set()
        blind = namespaces.blind
        for namespace in namespaces:
            try:
                table = read_mounts(namespace.pid)
            except (FileNotFoundError, ProcessLookupError):
                continue  # exited since; what only it could see is gone with it
            except OSError:
                if namespace.pid is None:
                    raise
                blind += 1
                continue
            tables.append(table)
            for mount in table:
                point_names.add(mount.point.rpartition(b"/")[2])
                # Our own table comes first and counts: a process with another root (a chroot, ours or
                # its own) has the same mounts under other paths.
                by_id.setdefault(mount.id, mount)
                by_dev[mount.dev] = mount.fstype
                if mount.fstype == "overlay" or mount.fstype.startswith("fuse"):
                    stack = _Stack(mount.dev, mount.fstype, mount.source, mount.options)
                    stacked.setdefault(stack, []).append(Merged(namespace, mount.point, mount.root))
        resolved, unresolved = _resolve(stacked, by_id)
        places = {one.place: one for layers in resolved.values() for one in layers[::-1] if one.place}
        return cls(
            by_id,
            by_dev,
            resolved,
            places,
            tuple(unresolved),
            blind,
            tuple(tables),
            frozenset(point_names),
        )

    def is_mount_point(self, fd: int) -> bool:
        """Whether something is mounted, in any namespace seen, on the name that a handle was opened by.

        In ours that shows as a mount root.  In another one it shows nowhere but in its table, and
        removing the name here takes that mount away there (measured: a rename moves the mount along, an
        unlink detaches it).  ``point_names`` tells cheaply for which names to ask.  Raises OSError.
        """
        path = os.readlink(fs.fd_path(fd))
        place = _place(path, fs.stat_fd(fd).mount_id, self.by_id)
        if place is None:
            return True  # where it is cannot be told, so neither can what is mounted there
        ending = b"/" + path.rpartition(b"/")[2]
        for table in self.tables:
            if any(mount.point.endswith(ending) for mount in table):
                by_id = {mount.id: mount for mount in table}
                for mount in table:
                    # A mount whose own place cannot be told, under this very name, may be on this node.
                    if mount.point.endswith(ending) and _place(mount.point, mount.parent, by_id) in (
                        None,
                        place,
                    ):
                        return True
        return False

    def shown_elsewhere(self, fd: int, public: bytes) -> tuple[bytes, ...]:
        """Where something of an open directory is mounted, or stacked upon, in any namespace seen.

        What is freed below it is freed there, too.  ``public`` is its path for those who mounted, should it be
        another one just now.  Raises OSError when where it lies cannot be told.
        """
        place = _place(os.readlink(fs.fd_path(fd)), fs.stat_fd(fd).mount_id, self.by_id)
        if place is None:
            raise OSError(errno.ENOENT, "the mount that it lies on is not listed")
        dev, top = place
        found = [
            mount.point
            for table in self.tables
            for mount in table
            if mount.dev == dev and _below(mount.root, top) is not None
        ]
        layers = [
            layer
            for (on, inside), layer in self.places.items()
            if on == dev and _below(inside, top) is not None
        ]
        layers += [layer for layer in self.unresolved if _below(layer.path, public) is not None]
        for layer in layers:
            found += [one.point for one in layer.merged] or [layer.path]
        return tuple(sorted(set(found)))

    def fstype_of(self, mount_id: int | None) -> str | None:
        """The type of the file system a mount id (of ``statx``) means; None: not in this snapshot."""
        mount = None if mount_id is None else self.by_id.get(mount_id)
        return None if mount is None else mount.fstype

    def superblock_of(self, mount_id: int | None) -> int | None:
        """The superblock device of a mount id: what sock_diag and /proc/locks call the device."""
        mount = None if mount_id is None else self.by_id.get(mount_id)
        return None if mount is None else mount.dev

    def fstype_by_dev(self, dev: int) -> str | None:
        """The type of the file system with this superblock device, in whatever namespace it is mounted."""
        return self.by_dev.get(dev)

    def backing_overlay(self, where: int | bytes) -> Backing | None:
        """Whether a directory (a handle or a path) lies below a layer of anything; None: not that we
        can see.

        Looks at the directory and all its ancestors, by handles, and at its place in its file system,
        which finds layers that were bind-mounted to elsewhere.  About 10 µs a path component: ask once
        a directory, not once a file.  Raises OSError when it cannot look (treat as "it may be").
        """
        fd = os.open(where, _STEP) if isinstance(where, bytes) else os.dup(where)
        try:
            path = os.readlink(fs.fd_path(fd))
            place = _place(path, fs.stat_fd(fd).mount_id, self.by_id)
            found = self._by_place(place) or self._by_ancestors(fd, path) or self._by_name(path)
        finally:
            os.close(fd)
        if found is None and isinstance(where, bytes):
            found = self._by_name(where)
        return found

    def _by_place(self, place: tuple[int, bytes] | None) -> Backing | None:
        if place is None or not self.places:
            return None
        dev, path = place
        for ancestor in (path, *_ancestors(path)):
            layer = self.places.get((dev, ancestor))
            if layer is not None:
                return _backing(Reason.LAYER, layer, _below(path, ancestor))
        return None

    def _by_ancestors(self, fd: int, path: bytes) -> Backing | None:
        if not self.overlay_layers:
            return None
        current = os.dup(fd)
        try:
            previous: tuple[int, int, int | None] | None = None
            while True:
                seen = fs.stat_fd(current)
                layers = self.overlay_layers.get((seen.dev, seen.ino))
                if layers:
                    inside = _below(path, os.readlink(fs.fd_path(current)))
                    return _backing(Reason.LAYER, layers[0], inside)
                here = (seen.dev, seen.ino, seen.mount_id)
                if here == previous:
                    return None  # the root is its own parent
                previous = here
                parent = os.open(b"..", _STEP, dir_fd=current)
                os.close(current)
                current = parent
        finally:
            os.close(current)

    def _by_name(self, path: bytes) -> Backing | None:
        for layer in self.unresolved:
            # Relative to a working directory nobody knows any more: any place where it fits will do.
            wanted = layer.path if layer.path.startswith(b"/") else b"/" + layer.path
            at = (path + b"/").find(wanted.rstrip(b"/") + b"/")
            if at == 0 or (at > 0 and wanted != layer.path):
                return _backing(Reason.LAYER_BY_NAME, layer, path[at + len(wanted.rstrip(b"/")) :])
        match = _ENGINE_STORAGE.match(path + b"/")
        return None if match is None else Backing(Reason.ENGINE_STORAGE, None, match[0].rstrip(b"/"))


_STEP: Final = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC

# Where engines keep layers, whether or not anything is mounted now.
_ENGINE_STORAGE: Final = re.compile(
    rb"/var/lib/(?:docker|containers|containerd|buildkit|lxc|lxd|incus|rancher/[^/]+/agent/containerd)/"
    rb"|/var/snap/(?:docker|lxd)/"
    rb"|/var/lib/[^/]+/\.local/share/(?:containers|docker|containerd|buildkit)/"
    rb"|/(?:home/[^/]+(?:/[^/]+)?|root)/\.local/share/(?:containers|docker|containerd|buildkit)/"
)


@dataclass(frozen=True, slots=True)
class _Stack:
    """One stacked superblock, however often it is mounted."""

    dev: int
    fstype: str
    source: bytes
    options: bytes


def _resolve(
    stacked: Mapping[_Stack, list[Merged]], by_id: Mapping[int, Mount]
) -> tuple[dict[tuple[int, int], tuple[Layer, ...]], list[Layer]]:
    resolved: dict[tuple[int, int], tuple[Layer, ...]] = {}
    unresolved: list[Layer] = []
    wanted: list[tuple[LayerRole, bytes, tuple[Merged, ...]]] = [
        (role, path, tuple(merged)) for stack, merged in stacked.items() for role, path in _layers_of(stack)
    ]
    wanted += [(LayerRole.EXPORTED, path, ()) for path in _exported()]
    siblings: dict[tuple[Merged, ...], list[bytes]] = {}
    for _, path, merged in wanted:
        siblings.setdefault(merged, []).append(path)
    for role, path, merged in wanted:
        found = False
        for candidate in _candidates(path, merged, siblings[merged]):
            try:
                fd = os.open(candidate, _STEP)
            except OSError:
                continue
            try:
                seen = fs.stat_fd(fd)
                place = _place(os.readlink(fs.fd_path(fd)), seen.mount_id, by_id)
            except OSError:
                continue
            finally:
                os.close(fd)
            key = (seen.dev, seen.ino)
            layer = Layer(role, path, place, merged)
            if layer not in resolved.get(key, ()):
                # The upper role first: it is the one that makes live sockets look dead.
                known = (*resolved.get(key, ()), layer)
                resolved[key] = tuple(sorted(known, key=lambda one: one.role is not LayerRole.UPPER))
            found = True
        if not found and role is not LayerRole.FUSE_SOURCE:
            unresolved.append(Layer(role, path, None, merged))
    return resolved, unresolved


def _layers_of(stack: _Stack) -> list[tuple[LayerRole, bytes]]:
    if stack.fstype != "overlay":
        # bindfs and its like name the directory they show; others name a device, a host, or themselves.
        return [(LayerRole.FUSE_SOURCE, stack.source)] if stack.source.startswith(b"/") else []
    mount = Mount(0, 0, stack.dev, b"/", b"/", stack.fstype, stack.source, stack.options)
    found: list[tuple[LayerRole, bytes]] = []
    for option, role in ((b"upperdir", LayerRole.UPPER), (b"workdir", LayerRole.WORK)):
        found += [(role, path) for path in mount.values(option)]
    for value in mount.values(b"lowerdir"):
        found += [(LayerRole.LOWER, path) for path in split_lower(value)]
    for option in (b"lowerdir+", b"datadir+"):
        found += [(LayerRole.LOWER, path) for path in mount.values(option)]
    return found


def split_lower(value: bytes) -> list[bytes]:
    """The directories of a ``lowerdir`` option, separated by ``:`` (``::`` before data layers)."""
    pieces = re.findall(rb"(?:[^:\\]|\\.)+|\\$", value, re.DOTALL)
    return [re.sub(rb"\\(.)", rb"\1", piece, flags=re.DOTALL) for piece in pieces]


def _candidates(path: bytes, merged: tuple[Merged, ...], siblings: list[bytes]) -> list[bytes]:
    """Where the text of a mount option may lead.

    It was written by whoever mounted, in a namespace and a working directory that the kernel does
    not tell: so it is tried in every namespace that has the mount, and in our own; and a relative
    one (the engines' ``l/ABC``) from above the mount point and above the other layers.  Naming a
    directory too many is harmless: it only makes an answer more careful.
    """
    roots = list(dict.fromkeys([*(one.namespace.root_path for one in merged), b""]))
    spelled = list(dict.fromkeys([path, re.sub(rb"\\(.)", rb"\1", path, flags=re.DOTALL)]))
    if path.startswith(b"/"):
        return [root + text for root in roots for text in spelled]
    anchors = [one.point for one in merged] + [one for one in siblings if one.startswith(b"/")]
    bases = dict.fromkeys(base for anchor in anchors for base in _ancestors(anchor))
    return [_join(root + base, text) for root in roots for base in bases for text in spelled]


def _ancestors(path: bytes) -> list[bytes]:
    found = []
    while path not in (b"/", b""):
        path = os.path.dirname(path)
        found.append(path)
    return found


def _exported() -> list[bytes]:
    """Directories that this machine's NFS server exports: other kernels make nodes in them."""
    try:
        with open("/var/lib/nfs/etab", "rb") as table:
            lines = table.read(1 << 20).split(b"\n")
    except OSError:
        return []
    return [mountinfo.plain(line.split(b"\t", 1)[0]) for line in lines if line.startswith(b"/")]


def _place(path: bytes, mount_id: int | None, by_id: Mapping[int, Mount]) -> tuple[int, bytes] | None:
    """(superblock, path inside that file system) of an absolute path on a mount."""
    mount = None if mount_id is None else by_id.get(mount_id)
    if mount is None:
        return None
    inside = _below(path, mount.point)
    return None if inside is None else (mount.dev, _join(mount.root, inside))


def _backing(reason: Reason, layer: Layer, inside: bytes | None) -> Backing:
    ways: tuple[bytes, ...] = ()
    if inside is not None and layer.role in (LayerRole.UPPER, LayerRole.LOWER, LayerRole.FUSE_SOURCE):
        ways = tuple(way for one in layer.merged if (way := one.path(inside)) is not None)
    return Backing(reason, layer.role, layer.path, ways)


def _below(path: bytes, above: bytes) -> bytes | None:
    """What follows ``above`` in ``path`` (without a slash in front); None when it is not below it."""
    above = above.rstrip(b"/")
    if path == above:
        return b""
    return path[len(above) + 1 :] if path.startswith(above + b"/") else None


def _join(above: bytes, inside: bytes) -> bytes:
    return above.rstrip(b"/") + b"/" + inside.lstrip(b"/") if inside.strip(b"/") else above or b"/"
