"""Patterns of paths: what ``where`` of a format is written in.

==================  ============================================================================
``/tmp/.X<n>-lock``  begins with a slash: a whole path, and a place to look at by default
``~/.gnupg/*.lock``  below any folder when matching; below each home as a place to look at
``.git/*.lock``      anything else: the last components of a path
``**``               as a component, once: any number of folders, none too
``*`` ``?``          any run of characters, one character; never a slash
``<n>``              a part with a name, for companions and tools; one character or more
``<n:digits>``       one that is a number (also ``hex``, ``hex64``); ``pid`` and ``port`` become claims
``<n:a|b>`` ``<a|b>``  one of these words, with or without a name
``{uid}``            in a folder of a whole path: the user's number (any, when matching)
==================  ============================================================================
"""

from __future__ import annotations

import enum
import itertools
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

_KINDS: Final = {
    "any": rb"[^/]+",
    "digits": rb"[0-9]{1,19}",
    "hex": rb"[0-9a-f]{1,128}",
    "hex64": rb"[0-9a-f]{64}",
}
_TOKEN: Final = re.compile(
    r"(?P<stars>\*\*|\*|\?)|<(?P<part>[^<>/]*)>|(?P<uid>\{uid\})|(?P<bad>[<>{}])|.", re.DOTALL
)
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,31}")
_MOST_WORDS: Final = 64


class BadPattern(ValueError):
    """The pattern cannot be used; the message says why."""


class Anchor(enum.StrEnum):
    """Where a pattern holds on."""

    ABSOLUTE = "absolute"
    HOME = "home"
    SUFFIX = "suffix"


@dataclass(frozen=True, slots=True)
class _Piece:
    """A piece of one component: fixed text, alternatives (``words``), or something of any text."""

    regex: bytes
    glob: bytes
    words: tuple[bytes, ...] = ()
    capture: str | None = None
    is_number: bool = False


#: Any text of a component that has more in it; none, too.
_ANY: Final = _Piece(rb"[^/]*", b"*")


@dataclass(frozen=True, slots=True)
class Key:
    """How a pattern is found quickly from a base name: by all of it, its end, its beginning, or its folder."""

    kind: str  # exact, suffix, prefix, parent, rest
    text: bytes


@dataclass(frozen=True, slots=True)
class Place:
    """A folder to look at by default: a shell pattern of folders, and whether to go below."""

    folder: bytes
    recursive: bool = False


@dataclass(frozen=True, slots=True)
class PathPattern:
    """One compiled pattern.  Equal texts are equal patterns."""

    text: str
    anchor: Anchor
    regex: bytes
    #: The part of :attr:`regex` that is about the folder, with the slash after it.
    folder_regex: bytes
    #: A literal that every matching path contains; a cheap test before the expression.
    needle: bytes
    keys: tuple[Key, ...]
    #: Whether a name that has one of the keys fits in every folder that fits.
    keys_tell_all: bool
    #: Larger is more specific.
    weight: tuple[int, int, int]
    captures: tuple[str, ...]
    folder: bytes
    recursive: bool

    def match(self, path: bytes) -> re.Match[bytes] | None:
        """The match of a whole absolute path."""
        if self.needle not in path:
            return None
        return self.fullmatch(path)

    @property
    def fullmatch(self) -> Callable[[bytes], re.Match[bytes] | None]:
        """The bare expression, for who has looked for :attr:`needle` already; one for equal patterns."""
        return _compiled(self.regex)

    @property
    def folder_fits(self) -> Callable[[bytes], re.Match[bytes] | None]:
        """Whether things in a folder (with a slash at its end) can fit at all: a name never decides a folder."""
        return _compiled(self.folder_regex)

    def match_name(self, name: bytes) -> bool:
        """Whether a bare name (a child of a directory lock) fits."""
        return self.match(b"/" + name) is not None

    def places(self, homes: tuple[bytes, ...], uid: int | None) -> tuple[Place, ...]:
        """The folders this pattern names outright; none for one that may match anywhere."""
        number = b"*" if uid is None else b"%d" % uid
        folder = self.folder.replace(b"{uid}", number)
        if self.anchor is Anchor.ABSOLUTE:
            return (Place(folder or b"/", self.recursive),)
        if self.anchor is Anchor.HOME:
            return tuple(Place(home.rstrip(b"/") + folder, self.recursive) for home in homes)
        return ()


@lru_cache(maxsize=4096)
def _compiled(regex: bytes) -> Callable[[bytes], re.Match[bytes] | None]:
    return re.compile(regex).fullmatch


def compile_pattern(text: str) -> PathPattern:
    """The pattern written as ``text``; raises :class:`BadPattern`."""
    anchor, parts = _components(text)
    if any(not part for part in parts):
        raise BadPattern("empty component (two slashes, or one at the end)")
    if parts.count("**") > 1:
        # Each one costs a factor of the path's length when nothing fits in the end.
        raise BadPattern("more than one **")
    if parts[-1] == "**":
        raise BadPattern("** cannot be the last component; write **/*")
    components = [
        None if part == "**" else _pieces(part, last=n == len(parts) - 1) for n, part in enumerate(parts)
    ]
    names = [piece.capture for part in components if part for piece in part if piece.capture]
    if len(set(names)) != len(names):
        raise BadPattern("the same name twice in < >")
    start = b"/" if anchor is Anchor.ABSOLUTE else b"/(?:[^/]++/)*"
    folders = start + _joined(components[:-1])
    fixed = sum(min(map(len, piece.words)) for part in components if part for piece in part if piece.words)
    wild = sum(1 if part is None else sum(not piece.words for piece in part) for part in components)
    last = components[-1]
    assert last is not None
    keys = _keys(last, components[-2] if len(components) > 1 else None)
    folder, recursive = _folder(components[:-1])
    return PathPattern(
        text=text,
        anchor=anchor,
        regex=folders + b"".join(piece.regex for piece in last),
        folder_regex=folders,
        needle=_needle(components),
        keys=keys,
        keys_tell_all=not names and _tell_all(keys, last),
        weight=(int(anchor is Anchor.ABSOLUTE), fixed, -wild),
        captures=tuple(names),
        folder=folder,
        recursive=recursive,
    )


def _components(text: str) -> tuple[Anchor, list[str]]:
    if not text or "\0" in text:
        raise BadPattern("empty, or with a NUL")
    if text.startswith("/"):
        return Anchor.ABSOLUTE, text[1:].split("/")
    if text.startswith("~/"):
        return Anchor.HOME, text[2:].split("/")
    parts = text.split("/")
    return Anchor.SUFFIX, parts[1:] if parts[0] == "**" and len(parts) > 1 else parts


def _pieces(part: str, *, last: bool) -> list[_Piece]:
    found: list[_Piece] = []
    plain = ""
    for token in _TOKEN.finditer(part):
        piece = _piece(token, alone=token.group() == part, last=last)
        if piece is None:
            plain += token.group()
            continue
        if plain:
            found.append(_literal(plain))
            plain = ""
        found.append(piece)
    if plain:
        found.append(_literal(plain))
    return found


def _literal(text: str) -> _Piece:
    raw = text.encode("utf-8", "surrogateescape")
    glob = re.sub(rb"([*?\[])", rb"[\1]", raw)
    return _Piece(re.escape(raw), glob, (raw,))


def _piece(token: re.Match[str], *, alone: bool, last: bool) -> _Piece | None:
    """The piece a token means, or None for a character that stands for itself."""
    if token["bad"]:
        raise BadPattern(f"a {token['bad']} that opens or closes nothing")
    if token["uid"]:
        if last:
            raise BadPattern("{uid} stands in a folder only")
        return _Piece(rb"[0-9]{1,10}", b"{uid}")
    if token["stars"]:
        if token["stars"] == "**":
            raise BadPattern("** must be a whole component")
        if token["stars"] == "?":
            return _Piece(rb"[^/]", b"?")
        return _Piece(rb"[^/]+", b"*") if alone else _ANY
    return None if token["part"] is None else _named(token["part"])


def _named(part: str) -> _Piece:
    name, colon, kind = part.partition(":")
    if "|" in name and not colon:
        name, kind = "", name
    if name and not _NAME.fullmatch(name):
        raise BadPattern(f"<{part}>: a name is small letters, digits and _")
    if "|" in kind:
        words = tuple(word.encode("utf-8", "surrogateescape") for word in kind.split("|"))
        if not all(words):
            raise BadPattern(f"<{part}>: an empty word")
        inner, number = b"|".join(map(re.escape, words)), False
    elif (kind or "any") in _KINDS and name:
        words, inner, number = (), _KINDS[kind or "any"], kind == "digits"
    else:
        raise BadPattern(
            f"<{part}>: wanted <name>, <name:{'|'.join(_KINDS)}>, <name:one|other> or <one|other>"
        )
    head = b"(?P<%s>" % name.encode() if name else b"(?:"
    return _Piece(head + inner + b")", b"*", words, name or None, number)


def _joined(folders: list[list[_Piece] | None]) -> bytes:
    """An expression for these folders, a slash after each."""
    regex = b""
    for part in folders:
        regex += b"(?:[^/]++/)*" if part is None else b"".join(piece.regex for piece in part) + b"/"
    return regex


def _needle(components: list[list[_Piece] | None]) -> bytes:
    """The longest text that is in every match; whole folder names keep their slashes."""
    best = b""
    for number, part in enumerate(components):
        if part is None:
            continue
        fixed = [piece.words[0] for piece in part if len(piece.words) == 1]
        for text in fixed:
            whole = b"/" + text + (b"" if number == len(components) - 1 else b"/") if len(part) == 1 else text
            # Folders tell more than base names, which the dispatch has looked at already.
            if (number < len(components) - 1, len(whole)) > (best.endswith(b"/"), len(best)):
                best = whole
    return best


def _keys(last: list[_Piece], parent: list[_Piece] | None) -> tuple[Key, ...]:
    count = 1
    for piece in last:
        count *= max(1, len(piece.words))
    if count > _MOST_WORDS:
        raise BadPattern(f"more than {_MOST_WORDS} words in one name")
    if all(piece.words for piece in last):
        return tuple(Key("exact", b"".join(words)) for words in itertools.product(*(p.words for p in last)))
    end, begin = _edges(list(reversed(last)), backwards=True), _edges(last, backwards=False)
    if all(len(text) >= 3 for text in end):
        return tuple(Key("suffix", text) for text in end)
    if all(begin):
        return tuple(Key("prefix", text) for text in begin)
    if parent is not None and len(parent) == 1 and parent[0].words:
        return tuple(Key("parent", word) for word in parent[0].words)
    return (Key("rest", b""),)


def _tell_all(keys: tuple[Key, ...], last: list[_Piece]) -> bool:
    """All of the name is its key, or all but what any text (none, too) may stand for."""
    if keys[0].kind == "exact":
        return True
    return keys[0].kind == "suffix" and last[0] == _ANY and all(piece.words for piece in last[1:])


def _edges(pieces: list[_Piece], *, backwards: bool) -> list[bytes]:
    """All fixed texts a name may begin (or end) with."""
    texts = [b""]
    for piece in pieces:
        if not piece.words:
            break
        texts = [word + text if backwards else text + word for text in texts for word in piece.words]
    return texts


def _folder(components: list[list[_Piece] | None]) -> tuple[bytes, bool]:
    """The folder of a whole pattern as a shell pattern, cut at the first ``**``."""
    folder = b""
    for part in components:
        if part is None:
            return folder, True
        folder += b"/" + b"".join(piece.glob for piece in part)
    return folder, False
