"""Overlay, FUSE and bind mounts for real, in mount namespaces of children."""

from __future__ import annotations

import errno
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from racewatch.linux import fs
from racewatch.linux.mountinfo import Mount
from racewatch.linux.mounts import (
    FileSystems,
    LayerRole,
    Reason,
    is_local_unstacked,
    mount_namespaces,
    read_mounts,
)
from racewatch.linux.netns import network_namespaces
from racewatch.linux.probe import DatagramProbe, Presence
from tests.kernel.support import (
    MS_BIND,
    become_nobody,
    child,
    in_child,
    mount,
    needs_root,
    own_mounts,
)

pytestmark = needs_root

BOUND, ABSENT = Presence.BOUND, Presence.ABSENT


@dataclass
class Overlay:
    base: Path

    def __getattr__(self, name: str) -> bytes:
        return os.fsencode(self.base / name)

    def mount(self, options: bytes | None = None) -> None:
        wanted = options or b"lowerdir=%s,upperdir=%s,workdir=%s" % (self.lower, self.upper, self.work)
        mount(b"overlay", self.merged, b"overlay", 0, wanted)

    def bind(self, name: str, where: bytes) -> socket.socket:
        server = socket.socket(socket.AF_UNIX)
        server.bind(os.path.join(where, os.fsencode(name)))
        server.listen()
        return server


@pytest.fixture
def overlay(tmp_path: Path) -> Overlay:
    made = Overlay(tmp_path)
    for name in ("lower", "upper", "work", "merged", "elsewhere", "upper/sub"):
        (tmp_path / name).mkdir()
    return made


def presence(path: bytes) -> Presence:
    fd = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    probe = DatagramProbe()
    try:
        return probe.ask(fd).presence
    finally:
        probe.close()
        os.close(fd)


def _overlay_with_sockets(overlay: Overlay) -> Callable[[], Any]:
    def setup() -> list[socket.socket]:
        own_mounts()
        overlay.mount()
        return [overlay.bind("through-merged", overlay.merged + b"/sub")]

    return setup


def test_a_live_socket_looks_dead_through_the_upper_directory(overlay: Overlay) -> None:
    """The blind spot itself, and that the snapshot sees it from *another* mount namespace."""
    with child(_overlay_with_sockets(overlay)):
        node = overlay.upper + b"/sub/through-merged"
        assert presence(node) is ABSENT
        snapshot = FileSystems.take()
        backing = snapshot.backing_overlay(overlay.upper + b"/sub")
        assert backing is not None
        assert (backing.reason, backing.role) == (Reason.LAYER, LayerRole.UPPER)
        assert backing.where == overlay.upper
        # asked through the merged mount, in the namespace that has it, it lives
        (way,) = backing.merged
        assert way.startswith(b"/proc/")
        assert presence(way + b"/through-merged") is BOUND
        # nothing else here is below a layer
        assert snapshot.backing_overlay(overlay.elsewhere) is None
        assert snapshot.backing_overlay(os.fsencode(overlay.base)) is None
    assert FileSystems.take().backing_overlay(overlay.upper + b"/sub") is None


@pytest.mark.parametrize(
    ("name", "role"),
    [("upper", LayerRole.UPPER), ("work", LayerRole.WORK), ("lower", LayerRole.LOWER)],
)
def test_every_directory_of_an_overlay_is_a_layer(overlay: Overlay, name: str, role: LayerRole) -> None:
    with child(_overlay_with_sockets(overlay)):
        path = os.fsencode(overlay.base / name)
        backing = FileSystems.take().backing_overlay(path)
        assert backing is not None
        assert backing.role is role
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            assert FileSystems.take().backing_overlay(fd) == backing
        finally:
            os.close(fd)


def test_a_lower_directory_is_exact_for_sockets_bound_there(overlay: Overlay) -> None:
    def setup() -> dict[str, Presence]:
        own_mounts()
        overlay.mount()
        with overlay.bind("in-lower", overlay.lower):
            return {
                "lower": presence(overlay.lower + b"/in-lower"),
                "merged": presence(overlay.merged + b"/in-lower"),
            }

    # ... while the merged view of it looks dead: an overlay is never "local, unstacked".
    assert in_child(setup) == {"lower": BOUND, "merged": ABSENT}
    assert not is_local_unstacked("overlay")


def test_a_layer_that_is_bind_mounted_elsewhere_is_still_a_layer(overlay: Overlay) -> None:
    def setup() -> Any:
        own_mounts()
        overlay.mount()
        mount(overlay.upper + b"/sub", overlay.elsewhere, None, MS_BIND)
        with overlay.bind("x", overlay.merged + b"/sub"):
            # no ancestor of /…/elsewhere, by "..", is the upper directory
            backing = FileSystems.take().backing_overlay(overlay.elsewhere)
            assert backing is not None
            return backing.role, presence(overlay.elsewhere + b"/x"), presence(backing.merged[0] + b"/x")

    assert in_child(setup) == (LayerRole.UPPER, ABSENT, BOUND)


def test_a_layer_that_was_moved_since_the_snapshot_is_still_a_layer(overlay: Overlay) -> None:
    """Its path means nothing any more; its directory, met on the way up, is the same inode."""
    with child(_overlay_with_sockets(overlay)):
        snapshot = FileSystems.take()
        os.rename(overlay.upper, overlay.elsewhere + b"/moved")
        backing = snapshot.backing_overlay(overlay.elsewhere + b"/moved/sub")
        assert backing is not None
        assert (backing.reason, backing.role) == (Reason.LAYER, LayerRole.UPPER)
        assert snapshot.backing_overlay(overlay.elsewhere) is None


def test_a_part_of_the_overlay_that_is_mounted_alone(overlay: Overlay) -> None:
    def setup() -> Any:
        own_mounts()
        overlay.mount()
        mount(overlay.merged + b"/sub", overlay.elsewhere, None, MS_BIND)
        found = FileSystems.take().backing_overlay(overlay.upper + b"/sub")
        above = FileSystems.take().backing_overlay(overlay.upper)
        assert found is not None
        assert above is not None
        return sorted(found.merged), above.merged

    inside, above = in_child(setup)
    assert inside == sorted([overlay.merged + b"/sub", overlay.elsewhere])
    assert above == (overlay.merged,)


def test_relative_layers_as_the_engines_write_them(overlay: Overlay) -> None:
    def setup() -> Any:
        own_mounts()
        os.chdir(overlay.base)
        overlay.mount(b"lowerdir=lower,upperdir=upper,workdir=work")
        os.chdir("/")
        found = FileSystems.take().backing_overlay(overlay.upper)
        assert found is not None
        return found.reason, found.role

    assert in_child(setup) == (Reason.LAYER, LayerRole.UPPER)


def test_names_with_commas_colons_blanks_and_backslashes(tmp_path: Path) -> None:
    base = tmp_path / "a,b c:d\\e"
    overlay = Overlay(base)
    for name in ("lower", "upper", "work"):
        (base / name).mkdir(parents=True)
    (tmp_path / "merged").mkdir()

    def spelled(path: bytes, special: bytes) -> bytes:
        for one in special:
            path = path.replace(bytes((one,)), b"\\" + bytes((one,)))
        return path

    def setup() -> Any:
        own_mounts()
        options = b"lowerdir=%s,upperdir=%s,workdir=%s" % (
            spelled(overlay.lower, b"\\,:"),
            spelled(overlay.upper, b"\\,"),
            spelled(overlay.work, b"\\,"),
        )
        mount(b"overlay", os.fsencode(tmp_path / "merged"), b"overlay", 0, options)
        snapshot = FileSystems.take()
        found = [snapshot.backing_overlay(path) for path in (overlay.upper, overlay.lower, overlay.work)]
        return tuple(one.role if one else None for one in found)

    assert in_child(setup) == (LayerRole.UPPER, LayerRole.LOWER, LayerRole.WORK)


def test_a_layer_that_cannot_be_found_any_more_counts_by_its_name(overlay: Overlay) -> None:
    def setup() -> Any:
        own_mounts()
        overlay.mount()
        os.rename(overlay.upper, overlay.elsewhere + b"/upper")
        snapshot = FileSystems.take()
        os.mkdir(overlay.upper)
        found = snapshot.backing_overlay(overlay.upper)
        assert found is not None
        return found.reason, [layer.path for layer in snapshot.unresolved]

    assert in_child(setup) == (Reason.LAYER_BY_NAME, [overlay.upper])


def test_storage_of_engines_is_known_by_its_path() -> None:
    snapshot = FileSystems.take()

    def setup() -> Any:
        own_mounts()
        mount(b"none", b"/var/lib", b"tmpfs")
        found = {}
        for path in (
            b"/var/lib/docker/overlay2/abc/diff",
            b"/var/lib/dockers",
            b"/var/lib/containers/storage",
        ):
            os.makedirs(path)
            fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                by_path, by_handle = snapshot.backing_overlay(path), snapshot.backing_overlay(fd)
            finally:
                os.close(fd)
            assert by_path == by_handle
            found[path] = by_handle.reason if by_handle else None
        return found

    assert in_child(setup) == {
        b"/var/lib/docker/overlay2/abc/diff": Reason.ENGINE_STORAGE,
        b"/var/lib/dockers": None,
        b"/var/lib/containers/storage": Reason.ENGINE_STORAGE,
    }


@pytest.fixture
def bindfs(tmp_path: Path) -> Iterator[tuple[Path, Path]]:
    program = shutil.which("bindfs")
    if program is None or not os.path.exists("/dev/fuse"):
        pytest.skip("needs bindfs and /dev/fuse")
    source, point = tmp_path / "source", tmp_path / "fuse"
    source.mkdir()
    point.mkdir()
    server = subprocess.Popen([program, "-f", "--no-allow-other", str(source), str(point)])
    try:
        end = time.monotonic() + 10
        while not fs.stat_path(os.fsencode(point)).mount_root:
            if server.poll() is not None or time.monotonic() > end:
                pytest.skip("bindfs cannot mount here")
        yield source, point
    finally:
        subprocess.run(["umount", str(point)], check=False)
        server.terminate()
        server.wait(10)


def test_fuse_is_shared_and_the_directory_behind_it_is_a_layer(bindfs: tuple[Path, Path]) -> None:
    source, point = bindfs
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(point / "live"))
        server.listen()
        assert presence(os.fsencode(point / "live")) is BOUND
        assert presence(os.fsencode(source / "live")) is ABSENT  # the false death
        snapshot = FileSystems.take()
        there = fs.stat_path(os.fsencode(point / "live"))
        assert not is_local_unstacked(snapshot.fstype_of(there.mount_id))
        backing = snapshot.backing_overlay(os.fsencode(source))
        assert backing is not None
        assert backing.role is LayerRole.FUSE_SOURCE
        assert presence(backing.merged[0] + b"/live") is BOUND


def test_the_superblock_is_what_mountinfo_says(tmp_path: Path) -> None:
    def setup() -> Any:
        own_mounts()
        mount(b"none", os.fsencode(tmp_path), b"tmpfs")
        snapshot = FileSystems.take()
        here = fs.stat_path(os.fsencode(tmp_path))
        return (
            snapshot.fstype_of(here.mount_id),
            snapshot.superblock_of(here.mount_id) == here.dev,
            snapshot.fstype_by_dev(here.dev),
        )

    assert in_child(setup) == ("tmpfs", True, "tmpfs")


def test_a_mount_made_after_the_snapshot_is_unknown(tmp_path: Path) -> None:
    snapshot = FileSystems.take()

    def setup() -> Any:
        own_mounts()
        mount(b"none", os.fsencode(tmp_path), b"tmpfs")
        here = fs.stat_path(os.fsencode(tmp_path))
        return snapshot.fstype_of(here.mount_id), snapshot.superblock_of(here.mount_id)

    assert in_child(setup) == (None, None)
    assert not is_local_unstacked(None)


def test_each_visible_mount_namespace_is_seen_once() -> None:
    def setup() -> None:
        own_mounts()

    with child(setup) as one, child(setup) as other:
        pids = [namespace.pid for namespace in mount_namespaces()]
        assert {one.pid, other.pid} <= set(pids)
        # Whatever else runs on the machine may have ended meanwhile.
        seen = [identity for pid in pids if (identity := _mount_namespace_of(pid))]
        assert len(set(seen)) == len(seen)


def _mount_namespace_of(pid: int | None) -> str:
    try:
        return os.readlink(f"/proc/{pid or 'self'}/ns/mnt")
    except FileNotFoundError:
        return ""


def _mounts_of(pid: int | None) -> tuple[Mount, ...]:
    try:
        return read_mounts(pid)
    except ProcessLookupError:
        return ()


def test_an_ordinary_user_sees_other_namespaces_too(overlay: Overlay) -> None:
    """Without permission to read ns/mnt the tables still tell the namespaces apart."""
    os.chmod(overlay.base, 0o755)

    def as_nobody() -> Any:
        become_nobody()
        namespaces = mount_namespaces()
        return {namespace.pid for namespace in namespaces}, namespaces.blind

    with child(_overlay_with_sockets(overlay)) as held:
        pids, blind = in_child(as_nobody)
        assert held.pid in pids
        assert blind == 0
        # one for ours (None), and never two for one namespace; other programs of the machine may have ended
        tables = [table[0].id for pid in pids if (table := _mounts_of(pid))]
        assert len(set(tables)) == len(tables)


def test_a_hidden_proc_is_not_an_empty_one() -> None:
    def setup() -> int:
        own_mounts()
        mount(b"proc", b"/proc", b"proc", 0, b"hidepid=2")
        become_nobody()
        return mount_namespaces().blind

    assert in_child(setup) >= 1


def test_a_process_with_another_root_does_not_hide_a_mount_on_a_name(tmp_path: Path) -> None:
    """It has the same mounts under other paths; by those no place of ours would be found."""
    node = tmp_path / "m" / "node"
    other = tmp_path / "m" / "other"

    def chrooted() -> None:
        os.chroot(tmp_path)

    def mounted_over() -> None:
        own_mounts()
        mount(os.fsencode(other), os.fsencode(node), None, MS_BIND)

    def look() -> tuple[bool, bool, bool]:
        own_mounts()
        (tmp_path / "m").mkdir()
        mount(b"tmp", os.fsencode(tmp_path / "m"), b"tmpfs")
        node.touch()
        other.touch()
        found = []
        with child(chrooted):
            for path in (node, other):
                fd = os.open(path, os.O_PATH)
                found.append(FileSystems.take().is_mount_point(fd))
                os.close(fd)
            with child(mounted_over):
                fd = os.open(node, os.O_PATH)
                found.append(FileSystems.take().is_mount_point(fd))
                os.close(fd)
        return found[0], found[1], found[2]

    assert in_child(look) == (False, False, True)


def test_a_zombie_hides_nothing() -> None:
    """It has no mounts any more; taken for unreadable it would make every dead socket unknown for a moment."""
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    try:
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        with pytest.raises(ProcessLookupError):
            read_mounts(pid)
        assert FileSystems.take().blind == 0
        assert network_namespaces().blind == 0
    finally:
        os.waitpid(pid, 0)


def test_a_process_that_is_gone_is_told_apart() -> None:
    with pytest.raises(OSError) as caught:
        read_mounts(2**31 - 2)
    assert caught.value.errno == errno.ENOENT
