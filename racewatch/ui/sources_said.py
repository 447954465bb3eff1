"""What the sources of the monitor are called in the reader's language.  No Qt."""

from __future__ import annotations

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


def source_name(source: str) -> str:
    """Its name as it is read: one of the usual in the reader's language, any other as it is."""
    if source in SOURCES:
        return tr(SOURCES[source])
    kind, blank, path = source.partition(" ")
    if blank and kind == "root":
        return tr("Root {path}").format(path=path)
    return words.capital(source)
