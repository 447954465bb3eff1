"""Changes to the configuration file: what a person wrote there, comments and order, stays as it is.

The file is replaced whole, in one step, so that nobody ever reads half of it (a protected list that cannot be
understood would stop everything).
"""

from __future__ import annotations

import glob
import os
import stat
import tempfile
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from typing import Final

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import AoT, Array

from racewatch.core.text import display
from racewatch.throwaway import discard, move_over

_TRIES: Final = 5
_NO_LIST: Final = "its protected list is not a list of tables with glob and reason; put it right first"


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
    document = _parsed(text)
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
    return tomlkit.dumps(document)


def with_settings(text: str, changes: Mapping[str, object]) -> str:
    """The text of the file with these settings (``sockets.min_age``); None takes one out, so that its default holds.

    Values are what TOML has: text, numbers, truth, lists of texts.  :class:`EditError` when the text cannot be
    understood, or a table in it is none.
    """
    document = _parsed(text)
    for key, value in changes.items():
        table, _, name = key.rpartition(".")
        inside: MutableMapping[str, object] = document
        if table:
            if table not in document:
                if value is None:
                    continue
                document.add(table, tomlkit.table())
            found = document[table]
            if not isinstance(found, MutableMapping):
                raise EditError(f"its setting {table} is no table; put it right first")
            inside = found
        if isinstance(value, list):
            _set_list(inside, name, value)
        elif value is not None:
            inside[name] = value
        elif name in inside:
            del inside[name]
    return tomlkit.dumps(document)


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
    document = _parsed(text)
    there = document.get("protected")
    left = list(rules)
    if there is not None:
        if not isinstance(there, AoT | Array):
            raise EditError(_NO_LIST)
        for at in reversed(range(len(there))):
            rule = there[at]
            pair = _pair(rule) if isinstance(rule, Mapping) else None
            if pair in left:
                left.remove(pair)
            else:
                del there[at]
        if not there:
            del document["protected"]
    text = tomlkit.dumps(document)
    for pattern, reason in left:
        text = with_protection(text, pattern, reason)
    return text


def _pair(rule: Mapping[str, object]) -> tuple[str, str]:
    return str(rule.get("glob", "")), str(rule.get("reason", ""))


def _parsed(text: str) -> tomlkit.TOMLDocument:
    try:
        return tomlkit.parse(text)
    except (TOMLKitError, RecursionError) as error:
        raise EditError(f"the configuration is not TOML ({error}); put it right first") from error


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
            if _replace(path, before, change(before or "")):
                return
    except UnicodeDecodeError as error:
        raise EditError(f"{display(path)} is not UTF-8; put it right first") from error
    except OSError as error:
        raise EditError(f"{display(path)} cannot be written: {error.strerror}") from error
    raise EditError(f"{display(path)} is being written by another program; try again")


def _read(path: bytes) -> str | None:
    try:
        with open(path, encoding="utf-8", newline="") as file:
            return file.read()
    except FileNotFoundError:
        return None


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
                os.fchmod(fd, stat.S_IMODE(os.stat(path).st_mode))
            os.fsync(fd)
        if _read(path) == before:
            move_over(os.fsdecode(beside), os.fsdecode(path))
            return True
    except BaseException:
        discard(os.fsdecode(beside))
        raise
    discard(os.fsdecode(beside))
    return False
