"""The registry as a table for people (``racewatch formats``)."""

from __future__ import annotations

from dataclasses import dataclass

from racewatch.kinds.locks.format import Format, Policy, Tier
from racewatch.kinds.locks.registry import Registry

_TIERS = {Tier.BUILT_IN: "built in", Tier.SYSTEM: "/etc", Tier.USER: "own"}
_POLICIES = {
    Policy.BREAK: "break when proved",
    Policy.ASK: "ask",
    Policy.TOOL: "its own tool",
    Policy.NEVER: "never",
}


@dataclass(frozen=True, slots=True)
class FormatRow:
    """One format in words; every field is one line of plain text."""

    name: str
    program: str
    title: str
    where: str
    mechanism: str
    policy: str
    proof: str
    consequence: str
    remedy: str
    tools: str
    source: str
    checked: bool
    origin: str


def table(registry: Registry) -> tuple[FormatRow, ...]:
    """All formats, by program and name; the generic ones last."""
    ordered = sorted(registry.formats, key=lambda one: (one.generic, one.program.lower(), one.name))
    return tuple(map(_row, ordered))


def _row(one: Format) -> FormatRow:
    policy = _POLICIES[one.policy]
    if one.dirty_policy is not None:
        policy += f"; with unsaved work inside: {_POLICIES[one.dirty_policy]}"
    return FormatRow(
        name=one.name,
        program=one.program,
        title=one.title,
        where=", ".join(pattern.text for pattern in one.where),
        mechanism=", ".join(one.mechanisms),
        policy=policy,
        proof="; or ".join(rule.says for rule in one.rules) or "none",
        consequence=one.consequence,
        remedy=one.remedy,
        tools="; ".join(one.tools),
        source=one.source,
        checked=one.checked,
        origin=_TIERS[one.tier],
    )
