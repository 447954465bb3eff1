"""From a path to the few formats whose patterns may fit, quickly.

Most names below any root are no locks, so the usual answer, none, must cost next to nothing: one
look-up of the base name, and a slice per distinct length of the known endings and beginnings only for a
name that has one of them.  What is left of the formats with such a name in one folder is found out once
for all its files: hardly ever does an expression have to be tried on a whole path.
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
    folder_fits: Callable[[bytes], re.Match[bytes] | None]
    has_parts: bool
    #: That the name has the key and the folder fits is all there is to ask.
    is_sure: bool
    format: Format
    plain: Candidate


class _Here(NamedTuple):
    """What may fit names of one shape in one folder.

    ``plain`` is the answer for each of them whose path has none of these ``needles`` in it.
    """

    entries: tuple[_Entry, ...]
    plain: tuple[Candidate, ...]
    needles: tuple[bytes, ...]


def _entry(rank: int, one: Format, pattern: PathPattern) -> _Entry:
    return _Entry(
        rank,
        pattern.needle,
        pattern.fullmatch,
        pattern.folder_fits,
        bool(pattern.captures),
        pattern.keys_tell_all,
        one,
        Candidate(one, _NOTHING),
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
        # By the last byte of a name and by its first one, so that hardly any slice is in vain.
        self._suffix_lengths = _lengths(self._suffix, -1)
        self._prefix_lengths = _lengths(self._prefix, 0)
        # What the groups make together; they never change, so it cannot become wrong.
        self._together: dict[tuple[FileType, tuple[int, ...]], tuple[_Entry, ...]] = {}
        # The same of one folder, the last one that was asked about.  Replaced as one: threads need no lock.
        self._folder: tuple[bytes, dict[tuple[FileType, tuple[int, ...]], _Here]] = (b"", {})

    def _group(self, table: dict[bytes, int], text: bytes) -> int:
        """The number of the group under this key; the first group is of the patterns without any."""
        if text not in table:
            table[text] = len(self._groups)
            self._groups.append([])
        return table[text]

    def _here(self, path: bytes, file_type: FileType) -> _Here:
        """What may fit a path: its folder tells, and the groups that its name belongs to."""
        folder, _, name = path.rpartition(b"/")
        groups: tuple[int, ...] = (0,)
        if found := self._exact.get(name):
            groups += (found,)
        if name.endswith(self._suffixes):
            known = self._suffix
            for length in self._suffix_lengths[name[-1]]:
                if found := known.get(name[-length:]):
                    groups += (found,)
        if name.startswith(self._prefixes):
            known = self._prefix
            for length in self._prefix_lengths[name[0]]:
                if found := known.get(name[:length]):
                    groups += (found,)
        last, known_here = self._folder
        if folder != last:
            known_here = {}
            self._folder = (folder, known_here)
        here = known_here.get((file_type, groups))
        if here is None:
            here = known_here[file_type, groups] = self._look_here(folder, file_type, groups)
        return here

    def _look_here(self, folder: bytes, file_type: FileType, groups: tuple[int, ...]) -> _Here:
        if found := self._parent.get(folder[folder.rfind(b"/") + 1 :]):
            groups += (found,)
        together = self._together.get((file_type, groups))
        if together is None:
            together = self._join(file_type, groups)
        inside = folder + b"/"
        entries = tuple(entry for entry in together if entry.folder_fits(inside) is not None)
        plain: dict[str, Candidate] = {}
        for entry in entries:
            if entry.is_sure:
                plain.setdefault(entry.format.name, entry.plain)
        needles = {entry.needle for entry in entries if not entry.is_sure}
        return _Here(entries, tuple(plain.values()), tuple(needles))

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
        entries, plain_ones, needles = self._here(path, file_type)
        for needle in needles:
            if needle in path:
                break
        else:
            return plain_ones
        found: list[Candidate] = []
        done: set[str] = set()
        tried: Callable[[bytes], re.Match[bytes] | None] | None = None
        fits: re.Match[bytes] | None = None
        for _rank, needle, match, _folder_fits, has_parts, is_sure, one, plain in entries:
            if one.name in done:
                continue
            if not is_sure:
                if needle not in path:
                    continue
                if match is not tried:  # many formats in a row have the very same pattern
                    tried, fits = match, match(path)
                if fits is None:
                    continue
            done.add(one.name)
            if has_parts:
                assert fits is not None  # what has parts is never sure
                parts = {name: text for name, text in fits.groupdict().items() if text is not None}
                found.append(Candidate(one, parts))
            else:
                found.append(plain)
        return tuple(found)


def _lengths(texts: Iterable[bytes], edge: int) -> Mapping[int, tuple[int, ...]]:
    """How long the known texts with this first or last byte are."""
    found: dict[int, set[int]] = {}
    for text in texts:
        found.setdefault(text[edge], set()).add(len(text))
    return {byte: tuple(sorted(lengths)) for byte, lengths in found.items()}


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
