"""``racewatch [gui] [ROOT…]``: open the window, or say plainly why there cannot be one."""

from __future__ import annotations

import argparse
import errno
import os
import socket
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from racewatch.cli.exits import Complaint
from racewatch.cli.session import Session
from racewatch.config import resolve_roots
from racewatch.core.text import display

if TYPE_CHECKING:
    from racewatch.cli.app import OpenWindow

_INSTEAD = (
    "use the command line instead (racewatch scan; racewatch --help), or start it in a desktop session "
    "(over ssh: ssh -X)"
)
#: Qt platforms that need no display.
_NO_DISPLAY_NEEDED = ("offscreen", "minimal", "vnc", "linuxfb", "eglfs")


def gui(session: Session, arguments: argparse.Namespace, open_window: OpenWindow) -> int:
    """``racewatch gui``; a missing root is shown in the window (it may come), a wrong display is told here."""
    config = session.config
    if arguments.roots:
        config = replace(config, roots=resolve_roots(os.fsencode(word) for word in arguments.roots))
    require_display()
    try:
        return open_window(config, session.config_problems)
    except ImportError as error:
        raise Complaint(
            f"no window: Qt cannot be loaded ({error}); install what it misses, or {_INSTEAD}"
        ) from error


def require_display(environment: Mapping[str, str] = os.environ) -> None:
    """Raise a Complaint when Qt would not find a display (it would end the process without a word to us)."""
    problem = display_problem(environment)
    if problem is not None:
        raise Complaint(f"no window: {problem}; {_INSTEAD}")


def display_problem(environment: Mapping[str, str]) -> str | None:
    """Why there is no display, None when there seems to be one."""
    if environment.get("QT_QPA_PLATFORM", "").partition(":")[0] in _NO_DISPLAY_NEEDED:
        return None
    wayland = environment.get("WAYLAND_DISPLAY", "")
    x11 = environment.get("DISPLAY", "")
    if not wayland and not x11:
        return "there is no display (neither WAYLAND_DISPLAY nor DISPLAY is set)"
    problems: list[str] = []
    if wayland:
        path = os.path.join(environment.get("XDG_RUNTIME_DIR", ""), wayland)
        if _answers(os.fsencode(path)):
            return None
        problems.append(f"nobody answers at the Wayland display {display(os.fsencode(path))}")
    if x11:
        host, _, rest = x11.rpartition(":")
        number = rest.partition(".")[0]
        if host not in ("", "unix") or not number.isdigit():
            return None  # another machine, or an unusual name: let Qt find out
        path = f"/tmp/.X11-unix/X{number}"  # noqa: S108 - the place that X11 prescribes
        if _answers(b"\0" + path.encode()) or _answers(path.encode()):
            return None
        problems.append(f"nobody answers at the X11 display {display(os.fsencode(x11))}")
    return " and ".join(problems)


def _answers(address: bytes) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK) as client:
        try:
            code = client.connect_ex(address)
        except OSError:  # the name is too long for an address
            return True
    # A full backlog is somebody who is busy, and EACCES somebody whom Qt can judge better.
    return code not in (errno.ENOENT, errno.ENOTDIR, errno.ECONNREFUSED)
