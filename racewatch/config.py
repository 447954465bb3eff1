"""Settings: ``$XDG_CONFIG_HOME/racewatch/config.toml``, and where racewatch keeps its state.

A broken file never stops looking: what cannot be understood is reported with its line and key and
replaced by its default.  One thing fails closed instead: when the *protected* list cannot be
understood, every path counts as protected until the file is put right.
"""

from __future__ import annotations

import enum
import errno
import glob
import os
import re
import stat
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, TypeVar

import platformdirs

from racewatch.core.protected import Protected, Protection
from racewatch.core.text import display, display_text
from racewatch.kinds.containers.roots import StateRoot
from racewatch.kinds.containers.state import Runtime
from racewatch.kinds.sockets.policy import SocketPolicy

_T = TypeVar("_T")
_Word = TypeVar("_Word", bound=enum.StrEnum)
_APP: Final = "racewatch"
_USUAL_ROOTS: Final = (b"/run", b"/tmp", b"/var/tmp", b"/var/spool")


class Theme(enum.StrEnum):
    """The colours of the window."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


class Language(enum.StrEnum):
    """The language of the window: the system's, or one that there are translations for."""

    SYSTEM = "system"
    ENGLISH = "en"
    GERMAN = "de"


@dataclass(frozen=True, slots=True)
class Notify:
    """What the window tells the desktop of while nobody looks at it: nothing, unless it is turned on."""

    stale: bool = False
    free: bool = False
    ended: bool = False


@dataclass(frozen=True, slots=True)
class Config:
    """Everything a person may set.

    ``roots`` are absolute, resolved and free of duplicates; ``exclude`` are shell patterns over whole
    paths; ``max_entries`` bounds the directory entries one scan looks at below one root (beyond it
    the scan is partial and says so); ``state_roots`` are folders where runtimes keep state, and
    ``engines`` API sockets of engines, beside the usual ones (``only_named``: instead of them; not for the file, the
    demo wants it); ``keep_days`` is how long removed things can be put back; ``observe``: look only, act never;
    ``notify``: what is worth a notification of the desktop; ``tray``: a closed window stays there.
    """

    roots: tuple[bytes, ...] = ()
    exclude: tuple[bytes, ...] = ()
    sockets: SocketPolicy = field(default_factory=SocketPolicy)
    max_entries: int = 1_000_000
    protected: Protected = field(default_factory=Protected)
    state_roots: tuple[StateRoot, ...] = ()
    engines: tuple[bytes, ...] = ()
    only_named: bool = False
    keep_days: int = 7
    observe: bool = False
    theme: Theme = Theme.SYSTEM
    language: Language = Language.SYSTEM
    terminal: tuple[str, ...] = ()
    notify: Notify = Notify()
    tray: bool = False


@dataclass(frozen=True, slots=True)
class ConfigProblem:
    """What in the file was not understood, where, and what is used instead."""

    path: bytes
    message: str
    line: int | None = None
    key: str | None = None

    def __str__(self) -> str:
        """One line: file, line, key, what to do."""
        return f"{self._place()}{self.message}"

    @property
    def wrong(self) -> str:
        """What is wrong alone, for where nothing of it is used."""
        return self.message.partition("; using the default")[0].removesuffix("; ignored")

    @property
    def wrong_where(self) -> str:
        """The same with its place."""
        return f"{self._place()}{self.wrong}"

    def _place(self) -> str:
        place = display(self.path) + (f", line {self.line}" if self.line else "")
        return f"{place}: {self.key + ': ' if self.key else ''}"


# --- places ------------------------------------------------------------------------------------


def config_path() -> bytes:
    """``$RACEWATCH_CONFIG_DIR/config.toml``, else ``$XDG_CONFIG_HOME/racewatch/config.toml``."""
    own = os.environb.get(b"RACEWATCH_CONFIG_DIR", b"")
    if own:
        return os.path.join(os.path.abspath(own), b"config.toml")
    return os.path.join(os.fsencode(platformdirs.user_config_dir(_APP)), b"config.toml")


def state_dir() -> bytes:
    """Where the journal is: ``$RACEWATCH_STATE_DIR``, else the state folder of this user.

    Root without a login session (a service, ``pkexec``, ``sudo``) uses ``/var/lib/racewatch``: it
    acts for the machine, not for a person.
    """
    own = os.environb.get(b"RACEWATCH_STATE_DIR", b"")
    if own:
        return os.path.abspath(own)
    session = (b"XDG_STATE_HOME", b"XDG_SESSION_ID", b"XDG_RUNTIME_DIR")
    if os.geteuid() == 0 and not any(os.environb.get(name) for name in session):
        return b"/var/lib/racewatch"
    return os.fsencode(platformdirs.user_state_dir(_APP))


def resolve_root(path: bytes) -> bytes:
    """The real, absolute path of a root; one that does not exist stays as it was named.

    Only what a *person* named is resolved: below a root no link is ever followed.
    """
    try:
        return os.path.realpath(path, strict=True)
    except OSError:
        return os.path.abspath(path)


def resolve_roots(paths: Iterable[bytes]) -> tuple[bytes, ...]:
    """Resolved roots in their order, without those that are the same as, or below, another one.

    What is no folder stays, wherever it is: whoever named it is to be told.
    """
    resolved = list(dict.fromkeys(resolve_root(path) for path in paths))
    return tuple(
        path
        for path in resolved
        if not os.path.isdir(path) or not any(_below(path, other) for other in resolved)
    )


def _below(path: bytes, other: bytes) -> bool:
    return path != other and path.startswith(other.rstrip(b"/") + b"/")


def default_roots() -> tuple[bytes, ...]:
    """The usual places of sockets and locks that exist here."""
    wanted = list(_USUAL_ROOTS)
    runtime = os.environb.get(b"XDG_RUNTIME_DIR", b"")
    if runtime.startswith(b"/"):
        wanted.append(runtime)
    return resolve_roots(path for path in wanted if os.path.isdir(path))


# --- reading -----------------------------------------------------------------------------------


class _WrongValueError(ValueError):
    """A value that cannot be used; the message says what was wanted."""


def read_plain(file: bytes) -> bytes:
    """What stands in this file; OSError also for what is none (a pipe would be waited for without an end)."""
    with open(file, "rb", opener=lambda path, flags: os.open(path, flags | os.O_NONBLOCK)) as stream:
        if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
            raise OSError(errno.EINVAL, "not a plain file")
        return stream.read()


def load(path: bytes | None = None) -> tuple[Config, tuple[ConfigProblem, ...]]:
    """The settings, and what in the file was not understood.  Never raises for a bad file.

    Without ``path``: the usual file, which need not exist.
    """
    file = config_path() if path is None else path
    try:
        raw = read_plain(file)
    except FileNotFoundError as error:
        missing = () if path is None else (ConfigProblem(file, f"{error.strerror}; using the defaults"),)
        return Config(roots=default_roots()), missing
    except OSError as error:
        message = f"cannot be read ({error.strerror}); using the defaults, removing nothing"
        return _closed(), (ConfigProblem(file, message),)
    return parse(raw, file)


def parse(raw: bytes, file: bytes) -> tuple[Config, tuple[ConfigProblem, ...]]:
    """The same of what stands, or would stand, in this file."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        return _broken(raw), (ConfigProblem(file, "not UTF-8; using the defaults", line),)
    try:
        table = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        return _broken(raw), (_syntax_problem(file, text, error),)
    return _Reader(file, text).read(table)


def _closed() -> Config:
    why = f"the protected list in {display(config_path())} cannot be read; put that file right first"
    return Config(roots=default_roots(), protected=Protected((Protection(b"*", why),)))


def _broken(raw: bytes) -> Config:
    # A file that cannot be parsed may protect something; one that never says the word does not.
    config = _closed() if b"protected" in raw else Config(roots=default_roots())
    return replace(config, observe=b"observe" in raw)


_AT_LINE: Final = re.compile(r" \(at line (\d+), column \d+\)$")


def _syntax_problem(file: bytes, text: str, error: Exception) -> ConfigProblem:
    message = str(error)
    found = _AT_LINE.search(message)
    line = int(found[1]) if found else len(text.splitlines()) or None
    key = None
    if line is not None:
        rows = text.splitlines()
        row = rows[line - 1] if line <= len(rows) else ""
        named = _KEY_ROW.match(row)
        key = named[1].strip() if named else None
    plain = _AT_LINE.sub("", message).removesuffix(" (at end of document)")
    return ConfigProblem(file, f"{display_text(plain)}; using the defaults", line, key)


_TABLE_ROW: Final = re.compile(r"\s*\[\[?\s*([^\[\]#]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY_ROW: Final = re.compile(r"\s*([A-Za-z0-9_\-.\"' ]+?)\s*=")


def _find_line(text: str, key: str, nth: int = 0) -> int | None:
    """The line that sets a key (``sockets.min_age``, ``protected.glob``); tomllib does not tell.

    ``nth`` counts the occurrences (arrays of tables).  None when it is written in an unusual way.
    """
    table = ""
    for number, row in enumerate(text.splitlines(), 1):
        if header := _TABLE_ROW.match(row):
            table = _plain_key(header[1])
            names = [table]
        elif named := _KEY_ROW.match(row):
            names = [f"{table}.{_plain_key(named[1])}" if table else _plain_key(named[1])]
        else:
            continue
        if key in names:
            if nth == 0:
                return number
            nth -= 1
    return None


def _plain_key(written: str) -> str:
    return ".".join(part.strip().strip("\"'") for part in written.split("."))


class _Reader:
    """Reads one parsed file: each key by itself, so that one mistake costs one key."""

    def __init__(self, file: bytes, text: str) -> None:
        self._file = file
        self._text = text
        self._problems: list[ConfigProblem] = []

    def read(self, table: Mapping[str, object]) -> tuple[Config, tuple[ConfigProblem, ...]]:
        defaults = Config()
        known = {
            "roots",
            "exclude",
            "sockets",
            "max_entries",
            "protected",
            "keep_days",
            "observe",
            "theme",
            "language",
            "terminal",
            "containers",
            "notify",
            "tray",
        }
        self._unknown(table, known, "")
        roots = self._value(table, "roots", _roots, defaults.roots)
        state_roots, engines = self._containers(table.get("containers", {}))
        config = Config(
            roots=roots or default_roots(),
            exclude=self._value(table, "exclude", _patterns, defaults.exclude),
            sockets=self._sockets(table.get("sockets", {})),
            max_entries=self._value(table, "max_entries", _whole_number(1), defaults.max_entries),
            protected=self._protected(table.get("protected", [])),
            state_roots=state_roots,
            engines=engines,
            keep_days=self._value(table, "keep_days", _whole_number(0), defaults.keep_days),
            observe=self._observe(table),
            theme=self._value(table, "theme", _one_of(Theme), defaults.theme),
            language=self._value(table, "language", _one_of(Language), defaults.language),
            terminal=self._value(table, "terminal", _command, defaults.terminal),
            tray=self._value(table, "tray", _truth, defaults.tray),
            notify=self._notify(table.get("notify", {})),
        )
        return config, tuple(self._problems)

    def _problem(self, key: str, message: str, *, nth: int = 0) -> None:
        line = _find_line(self._text, key, nth)
        self._problems.append(ConfigProblem(self._file, message, line, display_text(key)))

    def _unknown(self, table: Mapping[str, object], known: set[str], prefix: str) -> None:
        for name in table:
            if name not in known:
                wanted = ", ".join(sorted(known))
                self._problem(prefix + name, f"no such setting (known here: {wanted}); ignored")

    def _value(self, table: Mapping[str, object], key: str, read: Callable[[object], _T], default: _T) -> _T:
        name = key.rpartition(".")[2]
        if name not in table:
            return default
        try:
            return read(table[name])
        except _WrongValueError as error:
            self._problem(key, f"{error}; using the default")
            return default

    def _sockets(self, value: object) -> SocketPolicy:
        defaults = SocketPolicy()
        if not isinstance(value, dict):
            self._problem("sockets", "wanted a table ([sockets]); using the defaults")
            return defaults
        self._unknown(value, {"dead_looks", "looks_apart", "min_age"}, "sockets.")
        return SocketPolicy(
            dead_looks=self._value(value, "sockets.dead_looks", _whole_number(1), defaults.dead_looks),
            looks_apart=self._value(value, "sockets.looks_apart", _seconds, defaults.looks_apart),
            min_age=self._value(value, "sockets.min_age", _seconds, defaults.min_age),
        )

    def _containers(self, value: object) -> tuple[tuple[StateRoot, ...], tuple[bytes, ...]]:
        if not isinstance(value, dict):
            self._problem("containers", "wanted a table ([containers]); using the defaults")
            return (), ()
        self._unknown(value, {"state_roots", "engines"}, "containers.")
        return (
            self._value(value, "containers.state_roots", _state_roots, ()),
            self._value(value, "containers.engines", _sockets, ()),
        )

    def _notify(self, value: object) -> Notify:
        if not isinstance(value, dict):
            self._problem("notify", "wanted a table ([notify]); using the defaults")
            return Notify()
        self._unknown(value, {"stale", "free", "ended"}, "notify.")
        return Notify(
            stale=self._value(value, "notify.stale", _truth, False),
            free=self._value(value, "notify.free", _truth, False),
            ended=self._value(value, "notify.ended", _truth, False),
        )

    def _observe(self, table: Mapping[str, object]) -> bool:
        value = table.get("observe", False)
        if isinstance(value, bool):
            return value
        # Whoever wrote the word wanted something of it: what is not understood does not permit an act.
        self._problem("observe", "wanted true or false; observing, so nothing is removed")
        return True

    def _protected(self, value: object) -> Protected:
        if not isinstance(value, list):
            self._problem("protected", "wanted tables ([[protected]] with glob and reason); removing nothing")
            return _closed().protected
        rules: list[Protection] = []
        for number, rule in enumerate(value):
            read = self._protection(rule, number)
            if read is None:
                return _closed().protected
            rules += (read, *(replace(read, pattern=real) for real in _really(read.pattern)))
        return Protected(tuple(rules))

    def _protection(self, rule: object, number: int) -> Protection | None:
        if not isinstance(rule, dict):
            self._problem("protected", "wanted tables with glob and reason; removing nothing", nth=number)
            return None
        self._unknown(rule, {"glob", "reason"}, "protected.")
        glob, reason = rule.get("glob"), rule.get("reason", "on the protected list")
        if not isinstance(glob, str) or not glob.startswith(("/", "*")):
            key = "protected.glob" if "glob" in rule else "protected"
            self._problem(key, "wanted a pattern of whole paths in glob; removing nothing", nth=number)
            return None
        if not isinstance(reason, str):
            self._problem("protected.reason", "wanted a text; removing nothing", nth=number)
            return None
        return Protection(os.fsencode(glob), display_text(reason))


def _really(pattern: bytes) -> Iterable[bytes]:
    """The same places by their real names: a target's path has no link in it (``/var/run`` is ``/run``)."""
    plain = re.split(rb"[*?\[]", pattern, maxsplit=1)[0]
    if not plain or b"\0" in plain:
        return ()
    folder, _, name = plain.rpartition(b"/")
    rest = pattern[len(folder) :]
    real = {glob.escape(os.path.realpath(folder or b"/")).rstrip(b"/") + rest}
    if plain == pattern and name:
        real.add(glob.escape(os.path.realpath(pattern)))
    return sorted(real - {pattern})


def _roots(value: object) -> tuple[bytes, ...]:
    return resolve_roots(_absolute(text) for text in _texts(value))


def _absolute(text: str) -> bytes:
    path = os.fsencode(os.path.expanduser(os.path.expandvars(text)))
    if not path.startswith(b"/"):
        raise _WrongValueError(f"{display_text(text)} is not an absolute path")
    if b"\0" in path:
        raise _WrongValueError("a path cannot hold NUL")
    return path


def _state_roots(value: object) -> tuple[StateRoot, ...]:
    found = []
    for text in _texts(value):
        word, _, path = text.partition(":")
        if word not in set(Runtime):
            raise _WrongValueError(
                f"{display_text(text)}: wanted RUNTIME:/path, RUNTIME one of {', '.join(Runtime)}"
            )
        found.append(StateRoot(Runtime(word), resolve_root(_absolute(path))))
    return tuple(found)


def _sockets(value: object) -> tuple[bytes, ...]:
    return tuple(_absolute(text) for text in _texts(value))


def _patterns(value: object) -> tuple[bytes, ...]:
    return tuple(os.fsencode(text) for text in _texts(value))


def _command(value: object) -> tuple[str, ...]:
    words = tuple(_texts(value))
    if any("\0" in word for word in words) or (words and not words[0]):
        raise _WrongValueError("wanted a command as a list of words, the program first")
    return words


def _texts(value: object) -> list[str]:
    if not isinstance(value, list):
        raise _WrongValueError("wanted a list of texts")
    for text in value:
        if not isinstance(text, str):
            raise _WrongValueError("wanted a list of texts")
    return value


def _whole_number(least: int) -> Callable[[object], int]:
    def read(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise _WrongValueError(f"wanted a whole number of at least {least}")
        return value

    return read


def _seconds(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e9:
        raise _WrongValueError("wanted a number of seconds, 0 or more")
    return float(value)


def _truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise _WrongValueError("wanted true or false")
    return value


def _one_of(words: type[_Word]) -> Callable[[object], _Word]:
    def read(value: object) -> _Word:
        try:
            return words(str(value))
        except ValueError as error:
            raise _WrongValueError(f"wanted one of {', '.join(words)}") from error

    return read
