"""From the content of one lock to its claim, by the format's grammar."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from racewatch.core.text import display_text
from racewatch.kinds.locks.claim import Claim, ParseFailure, facts_of, number_of, pid_of, text_of
from racewatch.kinds.locks.format import Format, GrammarKind
from racewatch.kinds.locks.parsers import PARSERS
from racewatch.kinds.locks.regexes import LONGEST_INPUT, compile_expression

_NUMBERS: Final = ("start_ticks", "pid_namespace", "thread", "port")
_TIMES: Final = ("boot_time", "time")
_TEXTS: Final = ("host", "user", "boot_id")
#: Captures of paths that are claims; the others only name companions.
_OF_PATH: Final = ("pid", "port", "host", "user")
_NONE: Final = GrammarKind.NONE
_REGEX: Final = GrammarKind.REGEX


def read_claim(
    one: Format, content: bytes | None, name: bytes, size: int, captures: Mapping[str, bytes]
) -> Claim | ParseFailure | None:
    """What content and name say.  None: nothing was read and the name says nothing.

    ``content`` may be shorter than the file's ``size``.  Never raises, and never looks at content of a
    format that is never opened.
    """
    said = _of_name(captures) if captures else None
    if isinstance(said, ParseFailure):
        return said
    kind, text = one.grammar.kind, one.grammar.text
    if one.never_open or kind is _NONE or content is None:
        return said
    if kind is _REGEX:
        found = _by_expression(text, content, size)
    else:
        found = PARSERS[text](content[: one.read_limit], name)
    if said is None or isinstance(found, ParseFailure):
        return found
    if said.pid is not None and found.pid is not None and said.pid != found.pid:
        return ParseFailure(f"its name says pid {said.pid}, its content pid {found.pid}")
    return found.over(said)


def _of_name(captures: Mapping[str, bytes]) -> Claim | ParseFailure | None:
    named = {key: text for key, text in captures.items() if key in _OF_PATH}
    if not named:
        return None
    if "pid" in named and pid_of(named["pid"]) is None:
        return ParseFailure("the number in its name is no process id")
    return _claim(named)


def _by_expression(text: str, content: bytes, size: int) -> Claim | ParseFailure:
    if max(size, len(content)) > LONGEST_INPUT:
        return ParseFailure(f"longer than {LONGEST_INPUT} bytes")
    found = compile_expression(text).fullmatch(content)
    if found is None:
        return ParseFailure("not what this format writes")
    groups = {key: value for key, value in found.groupdict().items() if value is not None}
    if "pid" in groups and pid_of(groups["pid"]) is None:
        return ParseFailure("the number in it is no process id")
    return _claim(groups)


def _claim(groups: Mapping[str, bytes]) -> Claim:
    """The claim of named groups; a name that no field has becomes a fact."""
    numbers = {key: number_of(groups[key]) for key in _NUMBERS if key in groups}
    times = {
        key: float(value) for key in _TIMES if (value := number_of(groups.get(key, b""), 1 << 40)) is not None
    }
    texts = {key: text_of(groups[key]) for key in _TEXTS if key in groups}
    port = numbers.get("port")
    known = {"pid", *_NUMBERS, *_TIMES, *_TEXTS}
    facts = {display_text(key): value for key, value in groups.items() if key not in known}
    return Claim(
        pid=pid_of(groups["pid"]) if "pid" in groups else None,
        host=texts.get("host"),
        user=texts.get("user"),
        boot_id=(texts.get("boot_id") or "").lower() or None,
        boot_time=times.get("boot_time"),
        time=times.get("time"),
        start_ticks=numbers.get("start_ticks"),
        pid_namespace=numbers.get("pid_namespace"),
        thread=numbers.get("thread"),
        port=port if port is not None and port < 65536 else None,
        facts=facts_of(**facts),
    )
