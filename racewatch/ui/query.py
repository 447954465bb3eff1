"""The filter language: what a person types above a table, as terms; knows no Qt and no rows.

    redis -tmp  verdict:stale  user:joe  path:"/srv/my app"  age>2h

Words (each must be found), ``key:value`` and ``age>2h``; quotes keep blanks together; ``-`` in front
means "not".  Several values of one key: any of them will do; of different keys: all must hold.

What cannot be understood (an unknown key, a value that a key does not know) filters nothing: that term is
left out, the others apply, and a remark says so in plain words.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from racewatch.core.model import KindName, Verdict
from racewatch.core.text import display_text
from racewatch.ui.tr import marked, tr


class Key(enum.StrEnum):
    """What can be asked for by name; the order is that of the help."""

    KIND = "kind"
    VERDICT = "verdict"
    NEEDS = "needs"
    LABEL = "label"
    PATH = "path"
    BELOW = "below"
    OWNER = "owner"
    USER = "user"
    UNIT = "unit"
    FORMAT = "format"
    ID = "id"
    AGE = "age"


#: What each key asks, in a line.
HELP: Final = {
    Key.KIND: marked("socket, lock or container"),
    Key.VERDICT: marked("live, stale, idle or unknown"),
    Key.NEEDS: marked("attention: what a person should look at"),
    Key.LABEL: marked("the word beside the verdict"),
    Key.PATH: marked("part of the path; * and ? stand for anything"),
    Key.BELOW: marked("this path and everything below it"),
    Key.OWNER: marked("name, command or process id of who has it"),
    Key.USER: marked("whose it is: a name, me, or others"),
    Key.UNIT: marked("part of a systemd unit's name"),
    Key.FORMAT: marked("part of a lock format's name"),
    Key.ID: marked("beginning of a container's id"),
    Key.AGE: "age>2h, age<10m",
}
#: The values of keys that know only these.
VALUES: Final = {
    Key.KIND: tuple(kind.value for kind in KindName),
    Key.VERDICT: tuple(verdict.value for verdict in Verdict),
    Key.NEEDS: ("attention",),
}
#: Two users that need no name.
ME: Final = "me"
OTHERS: Final = "others"

_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400, "y": 365 * 86400}
_UNITS: Final = {"sec": "s", "second": "s", "seconds": "s", "min": "m", "minute": "m", "minutes": "m"} | {
    "hour": "h",
    "hours": "h",
    "day": "d",
    "days": "d",
    "week": "w",
    "weeks": "w",
    "year": "y",
    "years": "y",
}
_DURATION: Final = re.compile(r"([0-9]{1,9}) ?([a-z]+)")
_AGE: Final = re.compile(r"age\s*(?::\s*)?([<>])=?", re.IGNORECASE)
_KEYED: Final = re.compile(r"([A-Za-z]+):")


@dataclass(frozen=True, slots=True)
class Term:
    """One condition.  Without a key a word; ``older`` only matters for :attr:`Key.AGE`."""

    value: str
    key: Key | None = None
    negated: bool = False
    older: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """All conditions; none let everything through."""

    terms: tuple[Term, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.terms)

    def of(self, key: Key | None) -> tuple[Term, ...]:
        """The terms of one key, or the words."""
        return tuple(term for term in self.terms if term.key is key)

    def without(self, key: Key) -> Query:
        """The same, whatever is asked of this key."""
        return Query(tuple(term for term in self.terms if term.key is not key))

    def verdicts(self) -> frozenset[Verdict]:
        """The verdicts that it lets through."""
        terms = self.of(Key.VERDICT)
        wanted = {Verdict(term.value) for term in terms if not term.negated} or set(Verdict)
        return frozenset(wanted - {Verdict(term.value) for term in terms if term.negated})


@dataclass(frozen=True, slots=True)
class Token:
    """One piece of the text between blanks: where it stands, and its term (None: not understood)."""

    start: int
    end: int
    term: Term | None


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a text means, and what of it could not be understood."""

    query: Query
    remarks: tuple[str, ...]
    tokens: tuple[Token, ...]


class _NotUnderstood(ValueError):
    """The message is a sentence for people."""


def parse(text: str) -> Parsed:
    """What this text means.  Never fails: what is not understood becomes a remark and filters nothing."""
    tokens: list[Token] = []
    remarks: list[str] = []
    for start, end, closed in _pieces(text):
        term: Term | None = None
        try:
            if not closed:
                raise _NotUnderstood(tr("A quote is not closed; what stands behind it is left out."))
            term = _term(text[start:end])
        except _NotUnderstood as said:
            remarks.append(str(said))
        tokens.append(Token(start, end, term))
    terms = tuple(dict.fromkeys(token.term for token in tokens if token.term is not None))
    return Parsed(Query(terms), tuple(dict.fromkeys(remarks)), tuple(tokens))


def text_of(query: Query) -> str:
    """The text that means this; :func:`parse` gives the same query back."""
    return " ".join(map(term_text, query.terms))


def term_text(term: Term) -> str:
    """One term as it is typed."""
    sign = "-" if term.negated else ""
    if term.key is None:
        return sign + _quoted(term.value, word=True)
    if term.key is Key.AGE:
        return f"{sign}age{'>' if term.older else '<'}{term.value}"
    return f"{sign}{term.key.value}:{_quoted(term.value)}"


def without(text: str, gone: Iterable[Key]) -> str:
    """The text without the terms of these keys; all else stays as it was typed, understood or not."""
    keys = set(gone)
    kept = [
        text[token.start : token.end]
        for token in parse(text).tokens
        if token.term is None or token.term.key not in keys
    ]
    return " ".join(kept)


def with_verdicts(text: str, wanted: frozenset[Verdict]) -> str:
    """The text that lets these verdicts through (none, or all: any)."""
    rest = without(text, (Key.VERDICT,))
    if not wanted or wanted == set(Verdict):
        return rest
    # In front: what stands behind a quote that is still open is inside it.
    terms = [term_text(Term(one.value, Key.VERDICT)) for one in Verdict if one in wanted]
    return " ".join(part for part in (*terms, rest) if part)


def with_term(text: str, term: Term, there: bool) -> str:
    """The text with this term, or without it."""
    pieces = [text[token.start : token.end] for token in parse(text).tokens if token.term != term]
    return " ".join([term_text(term), *pieces] if there else pieces)


def seconds(value: str) -> int:
    """The length of a duration as a term has it."""
    return int(value[:-1]) * _SECONDS[value[-1]]


def _pieces(text: str) -> Iterator[tuple[int, int, bool]]:
    """(start, end, whether its quotes are closed) of each piece between blanks."""
    at, length = 0, len(text)
    while at < length:
        if text[at].isspace():
            at += 1
            continue
        start, quoted = at, False
        while at < length and (quoted or not text[at].isspace()):
            if text[at] == "\\" and quoted:
                at += 1
            elif text[at] == '"':
                quoted = not quoted
            at += 1
        yield start, min(at, length), not quoted


def _term(piece: str) -> Term | None:
    """The term of one piece; None for a lone ``-`` or ``""``, which ask nothing (yet)."""
    negated = piece.startswith("-")
    body = piece[1:] if negated else piece
    age = _AGE.match(body)
    if age is not None:
        return Term(_duration(_plain(body[age.end() :])), Key.AGE, negated, age[1] == ">")
    keyed = _KEYED.match(body)
    if keyed is None:
        word = _plain(body)
        return Term(word, None, negated) if word else None
    name = keyed[1].lower()
    if name not in set(Key):
        known = ", ".join(f"{key.value}:" for key in Key if key is not Key.AGE)
        raise _NotUnderstood(
            tr(
                "{key}: is not known and left out. Known are {known} and age>. To look for the text "
                "itself, put it in quotes."
            ).format(key=display_text(keyed[1]), known=known)
        )
    return Term(_value(Key(name), _plain(body[keyed.end() :])), Key(name), negated)


def _value(key: Key, value: str) -> str:
    if key is Key.AGE:
        raise _NotUnderstood(tr("The age is asked for as age>2h or age<10m; it is left out."))
    known = VALUES.get(key)
    if known is None:
        if not value:
            raise _NotUnderstood(
                tr("{key}: waits for a value ({help}).").format(key=key.value, help=tr(HELP[key]))
            )
        return value.lower() if value.lower() in (ME, OTHERS) and key is Key.USER else value
    word = value.lower()
    if word in known:
        return word
    if key is Key.KIND and word.removesuffix("s") in known:
        return word.removesuffix("s")
    if not value:
        raise _NotUnderstood(
            tr("{key}: waits for a value ({help}).").format(key=key.value, help=tr(HELP[key]))
        )
    raise _NotUnderstood(
        tr("{key}: knows no {value}, only {help}; it is left out.").format(
            key=key.value, value=display_text(value), help=tr(HELP[key])
        )
    )


def _duration(value: str) -> str:
    found = _DURATION.fullmatch(value.strip().lower())
    unit = found and (_UNITS.get(found[2]) or (found[2] if found[2] in _SECONDS else None))
    if found is None or not unit:
        said = (
            tr("{value} is no length of time: wanted 30s, 10m, 2h, 3d, 2w or 1y.")
            if value
            else tr("The age waits for a length of time: wanted 30s, 10m, 2h, 3d, 2w or 1y.")
        )
        raise _NotUnderstood(said.format(value=display_text(value)))
    return f"{int(found[1])}{unit}"


def _plain(piece: str) -> str:
    """Without quotes; inside them a backslash takes the next character as it is."""
    found, quoted, at = [], False, 0
    while at < len(piece):
        char = piece[at]
        if quoted and char == "\\" and at + 1 < len(piece):
            at += 1
            found.append(piece[at])
        elif char == '"':
            quoted = not quoted
        else:
            found.append(char)
        at += 1
    return "".join(found)


def _quoted(value: str, *, word: bool = False) -> str:
    """The value, in quotes where it would be read as something else."""
    ambiguous = word and (value.startswith("-") or _KEYED.match(value) or _AGE.match(value))
    if value and not ambiguous and '"' not in value and not any(char.isspace() for char in value):
        return value
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
