"""From what an engine says of a container to a verdict: a pure function.

The engine decides, under its own lock, whether it removes one; the verdict only says what to expect and
what it would mean.  Words and flags of the answer must agree: whatever speaks for life wins, and a word
that is not known here is never a reason to remove anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from racewatch.core.model import Evidence, Owner, Removable, Says, Verdict
from racewatch.core.text import display_text
from racewatch.kinds.containers.engine import Engine
from racewatch.kinds.containers.engine_answers import Inspected

_LIVE: Final = {
    "running": "It runs.",
    "paused": "It is paused: its processes stand still and go on when it is resumed.",
    "restarting": "It has ended just now, and its engine starts it again.",
    "stopping": "It is being stopped; its processes may still run.",
    "removing": "Its engine is removing it.",
}
_ENDED: Final = frozenset({"exited", "stopped"})
_WAITING: Final = {
    "created": "It was made and never started; deleting it loses what waits to be started.",
    "configured": "It was made and never started; deleting it loses what waits to be started.",
    "initialized": "It is ready and waits to be started; deleting it kills the waiting process.",
}


@dataclass(frozen=True, slots=True)
class EngineJudgement:
    """What an engine's answer adds up to; ``label`` is part of the fingerprint."""

    label: str
    verdict: Verdict
    summary: str
    evidence: tuple[Evidence, ...]
    removable: Removable
    remedy: str | None


def judge(engine: Engine, said: Inspected, owner: Owner | None = None) -> EngineJudgement:
    """The verdict on one container of an engine; ``owner`` is its first process, if it can be seen.

    Same answer, same verdict.  Only what the engine says has ended, in every word and flag of its answer, and
    will not start again by itself, is left over.
    """
    word = _word(engine, said)
    remove = f"{engine.command} rm {said.id}"
    if word in _LIVE:
        remedy = None if word == "removing" else f"{engine.command} stop {said.id}"
        return _judged(said, owner, word, Verdict.LIVE, _LIVE[word], Removable.NEVER, remedy)
    if word in _WAITING:
        remedy = f"{engine.command} start {said.id}, or {remove}"
        return _judged(said, owner, word, Verdict.UNKNOWN, _WAITING[word], Removable.OVERRIDE, remedy)
    against = _against(said, owner)
    if against is not None or word not in (*_ENDED, "dead"):
        why = against or f"the word {display_text(said.status)!r} is not known here"
        summary = f"Whether it lives cannot be told: {why}."
        remedy = f"{engine.command} inspect {said.id}"
        return _judged(said, owner, word, Verdict.UNKNOWN, summary, Removable.NEVER, remedy)
    if _may_start_again(engine, said):
        summary = (
            f"It has ended, but is to be started again ({_policy(said)}), and {engine.title} does not say "
            "whether it is about to do so."
        )
        return _judged(said, owner, word, Verdict.UNKNOWN, summary, Removable.OVERRIDE, remove)
    summary = f"Left over: it has ended ({_ending(said)})."
    if word == "dead":
        summary = "Left over: its engine began to remove it and could not end that; it never starts again."
    return _judged(said, owner, word, Verdict.STALE, summary, Removable.YES, remove)


def _word(engine: Engine, said: Inspected) -> str:
    """The engine's word for the state, unless a flag speaks for more life than the word does."""
    if said.status in _LIVE:
        return said.status
    if said.paused:
        return "paused"
    if said.restarting:
        return "restarting"
    if said.running:
        return "running"
    # Over Docker's API Podman says "created" of both; a first process waits in one only.
    if said.status == "created" and said.pid > 0:
        return "initialized"
    # Podman has no word for it: between two starts of a container that is to be started again it says
    # "stopped" with all flags false (nine of ten looks at one that ends at once), after the last end "exited".
    if engine.name == "podman" and said.status == "stopped" and _is_restarted(said):
        return "restarting"
    return said.status


def _is_restarted(said: Inspected) -> bool:
    """True when its policy has the engine start it again after the end that it had."""
    policy = said.restart_policy
    if policy.name == "on-failure":
        return said.exit_code != 0 and (policy.most <= 0 or said.restart_count < policy.most)
    return policy.name not in ("", "no")


def _may_start_again(engine: Engine, said: Inspected) -> bool:
    """Docker says "restarting" where that is so; Podman's words, which changed with its versions, leave it open."""
    return engine.name == "podman" and said.status in _ENDED and _is_restarted(said)


def _against(said: Inspected, owner: Owner | None) -> str | None:
    """What contradicts a word that says that it is over."""
    if owner is not None:
        return f"the engine says {display_text(said.status)}, but its first process lives (pid {owner.pid})"
    if said.pid != 0:
        return f"the engine says {display_text(said.status)}, but names a first process (pid {said.pid})"
    if said.dead is not (said.status == "dead") and said.status in (*_ENDED, "dead"):
        return f"the engine says {display_text(said.status)} and dead={said.dead} at once"
    return None


_PROVED: Final = (
    "its own engine deletes it, under the engine's own lock, by full id and never by force: one that is started "
    "meanwhile is refused by the engine. What remains is an engine that does not keep to that"
)
_DOUBTED: Final = "One that its engine is about to start again is not started then"


def _judged(
    said: Inspected,
    owner: Owner | None,
    word: str,
    verdict: Verdict,
    summary: str,
    removable: Removable,
    remedy: str | None,
) -> EngineJudgement:
    volumes = "" if verdict is Verdict.LIVE else " Its volumes are never removed."
    evidence = tuple(_evidence(said, owner, verdict))
    if removable is not Removable.NEVER:
        left = _PROVED if removable is Removable.YES else f"{_PROVED}. {_DOUBTED}"
        evidence = (*evidence, Evidence("window", Says.INFO, "rule", left))
    return EngineJudgement(
        display_text(word) or "no state", verdict, summary + volumes, evidence, removable, remedy
    )


def _evidence(said: Inspected, owner: Owner | None, verdict: Verdict) -> list[Evidence]:
    source = f"GET /containers/{said.id}/json"
    flags = [
        name
        for name, is_set in (
            ("Running", said.running),
            ("Paused", said.paused),
            ("Restarting", said.restarting),
            ("Dead", said.dead),
        )
        if is_set
    ]
    also = f"; set: {', '.join(flags)}" if flags else "; no flag is set"
    detail = f"its engine says {display_text(said.status)}{also}"
    found = [Evidence("state", Says(verdict.value), source, detail)]
    if owner is not None:
        first = f"{display_text(owner.name)} (pid {owner.pid}) lives"
        found.append(Evidence("first process", Says.LIVE, "/proc/PID", first))
    if _is_restarted(said):
        found.append(Evidence("restart policy", Says.INFO, source, _policy(said)))
    volumes = ", ".join(map(display_text, said.volumes)) or "none"
    found.append(Evidence("volumes", Says.INFO, source, f"{volumes}; they are never removed with it"))
    return found


def _policy(said: Inspected) -> str:
    return f"restart policy {display_text(said.restart_policy.name)}"


def _ending(said: Inspected) -> str:
    return f"exit code {said.exit_code}, at {display_text(said.finished_at)}"
