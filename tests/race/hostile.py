"""What the rest of the machine does to a name while racewatch acts on it: all with real kernel objects."""

from __future__ import annotations

import contextlib
import fcntl
import os
import subprocess
import sys

from tests.kernel.support import child
from tests.race.world import DGRAM, SEQPACKET, STREAM, World, inode, names_below, serve


def _free(path: bytes) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)


def respawn(world: World) -> None:
    """The service comes back: unlink, bind, listen."""
    _free(world.path)
    world.live(world.path)


def respawn_as_datagram(world: World) -> None:
    _free(world.path)
    world.live(world.path, DGRAM)


def respawn_as_seqpacket(world: World) -> None:
    _free(world.path)
    world.live(world.path, SEQPACKET)


def respawn_in_another_process(world: World) -> None:
    _free(world.path)
    world.stack.enter_context(child(lambda: serve(world.path)))
    world.servers.append((STREAM, inode(world.path)))


def delete(world: World) -> None:
    _free(world.path)


def replace_by_file(world: World) -> None:
    _free(world.path)
    with open(world.path, "xb") as made:
        made.write(b"somebody's data")


def replace_by_directory(world: World) -> None:
    _free(world.path)
    os.mkdir(world.path)


def replace_by_symlink_to_a_live_socket(world: World) -> None:
    _free(world.path)
    elsewhere = os.path.join(world.folder, b"elsewhere")
    world.live(elsewhere)
    os.symlink(elsewhere, world.path)


def replace_by_fifo(world: World) -> None:
    _free(world.path)
    os.mkfifo(world.path)


def replace_by_another_dead_socket(world: World) -> None:
    """Dead as well, but not the one that was seen: another server's left-over, made a moment ago."""
    _free(world.path)
    made = world.folder + b"/next"
    os.mknod(made, 0o140600)
    os.rename(made, world.path)


def link_the_same_node(world: World) -> None:
    """A second name for the judged inode, under whichever name it has just now, if it has one still."""
    for name in names_below(world.folder).get(world.judged_inode, ()):
        os.link(name, os.path.join(world.folder, b"link"))
        world.notes.append("linked")


def rename_a_live_socket_over(world: World) -> None:
    made = os.path.join(world.folder, b"made")
    world.live(made)
    os.rename(made, world.path)


def link_a_live_socket_over(world: World) -> None:
    """The live socket has two names then, and keeps both."""
    made, second = os.path.join(world.folder, b"made"), os.path.join(world.folder, b"second")
    world.live(made)
    os.link(made, second)
    os.rename(second, world.path)


def take_the_permissions_away(world: World) -> None:
    os.chmod(b"/proc/self/fd/%d" % world.judged, 0)


def rename_the_directory(world: World) -> None:
    os.rename(world.there, os.path.join(world.folder, b"moved"))


def replace_the_directory_by_a_symlink(world: World) -> None:
    elsewhere = os.path.join(world.folder, b"elsewhere")
    os.mkdir(elsewhere)
    world.live(os.path.join(elsewhere, b"s"))
    os.rename(world.there, os.path.join(world.folder, b"moved"))
    os.symlink(elsewhere, world.there)


def replace_the_directory_by_another(world: World) -> None:
    """Same path, same name, another directory, and the socket in it is live."""
    os.rename(world.there, os.path.join(world.folder, b"moved"))
    os.mkdir(world.there)
    world.live(world.path)


def lock_the_directory(world: World) -> None:
    """Its owner protects it from cleaners, if they leave it the time; ``notes`` says who was first."""
    fd = os.open(world.there, os.O_RDONLY | os.O_DIRECTORY)
    world.stack.callback(os.close, fd)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        world.notes.append("the act holds it")
    else:
        world.notes.append("the owner holds it")


def act_in_another_process(world: World) -> None:
    """Another racewatch is asked for the same thing: a whole process of its own, with the same journal."""
    done = subprocess.run(
        [sys.executable, "-m", "racewatch", "remove", os.fsdecode(world.path), "--yes", "--json"],
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(sys.path),
            "RACEWATCH_STATE_DIR": os.fsdecode(world.journal.folder),
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.stderr == "" or "refused" in done.stdout or done.returncode == 3, done.stderr
    world.notes.append(done.stdout)
