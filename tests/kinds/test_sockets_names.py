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
from racewatch.linux import fs, processes
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


def test_names_of_several_directories_are_looked_at_together(folder: Path) -> None:
    other = folder / "other"
    other.mkdir()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(other / "live"))
        server.listen()
        kind = SocketsKind()
        # More than are searched for one by one in what the kernel tells.
        places = {
            os.fsencode(folder): [os.fsencode(name) for name in ALL],
            os.fsencode(other): [b"live", *(b"absent%d" % number for number in range(100))],
        }
        together = [one for one in kind.scan_places(places) if isinstance(one, Observation)]
        apart = [
            one
            for directory, wanted in places.items()
            for one in SocketsKind().scan_names(directory, wanted)
            if isinstance(one, Observation)
        ]
    assert {one.path for one in together} == {os.fsencode(folder / name) for name in ALL} | {
        os.fsencode(other / "live")
    }
    by_target = {one.target: one for one in apart}
    assert len(together) == len(by_target)
    assert all(by_target[one.target].same_as(one) for one in together)


def test_who_holds_it_is_not_looked_for_all_the_time_and_said_so(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A storm of newcomers must not cost a walk through everybody's descriptors each."""
    walks: list[float] = []
    walk = processes.socket_holders

    def counted() -> processes.SocketHolders:
        walks.append(0.0)
        return walk()

    monkeypatch.setattr(processes, "socket_holders", counted)
    kind = SocketsKind()

    def look(name: str) -> Observation:
        (seen,) = kind.scan_names(os.fsencode(folder), [os.fsencode(name)])
        assert isinstance(seen, Observation)
        return seen

    with socket.socket(socket.AF_UNIX) as before:
        before.bind(str(folder / "before"))
        before.listen()
        first = look("live")
        assert first.owner is not None
        assert first.owner.pid == os.getpid()
        kind._owners._next_walk = float("inf")
        # It was there when the last walk was made.
        assert look("before").owner == first.owner
    with socket.socket(socket.AF_UNIX) as after:
        after.bind(str(folder / "after"))
        after.listen()
        seen = look("after")
        assert (seen.verdict, seen.owner) == (Verdict.LIVE, None)
        assert "in a moment" in next(one.detail for one in seen.evidence if one.check == "holder")
        assert len(walks) == 1
        kind._owners._next_walk = 0.0
        assert look("after").owner == first.owner
        assert len(walks) == 2
    kind._owners._next_walk = float("inf")
    # Whoever asks about one thing gets the whole answer.
    with socket.socket(socket.AF_UNIX) as asked:
        asked.bind(str(folder / "asked"))
        whole = kind.look(Target(KindName.SOCKET, os.fsencode(folder / "asked")))
        assert whole is not None
        assert whole.owner == first.owner


def test_a_process_younger_than_the_walk_is_not_the_one_it_saw(folder: Path) -> None:
    """Its number was given away since."""
    kind = SocketsKind()
    assert names(kind, folder, "live") == {"live": "listening"}
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(folder / "new"))
        server.listen()
        inode = os.fstat(server.fileno()).st_ino
        kind._owners._walk = processes.SocketHolders({inode: (os.getpid(),)}, 0)
        kind._owners._walk_began = 0.0
        kind._owners._next_walk = float("inf")
        (seen,) = kind.scan_names(os.fsencode(folder), [b"new"])
        assert isinstance(seen, Observation)
        assert seen.owner is None
