"""Where runtimes keep the state of their containers, and which engine keeps it there."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from racewatch.core.model import KindName, Target
from racewatch.core.text import display_text, quoted
from racewatch.kinds.containers.state import Recorded, Runtime
from racewatch.linux import processes


@dataclass(frozen=True, slots=True)
class Manager:
    """The engine that a container belongs to: only it may be asked to remove one.

    ``command`` takes the container's id at its end; ``why`` follows the name in a sentence.
    """

    name: str
    command: str
    why: str = "which alone may remove it"

    def remedy(self, name: str) -> str:
        """Its own command for one container, ready to paste into a shell."""
        return f"{self.command} {quoted(os.fsencode(name))}"


DOCKER: Final = Manager("Docker", "docker rm")
PODMAN: Final = Manager("Podman", "podman rm")
KUBERNETES: Final = Manager("Kubernetes", "crictl rm")
#: containers-storage names its folders after its drivers.
_STORAGE: Final = re.compile(rb"/(?:overlay|overlay2|vfs|btrfs|zfs|aufs|devicemapper)-containers/")


@dataclass(frozen=True, slots=True)
class StateRoot:
    """One folder with a state directory for each container of a runtime."""

    runtime: Runtime
    path: bytes
    manager: Manager | None = None


def containerd(namespace: str) -> Manager:
    """containerd's own namespaces; those of Docker and Kubernetes belong to them."""
    return {"moby": DOCKER, "k8s.io": KUBERNETES}.get(
        namespace, Manager("containerd", f"ctr -n {quoted(os.fsencode(namespace))} tasks rm")
    )


def state_roots(configured: Sequence[StateRoot] = ()) -> tuple[StateRoot, ...]:
    """The folders that exist now: those of the runtimes (root's and each user's), of engines, and configured ones."""
    found = {root.path: root for root in configured}
    # Each user's session has its own, and ours may have another place.
    session = os.environb.get(b"XDG_RUNTIME_DIR", b"")
    ours = (os.path.normpath(session),) if session.startswith(b"/") else ()
    for runtime in Runtime:
        for folder in (b"/run", *sorted(glob.glob(b"/run/user/*")), *ours):
            path = os.path.join(folder, runtime.value.encode())
            found.setdefault(path, StateRoot(runtime, path))
    for pattern in (b"/run/docker/runtime-*/*", b"/run/containerd/runc/*", b"/run/containerd/crun/*"):
        for path in sorted(glob.glob(pattern)):
            runtime = Runtime.CRUN if b"crun" in path else Runtime.RUNC
            found.setdefault(path, StateRoot(runtime, path, containerd(os.fsdecode(os.path.basename(path)))))
    return tuple(one for one in found.values() if os.path.isdir(one.path) and not os.path.islink(one.path))


def manager_of(recorded: Recorded) -> Manager | None:
    """The engine that wrote the container's own labels, or whose storage its bundle lies in."""
    if "io.container.manager=libpod" in recorded.labels:
        return PODMAN
    if "io.container.manager=cri-o" in recorded.labels:
        return KUBERNETES
    return manager_of_bundle(recorded.bundle or b"")


def manager_of_bundle(path: bytes) -> Manager | None:
    """The engine in whose storage a bundle lies."""
    if _STORAGE.search(path) is not None:
        return PODMAN
    if b"/io.containerd.runtime.v2.task/" in path:
        namespace = path.partition(b"/io.containerd.runtime.v2.task/")[2].partition(b"/")[0]
        return containerd(os.fsdecode(namespace))
    return None


def another_users(uid: int, root: StateRoot, *, own: bool) -> Manager:
    """The ordinary user who can change what root's runtime would run and where it would look.

    ``own``: the container itself is that user's, not only a folder above.
    """
    user = processes.user_name(uid)
    sudo = quoted(os.fsencode(f"#{user}" if user.isdigit() else user))
    command = f"{root.runtime} --root {quoted(root.path)} delete"
    if own:
        why = "who can change what root would run for it (its hooks), and may delete it"
        return Manager(f"the user {display_text(user)}", f"sudo -u {sudo} {command}", why)
    why = "whose folder it lies in, and who can change where root would look for it"
    return Manager(f"the user {display_text(user)}", command, why)


def target_of(root: StateRoot, name: bytes) -> Target:
    """``container:runc:/run/runc:ID``."""
    return Target(KindName.CONTAINER, b"%s:%s:%s" % (root.runtime.value.encode(), root.path, name))


def split(target: Target) -> tuple[Runtime, bytes, bytes] | None:
    """(runtime, state root, id) of a target; None when it is none of a runtime."""
    word, _, rest = target.locator.partition(b":")
    root, _, name = rest.rpartition(b":")
    if word not in (one.value.encode() for one in Runtime) or not root.startswith(b"/") or not name:
        return None
    return Runtime(word.decode()), root, name
