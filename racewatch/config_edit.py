"""Changes to the configuration file: what a person wrote there, comments and order, stays as it is.

The file is replaced whole, in one step, so that nobody ever reads half of it (a protected list that cannot be
understood would stop everything).
"""

from __future__ import annotations

import glob
import os
import re
import stat
import tempfile
import tomllib
from collections import Counter
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from typing import Any, Final

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import AoT, Array

from racewatch.config import read_plain
from racewatch.core.text import display
from racewatch.throwaway import discard, move_over

_TRIES: Final = 5
_NO_LIST: Final = "its protected list is not a list of tables with glob and reason; put it right first"
_NOT_SO: Final = "it is written in a way that cannot be changed from here without damage; change it by hand"
_RULE: Final = re.compile(r"""\s*\[\[\s*["']?protected["']?\s*\]\]""")
_TABLE: Final = re.compile(r"\s*\[")


class EditError(Exception):
    """The file is not one that can be added to; the message is one plain sentence."""


def exactly(path: bytes) -> str:
    """A pattern that stands for this one path.

    A configuration is text: a byte that is none is stood for by ``?``, which is any one byte.
    """
    escaped = glob.escape(path).decode("utf-8", "surrogateescape")
    return "".join("?" if "\udc80" <= char <= "\udcff" else char for char in escaped)


def everything_in(folder: bytes) -> str:
    """A pattern that stands for all that is in this folder, however deep."""
    return os.path.join(exactly(folder), "*")


def with_protection(text: str, pattern: str, reason: str) -> str:
    """The text of the file with one more ``[[protected]]``; :class:`EditError` when it cannot be understood."""
    document, plain = _parsed(text)
    text = document.as_string()
    rules = document.get("protected")
    if rules is None:
        rule = tomlkit.table()
        rule.add("glob", pattern)
        rule.add("reason", reason)
        rules = tomlkit.aot()
        rules.append(rule)
        if text and not text.endswith("\n\n"):
            document.add(tomlkit.nl())
        document.append("protected", rules)
    elif isinstance(rules, AoT):
        rule = tomlkit.table()
        rule.add("glob", pattern)
        rule.add("reason", reason)
        rules.append(rule)
    elif isinstance(rules, Array):
        inline = tomlkit.inline_table()
        inline.add("glob", pattern)
        inline.add("reason", reason)
        rules.append(inline)
    else:
        raise EditError(_NO_LIST)
    there = [*plain.get("protected", ()), {"glob": pattern, "reason": reason}]
    return _sure(tomlkit.dumps(document), {**plain, "protected": there})


def with_settings(text: str, changes: Mapping[str, object]) -> str:
    """The text of the file with these settings (``sockets.min_age``); None takes one out, so that its default holds.

    Values are what TOML has: text, numbers, truth, lists of texts.  :class:`EditError` when the text cannot be
    understood, or a table in it is none.
    """
    document, wanted = _parsed(text)
    for key, value in changes.items():
        table, _, name = key.rpartition(".")
        inside: MutableMapping[str, object] = document
        plain = wanted
        if table:
            if table not in document:
                if value is None:
                    continue
                document.add(table, tomlkit.table())
            found = document[table]
            if not isinstance(found, MutableMapping):
                raise EditError(f"its setting {table} is no table; put it right first")
            inside, plain = found, wanted.setdefault(table, {})
        if value is None:
            plain.pop(name, None)
        else:
            plain[name] = value
        if isinstance(value, list):
            _set_list(inside, name, value)
        elif value is not None:
            inside[name] = value
        elif name in inside:
            del inside[name]
    return _sure(tomlkit.dumps(document), wanted)


def _set_list(inside: MutableMapping[str, object], name: str, texts: list[object]) -> None:
    """What stays in a list keeps its place and its comment."""
    there = inside.get(name)
    if isinstance(there, Array):
        for at in reversed(range(len(there))):
            if there[at] not in texts:
                del there[at]
        there.extend([text for text in texts if text not in there])
        if list(there) == texts:
            return
    array = tomlkit.array()
    array.extend(texts)
    inside[name] = array.multiline(multiline=len(texts) > 1)


def with_protected(text: str, rules: Sequence[tuple[str, str]]) -> str:
    """The text of the file with exactly these rules (pattern, reason); what stays of them is not touched."""
    document, plain = _parsed(text)
    there = document.get("protected")
    left = list(rules)
    if there is not None:
        if not isinstance(there, AoT | Array):
            raise EditError(_NO_LIST)
        others = []
        for at, rule in enumerate(there):
            pair = _pair(rule) if isinstance(rule, Mapping) else None
            if pair in left:
                left.remove(pair)
            else:
                others.append(at)
        wanted = [rule for at, rule in enumerate(plain["protected"]) if at not in others]
        text = _without(document, there, others)
        text = _sure(text, {**plain, "protected": wanted} if wanted else _but_protected(plain))
    for pattern, reason in left:
        text = with_protection(text, pattern, reason)
    return text


def with_protected_changed(
    text: str, before: Sequence[tuple[str, str]], after: Sequence[tuple[str, str]]
) -> str:
    """The same change as from the rules ``before`` to ``after``: what somebody else added meanwhile stays."""
    taken, added = Counter(before) - Counter(after), Counter(after) - Counter(before)
    rules = []
    for pair in rules_in(text):
        if taken[pair]:
            taken[pair] -= 1
        else:
            rules.append(pair)
    return with_protected(text, [*rules, *added.elements()])


def rules_in(text: str) -> list[tuple[str, str]]:
    """The rules (pattern, reason) of the file, as they are written; :class:`EditError` when it cannot be understood."""
    there = _parsed(text)[1].get("protected", [])
    return [_pair(rule) for rule in there if isinstance(rule, Mapping)] if isinstance(there, list) else []


def _without(document: tomlkit.TOMLDocument, there: AoT | Array, others: Sequence[int]) -> str:
    """The text without these rules."""
    if isinstance(there, AoT):
        return _cut(document.as_string(), others)
    for at in reversed(others):
        del there[at]
    if not there:
        del document["protected"]
    return tomlkit.dumps(document)


def _cut(text: str, others: Sequence[int]) -> str:
    """Without these tables, line by line: tomlkit takes the comments above the *next* table for a part of this one."""
    kept: list[str] = []
    block: list[str] = []  # the lines of a table that goes
    number, going = -1, False
    for line in text.splitlines(keepends=True):
        if _TABLE.match(line):
            kept += _after_last_key(block)
            block = []
            is_rule = _RULE.match(line) is not None
            number += is_rule
            going = is_rule and number in others
        (block if going else kept).append(line)
    return "".join([*kept, *_after_last_key(block)])


def _after_last_key(block: Sequence[str]) -> Sequence[str]:
    """The empty lines and comments that only come after it."""
    last = max((at for at, line in enumerate(block) if line.strip() and line.strip()[0] != "#"), default=-1)
    return block[last + 1 :]


def _pair(rule: Mapping[str, object]) -> tuple[str, str]:
    return str(rule.get("glob", "")), str(rule.get("reason", ""))


def _parsed(text: str) -> tuple[tomlkit.TOMLDocument, dict[str, Any]]:
    """As it is written, and what it means."""
    if text and not text.endswith("\n"):
        text += "\n"  # else what is added goes on in the last line, be that a comment
    try:
        return tomlkit.parse(text), tomllib.loads(text)
    except (TOMLKitError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise EditError(f"the configuration is not TOML ({error}); put it right first") from error


def _sure(text: str, wanted: Mapping[str, object]) -> str:
    """The same text, if it means this and nothing else: a file is rather left alone than damaged."""
    try:
        meant = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise EditError(_NOT_SO) from error
    if meant != wanted:
        raise EditError(_NOT_SO)
    return text


def _but_protected(plain: Mapping[str, object]) -> Mapping[str, object]:
    return {name: value for name, value in plain.items() if name != "protected"}


def protect(file: bytes, pattern: str, reason: str) -> None:
    """Add a rule to this file, which need not exist yet; :class:`EditError` when it cannot be done."""
    edit(file, lambda text: with_protection(text, pattern, reason))


def edit(file: bytes, change: Callable[[str], str]) -> None:
    """Replace this file, which need not exist yet, by its changed text; :class:`EditError` when it cannot be done.

    Whoever saves the file in between is not overwritten: what they wrote is changed instead.
    """
    # A link stays one: many keep their settings elsewhere.
    path = os.path.realpath(file)
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        for _ in range(_TRIES):
            before = _read(path)
            if before is not None and not os.access(path, os.W_OK):
                raise EditError(f"{display(path)} is read-only")
            if _replace(path, before, change(before or "")):
                return
    except UnicodeDecodeError as error:
        raise EditError(f"{display(path)} is not UTF-8; put it right first") from error
    except OSError as error:
        raise EditError(f"{display(path)} cannot be written: {error.strerror}") from error
    raise EditError(f"{display(path)} is being written by another program; try again")


def _read(path: bytes) -> str | None:
    try:
        return read_plain(path).decode("utf-8")
    except FileNotFoundError:
        return None


def _mode_for(path: bytes, fd: int) -> int:
    """The mode of the file that is replaced; never more for a group that it did not belong to."""
    there = os.stat(path)
    mode = stat.S_IMODE(there.st_mode)
    if there.st_gid != os.fstat(fd).st_gid:
        try:
            os.fchown(fd, -1, there.st_gid)
        except OSError:  # not a group of this user: the group it gets may do what it could before, as anybody
            mode = mode & ~stat.S_IRWXG | (mode & stat.S_IRWXO) << 3
    return mode


def _replace(path: bytes, before: str | None, after: str) -> bool:
    """Write it beside and put it in its place; False when the file is another by then.

    Left open: whoever saves it between that last look and the next system call.
    """
    fd, beside = tempfile.mkstemp(prefix=b".config-", suffix=b".new", dir=os.path.dirname(path))
    try:
        with open(fd, "w", encoding="utf-8", newline="") as file:
            file.write(after)
            file.flush()
            if before is not None:
                os.fchmod(fd, _mode_for(path, fd))
            os.fsync(fd)
        if _read(path) == before:
            move_over(os.fsdecode(beside), os.fsdecode(path))
            return True
    except BaseException:
        discard(os.fsdecode(beside))
        raise
    discard(os.fsdecode(beside))
    return False
