"""The language of the window: every text that a person reads there goes through :func:`tr`.

The source is English.  What is *recorded* stays English whatever is shown, so that it means the same to everybody who
gets it: the journal, logs, exports, copied JSON and notes, the evidence and labels that kinds find, the words of the
filter line.  Tables of texts that stand outside of functions are only :func:`marked`; they are translated when they
are shown, as the language is not known when they are imported.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from PySide6.QtCore import QLocale, QTranslator

from racewatch.ui import resources

#: The source's own language: its file holds only what needs a plural.
ENGLISH: Final = "en"


class _Tongue:
    """One language: what was asked for once is a look into a table."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._translator = QTranslator()
        if not self._translator.load(str(resources.path(f"translations/racewatch_{language}.qm"))):
            raise FileNotFoundError(
                f"racewatch is not completely installed: its words in “{language}” are no texts"
            )
        self._said: dict[tuple[str, str], str] = {}
        locale = QLocale(QLocale.Language.English if language == ENGLISH else QLocale(language).language())
        self.locale = locale
        self._thousands = locale.groupSeparator()

    def say(self, text: str, comment: str) -> str:
        said = self._said.get((text, comment))
        if said is None:
            said = self._said[text, comment] = self._translator.translate("", text, comment) or text
        return said

    def count(self, text: str, comment: str, n: int) -> str:
        said = self._translator.translate("", text, comment, n) or text
        return said.replace("%n", self.number(n))

    def number(self, n: int) -> str:
        return f"{n:,}".replace(",", self._thousands)


class _Spoken(threading.local):
    """What this thread speaks instead of the window's language, for a while."""

    instead: _Tongue | None = None


_spoken: Final = _Spoken()
_english: _Tongue | None = None
_chosen: _Tongue | None = None


def _tongue() -> _Tongue:
    return _spoken.instead or _chosen or _in_english()


def _in_english() -> _Tongue:
    global _english
    if _english is None:
        _english = _Tongue(ENGLISH)
    return _english


def tr(text: str, comment: str = "", n: int | None = None) -> str:
    """The text in the window's language; English when it has no translation.

    ``comment`` tells two meanings of one English word apart.  With ``n`` the text is in the number that fits, and
    ``%n`` in it becomes the number itself.  Values are filled in afterwards, by name: ``tr("{path} …").format(path=…)``.
    """
    tongue = _tongue()
    return tongue.say(text, comment) if n is None else tongue.count(text, comment, n)


def marked(text: str, comment: str = "") -> str:  # noqa: ARG001 - read by lupdate, and by whoever translates it
    """The text itself, found by translators; :func:`tr` translates it when it is shown."""
    return text


def number(n: int) -> str:
    """The number with its thousands set apart as the window's language does it."""
    return _tongue().number(n)


def language() -> str:
    """The language that is spoken just now, as its file is named: ``en``, ``de``."""
    return _tongue().language


def locale() -> QLocale:
    """How that language writes dates."""
    return _tongue().locale


def speak(language: str) -> None:
    """From now on; what is on screen already stays as it is."""
    global _chosen
    _chosen = _Tongue(language)


@contextmanager
def recorded() -> Iterator[None]:
    """What this thread says meanwhile is English: for what is written down or handed on."""
    before, _spoken.instead = _spoken.instead, _in_english()
    try:
        yield
    finally:
        _spoken.instead = before
