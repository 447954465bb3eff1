"""What people wrote down about their engines: Docker's contexts, Podman's connections, the environment.

Read only, and from anybody's hand: a broken file is told and hides no other.  Docker's own library reads its
contexts too (``docker.context``), but one broken context makes it raise for all of them, it opens whatever lies
there (a FIFO would hang it), and importing it takes longer than a whole scan.
"""

from __future__ import annotations

import glob
import json
import os
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from racewatch.core.model import Problem
from racewatch.core.text import display_text
from racewatch.kinds.containers.reading import read_regular
from racewatch.kinds.walk import why_not
from racewatch.linux import fs

DOCKER: Final = "docker context"
PODMAN: Final = "podman connection"
#: A context that names no host means Docker's usual socket.
_DOCKERS_OWN: Final = "unix:///var/run/docker.sock"
#: (``http+unix:`` is what Docker's library makes of ``unix:`` and writes into contexts.)
_UNIX: Final = re.compile(r"(?:http\+)?unix:(?://)?(/(?!/).*)", re.DOTALL)
_PASSWORD: Final = re.compile(r"(?<=//)[^/@]*@")
_MOST: Final = 1000


@dataclass(frozen=True, slots=True)
class Connection:
    """One way to an engine: what wrote it down, under what name; ``chosen``: its own program uses it."""

    source: str
    name: str
    url: str
    chosen: bool = False

    @property
    def path(self) -> bytes | None:
        """The API socket, when it is one of this machine; None: the way leads elsewhere, or nowhere."""
        found = _UNIX.fullmatch(self.url)
        return os.fsencode(found[1]) if found is not None and "\0" not in found[1] else None

    @property
    def is_remote(self) -> bool:
        """Whether it leads to another machine, or through a network to this one."""
        return not self.url.startswith(("unix:", "http+unix:"))

    @property
    def shown(self) -> str:
        """Its URL for people, without who signs in there."""
        return display_text(_PASSWORD.sub("", self.url))

    @property
    def title(self) -> str:
        """``docker context build``."""
        return f"{self.source} {display_text(self.name)}".rstrip()


@dataclass(frozen=True, slots=True)
class Said:
    """What one file says.  ``chosen`` is the name that it makes the usual one; ``trouble`` what is wrong with it."""

    connections: tuple[Connection, ...] = ()
    chosen: str | None = None
    trouble: str | None = None


@dataclass(frozen=True, slots=True)
class Connections:
    """All of them, each name once, and what could not be read or understood."""

    all: tuple[Connection, ...] = ()
    problems: tuple[Problem, ...] = field(default=())

    def local(self) -> Iterator[bytes]:
        """The API sockets of this machine that they name."""
        return (path for one in self.all if (path := one.path) is not None)


# --- what one file says: pure ------------------------------------------------------------------------


def docker_context(data: bytes) -> Said:
    """``contexts/meta/<sha256>/meta.json``."""
    said = _json(data)
    name = said.get("Name") if isinstance(said, dict) else None
    if not isinstance(said, dict) or not isinstance(name, str) or not name:
        return Said(trouble="it holds no docker context")
    endpoints = said.get("Endpoints")
    endpoint = endpoints.get("docker") if isinstance(endpoints, dict) else None
    if endpoint is None:
        return Said()  # of another orchestrator
    host = endpoint.get("Host", _DOCKERS_OWN) if isinstance(endpoint, dict) else None
    if not isinstance(host, str):
        return Said(trouble=f"the docker context {display_text(name)} does not say where its engine is")
    return Said((Connection(DOCKER, name, host or _DOCKERS_OWN),))


def docker_config(data: bytes) -> Said:
    """``config.json``: which context is the usual one."""
    said = _json(data)
    if not isinstance(said, dict):
        return Said(trouble="it is no configuration of docker")
    name = said.get("currentContext")
    return Said(chosen=name if isinstance(name, str) and name else None)


def podman_connections(data: bytes) -> Said:
    """``podman-connections.json``, written by Podman 5."""
    said = _json(data)
    section = said.get("Connection") if isinstance(said, dict) else None
    if not isinstance(said, dict) or not isinstance(section, dict | None):
        return Said(trouble="it holds no connections of podman")
    section = section or {}
    return _podmans(section.get("Connections"), section.get("Default"), "URI")


def containers_conf(data: bytes) -> Said:
    """``containers.conf``: the service destinations, which Podman 4 keeps there."""
    try:
        engine = tomllib.loads(data.decode("utf-8")).get("engine", {})
    except (ValueError, RecursionError) as error:
        return Said(trouble=f"it is not TOML ({display_text(str(error))})")
    if not isinstance(engine, dict):
        return Said(trouble="its engine is no table")
    return _podmans(engine.get("service_destinations"), engine.get("active_service"), "uri")


def _podmans(named: object, chosen: object, key: str) -> Said:
    if not isinstance(named, dict | None):
        return Said(trouble="its connections are no table")
    urls = {name: one.get(key) if isinstance(one, dict) else None for name, one in (named or {}).items()}
    bad = sorted(name for name, url in urls.items() if not isinstance(url, str) or not url)
    return Said(
        tuple(Connection(PODMAN, name, url) for name, url in urls.items() if isinstance(url, str) and url),
        chosen if isinstance(chosen, str) and chosen else None,
        f"the connection {display_text(bad[0])} does not say where its engine is" if bad else None,
    )


def _json(data: bytes) -> object:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


# --- all of them -------------------------------------------------------------------------------------


def connections(environ: Mapping[str, str], system: bytes | None = b"/") -> Connections:
    """What this user's and (below ``system``) the machine's files and the environment say."""
    found: dict[tuple[str, str], Connection] = {}
    problems: list[Problem] = []
    chosen = {source: environ.get(variable, "") for source, variable in _CHOICE.items()}
    where = {source: variable.encode() for source, variable in _CHOICE.items()}
    for source, read, path in _files(environ, system):
        said = _read(path, read)
        # A later file says it anew.
        found.update(((one.source, one.name), one) for one in said.connections)
        if said.chosen is not None and not environ.get(_CHOICE[source]):
            chosen[source], where[source] = said.chosen, path
        if said.trouble is not None:
            problems.append(Problem(path, said.trouble))
    for source, variable in _HOST.items():
        url = environ.get(variable)
        name = chosen[source]
        if url:
            found[source, variable] = Connection(variable, "", url, chosen=True)
        elif (source, name) in found:
            found[source, name] = replace(found[source, name], chosen=True)
        elif name and name != "default":
            problems.append(
                Problem(where[source], f"it names a {source} {display_text(name)}, and there is none")
            )
    return Connections(tuple(found.values()), tuple(problems))


_HOST: Final = {DOCKER: "DOCKER_HOST", PODMAN: "CONTAINER_HOST"}
_CHOICE: Final = {DOCKER: "DOCKER_CONTEXT", PODMAN: "CONTAINER_CONNECTION"}


def _files(
    environ: Mapping[str, str], system: bytes | None
) -> Iterator[tuple[str, Callable[[bytes], Said], bytes]]:
    """The files that say something, in the order in which later ones win."""
    home = environ.get("HOME") or None
    config = environ.get("DOCKER_CONFIG") or (os.path.join(home, ".docker") if home else None)
    if config is not None:
        folder = os.fsencode(config)
        yield DOCKER, docker_config, os.path.join(folder, b"config.json")
        yield from (
            (DOCKER, docker_context, path)
            for path in _some(os.path.join(folder, b"contexts/meta/*/meta.json"))
        )
    own = environ.get("XDG_CONFIG_HOME") or (os.path.join(home, ".config") if home else None)
    folders = (
        []
        if system is None
        else [os.path.join(system, b"usr/share/containers"), os.path.join(system, b"etc/containers")]
    )
    if own is not None:
        folders.append(os.path.join(os.fsencode(own), b"containers"))
    named = environ.get("CONTAINERS_CONF")
    if named:
        yield PODMAN, containers_conf, os.fsencode(named)
    else:
        for folder in folders:
            yield PODMAN, containers_conf, os.path.join(folder, b"containers.conf")
            for path in _some(os.path.join(folder, b"containers.conf.d/*.conf")):
                yield PODMAN, containers_conf, path
    over = environ.get("CONTAINERS_CONF_OVERRIDE")
    if over:
        yield PODMAN, containers_conf, os.fsencode(over)
    written = environ.get("PODMAN_CONNECTIONS_CONF")
    if written:
        yield PODMAN, podman_connections, os.fsencode(written)
    elif own is not None:
        yield (
            PODMAN,
            podman_connections,
            os.path.join(os.fsencode(own), b"containers/podman-connections.json"),
        )


def _some(pattern: bytes) -> list[bytes]:
    folder, _, below = pattern.partition(b"*")
    return sorted(glob.glob(glob.escape(folder) + b"*" + below))[:_MOST]


def _read(path: bytes, read: Callable[[bytes], Said]) -> Said:
    # People keep such files elsewhere and link them: the link is followed, and what it leads to must be a file.
    real = os.path.realpath(path)
    try:
        directory = fs.open_directory(os.path.dirname(real))
        try:
            return read(read_regular(directory, os.path.basename(real)))
        finally:
            os.close(directory)
    except (FileNotFoundError, NotADirectoryError):
        return Said()
    except OSError as error:
        return Said(trouble=f"it {why_not(error)}")
