"""Reads format files: TOML to :class:`~racewatch.kinds.locks.format.Format`, each mistake with line and key.

A mistake costs its entry, never the file; a file that is no TOML costs the file; nothing raises.
What every key means is in ``formats/README.md``.
"""

from __future__ import annotations

import os
import re
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from racewatch.core.text import display, display_text
from racewatch.kinds.locks.entry import Entry
from racewatch.kinds.locks.format import Format, Tier
from racewatch.kinds.locks.toml_lines import lines_of_entries

#: A format file larger than this is none.
LARGEST_FILE: Final = 1 << 20
_AT_LINE: Final = re.compile(r" \(at line (\d+), column \d+\)$")


@dataclass(frozen=True, slots=True)
class FormatProblem:
    """A mistake in a format file: where, which key of which entry, what was wanted."""

    path: bytes
    message: str
    line: int | None = None
    key: str | None = None
    format: str | None = None

    def __str__(self) -> str:
        """One line: file, line, entry, key, what is wrong."""
        place = display(self.path) + (f", line {self.line}" if self.line else "")
        entry = f"[{self.format}] " if self.format else ""
        return f"{place}: {entry}{self.key + ': ' if self.key else ''}{self.message}"


@dataclass(frozen=True, slots=True)
class FileResult:
    """What one file gave: the entries without a mistake, and the mistakes."""

    formats: tuple[Format, ...] = ()
    problems: tuple[FormatProblem, ...] = ()
    lines: tuple[tuple[str, int | None], ...] = ()

    def line_of(self, name: str) -> int | None:
        """The line where the entry of this name says it."""
        return dict(self.lines).get(name)


def read_file(path: bytes, tier: Tier) -> FileResult:
    """The formats of one file.  Only regular files are opened, and none without bound."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        return _broken(path, f"cannot be read: {error.strerror}")
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            return _broken(path, "is no regular file")
        with os.fdopen(os.dup(fd), "rb") as file:
            raw = file.read(LARGEST_FILE + 1)
    except OSError as error:
        return _broken(path, f"cannot be read: {error.strerror}")
    finally:
        os.close(fd)
    return read_bytes(raw, path, tier)


def read_bytes(raw: bytes, path: bytes, tier: Tier) -> FileResult:
    """The formats written in ``raw``; ``path`` is only named in problems."""
    if len(raw) > LARGEST_FILE:
        return _broken(path, f"is larger than {LARGEST_FILE} bytes")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        return _broken(path, "is not UTF-8", line=raw.count(b"\n", 0, error.start) + 1)
    try:
        table = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        message = str(error)
        found = _AT_LINE.search(message)
        # Without a line it was the end of the document that came too early.
        line = int(found[1]) if found else max(1, len(text.splitlines()))
        return _broken(path, "no TOML: " + display_text(_AT_LINE.sub("", message)), line=line)
    return _read_table(table, text, path, tier)


def _broken(path: bytes, message: str, *, line: int | None = None) -> FileResult:
    return FileResult(problems=(FormatProblem(path, message, line),))


def _read_table(table: Mapping[str, object], text: str, path: bytes, tier: Tier) -> FileResult:
    problems = [
        FormatProblem(path, "unknown; a format file holds [[format]] entries only", key=display_text(key))
        for key in table
        if key != "format"
    ]
    listed = table.get("format", [])
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        problems.append(FormatProblem(path, "wanted [[format]] entries", key="format"))
        listed = []
    if not listed and not problems:
        problems.append(FormatProblem(path, "no [[format]] entry in it"))
    lines = lines_of_entries(text, "format")
    formats: list[Format] = []
    named: dict[str, int | None] = {}
    for number, raw in enumerate(listed):
        where = lines[number] if number < len(lines) else {}
        entry = Entry(raw, tier)
        made = entry.read()
        name = display_text(str(raw.get("name", f"entry {number + 1}")))
        if made is not None and made.name in named:
            entry.mistake("name", "used by an entry above")
            made = None
        problems += [
            FormatProblem(path, message, _line(where, key), key or None, name)
            for key, message in entry.mistakes
        ]
        if made is not None and not entry.mistakes:
            named[made.name] = _line(where, "name")
            formats.append(made)
    return FileResult(tuple(formats), tuple(problems), tuple(named.items()))


def _line(lines: Mapping[str, int], key: str) -> int | None:
    """The line of a key, of the table it is in, or of the entry."""
    while key:
        if key in lines:
            return lines[key]
        key = key.rpartition(".")[0]
    return lines.get("")
