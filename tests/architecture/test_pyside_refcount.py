"""PySide6 6.12.0 loses a reference to ``True`` at each emit; on Python 3.11 the interpreter then dies."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.skipif(
    sys.version_info >= (3, 12), reason="True is immortal from Python 3.12 on: nothing to lose"
)
def test_emitting_keeps_the_references_of_true(qapp: object) -> None:
    from PySide6.QtCore import QObject, Signal

    assert qapp is not None

    class Sender(QObject):
        told = Signal(object)

    heard: list[object] = []
    sender = Sender()
    sender.told.connect(heard.append)
    before = sys.getrefcount(True)
    for _ in range(2000):
        sender.told.emit(None)
    after = sys.getrefcount(True)
    assert len(heard) == 2000
    # Other code may take or drop a handful meanwhile; the defect loses one per emit.
    assert abs(after - before) < 100


def test_the_defective_release_is_excluded() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    line = next(entry for entry in project["dependencies"] if entry.startswith("PySide6-Essentials"))
    assert re.search(r"!=6\.12\.0\b", line)
