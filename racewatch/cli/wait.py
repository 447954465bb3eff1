"""``racewatch wait``: return when a target is no longer in use."""

from __future__ import annotations

import argparse
import os
import select
import time
from typing import Final

from racewatch.cli.exits import Exit
from racewatch.cli.session import Session, targets_of
from racewatch.core import wire
from racewatch.core.model import Observation, Verdict
from racewatch.linux.processes import ProcessId, open_pidfd

#: A socket gives no event when its server closes it without exiting: that is found by looking.
_LOOK_EVERY: Final = 0.25
_FREE: Final = (Verdict.STALE, Verdict.IDLE)


def wait(session: Session, arguments: argparse.Namespace) -> int:
    """Looks until nothing uses it; the exit of its owner is noticed at once (pidfd), the rest by looking."""
    deadline = None if arguments.timeout is None else time.monotonic() + arguments.timeout
    told = False
    with session.opened() as racewatch:
        (target,) = targets_of(racewatch, [arguments.target])
        name = wire.target_to_text(target)
        while True:
            seen = racewatch.observe(target)
            if seen is None or seen.verdict in _FREE:
                _report(session, name, seen, timed_out=False, as_json=arguments.json)
                return Exit.DONE
            if seen.verdict is Verdict.UNKNOWN and not told:
                session.say(f"{name}: {seen.summary}; waiting until it is proved unused")
                told = True
            left = _LOOK_EVERY if deadline is None else min(_LOOK_EVERY, deadline - time.monotonic())
            if left <= 0:
                _report(session, name, seen, timed_out=True, as_json=arguments.json)
                return Exit.TIMED_OUT
            _sleep_or_exit(seen, left)


def _report(session: Session, name: str, seen: Observation | None, *, timed_out: bool, as_json: bool) -> None:
    if as_json:
        document = {
            "schema": wire.SCHEMA,
            "target": name,
            "timed_out": timed_out,
            "observation": None if seen is None else wire.observation_to_json(seen),
        }
        session.out.line(wire.dumps(document))
    elif timed_out and seen is not None:
        session.say(f"{name}: timed out, still {seen.label}: {seen.summary}")
    else:
        session.out.styled(f"{name}: {'gone' if seen is None else seen.label}")


def _sleep_or_exit(seen: Observation, seconds: float) -> None:
    """Sleep, but wake when the owner exits."""
    try:
        owner = seen.owner
        fd = None if owner is None else open_pidfd(ProcessId(owner.pid, owner.start_ticks))
    except OSError:
        fd = None
    if fd is None:
        # No owner to be seen, or it has just ended: the next look tells.
        time.sleep(seconds if seen.owner is None else min(seconds, 0.02))
        return
    try:
        poll = select.poll()
        poll.register(fd, select.POLLIN)
        poll.poll(seconds * 1000)
    finally:
        os.close(fd)
