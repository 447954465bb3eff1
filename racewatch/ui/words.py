"""The window's wording of values: columns, times, and what Remove may do with an observation."""

from __future__ import annotations

import math
import time
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QLocale

from racewatch.core.model import KindName, Observation, OutcomeWord, Owner, Removable, Says, Target, Verdict
from racewatch.core.text import display, display_text, size_text
from racewatch.kinds.containers import engine
from racewatch.ui.tr import locale, marked, tr

if TYPE_CHECKING:
    from racewatch.kinds.containers.space import Space

#: The order in which things deserve attention.
_RANK: Final = {Verdict.STALE: 0, Verdict.UNKNOWN: 1, Verdict.LIVE: 3, Verdict.IDLE: 4}

_NOUN: Final = {
    KindName.SOCKET: marked("socket"),
    KindName.LOCK: marked("lock"),
    KindName.CONTAINER: marked("container"),
}
#: What stands on the button, and what is done.
_DEED: Final = {
    KindName.SOCKET: marked("Remove socket"),
    KindName.LOCK: marked("Break lock"),
    KindName.CONTAINER: marked("Delete container"),
}
#: Of ages, the longest first.
_UNITS: Final = (
    (365 * 86400, marked("y", "unit")),
    (86400, marked("d", "unit")),
    (3600, marked("h", "unit")),
    (60, marked("min", "unit")),
)
#: A verdict, a state of a timeline.
_STATE: Final = {
    "live": marked("live"),
    "stale": marked("stale"),
    "idle": marked("idle"),
    "unknown": marked("unknown"),
    "gone": marked("gone"),
}

_OUTCOME: Final = {
    OutcomeWord.DONE: marked("done"),
    OutcomeWord.GONE: marked("gone already"),
    OutcomeWord.REFUSED_LIVE: marked("refused: in use"),
    OutcomeWord.REFUSED_CHANGED: marked("refused: changed"),
    OutcomeWord.REFUSED_UNPROVEN: marked("refused: not proved"),
    OutcomeWord.REFUSED_BUSY: marked("refused: busy"),
    OutcomeWord.REFUSED_DENIED: marked("refused: not permitted"),
    OutcomeWord.REFUSED_FORBIDDEN: marked("refused: forbidden"),
    OutcomeWord.FAILED: marked("failed"),
}

_SAYS: Final = {
    Says.LIVE: marked("says live"),
    Says.STALE: marked("says stale"),
    Says.IDLE: marked("says idle"),
    Says.UNKNOWN: marked("could not tell"),
    Says.INFO: marked("for information"),
}


def rank(observation: Observation) -> int:
    """Stale first, then unknown, then live things with something to be done about, then the rest."""
    if observation.verdict is Verdict.LIVE and observation.remedy:
        return 2
    return _RANK[observation.verdict]


def noun(target: Target) -> str:
    """``socket``, ``lock`` or ``container``."""
    return tr(_NOUN[target.kind])


def deed(target: Target) -> str:
    """``Remove socket``, ``Break lock`` or ``Delete container``."""
    return tr(_DEED[target.kind])


def state_word(state: str) -> str:
    """What a verdict, or a state of a timeline, is called in the window: ``live``, ``gone``."""
    return tr(_STATE[state])


def outcome_word(word: OutcomeWord) -> str:
    """``done``, ``refused: in use``, …"""
    return tr(_OUTCOME[word])


def says_word(says: Says) -> str:
    """``says live``, ``could not tell``, …"""
    return tr(_SAYS[says])


def capital(text: str) -> str:
    """With a capital at its beginning."""
    return text[:1].upper() + text[1:]


def deeds(kinds: Collection[KindName], count: int) -> str:
    """Verb and count: ``Remove 3 sockets``, ``Break 1 lock``; of several kinds ``Remove 4 things``."""
    kind = next(iter(kinds)) if len(kinds) == 1 else None
    if kind is KindName.SOCKET:
        return tr("Remove %n socket(s)", "", count)
    if kind is KindName.LOCK:
        return tr("Break %n lock(s)", "", count)
    if kind is KindName.CONTAINER:
        return tr("Delete %n container(s)", "", count)
    return tr("Remove %n thing(s)", "", count)


def evidence_line(observation: Observation) -> str:
    """What speaks for the verdict, in one line: the first finding that says so, else the summary."""
    says = Says(observation.verdict.value)
    found = next((item.detail for item in observation.evidence if item.says is says), observation.summary)
    return sentence(display_text(found))


def full_path(observation: Observation) -> str:
    """The whole path (or locator) in its display form."""
    return display(observation.path if observation.path is not None else observation.target.locator)


def place_text(observation: Observation) -> str:
    """Where a thing is, or for a container: by what name it goes."""
    if observation.target.kind is not KindName.CONTAINER:
        return full_path(observation)
    return fact(observation, "name") or short_id(observation) or full_path(observation)


def target_name(target: Target, path: bytes | None = None) -> str:
    """The last part of a path, or the whole locator."""
    where = path if path is not None else target.path
    if where is None:
        return display(target.locator)
    return display(where.rstrip(b"/").rpartition(b"/")[2] or where)


def commands(observation: Observation) -> tuple[str, ...]:
    """The commands of the program that owns the thing, ready to paste into a shell."""
    return tuple(display_text(value) for name, value in observation.facts if name == "command")


def has_a_tool(observation: Observation) -> bool:
    """Whether its own program is who takes it away, by a command."""
    return fact(observation, "policy") == "tool" and bool(commands(observation))


def remedy(observation: Observation) -> str:
    """What to do, as a sentence: without the commands, which stand beside it, each with its button, and
    empty when the summary says it already.
    """
    said = observation.remedy or ""
    if commands(observation):
        said = said.partition(". Its own command: ")[0]
    return "" if not said or said in observation.summary else sentence(said)


def sentence(text: str) -> str:
    """With a capital at its beginning and a full stop at its end."""
    return capital(text) + ("" if text.endswith((".", "!", "?", "…")) else ".")


def program(observation: Observation) -> str:
    """Whose lock it is; of what no program's format fits: other."""
    named = fact(observation, "program")
    return tr("other", "program") if named == "any" else named


#: What a lock's format allows at most, as a person reads it (the words of its table are what programs read).
_POLICY: Final = {
    "break": marked("offered once it is proved left over"),
    "ask": marked("only on your word"),
    "tool": marked("by its own program"),
    "never": marked("never offered"),
}


def fact(observation: Observation, *names: str) -> str:
    """The value of the first fact with one of these names, or nothing."""
    for wanted in names:
        for name, value in observation.facts:
            if name.lower() == wanted:
                return display_text(value)
    return ""


def facts(observation: Observation) -> list[tuple[str, str]]:
    """What is known of it beside the evidence, to be read in pairs; its commands stand in a place of their own."""
    return [_readable(name, value) for name, value in observation.facts if name != "command"]


def _readable(name: str, value: str) -> tuple[str, str]:
    if name == "policy" and value in _POLICY:
        return tr("Removal"), tr(_POLICY[value])
    return capital(name), display_text(value)


def type_text(observation: Observation) -> str:
    """``stream, 0 of 128``: what it is, and how full its queue."""
    return ", ".join(part for part in (fact(observation, "type"), fact(observation, "queue")) if part)


def owner_text(owner: Owner | None) -> str:
    """``redis-server (4711)``."""
    return f"{display_text(owner.name)} ({owner.pid})" if owner else ""


def holder_text(observation: Observation) -> str:
    """``git (4711)``, and how many others hold it as well."""
    more = f" +{len(observation.others)}" if observation.others else ""
    return f"{owner_text(observation.owner)}{more}"


def waiters_text(observation: Observation) -> str:
    """How many wait for it; nothing when nobody does."""
    return fact(observation, "waiters").partition(":")[0]


def written(observation: Observation) -> str:
    """When a lock was taken, or else last changed: sortable text, empty when not known."""
    return fact(observation, "taken") or fact(observation, "modified")


@lru_cache(maxsize=4096)  # the rows on screen are painted again and again
def _seconds(moment: str) -> float | None:
    try:
        return time.mktime(time.strptime(moment, "%Y-%m-%d %H:%M:%S"))
    except (ValueError, OverflowError):
        return None


def age(moment: str, now: float | None = None) -> str:
    """How long ago a full moment is: ``8 s``, ``5 min``, ``3 h``, ``12 d``; nothing for none."""
    then = _seconds(moment)
    if then is None:
        return ""
    seconds = max((time.time() if now is None else now) - then, 0.0)
    for length, unit in _UNITS:
        if seconds >= length:
            return f"{seconds // length:.0f} {tr(unit, 'unit')}"
    return f"{seconds:.0f} s"


def since(observation: Observation) -> str:
    """When the thing was made, or else its owner started: sortable text, empty when not known."""
    created = fact(observation, "created")
    return created or (full_moment(observation.owner.started) if observation.owner else "")


def there_since(observation: Observation) -> str:
    """Since when the thing itself is there, by its kind: sortable text, empty when not known."""
    if observation.target.kind is KindName.LOCK:
        return written(observation)
    return fact(observation, "created", "made")


def whole_id(observation: Observation) -> str:
    """The id by which its engine or runtime knows a container; nothing for a bundle, which has none."""
    place = observation.target.locator
    if place.startswith(b"bundle:"):
        return ""
    return display(place.rpartition(b":")[2])


def short_id(observation: Observation) -> str:
    """The first twelve digits of an engine's id, as the engines show it; a runtime's id as it is."""
    whole = whole_id(observation)
    return whole[:12] if engine.split(observation.target) is not None else whole


def made_of(observation: Observation) -> str:
    """A container's image, or else its bundle."""
    named = fact(observation, "image", "bundle")
    return named or ("" if engine.split(observation.target) is not None else full_path(observation))


def in_state_since(observation: Observation) -> str:
    """Since when a container is in its state, as far as that is known: started, ended, or made."""
    if observation.verdict is Verdict.LIVE:
        started = full_moment(observation.owner.started) if observation.owner else ""
        return fact(observation, "started") or started or fact(observation, "made")
    finished = fact(observation, "finished")
    # Runtimes do not record it, and say so in words.
    return finished if finished[:1].isdigit() else fact(observation, "made")


def space_text(target: Target, space: Space | None) -> str:
    """What a container takes, short: ``12.3 MB``; what is not known is never a number."""
    if space is None:
        return tr("not yet known") if engine.split(target) is None else tr("not asked")
    if space.takes is None:
        return tr("cannot tell")
    return f"{'≥ ' if space.least else ''}{size_text(space.takes)}"


def space_detail(observation: Observation, space: Space | None) -> str:
    """The same in sentences, with what removing it would free, where it may be removed."""
    if space is None:
        parts = engine.split(observation.target)
        if parts is None:
            return tr("Not yet known: it is being counted.")
        return tr("Not yet known: {engine} is asked when it is chosen.").format(engine=parts[0].title)
    return f"{space.detail} {space.freeing if observation.removable is not Removable.NEVER else ''}".rstrip()


def short_moment(moment: str, today: str | None = None) -> str:
    """The time of a full moment of today, the date of any other."""
    today = today if today is not None else time.strftime("%Y-%m-%d")
    date, _, clock = moment.partition(" ")
    return clock if clock and date == today else date


def moment(when: float, now: float | None = None) -> str:
    """A wall-clock time, as short as it can be without being ambiguous."""
    if when <= 0:
        return ""
    then, today = time.localtime(when), time.localtime(now)
    if then[:3] == today[:3]:
        return time.strftime("%H:%M:%S", then)
    if then[0] == today[0]:
        month = locale().standaloneMonthName(then[1], QLocale.FormatType.ShortFormat)
        return f"{then[2]:02d} {month} {time.strftime('%H:%M', then)}"
    return time.strftime("%Y-%m-%d", then)


def full_moment(when: float) -> str:
    """A wall-clock time with its date, to the second."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(when)) if when > 0 else ""


def ago(seconds: float) -> str:
    """``just now``, ``4 s ago``, ``3 min ago``."""
    if seconds < 1.5:
        return tr("just now")
    if seconds < 90:
        return tr("{seconds} s ago").format(seconds=f"{seconds:.0f}")
    return tr("{seconds} min ago").format(seconds=f"{seconds / 60:.0f}")


def duration(seconds: float) -> str:
    """``5 s``, ``12 min``, ``2 h``: rounded up, so that it never says nothing is left when something is."""
    whole = math.ceil(seconds)
    if whole < 100:
        return f"{whole} s"
    return f"{math.ceil(whole / 60)} min" if whole < 6000 else f"{math.ceil(whole / 3600)} h"


@dataclass(frozen=True, slots=True)
class RemoveState:
    """Whether the Remove action is on, why not, and whether it needs a person's word."""

    enabled: bool
    reason: str
    override: bool = False


def remove_state(observation: Observation | None, blocked: str | None = None) -> RemoveState:
    """What the window offers; the core decides again, on its own, whatever the window offered."""
    if observation is None:
        return RemoveState(False, tr("Select something first."))
    if blocked:
        return RemoveState(False, blocked)
    if observation.verdict is Verdict.LIVE:
        return RemoveState(False, tr("It is in use. Nothing that is in use is ever removed."))
    if observation.removable is Removable.NEVER:
        if has_a_tool(observation):
            return RemoveState(False, tr("It is never removed here: its own program takes it away."))
        said = remedy(observation)
        return RemoveState(False, tr("It is never removed. {said}").format(said=said).rstrip())
    if observation.removable is Removable.OVERRIDE:
        why = (
            tr("It is left over, but what it guarded may be half done; removing it needs your word.")
            if observation.verdict is Verdict.STALE
            else tr("It could not be proved that nobody uses it; removing it needs your word.")
        )
        return RemoveState(True, why, override=True)
    if observation.undoable:
        return RemoveState(True, tr("Nobody uses it. Removing it can be undone while the name is free."))
    return RemoveState(True, tr("Nobody uses it. Removing it cannot be undone."))


def as_text(observation: Observation) -> str:
    """The whole observation as lines of text, for the clipboard."""
    lines = [
        full_path(observation),
        f"{observation.verdict.value}: {observation.label}",
        observation.summary,
        "",
        *(f"{name}: {display_text(value)}" for name, value in observation.facts),
    ]
    for owner in (*((observation.owner,) if observation.owner else ()), *observation.others):
        unit = f", {owner.unit}" if owner.unit else ""
        lines.append(f"owner: {owner_text(owner)}, user {owner.user}{unit}: {display_text(owner.command)}")
    lines.append("evidence:")
    lines += [
        f"  [{item.says.value}] {item.check}: {item.detail} ({item.source})" for item in observation.evidence
    ]
    if observation.remedy:
        lines.append(f"what to do: {observation.remedy}")
    lines += [f"seen at: {full_moment(observation.seen_at)}", f"fingerprint: {observation.fingerprint}"]
    return "\n".join(lines)
