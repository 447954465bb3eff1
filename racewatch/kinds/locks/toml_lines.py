"""At which line of a TOML file a key is written; tomllib does not tell."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

_HEADER: Final = re.compile(r"\s*(\[\[?)\s*([^\[\]#]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY: Final = re.compile(r"\s*([A-Za-z0-9_\-.\"' ]+?)\s*=")
_QUOTES: Final = re.compile(r"\"\"\"|'''|\"(?:\\.|[^\"\\])*\"|'[^']*'|#")


def lines_of_entries(text: str, table: str) -> tuple[Mapping[str, int], ...]:
    """For each ``[[table]]`` in order, the lines of its keys; the empty key is its header.

    ``a.b`` is key ``b`` of the sub-table ``a``; of an inline table only the key itself has a line.
    """
    entries: list[dict[str, int]] = []
    prefix: str | None = None
    quote = ""
    for number, row in enumerate(text.split("\n"), 1):
        inside, quote = bool(quote), _open_quote(row, quote)
        if inside:
            continue
        if header := _HEADER.match(row):
            brackets, written = header[1], _plain(header[2])
            if written == table and brackets == "[[":
                entries.append({"": number})
                prefix = ""
            elif entries and written.startswith(table + "."):
                prefix = written.removeprefix(table + ".")
                entries[-1].setdefault(prefix, number)
                prefix += "."
            else:
                prefix = None
        elif prefix is not None and (key := _KEY.match(row)):
            entries[-1].setdefault(prefix + _plain(key[1]), number)
    return tuple(entries)


def _open_quote(row: str, quote: str) -> str:
    """The triple quote that is still open at the end of this row."""
    at = 0
    if quote:
        end = row.find(quote)
        if end < 0:
            return quote
        at = end + 3
    for found in _QUOTES.finditer(row, at):
        mark = found.group()
        if mark == "#":
            return ""
        if mark in ('"""', "'''"):
            return _open_quote(row[found.end() :], mark)
    return ""


def _plain(written: str) -> str:
    return ".".join(part.strip().strip("\"'") for part in written.split("."))
