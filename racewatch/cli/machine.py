"""What this machine allows racewatch to see and do: one check a function, each with its cure."""

from __future__ import annotations

import enum
import os
import shutil
import stat as stat_mode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from racewatch.cli.window import display_problem
from racewatch.config import Config, ConfigProblem, Notify, config_path, state_dir
from racewatch.core import selfcheck
from racewatch.core.text import display, display_text
from racewatch.kinds.containers import ContainersKind
from racewatch.kinds.containers.connections import Connection
from racewatch.kinds.containers.engine_answers import EngineError
from racewatch.kinds.containers.engine_client import EngineClient
from racewatch.kinds.locks.registry import load
from racewatch.linux import fs, mountinfo, mounts, netns, processes, session_bus, sockdiag, systemd
from racewatch.verbs import Racewatch


class State(enum.StrEnum):
    """How a check came out; ``INFO`` is neither good nor bad."""

    OK = "ok"
    INFO = "info"
    DEGRADED = "degraded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Check:
    """One finding about this machine: in one sentence, and what would make it better."""

    name: str
    state: State
    detail: str
    cure: str | None = None


@dataclass(frozen=True, slots=True)
class Machine:
    """What the checks look at."""

    racewatch: Racewatch
    config: Config
    config_problems: tuple[ConfigProblem, ...]


def all_checks(machine: Machine) -> Iterator[Check]:
    """Every check; one that cannot be made says so itself, and stops no other."""
    for check in _CHECKS:
        try:
            yield from check(machine)
        except OSError as error:
            name = check.__name__.strip("_").replace("_", " ")
            why = error.strerror or str(error)
            yield Check(
                name, State.DEGRADED, f"could not be checked: {display_text(why)}", "run doctor as root"
            )


# --- the kernel --------------------------------------------------------------------------------


def _kernel(_machine: Machine) -> Iterator[Check]:
    release = os.uname().release
    yield Check("kernel", State.INFO, f"Linux {display_text(release)}")
    if fs.has_openat2():
        yield Check("openat2", State.OK, "paths are opened without following any link, in one call")
    else:
        yield Check(
            "openat2",
            State.DEGRADED,
            "not offered here: paths are walked one component at a time instead (same answer, slower)",
            "Linux 5.6 or newer; in a container, a seccomp profile that allows openat2",
        )
    try:
        os.close(os.pidfd_open(os.getpid()))
        yield Check("pidfd", State.OK, "the exit of a process is told at once")
    except OSError as error:
        yield Check(
            "pidfd",
            State.DEGRADED,
            f"not offered here ({error.strerror}): exits are found by looking only",
            "Linux 5.3 or newer; in a container, a seccomp profile that allows pidfd_open",
        )


def _sock_diag(_machine: Machine) -> Iterator[Check]:
    try:
        count = len(sockdiag.bound_sockets())
    except OSError as error:
        yield Check(
            "sock_diag",
            State.DEGRADED,
            f"the kernel's socket table cannot be asked ({error.strerror}): owners and queues are not shown",
            "load the module unix_diag (modprobe unix_diag)",
        )
    else:
        yield Check("sock_diag", State.OK, f"{count} named sockets in this network namespace")


# --- files -------------------------------------------------------------------------------------


def _journal(machine: Machine) -> Iterator[Check]:
    folder = state_dir()
    problem = machine.racewatch.journal_problem
    if problem is not None:
        yield Check("journal", State.FAILED, f"nothing can be removed: {problem}", "see the sentence before")
        return
    yield Check("journal", State.OK, f"writable, in {display(folder)}")
    capture = selfcheck.capture_problem(folder)
    if capture is None:
        yield Check("capture", State.OK, f"names in {display(folder)} can be taken and put back atomically")
    else:
        yield Check(
            "capture",
            State.DEGRADED,
            f"in {display(folder)}: {capture}",
            "put RACEWATCH_STATE_DIR on a local file system (ext4, xfs, btrfs, tmpfs); Linux 3.15 or newer",
        )


def _roots(machine: Machine) -> Iterator[Check]:
    types = {mount.id: mount.fstype for mount in mountinfo.read_mounts()}
    for root in machine.config.roots:
        yield _root(root, types)
    if not machine.config.roots:
        yield Check(
            "roots", State.FAILED, "no folder is configured, and none of the usual ones exists", _name_roots()
        )


def _name_roots() -> str:
    return f"name some under roots in {display(config_path())}"


def _root(root: bytes, types: dict[int, str]) -> Check:
    name = f"root {display(root)}"
    try:
        os.close(fs.open_directory(root))
        stat = fs.stat_path(root)
    except OSError as error:
        return Check(name, State.FAILED, f"cannot be looked at: {error.strerror}", _name_roots())
    kind = types.get(stat.mount_id or -1)
    shown = display_text(kind or "unknown")
    if not mounts.is_local_unstacked(kind):
        return Check(
            name,
            State.DEGRADED,
            f"on a stacked or shared file system ({shown}): a dead socket there cannot be proved dead, it is "
            "shown as unknown",
            "look from the side that owns the files (the host, the server)",
        )
    if stat.btime_ns is None:
        return Check(
            name,
            State.DEGRADED,
            f"{shown} keeps no birth times: incarnations are told apart by inode and change time only",
            "none needed: an act pins the inode itself",
        )
    return Check(name, State.OK, f"{shown}, local, with birth times")


def _overlays(_machine: Machine) -> Iterator[Check]:
    snapshot = mounts.FileSystems.take()
    layers = len(snapshot.overlay_layers) + len(snapshot.unresolved)
    if snapshot.blind:
        yield Check(
            "overlays",
            State.DEGRADED,
            f"{layers} layers of stacked file systems are known; the mounts of {snapshot.blind} processes "
            "cannot be seen, so others may exist",
            "run as root to see every mount namespace",
        )
    else:
        yield Check(
            "overlays", State.OK, f"every mount namespace was seen; {layers} layers of stacked file systems"
        )


# --- file events -------------------------------------------------------------------------------


def _inotify(_machine: Machine) -> Iterator[Check]:
    watches = _limit("max_user_watches")
    instances = _limit("max_user_instances")
    queue = _limit("max_queued_events")
    if watches is None or instances is None:
        yield Check(
            "inotify", State.DEGRADED, "its limits cannot be read: sweeps find what events do not tell"
        )
        return
    used_watches, used_instances, blind = _inotify_use()
    unseen = f"; {blind} processes could not be looked into" if blind else ""
    detail = (
        f"{used_watches} of {watches} watches, {used_instances} of {instances} instances used by this user, "
        f"a queue of {queue}{unseen}"
    )
    if used_watches > watches * 0.9 or watches < 8192:
        cure = f"sysctl fs.inotify.max_user_watches={max(524288, 2 * watches)}"
        yield Check("inotify", State.DEGRADED, detail, cure)
    elif used_instances >= instances - 2:
        cure = f"sysctl fs.inotify.max_user_instances={2 * instances}"
        yield Check("inotify", State.DEGRADED, detail, cure)
    else:
        yield Check("inotify", State.OK, detail)


def _limit(name: str) -> int | None:
    try:
        with open(f"/proc/sys/fs/inotify/{name}", "rb") as file:
            return int(file.read())
    except (OSError, ValueError):
        return None


def _inotify_use() -> tuple[int, int, int]:
    """(watches, instances, processes not looked into) of this user: the limits count by user."""
    watches = instances = blind = 0
    mine = os.geteuid()
    for entry in os.listdir(b"/proc"):
        if not entry.isdigit():
            continue
        try:
            if os.stat(b"/proc/" + entry).st_uid != mine:
                continue
            names = os.listdir(b"/proc/" + entry + b"/fd")
        except (FileNotFoundError, ProcessLookupError):
            continue
        except OSError:
            blind += 1
            continue
        for name in names:
            try:
                if os.readlink(b"/proc/" + entry + b"/fd/" + name) != b"anon_inode:inotify":
                    continue
                with open(b"/proc/" + entry + b"/fdinfo/" + name, "rb") as info:
                    watches += info.read().count(b"inotify wd:")
                instances += 1
            except OSError:
                continue  # closed since
    return watches, instances, blind


# --- rights and surroundings -------------------------------------------------------------------


def _rights(_machine: Machine) -> Iterator[Check]:
    holders = processes.socket_holders()
    namespaces = netns.network_namespaces()
    hidden = max(holders.unreadable, namespaces.blind)
    if os.geteuid() == 0 and not hidden:
        yield Check("rights", State.OK, "root: every process and every socket can be seen")
    elif not hidden:
        yield Check("rights", State.OK, f"{_who()}: every process on this machine can be seen")
    else:
        yield Check(
            "rights",
            State.DEGRADED,
            f"{_who()}: the files of {holders.unreadable} processes are hidden; sockets without write permission "
            "are unknown, and their owners may not be shown",
            "run racewatch scan as root (sudo) for a complete answer; the window never needs root",
        )


def _who() -> str:
    return f"user {display_text(processes.user_name(os.geteuid()))} (uid {os.geteuid()})"


def _systemd(_machine: Machine) -> Iterator[Check]:
    if not systemd.is_running():
        yield Check("systemd", State.INFO, "does not manage this machine: no units are shown")
        return
    found = systemd.listeners()
    if found.problems:
        problems = "; ".join(map(display_text, found.problems))
        yield Check(
            "systemd", State.DEGRADED, f"could not be asked: {problems}", "check systemctl list-sockets"
        )
    else:
        yield Check("systemd", State.OK, f"{len(found.by_path)} socket paths belong to its units")


_PROGRAMS: Final = ("runc", "crun", "youki", "podman", "docker", "containerd")


def _runtimes(machine: Machine) -> Iterator[Check]:
    found = [name for name in _PROGRAMS if shutil.which(name)]
    names = ", ".join(found) if found else "none"
    roots = ContainersKind(machine.config.state_roots).state_roots()
    places = ", ".join(display(root.path) for root in roots) or "no folder with containers"
    yield Check("container programs", State.INFO, f"installed: {names}; state is kept in: {places}")
    for root in roots:
        try:
            os.listdir(root.path)
        except OSError as error:
            yield Check(
                f"state root {display(root.path)}",
                State.DEGRADED,
                f"cannot be looked into: {error.strerror}",
                "look as root",
            )


def _connections(machine: Machine) -> Iterator[Check]:
    said = ContainersKind(engines=machine.config.engines).connections()
    for problem in said.problems:
        yield Check(
            f"engines in {display(problem.path)}",
            State.DEGRADED,
            f"not understood: {display_text(problem.reason)}; an engine that it names is not watched",
            "correct or remove it",
        )
    for one in said.all:
        yield _connection(one)


def _connection(one: Connection) -> Check:
    chosen = " (the one in use)" if one.chosen else ""
    if one.is_remote:
        detail = f"remote: not watched{chosen}; {one.shown} is no socket of this machine"
        return Check(one.title, State.INFO, detail, "run racewatch on the machine where that engine runs")
    path = one.path
    if path is None:
        return Check(one.title, State.DEGRADED, f"not understood{chosen}: {one.shown} has no absolute path")
    try:
        there = stat_mode.S_ISSOCK(os.stat(path).st_mode)
    except (FileNotFoundError, NotADirectoryError):
        there = False
    if not there:
        return Check(one.title, State.INFO, f"no engine{chosen}: {display(path)} is no socket, or not there")
    return Check(one.title, State.OK, f"watched{chosen}: {display(path)}")


def _engines(machine: Machine) -> Iterator[Check]:
    for one in ContainersKind(engines=machine.config.engines).engines():
        name = f"engine {display(one.path)}"
        try:
            with EngineClient(one) as client:
                count = len(client.containers())
                yield Check(name, State.OK, f"{client.engine.title} answers; it has {count} containers")
        except EngineError as error:
            yield Check(
                name,
                State.DEGRADED,
                f"{one.title} could not be asked: {display_text(error.reason)}",
                f"start {one.title}'s service, or look as a user who may use that socket",
            )


def _display(_machine: Machine) -> Iterator[Check]:
    problem = display_problem(os.environ)
    if problem is None:
        yield Check("display", State.OK, "there is one for the window")
    else:
        yield Check(
            "display",
            State.DEGRADED,
            f"no window: {problem}",
            "use the command line, or start racewatch in a desktop session (over ssh: ssh -X)",
        )


_NOTIFICATIONS: Final = "org.freedesktop.Notifications"


def _notifications(machine: Machine) -> Iterator[Check]:
    if machine.config.notify == Notify():
        yield Check("notifications", State.INFO, "turned off: the window tells the desktop of nothing")
        return
    cure = "start a notification server in this desktop session, or turn them off under [notify]"
    try:
        there = session_bus.can_be_reached(_NOTIFICATIONS)
    except session_bus.NoBus as error:
        yield Check("notifications", State.DEGRADED, f"none can be shown: {display_text(str(error))}", cure)
        return
    if there:
        yield Check("notifications", State.OK, "this desktop session has a notification server")
    else:
        yield Check("notifications", State.DEGRADED, "this desktop session has no notification server", cure)


def _configuration(machine: Machine) -> Iterator[Check]:
    for problem in machine.config_problems:
        yield Check("configuration", State.FAILED, str(problem), "correct that line")
    if not machine.config_problems:
        path = config_path()
        there = "understood" if os.path.exists(path) else "not there, the defaults are used"
        yield Check("configuration", State.OK, f"{display(path)}: {there}")


def _lock_formats(_machine: Machine) -> Iterator[Check]:
    registry = load()
    for problem in registry.problems:
        yield Check(
            "lock formats", State.FAILED, str(problem), "correct that line; racewatch formats FILE checks it"
        )
    yield Check("lock formats", State.OK, f"{len(registry.formats)} formats of locks are known")


_CHECKS: Final[tuple[Callable[[Machine], Iterator[Check]], ...]] = (
    _kernel,
    _sock_diag,
    _journal,
    _roots,
    _overlays,
    _inotify,
    _rights,
    _systemd,
    _runtimes,
    _connections,
    _engines,
    _display,
    _notifications,
    _configuration,
    _lock_formats,
)
