"""The folder a thing is in, shown by the desktop's own programs.  All of it may block: not for the GUI thread."""

from __future__ import annotations

import os
import shutil
import stat as stat_mode
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import quote

from PySide6.QtCore import QProcess
from PySide6.QtDBus import QDBus, QDBusConnection, QDBusMessage

from racewatch.core.text import display, display_text
from racewatch.ui.tr import tr

_ANSWER_MS: Final = 3000
#: Tried in this order when none is configured; all of them begin in the folder they are started in.
TERMINALS: Final = (
    "x-terminal-emulator",
    "gnome-terminal",
    "konsole",
    "xfce4-terminal",
    "mate-terminal",
    "kgx",
    "ptyxis",
    "foot",
    "kitty",
    "alacritty",
    "wezterm",
    "xterm",
)


def url_of(path: bytes) -> str:
    """A ``file:`` address that means exactly these bytes."""
    return f"file://{quote(path)}"


def folder_of(path: bytes, *, inside: bool = False) -> bytes:
    """The folder that a path is in; ``inside``: the path itself when it is a folder.  Links are not followed."""
    if inside:
        try:
            if stat_mode.S_ISDIR(os.lstat(path).st_mode):
                return path
        except OSError:
            pass  # it has gone; the folder it was in may still be there
    return os.path.dirname(path) or b"/"


def ask_file_manager(path: bytes) -> bool:
    """Have the desktop's file manager show and mark it; False when there is none, or it cannot."""
    name = f"racewatch-file-manager-{os.urandom(4).hex()}"
    bus = QDBusConnection.connectToBus(QDBusConnection.BusType.SessionBus, name)
    try:
        if not bus.isConnected():
            return False
        call = QDBusMessage.createMethodCall(
            "org.freedesktop.FileManager1",
            "/org/freedesktop/FileManager1",
            "org.freedesktop.FileManager1",
            "ShowItems",
        )
        call.setArguments([[url_of(path)], ""])
        answer = bus.call(call, QDBus.CallMode.Block, _ANSWER_MS)
        return answer.type() is QDBusMessage.MessageType.ReplyMessage
    finally:
        QDBusConnection.disconnectFromBus(name)


def start_terminal(
    folder: bytes, named: Sequence[str] = (), environment: Mapping[str, str] = os.environ
) -> str | None:
    """Start a terminal in a folder: the configured command, else ``$TERMINAL``, else a well-known one.

    None when it was started, else why not, in a sentence with what to do.
    """
    try:
        where = folder.decode("utf-8")
    except UnicodeDecodeError:
        return tr(
            "No terminal was opened in {folder}: its name is no text, and could be mistaken for "
            "another. Copy its path for a shell instead."
        ).format(folder=display(folder))
    commands = [[word.replace("{folder}", where) for word in named]] if named else []
    if not named:
        own = environment.get("TERMINAL", "")
        commands = [[word] for word in (own, *TERMINALS) if word and shutil.which(word)]
    for words in commands:
        started, _ = QProcess.startDetached(words[0], words[1:], where)
        if started:
            return None
    if named:
        return tr(
            "The terminal could not be started in {folder}: {command}. Put the setting “terminal” "
            "right, or remove it."
        ).format(folder=display(folder), command=display_text(" ".join(named)))
    return tr(
        "No terminal could be started in {folder}: none is known here, or the folder cannot be "
        "entered. Name one in the setting “terminal”."
    ).format(folder=display(folder))
