"""``racewatch demo``: a private sandbox of real things, and the window (or a scan) on it."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Final, NoReturn

from racewatch.cli.actors import ACTORS, Stage, act, detach, fork, make_dead
from racewatch.cli.demo_containers import NoContainers, end_containers, make_containers, state_roots
from racewatch.cli.exits import Complaint, Exit
from racewatch.cli.looking import print_scan
from racewatch.cli.session import Session
from racewatch.cli.window import OpenWindow, require_display, show
from racewatch.config import config_path
from racewatch.config_edit import EditError, edit, with_settings
from racewatch.core.text import display, display_text
from racewatch.drill import own_folder
from racewatch.kinds.containers.roots import StateRoot
from racewatch.linux.fs import stat_path
from racewatch.linux.mountinfo import read_mounts
from racewatch.linux.mounts import is_local_unstacked
from racewatch.throwaway import discard

_TITLE: Final = "racewatch demo"
NOTE: Final = "A private sandbox with a journal of its own; it is removed when the window closes."
#: Longer places leave no room for the names of sockets.
_LONGEST_PLACE: Final = 60
#: The janitor's note in the sandbox, when it could make no containers.
_NO_CONTAINERS: Final = "no-containers"
#: How often the janitor tries to empty the sandbox while the last actors end.
_TRIES: Final = 100
_PREFIX: Final = "racewatch-demo-"
_ABOUT_SETTINGS: Final = "# The settings of this demo alone; they are removed with it.\n"
_LOOK: Final = b"window.ini"


def demo(session: Session, arguments: argparse.Namespace, open_window: OpenWindow) -> int:
    """Build the sandbox, show it, remove it.  Its journal and its settings are its own: nothing of the user's is
    touched.
    """
    if not arguments.list:
        if arguments.json:
            raise Complaint("--json goes with --list: the window prints nothing")
        require_display()
    with _sandbox(session) as folder:
        things = os.path.join(folder, "things")
        os.environ["RACEWATCH_STATE_DIR"] = os.path.join(folder, "state")
        # Named, so that nothing of the machine itself is in the demo.
        roots = (os.fsencode(things),)
        states = state_roots(things)
        _own_settings(os.path.join(folder, "config"), things, states)
        session.config = replace(session.config, roots=roots, state_roots=states, engines=(), only_named=True)
        with session.opened() as racewatch:
            if not arguments.list:
                return show(session, racewatch, open_window, roots=roots, title=_TITLE, note=NOTE)
            result = racewatch.scan(roots, engines=True)
        print_scan(session, result, as_json=arguments.json)
        session.out.flush()
        return Exit.PARTIAL if result.problems else Exit.DONE


def _own_settings(folder: str, things: str, states: Sequence[StateRoot]) -> None:
    """A configuration of the demo alone: what is protected or set there goes with it, the usual look comes along.

    It names everything that the demo shows: it is in force as soon as something is set in the window.
    """
    usual = os.path.join(os.path.dirname(config_path()), _LOOK)
    os.mkdir(folder)
    os.environ["RACEWATCH_CONFIG_DIR"] = folder
    try:
        named = {
            "roots": [things],
            "containers.state_roots": [f"{one.runtime}:{os.fsdecode(one.path)}" for one in states] or None,
        }
        edit(config_path(), lambda _: with_settings(_ABOUT_SETTINGS, named))
    except (EditError, UnicodeError):
        pass  # the way there is no text: there is no file until something is set
    try:
        shutil.copyfile(usual, os.path.join(os.fsencode(folder), _LOOK))
    except OSError:
        return  # none yet, or none that can be read: it looks as at first


@contextmanager
def _sandbox(session: Session) -> Iterator[str]:
    """The folder with everything in it standing; removed, and every process ended, at exit.

    Two pipes.  ``alive``: its writing end is held by this process alone, so its end (however this
    process ends, kill -9 too) tells everybody else that the demo is over.  ``ready``: each actor
    writes its number when it stands, or closes without.
    """
    place = _place()
    own_folder.sweep(_PREFIX, place, lambda left: end_containers(os.path.join(left, "things")))
    try:
        folder = own_folder.make(_PREFIX, place)
    except OSError as error:
        raise Complaint(
            f"no sandbox can be made in {display(os.fsencode(place))}: {error.strerror}"
        ) from error
    things = os.path.join(folder, "things")
    over, alive = os.pipe()
    ready_in, ready_out = os.pipe()
    parent = os.getpid()
    children: list[int] = []
    try:
        # First, so that it outlives whatever goes wrong in the rest.  It makes the containers, because what is half
        # made when the demo is killed must be known to who cleans up.
        if fork(children):
            _keep_house(folder, over, ready_out, [alive, ready_in])
        own_folder.sign(folder, [parent, *children])  # for the one case in which both are killed
        os.makedirs(things, exist_ok=True)  # the janitor makes something there as well
        make_dead(things)
        for number, actor in enumerate(ACTORS):
            if fork(children):
                act(actor, Stage(things, discard, over), ready_out, number, parent, [alive, ready_in])
        os.close(ready_out)
        ready_out = -1
        _await_actors(session, ready_in)
        _say_why_no_containers(session, folder)
        yield folder
    finally:
        for fd in (alive, over, ready_in, ready_out):
            if fd >= 0:
                os.close(fd)
        for pid in children:
            os.waitpid(pid, 0)


def _place() -> str:
    """Where the sandbox goes: a local, unstacked file system if there is one (else dead sockets are
    rightly shown as unknown, which makes a poor demo).
    """
    places = [os.environ.get("XDG_RUNTIME_DIR", ""), tempfile.gettempdir(), "/dev/shm"]  # noqa: S108 - a choice of three
    usable = [
        place
        for place in places
        if place.startswith("/")
        and len(os.fsencode(place)) <= _LONGEST_PLACE
        and os.access(place, os.W_OK | os.X_OK)
    ]
    types = {mount.id: mount.fstype for mount in read_mounts()}
    mounts = {place: stat_path(os.fsencode(os.path.realpath(place))).mount_id for place in usable}
    local = [place for place in usable if is_local_unstacked(types.get(mounts[place] or -1))]
    return next(iter([*local, *usable, tempfile.gettempdir()]))


def _await_actors(session: Session, ready_in: int) -> None:
    """Read the numbers of those that stand, until each has told or ended."""
    standing: set[int] = set()
    while data := os.read(ready_in, 64):
        standing.update(data)
    for number, actor in enumerate(ACTORS):
        if number not in standing:
            session.say(
                f"demo: {display_text(actor.name)} is not allowed here, or failed; its part is missing"
            )


def _say_why_no_containers(session: Session, folder: str) -> None:
    try:
        with open(os.path.join(folder, _NO_CONTAINERS), encoding="utf-8", errors="surrogateescape") as file:
            session.say(f"demo: no containers: {display_text(file.read())}")
    except FileNotFoundError:
        return


def _keep_house(folder: str, over: int, ready: int, close: list[int]) -> NoReturn:
    """The process that makes the containers, and removes them and the sandbox when the demo is over, however it
    ended.
    """
    status = 1
    things = os.path.join(folder, "things")
    try:
        detach("demo-janitor", close)
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        stage = Stage(folder, discard, over)
        try:
            make_containers(things, over, lambda: stage.is_over(0))
        except (NoContainers, OSError) as error:
            with open(stage.path(_NO_CONTAINERS), "w", encoding="utf-8", errors="surrogateescape") as file:
                file.write(str(error))
        os.close(ready)
        stage.is_over()
        for _ in range(_TRIES):
            end_containers(things)
            try:
                discard(folder)
            except OSError:
                # An actor that is ending just now made one more name.
                time.sleep(0.05)
            else:
                status = 0
                break
    finally:
        os._exit(status)
