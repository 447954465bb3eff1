"""The monitor and the real kind of sockets together: kernel tables, owners, exits."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence

from racewatch.core.kind import Seen
from racewatch.core.model import Observation, Verdict
from racewatch.kinds.sockets import SocketsKind
from racewatch.monitor.batch import HealthState
from racewatch.monitor.schedule import SweepSettings
from racewatch.monitor.settings import MonitorSettings
from tests.monitor.conftest import Start
from tests.monitor.support import Follower, Holders, dead, listen


def test_a_server_dies_respawns_and_goes(root: bytes, start: Start, holders: Holders) -> None:
    path = root + b"/a.sock"
    owner = holders.hold(path)
    follower = Follower(start(SocketsKind(patient=False), root))
    follower.until_ready()
    seen = follower.state[path]
    assert seen.verdict is Verdict.LIVE
    assert seen.owner is not None
    assert (seen.owner.pid, seen.owner.start_ticks) == (owner.pid, owner.start_ticks)
    follower.until(lambda: follower.of("process exits").detail.startswith("1 "))
    holders.kill(owner)
    follower.until(lambda: follower.verdict(path) is Verdict.STALE)
    os.unlink(path)
    owner = holders.hold(path)
    follower.until(lambda: follower.verdict(path) is Verdict.LIVE and follower.state[path].owner is not None)
    assert follower.state[path].fingerprint != seen.fingerprint
    holders.kill(owner)
    follower.until(lambda: follower.verdict(path) is Verdict.STALE)
    os.unlink(path)
    follower.until(lambda: not follower.state)
    assert follower.has("root", HealthState.OK)


def test_a_hundred_servers_dying_at_once(root: bytes, start: Start, holders: Holders) -> None:
    owners = {root + b"/%d.sock" % number: holders.hold(root + b"/%d.sock" % number) for number in range(100)}
    follower = Follower(start(SocketsKind(patient=False), root))
    follower.until_ready()
    follower.until(lambda: follower.of("process exits").detail.startswith("100 "))
    holders.kill(*owners.values())
    follower.until(lambda: all(one.verdict is Verdict.STALE for one in follower.state.values()))
    assert set(follower.state) == set(owners)


def test_a_live_socket_whose_name_was_taken_is_shown_as_lost(root: bytes, start: Start) -> None:
    path = root + b"/a.sock"
    with listen(path):
        settings = MonitorSettings(sweeps=SweepSettings(floor=0.1, ceiling=0.5), tick=0.1)
        follower = Follower(start(SocketsKind(patient=False), root, settings=settings))
        follower.until_ready()
        os.unlink(path)
        follower.until(lambda: len(follower.state) == 1 and path not in follower.state)
        (lost,) = follower.state.values()
        assert "name lost" in lost.label
    follower.until(lambda: not follower.state)


def test_a_live_socket_that_is_renamed_is_not_lost(root: bytes, start: Start) -> None:
    """The kernel keeps its old name for ever, and one name of the two may be looked at before the other."""
    old, new = root + b"/one/a.sock", root + b"/two/b.sock"
    os.mkdir(root + b"/one")
    os.mkdir(root + b"/two")
    with listen(old):
        monitor = start(SocketsKind(patient=False), root)
        follower = Follower(monitor)
        follower.until_ready()
        os.rename(old, new)
        follower.until(lambda: set(follower.state) == {new})
        os.chmod(new, 0o600)  # a look at each of the two names alone
        dead(old)
        follower.until(lambda: set(follower.state) == {old, new})
        os.unlink(old)
        follower.until(lambda: set(follower.state) == {new})
        assert not any("lost" in one.label for batch in follower.batches for one in batch.added)


def test_sockets_whose_directory_goes_for_a_moment_are_not_lost_after_it(root: bytes, start: Start) -> None:
    """The first look at everything comes when it is away; nothing but its coming back is told."""
    os.mkdir(root + b"/away")
    servers = [listen(root + b"/away/%d.sock" % number) for number in range(5)]
    os.rename(root + b"/away", root + b".away")
    try:
        monitor = start(SocketsKind(patient=False), root)
        follower = Follower(monitor)
        follower.until(lambda: len(follower.state) == 5)
        assert all("name lost" in one.label for one in follower.state.values())
        os.rename(root + b".away", root + b"/away")
        wanted = {root + b"/away/%d.sock" % number for number in range(5)}
        follower.until(lambda: set(follower.state) == wanted, "the names alone")
    finally:
        for server in servers:
            server.close()


def test_sweeps_of_a_quiet_tree_tell_nothing(root: bytes, start: Start) -> None:
    """No flapping: the same machine gives the same observations, and no batch."""

    class Counting(SocketsKind):
        sweeps = 0
        enough = threading.Event()

        def scan(self, roots: Sequence[bytes]) -> Iterator[Seen]:
            self.sweeps += 1
            if self.sweeps == 12:
                self.enough.set()
            return super().scan(roots)

    dead(root + b"/dead.sock")
    with listen(root + b"/live.sock"):
        kind = Counting(patient=False)
        settings = MonitorSettings(sweeps=SweepSettings(floor=0.05, ceiling=0.05), tick=0.05)
        follower = Follower(start(kind, root, settings=settings))
        follower.until(lambda: follower.ready and follower.of("process exits").detail.startswith("1 "))
        assert kind.enough.wait(20)
        assert follower.take() is None
        now = {one.target: one for one in kind.scan([root]) if isinstance(one, Observation)}
        assert all(now[one.target].same_as(one) for one in follower.state.values())
