"""What a report of a mistake needs: versions, and what ``racewatch doctor`` says; nothing secret."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
from collections.abc import Iterable
from typing import Final

import PySide6
from PySide6.QtCore import qVersion
from PySide6.QtGui import QGuiApplication

from racewatch import __version__
from racewatch.cli.machine import Check, Machine, all_checks
from racewatch.core.text import one_line

_LIBRARIES: Final = ("qasync", "psutil", "watchdog", "platformdirs", "rich", "docker", "jeepney")
#: What stands before the host of an address may be a password, what follows "?" a token.
_SECRETS: Final = re.compile(r"(?<=//)[^/@\s]+(?=@)|(?<=\?)\S+")


def versions() -> list[tuple[str, str]]:
    """What this program is made of, and runs on.  For the GUI thread."""
    return [
        ("racewatch", __version__),
        ("Python", platform.python_version()),
        ("Qt", f"{qVersion()} ({QGuiApplication.platformName()})"),
        ("PySide6", PySide6.__version__),
        ("Linux", f"{platform.release()} ({platform.machine()})"),
        ("System", _system()),
        *((name, _version(name)) for name in _LIBRARIES),
    ]


def _system() -> str:
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", "unknown")
    except OSError:
        return "unknown"


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "not found"


def checks(machine: Machine) -> list[Check]:
    """What ``racewatch doctor`` finds.  Blocks."""
    return list(all_checks(machine))


def report(made_of: Iterable[tuple[str, str]], found: Iterable[Check]) -> str:
    """All of it as text, a line each."""
    lines = [f"{name}: {value}" for name, value in made_of]
    lines += ["", f"user id {os.geteuid()}", ""]
    for check in found:
        cure = f" Cure: {check.cure}." if check.cure else ""
        lines.append(f"[{check.state.value}] {check.name}: {check.detail}.{cure}")
    return "\n".join(_SECRETS.sub("…", one_line(line)) for line in lines)
