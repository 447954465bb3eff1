"""What only a box can show: default places found by themselves, and control groups of version 2 as they are.

These run inside a box (``test_box.py`` starts one; by hand: ``box.sh v2 python -m pytest THIS``).
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from racewatch.config import Config
from racewatch.core.act import act
from racewatch.core.journal import Journal
from racewatch.core.model import ActRequest, Observation, OutcomeWord, Verdict
from racewatch.kinds.containers import ContainersKind
from racewatch.kinds.containers.state import Runtime
from racewatch.linux import cgroups
from racewatch.verbs import Racewatch
from tests.containers.running import CONTAINERS_CONF
from tests.containers.support import BOX, Machine, freeze, machine, make_bundle, runs, until

pytestmark = pytest.mark.skipif(not BOX, reason="only in a box (test_box.py runs it there)")
second = pytest.mark.skipif(BOX != "v2", reason="about control groups of version 2")
TOP = Path("/sys/fs/cgroup")


def scanned(folder: Path) -> dict[str, str]:
    """Target → label of every container, as the command tells of it; no state root and no engine is named."""
    command = [
        sys.executable,
        "-m",
        "racewatch",
        "scan",
        "--json",
        "--kind",
        "container",
        "--engines",
        str(folder),
    ]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    said = json.loads(ran.stdout)
    assert said["problems"] == []
    return {
        one["target"]: one["label"]
        for one in said["observations"]
        if not one["target"].startswith("container:bundle:")
    }


@pytest.fixture
def racewatch() -> Iterator[Racewatch]:
    """As it starts on a machine where nothing was configured."""
    made = Racewatch(Config())
    yield made
    made.close()


def remove(racewatch: Racewatch, name: str) -> OutcomeWord:
    """What a person does who types ``racewatch remove NAME``."""
    target = racewatch.parse_target(name)
    seen = racewatch.observe(target)
    assert seen is not None
    return racewatch.remove(ActRequest(target, seen.fingerprint)).word


def removed(made: Machine, name: str, journal: Journal) -> OutcomeWord:
    target = made.target(name)
    return act(ActRequest(target, made.look(name).fingerprint), made.kind.procedure(target), journal).word


def test_the_box_is_empty_and_of_one_version() -> None:
    assert os.listdir("/run/lock") == []
    assert not Path("/run/podman").exists()
    assert {one.version for one in cgroups.hierarchies()} == {int(BOX[1])}
    assert (TOP / "cgroup.controllers").exists() is (BOX == "v2")
    for hierarchy in cgroups.hierarchies():
        assert hierarchy.root == b"/", "the machine's own groups are out of sight"


def test_every_default_root_is_found_and_every_verb_works(folder: Path, racewatch: Racewatch) -> None:
    made = [machine(runtime, _made(folder / runtime)) for runtime in (Runtime.RUNC, Runtime.CRUN)]
    try:
        states = {
            (one, one.make(state)): state
            for one in made
            for state in ("created", "running", "paused", "stopped")
        }
        seen = scanned(folder)
        for (one, name), state in states.items():
            assert seen[f"container:{one.runtime}:/run/{one.runtime}:{name}"] == state
            word = remove(racewatch, f"{one.runtime}:{name}")
            if state == "stopped":
                assert word is OutcomeWord.DONE
                assert racewatch.observe(one.target(name)) is None
                continue
            assert word is OutcomeWord.REFUSED_LIVE or (word.is_refusal and state == "created")
            assert runs(one.pid(name))
            assert one.look(name).label == state
        for one in made:
            assert one.aside() == []
    finally:
        for one in made:
            one.close()


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def test_what_sessions_and_engines_keep_is_found_too(runc: Machine) -> None:
    """A session's state root, and those in which an engine keeps its containers: only the engine removes there."""
    name = runc.make("running")
    expected = {
        "/run/user/1000/runc": None,
        "/run/docker/runtime-runc/moby": "docker rm",
        "/run/containerd/runc/k8s.io": "crictl rm",
        "/run/containerd/runc/default": "ctr -n default tasks rm",
    }
    for root in expected:
        (Path(root) / "half-made").mkdir(parents=True)
    try:
        seen = {one.target.locator: one for one in ContainersKind().scan([]) if isinstance(one, Observation)}
        for root, remedy in expected.items():
            one = seen[b"runc:%s:half-made" % root.encode()]
            assert one.verdict is Verdict.UNKNOWN if remedy is None else Verdict.IDLE
            assert remedy is None or remedy in (one.remedy or "")
        assert seen[b"runc:/run/runc:" + name.encode()].verdict is Verdict.LIVE
    finally:
        for top in ("/run/user/1000", "/run/docker", "/run/containerd"):
            subprocess.run(["rm", "-r", top], check=True)


@pytest.fixture
def podman(folder: Path) -> Iterator[None]:
    """Podman's service as a machine has it."""
    (folder / "containers.conf").write_text(CONTAINERS_CONF)
    environment = {**os.environ, "CONTAINERS_CONF": str(folder / "containers.conf")}
    Path("/run/podman").mkdir()
    service = subprocess.Popen(
        ["podman", "--storage-driver=vfs", "system", "service", "--time=0", "unix:///run/podman/podman.sock"],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until(Path("/run/podman/podman.sock").exists, "Podman's socket")
        yield
    finally:
        service.terminate()
        service.wait()


def test_podman_at_its_default_places(podman: None, folder: Path, racewatch: Racewatch) -> None:
    """One that it runs has its state in the default root of runc too: shown once, and only Podman removes it."""
    tar = folder / "image.tar"
    subprocess.run(["tar", "-C", make_bundle(folder / "image") / "rootfs", "-cf", tar, "."], check=True)

    def podman_run(*words: str) -> str:
        done = subprocess.run(
            ["podman", "--url", "unix:///run/podman/podman.sock", *words],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    image = podman_run("import", "--change", "ENV PATH=/bin", str(tar)).splitlines()[-1]
    running = podman_run("run", "-d", "--network", "none", image, "sleep", "600")
    ended = podman_run("run", "-d", "--network", "none", image, "true")
    podman_run("wait", ended)
    socket = "container:podman:/run/podman/podman.sock"
    assert scanned(folder) == {f"{socket}:{running}": "running", f"{socket}:{ended}": "exited"}
    assert running in os.listdir("/run/runc")
    # Behind its back nothing is removed, running or not.
    assert remove(racewatch, f"runc:{running}") is OutcomeWord.REFUSED_LIVE
    assert remove(racewatch, f"podman:{running}") is OutcomeWord.REFUSED_LIVE
    assert remove(racewatch, f"podman:{ended}") is OutcomeWord.DONE
    assert podman_run("ps", "-aq", "--no-trunc") == running
    podman_run("rm", "-f", "-t", "0", running)


# --- control groups of version 2 -------------------------------------------------------------------


@pytest.fixture
def helper() -> Iterator[int]:
    """A process that tests move from group to group."""
    process = subprocess.Popen(["sleep", "600"])
    yield process.pid
    process.kill()
    process.wait()


@contextlib.contextmanager
def group(path: Path) -> Iterator[Path]:
    path.mkdir()
    try:
        yield path
    finally:
        freeze(os.fsencode(path), thawed=True)
        for folder, _, _ in os.walk(path, topdown=False):
            for pid in cgroups.members(os.fsencode(folder)):
                (TOP / "racewatch-tests" / "cgroup.procs").write_text(str(pid))
            os.rmdir(folder)


@second
def test_a_process_in_a_group_deep_below(each: Machine, journal: Journal, helper: int) -> None:
    """What runs systemd in a container makes groups below its own; only the deepest have processes."""
    name = each.make("stopped")
    deep = TOP / name / "init.scope" / "a" / "b"
    deep.mkdir(parents=True)
    (TOP / name / "beside").mkdir()
    (deep / "cgroup.procs").write_text(str(helper))
    seen = each.look(name)
    assert (seen.verdict, seen.label) == (Verdict.LIVE, "stopped, processes left")
    assert [one.pid for one in seen.others] == [helper]
    assert removed(each, name, journal) is OutcomeWord.REFUSED_LIVE
    assert runs(helper)
    (TOP / "racewatch-tests" / "cgroup.procs").write_text(str(helper))
    assert removed(each, name, journal) is OutcomeWord.DONE
    assert not (TOP / name).exists()


@second
@pytest.mark.parametrize("below", [False, True])
def test_a_frozen_one_whose_first_process_was_killed(
    each: Machine, journal: Journal, helper: int, below: bool
) -> None:
    """In version 2 what is frozen dies when it is killed; what else is frozen in there does not."""
    name = each.make("paused")
    assert each.look(name).label == "paused"
    place = TOP / name / "below" if below else TOP / name
    place.mkdir(exist_ok=True)
    (place / "cgroup.procs").write_text(str(helper))
    pid = each.pid(name)
    os.kill(pid, signal.SIGKILL)
    until(lambda: not runs(pid), "the end of the first process")
    assert (each.look(name).verdict, each.look(name).label) == (Verdict.LIVE, "paused")
    assert removed(each, name, journal) is OutcomeWord.REFUSED_LIVE
    assert runs(helper)
    freeze(bytes(TOP / name), thawed=True)
    assert each.look(name).label == "stopped, processes left"
    (TOP / "racewatch-tests" / "cgroup.procs").write_text(str(helper))
    freeze(bytes(TOP / name))
    # A group in which nobody is may be frozen as it likes.
    assert (each.look(name).verdict, each.look(name).label) == (Verdict.STALE, "stopped")
    assert removed(each, name, journal) is OutcomeWord.DONE


@second
def test_what_is_frozen_from_above_is_frozen() -> None:
    with group(TOP / "above") as above, group(above / "inner") as inner:
        assert cgroups.is_frozen(bytes(inner)) is False
        freeze(bytes(above))
        until(lambda: cgroups.is_frozen(bytes(inner)) is True, "the freezing")
        freeze(bytes(above), thawed=True)
        until(lambda: cgroups.is_frozen(bytes(inner)) is False, "the thaw")


@second
def test_threads_in_a_threaded_group_are_their_process() -> None:
    """``cgroup.procs`` of such a group cannot be read: that is not "nobody"."""
    gate = threading.Event()
    ready = threading.Event()
    told: list[int] = []

    def live() -> None:
        told.append(threading.get_native_id())
        ready.set()
        gate.wait()

    thread = threading.Thread(target=live)
    thread.start()
    try:
        ready.wait()
        with group(TOP / "domain") as domain, group(domain / "threaded") as threaded:
            (threaded / "cgroup.type").write_text("threaded")
            (domain / "cgroup.procs").write_text(str(os.getpid()))
            (threaded / "cgroup.threads").write_text(str(told[0]))
            try:
                with pytest.raises(OSError, match="not supported"):
                    (threaded / "cgroup.procs").read_text()
                assert cgroups.members(bytes(threaded)) == {os.getpid()}
                assert cgroups.members(bytes(domain)) == {os.getpid()}
            finally:
                (domain / "cgroup.threads").write_text(str(told[0]))
    finally:
        gate.set()
        thread.join()


ELSEWHERE = """\
mount -t tmpfs tmpfs /sys/fs/cgroup && mkdir /sys/fs/cgroup/here && mount -t cgroup2 cgroup2 /sys/fs/cgroup/here
exec "$@"
"""
LOOK = """\
import sys
from racewatch.core.wire import target_from_text
from racewatch.kinds.containers import ContainersKind
seen = ContainersKind().look(target_from_text(sys.argv[1]))
print(seen.verdict, seen.removable, seen.summary)
"""


@second
def test_groups_that_are_mounted_elsewhere_are_not_gone(each: Machine, helper: int) -> None:
    """Where racewatch runs the groups may have another place, with something else mounted where they were."""
    name = each.make("stopped")
    (TOP / name / "cgroup.procs").write_text(str(helper))
    look = [sys.executable, "-c", LOOK, f"container:{each.runtime}:/run/{each.runtime}:{name}"]
    said = subprocess.run(
        ["unshare", "-m", "sh", "-ec", ELSEWHERE, "sh", *look], stdout=subprocess.PIPE, text=True, check=True
    ).stdout
    if each.runtime is Runtime.CRUN:
        assert said.startswith("live never"), said  # it writes down a name, which is found wherever it is
    else:
        assert said.startswith("unknown never"), said
        assert "outside of what is mounted here" in said
