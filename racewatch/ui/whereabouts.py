"""What is known of a path that somebody asks about; knows no Qt, and may block like any look."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote_to_bytes

from racewatch.config import config_path
from racewatch.core.model import Observation
from racewatch.core.text import NotDisplayed, display, display_text, undisplay
from racewatch.linux import openfiles, processes
from racewatch.ui import words
from racewatch.ui.tr import marked, tr
from racewatch.ui.why_empty import Reason, Way
from racewatch.ui.words import sentence
from racewatch.verbs import Racewatch, RacewatchError

_MOST: Final = 8
#: A message that holds a path is longer than this seldom; a whole file that was copied by mistake is.
_LONGEST: Final = 20_000
#: Quotes as messages have them, the typographical ones by their numbers.
_QUOTES: Final = "'\"`\u2018\u2019\u201c\u201d"
_QUOTED: Final = re.compile(rf"[{_QUOTES}]((?:/|~/|file://)[^{_QUOTES}\n]+)[{_QUOTES}]")
_BARE: Final = re.compile(rf"(?:^|[\s=:(<\[])((?:/|~/|file:///)[^\s<>|{_QUOTES}]+)")
_FOLDER: Final = marked("It is a directory.")
_TYPES: Final = {
    stat.S_IFREG: marked("It is a file."),
    stat.S_IFDIR: _FOLDER,
    stat.S_IFLNK: marked("It is a link."),
    stat.S_IFSOCK: marked("It is a socket."),
    stat.S_IFIFO: marked("It is a pipe."),
    stat.S_IFBLK: marked("It is a device."),
    stat.S_IFCHR: marked("It is a device."),
}


_SOMETHING: Final = marked("It is something.")


@dataclass(frozen=True, slots=True)
class Holder:
    """A process that has it, or something below it, open."""

    pid: int
    name: str
    user: str


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """``what`` it is, in a sentence (None: not there), or ``hidden``: why that could not be seen.

    ``watched``: below one of the roots.  ``blind``: so many processes could not be looked into.
    """

    path: bytes
    what: str | None
    hidden: str
    seen: Observation | None
    watched: bool
    roots: tuple[bytes, ...]
    holders: tuple[Holder, ...]
    blind: int


def path_in(text: str) -> bytes | None:
    """The path that this text is or speaks of (a path, an address ``file://…``, a message); None without one.

    Of several the first that is there; the directory is resolved, the last name is taken as it is.
    """
    found = list(dict.fromkeys(_candidates(text[:_LONGEST].strip())))
    chosen = next((path for path in found if os.path.lexists(path)), found[0] if found else None)
    if chosen is None:
        return None
    path = os.path.abspath(chosen)
    return os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))


def _candidates(text: str) -> Iterator[bytes]:
    first = text.split("\n", 1)[0].strip().strip("'\"")
    whole = first.startswith(("/", "~/", "file://"))
    if whole and ": " not in first:
        yield from _paths(first)
    for match in _QUOTED.finditer(text):
        yield from _paths(match[1])
    for match in _BARE.finditer(text):
        yield from _paths(match[1].rstrip(".,:;)]}"))
    if whole:
        yield from _paths(first)


def _paths(text: str) -> Iterator[bytes]:
    if text.startswith("file://"):
        # file://HOST/PATH; what the host is called does not matter here.
        yield unquote_to_bytes("/" + text.removeprefix("file://").partition("/")[2])
        return
    text = os.path.expanduser(text)
    if "\0" in text or not text.startswith("/"):
        return
    yield text.encode("utf-8", "replace")
    try:
        yield undisplay(text)  # copied from here, with its odd characters spelled out
    except NotDisplayed:
        return


def look(path: bytes, racewatch: Racewatch, roots: Sequence[bytes]) -> Whereabouts:
    """Look at this path, and at who has it open."""
    what, hidden, node = None, "", None
    try:
        node = os.lstat(path)
        what = _TYPES.get(stat.S_IFMT(node.st_mode), _SOMETHING)
    except (FileNotFoundError, NotADirectoryError):
        pass
    except OSError as error:
        hidden = error.strerror or str(error)
    real = [os.path.realpath(root) for root in roots]
    watched = any(path == root or path.startswith(root.rstrip(b"/") + b"/") for root in real)
    holders, blind = _holders(path, node)
    return Whereabouts(path, what, hidden, _seen(path, racewatch), watched, tuple(roots), holders, blind)


def _seen(path: bytes, racewatch: Racewatch) -> Observation | None:
    try:
        return racewatch.observe(racewatch.parse_target(os.fsdecode(path)))
    except RacewatchError:
        return None


def _holders(path: bytes, node: os.stat_result | None) -> tuple[tuple[Holder, ...], int]:
    """Who has it open, mapped or as a working directory; of a directory also what is below it."""
    survey = openfiles.survey()
    inside = path.rstrip(b"/") + b"/"
    pids = {
        one.pid
        for files in survey.by_ino.values()
        for one in files
        if one.link == path or one.link.startswith(inside) or _is(one, node)
    }
    pids |= {
        pid
        for pid, running in survey.running.items()
        if running.cwd is not None and (running.cwd == path or running.cwd.startswith(inside))
    }
    blind = survey.blind
    if node is not None and stat.S_ISREG(node.st_mode):
        mapped = openfiles.mappings()
        pids |= set(mapped.by_file.get((node.st_dev, node.st_ino), ()))
        blind = max(blind, mapped.blind)
    return tuple(_holder(pid, survey) for pid in sorted(pids - {os.getpid()})), blind


def _is(one: openfiles.OpenFile, node: os.stat_result | None) -> bool:
    if node is None or one.ino != node.st_ino:
        return False
    try:
        return os.stat(b"/proc/%d/fd/%d" % (one.pid, one.fd)).st_dev == node.st_dev
    except OSError:
        return False  # closed since


def _holder(pid: int, survey: openfiles.Survey) -> Holder:
    running = survey.running.get(pid)
    try:
        user = processes.user_name(os.stat(b"/proc/%d" % pid).st_uid)
    except OSError:
        user = ""
    return Holder(pid, running.name if running is not None else "", user)


def as_reason(found: Whereabouts) -> Reason:
    """The same in words, for where the rows would be."""
    lines = [_what(found)]
    if found.seen is not None:
        seen = found.seen
        lines.append(
            tr("A look says {verdict}, {label}. {summary}").format(
                verdict=words.state_word(seen.verdict.value),
                label=display_text(seen.label),
                summary=seen.summary,
            )
        )
    lines += [_watched(found), _held(found)]
    return Reason(
        "question", tr("No row for {path}").format(path=display(found.path)), "\n".join(lines), Way.RESET
    )


def _what(found: Whereabouts) -> str:
    if found.hidden:
        return tr("Whether it is there cannot be seen: {reason}").format(reason=sentence(found.hidden))
    if found.what is None:
        return tr("There is nothing of this name.")
    return tr(found.what)


def _watched(found: Whereabouts) -> str:
    if found.watched:
        if found.what is None:
            return tr("It would be watched: should it appear, it is shown here.")
        return tr(
            "It is inside of what is watched, but there is no socket, lock or container that it is or holds."
        )
    folder = found.path if found.what == _FOLDER else os.path.dirname(found.path)
    roots = ", ".join(map(display, found.roots)) or tr("nothing")
    return tr(
        "It is outside of what is watched ({roots}). To watch it, add {folder} to roots in {file}, "
        "or start: racewatch gui {folder}"
    ).format(roots=roots, folder=display(folder), file=display(config_path()))


def _held(found: Whereabouts) -> str:
    could = ""
    if found.blind and os.geteuid():
        could = tr("%n process(es) could not be looked into; root could.", "", found.blind)
    elif found.blind:
        could = tr("%n process(es) could not be looked into.", "", found.blind)
    if not found.holders:
        said = tr("No process that could be seen has it open.") if could else tr("No process has it open.")
    else:
        names = ", ".join(map(_name, found.holders[:_MOST]))
        more = len(found.holders) - _MOST
        said = (
            tr("Held open by {names} and %n more.", "", more) if more > 0 else tr("Held open by {names}.")
        ).format(names=names)
    return f"{said} {could}".rstrip()


def _name(one: Holder) -> str:
    by = f", {display_text(one.user)}" if one.user else ""
    name = display_text(one.name) or tr("a process")
    return f"{name} ({one.pid}{by})"


def targets_of(things: Iterable[Observation], path: bytes) -> Iterator[Observation]:
    """What of these is exactly this path."""
    for seen in things:
        place = seen.target.place
        if seen.path == path or (place is not None and os.path.join(*place) == path):
            yield seen
