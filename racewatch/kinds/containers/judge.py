"""From facts to a verdict: pure functions, each rule with the reason it exists.

The table is that of the runtimes themselves (runc asks for the freezer first, crun for the process), with
one difference: what a runtime calls stopped is left over only when nothing lives in its control groups.
"""

from __future__ import annotations

import enum
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from racewatch.core.model import Evidence, Owner, Removable, Says, Verdict
from racewatch.core.text import display, display_text, quoted
from racewatch.kinds.containers.facts import Facts, Init
from racewatch.kinds.containers.roots import Manager
from racewatch.kinds.containers.state import NotUnderstood, Recorded, Runtime


class State(enum.StrEnum):
    """What a container is just now; the values are the labels that people see."""

    CREATING = "creating"
    CREATED = "created"
    ENTERED = "created, processes inside"
    STARTING = "starting"
    RUNNING = "running"
    BEHIND = "started behind the runtime's back"
    PAUSED = "paused"
    STOPPED = "stopped"
    CHILDREN = "stopped, processes left"
    BROKEN = "broken state, processes live"
    UNSEEN = "cannot tell"


_LIVE: Final = frozenset(
    {
        State.ENTERED,
        State.STARTING,
        State.RUNNING,
        State.BEHIND,
        State.PAUSED,
        State.CHILDREN,
        State.BROKEN,
    }
)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the facts add up to."""

    state: State
    verdict: Verdict
    summary: str
    evidence: tuple[Evidence, ...]
    removable: Removable
    remedy: str | None = None


def state_of(facts: Facts) -> State:
    """The state, computed as the runtime itself would, and more carefully where it is careless."""
    if isinstance(facts.said, NotUnderstood):
        if facts.said.denied and not facts.group.count:
            return State.UNSEEN  # what others may not read says nothing about how complete it is
        return State.BROKEN if facts.group.count else State.CREATING
    if facts.init in (Init.DOUBTFUL, Init.UNSEEN):
        return State.CREATING if facts.said.word == "creating" else State.UNSEEN
    alive = facts.init is Init.ALIVE
    # runc: a frozen group is paused even when the first process is gone; in a v1 freezer nothing dies.
    if facts.group.frozen and (alive or facts.group.count):
        return _created(facts) if facts.fifo and alive and facts.prepares else State.PAUSED
    if not alive:
        return State.CHILDREN if facts.group.count else State.STOPPED
    if facts.fifo:
        return _created(facts)
    if facts.said.word in ("creating", "created"):
        return State.CREATING if facts.said.word == "creating" else _created(facts)
    return State.RUNNING


def _created(facts: Facts) -> State:
    """Waiting to be started, unless somebody started it without the runtime (any reader of runc's FIFO does)."""
    if not facts.prepares:
        return State.BEHIND
    if facts.waiting is not None and facts.waiting.let_in:
        return State.STARTING
    # What a runtime was told to run in it beside its own program, and whoever entered it, dies with the first.
    if facts.waiting is not None and facts.waiting.others:
        return State.ENTERED
    return State.CREATED


def judge(facts: Facts) -> Judgement:
    """The verdict on one container of a runtime.  Same facts, same verdict."""
    state = state_of(facts)
    if state in _LIVE:
        return _judged(facts, state, Verdict.LIVE, _alive(facts, state), remedy=_remedy_of_live(facts, state))
    if facts.manager is not None:
        return _judged(
            facts,
            state,
            Verdict.IDLE,
            f"It belongs to {facts.manager.name}, {facts.manager.why}.",
            remedy=_remedy_of_managed(facts, facts.manager),
        )
    if state is State.CREATING:
        assert isinstance(facts.said, NotUnderstood) or facts.said.word is not None
        why = facts.said.reason if isinstance(facts.said, NotUnderstood) else "its runtime says so"
        # Half-made things are left to who makes them; what has been half made for long needs a person's word.
        broken_off = isinstance(facts.said, NotUnderstood) and facts.quiet and facts.group.blind is None
        return _judged(
            facts,
            state,
            Verdict.UNKNOWN,
            f"Whether it is just being made cannot be told: {why}. No process was seen in a control group of its name.",
            Removable.OVERRIDE if broken_off else Removable.NEVER,
            remedy=f"when nothing makes it any more: {_command(facts)}",
        )
    if state is State.CREATED:
        return _judged_created(facts)
    doubt = _doubt(facts, state)
    if doubt is not None:
        return _judged(
            facts,
            state,
            Verdict.UNKNOWN,
            f"It cannot be proved that nothing of it lives: {doubt}.",
            remedy=_remedy_of_doubt(facts),
        )
    return _judged(
        facts,
        state,
        Verdict.STALE,
        "Left over: its first process has ended, and nothing lives in its control groups.",
        Removable.YES,
    )


def _judged_created(facts: Facts) -> Judgement:
    """Not left over, and not in use: it goes on a person's word alone, and its waiting process with it."""
    doubt = _doubt_of_created(facts)
    waits = f"It was made and waits to be started; deleting it kills the waiting process{_number(facts)}."
    return _judged(
        facts,
        State.CREATED,
        Verdict.UNKNOWN,
        waits if doubt is None else f"{waits} It is not deleted here: {doubt}.",
        Removable.OVERRIDE if doubt is None else Removable.NEVER,
        remedy=f"{_command(facts, 'start')}, or {_command(facts)}, which kills the waiting process",
    )


def _doubt_of_created(facts: Facts) -> str | None:
    """Why even a person's word is not enough; None when it is."""
    if facts.waiting is None:
        return "nothing tells whether it waits, or was started"
    if facts.waiting.blind is not None:
        return facts.waiting.blind
    if not facts.group.there and facts.group.blind is None:
        return "it has no control group, so who else lives in it cannot be told"
    if facts.group.frozen:
        # In a freezer of the first version not even SIGKILL gets through.
        return "its control group is frozen, and what is frozen may not die"
    return _doubt(facts, State.CREATED)


def _number(facts: Facts) -> str:
    return f" (pid {facts.owner.pid})" if facts.owner is not None else ""


def _command(facts: Facts, verb: str = "delete") -> str:
    name = quoted(os.fsencode(facts.name))
    end = "-- " if name.startswith("-") else ""
    return f"{facts.root.runtime} --root {quoted(facts.root.path)} {verb} {end}{name}"


def _alive(facts: Facts, state: State) -> str:
    first = _who(facts.owner) if facts.owner else facts.init_detail
    others = facts.group.count
    inside = facts.waiting.others if facts.waiting is not None else 0
    return {
        State.ENTERED: f"It waits to be started, but {inside} other processes are inside; deleting it would kill them.",
        State.STARTING: f"It is being started just now: its start FIFO was opened ({first}).",
        State.RUNNING: f"It runs: {first}.",
        State.PAUSED: f"It is paused, its processes stand still: {first}.",
        State.BEHIND: f"Its program runs ({first}), though its runtime still calls it created: somebody opened its "
        "start FIFO.",
        State.CHILDREN: f"Its first process has ended, but {others} of its processes live on in its control group; "
        "deleting it would kill them.",
        State.BROKEN: f"Its state file says nothing, but {others} processes live in a control group of its name.",
    }[state]


def _remedy_of_live(facts: Facts, state: State) -> str | None:
    if facts.manager is not None:
        return _remedy_of_managed(facts, facts.manager)
    if state is State.CHILDREN:
        return "end the processes in its control group first"
    if state is State.BROKEN:
        return "end the processes in its control group first; its runtime's delete would leave them running"
    return None


def _remedy_of_managed(facts: Facts, manager: Manager) -> str:
    return (facts.task.remedy if facts.task is not None else None) or manager.remedy(facts.name)


def _remedy_of_doubt(facts: Facts) -> str | None:
    if facts.rooted:
        return "end the processes whose root its root file system is first"
    for point in (*facts.mounted_inside.points, *facts.mounted.points):
        return f"umount {quoted(point)}"
    return "look as root, on the machine itself"


def _doubt(facts: Facts, state: State) -> str | None:
    """Why it is not proved left over; None when it is."""
    if state is State.UNSEEN:
        return facts.said.reason if isinstance(facts.said, NotUnderstood) else facts.init_detail
    if facts.group.blind is not None:
        return facts.group.blind
    if not facts.sees_everybody and not facts.group.there:
        return "the number of its first process was given in another PID namespace, perhaps, and it has no control group"
    if facts.rooted:
        who = ", ".join(map(_who, facts.rooted[:3]))
        return f"{who} has its root in its root file system, and it has no control group that tells whose that is"
    inside = _mounted_inside(facts)
    if inside is not None:
        return inside
    if facts.mounted.points:
        return f"{display(facts.mounted.points[0])} is still mounted"
    if facts.mounted.blind is not None:
        return facts.mounted.blind
    return None


def _mounted_inside(facts: Facts) -> str | None:
    """Why its state directory may not be cleared away: what is mounted in there would be emptied."""
    if facts.mounted_inside.points:
        return f"{display(facts.mounted_inside.points[0])} is mounted in its state directory, and would be emptied"
    return facts.mounted_inside.blind


def _who(owner: Owner) -> str:
    return f"{display_text(owner.name)} (pid {owner.pid})"


def _judged(
    facts: Facts,
    state: State,
    verdict: Verdict,
    summary: str,
    removable: Removable = Removable.NEVER,
    *,
    remedy: str | None = None,
) -> Judgement:
    evidence = _evidence(facts)
    inside = _mounted_inside(facts)
    if inside is not None and removable is not Removable.NEVER:
        # Whatever its state is: not even a person's word lets its runtime empty what is mounted in there.
        removable, summary = Removable.NEVER, f"{summary} And {inside}."
    if removable is not Removable.NEVER:
        evidence = (*evidence, _window(facts, state))
    return Judgement(state, verdict, summary, evidence, removable, remedy)


def _window(facts: Facts, state: State) -> Evidence:
    return Evidence(
        "window", Says.INFO, "rule", _WINDOW if state is not State.CREATED else _window_of_created(facts)
    )


#: The two kinds of death (DESIGN fact 8): "stopped" alone could be raced, an emptied control group cannot.
_WINDOW: Final = (
    "once its state is away nobody can start it, and the kernel lets no group go in which a process lives; what "
    "remains is another runtime that makes a group of the same name at that very moment"
)


def _window_of_created(facts: Facts) -> str:
    """Waiting is as revocable as can be, so it is made to last: the process is held still until it is killed."""
    by_hand = (
        "" if facts.root.runtime is not Runtime.CRUN else ", somebody who wrote into its start FIFO by hand"
    )
    return (
        "the waiting process is held still (SIGSTOP) while it is looked at for the last time: a start that came "
        "first wins, a later one fails and says so; what remains, in that very moment: somebody who lets it go on "
        f"(SIGCONT) and starts it{by_hand}, a {facts.root.runtime} exec that had begun before, another runtime "
        "that makes a group of the same name"
    )


# --- evidence --------------------------------------------------------------------------------------


def _evidence(facts: Facts) -> tuple[Evidence, ...]:
    found = [_of_state(facts)]
    if facts.manager is not None:
        found.append(Evidence("belongs to", Says.INFO, "state root, labels, bundle", facts.manager.name))
    if facts.task is not None:
        found.append(facts.task.evidence)
    parts: tuple[Callable[[Facts], Evidence | None], ...] = (
        _of_init,
        _of_fifo,
        _of_waiting,
        _of_group,
        _of_mounts,
    )
    return (*found, *(one for part in parts if (one := part(facts)) is not None))


def _of_state(facts: Facts) -> Evidence:
    source = facts.root.runtime.state_file.decode()
    if isinstance(facts.said, NotUnderstood):
        return Evidence("state file", Says.UNKNOWN, source, facts.said.reason)
    return Evidence("state file", Says.INFO, source, "complete, and about this container")


def _of_init(facts: Facts) -> Evidence | None:
    if not isinstance(facts.said, Recorded):
        return None
    says = {Init.ALIVE: Says.LIVE, Init.ENDED: Says.STALE}.get(facts.init, Says.UNKNOWN)
    return Evidence("first process", says, "pidfd, /proc/PID/stat", facts.init_detail)


def _of_fifo(facts: Facts) -> Evidence | None:
    if not facts.fifo:
        return None
    what = "is there: it was not started by its runtime (never open it, that starts it)"
    if facts.root.runtime is Runtime.CRUN:
        what = "is there: it was not started yet (never open it)"
    return Evidence("start FIFO", Says.INFO, "statx", f"exec.fifo {what}")


def _of_waiting(facts: Facts) -> Evidence | None:
    waiting = facts.waiting
    if waiting is None or not facts.prepares:
        return None
    source = "/proc/PID/fd, /proc/PID/ns/pid"
    if waiting.blind is not None:
        return Evidence("waiting", Says.UNKNOWN, source, waiting.blind)
    if waiting.let_in:
        return Evidence(
            "waiting", Says.LIVE, source, "its first process does not wait at the start FIFO any more"
        )
    inside = f"{waiting.others} other processes are" if waiting.others else "nobody else is"
    says = Says.LIVE if waiting.others else Says.INFO
    return Evidence("waiting", says, source, f"its first process waits at the start FIFO; {inside} inside")


def _of_group(facts: Facts) -> Evidence:
    group, source = facts.group, "cgroup.procs"
    if group.blind is not None and not group.count:
        return Evidence("control group", Says.UNKNOWN, source, group.blind)
    if group.count:
        some = ", ".join(map(_who, group.members[:4]))
        more = (
            f", {group.count - len(group.members[:4])} more" if group.count > len(group.members[:4]) else ""
        )
        frozen = "; frozen" if group.frozen else ""
        return Evidence(
            "control group", Says.LIVE, source, f"{some}{more} live in its control group{frozen}".lstrip(", ")
        )
    empty = "nothing lives in its control groups" if group.there else "its control groups are gone"
    return Evidence("control group", Says.STALE, source, empty)


def _of_mounts(facts: Facts) -> Evidence | None:
    mounted, source = facts.mounted, "/proc/PID/mountinfo"
    points = (*facts.mounted_inside.points, *mounted.points)
    if points:
        shown = ", ".join(map(display, points[:3]))
        return Evidence("mounts", Says.UNKNOWN, source, f"still mounted: {shown}")
    if mounted.blind is not None:
        return (
            None
            if isinstance(facts.said, NotUnderstood)
            else Evidence("mounts", Says.UNKNOWN, source, mounted.blind)
        )
    return Evidence(
        "mounts",
        Says.INFO,
        source,
        "nothing is mounted at or below its root file system or its state directory",
    )
