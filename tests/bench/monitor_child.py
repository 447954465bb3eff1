"""The monitor of the product with one consumer, without a window: JSON lines in and out.

``python -m tests.bench.monitor_child STATE ROOT``
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from racewatch.config import Config
from racewatch.core.model import Target
from racewatch.verbs import Racewatch
from tests.bench.seen import Times, is_watched, reply


class Consumer:
    """Takes each batch as soon as it is told of it."""

    def __init__(self, racewatch: Racewatch, root: bytes) -> None:
        self._times = Times()
        self._targets: set[Target] = set()
        self._ready = threading.Event()
        self._woken = threading.Event()
        self._ended = False
        self._monitor = racewatch.monitor([root])
        self._subscription = self._monitor.subscribe(self._woken.set)
        self._thread = threading.Thread(target=self._follow)

    def start(self) -> None:
        """Begin to watch."""
        self._monitor.start()
        self._thread.start()

    def _follow(self) -> None:
        while not self._ended:
            self._woken.wait()
            self._woken.clear()
            batch = self._subscription.take()
            if batch is None:
                continue
            now = time.monotonic()
            for seen in (*batch.added, *batch.changed):
                self._targets.add(seen.target)
                if is_watched(seen.target):
                    self._times.note(seen.target, seen.verdict, now)
            self._targets.difference_update(seen.target for seen in batch.gone)
            if batch.ready:
                self._ready.set()

    def rows(self) -> int:
        """How many things it knows, once it has looked everywhere."""
        self._ready.wait()
        return len(self._targets)

    def times(self) -> dict[str, dict[str, float]]:
        """What it saw of the watched ones since last asked."""
        return self._times.take()

    def stop(self) -> None:
        """End."""
        self._monitor.stop()
        self._ended = True
        self._woken.set()
        self._thread.join()


def main() -> None:
    """Until the end of standard input."""
    state, root = map(os.fsencode, sys.argv[1:])
    racewatch = Racewatch(Config(), state=state)
    consumer = Consumer(racewatch, root)
    consumer.start()
    answers: dict[str, Callable[[], Any]] = {"rows": consumer.rows, "times": consumer.times}
    for line in sys.stdin:
        reply(answers[json.loads(line)["do"]]())
    consumer.stop()
    racewatch.close()


if __name__ == "__main__":
    main()
