"""Templates of companions' names and of tool commands, filled from one lock.

A template is text with ``{variables}``: ``{name}`` (the lock's base name), the named parts of the
pattern that matched, and of the claim ``{pid}``, ``{port}`` and its related names.  Tools also have
``{path}``, ``{dir}``, ``{up}`` (the folder above that one) and ``{up2}``, and ``{user}``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from racewatch.core.text import quoted
from racewatch.kinds.locks.claim import Claim
from racewatch.kinds.locks.format import Companion, Role

_VARIABLE: Final = re.compile(r"\{([a-z][a-z0-9_]*)\}")
#: Variables that never hold more than one component, so that no content can point elsewhere.
_OF_CLAIM: Final = ("pid", "port")
TOOL_VARIABLES: Final = frozenset({"path", "dir", "up", "up2", "name", "pid", "port", "user"})


@dataclass(frozen=True, slots=True)
class Found:
    """A companion's name: a plain path, or a shell pattern of paths when ``is_pattern``.

    For an abstract socket (``Role.ABSTRACT``) the name without its leading NUL.
    """

    companion: Companion
    path: bytes
    is_pattern: bool


def variables_of(template: str) -> frozenset[str]:
    """The variables a template uses."""
    return frozenset(_VARIABLE.findall(template))


def companion_path(
    companion: Companion, path: bytes, captures: Mapping[str, bytes], claim: Claim | None
) -> Found | None:
    """Where this companion of the lock at ``path`` is; None when the lock does not say enough.

    What is removed together with the lock is named by the lock's own path, pid and port only (the
    schema sees to that): content that anybody may have written never points at another folder.
    """
    values = {"name": os.path.basename(path), **captures, **_claimed(claim, companion.role)}
    is_pattern = "*" in companion.where
    filled = _fill(companion.where, values, is_pattern=is_pattern)
    if filled is None or not filled or b"\0" in filled or os.path.basename(filled) in (b"", b".", b".."):
        return None
    if companion.role is Role.ABSTRACT:
        return Found(companion, filled, is_pattern=False)
    folder = os.path.dirname(path)
    if is_pattern:
        folder = re.sub(rb"([*?\[])", rb"[\1]", folder)
    return Found(companion, os.path.normpath(os.path.join(folder, filled)), is_pattern)


def breaker_path(where: str, path: bytes) -> bytes:
    """The family's own breaker lock of the lock at ``path``."""
    return os.path.join(os.path.dirname(path), os.fsencode(where).replace(b"{name}", os.path.basename(path)))


def command(template: str, path: bytes, captures: Mapping[str, bytes], claim: Claim | None) -> str | None:
    """A tool's command, quoted for pasting into a shell; None when the lock does not say enough."""
    folder = os.path.dirname(path)
    above = os.path.dirname(folder)
    values = {
        "path": path,
        "dir": folder,
        "up": above,
        "up2": os.path.dirname(above),
        "name": os.path.basename(path),
        **captures,
        **_claimed(claim, Role.KEEP),
    }
    if claim is not None and claim.user is not None:
        values["user"] = claim.user.encode("utf-8", "backslashreplace")
    text = template
    for name in variables_of(template):
        if name not in values:
            return None
        text = text.replace("{" + name + "}", _shell(values[name]))
    return text


def _shell(value: bytes) -> str:
    # A value that begins with a dash would be read as an option; as a path it can say so.
    return quoted(b"./" + value if value.startswith(b"-") else value)


def _claimed(claim: Claim | None, role: Role) -> dict[str, bytes]:
    if claim is None:
        return {}
    values = {name: b"%d" % value for name in _OF_CLAIM if (value := getattr(claim, name)) is not None}
    return values if role in (Role.TOGETHER, Role.TWIN) else {**dict(claim.related), **values}


def _fill(template: str, values: Mapping[str, bytes], *, is_pattern: bool) -> bytes | None:
    filled, end = b"", 0
    for variable in _VARIABLE.finditer(template):
        value = values.get(variable[1])
        if value is None:
            return None
        if is_pattern:
            value = re.sub(rb"([*?\[])", rb"[\1]", value)
        filled += os.fsencode(template[end : variable.start()]) + value
        end = variable.end()
    return filled + os.fsencode(template[end:])
