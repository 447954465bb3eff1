"""Whether the shim of a containerd task still serves it: the process that holds its ends and knows its state.

containerd keeps a folder for each task, with the address of the shim's socket in it.  When the shim is dead
nobody can manage the container any more, though it may run on; and containerd itself, at its next start, clears
away what a shim that does not answer left.  So what is told here is a remedy, and never a reason to remove.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import Final

from racewatch.core.model import Evidence, Says
from racewatch.core.text import display, quoted
from racewatch.kinds.containers.reading import read_regular
from racewatch.linux import fs
from racewatch.linux.probe import DatagramProbe, Presence

_TASKS: Final = b"/io.containerd.runtime.v2.task/"
_UNIX: Final = "unix://"


@dataclass(frozen=True, slots=True)
class Task:
    """One task folder: its namespace and id, and whether a socket is bound to the address of its shim."""

    namespace: str
    name: str
    shim: Presence
    why: str

    @property
    def evidence(self) -> Evidence:
        """What was seen of its shim."""
        says = {Presence.BOUND: Says.LIVE, Presence.ABSENT: Says.STALE}.get(self.shim, Says.UNKNOWN)
        return Evidence("shim", says, "datagram connect", self.why)

    @property
    def remedy(self) -> str | None:
        """What to do about a dead shim; None while it may live."""
        if self.shim is not Presence.ABSENT:
            return None
        namespace, name = quoted(os.fsencode(self.namespace)), quoted(os.fsencode(self.name))
        return f"restart containerd, which clears away what a dead shim left, or: ctr -n {namespace} tasks rm {name}"


def task_of(bundle: bytes | None) -> Task | None:
    """The task whose folder this is; None when it is none.  Opens regular files only, connects to nothing."""
    if bundle is None or _TASKS not in bundle:
        return None
    namespace, _, name = bundle.partition(_TASKS)[2].strip(b"/").partition(b"/")
    if not namespace or not name or b"/" in name:
        return None
    shim, why = _shim(bundle)
    return Task(os.fsdecode(namespace), os.fsdecode(name), shim, why)


def _shim(bundle: bytes) -> tuple[Presence, str]:
    try:
        directory = fs.open_directory(bundle)
    except OSError as error:
        return Presence.UNKNOWN, f"its folder could not be opened ({error.strerror})"
    try:
        address = _address(directory)
    except (OSError, ValueError, RecursionError):
        return Presence.UNKNOWN, "its folder does not say where its shim listens"
    finally:
        os.close(directory)
    if not address.startswith(_UNIX + "/"):
        return Presence.UNKNOWN, "its shim does not listen at a path"
    path = os.fsencode(address.removeprefix(_UNIX))
    try:
        return _asked(path)
    except FileNotFoundError:
        # The name of a socket may be gone while its server lives on.
        return Presence.UNKNOWN, f"the socket of its shim, {display(path)}, is gone"
    except OSError as error:
        return Presence.UNKNOWN, f"{display(path)} could not be looked at ({error.strerror})"


def _address(directory: int) -> str:
    """containerd 1 writes ``address``, containerd 2 ``bootstrap.json``.  Raises OSError and ValueError."""
    try:
        return read_regular(directory, b"address").decode()
    except FileNotFoundError:
        said = json.loads(read_regular(directory, b"bootstrap.json"))
        address = said.get("address") if isinstance(said, dict) else None
        if not isinstance(address, str) or "\0" in address:
            raise ValueError("no address") from None
        return address


def _asked(path: bytes) -> tuple[Presence, str]:
    above = fs.open_directory(os.path.dirname(path))
    try:
        node = fs.pin(above, os.path.basename(path))
    finally:
        os.close(above)
    try:
        if not fs.stat_fd(node).is_socket:
            return Presence.UNKNOWN, f"{display(path)} is no socket"
        probe = DatagramProbe()
        try:
            presence = probe.ask(node).presence
        finally:
            probe.close()
    finally:
        os.close(node)
    said = {
        Presence.BOUND: "its shim listens at {}",
        Presence.ABSENT: "its shim is dead: nobody is bound to {}",
        Presence.UNKNOWN: "whether its shim listens at {} cannot be told",
    }
    return presence, said[presence].format(display(path))
