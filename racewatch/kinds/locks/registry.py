"""The registry of lock formats: what comes with racewatch, and what people added.

Three tiers: built in, ``/etc/racewatch/formats.d``, ``$XDG_CONFIG_HOME/racewatch/formats.d``.  **A later
tier never weakens an earlier one**: for a thing that a format of an earlier tier recognises (generic
rules apart), a later one counts only when its policy there is *stricter*.  A broken file is a
problem to show, never a reason to stop; its entries without a mistake count.
"""

from __future__ import annotations

import importlib.resources
import os
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from operator import is_
from types import MappingProxyType
from typing import Final, NamedTuple

import platformdirs

from racewatch.kinds.locks.claim import Claim, ParseFailure
from racewatch.kinds.locks.dispatch import Candidate, Dispatch
from racewatch.kinds.locks.format import FileType, Format, Mechanism, Policy, Tier
from racewatch.kinds.locks.patterns import Place
from racewatch.kinds.locks.reading import read_claim
from racewatch.kinds.locks.schema import FileResult, FormatProblem, read_bytes, read_file
from racewatch.kinds.locks.templates import Found, breaker_path, command, companion_path

_Candidates = tuple[tuple[Candidate, ...], ...]

SYSTEM_FOLDER: Final = b"/etc/racewatch/formats.d"
_FILE: Final = FileType.FILE
_OTHER: Final = FileType.OTHER


class Sighting(NamedTuple):
    """What was seen of one name, as far as formats are told apart by it.

    ``content``: of a file its first bytes (at most :meth:`Registry.read_limit`), of a link its target, of a
    directory the names in it, sorted, NUL between; None when it could not be read, or was not.
    ``held``: the mechanisms of the kernel locks held on it now.  ``opened``: some process has it open.
    """

    path: bytes
    type: FileType
    content: bytes | None = None
    size: int = 0
    links: int = 1
    held: frozenset[Mechanism] = frozenset()
    opened: bool = False


class Identified(NamedTuple):
    """The format of one thing, and what its content says.

    ``claim`` is a :class:`ParseFailure` when the content is not what the format writes, and None when
    there was none to read (or it was not read).
    """

    path: bytes
    format: Format
    claim: Claim | ParseFailure | None
    captures: Mapping[str, bytes]

    @property
    def policy(self) -> Policy:
        """What may be offered for exactly this one."""
        return self.format.policy_for(self.claim)

    @property
    def said(self) -> Claim | None:
        """The claim, when there is one."""
        return self.claim if isinstance(self.claim, Claim) else None

    def companions(self) -> tuple[Found, ...]:
        """What belongs to it, as far as it says enough to know their names."""
        found = (companion_path(one, self.path, self.captures, self.said) for one in self.format.companions)
        return tuple(one for one in found if one is not None)

    def breaker(self) -> bytes | None:
        """The path of the family's own breaker lock."""
        return breaker_path(self.format.breaker.where, self.path) if self.format.breaker else None

    def commands(self) -> tuple[str, ...]:
        """The program's own commands, ready to paste into a shell."""
        made = (command(tool, self.path, self.captures, self.said) for tool in self.format.tools)
        return tuple(one for one in made if one is not None)


class Registry:
    """All formats.  Immutable, usable from any thread."""

    def __init__(self, formats: Iterable[Format], problems: Iterable[FormatProblem] = ()) -> None:
        self.formats: tuple[Format, ...] = tuple(sorted(formats, key=lambda one: (one.tier, one.name)))
        self.problems: tuple[FormatProblem, ...] = tuple(problems)
        self._by_name: Mapping[str, Format] = MappingProxyType({one.name: one for one in self.formats})
        tiers = [[one for one in self.formats if one.tier is tier] for tier in Tier]
        self._tiers = tuple(Dispatch(formats) for formats in tiers if formats)
        # A scan asks three times in a row about the same name.  Formats never change, so the answer cannot
        # become wrong; it is replaced as one, so threads need no lock.
        self._last: tuple[bytes, FileType, _Candidates] = (b"", _OTHER, ())
        self._last_limit: tuple[_Candidates, int] = ((), 0)

    def get(self, name: str) -> Format | None:
        """The format of this name."""
        return self._by_name.get(name)

    def match(self, path: bytes, file_type: FileType) -> Format | None:
        """The most specific format for a path and type, before anything is read of it; None: no lock.

        The policy of what is found here is preliminary: :meth:`identify` decides.
        """
        for tier in self._candidates(path, file_type):
            if tier:
                return tier[0].format
        return None

    def _candidates(self, path: bytes, file_type: FileType) -> _Candidates:
        """Of each tier the formats that fit, most specific first."""
        last_path, last_type, found = self._last
        if last_path != path or last_type is not file_type:
            # Each time the same tuple for most names of one folder, as its dispatch answers with the same one.
            of_tiers = [tier.candidates(path, file_type) for tier in self._tiers]
            if len(of_tiers) != len(found) or not all(map(is_, of_tiers, found)):
                found = tuple(of_tiers)
            self._last = (path, file_type, found)
        return found

    def read_limit(self, path: bytes, file_type: FileType) -> int:
        """How many bytes of content :meth:`identify` wants; 0: the file is not to be opened at all."""
        candidates = self._candidates(path, file_type)
        asked, limit = self._last_limit
        if candidates is asked:
            return limit
        found = [one.format for tier in candidates for one in tier]
        limit = 0
        if not any(one.never_open for one in found):
            limit = max((one.read_limit for one in found), default=0)
        self._last_limit = (candidates, limit)
        return limit

    def identify(self, seen: Sighting) -> Identified | None:
        """The format of what was seen, and its claim; None when no format fits."""
        chosen: Identified | None = None
        path = seen.path
        name = path[path.rfind(b"/") + 1 :]
        for tier in self._candidates(path, seen.type):
            found = _first_that_fits(tier, seen, name)
            if found is not None and (chosen is None or _counts_over(found, chosen)):
                chosen = found
        return chosen

    def places(self, homes: Sequence[bytes], uid: int | None = None) -> tuple[Place, ...]:
        """The folders to look at by default: shell patterns, each once, without those below a recursive one.

        ``uid``: whose runtime folder; None: everybody's.
        """
        found = {
            place
            for one in self.formats
            for pattern in one.where
            for place in pattern.places(tuple(homes), uid)
        }
        deep = {place.folder for place in found if place.recursive}
        return tuple(
            sorted(
                (place for place in found if place.recursive or place.folder not in deep),
                key=lambda place: place.folder,
            )
        )


def _counts_over(later: Identified, earlier: Identified) -> bool:
    if earlier.format.generic:
        return True
    return later.policy.strictness > earlier.policy.strictness


def _first_that_fits(candidates: Sequence[Candidate], seen: Sighting, name: bytes) -> Identified | None:
    path, file_type, content, size, links, held, opened = seen
    is_file = file_type is _FILE
    for candidate in candidates:
        one, captures = candidate.format, candidate.captures
        wanted = one.recognition
        if wanted.held is not None and wanted.held not in held:
            continue
        if wanted.opened and not opened:
            continue
        if is_file:
            if size < wanted.min_size or (wanted.max_size is not None and size > wanted.max_size):
                continue
            if wanted.links is not None and links != wanted.links:
                continue
        claim = read_claim(one, content, name, size if is_file else 0, captures)
        if wanted.by_content and not isinstance(claim, Claim):
            continue
        return Identified(path, one, claim, captures)
    return None


# --- loading ---------------------------------------------------------------------------------------


def user_folder() -> bytes:
    """``$XDG_CONFIG_HOME/racewatch/formats.d``."""
    return os.path.join(os.fsencode(platformdirs.user_config_dir("racewatch")), b"formats.d")


def check_file(path: bytes) -> tuple[FormatProblem, ...]:
    """The mistakes of one format file, as if it were one of the user's."""
    result = read_file(path, Tier.USER)
    return result.problems + _collisions(result, {one.name for one in built_in().formats}, path)


def load(folders: Sequence[tuple[Tier, bytes]] | None = None) -> Registry:
    """The built-in formats and those of the folders; without any given, the usual two."""
    if folders is None:
        folders = ((Tier.SYSTEM, SYSTEM_FOLDER), (Tier.USER, user_folder()))
    ours = built_in()
    formats, problems = {one.name: one for one in ours.formats}, list(ours.problems)
    for tier, folder in folders:
        for path in _toml_files(folder, problems):
            result = read_file(path, tier)
            problems += result.problems + _collisions(result, set(formats), path)
            formats |= {one.name: one for one in result.formats if one.name not in formats}
    return Registry(formats.values(), problems)


@lru_cache(maxsize=1)
def built_in() -> Registry:
    """The formats that come with racewatch."""
    folder = importlib.resources.files("racewatch.kinds.locks").joinpath("formats")
    formats: list[Format] = []
    problems: list[FormatProblem] = []
    for file in sorted(folder.iterdir(), key=lambda one: one.name):
        if file.name.endswith(".toml"):
            result = read_bytes(file.read_bytes(), os.fsencode(file.name), Tier.BUILT_IN)
            formats += result.formats
            problems += result.problems
    return Registry(formats, problems)


def _toml_files(folder: bytes, problems: list[FormatProblem]) -> list[bytes]:
    try:
        names = sorted(name for name in os.listdir(folder) if name.endswith(b".toml"))
    except FileNotFoundError:
        return []
    except OSError as error:
        problems.append(FormatProblem(folder, f"cannot be read: {error.strerror}"))
        return []
    return [os.path.join(folder, name) for name in names]


def _collisions(result: FileResult, names: set[str], path: bytes) -> tuple[FormatProblem, ...]:
    """A name says which format it is, everywhere; it is never given twice."""
    return tuple(
        FormatProblem(
            path,
            "there is a format of this name already; ignored",
            result.line_of(one.name),
            "name",
            one.name,
        )
        for one in result.formats
        if one.name in names
    )
