"""Looking at some names of a directory, and where processes hide, on real sockets."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from racewatch.core.model import KindName, Observation, Target, Verdict
from racewatch.kinds.sockets import SocketPolicy, SocketsKind
from racewatch.kinds.sockets.observe import Observer
from racewatch.linux import fs
from tests.kernel.support import become_nobody, in_child, mount, needs_root, own_mounts


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A dead socket, a live one, one whose name was taken away, and a file."""
    with socket.socket(socket.AF_UNIX) as live, socket.socket(socket.AF_UNIX) as lost:
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(str(tmp_path / "dead"))
        for server, name in ((live, "live"), (lost, "lost")):
            server.bind(str(tmp_path / name))
            server.listen()
        os.unlink(tmp_path / "lost")
        (tmp_path / "file").write_text("x")
        yield tmp_path


def names(kind: SocketsKind, folder: Path, *wanted: str) -> dict[str, str]:
    found = kind.scan_names(os.fsencode(folder), [os.fsencode(name) for name in wanted])
    return {
        os.path.basename(os.fsdecode(one.path or b"")): one.label
        for one in found
        if isinstance(one, Observation)
    }


ALL = {"dead": "dead socket", "live": "listening", "lost": "listening, name lost"}


def test_only_the_names_asked_for_are_looked_at(folder: Path) -> None:
    kind = SocketsKind()
    assert names(kind, folder, "dead", "live", "lost", "file", "never-there") == ALL
    assert names(kind, folder, "dead") == {"dead": "dead socket"}
    assert names(kind, folder, "lost") == {"lost": "listening, name lost"}
    assert names(kind, folder, "file", "never-there") == {}


def test_names_and_the_whole_directory_say_the_same(folder: Path) -> None:
    kind = SocketsKind()
    whole = {
        one.target: one for one in kind.scan_directory(os.fsencode(folder)) if isinstance(one, Observation)
    }
    some = {
        one.target: one
        for one in kind.scan_names(os.fsencode(folder), [b"dead", b"live", b"lost"])
        if isinstance(one, Observation)
    }
    assert whole.keys() == some.keys()
    assert all(whole[target].same_as(some[target]) for target in whole)


def test_excluded_names_are_not_looked_at(folder: Path) -> None:
    assert names(SocketsKind(exclude=[b"*/l*"]), folder, "dead", "live", "lost") == {"dead": "dead socket"}


def test_names_are_looked_at_as_often_as_is_demanded(folder: Path) -> None:
    pauses: list[float] = []
    kind = SocketsKind(SocketPolicy(dead_looks=3, looks_apart=0.0), sleep=pauses.append)
    assert names(kind, folder, "dead", "live") == {"dead": "dead socket", "live": "listening"}
    assert len(pauses) == 2


def test_a_look_at_one_leaves_the_owners_of_others_known(folder: Path) -> None:
    kind = SocketsKind()
    first = {one.target: one for one in kind.scan([os.fsencode(folder)]) if isinstance(one, Observation)}
    known = dict(kind._owners._by_inode)
    assert len(known) >= 2  # whoever else is bound on this file system may be among them
    kind.look(Target(KindName.SOCKET, os.fsencode(folder / "dead")))
    assert kind._owners._by_inode == known
    assert all(one.owner is not None for one in first.values() if one.verdict is Verdict.LIVE)


def test_what_is_no_socket_is_no_target(folder: Path) -> None:
    assert SocketsKind().look(Target(KindName.SOCKET, os.fsencode(folder / "file"))) is None


def test_a_scan_hands_out_what_it_finds_as_it_goes(folder: Path) -> None:
    kind = SocketsKind()
    scan = kind.scan([os.fsencode(folder)])
    first = next(scan)
    assert isinstance(first, Observation)
    # In the middle of it others may look, from any thread.
    assert kind.look(Target(KindName.SOCKET, os.fsencode(folder / "live"))) is not None
    assert len([first, *scan]) == 3


def test_the_birth_time_is_part_of_the_fingerprint(folder: Path) -> None:
    """Inode numbers are given out again, at once on ext4: a newcomer with the number is another socket."""
    path = os.fsencode(folder / "dead")
    kind = SocketsKind()
    directory, fd = os.open(folder, os.O_PATH), os.open(path, os.O_PATH)
    try:
        node = fs.stat_fd(fd)
        assert node.btime_ns is not None
        with kind._surroundings() as around:
            prints = [
                Observer(around, kind._looks)
                .node(path, directory, fs.stat_fd(directory), fd, one)
                .fingerprint
                for one in (node, node, node._replace(btime_ns=node.btime_ns + 1))
            ]
    finally:
        os.close(fd)
        os.close(directory)
    assert prints[0] == prints[1] != prints[2]


@needs_root
def test_nothing_is_proved_dead_where_processes_hide(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Race closed: a hidden process serves this name through an overlay that nobody here can know of."""
    folder = tmp_path_factory.mktemp("hidden")
    for above in (folder, *folder.parents[:-1]):
        if above.stat().st_uid == os.getuid() and above.name.startswith(("pytest", "hidden")):
            above.chmod(0o755)
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(folder / "dead"))
    (folder / "dead").chmod(0o666)
    path = os.fsencode(folder / "dead")

    def as_nobody(hide: bool) -> tuple[str, str, str]:
        own_mounts()
        if hide:
            mount(b"proc", b"/proc", b"proc", 0, b"hidepid=2")
        become_nobody()
        seen = SocketsKind().look(Target(KindName.SOCKET, path))
        assert seen is not None
        return seen.verdict.value, seen.removable.value, str([one.detail for one in seen.evidence])

    assert in_child(lambda: as_nobody(False))[:2] == ("stale", "yes")
    verdict, removable, evidence = in_child(lambda: as_nobody(True))
    assert (verdict, removable) == ("unknown", "override")
    assert "hidden from this user" in evidence
