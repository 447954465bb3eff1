"""A world that does not stand still, as a process without threads: sockets that come, go, move, die and come back.

``python -m tests.monitor.churner FOLDER`` answers one JSON line for each on standard input, and ends with it, all its
processes with it.  The same seed makes the same changes; only when they happen is up to the machine.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import random
import resource
import signal
import socket
import sys
import time
from collections import Counter
from typing import Any, Final

#: Entries of one directory.
FOLDER: Final = 500
#: Of so many things one is live at rest, and of so many live ones one has a process of its own.
LIVE_OF: Final = 5
OWNED_OF: Final = 20
_PR_SET_PDEATHSIG: Final = 1
#: Every so many changes a whole directory moves away, and another one comes back.
_DIRECTORY_EVERY: Final = 400

#: What a name means: nothing, a node, a server of the churner itself, or the process that holds it.
_Thing = None | str | socket.socket | int
_DEAD: Final = "dead"


class Churner:
    """Keeps account of what each of its names means."""

    def __init__(self, folder: str) -> None:
        _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        self._folder = folder
        self._dice = random.Random(4711)
        self._things: dict[str, _Thing] = {}
        self._names: list[str] = []
        self._owners: set[int] = set()
        self._done: Counter[str] = Counter()

    def close(self) -> None:
        """End all processes."""
        for pid in list(self._owners):
            self._kill(pid)

    # --- single things ------------------------------------------------------------------------

    def _bind(self, path: str) -> socket.socket:
        server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            server.bind(path)
        except OSError:
            server.close()
            raise
        server.listen(8)
        return server

    def _own(self, path: str) -> int:
        """A process that holds this and waits for its end."""
        read, write = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
                # What it has from its parent would keep the parent's servers alive.
                os.closerange(3, write)
                os.closerange(write + 1, 65536)
                kept = self._bind(path)
                os.write(write, b"1")
                os.close(write)
                while kept.fileno() >= 0:
                    signal.pause()
            finally:
                os._exit(1)
        os.close(write)
        said = os.read(read, 1)
        os.close(read)
        self._owners.add(pid)
        if said != b"1":
            raise OSError(errno.ECHILD, "the owner did not come up")
        return pid

    def _kill(self, pid: int) -> None:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        self._owners.discard(pid)

    def _make(self, path: str, what: str) -> None:
        if what == _DEAD:
            self._bind(path).close()
            self._things[path] = _DEAD
        elif what == "live":
            self._things[path] = self._bind(path)
        else:
            self._things[path] = self._own(path)

    def _end(self, path: str) -> None:
        """Whoever holds it lets go; the name stays."""
        thing = self._things[path]
        if isinstance(thing, socket.socket):
            thing.close()
        elif isinstance(thing, int):
            self._kill(thing)
        self._things[path] = _DEAD

    def _delete(self, path: str) -> None:
        self._end(path)
        os.unlink(path)
        self._things[path] = None

    # --- what is asked ------------------------------------------------------------------------

    def fill(self, rows: int) -> int:
        """The world at rest: this many names."""
        for number in range(rows):
            folder = os.path.join(self._folder, f"d{number // FOLDER:03d}")
            if number % FOLDER == 0:
                os.mkdir(folder)
            self._names.append(os.path.join(folder, f"{number:06d}.sock"))
        return self.calm()

    def calm(self) -> int:
        """Everything as it was in the beginning: the same names, and what each of them meant."""
        for number, path in enumerate(self._names):
            live = number % LIVE_OF == 0
            what = _DEAD if not live else "owned" if number // LIVE_OF % OWNED_OF == 0 else "live"
            thing = self._things.get(path)
            now = "live" if isinstance(thing, socket.socket) else "owned" if isinstance(thing, int) else thing
            if now != what:
                if thing is not None:
                    self._delete(path)
                self._make(path, what)
        return len(self._names)

    def churn(self, changes: int, rate: float, *, silent: bool) -> dict[str, Any]:
        """So many changes at this rate; ``silent``: also those that no file event and no exit tells."""
        self._done.clear()
        began = time.monotonic()
        for number in range(changes):
            if number % _DIRECTORY_EVERY == _DIRECTORY_EVERY - 1:
                self._move_directory()
            else:
                self._change(self._dice.choice(self._names), silent)
            ahead = began + number / rate - time.monotonic()
            if ahead > 0.002:
                time.sleep(ahead)
        took = time.monotonic() - began
        return {"rate": changes / took, "done": dict(self._done)}

    def _change(self, path: str, silent: bool) -> None:
        thing, dice = self._things[path], self._dice.random()
        if thing is None:
            what = _DEAD if dice < 0.45 else "live" if dice < 0.9 else "owned"
            self._make(path, what)
        elif dice < 0.3:
            what = "rename"
            self._rename(path, self._dice.choice(self._names))
        elif thing == _DEAD:
            what = "delete" if dice < 0.65 else "revive"
            self._delete(path)
            if what == "revive":
                self._make(path, "owned" if dice > 0.95 else "live")
        elif isinstance(thing, int):
            what = "kill" if dice < 0.8 else "respawn"
            self._end(path)
            if what == "respawn":
                os.unlink(path)
                self._make(path, "owned")
        elif silent and dice < 0.45:
            what = "let go"
            self._end(path)
        elif dice < 0.8:
            what = "respawn"
            self._delete(path)
            self._make(path, "live")
        else:
            what = "delete"
            self._delete(path)
        self._done[what] += 1

    def _rename(self, path: str, other: str) -> None:
        """Over whatever has the other name."""
        if path == other:
            return
        if self._things[other] is not None:
            self._end(other)
        os.rename(path, other)
        self._things[other], self._things[path] = self._things[path], None

    def _move_directory(self) -> None:
        """One directory goes and comes back under its name: all its rows go, and all are there again."""
        folder = os.path.dirname(self._dice.choice(self._names))
        os.rename(folder, folder + ".away")
        os.rename(folder + ".away", folder)
        self._done["move directory"] += 1

    def storm(self, folder: str, files: int) -> int:
        """So many plain files in one directory, as fast as it goes."""
        os.makedirs(folder, exist_ok=True)
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        for number in range(files):
            os.mknod(f"{number}", 0o600, dir_fd=handle)
        os.close(handle)
        return files

    def clear(self, folder: str) -> int:
        """Take the plain files of a storm away again."""
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        names = [name for name in os.listdir(handle) if name.isdigit()]
        for name in names:
            os.unlink(name, dir_fd=handle)
        os.close(handle)
        return len(names)


def main() -> None:
    """Until the end of standard input."""
    churner = Churner(sys.argv[1])
    try:
        for line in sys.stdin:
            question = json.loads(line)
            print(json.dumps(getattr(churner, question.pop("do"))(**question)), flush=True)
    finally:
        churner.close()


if __name__ == "__main__":
    main()
