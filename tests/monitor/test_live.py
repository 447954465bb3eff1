"""What happens on the machine shows, promptly and truthfully."""

from __future__ import annotations

import os
import shutil
import socket

import pytest

from racewatch.core.model import KindName, Observation, Target, Verdict
from racewatch.monitor.schedule import SweepSettings
from racewatch.monitor.settings import MonitorSettings
from tests.monitor.conftest import Start
from tests.monitor.support import (
    Follower,
    Holders,
    Nodes,
    dead,
    fresh,
    listen,
    told,
)

#: Nothing tells but sweeps.
SWEEPS_ONLY = MonitorSettings(sweeps=SweepSettings(floor=0.05, ceiling=0.2), file_events=False, max_owners=0)


@pytest.fixture
def kind() -> Nodes:
    return Nodes()


def test_the_first_batches_are_the_state_at_start_and_exactly_one_says_ready(
    root: bytes, start: Start, kind: Nodes
) -> None:
    os.mkdir(root + b"/sub")
    for number in range(300):
        dead(root + b"/sub/%d.sock" % number)
    with listen(root + b"/live.sock"):
        follower = Follower(start(kind, root))
        follower.until_ready()
        assert told(follower) == fresh(kind, [root])
        assert follower.verdict(root + b"/live.sock") is Verdict.LIVE
        assert follower.verdict(root + b"/sub/7.sock") is Verdict.STALE
        assert all(not batch.changed and not batch.gone for batch in follower.batches)


def test_a_socket_that_appears_is_added(root: bytes, start: Start, kind: Nodes) -> None:
    follower = Follower(start(kind, root))
    follower.until_ready()
    with listen(root + b"/new.sock"):
        follower.until(lambda: follower.verdict(root + b"/new.sock") is Verdict.LIVE)


def test_a_respawned_server_is_another_incarnation(root: bytes, start: Start, kind: Nodes) -> None:
    path = root + b"/a.sock"
    first = listen(path)
    follower = Follower(start(kind, root))
    follower.until_ready()
    before = follower.state[path].fingerprint
    first.close()
    os.unlink(path)
    with listen(path):
        follower.until(lambda: path in follower.state and follower.state[path].fingerprint != before)
        assert follower.verdict(path) is Verdict.LIVE
        follower.until(lambda: told(follower) == fresh(kind, [root]))


def test_a_name_that_goes_is_gone_and_the_batch_says_what_it_was(
    root: bytes, start: Start, kind: Nodes
) -> None:
    dead(root + b"/a.sock")
    follower = Follower(start(kind, root))
    follower.until_ready()
    os.unlink(root + b"/a.sock")
    follower.until(lambda: not follower.state)
    (last,) = follower.batches[-1].gone
    assert last.verdict is Verdict.STALE


def test_a_rename_moves_the_row(root: bytes, start: Start, kind: Nodes) -> None:
    dead(root + b"/a.sock")
    follower = Follower(start(kind, root))
    follower.until_ready()
    os.rename(root + b"/a.sock", root + b"/b.sock")
    follower.until(lambda: set(follower.state) == {root + b"/b.sock"})


def test_a_renamed_directory_takes_its_sockets_along_and_stays_watched(
    root: bytes, start: Start, kind: Nodes
) -> None:
    os.makedirs(root + b"/one/deep")
    dead(root + b"/one/deep/a.sock")
    follower = Follower(start(kind, root))
    follower.until_ready()
    os.rename(root + b"/one", root + b"/two")
    follower.until(lambda: set(follower.state) == {root + b"/two/deep/a.sock"})
    dead(root + b"/two/deep/b.sock")
    follower.until(lambda: set(follower.state) == {root + b"/two/deep/a.sock", root + b"/two/deep/b.sock"})


def test_a_directory_moved_out_of_the_tree_is_gone_with_all_in_it(
    root: bytes, start: Start, kind: Nodes
) -> None:
    os.makedirs(root + b"/in/x")
    dead(root + b"/in/x/a.sock")
    follower = Follower(start(kind, root + b"/in"))
    follower.until_ready()
    os.rename(root + b"/in/x", root + b"/out")
    follower.until(lambda: not follower.state)
    # What happens there now is none of our business, and must not come in under the old name.
    dead(root + b"/out/b.sock")
    dead(root + b"/in/c.sock")
    follower.until(lambda: set(follower.state) == {root + b"/in/c.sock"})


def test_a_new_tree_is_watched_to_its_bottom(root: bytes, start: Start, kind: Nodes) -> None:
    follower = Follower(start(kind, root))
    follower.until_ready()
    os.makedirs(root + b"/a/b/c/d")
    dead(root + b"/a/b/c/d/1.sock")
    follower.until(lambda: root + b"/a/b/c/d/1.sock" in follower.state)
    dead(root + b"/a/b/c/d/2.sock")
    follower.until(lambda: root + b"/a/b/c/d/2.sock" in follower.state)


def test_a_directory_removed_and_made_again_is_watched_again(root: bytes, start: Start, kind: Nodes) -> None:
    os.mkdir(root + b"/d")
    dead(root + b"/d/a.sock")
    follower = Follower(start(kind, root))
    follower.until_ready()
    for round_number in range(3):
        shutil.rmtree(root + b"/d")
        os.mkdir(root + b"/d")
        name = root + b"/d/%d.sock" % round_number
        dead(name)
        follower.until(lambda name=name: set(follower.state) == {name})  # type: ignore[misc] # mypy: lambda default
    assert not follower.problems


def test_the_death_of_an_owner_shows_without_any_sweep(
    root: bytes, start: Start, holders: Holders, kind: Nodes
) -> None:
    path = root + b"/a.sock"
    kind.owners[path] = owner = holders.hold(path)
    follower = Follower(start(kind, root))
    follower.until_ready()
    assert follower.verdict(path) is Verdict.LIVE
    scans = kind.scans
    holders.kill(owner)
    follower.until(lambda: follower.verdict(path) is Verdict.STALE)
    assert kind.scans == scans
    follower.until(lambda: follower.of("process exits").detail.startswith("0 "))


def test_an_owner_that_died_before_it_was_followed_shows_at_once(
    root: bytes, start: Start, holders: Holders, kind: Nodes
) -> None:
    path = root + b"/a.sock"
    kind.owners[path] = owner = holders.hold(path)
    calls = iter(range(10))

    def end_it_between_the_look_and_the_answer() -> None:
        if next(calls) == 1:  # 0: the directory, 1: the socket, seen alive and about to be told
            holders.end(owner)
            kind.on_scan = lambda: None

    kind.on_scan = end_it_between_the_look_and_the_answer
    follower = Follower(start(kind, root))
    follower.until(lambda: follower.ready and follower.verdict(path) is Verdict.STALE)
    assert kind.scans == 1


def test_a_reused_pid_is_not_taken_for_the_owner(
    root: bytes, start: Start, holders: Holders, kind: Nodes
) -> None:
    """The observation names another start time than the process of that pid has now: it exited."""
    path = root + b"/a.sock"
    owner = holders.hold(path)
    kind.owners[path] = type(owner)(owner.pid, owner.start_ticks - 1, 0.0, "earlier", "tester")
    follower = Follower(start(kind, root))
    follower.until_ready()
    assert follower.of("process exits").detail.startswith("0 ")
    assert follower.verdict(path) is Verdict.LIVE


def test_many_owners_dying_at_once_are_all_seen(
    root: bytes, start: Start, holders: Holders, kind: Nodes
) -> None:
    paths = [root + b"/%d.sock" % number for number in range(200)]
    for path in paths:
        kind.owners[path] = holders.hold(path)
    follower = Follower(start(kind, root))
    follower.until_ready()
    assert all(one.verdict is Verdict.LIVE for one in follower.state.values())
    holders.kill(*kind.owners.values())
    follower.until(lambda: all(one.verdict is Verdict.STALE for one in follower.state.values()))
    assert set(follower.state) == set(paths)


def test_owners_beyond_the_limit_of_descriptors_are_left_to_sweeps_and_it_says_so(
    root: bytes, start: Start, holders: Holders, kind: Nodes
) -> None:
    paths = [root + b"/%d.sock" % number for number in range(5)]
    for path in paths:
        kind.owners[path] = holders.hold(path)
    settings = MonitorSettings(sweeps=SweepSettings(floor=0.1, ceiling=0.2), max_owners=2)
    follower = Follower(start(kind, root, settings=settings))
    follower.until(
        lambda: follower.ready and "3 of 5 owners are not followed" in follower.of("process exits").detail
    )
    assert follower.of("process exits").cure is not None
    holders.kill(*kind.owners.values())
    follower.until(lambda: all(one.verdict is Verdict.STALE for one in follower.state.values()))
    follower.until(lambda: follower.of("process exits").detail.startswith("0 owners"))


def test_a_socket_closed_by_a_living_process_shows_at_the_next_sweep(
    root: bytes, start: Start, kind: Nodes
) -> None:
    server = listen(root + b"/a.sock")
    settings = MonitorSettings(sweeps=SweepSettings(floor=0.1))
    follower = Follower(start(kind, root, settings=settings))
    follower.until_ready()
    server.close()
    follower.until(lambda: follower.verdict(root + b"/a.sock") is Verdict.STALE)


def test_sweeps_alone_find_everything_too(root: bytes, start: Start, kind: Nodes) -> None:
    follower = Follower(start(kind, root, settings=SWEEPS_ONLY))
    follower.until_ready()
    assert "switched off" in follower.of("file events").detail
    os.mkdir(root + b"/d")
    dead(root + b"/d/a.sock")
    follower.until(lambda: set(follower.state) == {root + b"/d/a.sock"})
    shutil.rmtree(root + b"/d")
    follower.until(lambda: not follower.state)


def test_look_again_and_sweep_now_need_no_event(root: bytes, start: Start, kind: Nodes) -> None:
    server = listen(root + b"/a.sock")
    other = listen(root + b"/b.sock")
    monitor = start(kind, root)
    follower = Follower(monitor)
    follower.until_ready()
    server.close()
    other.close()
    monitor.look_again([Target(KindName.SOCKET, root + b"/a.sock")])
    follower.until(lambda: follower.verdict(root + b"/a.sock") is Verdict.STALE)
    assert follower.verdict(root + b"/b.sock") is Verdict.LIVE
    monitor.sweep_now()
    follower.until(lambda: follower.verdict(root + b"/b.sock") is Verdict.STALE)


def test_a_name_that_becomes_a_regular_file_is_gone(root: bytes, start: Start, kind: Nodes) -> None:
    path = root + b"/a.sock"
    dead(path)
    follower = Follower(start(kind, root))
    follower.until_ready()
    with open(root + b"/file", "wb"):
        os.rename(root + b"/file", path)
    follower.until(lambda: not follower.state)


def test_a_change_of_rights_is_looked_at(root: bytes, start: Start) -> None:
    kind = Nodes()
    path = root + b"/a.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(path)
        follower = Follower(start(kind, root))
        follower.until_ready()
        before = follower.state[path].fingerprint
        os.chmod(path, 0o600)
        follower.until(lambda: follower.state[path].fingerprint != before)


def test_what_is_seen_in_the_middle_of_a_death_is_looked_at_once_more(root: bytes, start: Start) -> None:
    """Its owner has already let go, the kernel has not: no exit will be told, and no event either."""
    path = root + b"/a.sock"
    server = listen(path)

    class Dying(Nodes):
        dying = False

        def look(self, target: Target) -> Observation | None:
            seen = super().look(target)
            if self.dying:
                server.close()
            return seen

    kind = Dying()
    with Holders() as others:
        kind.owners[path] = others.hold(root + b"/other.sock")
        follower = Follower(start(kind, root))
        follower.until_ready()
        del kind.owners[path]
        kind.dying = True
        os.chmod(path, 0o600)
        follower.until(lambda: follower.verdict(path) is Verdict.STALE)
        assert kind.scans == 1
