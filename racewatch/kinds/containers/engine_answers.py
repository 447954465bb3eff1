"""What an engine answers, as values.  Pure: bytes were read elsewhere, here they only get a meaning.

An answer that lacks what it must have raises :class:`EngineError`; nothing is ever assumed in its place.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final, TypeVar

from racewatch.core.text import display_text
from racewatch.kinds.containers.engine import is_full_id

_T = TypeVar("_T", bool, int, str)
_Json = dict[str, object]

#: No engine writes longer sentences; whatever else answers may.
_LONGEST: Final = 500


class EngineError(Exception):
    """An engine that could not be asked, or whose answer says nothing; the text is one plain sentence.

    ``answered``: it did answer, about this one question only, so asking the next one makes sense.
    """

    def __init__(self, reason: str, *, answered: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.answered = answered


class Refusal(EngineError):
    """An engine's own answer that it will not, or cannot: its status and body."""

    def __init__(self, status: int, body: str) -> None:
        super().__init__(f"it answered {status}: {words_of(body)}", answered=True)
        self.status = status
        self.body = body


@dataclass(frozen=True, slots=True)
class Listed:
    """One line of the list of all containers."""

    id: str
    names: tuple[str, ...]
    image: str
    state: str
    created: int
    status: str


@dataclass(frozen=True, slots=True)
class RestartPolicy:
    """When the engine starts a container again by itself; ``most`` retries (0: no limit) after failures."""

    name: str = ""
    most: int = 0


@dataclass(frozen=True, slots=True)
class Inspected:
    """One container, as its engine says it is.

    Times are the engine's own texts (``0001-01-01T00:00:00Z``: never).  ``pid`` is 0 without a first
    process, and a number of the engine's PID namespace.  ``mounts`` are the places inside the container,
    ``volumes`` the names of volumes; ``size_rw`` is None when it was not asked for, or not known.
    """

    id: str
    name: str
    image: str
    created: str
    status: str
    running: bool
    paused: bool
    restarting: bool
    dead: bool
    started_at: str
    finished_at: str
    restart_count: int
    exit_code: int
    pid: int
    restart_policy: RestartPolicy = RestartPolicy()
    mounts: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    size_rw: int | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """Something happened to a container: a hint to look at it again, not a truth."""

    id: str
    action: str


@dataclass(frozen=True, slots=True)
class Removed:
    """The engine removed it."""


@dataclass(frozen=True, slots=True)
class Gone:
    """The engine knows no container of this id."""


@dataclass(frozen=True, slots=True)
class RefusedLive:
    """The engine refused, in these words: it is in use."""

    text: str


@dataclass(frozen=True, slots=True)
class Failed:
    """It was not removed, or (``uncertain``) whether it was is not known: the answer was lost."""

    text: str
    uncertain: bool = False


Deleted = Removed | Gone | RefusedLive | Failed


def listed(answer: object) -> tuple[Listed, ...]:
    """The answer to ``GET /containers/json``."""
    if not isinstance(answer, list):
        raise EngineError("its list of containers is no list")
    return tuple(map(_line, answer))


def _line(answer: object) -> Listed:
    said = _object(answer)
    names = said.get("Names")
    return Listed(
        id=_id(said, "Id"),
        names=tuple(str(one).removeprefix("/") for one in names) if isinstance(names, list) else (),
        image=_optional(said, "Image", str, ""),
        state=_value(said, "State", str),
        created=_optional(said, "Created", int, 0),
        status=_optional(said, "Status", str, ""),
    )


def inspected(answer: object, container: str, size_rw: int | None = None) -> Inspected:
    """The answer to ``GET /containers/<id>/json``, which must be about the container that was asked for."""
    said = _object(answer)
    if _id(said, "Id") != container:
        raise EngineError("it answered about another container", answered=True)
    state = _object(said.get("State"))
    config = _object(said.get("Config", {}))
    mounts = [_object(one) for one in _list(said.get("Mounts"))]
    return Inspected(
        id=container,
        name=_optional(said, "Name", str, "").removeprefix("/"),
        image=_optional(config, "Image", str, "") or _optional(said, "Image", str, ""),
        created=_optional(said, "Created", str, ""),
        status=_value(state, "Status", str),
        running=_value(state, "Running", bool),
        paused=_value(state, "Paused", bool),
        restarting=_value(state, "Restarting", bool),
        dead=_value(state, "Dead", bool),
        started_at=_value(state, "StartedAt", str),
        finished_at=_value(state, "FinishedAt", str),
        restart_count=_optional(said, "RestartCount", int, 0),
        exit_code=_optional(state, "ExitCode", int, 0),
        pid=_value(state, "Pid", int),
        restart_policy=_policy(said.get("HostConfig")),
        mounts=tuple(_optional(one, "Destination", str, "") for one in mounts),
        volumes=tuple(
            _optional(one, "Name", str, "")
            for one in mounts
            if one.get("Type") == "volume" and one.get("Name")
        ),
        size_rw=size_rw,
    )


def size_of(answer: object, container: str) -> int | None:
    """The size of its own layer, in a list that was asked for sizes; None when the engine does not know it."""
    for one in _list(answer):
        said = _object(one)
        size = said.get("SizeRw")
        if said.get("Id") == container and isinstance(size, int):
            return size
    return None


def event(answer: object) -> Event | None:
    """One line of the event stream; None for what changes no container's state (commands run inside one)."""
    said = _object(answer)
    actor = said.get("Actor")
    action = _value(said, "Action", str)
    if said.get("Type") != "container" or action.startswith(("exec_", "health_status", "top")):
        return None
    return Event(_id(_object(actor), "ID"), action)


def deleted(status: int, body: str) -> Deleted:
    """What the answer to DELETE means."""
    text = words_of(body)
    if status in (200, 204):
        return Removed()
    if is_gone(status, body):
        return Gone()
    # Podman 4.3 answers 500 where Docker (and later Podman) answers 409.
    if status == 409 or (status == 500 and "container state improper" in body):
        return RefusedLive(text)
    return Failed(f"the engine answered {status}: {text}")


def is_gone(status: int, body: str) -> bool:
    """True when the engine says that it knows no container of this id.

    A 404 alone proves nothing: whatever else listens there answers that to every path it does not know.
    """
    return status == 404 and "no such container" in body.lower()


def words_of(body: str) -> str:
    """What an error's body says, for people, on one line."""
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        said = None
    message = said.get("message") if isinstance(said, dict) else None
    text = message if isinstance(message, str) else body
    return display_text(text.strip()[:_LONGEST]) or "nothing"


def _policy(answer: object) -> RestartPolicy:
    said = answer.get("RestartPolicy") if isinstance(answer, dict) else None
    if not isinstance(said, dict):
        return RestartPolicy()
    return RestartPolicy(_optional(said, "Name", str, ""), _optional(said, "MaximumRetryCount", int, 0))


def _object(answer: object) -> _Json:
    if not isinstance(answer, dict):
        raise EngineError("its answer is not complete", answered=True)
    return answer


def _list(answer: object) -> list[object]:
    return answer if isinstance(answer, list) else []  # an empty list is null in Go's JSON


def _value(said: _Json, key: str, kind: type[_T]) -> _T:
    value = said.get(key)
    # bool is an int to Python, not to an engine.
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise EngineError(f"its answer lacks {key}", answered=True)
    return value


def _optional(said: _Json, key: str, kind: type[_T], otherwise: _T) -> _T:
    return otherwise if said.get(key) is None else _value(said, key, kind)


def _id(said: _Json, key: str) -> str:
    value = _value(said, key, str)
    if not is_full_id(value):
        raise EngineError(
            f"it names a container {display_text(value)[:80]}, which is no full id", answered=True
        )
    return value
