"""The settings as a person edits them: text on screen, and the values that the file has."""

from __future__ import annotations

import enum
import shlex
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from racewatch.config import Language, Theme
from racewatch.ui.tr import marked


class Form(enum.Enum):
    """How one setting is edited."""

    LINES = "lines"  # a list, one a line
    NUMBER = "number"
    CHOICE = "choice"
    WORDS = "words"  # a command, as one types it
    SWITCH = "switch"


@dataclass(frozen=True, slots=True)
class Field:
    """One setting.  ``default`` is what holds when it is left empty, in words."""

    key: str
    section: str
    title: str
    help: str
    form: Form
    default: str
    #: Of a choice: what is written, and how it is called.
    choices: tuple[tuple[str, str], ...] = ()


FIELDS: Final = (
    Field(
        "roots",
        marked("Where to look"),
        marked("Folders"),
        marked("One a line"),
        Form.LINES,
        marked("the usual ones"),
    ),
    Field(
        "exclude",
        marked("Where to look"),
        marked("Left out"),
        marked("Shell patterns over whole paths, one a line"),
        Form.LINES,
        marked("none"),
    ),
    Field(
        "max_entries",
        marked("Where to look"),
        marked("Most entries"),
        marked("At most so many directory entries below one folder"),
        Form.NUMBER,
        "1000000",
    ),
    Field(
        "containers.state_roots",
        marked("Containers"),
        marked("State folders"),
        marked("More folders of runtimes, one a line: RUNTIME:/path"),
        Form.LINES,
        marked("the usual ones"),
    ),
    Field(
        "containers.engines",
        marked("Containers"),
        marked("Engine sockets"),
        marked("More API sockets of Podman or Docker, one a line"),
        Form.LINES,
        marked("those that are found"),
    ),
    Field(
        "sockets.dead_looks",
        marked("Sockets"),
        marked("Dead looks"),
        marked("So often seen dead before it is stale"),
        Form.NUMBER,
        "1",
    ),
    Field(
        "sockets.looks_apart",
        marked("Sockets"),
        marked("Looks apart"),
        marked("Seconds between those looks"),
        Form.NUMBER,
        "2.0",
    ),
    Field(
        "sockets.min_age",
        marked("Sockets"),
        marked("Least age"),
        marked("Seconds; what is younger is not called stale"),
        Form.NUMBER,
        "0.0",
    ),
    Field(
        "observe",
        marked("Acting"),
        marked("Observe only"),
        marked("Nothing is ever removed, put back or freed"),
        Form.SWITCH,
        marked("off"),
    ),
    Field(
        "keep_days",
        marked("Acting"),
        marked("Keep for undo"),
        marked("Days for which a removed thing can be put back"),
        Form.NUMBER,
        "7",
    ),
    Field(
        "theme",
        marked("Window"),
        marked("Colours"),
        marked("Unless chosen in the View menu"),
        Form.CHOICE,
        Theme.SYSTEM.value,
        ((Theme.SYSTEM, marked("system")), (Theme.LIGHT, marked("light")), (Theme.DARK, marked("dark"))),
    ),
    Field(
        "language",
        marked("Window"),
        marked("Language"),
        marked("Takes effect at the next start"),
        Form.CHOICE,
        Language.SYSTEM.value,
        # Each in its own words: whoever has the wrong one must find back.
        ((Language.SYSTEM, marked("system")), (Language.ENGLISH, "English"), (Language.GERMAN, "Deutsch")),
    ),
    Field(
        "terminal",
        marked("Window"),
        marked("Terminal"),
        marked("The command that opens one; {folder} stands for the folder"),
        Form.WORDS,
        marked("a well-known one"),
    ),
    Field(
        "tray",
        marked("Window"),
        marked("Tray"),
        marked("Closing the window hides it in the tray of the desktop, except while a removal is armed"),
        Form.SWITCH,
        marked("off"),
    ),
    Field(
        "notify.stale",
        marked("Notifications of the desktop, while nobody looks"),
        marked("Left over"),
        marked("Something was left over"),
        Form.SWITCH,
        marked("off"),
    ),
    Field(
        "notify.free",
        marked("Notifications of the desktop, while nobody looks"),
        marked("Waited for"),
        marked("What is waited for is free, gone or in other hands"),
        Form.SWITCH,
        marked("off"),
    ),
    Field(
        "notify.ended",
        marked("Notifications of the desktop, while nobody looks"),
        marked("Ended"),
        marked("A removal, or putting something back, has ended"),
        Form.SWITCH,
        marked("off"),
    ),
)

Shown = Mapping[str, str]


def shown_of(text: str) -> dict[str, str]:
    """What each field shows for the text of a file; raises ``tomllib.TOMLDecodeError``."""
    table = tomllib.loads(text)
    return {field.key: _shown(field, _value(table, field.key)) for field in FIELDS}


def _value(table: Mapping[str, object], key: str) -> object:
    above, _, name = key.rpartition(".")
    if above:
        inside = table.get(above)
        return inside.get(name) if isinstance(inside, dict) else None
    return table.get(name)


def _shown(field: Field, value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else ""
    if isinstance(value, list):
        texts = [str(one) for one in value]
        return shlex.join(texts) if field.form is Form.WORDS else "\n".join(texts)
    return str(value)


def value_of(field: Field, shown: str) -> object:
    """What the file gets for this; None where the default shall hold.  Whether it is right, the file's reader says."""
    text = shown.strip()
    if not text:
        return None
    if field.form is Form.LINES:
        return [line.strip() for line in shown.splitlines() if line.strip()]
    if field.form is Form.WORDS:
        try:
            return shlex.split(text)
        except ValueError:
            return text  # a quote that does not end: no list of words
    if field.form is Form.SWITCH:
        return True
    if field.form is Form.NUMBER:
        for number in (int, float):
            try:
                return number(text)
            except ValueError:
                pass  # then its reader says what was wanted
    return text


def changes(before: Shown, after: Shown) -> dict[str, object]:
    """The settings that are other values now."""
    return {
        field.key: value_of(field, after[field.key])
        for field in FIELDS
        if value_of(field, after[field.key]) != value_of(field, before[field.key])
    }
