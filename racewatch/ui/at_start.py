"""What is to be known before anything else: who one is, what cannot be done, what a crash had interrupted."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Final

from racewatch.ui import history_text, words
from racewatch.ui.history_view import HistoryView
from racewatch.ui.status import Status
from racewatch.ui.strip import Level, StripArea
from racewatch.ui.tr import marked, tr
from racewatch.verbs import Racewatch

#: What the demo remarks, as it says it: the command line has no translations.
DEMO: Final = marked("A private sandbox with a journal of its own; it is removed when the window closes.")


def tell_at_start(
    racewatch: Racewatch,
    strips: StripArea,
    status: Status,
    history: HistoryView,
    note: str | None,
    show_act: Callable[[str], None],
) -> None:
    """Put it into the strips and the status bar; ``show_act`` goes to a line of the history."""
    remarks = [tr(note)] if note else []
    if os.geteuid() == 0:
        remarks.append(tr("running as root: everything on this machine can be removed"))
    status.show_note("  ·  ".join(remarks))
    if racewatch.journal_problem:
        strips.show_message(
            Level.WARNING,
            tr("Nothing can be removed: {problem}").format(problem=racewatch.journal_problem),
            standing=True,
        )
    waiting = racewatch.waiting
    if waiting is not None:
        strips.show_message(Level.WARNING, f"{words.capital(waiting)}.")
    recovered = racewatch.recovered
    if recovered:
        history.mark_recovered({entry.action for entry in recovered}, time.time())
        strips.show_message(
            Level.INFO,
            history_text.recovered(recovered),
            details=history_text.recovered_details(recovered),
            more=(tr("Show in history"), lambda: show_act(recovered[-1].action)),
        )
