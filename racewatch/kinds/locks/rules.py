"""What must hold between the keys of a format, so that no entry promises more than it can prove."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from racewatch.kinds.locks.format import (
    ADVISORY,
    FileType,
    Format,
    GrammarKind,
    Mechanism,
    Policy,
    Role,
    Rule,
    Tier,
)
from racewatch.kinds.locks.regexes import compile_expression
from racewatch.kinds.locks.templates import TOOL_VARIABLES, variables_of

#: Names that parsers put into ``Claim.related``.
RELATED: Final = frozenset({"datadir", "socketdir", "id"})

_NOT_TAKEN: Final = (Mechanism.HEARTBEAT, Mechanism.DECOY, Mechanism.DATA)

#: Fixed characters that a pattern of one's own must have.
_LEAST_FIXED: Final = 4


def contradictions(one: Format) -> Iterator[tuple[str, str]]:
    """(key, message) of each contradiction."""
    yield from _of_where(one)
    yield from _of_policy(one)
    yield from _of_rules(one)
    yield from _of_content(one)
    yield from _of_companions(one)
    yield from _of_tools(one)


def _of_where(one: Format) -> Iterator[tuple[str, str]]:
    for pattern in one.where:
        _absolute, fixed, _wild = pattern.weight
        if one.tier is not Tier.BUILT_IN and fixed < _LEAST_FIXED:
            yield (
                "where",
                f"{pattern.text}: fits almost any name; at least {_LEAST_FIXED} characters must be fixed",
            )


def _of_policy(one: Format) -> Iterator[tuple[str, str]]:
    if one.policy is Policy.BREAK and not any(rule.is_proof for rule in one.rules):
        yield "rules", "policy break needs a rule that proves it left over"
    if not one.checked and one.policy not in (Policy.ASK, Policy.NEVER):
        yield "policy", "what was not checked is never more than ask"
    if one.generic and one.policy.strictness < Policy.ASK.strictness:
        yield "policy", "a generic format is never more than ask"
    no_lock = one.is_data or Mechanism.DECOY in one.mechanisms
    if no_lock and not one.dirty_policy and one.policy.strictness < Policy.TOOL.strictness:
        yield "policy", "data and decoys are never removed: never, or tool"
    if one.dirty_policy is not None and one.dirty_policy.strictness <= one.policy.strictness:
        yield "dirty_policy", "must be stricter than policy"
    if one.permanent and one.policy in (Policy.BREAK, Policy.ASK):
        yield "policy", "what is meant to stay is not removed: never, or tool"
    if (
        one.is_advisory
        and one.policy is Policy.BREAK
        and set(one.rules) - {Rule.LOCK_FREE, Rule.PID_AND_UNLOCKED}
    ):
        yield "rules", "where the kernel lock excludes, only lock-free or pid-and-unlocked is proof"


def _of_rules(one: Format) -> Iterator[tuple[str, str]]:
    tested = any(companion.role is Role.TESTED for companion in one.companions)
    advisory = bool(ADVISORY & set(one.mechanisms))
    for rule in one.rules:
        if rule in (Rule.PID_IDENTITY, Rule.PID_AND_UNLOCKED) and not _names_pid(one):
            yield (
                "rules",
                f"{rule} needs a pid: content, <pid:digits> in every where, or a companion with role owner",
            )
        if rule in (Rule.LOCK_FREE, Rule.PID_AND_UNLOCKED) and not (tested or advisory):
            yield "rules", f"{rule} needs flock, posix or ofd in mechanism, or a companion with role tested"
        if rule is Rule.HEARTBEAT and one.refresh_period is None:
            yield "rules", "heartbeat needs refresh_period"
    if Rule.NONE in one.rules and len(one.rules) > 1:
        yield "rules", "none stands alone"


def _names_pid(one: Format) -> bool:
    if all("pid" in pattern.captures for pattern in one.where):
        return True
    if any(companion.role is Role.OWNER for companion in one.companions):
        return True
    if one.grammar.kind is GrammarKind.REGEX:
        return "pid" in compile_expression(one.grammar.text).groupindex
    return one.grammar.kind is GrammarKind.PARSER


def _of_content(one: Format) -> Iterator[tuple[str, str]]:
    if one.never_open and one.grammar.kind is not GrammarKind.NONE:
        yield "content", "what is never opened has no content to read"
    if one.recognition.by_content and one.grammar.kind is GrammarKind.NONE:
        yield "recognised.by_content", "needs content"
    if one.recognition.held is not None and one.recognition.held not in ADVISORY:
        yield "recognised.held", "wanted flock, posix or ofd"
    if one.recognition.max_size is not None and one.recognition.max_size < one.recognition.min_size:
        yield "recognised.max_size", "is below min_size"
    if one.children and FileType.DIRECTORY not in one.types:
        yield "children", "only a directory has children"
    if not one.types <= {FileType.FILE, FileType.SYMLINK, FileType.DIRECTORY}:
        yield "type", "a lock is a file, a symlink or a directory"


def _of_companions(one: Format) -> Iterator[tuple[str, str]]:
    captures = [set(pattern.captures) for pattern in one.where]
    common = set.intersection(*captures)
    for companion in one.companions:
        removed = companion.role in (Role.TOGETHER, Role.TWIN)
        known = common | {"name", "pid", "port"} | (set() if removed else RELATED)
        for name in sorted(variables_of(companion.where) - known):
            yield "companions.where", f"{{{name}}} is not known here (known: {', '.join(sorted(known))})"
        if removed and (companion.where.startswith("/") or ".." in companion.where.split("/")):
            yield "companions.where", "what is removed together is in the lock's folder or below it"
        if companion.role is Role.TWIN and "/" in companion.where:
            yield "companions.where", "a twin is looked for in the lock's own folder"
        if companion.role is Role.TOGETHER and "*" in companion.where:
            yield "companions.where", "what is removed together has one name, without *"
    if one.breaker is not None and (variables_of(one.breaker.where) - {"name"} or "/" in one.breaker.where):
        yield "breaker.where", "wanted a name beside the lock; {name} is the lock's own"
    if one.breaker is not None and one.breaker.mechanism in _NOT_TAKEN:
        yield "breaker.mechanism", "wanted one that can be taken: not a heartbeat, a decoy or data"


def _of_tools(one: Format) -> Iterator[tuple[str, str]]:
    captures = [set(pattern.captures) for pattern in one.where]
    known = set.intersection(*captures) | TOOL_VARIABLES | RELATED
    if one.policy is Policy.TOOL and not one.tools:
        yield "tools", "policy tool needs the command"
    for tool in one.tools:
        for name in sorted(variables_of(tool) - known):
            yield "tools", f"{{{name}}} is not known here (known: {', '.join(sorted(known))})"
