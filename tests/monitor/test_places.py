"""Roots and directories that are not as they should be: never silent, and never for good."""

from __future__ import annotations

import os
import shutil
import signal
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from racewatch.core.kind import Seen
from racewatch.monitor.batch import HealthState
from racewatch.monitor.schedule import SweepSettings
from racewatch.monitor.settings import MonitorSettings
from tests.monitor.conftest import Start
from tests.monitor.support import Elsewhere, Follower, Nodes, dead

QUICK = MonitorSettings(sweeps=SweepSettings(floor=0.1, ceiling=0.2), tick=0.1)


@pytest.fixture
def kind() -> Nodes:
    return Nodes()


def test_a_missing_root_is_told_and_watched_as_soon_as_it_is_made(
    root: bytes, start: Start, kind: Nodes
) -> None:
    wanted = root + b"/not/yet/there"
    follower = Follower(start(kind, wanted))
    follower.until_ready()
    assert follower.of("root").state is HealthState.DEGRADED
    assert "does not exist" in follower.of("root").detail
    os.mkdir(root + b"/not")
    os.mkdir(root + b"/not/yet")
    os.mkdir(wanted)
    dead(wanted + b"/a.sock")
    follower.until(lambda: set(follower.state) == {wanted + b"/a.sock"})
    follower.until(lambda: follower.of("root").state is HealthState.OK)
    dead(wanted + b"/b.sock")
    follower.until(lambda: len(follower.state) == 2)


def test_a_root_removed_and_made_again_is_watched_again(root: bytes, start: Start, kind: Nodes) -> None:
    watched = root + b"/r"
    os.mkdir(watched)
    dead(watched + b"/a.sock")
    follower = Follower(start(kind, watched))
    follower.until_ready()
    for round_number in range(3):
        shutil.rmtree(watched)
        follower.until(lambda: not follower.state and follower.of("root").state is HealthState.DEGRADED)
        os.mkdir(watched)
        dead(watched + b"/%d.sock" % round_number)
        follower.until(lambda: len(follower.state) == 1 and follower.of("root").state is HealthState.OK)
        os.mkdir(watched + b"/below")
        dead(watched + b"/below/x.sock")
        follower.until(lambda: len(follower.state) == 2)


def test_a_root_exchanged_for_another_directory_is_looked_at_anew(
    root: bytes, start: Start, kind: Nodes
) -> None:
    watched, other = root + b"/r", root + b"/other"
    os.mkdir(watched)
    os.mkdir(other)
    dead(watched + b"/a.sock")
    dead(other + b"/b.sock")
    follower = Follower(start(kind, watched))
    follower.until_ready()
    os.rename(watched, root + b"/away")
    os.rename(other, watched)
    follower.until(lambda: set(follower.state) == {watched + b"/b.sock"})
    dead(watched + b"/c.sock")
    follower.until(lambda: watched + b"/c.sock" in follower.state)


def test_a_root_whose_parent_is_exchanged_is_noticed_without_an_event(
    root: bytes, start: Start, kind: Nodes
) -> None:
    watched = root + b"/p/r"
    os.makedirs(watched)
    os.makedirs(root + b"/q/r")
    dead(root + b"/q/r/b.sock")
    follower = Follower(start(kind, watched, settings=MonitorSettings(tick=0.1)))
    follower.until_ready()
    os.rename(root + b"/p", root + b"/away")
    os.rename(root + b"/q", root + b"/p")
    follower.until(lambda: set(follower.state) == {watched + b"/b.sock"})


def test_a_root_replaced_by_a_link_is_not_followed(root: bytes, start: Start, kind: Nodes) -> None:
    watched, other = root + b"/r", root + b"/other"
    os.mkdir(watched)
    os.mkdir(other)
    dead(watched + b"/a.sock")
    dead(other + b"/b.sock")
    follower = Follower(start(kind, watched))
    follower.until_ready()
    os.rename(watched, root + b"/away")
    os.symlink(other, watched)
    follower.until(lambda: not follower.state and follower.of("root").state is HealthState.FAILED)
    assert "symbolic link" in follower.of("root").detail


def test_a_directory_replaced_by_a_link_is_not_followed(root: bytes, start: Start, kind: Nodes) -> None:
    os.makedirs(root + b"/r/d/deep")
    os.mkdir(root + b"/other")
    os.mkdir(root + b"/other/deep")
    dead(root + b"/other/deep/b.sock")
    dead(root + b"/r/d/deep/a.sock")
    follower = Follower(start(kind, root + b"/r"))
    follower.until_ready()
    os.rename(root + b"/r/d", root + b"/away")
    os.symlink(root + b"/other", root + b"/r/d")
    follower.until(lambda: not follower.state)
    # What happens behind the link gives no hint, and must not be seen.
    dead(root + b"/other/c.sock")
    dead(root + b"/r/here.sock")
    follower.until(lambda: set(follower.state) == {root + b"/r/here.sock"})


def test_a_root_that_is_a_file_is_told(root: bytes, start: Start, kind: Nodes) -> None:
    Path(os.fsdecode(root), "file").touch()
    follower = Follower(start(kind, root + b"/file"))
    follower.until_ready()
    assert follower.of("root").state is HealthState.FAILED
    assert "not a directory" in follower.of("root").detail
    assert follower.problems
    os.unlink(root + b"/file")
    os.mkdir(root + b"/file")
    dead(root + b"/file/a.sock")
    follower.until(lambda: len(follower.state) == 1 and follower.of("root").state is HealthState.OK)


def test_an_excluded_directory_is_not_watched(root: bytes, start: Start, kind: Nodes) -> None:
    os.mkdir(root + b"/yes")
    os.mkdir(root + b"/no")
    settings = MonitorSettings(
        sweeps=SweepSettings(floor=600.0, ceiling=600.0), tick=600.0, exclude=(root + b"/n*",)
    )
    follower = Follower(start(kind, root, settings=settings))
    follower.until_ready()
    assert follower.of("root").detail.startswith("2 directories")


def test_the_root_of_a_container_is_not_watched(root: bytes, start: Start, kind: Nodes) -> None:
    os.makedirs(root + b"/bundle/rootfs/run")
    Path(os.fsdecode(root + b"/bundle/config.json")).touch()
    settings = MonitorSettings(sweeps=SweepSettings(floor=600.0, ceiling=600.0), tick=600.0)
    follower = Follower(start(kind, root, settings=settings))
    follower.until_ready()
    assert follower.of("root").detail.startswith("2 directories")


def test_links_are_no_directories(root: bytes, start: Start, kind: Nodes) -> None:
    os.mkdir(root + b"/d")
    os.symlink(root + b"/d", root + b"/d/loop")
    os.symlink(b"/", root + b"/all")
    follower = Follower(start(kind, root))
    follower.until_ready()
    assert follower.of("root").detail.startswith("2 directories")


def test_an_unreadable_root_and_an_unreadable_directory_are_told(root: bytes) -> None:
    os.chmod(root, 0o755)
    text = os.fsdecode(root)
    for name in ("open", "shut", "open/shut"):
        Path(text, name).mkdir()
    os.chmod(text + "/shut", 0o700)
    os.chmod(text + "/open/shut", 0o700)
    if os.geteuid() != 0:
        os.chmod(text + "/shut", 0)
        os.chmod(text + "/open/shut", 0)
    with Elsewhere("--nobody", "--sweeps", "0.1", text + "/shut", text + "/open") as monitor:
        monitor.until(lambda: monitor.ready)
        state, detail, cure = monitor.of(f"root {text}/shut")
        assert (state, cure) == ("failed", "start racewatch as a user who may read it")
        assert "cannot be read" in detail
        state, detail, _cure = monitor.of(f"root {text}/open")
        assert state == "degraded"
        assert "1 only looked at by sweeps, no permission to read it" in detail
        assert set(monitor.problems) == {text + "/shut", text + "/open/shut"}
        # And it comes good without a restart.
        os.chmod(text + "/shut", 0o755)
        dead(root + b"/shut/a.sock")
        monitor.until(lambda: set(monitor.state) == {text + "/shut/a.sock"})
        monitor.until(lambda: monitor.of(f"root {text}/shut")[0] == "ok")


def test_targets_in_a_directory_that_cannot_be_read_any_more_are_not_gone(root: bytes) -> None:
    os.chmod(root, 0o755)
    directory = os.fsdecode(root) + "/d"
    Path(directory).mkdir()
    dead(os.fsencode(directory) + b"/a.sock")
    with Elsewhere("--nobody", "--sweeps", "0.1", os.fsdecode(root)) as monitor:
        monitor.until(lambda: monitor.ready)
        assert set(monitor.state) == {directory + "/a.sock"}
        os.chmod(directory, 0o711)  # it can be asked for by name, but not listed
        if os.geteuid() != 0:
            os.chmod(directory, 0o100)
        monitor.until(lambda: directory in monitor.problems)
        assert set(monitor.state) == {directory + "/a.sock"}
        os.unlink(directory + "/a.sock")
        monitor.until(lambda: not monitor.state)


def test_the_limit_of_watches_is_told_with_its_cure_and_sweeps_take_over(root: bytes) -> None:
    text = os.fsdecode(root)
    for number in range(8):
        Path(text, str(number)).mkdir()
    with Elsewhere("--watches", "4", "--sweeps", "0.1", text) as monitor:
        monitor.until(lambda: monitor.ready)
        state, detail, cure = monitor.of("root")
        assert state == "degraded"
        # One of the four waits above the root for its return.
        assert detail.startswith(
            "3 directories are watched; 6 only looked at by sweeps, the limit of watches"
        )
        assert cure is not None
        assert cure.startswith("sysctl fs.inotify.max_user_watches=")
        for number in range(8):
            dead(root + b"/%d/a.sock" % number)
        monitor.until(lambda: len(monitor.state) == 8)


def test_watches_that_become_free_are_used(root: bytes, start: Start, kind: Nodes) -> None:
    for number in range(4):
        os.mkdir(root + b"/%d" % number)
    settings = MonitorSettings(sweeps=SweepSettings(floor=0.1, ceiling=0.2), tick=0.1, max_watches=3)
    follower = Follower(start(kind, root, settings=settings))
    follower.until_ready()
    assert follower.of("root").detail.startswith("3 directories are watched; 2 only looked at")
    names = set(os.listdir(root))
    for name in sorted(names)[:2]:
        os.rmdir(os.path.join(root, name))
    follower.until(lambda: follower.of("root").state is HealthState.OK)
    assert follower.of("root").detail.startswith("3 directories")


def test_without_an_inotify_instance_sweeps_take_over(root: bytes) -> None:
    with Elsewhere("--instances", "0", "--sweeps", "0.1", os.fsdecode(root)) as monitor:
        monitor.until(lambda: monitor.ready)
        state, detail, cure = monitor.of("file events")
        assert state == "failed"
        assert "instance limit" in detail
        assert cure is not None
        assert cure.startswith("sysctl fs.inotify.max_user_instances=")
        assert monitor.of("root")[0] == "degraded"
        dead(root + b"/a.sock")
        monitor.until(lambda: len(monitor.state) == 1)


def test_a_real_overflow_of_the_event_queue_loses_nothing(root: bytes) -> None:
    text = os.fsdecode(root)
    Path(text, "storm").mkdir()
    queued = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text(encoding="ascii"))
    if queued > 200_000:
        pytest.skip(f"fs.inotify.max_queued_events is {queued}: filling it takes too long")
    with Elsewhere(text) as monitor:
        monitor.until(lambda: monitor.ready)
        os.kill(monitor.process.pid, signal.SIGSTOP)
        # A signal sent is not a process stopped: until all its threads are, they go on reading events.
        os.waitid(os.P_PID, monitor.process.pid, os.WSTOPPED)
        try:
            for number in range(queued // 2 + 100):
                name = root + b"/storm/%d" % number
                os.mknod(name, 0o600)
                os.unlink(name)
            # These events are lost for sure: the queue is full.
            os.makedirs(root + b"/new/deep")
            dead(root + b"/new/deep/a.sock")
        finally:
            os.kill(monitor.process.pid, signal.SIGCONT)
        monitor.until(lambda: set(monitor.state) == {text + "/new/deep/a.sock"})
        monitor.until(lambda: monitor.of("file events")[0] == "degraded")
        _state, detail, cure = monitor.of("file events")
        assert "overflow" in detail
        assert cure == f"sysctl fs.inotify.max_queued_events={2 * queued}"
        # The directory whose making was lost is watched all the same.
        dead(root + b"/new/deep/b.sock")
        monitor.until(lambda: len(monitor.state) == 2)


def test_an_overflow_is_forgotten_after_a_while(root: bytes, start: Start, kind: Nodes) -> None:
    settings = MonitorSettings(tick=0.05, overflow_shown=0.2)
    monitor = start(kind, root, settings=settings)
    follower = Follower(monitor)
    follower.until_ready()
    monitor._inbox.overflow()
    follower.until(lambda: follower.of("file events").state is HealthState.DEGRADED)
    follower.until(lambda: follower.of("file events").state is HealthState.OK)


def test_a_dead_event_thread_is_noticed_and_replaced(root: bytes, start: Start) -> None:
    class Telling(Nodes):
        swept_again = threading.Event()

        def scan(self, roots: Sequence[bytes]) -> Iterator[Seen]:
            if self.scans:
                self.swept_again.set()
            return super().scan(roots)

    kind = Telling()
    settings = MonitorSettings(tick=0.05, sweeps=SweepSettings(floor=600.0, ceiling=600.0))
    monitor = start(kind, root, settings=settings)
    follower = Follower(monitor)
    follower.until_ready()
    source = monitor._worker._hints._fd
    assert source is not None
    source.stop()
    source.join(10)
    assert kind.swept_again.wait(10)  # what was missed meanwhile is looked for
    assert monitor._worker._hints._fd is not source
    for name in (b"/a.sock", b"/b.sock", b"/c.sock"):
        dead(root + name)
        follower.until(lambda name=name: root + name in follower.state)  # type: ignore[misc] # lambda default
    assert kind.scans == 2
