"""Starts the window as a process of its own, for tests that drive it from outside.

    python -m tests.ui.launch WORDS…         racewatch itself, with these words on its command line
    python -m tests.ui.launch ROOT STATE     a window on this folder alone, with a title of its own
    python -m tests.ui.launch --hang ROOT STATE    a window whose looks never return, as on a dead network
                                                   file system, and whose questions never end their beat

It tells what is on its screen (:mod:`tests.ui.readout`).  SIGABRT makes it say where each of its threads stands.
"""

from __future__ import annotations

import faulthandler
import os
import sys
import threading

from PySide6.QtWidgets import QApplication

from racewatch import __main__ as program
from racewatch.config import Config
from racewatch.core.model import Observation, Target
from racewatch.ui import app, question
from racewatch.verbs import Racewatch
from tests.ui.readout import ReadOut, Repeats

_EVER_MS = 3_600_000


class Hanging(Racewatch):
    """A racewatch whose looks hang (its monitor's do not)."""

    def observe(self, target: Target) -> Observation | None:
        threading.Event().wait()
        raise AssertionError("never")


def main() -> int:
    faulthandler.enable()
    application = QApplication(["racewatch"])
    hang = "--hang" in sys.argv
    telling = ReadOut(Repeats(application) if hang else None)
    try:
        if not hang and not sys.argv[1].startswith("/"):
            return program.main()
        root, state = [word for word in sys.argv[1:] if word != "--hang"]
        if hang:
            question.BEAT_MS = _EVER_MS  # type: ignore[misc] # it is Final for the program, not for this test
        made = Hanging if hang else Racewatch
        racewatch = made(Config(roots=(os.fsencode(root),)), state=os.fsencode(state))
        code = app.run(racewatch, None, title="racewatch under test")
        racewatch.close()
        return code
    finally:
        telling.deleteLater()
        application.processEvents()


if __name__ == "__main__":
    sys.exit(main())
