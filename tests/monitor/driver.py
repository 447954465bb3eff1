"""A monitor in a process of its own, for tests that need another user, other limits, or to stop it.

``python -m tests.monitor.driver [--nobody] [--watches N] [--instances N] [--sweeps S] ROOT...`` prints one JSON line
for each batch: the complete state it adds up to.  The end of standard input ends it.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import sys
import threading

from racewatch.core.model import Observation, Target
from racewatch.monitor.engine import Monitor
from racewatch.monitor.schedule import SweepSettings
from racewatch.monitor.settings import MonitorSettings
from tests.monitor.support import CANNOT, Nodes

_CLONE_NEWUSER = 0x10000000


def _cannot(why: str) -> None:
    print(why, file=sys.stderr)
    sys.exit(CANNOT)


def _own_namespace() -> None:
    """A user namespace of our own, because there the limits are ours and the machine's stay as they are."""
    outside = os.readlink("/proc/self/ns/user")
    if ctypes.CDLL(None, use_errno=True).unshare(_CLONE_NEWUSER) != 0:
        _cannot(f"no user namespace: {os.strerror(ctypes.get_errno())}")
    if os.readlink("/proc/self/ns/user") == outside:
        _cannot("the user namespace is the old one")


def _limit(name: str, value: int) -> None:
    try:
        with open(f"/proc/sys/user/{name}", "w", encoding="ascii") as file:
            file.write(str(value))
    except OSError as error:
        _cannot(f"the limit cannot be set: {error.strerror}")


def _become_nobody() -> None:
    if os.geteuid() != 0:
        return
    try:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
    except OSError as error:
        _cannot(f"cannot become nobody: {error.strerror}")


class Printer:
    def __init__(self, monitor: Monitor) -> None:
        self._state: dict[Target, Observation] = {}
        self._woken = threading.Event()
        self._subscription = monitor.subscribe(self._woken.set)
        self.ended = False

    def end(self) -> None:
        self.ended = True
        self._woken.set()

    def run(self) -> None:
        while not self.ended:
            self._woken.wait()
            self._woken.clear()
            batch = self._subscription.take()
            if batch is None:
                continue
            for seen in (*batch.added, *batch.changed):
                self._state[seen.target] = seen
            for seen in batch.gone:
                del self._state[seen.target]
            line = {
                "ready": batch.ready,
                "state": {os.fsdecode(key.locator): one.verdict.value for key, one in self._state.items()},
                "health": {one.source: [one.state.value, one.detail, one.cure] for one in batch.health},
                "problems": {os.fsdecode(one.path): one.reason for one in batch.problems},
            }
            print(json.dumps(line), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--nobody", action="store_true")
    parser.add_argument("--watches", type=int)
    parser.add_argument("--instances", type=int)
    parser.add_argument("--sweeps", type=float, default=600.0)
    parser.add_argument("roots", nargs="+")
    arguments = parser.parse_args()
    if arguments.watches is not None or arguments.instances is not None:
        _own_namespace()
    if arguments.watches is not None:
        _limit("max_inotify_watches", arguments.watches)
    if arguments.instances is not None:
        _limit("max_inotify_instances", arguments.instances)
    if arguments.nobody:
        _become_nobody()
    settings = MonitorSettings(
        sweeps=SweepSettings(floor=arguments.sweeps, ceiling=600.0), tick=min(arguments.sweeps, 600.0)
    )
    monitor = Monitor([Nodes()], [os.fsencode(one) for one in arguments.roots], settings=settings)
    printer = Printer(monitor)
    monitor.start()
    printing = threading.Thread(target=printer.run)
    printing.start()
    sys.stdin.read()
    stopped = monitor.stop()
    printer.end()
    printing.join()
    sys.exit(0 if stopped else 1)


if __name__ == "__main__":
    main()
