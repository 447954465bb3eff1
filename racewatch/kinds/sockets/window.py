"""What can still go wrong when a socket is removed: what its proof leaves open, by why it is one."""

from __future__ import annotations

from typing import Final

from racewatch.core.model import Evidence, Says, Verdict
from racewatch.kinds.place import Where
from racewatch.kinds.sockets.facts import Facts
from racewatch.linux.probe import Presence

_DEAD: Final = (
    "the proof stays true: a server that comes back makes a new socket. If it does so in the very moment of the "
    "act, the new one is put back at once; until then, some tens to hundreds of microseconds, no client can reach it"
)
_UNSEEN_BY: Final = {
    Where.SHARED: "a server on another machine, or behind another mount",
    Where.BACKING: "a process inside the overlay",
    Where.ENGINE: "a container",
    Where.HIDDEN: "a process whose mounts this user may not see",
    Where.UNSEEN: "a process that reaches it through another mount",
}


def remaining_window(facts: Facts, verdict: Verdict) -> Evidence:
    """The race that is left when a socket is removed that was judged so on these facts."""
    return Evidence("window", Says.INFO, "rule", _words(facts, verdict))


def _words(facts: Facts, verdict: Verdict) -> str:
    if verdict is Verdict.STALE:
        return _DEAD
    if facts.answer is not None and facts.answer.presence is Presence.ABSENT:
        if facts.where is Where.LOCAL and facts.rival is None and facts.rivals_known:
            return f"{_DEAD}. The configuration asks for more than that proof"
        who = _UNSEEN_BY.get(facts.where, "the socket of the same name, if it is this one")
        on = f" ({facts.fstype})" if facts.fstype and facts.where is Where.SHARED else ""
    else:
        who, on = "whoever is bound to it, which could not be asked", ""
    return f"{who}{on} may be using it: its clients lose it then. It is kept aside, alive if it was, and undo brings it back"
