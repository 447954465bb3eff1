"""A real service manager: ``systemd --user`` in namespaces of its own, and what it says of its sockets."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from racewatch.linux import systemd
from racewatch.linux.mounts import read_mounts
from tests.kernel.support import CLONE_NEWCGROUP, in_child, mount, needs_root, own_mounts, unshare

MANAGER = next(
    (path for path in ("/usr/lib/systemd/systemd", "/lib/systemd/systemd") if os.path.exists(path)), ""
)

pytestmark = [
    needs_root,
    pytest.mark.skipif(not MANAGER or not shutil.which("systemctl"), reason="needs systemd installed"),
]


@pytest.fixture
def own_cgroup() -> Iterator[Path]:
    """A cgroup for the manager and what it makes below: removed when the child in it has ended."""
    mounted = [mount.point for mount in read_mounts() if mount.fstype == "cgroup2"]
    ours = [line[3:] for line in Path("/proc/self/cgroup").read_text().splitlines() if line.startswith("0::")]
    if not mounted or not ours:
        pytest.skip("needs the unified cgroup hierarchy")
    path = Path(os.fsdecode(mounted[-1]) + ours[0].rstrip("/")) / f"racewatch-test-{os.getpid()}"
    try:
        path.mkdir()
    except OSError as error:
        pytest.skip(f"no cgroup can be made here: {error}")
    yield path
    for directory, _, _ in os.walk(path, topdown=False):
        os.rmdir(directory)


def _confine(cgroup: Path) -> None:
    """Enter that cgroup and see nothing above it.

    A manager started as root in the root cgroup takes *every* process there for its own and moves it.
    In a cgroup namespace of its own the kernel shows it no other process's cgroup at all.
    """
    (cgroup / "cgroup.procs").write_text(str(os.getpid()))
    unshare(CLONE_NEWCGROUP)
    own_mounts()
    mount(b"none", b"/sys/fs/cgroup", b"cgroup2")
    listed = Path("/sys/fs/cgroup/cgroup.procs").read_text().split()
    if listed != [str(os.getpid())]:
        raise RuntimeError(f"not alone: {listed}")


def _manager(home: Path, runtime: Path, cgroup: Path) -> dict[str, Any]:
    """Start one, with one active socket unit, and ask it."""
    _confine(cgroup)
    # What the manager looks for: it refuses to run where no system manager seems to.
    mount(b"none", b"/run", b"tmpfs")
    os.makedirs("/run/systemd/system")
    units = home / ".config/systemd/user"
    units.mkdir(parents=True)
    (units / "demo.socket").write_text(
        f"[Socket]\nListenStream={runtime}/demo one.sock\nListenDatagram={runtime}/d\nListenStream=@abstract\n"
    )
    (units / "demo.service").write_text("[Service]\nExecStart=/bin/sleep 1000\n")
    for target in ("default.target", "basic.target"):
        (units / target).write_text("[Unit]\n")
    os.environ["XDG_CONFIG_HOME"] = str(home / ".config")
    os.environ |= {"HOME": str(home), "XDG_RUNTIME_DIR": str(runtime), "SYSTEMD_LOG_TARGET": "console"}
    os.environ.pop("DBUS_SESSION_BUS_ADDRESS", None)
    with subprocess.Popen(
        [MANAGER, "--user"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as manager:
        try:
            end = time.monotonic() + 15
            while not (runtime / "systemd/private").is_socket():
                if manager.poll() is not None or time.monotonic() > end:
                    return {"skip": "systemd --user does not run here"}
                time.sleep(0.01)
            subprocess.run(["systemctl", "--user", "start", "demo.socket"], check=True, capture_output=True)
            during = systemd.listeners_of(user=True, deadline=time.monotonic() + 10)
            late = "answered"
            try:
                systemd.listeners_of(user=True, deadline=time.monotonic())
            except systemd.CouldNotAsk as error:
                late = str(error)
            whole = systemd.listeners()
            return {
                "during": during,
                "late": late,
                "problems": whole.problems,
                "booted": systemd.is_running(),
            }
        finally:
            manager.kill()


def test_listeners_of_a_real_manager(tmp_path: Path, own_cgroup: Path) -> None:
    runtime = tmp_path / "run"
    runtime.mkdir(mode=0o700)
    said = in_child(lambda: _manager(tmp_path / "home", runtime, own_cgroup))
    if "skip" in said:
        pytest.skip(said["skip"])
    during = said["during"]
    path = os.fsencode(runtime / "demo one.sock")
    assert during[path] == systemd.UnitListener("demo.socket", "demo.service", "active", "Stream", True)
    assert during[os.fsencode(runtime / "d")].type == "Datagram"
    assert all(one.startswith(b"/") for one in during)
    assert "no answer" in said["late"]
    # The system's manager is missing there: that could not be asked, which is not "it has none".
    assert said["booted"]
    assert len(said["problems"]) == 1
    assert said["problems"][0].startswith("system manager: ")


def test_without_systemd_there_is_nothing_and_no_problem() -> None:
    def without() -> Any:
        own_mounts()
        mount(b"none", b"/run", b"tmpfs")
        return systemd.listeners()

    assert in_child(without) == systemd.Listeners({}, ())


def test_a_manager_that_never_answers_is_given_up(tmp_path: Path) -> None:
    runtime = tmp_path / "run"
    (runtime / "systemd").mkdir(parents=True)
    with socket.socket(socket.AF_UNIX) as deaf:
        deaf.bind(str(runtime / "systemd/private"))
        deaf.listen()
        before = time.monotonic()
        said = in_child(lambda: _ask_deaf(runtime))
        assert "no answer" in said
        assert time.monotonic() - before < 10


def _ask_deaf(runtime: Path) -> str:
    os.environ["XDG_RUNTIME_DIR"] = str(runtime)
    os.environ.pop("DBUS_SESSION_BUS_ADDRESS", None)
    try:
        systemd.listeners_of(user=True, deadline=time.monotonic() + 0.5)
    except systemd.CouldNotAsk as error:
        return str(error)
    return "answered"
