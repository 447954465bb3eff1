r"""Names as text: what people read can neither forge a line, move a cursor nor hide a character.

A file name is any bytes without ``/`` and NUL.  :func:`display` shows each of them on one line, each
character visible, and :func:`undisplay` gives exactly the same bytes back.  The escapes:

========================  =========================================================
``\\``                    a backslash
``\n`` ``\t`` ``\r``        the three usual controls
``\x1b``                  another ASCII control
``\xff``                  a byte that is not UTF-8 (always ``\x80`` or above)
``\u202e``                a character that cannot be seen, or that changes how others are seen
``\U000e0001``            the same beyond U+FFFF
========================  =========================================================
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

# The common case, decided in C: printable ASCII without a backslash stands for itself.
_PLAIN: Final = re.compile(rb"[ -\[\]-~]*")

_SHORT: Final = {"\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
_LONG: Final = {short[1]: char for char, short in _SHORT.items()}
_ESCAPE: Final = re.compile(r"\\(?:([\\ntr])|x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8})|)")

# Controls, formats (bidi marks, zero-width joiners, tags), surrogates, private use, unassigned, and
# line/paragraph/odd spaces: nothing of them is seen as what it is.
_HIDDEN_CATEGORIES: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs"})
# Characters of visible categories that are drawn as nothing: joiners, fillers, the blank of Braille.
_HIDDEN_OTHERS: Final = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0"
    + "".join(map(chr, range(0xFE00, 0xFE10)))
    + "".join(map(chr, range(0xE0100, 0xE01F0)))
)
_FIRST_BYTE: Final = 0xDC00  # surrogateescape maps byte 0xNN to U+DCNN


class NotDisplayed(ValueError):
    """The text is not what :func:`display` makes of any name."""


@lru_cache(maxsize=4096)
def _shown(char: str) -> str:
    if char == " ":
        return char
    if char in _SHORT:
        return _SHORT[char]
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - _FIRST_BYTE:02x}"
    if unicodedata.category(char) not in _HIDDEN_CATEGORIES and char not in _HIDDEN_OTHERS:
        return char
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def display(raw: bytes) -> str:
    """The one-line form of a name for people; every invisible or undecodable thing is spelled out."""
    if _PLAIN.fullmatch(raw):
        return raw.decode("ascii")
    return "".join(map(_shown, raw.decode("utf-8", "surrogateescape")))


def display_text(text: str) -> str:
    """The same for text from elsewhere (a process name, an error); lone surrogates are spelled out."""
    if text.isascii() and text.isprintable() and "\\" not in text:
        return text
    return "".join(map(_shown, text))


def one_line(text: str) -> str:
    """Text that was already displayed once: escape what is left to escape, but not its backslashes.

    Not reversible; the last fence before a terminal for sentences that contain displayed names.
    """
    return "".join(char if char == "\\" else _shown(char) for char in text)


def undisplay(text: str) -> bytes:
    r"""The bytes that :func:`display` showed like this; raises :class:`NotDisplayed`.

    Only the exact form is taken.  A raw name that happens to contain a backslash (``a\x2db`` is
    usual below systemd) is refused rather than read as another name.
    """
    raw = b"".join(_pieces(text))
    if display(raw) != text:
        raise NotDisplayed("not an exact escape of a name (a backslash is written \\\\)")
    return raw


def _pieces(text: str) -> list[bytes]:
    pieces: list[bytes] = []
    end = 0
    for match in _ESCAPE.finditer(text):
        pieces.append(_encode(text[end : match.start()]))
        short, byte, four, eight = match.groups()
        if short is not None:
            pieces.append(_LONG[short].encode())
        elif byte is not None:
            pieces.append(bytes((int(byte, 16),)))
        elif four is not None or eight is not None:
            code = int(four or eight, 16)
            pieces.append(_encode(chr(code)) if code <= 0x10FFFF else b"")
        end = match.end()
    pieces.append(_encode(text[end:]))
    return pieces


def _encode(text: str) -> bytes:
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise NotDisplayed("contains a lone surrogate") from error


# What needs no quotes in any shell, at any place of a command but the first.
_BARE: Final = re.compile(rb"[A-Za-z0-9_@%+=:,./-]+")


def size_text(octets: int) -> str:
    """``12.3 MB``: bytes as people read them, in powers of a thousand."""
    value = float(octets)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 999.95:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"


def quoted(raw: bytes) -> str:
    """A name quoted for pasting into a shell (bash, zsh, ksh, busybox), on one line.

    Plain names stay bare, printable ones get single quotes, the rest ``$'…'`` with every hidden
    byte spelled out, so that pasting can neither run a line nor lose a byte.
    """
    if _BARE.fullmatch(raw):
        return raw.decode("ascii")
    text = raw.decode("utf-8", "surrogateescape")
    if "'" not in text and all(_shown(char) == char or char == "\\" for char in text):
        return f"'{text}'"
    return "$'" + "".join(map(_ansi_c, text)) + "'"


def _ansi_c(char: str) -> str:
    if char in "'\\":
        return "\\" + char
    if _shown(char) == char:
        return char
    # Bytes, not \uXXXX: that one depends on the locale of the shell it is pasted into.
    return "".join(f"\\x{byte:02x}" for byte in char.encode("utf-8", "surrogateescape"))
