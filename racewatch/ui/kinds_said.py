"""What is said about sockets, locks, containers, or all of them: whole sentences for each, as no language but English
builds them from parts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from racewatch.core.model import KindName, Verdict
from racewatch.ui.tr import marked, tr


@dataclass(frozen=True, slots=True)
class Said:
    """The sentences about one kind; None stands for all kinds together."""

    title: str
    a_row: str
    select: str
    none_here: str
    there_is_none: str
    none_seen: str
    not_all_seen: str


_SAID: Final = {
    None: Said(
        marked("Things"),
        marked("One row for each thing; Delete asks to remove the selected ones"),
        marked("Select a thing to see what speaks for its verdict."),
        marked("Nothing here"),
        marked("There is no socket, lock or container below {roots}. A new one appears at once."),
        marked("Nothing seen, and watching is limited"),
        marked("Nothing was seen, but not everything could be:\n{places}"),
    ),
    KindName.SOCKET: Said(
        marked("Sockets"),
        marked("One row for each socket; Delete asks to remove the selected ones"),
        marked("Select a socket to see what speaks for its verdict."),
        marked("No sockets here"),
        marked("There is no socket below {roots}. A new one appears at once."),
        marked("No sockets seen, and watching is limited"),
        marked("No socket was seen, but not everything could be:\n{places}"),
    ),
    KindName.LOCK: Said(
        marked("Locks"),
        marked("One row for each lock; Delete asks to remove the selected ones"),
        marked("Select a lock to see what speaks for its verdict."),
        marked("No locks here"),
        marked("There is no lock below {roots}. A new one appears at once."),
        marked("No locks seen, and watching is limited"),
        marked("No lock was seen, but not everything could be:\n{places}"),
    ),
    KindName.CONTAINER: Said(
        marked("Containers"),
        marked("One row for each container; Delete asks to remove the selected ones"),
        marked("Select a container to see what speaks for its verdict."),
        marked("No containers here"),
        marked(
            "No engine and no runtime that was asked has a container, and there is no bundle below {roots}. "
            "A new one appears at once."
        ),
        marked("No containers seen, and watching is limited"),
        marked("No container was seen, but not everything could be:\n{places}"),
    ),
}


def said_of(kind: KindName | None) -> Said:
    """The sentences, to be translated where they are shown."""
    return _SAID[kind]


def title(kind: KindName | None) -> str:
    """``Sockets``, ``Locks``, …"""
    return tr(_SAID[kind].title)


def counted(kind: KindName | None, count: int) -> str:
    """``1 socket``, ``1,000 locks``, ``3 things``."""
    if kind is KindName.SOCKET:
        return tr("%n socket(s)", "", count)
    if kind is KindName.LOCK:
        return tr("%n lock(s)", "", count)
    if kind is KindName.CONTAINER:
        return tr("%n container(s)", "", count)
    return tr("%n thing(s)", "", count)


def counted_as(verdict: Verdict, kind: KindName, count: int) -> str:
    """``1 stale socket``, ``12 unknown locks``: what the overview counts."""
    stale = verdict is Verdict.STALE
    if kind is KindName.SOCKET:
        return tr("%n stale socket(s)", "", count) if stale else tr("%n unknown socket(s)", "", count)
    if kind is KindName.LOCK:
        return tr("%n stale lock(s)", "", count) if stale else tr("%n unknown lock(s)", "", count)
    return tr("%n stale container(s)", "", count) if stale else tr("%n unknown container(s)", "", count)
