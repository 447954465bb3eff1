"""The incident note: one observation as Markdown, to paste into a ticket.

Names are hostile: in the note they stand in code spans that they cannot end, and no other text can make
a heading, a link or a table of itself.
"""

from __future__ import annotations

import re
import socket
from typing import Final

from racewatch import __version__
from racewatch.core import wire
from racewatch.core.model import Observation, Owner
from racewatch.core.text import display_text, one_line
from racewatch.ui import remains, words

#: What can mean something within a line.  What means something only at its beginning never stands there.
_SPECIAL: Final = re.compile(r"([\\`*_\[\]<>|~&$^@])")
_TICKS: Final = re.compile(r"`+")


def plain(text: str) -> str:
    """Text that means itself in Markdown."""
    return _SPECIAL.sub(r"\\\1", one_line(text))


def code(text: str) -> str:
    """A name as code, in a fence longer than any in it."""
    text = one_line(text)
    fence = "`" * (max((len(run) for run in _TICKS.findall(text)), default=0) + 1)
    pad = " " if text.startswith(("`", " ")) or text.endswith(("`", " ")) else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def incident_note(seen: Observation, *, may: str, since: str, now: float, space: str = "") -> str:
    """What, where, since when, verdict, evidence, holders, risks; who says so, and when.

    ``may`` is whether it can be removed, ``since`` how long it was seen in this state (may be empty), ``space``
    what it takes on the disk.
    """
    host = display_text(socket.gethostname())
    where = words.full_path(seen)
    there = words.there_since(seen) or words.since(seen)
    lines = [
        f"## {plain(seen.label[:1].upper() + seen.label[1:])}: {code(where)}",
        "",
        f"* **What:** {words.noun(seen.target)}" + (f", {plain(seen.format)}" if seen.format else ""),
        f"* **Where:** {code(where)} on {code(host)}",
        *([f"* **There since:** {plain(there)}"] if there else []),
        *([f"* **In this state:** {plain(since)}"] if since else []),
        f"* **Verdict:** {seen.verdict.value}. {plain(seen.summary)}",
        f"* **Removing it:** {plain(may)}",
        *([f"* **What to do:** {plain(words.remedy(seen))}"] if words.remedy(seen) else []),
        *(f"* **Command:** {code(command)}" for command in words.commands(seen)),
        *([f"* **Space:** {plain(space)}"] if space else []),
        f"* **Seen at:** {wire.time_to_text(seen.seen_at)}",
        f"* **Fingerprint:** {code(seen.fingerprint)}",
        "",
        "### Evidence",
        "",
    ]
    lines += [
        f"* {words.says_word(one.says)}: {plain(one.detail)} ({plain(one.check)}, by {code(one.source)})"
        for one in remains.found(seen)
    ]
    owners = (*((seen.owner,) if seen.owner else ()), *seen.others)
    lines += ["", "### Holders", ""]
    lines += [f"* {_holder(one)}" for one in owners] or ["* none that can be seen"]
    risks = remains.risks(seen)
    if risks:
        lines += ["", "### What stays open if it is removed", "", *(f"* {plain(one)}" for one in risks)]
    lines += ["", f"racewatch {__version__} on {code(host)}, {wire.time_to_text(now)}", ""]
    return "\n".join(lines)


def _holder(owner: Owner) -> str:
    parts = [
        f"{code(display_text(owner.name))} (process {owner.pid})",
        f"user {code(display_text(owner.user))}",
    ]
    if owner.unit:
        parts.append(f"unit {code(display_text(owner.unit))}")
    if owner.started > 0:
        parts.append(f"since {wire.time_to_text(owner.started)}")
    if owner.command:
        parts.append(code(display_text(owner.command)))
    return ", ".join(parts)
