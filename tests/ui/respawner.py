"""What comes back while a window cleans up: ``python -m tests.ui.respawner WINDOW FIRST PATH…``, a process of its own.

It waits until FIRST has gone: the plan is being carried out.  Then, while the process WINDOW is stopped for a
moment, each PATH gets a server; after that each is respawned again and again, as service managers do (unlink,
bind, listen), and looked at: does its name lead to it?  A line on standard input ends that: it prints what it saw,
and keeps its servers until standard input ends.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import time
from typing import Final

from racewatch.drill.adversary import _Server

#: Between taking a name and putting it back a live one is absent for a moment; this long, it is lost.
_ABSENT_S: Final = 20.0


def _is_reached(server: _Server) -> bool:
    ends = time.monotonic() + _ABSENT_S
    while not server.is_reached():
        if time.monotonic() > ends:
            return False
    return True


def main(window: int, first: str, paths: list[str]) -> None:
    print("ready", flush=True)
    while os.path.lexists(first):
        pass  # a moment too long, and the window has done the rest before we come
    servers = {path: _Server(path) for path in paths}
    os.kill(window, signal.SIGSTOP)
    try:
        for server in servers.values():
            server.begin()
    finally:
        os.kill(window, signal.SIGCONT)
    lives = len(paths)
    lost: list[str] = []
    while not select.select([0], [], [], 0)[0]:
        for path in paths:
            before, servers[path] = servers[path], _Server(path)
            servers[path].begin()
            before.end()
            lives += 1
            if not _is_reached(servers[path]):
                lost.append(path)
    lost += [path for path, server in servers.items() if not _is_reached(server)]
    print(json.dumps({"lives": lives, "lost": lost}), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3:])
