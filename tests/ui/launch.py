"""Starts the window as a process of its own: ``python -m tests.ui.launch ROOT STATE [hang]``.

With ``hang``, observing never returns, as on a dead network file system.  SIGABRT makes it say where each
of its threads stands.
"""

from __future__ import annotations

import faulthandler
import os
import sys
import threading

from racewatch.config import Config
from racewatch.core.model import Observation, Target
from racewatch.ui import app
from racewatch.verbs import Racewatch


class Hanging(Racewatch):
    """A racewatch whose looks hang (its monitor's do not)."""

    def observe(self, target: Target) -> Observation | None:
        threading.Event().wait()
        raise AssertionError("never")


def main() -> int:
    faulthandler.enable()
    root, state, *more = sys.argv[1:]
    made = Hanging if "hang" in more else Racewatch
    racewatch = made(Config(roots=(os.fsencode(root),)), state=os.fsencode(state))
    code = app.run(racewatch, None, title="racewatch under test")
    racewatch.close()
    return code


if __name__ == "__main__":
    sys.exit(main())
