"""What the sources of the monitor are called, and say of themselves while all is well, in the reader's language.  No Qt.

What goes wrong is said as it is recorded, like evidence: with its paths, numbers and the kernel's own words.
"""

from __future__ import annotations

import re
from typing import Final

from racewatch.ui import words
from racewatch.ui.tr import marked, tr

#: Sources as the monitor calls them, and as they are read.
SOURCES: Final = {
    "file events": marked("File events"),
    "well-known places": marked("Well-known places"),
    "process exits": marked("Process exits"),
    "kernel locks": marked("Kernel locks"),
    "sweep of sockets": marked("Sweep of sockets"),
    "sweep of locks": marked("Sweep of locks"),
    "sweep of containers": marked("Sweep of containers"),
}

#: What they say, word for word.
DETAILS: Final = (
    marked("Changes of names are told by the kernel."),
    marked("Who takes a lock and gives it back shows within a second."),
    marked("All places are looked at again by and by."),
    marked("It tells of each change."),
    marked("It works again."),
    marked("No file events: sweeps look at it."),
    marked("File events are switched off; sweeps look at everything."),
)
WATCHED: Final = re.compile(r"(\d+) director(?:y is|ies are) watched\.")
FOLLOWED: Final = re.compile(r"(\d+) owners? (?:is|are) followed\.")


def source_name(source: str) -> str:
    """Its name as it is read: one of the usual in the reader's language, any other as it is."""
    if source in SOURCES:
        return tr(SOURCES[source])
    kind, blank, path = source.partition(" ")
    if blank and kind == "root":
        return tr("Root {path}").format(path=path)
    return words.capital(source)


def source_detail(detail: str) -> str:
    """What it says: the usual in the reader's language, anything else as it is."""
    if detail in DETAILS:
        return tr(detail)
    if counted := WATCHED.fullmatch(detail):
        return tr("%n directory(ies) watched.", "", int(counted[1]))
    if counted := FOLLOWED.fullmatch(detail):
        return tr("%n owner(s) followed.", "", int(counted[1]))
    return detail
