"""What a container or a bundle takes on the disk, and what removing it really frees.

The two differ: deleting a runtime's container removes its state directory and leaves the bundle; a bundle that
is removed is kept aside, whole, until somebody frees it; an engine gives back the container's own layer and
keeps image and volumes.  Counting may take long, so it is never part of a look: whoever wants to know asks.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from racewatch.core.text import display, display_text, size_text
from racewatch.kinds.containers.bundles import read_bundle
from racewatch.kinds.containers.engine import Engine
from racewatch.kinds.containers.engine_answers import EngineError
from racewatch.kinds.containers.engine_client import EngineClient
from racewatch.kinds.containers.observe import read_state
from racewatch.kinds.containers.roots import StateRoot, manager_of
from racewatch.kinds.containers.state import NotUnderstood, Recorded
from racewatch.linux import fs
from racewatch.linux.mountinfo import read_mounts
from racewatch.linux.mounts import may_hang
from racewatch.linux.usage import Usage, measure

#: Asked now and then; True when nobody wants to know any more (then :class:`~racewatch.linux.usage.Cancelled`).
Enough = Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Space:
    """``takes`` and ``frees`` in bytes, None where that is not known; in whole sentences ``detail`` and ``freeing``.

    ``least``: there may be more than ``takes``.
    """

    takes: int | None
    detail: str
    frees: int | None = None
    freeing: str = ""
    least: bool = False


def _count(paths: Sequence[bytes], enough: Enough) -> Usage:
    """What these take together; OSError also for what lies where counting could hang, or fetch it all from afar."""
    types = {mount.id: mount.fstype for mount in read_mounts()}
    for path in paths:
        fstype = types.get(fs.stat_path(path).mount_id or -1)
        if fstype is not None and may_hang(fstype):
            raise OSError(
                errno.EOPNOTSUPP, f"it lies on a {fstype} file system, where that may take for ever"
            )
    return measure(paths, enough)


def of_container(root: StateRoot, name: bytes, enough: Enough) -> Space | None:
    """A runtime's container: its bundle stays, its state directory goes.  None when there is none."""
    try:
        directory = fs.open_directory(root.path)
    except OSError:
        return None
    try:
        said = read_state(root.runtime, name, directory)
    finally:
        os.close(directory)
    if said is None:
        return None
    manager = root.manager or (manager_of(said) if isinstance(said, Recorded) else None)
    if manager is not None:
        freed, freeing = None, f"What removing it frees, {manager.name} decides."
    else:
        freed, freeing = _of_state(os.path.join(root.path, name), enough)
    if isinstance(said, NotUnderstood) or said.bundle is None:
        return Space(None, "Which bundle it has is not recorded.", freed, freeing)
    try:
        used = _count(_places(said.bundle, said.rootfs), enough)
    except OSError as error:
        return Space(None, f"Its bundle could not be counted ({error.strerror}).", freed, freeing)
    return Space(used.takes, f"Its bundle takes {_amount(used)}.", freed, freeing, used.short is not None)


def _of_state(path: bytes, enough: Enough) -> tuple[int | None, str]:
    try:
        freed = _count((path,), enough).frees
    except OSError as error:
        return None, f"What deleting it frees could not be counted ({error.strerror}); the bundle stays."
    return freed, f"Deleting it frees {size_text(freed)}, its state directory; the bundle stays."


def _places(bundle: bytes, rootfs: bytes | None) -> tuple[bytes, ...]:
    """The bundle, and its root file system where that lies elsewhere; not the machine's own."""
    # What a runtime recorded may lead through links; below it none is followed.
    home = os.path.realpath(bundle)
    root = home if rootfs is None else os.path.realpath(os.path.join(home, rootfs))
    inside = root == home or root.startswith(home.rstrip(b"/") + b"/")
    return (home,) if inside or root == b"/" else (home, root)


def of_bundle(path: bytes, enough: Enough) -> Space | None:
    """A bundle: it is kept aside when it is removed, and freed later.  None when there is none."""
    try:
        directory = fs.open_directory(path)
    except OSError:
        return None
    try:
        bundle = read_bundle(path, directory)
    finally:
        os.close(directory)
    try:
        used = _count((path,), enough)
    except OSError as error:
        return Space(None, f"It could not be counted ({error.strerror}).")
    elsewhere = ""
    if bundle is not None and not bundle.rootfs.startswith(path + b"/"):
        elsewhere = f" Its root file system, {display(bundle.rootfs)}, lies elsewhere and stays."
    freeing = f"Removed, it is kept aside for undo and still takes that; {_freeing(used)}.{elsewhere}"
    return Space(used.takes, f"It takes {_amount(used)}.", used.frees, freeing, used.short is not None)


def of_engine(engine: Engine, container: str) -> Space | None:
    """An engine's container, by the engine's own count.  None when it knows none of this id."""
    try:
        with EngineClient(engine) as client:
            said = client.inspect(container, size=True)
    except EngineError as error:
        return Space(None, f"{engine.title} did not say what it takes: {display_text(error.reason)}.")
    if said is None:
        return None
    if said.size_rw is None:
        return Space(None, f"{engine.title} does not know what it takes.")
    detail = f"Its own layer takes {size_text(said.size_rw)}, says {engine.title}."
    freeing = "Deleting it frees that; its image and its volumes stay."
    return Space(said.size_rw, detail, said.size_rw, freeing)


def of_kept(paths: Sequence[bytes], enough: Enough) -> Space:
    """What an act keeps aside."""
    try:
        used = _count(paths, enough)
    except OSError as error:
        return Space(None, f"What it takes could not be counted ({error.strerror}).")
    said = _freeing(used)
    return Space(used.takes, f"{said[0].upper()}{said[1:]}.", used.frees, least=used.short is not None)


def _freeing(used: Usage) -> str:
    least = "at least " if used.short is not None else ""
    links = ", because the rest has names elsewhere" if used.frees < used.takes and not least else ""
    return f"freeing it for good gives back {least}{size_text(used.frees)}{links}"


def _amount(used: Usage) -> str:
    """The bytes, and what they leave out."""
    text = size_text(used.takes) if used.short is None else f"at least {size_text(used.takes)} ({used.short})"
    return f"{text}, what is mounted inside left out" if used.mounted else text
