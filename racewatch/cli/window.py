"""``racewatch [gui] [ROOT…]``: open the window, or say plainly why there cannot be one."""

from __future__ import annotations

import argparse
import errno
import os
import socket
from collections.abc import Mapping, Sequence
from typing import Protocol

from racewatch.cli.exits import Complaint, Exit
from racewatch.cli.session import Session, roots_of
from racewatch.config import state_dir
from racewatch.core.text import display, display_text
from racewatch.single import PATIENCE, First, Raised, Silent, take_place
from racewatch.verbs import Racewatch

_INSTEAD = (
    "use the command line instead (racewatch scan; racewatch --help), or start it in a desktop session "
    "(over ssh: ssh -X)"
)
#: Qt platforms that need no display.
_NO_DISPLAY_NEEDED = ("offscreen", "minimal", "vnc", "linuxfb", "eglfs")


class OpenWindow(Protocol):
    """Opens the window until it is closed; the exit code.  Injected: the command line does not know Qt.

    ``roots`` None: the configured ones.  ``note`` is a calm remark, ``problems`` are warnings.  ``first``:
    where another start calls, which then leaves it to this window.  ``reverse``: from right to left.
    """

    def __call__(
        self,
        racewatch: Racewatch,
        roots: Sequence[bytes] | None = None,
        *,
        title: str | None = None,
        note: str | None = None,
        problems: Sequence[str] = (),
        first: First | None = None,
        reverse: bool = False,
    ) -> int:
        """See the class."""
        ...


def gui(session: Session, arguments: argparse.Namespace, open_window: OpenWindow) -> int:
    """``racewatch gui``; a missing root is shown in the window (it may come), a wrong display is told here."""
    require_display()
    roots = roots_of(arguments.roots)
    folder = state_dir()
    token = os.environ.get("XDG_ACTIVATION_TOKEN") or os.environ.get("DESKTOP_STARTUP_ID", "")
    try:
        place = take_place(folder, activation=token, patience=PATIENCE)
    except OSError:
        place = None  # no lock can be made there, and no journal either: that is told when it is opened
    if isinstance(place, Silent):
        raise Complaint(_silent(place, folder))
    if isinstance(place, Raised):
        session.out.line(_raised(place, bool(roots), observe=arguments.observe))
        return Exit.DONE
    try:
        with session.opened(observe=arguments.observe) as racewatch:
            return show(session, racewatch, open_window, roots, first=place, reverse=arguments.reverse)
    finally:
        if place is not None:
            place.close()


def _raised(place: Raised, roots: bool, *, observe: bool) -> str:
    if observe:
        return (
            f"racewatch is open already (process {place.pid}); its window was brought to the front, and is not switched "
            "to observe only by this: that is in its Edit menu"
        )
    asked = "; what was named here is not opened there: use its filter, or the command line" if roots else ""
    return f"racewatch is open already (process {place.pid}); its window was brought to the front{asked}"


def _silent(place: Silent, folder: bytes) -> str:
    own = place.host in (None, socket.gethostname())
    who = f"process {place.pid}" if place.pid is not None else "an unknown process"
    where = "" if own else f" on {display_text(place.host or '')}"
    end = f"end that process (kill {place.pid})" if place.pid is not None and own else "end it there"
    return (
        f"racewatch is open already ({who}{where}), but its window does not answer; wait a moment and try again, "
        f"or {end}; the lock is {display(folder)}/window.lock"
    )


def show(
    session: Session,
    racewatch: Racewatch,
    open_window: OpenWindow,
    roots: Sequence[bytes] | None = None,
    *,
    title: str | None = None,
    note: str | None = None,
    first: First | None = None,
    reverse: bool = False,
) -> int:
    """Open the window; what Qt misses on this machine becomes one line."""
    problems = [str(problem) for problem in session.config_problems]
    if racewatch.journal_problem is not None:
        problems.append(f"nothing can be removed: {racewatch.journal_problem}")
    try:
        return open_window(
            racewatch, roots, title=title, note=note, problems=problems, first=first, reverse=reverse
        )
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
