"""The containers of the demo: real ones of a real runtime, made and ended by the demo's janitor.

Nothing is fetched (the root file system is busybox alone), nothing is ever signalled: the running one copies
its standard input, the pipe that ends with the demo, to nowhere, so it ends by itself however the demo ended.
State and bundle lie in the sandbox; the runtime's own ``delete`` takes the control groups away again.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from typing import Final

from racewatch.core.by_name import PRIVATE_PREFIX
from racewatch.kinds.containers.roots import StateRoot
from racewatch.kinds.containers.state import Runtime

#: Tried in this order; the first that can make a container here makes all.
_RUNTIMES: Final = (Runtime.RUNC, Runtime.CRUN)
_SECONDS: Final = 10.0
_NOBODY: Final = 65534


class NoContainers(Exception):
    """Why the demo has none; the text is for people."""


def state_roots(folder: str) -> tuple[StateRoot, ...]:
    """Where the demo's containers keep their state, if there are any."""
    paths = ((runtime, _root(folder, runtime)) for runtime in _RUNTIMES)
    return tuple(StateRoot(runtime, os.fsencode(path)) for runtime, path in paths if os.path.isdir(path))


def make_containers(folder: str, lifeline: int, is_over: Callable[[], bool]) -> None:
    """A running, a created and a stopped one, below ``folder``.  Raises :class:`NoContainers`.

    ``lifeline`` is a pipe's reading end; the running one ends when the pipe does.  Whatever was made,
    :func:`end_containers` ends.
    """
    if os.geteuid() != 0:
        raise NoContainers("making them needs root")
    installed = [runtime for runtime in _RUNTIMES if shutil.which(runtime.value)]
    if not installed:
        raise NoContainers(f"{' and '.join(_RUNTIMES)} are not installed")
    bundle = _make_bundle(os.path.join(folder, "bundles", "website"), _busybox())
    trouble = ""
    for runtime in installed:
        os.makedirs(_root(folder, runtime))
        try:
            _make_all(runtime, folder, bundle, lifeline, is_over)
        except (OSError, subprocess.SubprocessError) as error:
            trouble = f"{runtime} cannot make one here ({_why(error)})"
            end_containers(folder)
        else:
            return
    raise NoContainers(trouble)


def _busybox() -> str:
    path = shutil.which("busybox")
    if path is None:
        raise NoContainers("busybox is not installed (package busybox-static)")
    with open(path, "rb") as file:
        if b"/ld-linux" in file.read():
            raise NoContainers("busybox is not a static one (package busybox-static)")
    return path


def _make_all(runtime: Runtime, folder: str, bundle: str, lifeline: int, is_over: Callable[[], bool]) -> None:
    # Control groups are called after them, for all of the machine: names of this demo alone.
    own = os.path.basename(os.path.dirname(folder)).rpartition("-")[2]
    with open(os.devnull, "rb") as nothing:
        for name, stdin, starts in (
            ("nightly-job", nothing.fileno(), True),  # it finds nothing to copy, and ends
            ("website", lifeline, True),
            ("migration", lifeline, False),
        ):
            if is_over():
                return
            container = f"{name}-{own}"
            _run(runtime, folder, "create", "--bundle", bundle, container, stdin=stdin)
            if starts:
                _run(runtime, folder, "start", container)
            if stdin == nothing.fileno():
                _wait_until_stopped(runtime, _root(folder, runtime), container)


def end_containers(folder: str) -> None:
    """Delete every container of the demo, whatever became of it meanwhile; what fails may be asked again."""
    for runtime in _RUNTIMES:
        top = _root(folder, runtime)
        # An act that was interrupted has taken one aside: its private folder is a state root as well.
        for root in (top, *_below(top, lambda name: os.fsencode(name).startswith(PRIVATE_PREFIX))):
            for path in _below(root, lambda name: not name.startswith(".")):
                _end(runtime, root, os.path.basename(path))


def _end(runtime: Runtime, root: str, name: str) -> None:
    words = (runtime.value, "--root", root)
    try:
        _quietly(*words, "resume", name)  # nothing that stands still can end
        _wait_until_stopped(runtime, root, name)
        if _quietly(*words, "delete", name) != 0:
            _quietly(*words, "delete", "--force", name)
    except (OSError, subprocess.SubprocessError):
        return  # tried again


def _wait_until_stopped(runtime: Runtime, root: str, name: str) -> None:
    """Until it has ended; not for one that was never started, nor for what is no container."""
    ends = time.monotonic() + _SECONDS / 2
    while _status(runtime, root, name) in ("running", "paused") and time.monotonic() < ends:
        time.sleep(0.01)


def _status(runtime: Runtime, root: str, name: str) -> str:
    words = (runtime.value, "--root", root, "state", name)
    done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=_SECONDS)
    try:
        return str(json.loads(done.stdout)["status"])
    except (ValueError, KeyError, TypeError):
        return ""


def _run(runtime: Runtime, folder: str, *words: str, stdin: int = subprocess.DEVNULL) -> None:
    subprocess.run(
        (runtime.value, "--root", _root(folder, runtime), *words),
        stdin=stdin,
        # The container keeps what it is given: files, not pipes that somebody would wait for.
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=True,
        timeout=_SECONDS,
    )


def _quietly(*words: str) -> int:
    return subprocess.run(
        words,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
        timeout=_SECONDS,
    ).returncode


def _root(folder: str, runtime: Runtime) -> str:
    return os.path.join(folder, "containers", runtime.value)


def _below(root: str, wanted: Callable[[str], bool]) -> list[str]:
    try:
        return [os.path.join(root, name) for name in sorted(os.listdir(root)) if wanted(name)]
    except OSError:
        return []


def _make_bundle(bundle: str, busybox: str) -> str:
    programs = os.path.join(bundle, "rootfs", "bin")
    os.makedirs(programs)
    for name in ("proc", "dev"):
        os.mkdir(os.path.join(bundle, "rootfs", name))
    shutil.copy(busybox, os.path.join(programs, "busybox"))
    with open(os.path.join(bundle, "config.json"), "w", encoding="ascii") as file:
        json.dump(_CONFIG, file, indent=1)
    return bundle


def _why(error: Exception) -> str:
    if isinstance(error, subprocess.CalledProcessError):
        return f"{error.cmd[3]} answered {error.returncode}"
    return error.strerror or str(error) if isinstance(error, OSError) else "it took too long"


#: No rights, no network, a read-only root: all it can do is to wait for the end of its input.
_CONFIG: Final = {
    "ociVersion": "1.0.2",
    "process": {
        "terminal": False,
        "user": {"uid": _NOBODY, "gid": _NOBODY},
        "args": ["/bin/busybox", "cat"],
        "env": ["PATH=/bin"],
        "cwd": "/",
        "noNewPrivileges": True,
    },
    "root": {"path": "rootfs", "readonly": True},
    "hostname": "racewatch-demo",
    "mounts": [
        {"destination": "/proc", "type": "proc", "source": "proc"},
        {
            "destination": "/dev",
            "type": "tmpfs",
            "source": "tmpfs",
            "options": ["nosuid", "strictatime", "mode=755", "size=65536k"],
        },
    ],
    "linux": {"namespaces": [{"type": kind} for kind in ("pid", "network", "ipc", "uts", "mount")]},
}
