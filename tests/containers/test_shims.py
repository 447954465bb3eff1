"""containerd's tasks, with a real containerd and real shims: shown with their owner, never with a button."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from racewatch.core.act import act
from racewatch.core.journal import Journal
from racewatch.core.model import ActRequest, Observation, OutcomeWord, Removable, Verdict
from racewatch.kinds.containers import ContainersKind
from racewatch.kinds.containers.bundles import target_of as bundle_target
from racewatch.kinds.containers.roots import StateRoot, containerd
from racewatch.kinds.containers.roots import target_of as container_target
from racewatch.kinds.containers.shims import task_of
from racewatch.kinds.containers.state import Runtime
from racewatch.linux import processes
from racewatch.linux.probe import Presence
from tests.containers.support import make_bundle, runs, until

# containerd's shim lets runc keep its state in a folder of the namespace, wherever containerd's own state is.
STATE = Path("/run/containerd/runc")


@pytest.fixture(autouse=True)
def everybody_can_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The init of some machines keeps even root from looking into it: then nothing here could be proved."""
    blind = processes.has_no_files
    monkeypatch.setattr(processes, "has_no_files", lambda pid: pid == 1 or blind(pid))


class Containerd:
    """A containerd of the test's own, in a namespace of its own, and one task in it."""

    def __init__(self, folder: Path) -> None:
        self.namespace = f"rw{uuid.uuid4().hex[:8]}"
        self.name = f"task{uuid.uuid4().hex[:8]}"
        self.folder = folder
        self.address = folder / "c.sock"
        config = folder / "config.toml"
        config.write_text(
            f'version = 2\nroot = "{folder}/root"\nstate = "{folder}/state"\n'
            'disabled_plugins = ["io.containerd.grpc.v1.cri"]\n'
            f'[grpc]\naddress = "{self.address}"\n'
        )
        self.process = subprocess.Popen(
            ["containerd", "-c", config], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        until(lambda: self.ctr("version").returncode == 0, "containerd")
        bundle = make_bundle(folder / "made")
        path = bundle / "config.json"
        said = json.loads(path.read_text())
        said["root"]["path"] = str(bundle / "rootfs")
        path.write_text(json.dumps(said))
        done = self.ctr("run", "-d", "--config", str(path), self.name)
        if done.returncode != 0:
            self.close()
            reason = f"containerd cannot run a task here: {done.stderr.decode()}"
            pytest.fail(reason) if os.environ.get("RACEWATCH_RUNTIMES") == "required" else pytest.skip(reason)
        self.bundle = folder / "state" / "io.containerd.runtime.v2.task" / self.namespace / self.name
        root = StateRoot(Runtime.RUNC, os.fsencode(STATE / self.namespace), containerd(self.namespace))
        self.kind = ContainersKind([root], default_roots=False)
        self.target = container_target(root, self.name.encode())

    def ctr(self, *words: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            ["ctr", "--address", self.address, "--namespace", self.namespace, *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=60,
            check=False,
        )

    def shim(self) -> list[int]:
        words = [b"-namespace", self.namespace.encode(), b"-id", self.name.encode()]
        found = []
        for entry in Path("/proc").iterdir():
            try:
                said = (entry / "cmdline").read_bytes().split(b"\0") if entry.name.isdigit() else []
            except OSError:
                continue
            if said[1:5] == words:
                found.append(int(entry.name))
        return found

    def kill(self, pid: int) -> None:
        os.kill(pid, signal.SIGKILL)
        until(lambda: not runs(pid), "the end of the process")

    def lose_the_shim(self) -> None:
        """containerd goes first: it would clear away at once what its shim left."""
        self.process.kill()
        self.process.wait()
        for pid in self.shim():
            self.kill(pid)

    def first(self) -> int:
        return int((self.bundle / "init.pid").read_text())

    def look(self) -> tuple[Observation, Observation]:
        """The container, and the bundle."""
        container = self.kind.look(self.target)
        bundle = self.kind.look(bundle_target(os.fsencode(self.bundle)))
        assert container is not None
        assert bundle is not None
        return container, bundle

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        for pid in self.shim():
            self.kill(pid)
        subprocess.run(
            ["runc", "--root", STATE / self.namespace, "delete", "--force", self.name],
            check=False,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        shutil.rmtree(STATE / self.namespace, ignore_errors=True)


@pytest.fixture
def containerd_here(folder: Path) -> Iterator[Containerd]:
    needed = [tool for tool in ("containerd", "ctr", "runc", "busybox") if shutil.which(tool) is None]
    if needed or os.geteuid() != 0:
        pytest.skip(f"not installed: {', '.join(needed)}" if needed else "needs root")
    made = Containerd(folder)
    yield made
    made.close()


def refused(made: Containerd, seen: Observation, journal: Journal) -> OutcomeWord:
    request = ActRequest(seen.target, seen.fingerprint, override=True)
    return act(request, made.kind.procedure(seen.target), journal).word


def test_a_task_is_shown_with_its_owner_and_a_dead_shim_with_its_remedy(
    containerd_here: Containerd, journal: Journal
) -> None:
    made = containerd_here
    container, bundle = made.look()
    assert (container.verdict, bundle.verdict) == (Verdict.LIVE, Verdict.LIVE)
    assert dict(container.facts)["runtime"] == "containerd (runc)"
    assert f"ctr -n {made.namespace} tasks rm {made.name}" == container.remedy
    for seen in (container, bundle):
        (shim,) = [one for one in seen.evidence if one.check == "shim"]
        assert shim.says.value == "live", shim
        assert refused(made, seen, journal) is OutcomeWord.REFUSED_LIVE

    # The shim dies, the container runs on, and nobody can manage it any more.
    made.lose_the_shim()
    container, bundle = made.look()
    assert container.verdict is Verdict.LIVE
    assert "restart containerd" in (container.remedy or "")

    # Its first process ends, and then its state is lost too: what is left is a dead shim's bundle.
    made.kill(made.first())
    container, bundle = made.look()
    assert (container.verdict, container.removable) == (Verdict.IDLE, Removable.NEVER)
    subprocess.run(["runc", "--root", STATE / made.namespace, "delete", made.name], check=True)
    bundle_seen = made.kind.look(bundle.target)
    assert bundle_seen is not None
    assert (bundle_seen.verdict, bundle_seen.label) == (Verdict.IDLE, "dead shim's bundle")
    assert bundle_seen.remedy == (
        "restart containerd, which clears away what a dead shim left, "
        f"or: ctr -n {made.namespace} tasks rm {made.name}"
    )
    assert refused(made, bundle_seen, journal) is OutcomeWord.REFUSED_FORBIDDEN
    assert made.bundle.is_dir()


@pytest.fixture
def task_folder(folder: Path) -> Path:
    made = folder / "io.containerd.runtime.v2.task" / "default" / "one"
    made.mkdir(parents=True)
    return made


def presence(task_folder: Path) -> Presence:
    task = task_of(os.fsencode(task_folder))
    assert task is not None
    assert (task.namespace, task.name) == ("default", "one")
    assert (task.remedy is None) == (task.shim is not Presence.ABSENT)
    return task.shim


def test_a_shim_is_dead_only_when_nobody_is_bound_to_its_socket(task_folder: Path, folder: Path) -> None:
    assert presence(task_folder) is Presence.UNKNOWN  # no address at all
    path = folder / "s"
    (task_folder / "bootstrap.json").write_text(
        json.dumps({"version": 3, "address": f"unix://{path}", "protocol": "ttrpc"})
    )
    assert presence(task_folder) is Presence.UNKNOWN  # a name may be lost while its server lives
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        assert presence(task_folder) is Presence.BOUND
    assert presence(task_folder) is Presence.ABSENT
    # The older file, which containerd 1 writes, is asked first.
    (task_folder / "address").write_text("unix://@/containerd-shim/abstract.sock")
    assert presence(task_folder) is Presence.UNKNOWN
    path.unlink()
    path.write_text("no socket")
    (task_folder / "address").write_text(f"unix://{path}")
    assert presence(task_folder) is Presence.UNKNOWN
    path.unlink()
    os.mkfifo(path)
    (task_folder / "address").unlink()
    os.mkfifo(task_folder / "address")  # what must not be opened is not
    assert presence(task_folder) is Presence.UNKNOWN


@given(said=st.binary(max_size=60), modern=st.booleans())
def test_whatever_is_written_there_no_shim_is_called_dead_for_it(
    said: bytes, modern: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("t") / "io.containerd.runtime.v2.task" / "default" / "one"
    folder.mkdir(parents=True)
    (folder / ("bootstrap.json" if modern else "address")).write_bytes(said)
    assert presence(folder) is Presence.UNKNOWN


def test_what_is_no_task() -> None:
    assert task_of(None) is None
    assert task_of(b"/srv/bundle") is None
    assert task_of(b"/run/containerd/io.containerd.runtime.v2.task/default") is None
    assert task_of(b"/run/containerd/io.containerd.runtime.v2.task/default/one/rootfs") is None
