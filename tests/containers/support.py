"""Real runtimes with real containers, in state roots and bundles of the test's own.

In a box (``box.sh``) the state roots are the runtimes' own ones, and racewatch finds them by itself.

The root file system is one static program, busybox, so nothing is fetched.  The cgroups of a container are
named after it: ids are unique, and what a test leaves behind is ended and removed.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from racewatch.core.model import Observation, Target
from racewatch.kinds.containers import ContainersKind
from racewatch.kinds.containers.roots import StateRoot, target_of
from racewatch.kinds.containers.state import Runtime
from racewatch.linux import cgroups, processes

DEADLINE_S = 20.0
SLEEP = ("sleep", "600")
#: The ordinary user of tests.
ROOTLESS = 12345
#: crun refuses cgroups of both versions at once, so it sees the first version only.
FIRST_VERSION_ONLY = (
    'umount -l /sys/fs/cgroup/unified 2>/dev/null && mount -t tmpfs tmpfs /sys/fs/cgroup/unified; exec "$@"'
)


#: "v1" or "v2" in a box of that version, else "".
BOX = os.environ.get("RACEWATCH_BOX", "")


def until(condition: Callable[[], bool], what: str) -> None:
    ends = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < ends, f"in vain: {what}"
        time.sleep(0.005)


def make_bundle(
    folder: Path, *, args: tuple[str, ...] = SLEEP, shared_pids: bool = False, rootless: bool = False
) -> Path:
    """An OCI bundle around busybox; ``shared_pids``: children outlive the first process; ``rootless``: its user's."""
    busybox = shutil.which("busybox")
    assert busybox is not None
    programs = folder / "rootfs" / "bin"
    programs.mkdir(parents=True)
    for name in ("proc", "sys", "dev", "tmp"):
        (folder / "rootfs" / name).mkdir()
    shutil.copy(busybox, programs / "busybox")
    for name in ("sh", "sleep", "true", "cat"):
        (programs / name).symlink_to("busybox")
    subprocess.run(["runc", "spec", *(["--rootless"] if rootless else []), "--bundle", folder], check=True)
    path = folder / "config.json"
    config = json.loads(path.read_text())
    config["process"]["terminal"] = False
    config["process"]["args"] = list(args)
    config["process"].pop("rlimits", None)
    if BOX == "v2":
        # crun would need to lock memory for its device rules, which not every machine lets root do.
        config["linux"].pop("resources", None)
    if rootless:
        # As it would be written by who it is for: that user is root in there.
        for kind in ("uidMappings", "gidMappings"):
            config["linux"][kind] = [{"containerID": 0, "hostID": ROOTLESS, "size": 1}]
    if shared_pids:
        spaces = config["linux"]["namespaces"]
        config["linux"]["namespaces"] = [one for one in spaces if one["type"] != "pid"]
        if rootless:
            # Of a PID namespace that is not theirs users may not mount a /proc; the one that is there will do.
            for one in config["mounts"]:
                if one["destination"] == "/proc":
                    one.update(type="none", source="/proc", options=["rbind"])
            for paths in ("maskedPaths", "readonlyPaths"):
                config["linux"].pop(paths, None)
    path.write_text(json.dumps(config))
    return folder


class Machine:
    """One runtime with a state root of its own; in a box the runtime's own one, which nobody is told of."""

    def __init__(self, runtime: Runtime, folder: Path) -> None:
        self.runtime = runtime
        self.folder = folder
        self.root = Path("/run", runtime.value) if BOX else folder / "state"
        self.root.mkdir(exist_ok=bool(BOX))
        self.bundle = make_bundle(folder / "bundle")
        self.state_root = StateRoot(runtime, os.fsencode(self.root))
        self.kind = ContainersKind() if BOX else ContainersKind([self.state_root], default_roots=False)
        self._made: set[str] = set()

    def run(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[bytes]:
        command = [self.runtime.value, *([] if BOX else ["--root", str(self.root)]), *words]
        if self.runtime is Runtime.CRUN and not BOX:
            command = ["unshare", "-m", "sh", "-c", FIRST_VERSION_ONLY, "sh", *command]
        return subprocess.run(
            command,
            # With a session crun, even root's, would use the session's root.
            env={name: value for name, value in os.environ.items() if name != "XDG_RUNTIME_DIR"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=check,
        )

    def make(self, state: str, name: str | None = None, bundle: Path | None = None) -> str:
        """A container in one of the runtimes' states; returns its id."""
        name = name or f"rw{uuid.uuid4().hex[:12]}"
        self._made.add(name)
        self.run("create", "--bundle", str(bundle or self.bundle), name)
        if state != "created":
            self.run("start", name)
        if state == "paused":
            self.run("pause", name)
        if state == "stopped":
            self.stop(name)
        return name

    def knows(self, *names: str) -> None:
        """Names that are made elsewhere: whatever lives in the control groups of these is ended as well."""
        self._made.update(names)

    def stop(self, name: str) -> None:
        self.run("kill", name, "KILL")
        pid = self.pid(name)
        until(lambda: not runs(pid), "the end of the first process")

    def pid(self, name: str) -> int:
        word = "init_process_pid" if self.runtime is Runtime.RUNC else "pid"
        text = (self.root / name / self.runtime.state_file.decode()).read_text()
        return int(json.loads(text)[word])

    def aside(self) -> list[str]:
        """What of ours stands beside the state root."""
        return [name for name in os.listdir(self.root.parent) if name.startswith(".racewatch")]

    def target(self, name: str) -> Target:
        return target_of(self.state_root, os.fsencode(name))

    def look(self, name: str) -> Observation:
        seen = self.kind.look(self.target(name))
        assert seen is not None
        return seen

    def close(self) -> None:
        names = self._made | {one.name for one in self.root.iterdir()}
        for name in names:
            with contextlib.suppress(OSError):
                for group in cgroups.named(os.fsencode(name)):
                    thaw(group)
                    for pid in cgroups.members(group):
                        with contextlib.suppress(OSError):
                            os.kill(pid, signal.SIGKILL)
            self.run("delete", "--force", name, check=False)
        for name in names:
            for top in cgroups.named(os.fsencode(name)):
                for group, _, _ in os.walk(top, topdown=False):
                    with contextlib.suppress(OSError):
                        os.rmdir(group)
        if BOX:  # elsewhere it goes with the folder
            for kept in self.aside():
                shutil.rmtree(self.root.parent / kept)


def freeze(group: bytes, *, thawed: bool = False) -> None:
    """Let the processes of a group stand still, or move again; not every group of version 1 can."""
    for file, words in (("freezer.state", ("FROZEN", "THAWED")), ("cgroup.freeze", ("1", "0"))):
        path = Path(os.fsdecode(group), file)
        if path.exists():
            path.write_text(words[thawed])


def thaw(group: bytes) -> None:
    """What is frozen in a group of version 1 cannot be killed."""
    with contextlib.suppress(OSError):
        freeze(group, thawed=True)


def runs(pid: int) -> bool:
    """Whether any thread of it does: the first one alone may be a zombie already."""
    return processes.identify(pid) is not None


def why_not(runtime: Runtime) -> str | None:
    """Why a runtime cannot be used here; None when it can."""
    for program in (runtime.value, "runc", "busybox"):
        if shutil.which(program) is None:
            return f"{program} is not installed"
    return None if os.geteuid() == 0 else "needs root"


def machine(runtime: Runtime, folder: Path) -> Machine:
    """A machine on which a container could be made just now; skips with the reason otherwise."""
    reason = why_not(runtime)
    if reason is None:
        made = None
        try:
            made = Machine(runtime, folder)
            made.run("delete", made.make("stopped"))
        except (subprocess.CalledProcessError, OSError) as error:
            if made is not None:
                made.close()
            reason = f"{runtime} cannot make a container here: {error}"
        else:
            return made
    if os.environ.get("RACEWATCH_RUNTIMES") == "required":
        pytest.fail(reason)
    pytest.skip(reason)
