"""One ``[[format]]`` entry: each key by itself, then what must hold between them."""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Mapping
from typing import Final, TypeVar

from racewatch.core.text import display_text
from racewatch.kinds.locks.format import (
    Breaker,
    Companion,
    FileType,
    Format,
    Grammar,
    GrammarKind,
    HostRule,
    Listed,
    Mechanism,
    Policy,
    Recognition,
    Role,
    Rule,
    Tier,
)
from racewatch.kinds.locks.parsers import PARSERS
from racewatch.kinds.locks.patterns import BadPattern, PathPattern, compile_pattern
from racewatch.kinds.locks.regexes import BadExpression, compile_expression
from racewatch.kinds.locks.rules import contradictions

_T = TypeVar("_T")
_E = TypeVar("_E", bound=enum.StrEnum)

_NAME: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_LONGEST_TEXT: Final = 2000
_REQUIRED: Final = (
    "name", "title", "program", "where", "mechanism", "policy", "consequence", "remedy", "source",
)  # fmt: skip
_KNOWN: Final = frozenset(_REQUIRED) | {
    "type", "rules", "checked", "content", "recognised", "read_limit", "host", "dirty_policy", "tools",
    "companions", "breaker", "refresh_period", "stale_after", "processes", "survivors", "permanent",
    "never_open", "listed", "children", "generic",
}  # fmt: skip


class _Wrong(ValueError):
    """A value that cannot be used; the message says what was wanted."""


class Entry:
    """Reads one entry once; :attr:`mistakes` are (key, message) pairs."""

    def __init__(self, raw: Mapping[str, object], tier: Tier) -> None:
        self._raw = raw
        self._tier = tier
        self.mistakes: list[tuple[str, str]] = []

    def mistake(self, key: str, message: str) -> None:
        """Note one mistake."""
        self.mistakes.append((display_text(key), message))

    def read(self) -> Format | None:
        """The format, or None when there was any mistake."""
        for key in self._raw:
            if key not in _KNOWN:
                self.mistake(key, f"no such key (known: {', '.join(sorted(_KNOWN))})")
        for key in _REQUIRED:
            if key not in self._raw:
                self.mistake(key, "missing")
        made = self._make()
        if self.mistakes:
            return None
        for key, message in contradictions(made):
            self.mistake(key, message)
        return None if self.mistakes else made

    def _make(self) -> Format:
        default_types: tuple[FileType, ...] = (FileType.FILE,)
        return Format(
            name=self._get("name", _name, "x"),
            title=self._get("title", _text, ""),
            program=self._get("program", _text, ""),
            where=self._get("where", _patterns, ()),
            types=frozenset(self._get("type", _several(FileType), default_types)),
            mechanisms=self._get("mechanism", _several(Mechanism), ()),
            policy=self._get("policy", _one(Policy), Policy.NEVER),
            rules=self._get("rules", _several(Rule, may_be_empty=True), ()),
            consequence=self._get("consequence", _text, ""),
            remedy=self._get("remedy", _text, ""),
            source=self._get("source", _text, ""),
            checked=self._get("checked", _flag, default=True),
            grammar=self._content(),
            recognition=self._recognition(),
            read_limit=self._get("read_limit", _whole(65_536), 4096),
            host=self._get("host", _one(HostRule), HostRule.UNNAMED),
            dirty_policy=self._get("dirty_policy", _one(Policy), None),
            tools=self._get("tools", _texts, ()),
            companions=self._companions(),
            breaker=self._breaker(),
            refresh_period=self._get("refresh_period", _seconds, None),
            stale_after=self._get("stale_after", _seconds, None),
            processes=self._get("processes", _texts, ()),
            survivors=self._get("survivors", _flag, default=False),
            permanent=self._get("permanent", _flag, default=False),
            never_open=self._get("never_open", _flag, default=False),
            listed=self._get("listed", _one(Listed), Listed.ALWAYS),
            children=self._get("children", _names, ()),
            generic=self._get("generic", self._generic, default=False),
            tier=self._tier,
        )

    def _generic(self, value: object) -> bool:
        if self._tier is not Tier.BUILT_IN:
            raise _Wrong("only the formats that come with racewatch can be generic")
        return _flag(value)

    def _get(self, key: str, read: Callable[[object], _T], default: _T) -> _T:
        return self._value(self._raw, key, key, read, default)

    def _value(
        self, table: Mapping[str, object], name: str, key: str, read: Callable[[object], _T], default: _T
    ) -> _T:
        if name not in table:
            return default
        try:
            return read(table[name])
        except (_Wrong, BadPattern, BadExpression) as error:
            self.mistake(key, str(error))
            return default

    def _table(self, key: str, known: set[str]) -> Mapping[str, object]:
        value = self._raw.get(key, {})
        if not isinstance(value, dict):
            self.mistake(key, f"wanted a table of {', '.join(sorted(known))}")
            return {}
        self._only(value, key, known)
        return value

    def _only(self, table: Mapping[str, object], key: str, known: set[str]) -> None:
        for name in table:
            if name not in known:
                self.mistake(f"{key}.{name}", f"no such key (known: {', '.join(sorted(known))})")

    def _content(self) -> Grammar:
        table = self._table("content", {"regex", "parser"})
        if len(table) > 1:
            self.mistake("content", "either regex or parser, not both")
        if "regex" in table:
            text = self._value(table, "regex", "content.regex", _expression, "")
            return Grammar(GrammarKind.REGEX, text)
        if "parser" in table:
            return Grammar(GrammarKind.PARSER, self._value(table, "parser", "content.parser", _parser, ""))
        return Grammar()

    def _recognition(self) -> Recognition:
        key = "recognised"
        table = self._table(key, {"by_content", "held", "opened", "min_size", "max_size", "links"})
        return Recognition(
            by_content=self._value(table, "by_content", f"{key}.by_content", _flag, default=False),
            held=self._value(table, "held", f"{key}.held", _one(Mechanism), None),
            opened=self._value(table, "opened", f"{key}.opened", _flag, default=False),
            min_size=self._value(table, "min_size", f"{key}.min_size", _whole(1 << 62), 0),
            max_size=self._value(table, "max_size", f"{key}.max_size", _whole(1 << 62), None),
            links=self._value(table, "links", f"{key}.links", _whole(1 << 31), None),
        )

    def _companions(self) -> tuple[Companion, ...]:
        value = self._raw.get("companions", [])
        if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
            self.mistake("companions", "wanted a list of tables with role and where")
            return ()
        found = []
        for table in value:
            self._only(table, "companions", {"role", "where", "type"})
            for name in ("role", "where"):
                if name not in table:
                    self.mistake(f"companions.{name}", "missing")
            found.append(
                Companion(
                    role=self._value(table, "role", "companions.role", _one(Role), Role.KEEP),
                    where=self._value(table, "where", "companions.where", _text, "x"),
                    type=self._value(table, "type", "companions.type", _one(FileType), FileType.FILE),
                )
            )
        return tuple(found)

    def _breaker(self) -> Breaker | None:
        if "breaker" not in self._raw:
            return None
        table = self._table("breaker", {"where", "mechanism"})
        for name in ("where", "mechanism"):
            if name not in table:
                self.mistake(f"breaker.{name}", "missing")
        return Breaker(
            where=self._value(table, "where", "breaker.where", _text, "x"),
            mechanism=self._value(
                table, "mechanism", "breaker.mechanism", _one(Mechanism), Mechanism.EXCLUSIVE_FILE
            ),
        )


# --- values ----------------------------------------------------------------------------------------


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > _LONGEST_TEXT:
        raise _Wrong(f"wanted a text of 1 to {_LONGEST_TEXT} characters")
    plain = " ".join(value.split())
    if not plain.isprintable():
        raise _Wrong("holds characters that cannot be seen")
    return plain


def _name(value: object) -> str:
    text = _text(value)
    if not _NAME.fullmatch(text) or len(text) > 64:
        raise _Wrong("wanted small letters and digits with dashes between, like my-program-lock")
    return text


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise _Wrong("wanted a list of texts")
    return tuple(_text(one) for one in value)


def _patterns(value: object) -> tuple[PathPattern, ...]:
    if not isinstance(value, list) or not value or not all(isinstance(one, str) for one in value):
        raise _Wrong("wanted a list of patterns of paths")
    found: list[PathPattern] = []
    for one in value:
        try:
            found.append(compile_pattern(one))
        except BadPattern as error:
            raise _Wrong(f"{display_text(one)}: {error}") from error
    return tuple(found)


def _names(value: object) -> tuple[PathPattern, ...]:
    found = _patterns(value)
    if any("/" in one.text for one in found):
        raise _Wrong("wanted names, without a slash")
    return found


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise _Wrong("wanted true or false")
    return value


def _whole(most: int) -> Callable[[object], int]:
    def read(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
            raise _Wrong(f"wanted a whole number from 0 to {most}")
        return value

    return read


def _seconds(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e9:
        raise _Wrong("wanted a number of seconds above 0")
    return float(value)


def _one(kind: type[_E]) -> Callable[[object], _E]:
    def read(value: object) -> _E:
        try:
            return kind(str(value))
        except ValueError as error:
            raise _Wrong(f"wanted one of {', '.join(kind)}") from error

    return read


def _several(kind: type[_E], *, may_be_empty: bool = False) -> Callable[[object], tuple[_E, ...]]:
    def read(value: object) -> tuple[_E, ...]:
        if not isinstance(value, list) or not (value or may_be_empty):
            raise _Wrong(f"wanted a list of {', '.join(kind)}")
        return tuple(dict.fromkeys(_one(kind)(one) for one in value))

    return read


def _expression(value: object) -> str:
    text = value if isinstance(value, str) else ""
    if not text or len(text) > _LONGEST_TEXT:
        raise _Wrong("wanted a regular expression")
    compile_expression(text)
    return text


def _parser(value: object) -> str:
    if not isinstance(value, str) or value not in PARSERS:
        raise _Wrong(f"wanted one of {', '.join(sorted(PARSERS))}")
    return value
