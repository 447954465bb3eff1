"""Changes to the configuration file: what a person wrote there, comments and order, stays as it is.

The file is replaced whole, in one step, so that nobody ever reads half of it (a protected list that cannot be
understood would stop everything).
"""

from __future__ import annotations

import glob
import os
import stat
import tempfile
from typing import Final

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import AoT, Array

from racewatch.core.text import display
from racewatch.throwaway import discard, move_over

_TRIES: Final = 5


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
    try:
        document = tomlkit.parse(text)
    except (TOMLKitError, RecursionError) as error:
        raise EditError(f"the configuration is not TOML ({error}); put it right first") from error
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
        raise EditError("its protected list is not a list of tables with glob and reason; put it right first")
    return tomlkit.dumps(document)


def protect(file: bytes, pattern: str, reason: str) -> None:
    """Add a rule to this file, which need not exist yet; :class:`EditError` when it cannot be done.

    Whoever saves the file in between is not overwritten: what they wrote is added to.
    """
    # A link stays one: many keep their settings elsewhere.
    path = os.path.realpath(file)
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        for _ in range(_TRIES):
            before = _read(path)
            if _replace(path, before, with_protection(before or "", pattern, reason)):
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
