"""Real engines, each in namespaces of its own with private roots: started, asked, ended without a trace."""

from __future__ import annotations

import glob
import io
import json
import os
import select
import shutil
import signal
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import pytest
from docker import APIClient
from docker.errors import APIError

from racewatch.core.model import Observation
from racewatch.kinds.containers.engine import Engine, EngineName
from racewatch.kinds.containers.engine_answers import Deleted, EngineError
from racewatch.kinds.containers.engine_client import EngineClient
from racewatch.kinds.containers.engine_source import EngineSource

PROGRAM = {"podman": "podman", "docker": "dockerd"}
BUSYBOX = "/bin/busybox"
# Everything below these is the engine's own while it runs, so it can neither see nor leave anything there.
INSIDE = 'for folder in /run /var/lib; do mount -t tmpfs -o mode=755 tmpfs $folder; done; mkdir /run/lock; "$@" & wait'
# As installed, Podman wants limits that a container of tests may not have; its locks would stay in /dev/shm.
CONTAINERS_CONF = """\
[containers]
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
pids_limit = 0
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
lock_type = "file"
"""


def why_not(name: EngineName) -> str | None:
    """Why this engine cannot be started here; None: it can."""
    if os.geteuid() != 0:
        return "needs root: an engine in namespaces of its own"
    for program in (PROGRAM[name], "runc", "unshare"):
        if shutil.which(program) is None:
            return f"{program} is not installed here"
    try:
        busybox = Path(BUSYBOX).read_bytes()
    except OSError:
        return "busybox is not installed here"
    return "busybox is not a static one (package busybox-static)" if b"/ld-linux" in busybox else None


def cannot(name: EngineName, reason: str) -> NoReturn:
    """Skip with the reason; where runtimes must run (continuous integration) Podman is one of them."""
    if name == "podman" and os.environ.get("RACEWATCH_RUNTIMES") == "required":
        pytest.fail(f"{name}: {reason}")
    pytest.skip(f"{name}: {reason}")


class RunningEngine:
    """One engine and the containers that a test makes in it."""

    def __init__(self, name: EngineName, folder: Path, *, own_pids: bool = True) -> None:
        self.name = name
        self.folder = folder
        self.socket = folder / f"{name}.sock"
        self.engine = Engine(name, bytes(self.socket))
        self.group = f"racewatch-test-{os.getpid()}-{folder.name}"
        pids = ("--pid", "--fork", "--kill-child", "--mount-proc") if own_pids else ()
        namespaces = ["unshare", "--mount", "--net", "--ipc", *pids, "--propagation", "private"]
        with (folder / "log").open("w") as log:
            self.process = subprocess.Popen(
                [*namespaces, "sh", "-ec", INSIDE, "-", *self._command()],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, "CONTAINERS_CONF": str(folder / "containers.conf")},
            )

    def _command(self) -> list[str]:
        folder = self.folder
        (folder / "containers.conf").write_text(CONTAINERS_CONF)
        if self.name == "podman":
            roots = ["--root", f"{folder}/root", "--runroot", f"{folder}/run", "--tmpdir", f"{folder}/tmp"]
            service = ["system", "service", "--time=0", f"unix://{self.socket}"]
            return ["podman", *roots, "--storage-driver", "vfs", *service]
        return [
            "dockerd", "--iptables=false", "--ip6tables=false", "--bridge=none", "--storage-driver=vfs",
            f"--host=unix://{self.socket}", f"--data-root={folder}/root", f"--exec-root={folder}/run",
            f"--pidfile={folder}/pid", f"--cgroup-parent=/{self.group}",
            "--exec-opt", "native.cgroupdriver=cgroupfs",
        ]  # fmt: skip

    def wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + 30
        while True:
            try:
                with EngineClient(self.engine):
                    break
            except EngineError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    cannot(self.name, f"it does not start here: {(self.folder / 'log').read_text()[-400:]}")
                time.sleep(0.02)
        self.api = APIClient(f"unix://{self.socket}", timeout=30)
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w") as tar:
            tar.add(BUSYBOX, "bin/busybox")
            for applet in ("sh", "sleep", "true", "false"):
                link = tarfile.TarInfo(f"bin/{applet}")
                link.type, link.linkname = tarfile.SYMTYPE, "busybox"
                tar.addfile(link)
        said = self.api.import_image_from_data(archive.getvalue(), changes=["ENV PATH=/bin"])
        image = json.loads(said.strip().splitlines()[-1])["status"]
        self.api.tag(image, "localhost/bb", "1")  # Podman 4.3 takes no name for what it imports

    def make(self, name: str, *command: str, start: bool = False, **host: Any) -> str:
        """A container without a network; its full id."""
        config = self.api.create_host_config(network_mode="none", cgroup_parent=f"/{self.group}", **host)
        made = self.api.create_container("localhost/bb:1", list(command), name=name, host_config=config)
        if start:
            self.api.start(made["Id"])
        return str(made["Id"])

    def state(self, container: str) -> str:
        return str(self.api.inspect_container(container)["State"]["Status"])

    def ended(self, name: str, *command: str, **host: Any) -> str:
        """A container that has run and exited."""
        container = self.make(name, *(command or ("true",)), start=True, **host)
        until(lambda: self.state(container) == "exited")
        return container

    def remove(self, container: str) -> None:
        """By force, whatever it is; one that starts again and again may need several attempts."""

        def is_gone() -> bool:
            try:
                self.api.remove_container(container, force=True)
            except APIError as error:
                return error.status_code == 404
            return True

        until(is_gone)

    def kill(self) -> None:
        """All of it at once, as if the power went."""
        if self.process.returncode is not None:
            return
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        handles = [os.pidfd_open(int(child)) for child in children]
        self.process.kill()
        self.process.wait()
        for handle in handles:
            # The first process of a PID namespace takes all others with it, and is gone only when they are.
            try:
                signal.pidfd_send_signal(handle, signal.SIGKILL)
            except ProcessLookupError:
                pass
            select.select([handle], [], [], 20)
            os.close(handle)

    def stop(self) -> None:
        """Containers first: what is frozen cannot be killed by the end of its namespace."""
        if self.process.poll() is None and hasattr(self, "api"):
            for one in self.api.containers(all=True):
                self.remove(one["Id"])
        if hasattr(self, "api"):
            self.api.close()
        self.kill()
        until(lambda: not list(remove_groups(self.group)))


def remove_groups(group: str) -> Iterator[str]:
    """The control groups of an engine that could not be removed yet."""
    tops = [*glob.glob(f"/sys/fs/cgroup/{group}"), *glob.glob(f"/sys/fs/cgroup/*/{group}")]
    for folder in (found for top in tops for found, _, _ in os.walk(top, topdown=False)):
        try:
            os.rmdir(folder)
        except FileNotFoundError:
            pass
        except OSError:
            yield folder


def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.01)


@contextmanager
def running(name: EngineName, *, own_pids: bool = True) -> Iterator[RunningEngine]:
    reason = why_not(name)
    if reason is not None:
        cannot(name, reason)
    # Not pytest's folder: Podman takes no path of more than 50 characters.
    folder = Path(tempfile.mkdtemp(prefix="rw-"))
    try:
        engine = RunningEngine(name, folder, own_pids=own_pids)
        try:
            engine.wait_until_it_answers()
            yield engine
        finally:
            engine.stop()
    finally:
        shutil.rmtree(folder)


# --- what tests ask of it --------------------------------------------------------------------------


def source(engine: RunningEngine) -> EngineSource:
    return EngineSource([engine.engine.path], {})


def look(engine: RunningEngine, container: str) -> Observation:
    seen = source(engine).look(engine.engine.target(container))
    assert seen is not None
    return seen


def delete(engine: RunningEngine, container: str) -> Deleted:
    with EngineClient(engine.engine) as client:
        return client.delete(container)


def in_state(engine: RunningEngine, state: str) -> str:
    name = f"{state}-{time.monotonic_ns()}"
    if state == "created":
        return engine.make(name, "sleep", "600")
    if state == "exited":
        return engine.ended(name, "false")
    if state == "restarting":
        container = engine.make(name, "false", start=True, restart_policy={"Name": "always"})
        until(lambda: engine.state(container) in ("restarting", "stopped"))
        return container
    if state == "initialized":
        if engine.name == "docker":
            pytest.skip("Docker has no such state")
        container = engine.make(name, "sleep", "600")
        api = engine.api
        api.post(f"{api.base_url}/v4.0.0/libpod/containers/{container}/init").raise_for_status()
        return container
    container = engine.make(name, "sleep", "600", start=True)
    if state == "paused":
        engine.api.pause(container)
    return container
