"""From a path to the few formats whose patterns may fit, quickly.

Most names below any root are no locks, so the usual answer, none, must cost next to nothing: one
look-up of the base name, and a slice per distinct length of the known endings and beginnings only for a
name that has one of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, NamedTuple

from racewatch.kinds.locks.format import FileType, Format
from racewatch.kinds.locks.patterns import PathPattern

_NOTHING: Final[Mapping[str, bytes]] = MappingProxyType({})
#: More combinations of known beginnings and endings than this have no names of a usual machine.
_MOST_REMEMBERED: Final = 4096


@dataclass(frozen=True, slots=True)
class Candidate:
    """A format whose pattern fits the path, with the named parts of the match."""

    format: Format
    captures: Mapping[str, bytes]


class _Entry(NamedTuple):
    """One pattern of one format, ready to be tried."""

    rank: int
    needle: bytes
    match: Callable[[bytes], re.Match[bytes] | None]
    has_parts: bool
    format: Format
    plain: Candidate


def _entry(rank: int, one: Format, pattern: PathPattern) -> _Entry:
    return _Entry(
        rank, pattern.needle, pattern.fullmatch, bool(pattern.captures), one, Candidate(one, _NOTHING)
    )


class Dispatch:
    """An immutable index of formats; :meth:`candidates` gives them most specific first."""

    def __init__(self, formats: Iterable[Format]) -> None:
        self._groups: list[list[_Entry]] = [[]]
        self._exact: dict[bytes, int] = {}
        self._suffix: dict[bytes, int] = {}
        self._prefix: dict[bytes, int] = {}
        self._parent: dict[bytes, int] = {}
        tables = {
            "exact": self._exact,
            "suffix": self._suffix,
            "prefix": self._prefix,
            "parent": self._parent,
        }
        pairs = [(one, pattern) for one in formats for pattern in one.where]
        for rank, (one, pattern) in enumerate(sorted(pairs, key=_order)):
            entry = _entry(rank, one, pattern)
            for key in pattern.keys:
                table = tables.get(key.kind)
                self._groups[0 if table is None else self._group(table, key.text)].append(entry)
        self._suffixes, self._prefixes = tuple(self._suffix), tuple(self._prefix)
        self._suffix_lengths = tuple(sorted({len(text) for text in self._suffix}))
        self._prefix_lengths = tuple(sorted({len(text) for text in self._prefix}))
        # What the groups make together; they never change, so it cannot become wrong.
        self._together: dict[tuple[FileType, tuple[int, ...]], tuple[_Entry, ...]] = {}

    def _group(self, table: dict[bytes, int], text: bytes) -> int:
        """The number of the group under this key; the first group is of the patterns without any."""
        if text not in table:
            table[text] = len(self._groups)
            self._groups.append([])
        return table[text]

    def _entries(self, path: bytes, file_type: FileType) -> tuple[_Entry, ...]:
        folder, _, name = path.rpartition(b"/")
        groups: tuple[int, ...] = (0,)
        if found := self._exact.get(name):
            groups += (found,)
        if name.endswith(self._suffixes):
            known = self._suffix
            for length in self._suffix_lengths:
                if found := known.get(name[-length:]):
                    groups += (found,)
        if name.startswith(self._prefixes):
            known = self._prefix
            for length in self._prefix_lengths:
                if found := known.get(name[:length]):
                    groups += (found,)
        if found := self._parent.get(folder[folder.rfind(b"/") + 1 :]):
            groups += (found,)
        together = self._together.get((file_type, groups))
        return self._join(file_type, groups) if together is None else together

    def _join(self, file_type: FileType, groups: tuple[int, ...]) -> tuple[_Entry, ...]:
        entries = (
            entry for group in groups for entry in self._groups[group] if file_type in entry.format.types
        )
        joined = tuple(sorted(entries, key=_by_rank))
        if len(self._together) >= _MOST_REMEMBERED:
            self._together.clear()
        self._together[file_type, groups] = joined
        return joined

    def candidates(self, path: bytes, file_type: FileType) -> tuple[Candidate, ...]:
        """The formats that fit this path and type, most specific first, each once."""
        found: list[Candidate] = []
        done: set[str] = set()
        tried: Callable[[bytes], re.Match[bytes] | None] | None = None
        fits: re.Match[bytes] | None = None
        for _rank, needle, match, has_parts, one, plain in self._entries(path, file_type):
            if needle not in path or one.name in done:
                continue
            if match is not tried:  # many formats in a row have the very same pattern
                tried, fits = match, match(path)
            if fits is None:
                continue
            done.add(one.name)
            if has_parts:
                parts = {name: text for name, text in fits.groupdict().items() if text is not None}
                found.append(Candidate(one, parts))
            else:
                found.append(plain)
        return tuple(found)


def _by_rank(entry: _Entry) -> int:
    return entry.rank


def _order(pair: tuple[Format, PathPattern]) -> tuple[object, ...]:
    """Smaller is tried first: own before generic, then the more specific pattern, then what tells more.

    With equally specific patterns, what is recognised by more (its content, a kernel lock held, an open
    descriptor, its size) comes before what takes anything; the name makes it deterministic.
    """
    one, pattern = pair
    seen = one.recognition
    demands = (
        seen.by_content * 8
        + (seen.held is not None) * 4
        + seen.opened * 2
        + (seen.max_size is not None or seen.min_size > 0 or seen.links is not None)
    )
    absolute, literals, wild = pattern.weight
    return (one.generic, -absolute, -literals, -wild, -demands, one.name, pattern.text)
