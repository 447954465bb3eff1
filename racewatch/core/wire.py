"""The JSON shapes of the public contract, there and back.

Writing never fails on hostile names: a path that is UTF-8 stands as it is (JSON has escapes of its
own), any other is shown escaped in ``path`` and exact in ``path_b64``.  Reading is strict: what is
not exactly the contract's shape raises :class:`WireError` naming the member.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final, TypeVar

from racewatch.core.model import (
    Evidence,
    HistoryEntry,
    KindName,
    Observation,
    Outcome,
    OutcomeWord,
    Owner,
    Problem,
    Removable,
    Says,
    ScanResult,
    Target,
    Verdict,
)
from racewatch.core.text import NotDisplayed, display, display_text, undisplay

SCHEMA: Final = 1

Json = dict[str, object]
_Word = TypeVar("_Word", bound=StrEnum)

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
#: Locators that are not a path, of the kinds whose targets otherwise are: see ``Target``.
_OTHER_LOCATORS: Final = (b"lost:",)


class WireError(ValueError):
    """Not the contract's shape; the message is one line and names the member."""


def dumps(value: object) -> str:
    """One line of ASCII JSON: nothing in it can move a cursor, whatever the strings hold."""
    # json leaves DEL alone, the one ASCII control it does not escape.
    return json.dumps(value, ensure_ascii=True, separators=(",", ":")).replace("\x7f", "\\u007f")


# --- times -------------------------------------------------------------------------------------


def time_to_text(seconds: float) -> str:
    """RFC 3339 in UTC with microseconds; times beyond the calendar are clamped to its ends."""
    try:
        when = _EPOCH + timedelta(microseconds=round(seconds * 1e6))
    except (OverflowError, ValueError):
        when = datetime.max.replace(tzinfo=UTC) if seconds > 0 else datetime.min.replace(tzinfo=UTC)
    return when.isoformat(timespec="microseconds").replace("+00:00", "Z")


def time_from_text(text: str) -> float:
    """Seconds since the epoch; the zone is required (a time without one is a guess)."""
    try:
        when = datetime.fromisoformat(text)
    except ValueError as error:
        raise WireError(f"not an RFC 3339 time: {display_text(text)}") from error
    if when.tzinfo is None:
        raise WireError(f"a time without a zone: {display_text(text)}")
    return (when - _EPOCH) / timedelta(seconds=1)


# --- targets and paths -------------------------------------------------------------------------


def target_to_text(target: Target) -> str:
    """``socket:/run/x.sock``; the locator in its displayed form, so it fits on any line."""
    return f"{target.kind.value}:{display(target.locator)}"


def target_from_text(text: str) -> Target:
    """The target of a full ``kind:locator`` text; raises :class:`WireError`.

    Only exact escapes are taken, so a raw name with a backslash is never read as another name.
    """
    word, colon, rest = text.partition(":")
    if not colon or word not in set(KindName):
        kinds = ", ".join(KindName)
        raise WireError(f"not a target: {display_text(text)} (wanted KIND:LOCATOR, KIND one of {kinds})")
    kind = KindName(word)
    try:
        locator = undisplay(rest)
    except NotDisplayed as error:
        raise WireError(f"not a target: {display_text(text)}: {error}") from error
    if not locator or b"\0" in locator:
        raise WireError(f"not a target: {display_text(text)}: the locator is empty or holds NUL")
    is_path = kind is not KindName.CONTAINER
    if is_path and not locator.startswith((b"/", *_OTHER_LOCATORS)):
        raise WireError(f"not a target: {display_text(text)}: the path is not absolute")
    return Target(kind, locator)


def path_to_json(path: bytes | None) -> Json:
    """The pair of members ``path`` and ``path_b64``."""
    if path is None:
        return {"path": None, "path_b64": None}
    try:
        return {"path": path.decode("utf-8"), "path_b64": None}
    except UnicodeDecodeError:
        return {"path": display(path), "path_b64": base64.b64encode(path).decode("ascii")}


def path_from_json(value: Mapping[str, object], where: str = "") -> bytes | None:
    """The exact path of a pair of members."""
    exact = _optional_text(value, "path_b64", where)
    if exact is not None:
        try:
            return base64.b64decode(exact, validate=True)
        except (binascii.Error, ValueError) as error:
            raise WireError(f"{where}path_b64: not base64") from error
    shown = _optional_text(value, "path", where)
    if shown is None:
        return None
    try:
        return shown.encode("utf-8")
    except UnicodeEncodeError as error:
        raise WireError(f"{where}path: contains a lone surrogate") from error


# --- writing -----------------------------------------------------------------------------------


def _text(text: str) -> str:
    """Text that any JSON reader takes: lone surrogates (from undecodable names) spelled out."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return "".join(display_text(char) if "\ud800" <= char <= "\udfff" else char for char in text)
    return text


def _owner_to_json(owner: Owner) -> Json:
    return {
        "pid": owner.pid,
        "started": time_to_text(owner.started),
        "start_ticks": owner.start_ticks,
        "name": _text(owner.name),
        "user": _text(owner.user),
        "command": _text(owner.command),
        "unit": None if owner.unit is None else _text(owner.unit),
    }


def evidence_to_json(evidence: Evidence) -> Json:
    """One finding."""
    return {
        "check": evidence.check,
        "says": evidence.says.value,
        "source": _text(evidence.source),
        "detail": _text(evidence.detail),
    }


def observation_to_json(seen: Observation) -> Json:
    """The contract's observation, and (additions) ``facts``, ``others`` and ``undoable``."""
    return {
        "kind": seen.target.kind.value,
        "target": target_to_text(seen.target),
        **path_to_json(seen.path),
        "fingerprint": seen.fingerprint,
        "verdict": seen.verdict.value,
        "label": _text(seen.label),
        "summary": _text(seen.summary),
        "evidence": [evidence_to_json(item) for item in seen.evidence],
        "owner": None if seen.owner is None else _owner_to_json(seen.owner),
        "format": seen.format,
        "removable": seen.removable.value,
        "remedy": None if seen.remedy is None else _text(seen.remedy),
        "seen_at": time_to_text(seen.seen_at),
        "facts": [[_text(name), _text(value)] for name, value in seen.facts],
        "others": [_owner_to_json(owner) for owner in seen.others],
        "undoable": seen.undoable,
    }


def problem_to_json(problem: Problem) -> Json:
    """A place that could not be seen."""
    return {**path_to_json(problem.path), "reason": _text(problem.reason)}


def scan_to_json(result: ScanResult) -> Json:
    """``scan --json``."""
    return {
        "schema": SCHEMA,
        "observations": [observation_to_json(seen) for seen in result.observations],
        "problems": [problem_to_json(problem) for problem in result.problems],
    }


def outcome_to_json(outcome: Outcome) -> Json:
    """The contract's outcome."""
    return {
        "target": target_to_text(outcome.target),
        "action": outcome.action,
        "outcome": outcome.word.value,
        "summary": _text(outcome.summary),
        "observation": None if outcome.observation is None else observation_to_json(outcome.observation),
        "undoable": outcome.undoable,
        "error": None if outcome.error is None else _text(outcome.error),
    }


def outcomes_to_json(outcomes: Iterable[Outcome]) -> Json:
    """``remove``, ``apply`` and ``undo --json``."""
    return {"schema": SCHEMA, "outcomes": [outcome_to_json(outcome) for outcome in outcomes]}


def entry_to_json(entry: HistoryEntry) -> Json:
    """One line of the journal; ``outcome`` and ``ended`` are null while it is under way."""
    return {
        "action": entry.action,
        "verb": entry.verb,
        "target": target_to_text(entry.target),
        **path_to_json(entry.path),
        "started": time_to_text(entry.started_at),
        "ended": None if entry.ended_at is None else time_to_text(entry.ended_at),
        "outcome": None if entry.word is None else entry.word.value,
        "summary": _text(entry.summary),
        "observation": None if entry.observation is None else observation_to_json(entry.observation),
        "undoable": entry.undoable,
        "refers_to": entry.refers_to,
        "undone_by": entry.undone_by,
        "kept": entry.kept,
    }


def history_to_json(entries: Iterable[HistoryEntry]) -> Json:
    """``history --json``, newest first."""
    return {"schema": SCHEMA, "history": [entry_to_json(entry) for entry in entries]}


# --- reading -----------------------------------------------------------------------------------


def object_of(value: object, where: str = "") -> Mapping[str, object]:
    """A JSON object, or WireError."""
    if not isinstance(value, dict):
        raise WireError(f"{where.rstrip('.') or 'the document'}: not an object")
    return value


def _member(value: Mapping[str, object], name: str, where: str) -> object:
    if name not in value:
        raise WireError(f"{where}{name}: missing")
    return value[name]


def text_of(value: Mapping[str, object], name: str, where: str = "") -> str:
    """A required string member."""
    item = _member(value, name, where)
    if not isinstance(item, str):
        raise WireError(f"{where}{name}: not a string")
    return item


def _optional_text(value: Mapping[str, object], name: str, where: str) -> str | None:
    return None if value.get(name) is None else text_of(value, name, where)


def _word(words: type[_Word], value: Mapping[str, object], name: str, where: str) -> _Word:
    item = text_of(value, name, where)
    try:
        return words(item)
    except ValueError as error:
        raise WireError(f"{where}{name}: {display_text(item)} is none of {', '.join(words)}") from error


def _int(value: Mapping[str, object], name: str, where: str) -> int:
    item = _member(value, name, where)
    if not isinstance(item, int) or isinstance(item, bool):
        raise WireError(f"{where}{name}: not an integer")
    return item


def _list(value: Mapping[str, object], name: str, where: str) -> Sequence[object]:
    item = _member(value, name, where)
    if not isinstance(item, list):
        raise WireError(f"{where}{name}: not an array")
    return item


def _owner_from_json(value: object, where: str) -> Owner:
    members = object_of(value, where)
    return Owner(
        pid=_int(members, "pid", where),
        start_ticks=_int(members, "start_ticks", where),
        started=time_from_text(text_of(members, "started", where)),
        name=text_of(members, "name", where),
        user=text_of(members, "user", where),
        command=text_of(members, "command", where),
        unit=_optional_text(members, "unit", where),
    )


def _evidence_from_json(value: object, where: str) -> Evidence:
    members = object_of(value, where)
    return Evidence(
        check=text_of(members, "check", where),
        says=_word(Says, members, "says", where),
        source=text_of(members, "source", where),
        detail=text_of(members, "detail", where),
    )


def _fact_from_json(value: object, where: str) -> tuple[str, str]:
    if isinstance(value, list) and len(value) == 2:
        name, text = value
        if isinstance(name, str) and isinstance(text, str):
            return (name, text)
    raise WireError(f"{where}facts: not pairs of strings")


def observation_from_json(value: object, where: str = "") -> Observation:
    """An observation written by :func:`observation_to_json`."""
    members = object_of(value, where)
    target = target_from_text(text_of(members, "target", where))
    if _word(KindName, members, "kind", where) is not target.kind:
        raise WireError(f"{where}kind: does not fit the target")
    owner = members.get("owner")
    return Observation(
        target=target,
        path=path_from_json(members, where),
        fingerprint=text_of(members, "fingerprint", where),
        verdict=_word(Verdict, members, "verdict", where),
        label=text_of(members, "label", where),
        summary=text_of(members, "summary", where),
        evidence=tuple(
            _evidence_from_json(item, f"{where}evidence[{number}].")
            for number, item in enumerate(_list(members, "evidence", where))
        ),
        owner=None if owner is None else _owner_from_json(owner, f"{where}owner."),
        removable=_word(Removable, members, "removable", where),
        seen_at=time_from_text(text_of(members, "seen_at", where)),
        format=_optional_text(members, "format", where),
        remedy=_optional_text(members, "remedy", where),
        facts=tuple(_fact_from_json(item, where) for item in _list(members, "facts", where)),
        others=tuple(
            _owner_from_json(item, f"{where}others[{number}].")
            for number, item in enumerate(_list(members, "others", where))
        ),
        undoable=members.get("undoable") is not False,
    )


def outcome_from_json(value: object, where: str = "") -> Outcome:
    """An outcome written by :func:`outcome_to_json` (an agent's answer, for example)."""
    members = object_of(value, where)
    seen = members.get("observation")
    undoable = _member(members, "undoable", where)
    if not isinstance(undoable, bool):
        raise WireError(f"{where}undoable: not true or false")
    return Outcome(
        target=target_from_text(text_of(members, "target", where)),
        action=text_of(members, "action", where),
        word=_word(OutcomeWord, members, "outcome", where),
        summary=text_of(members, "summary", where),
        observation=None if seen is None else observation_from_json(seen, f"{where}observation."),
        undoable=undoable,
        error=_optional_text(members, "error", where),
    )


# --- plans -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PlanStep:
    """One thing to remove: what it was when the plan was made.  Acted on through its fingerprint."""

    target: Target
    path: bytes | None
    fingerprint: str
    verdict: Verdict
    label: str
    summary: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What was removable at ``created`` (seconds since the epoch).  Every step is re-checked later."""

    created: float
    steps: tuple[PlanStep, ...]


def plan_of(observations: Iterable[Observation], created: float) -> Plan:
    """The plan that removes exactly what ``remove`` would remove without an override."""
    return Plan(
        created,
        tuple(
            PlanStep(seen.target, seen.path, seen.fingerprint, seen.verdict, seen.label, seen.summary)
            for seen in observations
            if seen.removable is Removable.YES
        ),
    )


def plan_to_json(plan: Plan) -> Json:
    """The document that ``plan`` writes and ``apply`` reads."""
    return {
        "schema": SCHEMA,
        "created": time_to_text(plan.created),
        "steps": [
            {
                "target": target_to_text(step.target),
                **path_to_json(step.path),
                "fingerprint": step.fingerprint,
                "verdict": step.verdict.value,
                "label": _text(step.label),
                "summary": _text(step.summary),
            }
            for step in plan.steps
        ],
    }


def plan_from_json(value: object) -> Plan:
    """A plan, strictly: a step that cannot be read refuses the whole plan before anything is done."""
    members = object_of(value)
    schema = _int(members, "schema", "")
    if schema != SCHEMA:
        raise WireError(f"schema: {schema} (this racewatch reads schema {SCHEMA})")
    return Plan(
        created=time_from_text(text_of(members, "created")),
        steps=tuple(
            _step_from_json(item, f"steps[{number}].")
            for number, item in enumerate(_list(members, "steps", ""))
        ),
    )


def _step_from_json(value: object, where: str) -> PlanStep:
    members = object_of(value, where)
    try:
        target = target_from_text(text_of(members, "target", where))
    except WireError as error:
        message = str(error)
        raise WireError(message if message.startswith(where) else f"{where}target: {message}") from error
    fingerprint = text_of(members, "fingerprint", where)
    if not fingerprint:
        raise WireError(f"{where}fingerprint: empty")
    return PlanStep(
        target=target,
        path=path_from_json(members, where),
        fingerprint=fingerprint,
        verdict=_word(Verdict, members, "verdict", where),
        label=text_of(members, "label", where),
        summary=text_of(members, "summary", where),
    )
