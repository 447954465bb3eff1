"""The parsers by name.  Each reads the bytes of one lock and never raises.

``parse(data, name)``: of a file ``data`` is its (bounded) content, of a symbolic link its target, of a
directory the names in it, sorted, with NUL between; ``name`` is the base name.  Time and memory are
linear in ``data``, of which no parser looks at more than :data:`racewatch.kinds.locks.parsers_text.MOST` bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import Final

from racewatch.kinds.locks import parsers_backup, parsers_binary, parsers_links, parsers_text
from racewatch.kinds.locks.claim import Claim, ParseFailure

Parser = Callable[[bytes, bytes], Claim | ParseFailure]

PARSERS: Final = MappingProxyType[str, Parser](
    {
        "borg_directory": parsers_backup.borg_directory,
        "borg_entry": parsers_backup.borg_entry,
        "borg_roster": parsers_backup.borg_roster,
        "borg2": parsers_backup.borg2,
        "chromium": parsers_links.chromium,
        "containers_storage": parsers_binary.containers_storage,
        "dotlock": parsers_text.dotlock,
        "emacs": parsers_links.emacs,
        "firefox": parsers_links.firefox,
        "git_gc": parsers_text.git_gc,
        "gnupg": parsers_text.gnupg,
        "gradle": parsers_binary.gradle,
        "joe": parsers_links.joe,
        "libreoffice_document": parsers_text.libreoffice_document,
        "libreoffice_profile": parsers_text.libreoffice_profile,
        "lockfile_link": parsers_links.lockfile_link,
        "lockfile_name": parsers_links.lockfile_name,
        "loose": parsers_text.loose,
        "mercurial": parsers_links.mercurial,
        "nano": parsers_binary.nano,
        "pid": parsers_text.pid,
        "postmaster": parsers_text.postmaster,
        "soft_file_lock": parsers_text.soft_file_lock,
        "terraform": parsers_text.terraform,
        "uucp": parsers_text.uucp,
        "vim": parsers_binary.vim,
    }
)
