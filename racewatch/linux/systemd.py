"""Which paths systemd listens on for which unit: ``systemctl list-sockets``.

The program rather than its D-Bus interface: it is there wherever systemd is, talks to the manager's
private socket when no bus runs, and costs 4 ms.  ``is-active`` and the like are not asked one by one,
but in one list.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

# Not by PATH: a privileged process must not run what somebody put there.
_PROGRAMS: Final = ("/usr/bin/systemctl", "/bin/systemctl", "/run/current-system/sw/bin/systemctl")
_PATIENCE_SECONDS: Final = 2.0


class CouldNotAsk(Exception):
    """The manager did not answer, or not in a form that is known here.  Never means "it has none"."""


@dataclass(frozen=True, slots=True)
class UnitListener:
    """A path that a ``.socket`` unit listens on.

    ``activates`` is the unit that a connection starts (None: none named).  ``active`` is the state of
    the *socket* unit: ``active``, ``inactive``, ``failed``, …; empty when it was not told.  While it is
    ``active`` (or ``activating``) the path belongs to it.  ``user`` is true for the user's own manager.
    """

    unit: str
    activates: str | None
    active: str
    type: str
    user: bool

    @property
    def is_active(self) -> bool:
        """Whether the path is the unit's business now; a state that was not told counts as yes."""
        return self.active not in ("inactive", "failed")


@dataclass(frozen=True, slots=True)
class Listeners:
    """What the managers said.  ``problems`` names each manager that could not be asked, and why.

    No systemd on this machine: empty, and no problem.
    """

    by_path: Mapping[bytes, UnitListener]
    problems: tuple[str, ...]


def is_running() -> bool:
    """Whether systemd manages this machine (the test that sd_booted(3) documents)."""
    return os.path.isdir("/run/systemd/system")


def listeners() -> Listeners:
    """The paths of all loaded socket units: the system's, and the user's own when we are not root.

    Two seconds at most in all.  Not seen: sockets that services bind themselves, other users'
    managers, managers inside containers.
    """
    if not is_running():
        return Listeners({}, ())
    deadline = time.monotonic() + _PATIENCE_SECONDS
    found: dict[bytes, UnitListener] = {}
    problems = []
    for user in (True, False) if os.getuid() != 0 else (False,):
        try:
            found |= listeners_of(user=user, deadline=deadline)
        except CouldNotAsk as error:
            problems.append(f"{'user' if user else 'system'} manager: {error}")
    return Listeners(found, tuple(problems))


def listeners_of(*, user: bool, deadline: float) -> dict[bytes, UnitListener]:
    """The same of one manager.  Raises CouldNotAsk.  ``deadline`` is of the monotonic clock."""
    sockets = _ask(user, deadline, "list-sockets", "--all", "--show-types")
    states = _ask(user, deadline, "list-units", "--all", "--type=socket")
    return parse_listeners(sockets, parse_states(states), user=user)


def _ask(user: bool, deadline: float, *words: str) -> bytes:
    program = next((path for path in _PROGRAMS if os.access(path, os.X_OK)), None)
    if program is None:
        raise CouldNotAsk("no systemctl here")
    manager = "--user" if user else "--system"
    command = [program, manager, *words, "--output=json", "--no-pager", "--no-ask-password"]
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=max(0.0, deadline - time.monotonic()),
            env={**os.environ, "LC_ALL": "C", "SYSTEMD_COLORS": "0", "SYSTEMD_LOG_LEVEL": "err"},
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise CouldNotAsk(f"systemctl gave no answer within {_PATIENCE_SECONDS:g} s") from None
    except OSError as error:
        raise CouldNotAsk(f"{program}: {error.strerror}") from None
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "backslashreplace").strip().partition("\n")[0]
        raise CouldNotAsk(said or f"systemctl ended with {done.returncode}")
    return done.stdout


def _rows(data: bytes) -> list[dict[str, object]]:
    try:
        rows = json.loads(data)
    except (ValueError, RecursionError):
        # Old versions ignore --output=json here and print their table.
        raise CouldNotAsk("systemctl did not answer in JSON (an old systemd?)") from None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise CouldNotAsk("systemctl answered in an unknown form")
    return rows


def _text(row: Mapping[str, object], key: str) -> str:
    value = row.get(key)
    return value if isinstance(value, str) else ""


def parse_states(data: bytes) -> dict[str, str]:
    """Unit → active state, from ``list-units --output=json``.  Raises CouldNotAsk, nothing else."""
    return {_text(row, "unit"): _text(row, "active") for row in _rows(data)}


def parse_listeners(data: bytes, states: Mapping[str, str], *, user: bool) -> dict[bytes, UnitListener]:
    """Path → unit, from ``list-sockets --output=json``; addresses that are no path are left out.

    Where two units name one path, the one that owns it now is kept.  Raises CouldNotAsk, nothing else.
    """
    found: dict[bytes, UnitListener] = {}
    for row in _rows(data):
        path = _text(row, "listen").encode("utf-8", "surrogatepass")
        unit = _text(row, "unit")
        if not path.startswith(b"/") or not unit:
            continue
        activates = row.get("activates")
        if isinstance(activates, list):
            # Documented as possible "in the future", for a socket unit that triggers several.
            activates = ", ".join(str(one) for one in activates)
        named = activates if isinstance(activates, str) and activates else None
        listener = UnitListener(unit, named, states.get(unit, ""), _text(row, "type"), user)
        if path not in found or (listener.is_active and not found[path].is_active):
            found[path] = listener
    return found
