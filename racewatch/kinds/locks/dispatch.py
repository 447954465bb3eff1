"""From a path to the few formats whose patterns may fit, quickly.

Most names below any root are no locks, so the usual answer, none, must cost next to nothing: one
look-up of the base name and one slice per distinct length of the known endings and beginnings.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from racewatch.kinds.locks.format import FileType, Format
from racewatch.kinds.locks.patterns import PathPattern


@dataclass(frozen=True, slots=True)
class Candidate:
    """A format whose pattern fits the path, with the named parts of the match."""

    format: Format
    captures: Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class _Entry:
    rank: int
    pattern: PathPattern
    format: Format


class Dispatch:
    """An immutable index of formats; :meth:`candidates` gives them most specific first."""

    def __init__(self, formats: Iterable[Format]) -> None:
        self._exact: dict[bytes, list[_Entry]] = {}
        self._suffix: dict[bytes, list[_Entry]] = {}
        self._prefix: dict[bytes, list[_Entry]] = {}
        self._parent: dict[bytes, list[_Entry]] = {}
        self._rest: list[_Entry] = []
        tables = {
            "exact": self._exact,
            "suffix": self._suffix,
            "prefix": self._prefix,
            "parent": self._parent,
        }
        pairs = [(one, pattern) for one in formats for pattern in one.where]
        for rank, (one, pattern) in enumerate(sorted(pairs, key=_order)):
            entry = _Entry(rank, pattern, one)
            for key in pattern.keys:
                table = tables.get(key.kind)
                (self._rest if table is None else table.setdefault(key.text, [])).append(entry)
        self._suffix_lengths = tuple(sorted({len(text) for text in self._suffix}))
        self._prefix_lengths = tuple(sorted({len(text) for text in self._prefix}))

    def _entries(self, path: bytes) -> list[_Entry]:
        folder, _, name = path.rpartition(b"/")
        found = self._rest
        if exact := self._exact.get(name):
            found = found + exact
        suffix, prefix = self._suffix, self._prefix
        for length in self._suffix_lengths:
            if more := suffix.get(name[-length:]):
                found = found + more
        for length in self._prefix_lengths:
            if more := prefix.get(name[:length]):
                found = found + more
        if more := self._parent.get(folder[folder.rfind(b"/") + 1 :]):
            found = found + more
        return found

    def candidates(self, path: bytes, file_type: FileType) -> Iterator[Candidate]:
        """The formats that fit this path and type, most specific first, each once."""
        entries = self._entries(path)
        if not entries:
            return
        done: set[str] = set()
        for entry in sorted(entries, key=_by_rank):
            one = entry.format
            if file_type not in one.types or one.name in done:
                continue
            match = entry.pattern.match(path)
            if match is not None:
                done.add(one.name)
                yield Candidate(
                    one, {name: text for name, text in match.groupdict().items() if text is not None}
                )


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
