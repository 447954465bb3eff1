"""What a runtime wrote about one container: ``state.json`` of runc and youki, ``status`` of crun.

The files never say whether it runs (youki's word may be stale): that is computed from processes and
groups.  Sources: runc libcontainer/container_linux.go, crun src/libcrun/status.c, youki
crates/libcontainer/src/container/state.rs; the fixtures of the tests were written by runc 1.1.5, crun 1.8.1.
"""

from __future__ import annotations

import enum
import json
from dataclasses import dataclass
from typing import Final

from racewatch.core.text import display_text


class Runtime(enum.StrEnum):
    """The runtimes whose state directories are understood."""

    RUNC = "runc"
    CRUN = "crun"
    YOUKI = "youki"

    @property
    def state_file(self) -> bytes:
        """The file that says what the container is."""
        return b"status" if self is Runtime.CRUN else b"state.json"

    @property
    def spec_file(self) -> bytes | None:
        """The copy of ``config.json`` beside it; None where the state file itself has what is needed of it."""
        return {Runtime.CRUN: b"config.json", Runtime.YOUKI: b"youki_config.json"}.get(self)


FIFO: Final = b"exec.fifo"
#: PID_MAX_LIMIT of the kernel.
_LARGEST_PID: Final = 1 << 22


@dataclass(frozen=True, slots=True)
class Recorded:
    """One container as its runtime recorded it.

    ``start_ticks`` is field 22 of the init process's stat; None where the runtime does not write it.
    ``cgroups`` are directories (runc, ``cgroups_are_directories``) or names from the top of each hierarchy (crun).  ``rootfs`` may be
    relative to ``bundle``.  ``own_pids``: its first process is that of a PID namespace, so none of it
    outlives that; False as well when it is not recorded.  ``other_groups``: why its runtime may find it in other
    groups than these.  ``labels`` are ``key=value``; ``hooks`` is one text for
    each kind of them; ``word`` is youki's own word for the state.
    """

    id: str
    pid: int
    start_ticks: int | None
    created: str
    bundle: bytes | None = None
    rootfs: bytes | None = None
    cgroups: tuple[bytes, ...] = ()
    cgroups_are_directories: bool = False
    own_pids: bool = False
    other_groups: str | None = None
    labels: tuple[str, ...] = ()
    hooks: tuple[str, ...] = ()
    word: str | None = None


@dataclass(frozen=True, slots=True)
class NotUnderstood:
    """Why the state file says nothing: half-written, broken, not there (yet), or not for us to read (``denied``)."""

    reason: str
    denied: bool = False


def parse(runtime: Runtime, name: str, data: bytes) -> Recorded | NotUnderstood:
    """Read a state file; ``name`` is its directory's, which the file must not contradict."""
    try:
        said = json.loads(data)
    except (ValueError, RecursionError):
        return NotUnderstood("its state file is not complete JSON: half-written, or broken")
    if not isinstance(said, dict):
        return NotUnderstood("its state file holds no JSON object")
    try:
        recorded = {Runtime.RUNC: _runc, Runtime.CRUN: _crun, Runtime.YOUKI: _youki}[runtime](said, name)
    except (KeyError, TypeError, ValueError) as error:
        return NotUnderstood(f"its state file does not say all it should ({display_text(str(error))})")
    if recorded.id != name:
        return NotUnderstood(f"its state file is about another container ({display_text(recorded.id)})")
    return recorded


def _runc(said: dict[str, object], _name: str) -> Recorded:
    config = _object(said, "config")
    labels = _texts(config.get("labels"))
    bundle = next((one.removeprefix("bundle=") for one in labels if one.startswith("bundle=")), None)
    groups = said.get("cgroup_paths")
    return Recorded(
        id=_text(said, "id"),
        pid=_pid(said, "init_process_pid"),
        start_ticks=_number(said, "init_process_start"),
        created=_text(said, "created"),
        bundle=_path(bundle),
        rootfs=_path(config.get("rootfs")),
        cgroups=tuple(_path_of(one) for one in groups.values()) if isinstance(groups, dict) else (),
        cgroups_are_directories=True,
        own_pids=_makes(config.get("namespaces"), "NEWPID"),
        other_groups=_other_groups(said, config.get("cgroups"), groups),
        labels=labels,
        hooks=_hooks(config.get("hooks") or config.get("Hooks")),
    )


def _other_groups(said: dict[str, object], named: object, groups: object) -> str | None:
    """runc takes the groups that its configuration names when its state has none, and has systemd stop a unit."""
    config = named if isinstance(named, dict) else {}
    if not groups:
        rootless = said.get("rootless") is True or config.get("Rootless") is True
        return None if rootless else "its state file does not say which control groups it has"
    if config.get("Systemd") is not True or not isinstance(groups, dict):
        return None
    unit = str(config.get("name"))
    if not unit.endswith(".slice"):
        unit = f"{config.get('scope_prefix')}-{unit}.scope"
    if all(unit in str(path).split("/") for path in groups.values()):
        return None
    return "its control groups are not those of the unit that systemd would stop for it"


def _crun_groups(said: dict[str, object]) -> tuple[bytes, ...]:
    group, scope = said.get("cgroup-path"), said.get("scope") or ""
    if not isinstance(scope, str):
        raise TypeError("scope")
    path = _path_of(group) if group else b""
    parts = path.split(b"/")
    # crun goes where that leads, and has systemd stop the unit of that name, whatever they are.
    if b".." in parts or (scope and scope.encode("utf-8", "surrogateescape") not in parts):
        raise ValueError("cgroup-path")
    return (path,) if path else ()


def _crun(said: dict[str, object], name: str) -> Recorded:
    return Recorded(
        id=name,
        pid=_pid(said, "pid"),
        # Old versions wrote none, which they and we read as 0: not known.
        start_ticks=_number(said, "process-start-time") if said.get("process-start-time") else None,
        created=_text(said, "created"),
        bundle=_path(said.get("bundle")),
        rootfs=_path(said.get("rootfs")),
        cgroups=_crun_groups(said),
    )


def _youki(said: dict[str, object], _name: str) -> Recorded:
    annotations = said.get("annotations")
    pid = said.get("pid")
    return Recorded(
        id=_text(said, "id"),
        pid=_pid(said, "pid") if pid is not None else 0,
        start_ticks=None,
        created=str(said.get("created") or ""),
        bundle=_path(said.get("bundle")),
        labels=tuple(f"{key}={value}" for key, value in annotations.items())
        if isinstance(annotations, dict)
        else (),
        word=_text(said, "status"),
    )


def _object(said: dict[str, object], key: str) -> dict[str, object]:
    value = said[key]
    if not isinstance(value, dict):
        raise TypeError(key)
    return value


def _text(said: dict[str, object], key: str) -> str:
    value = said[key]
    if not isinstance(value, str):
        raise TypeError(key)
    return value


def _number(said: dict[str, object], key: str) -> int:
    value = said[key]
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise TypeError(key)
    return value


def _pid(said: dict[str, object], key: str) -> int:
    value = _number(said, key)
    if value > _LARGEST_PID:
        raise ValueError(key)  # a runtime may cut it to another one
    return value


def _path_of(value: object) -> bytes:
    if not isinstance(value, str) or "\0" in value:
        raise TypeError("a path")
    return value.encode("utf-8", "surrogateescape")


def _path(value: object) -> bytes | None:
    return None if value is None else _path_of(value)


def _texts(value: object) -> tuple[str, ...]:
    return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list) else ()


def makes_pid_namespace(config: bytes) -> bool:
    """Whether an OCI ``config.json`` asks for a PID namespace of the container's own; False when it is none."""
    try:
        said = json.loads(config)
        return _makes(said["linux"]["namespaces"], "pid")
    except (KeyError, TypeError, ValueError, RecursionError):
        return False


def _makes(namespaces: object, kind: str) -> bool:
    """With a path it is somebody else's that is joined."""
    found = namespaces if isinstance(namespaces, list) else []
    return any(isinstance(one, dict) and one.get("type") == kind and not one.get("path") for one in found)


def hooks_in(data: bytes) -> tuple[str, ...]:
    """The hooks in an OCI ``config.json`` (crun keeps a copy, youki an excerpt); none in what is no such file."""
    try:
        said = json.loads(data)
    except (ValueError, RecursionError):
        return ()
    return _hooks(said.get("hooks")) if isinstance(said, dict) else ()


def _hooks(value: object) -> tuple[str, ...]:
    """``poststop: /usr/bin/x, /usr/bin/y``: each kind that there is, with its programs; poststop ones run at delete."""
    if not isinstance(value, dict):
        return ()
    return tuple(
        f"{kind}: {', '.join(map(_program, hooks))}" for kind, hooks in value.items() if _is_list(hooks)
    )


def _is_list(hooks: object) -> bool:
    return isinstance(hooks, list) and bool(hooks)


def _program(hook: object) -> str:
    path = hook.get("path") if isinstance(hook, dict) else None
    return path if isinstance(path, str) else "?"
