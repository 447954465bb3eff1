"""Container engines: where their API sockets are, what they call themselves, how their containers are named."""

from __future__ import annotations

import glob
import os
import re
import stat as stat_mode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from racewatch.core.model import KindName, Target
from racewatch.core.text import display_text, quoted
from racewatch.linux import processes

EngineName = Literal["podman", "docker"]

_UNIX: Final = "unix://"
#: Where an engine without root's rights has its socket (far below the largest number of a user).
_USERS: Final = re.compile(rb"/(?:var/)?run/user/([0-9]{1,9})/")
_FULL_ID: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Engine:
    """One engine: what answers, and the path of its API socket.

    Out of :func:`engines` the name is a guess from the path; ``EngineClient.engine`` has the one that the
    server gives itself.
    """

    name: EngineName
    path: bytes

    @property
    def title(self) -> str:
        """Its name as people write it."""
        return self.name.capitalize()

    @property
    def label(self) -> str:
        """Its title; of a user's own engine with the user, as there may be several."""
        user = _USERS.match(self.path)
        return f"{self.title} of {display_text(processes.user_name(int(user[1])))}" if user else self.title

    @property
    def command(self) -> str:
        """Its command line program, speaking to this very socket."""
        option = "--url" if self.name == "podman" else "--host"
        return f"{self.name} {option} {quoted(_UNIX.encode() + self.path)}"

    def target(self, container: str) -> Target:
        """``container:podman:/run/podman/podman.sock:<64 hex>``."""
        return Target(KindName.CONTAINER, b"%s:%s:%s" % (self.name.encode(), self.path, container.encode()))


def is_full_id(text: str) -> bool:
    """True for the one form of an id that can never mean another container: all 64 digits of it."""
    return _FULL_ID.fullmatch(text) is not None


def split(target: Target) -> tuple[Engine, str] | None:
    """(engine, full id) of a target; None when it is none of an engine."""
    word, _, rest = target.locator.partition(b":")
    path, _, container = rest.rpartition(b":")
    name = _NAMES.get(word)
    digits = os.fsdecode(container)
    if target.kind is not KindName.CONTAINER or name is None or not path.startswith(b"/"):
        return None
    return (Engine(name, path), digits) if is_full_id(digits) else None


_NAMES: Final[dict[bytes, EngineName]] = {b"podman": "podman", b"docker": "docker"}


def name_in(headers: Mapping[str, str]) -> EngineName:
    """Which engine sends these headers (their names in lower case).

    Podman serves Docker's API too, and distributions link its socket to ``docker.sock``: the path says nothing.
    """
    is_podman = "libpod-api-version" in headers or headers.get("server", "").startswith("Libpod")
    return "podman" if is_podman else "docker"


def engines(
    configured: Sequence[bytes],
    environ: Mapping[str, str],
    *,
    run: Sequence[bytes] = (b"/run", b"/var/run"),
    named: Iterable[bytes] = (),
) -> tuple[Engine, ...]:
    """The engines whose sockets are there, each once whatever it is called; nobody is connected to.

    ``configured`` are paths of further sockets, ``named`` those that contexts and connections name: last, so that
    what somebody writes into such a file gives no container another name.  A path that may not be reached is
    listed as well: what cannot be seen is no reason to say that there is nothing.
    """
    found: dict[object, Engine] = {}
    for path in (*configured, *_usual(environ, run), *named):
        try:
            node = os.stat(path)  # follows links: /var/run, and a docker.sock that leads to Podman
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError:
            found.setdefault(os.path.realpath(path), Engine(_guess(path), path))
            continue
        if stat_mode.S_ISSOCK(node.st_mode):
            found.setdefault((node.st_dev, node.st_ino), Engine(_guess(path), path))
    return tuple(found.values())


def _usual(environ: Mapping[str, str], run: Sequence[bytes]) -> Iterator[bytes]:
    for folder in run:
        yield from _sockets_in(folder)
        # Of other users' sessions a user sees nothing; root sees all.
        for session in sorted(glob.glob(os.path.join(glob.escape(folder), b"user/*"))):
            yield from _sockets_in(session)
    own = environ.get("XDG_RUNTIME_DIR", "")
    if own.startswith("/"):
        yield from _sockets_in(os.fsencode(own))


def _sockets_in(folder: bytes) -> tuple[bytes, bytes]:
    return os.path.join(folder, b"podman/podman.sock"), os.path.join(folder, b"docker.sock")


def _guess(path: bytes) -> EngineName:
    return "podman" if b"podman" in path else "docker"
