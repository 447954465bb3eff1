"""Bundles: a folder with an OCI ``config.json`` and a root file system, and who uses it.

A bundle is not a container: no runtime keeps state in it, and deleting a container leaves it.  It is in use
while a container names it, something is mounted at or below it, or a process has its root in it.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import Final

from racewatch.core.model import Evidence, KindName, Owner, Removable, Says, Target, Verdict
from racewatch.core.text import display, quoted
from racewatch.kinds.containers.reading import read_regular
from racewatch.kinds.containers.roots import Manager
from racewatch.kinds.containers.shims import Task
from racewatch.kinds.containers.state import hooks_in
from racewatch.kinds.place import Where
from racewatch.linux import fs
from racewatch.linux.probe import Presence

CONFIG: Final = b"config.json"
_PREFIX: Final = b"bundle:"

IN_USE: Final = "bundle in use"
ORPHANED: Final = "orphaned bundle"
DEAD_SHIM: Final = "dead shim's bundle"


@dataclass(frozen=True, slots=True)
class Bundle:
    """What ``config.json`` says: the root file system (absolute) and the hooks; and which very file said it."""

    rootfs: bytes
    config: tuple[int, int, int]
    hooks: tuple[str, ...] = ()


def target_of(path: bytes) -> Target:
    """``container:bundle:/path``."""
    return Target(KindName.CONTAINER, _PREFIX + path)


def path_of(target: Target) -> bytes | None:
    """The folder of a bundle's target; None when it is none."""
    if not target.locator.startswith(_PREFIX + b"/"):
        return None
    return target.locator.removeprefix(_PREFIX)


def read_bundle(path: bytes, directory: int) -> Bundle | None:
    """The bundle that an open folder is; None when it is none.  Nothing but a regular file is opened."""
    try:
        node = fs.stat_at(directory, CONFIG)
        data = read_regular(directory, CONFIG) if node.is_regular else b"null"
        said = json.loads(data)
    except (OSError, ValueError, RecursionError):
        return None
    root = said.get("root") if isinstance(said, dict) and isinstance(said.get("ociVersion"), str) else None
    inside = root.get("path") if isinstance(root, dict) else None
    if not isinstance(inside, str) or not inside or "\0" in inside:
        return None
    rootfs = os.path.normpath(os.path.join(path, inside.encode("utf-8", "surrogateescape")))
    if not os.path.isdir(rootfs):
        return None
    return Bundle(rootfs, (node.ino, node.mtime_ns, node.size), hooks_in(data))


def is_apples(names: frozenset[str]) -> bool:
    """Whether the names in a folder are those of an apple/container bundle (its ``Bundle.swift`` says which)."""
    return {"config.json", "options.json", "kernel.json"} <= names and bool(
        {"rootfs.ext4", "rootfs.json", "initfs.ext4"} & names
    )


@dataclass(frozen=True, slots=True)
class BundleFacts:
    """Everything the judge may use.

    ``elsewhere``: where else something of it is mounted, or what is stacked on it.
    ``blind``: why "nobody" would prove nothing; None: it does.  ``task``: of containerd, when it is one's folder.
    """

    path: bytes
    bundle: Bundle
    manager: Manager | None
    where: Where
    users: tuple[str, ...] = ()
    mounts: tuple[bytes, ...] = ()
    elsewhere: tuple[bytes, ...] = ()
    rooted: tuple[Owner, ...] = ()
    blind: str | None = None
    task: Task | None = None


@dataclass(frozen=True, slots=True)
class BundleJudgement:
    """What the facts add up to."""

    verdict: Verdict
    label: str
    summary: str
    evidence: tuple[Evidence, ...]
    removable: Removable = Removable.NEVER
    remedy: str | None = None


_UNUSED: Final = (
    "its name is taken away in one step and then looked at again; what remains is a container that is just "
    "being made of it, which then fails. It is kept aside, so undo brings all of it back"
)
_IN_DOUBT: Final = (
    "whoever could not be seen may be using it: its files stay as they are, but no longer under this name. It is "
    "kept aside, so undo brings all of it back"
)


def judge_bundle(facts: BundleFacts) -> BundleJudgement:
    """The verdict on one bundle.  Same facts, same verdict."""
    evidence = _evidence(facts)
    if facts.rooted:
        who = f"{facts.rooted[0].name} (pid {facts.rooted[0].pid})"
        return BundleJudgement(Verdict.LIVE, IN_USE, f"A process has its root in it: {who}.", evidence)
    if facts.users:
        said = f"It belongs to {facts.users[0]}."
        return BundleJudgement(
            Verdict.LIVE, IN_USE, said, evidence, remedy="delete the container first, when it is stopped"
        )
    if facts.mounts:
        shown = display(facts.mounts[0])
        return BundleJudgement(
            Verdict.LIVE,
            IN_USE,
            f"{shown} is mounted: what lies there belongs to somebody else.",
            evidence,
            remedy=f"umount {quoted(facts.mounts[0])}"
            if facts.manager is None
            else _remedy_of_engine(facts, facts.manager),
        )
    if facts.elsewhere and facts.manager is None:
        shown = display(facts.elsewhere[0])
        return BundleJudgement(
            Verdict.LIVE,
            IN_USE,
            f"What lies in it is mounted on {shown} too, and would be gone there.",
            evidence,
            remedy=f"umount {quoted(facts.elsewhere[0])}",
        )
    if facts.manager is not None:
        name = facts.manager.name
        dead = facts.task is not None and facts.task.shim is Presence.ABSENT
        return BundleJudgement(
            Verdict.IDLE,
            DEAD_SHIM if dead else "engine's bundle",
            f"It lies in the storage of {name}, which alone may remove it.",
            evidence,
            remedy=_remedy_of_engine(facts, facts.manager),
        )
    doubt = _doubt(facts)
    if doubt is not None:
        return BundleJudgement(
            Verdict.UNKNOWN,
            "cannot tell",
            f"It cannot be proved that nobody uses it: {doubt}.",
            (*evidence, Evidence("window", Says.INFO, "rule", _IN_DOUBT)),
            Removable.OVERRIDE,
            "look as root, on the machine itself",
        )
    return BundleJudgement(
        Verdict.STALE,
        ORPHANED,
        "No container, no mount and no process uses it.",
        (*evidence, Evidence("window", Says.INFO, "rule", _UNUSED)),
        Removable.YES,
    )


def _remedy_of_engine(facts: BundleFacts, manager: Manager) -> str:
    if facts.task is None:
        return manager.remedy("ID")
    return facts.task.remedy or manager.remedy(facts.task.name)


def _doubt(facts: BundleFacts) -> str | None:
    if facts.where is not Where.LOCAL:
        return f"it lies on {facts.where.value}"
    return facts.blind


def _evidence(facts: BundleFacts) -> tuple[Evidence, ...]:
    found = [
        Evidence("bundle", Says.INFO, "config.json", f"root file system {display(facts.bundle.rootfs)}"),
    ]
    if facts.manager is not None:
        found.append(Evidence("belongs to", Says.INFO, "path", facts.manager.name))
    if facts.task is not None:
        found.append(facts.task.evidence)
    if facts.users:
        found.append(Evidence("containers", Says.LIVE, "state files", ", ".join(facts.users[:4])))
    else:
        found.append(
            Evidence("containers", Says.STALE, "state files", "no container of a known runtime names it")
        )
    if facts.mounts:
        shown = ", ".join(map(display, facts.mounts[:3]))
        found.append(Evidence("mounts", Says.LIVE, "/proc/PID/mountinfo", f"mounted: {shown}"))
    else:
        found.append(
            Evidence("mounts", Says.STALE, "/proc/PID/mountinfo", "nothing is mounted at or below it")
        )
    if facts.elsewhere:
        shown = ", ".join(map(display, facts.elsewhere[:3]))
        found.append(Evidence("mounted elsewhere", Says.LIVE, "/proc/PID/mountinfo", f"shown at: {shown}"))
    if facts.rooted:
        shown = ", ".join(f"{one.name} (pid {one.pid})" for one in facts.rooted[:4])
        found.append(Evidence("processes", Says.LIVE, "/proc/PID/root", f"rooted in it: {shown}"))
    elif facts.blind is not None:
        found.append(Evidence("processes", Says.UNKNOWN, "/proc/PID/root", facts.blind))
    else:
        found.append(Evidence("processes", Says.STALE, "/proc/PID/root", "no process has its root in it"))
    return tuple(found)
