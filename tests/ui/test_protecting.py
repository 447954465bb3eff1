"""“Protect this…”: in force at once, in the file for good, marked in the row."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from racewatch.config import config_path, load
from racewatch.core.model import ActRequest, OutcomeWord
from racewatch.ui.actions import Act
from racewatch.ui.strip import Level
from tests.ui.conftest import Opened
from tests.ui.sandbox import HOSTILE, Sandbox


@pytest.fixture(autouse=True)
def _own_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


def test_what_is_protected_is_so_at_once_for_good_and_marked(opened: Opened, sandbox: Sandbox) -> None:
    dead, other = sandbox.dead(HOSTILE[0]), sandbox.dead(b"other.sock")
    window = opened.open()
    target = opened.choose(window, dead)
    seen = window.sockets.observation()
    assert seen is not None
    assert window.sockets.table.mark_of(seen) is None
    window.actions_table[Act.PROTECT].trigger()
    dialog = window.protecting.dialog
    assert dialog is not None
    assert not dialog.protect.isEnabled()
    assert "Say why" in dialog.problem.text()
    dialog.pattern.setText("/elsewhere/*")
    assert "does not match" in dialog.problem.text()
    dialog.folder.click()
    dialog.only.click()
    QTest.keyClicks(dialog.reason, "the night shift's")
    QTest.mouseClick(dialog.protect, Qt.MouseButton.LeftButton)
    # At once: before anything is written.
    assert "the night shift" in window.actions_table[Act.REMOVE].toolTip()
    assert not window.actions_table[Act.REMOVE].isEnabled()
    mark = window.sockets.table.mark_of(seen)
    assert mark is not None
    assert "the night shift's" in mark.text
    refused = window._racewatch.remove(ActRequest(target, seen.fingerprint))
    assert refused.word is OutcomeWord.REFUSED_FORBIDDEN
    opened.until(lambda: bool(window.strips.strips()), "what came of it")
    assert window.strips.strips()[-1].level is Level.SUCCESS
    config, problems = load(config_path())
    assert problems == ()
    assert config.protected.reason(dead) == "the night shift's"
    assert config.protected.reason(other) is None
    assert "protected already" in window.actions_table[Act.PROTECT].toolTip()


def test_a_file_that_cannot_be_written_protects_until_the_end(opened: Opened, sandbox: Sandbox) -> None:
    dead = sandbox.dead(b"a.sock")
    os.makedirs(os.path.dirname(config_path()))
    with open(config_path(), "wb") as file:
        file.write(b"[[protected\n")
    window = opened.open()
    opened.choose(window, dead)
    window.actions_table[Act.PROTECT].trigger()
    dialog = window.protecting.dialog
    assert dialog is not None
    dialog.reason.setText("mine")
    dialog.protect.click()
    opened.until(lambda: bool(window.strips.strips()), "what came of it")
    strip = window.strips.strips()[-1]
    assert strip.level is Level.WARNING
    assert "until this window closes" in strip.text
    assert not window.actions_table[Act.REMOVE].isEnabled()
