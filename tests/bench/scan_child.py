"""A racewatch that scans on request, or only asks what a scan asks: ``python -m tests.bench.scan_child STATE``, JSON lines in and out."""

from __future__ import annotations

import json
import os
import sys
import time
from collections import Counter

from racewatch.config import Config
from racewatch.core.model import KindName
from racewatch.verbs import Racewatch
from tests.bench import bare
from tests.bench.seen import reply


def main() -> None:
    """Until the end of standard input."""
    racewatch = Racewatch(Config(), state=os.fsencode(sys.argv[1]))
    try:
        for line in sys.stdin:
            question = json.loads(line)
            root, kind = os.fsencode(question["root"]), KindName(question["kind"])
            if question["do"] == "bare":
                reply(bare.seconds(kind.value, root))
                continue
            cpu, began = time.process_time(), time.perf_counter()
            result = racewatch.scan([root], kinds=[kind])
            seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
            answer = {
                "seconds": seconds,
                "cpu": cpu,
                "verdicts": Counter(seen.verdict.value for seen in result.observations),
                "wrong": sum(
                    seen.verdict.value
                    != ("live" if os.path.basename(seen.path or b"")[:1] == b"l" else "stale")
                    for seen in result.observations
                ),
                "problems": [problem.reason for problem in result.problems],
            }
            del result
            reply(answer)
    finally:
        racewatch.close()


if __name__ == "__main__":
    main()
