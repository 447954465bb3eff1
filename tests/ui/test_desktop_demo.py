"""The demo in a real window: what is set there is the demo's own, and goes with it."""

from __future__ import annotations

import os
from pathlib import Path

from tests.ui.desktop import PATIENCE, Desktop
from tests.ui.driving import Folders, Program


def test_protecting_in_the_demo_writes_into_the_demos_own_settings(desktop: Desktop, tmp_path: Path) -> None:
    folders = Folders(tmp_path)
    folders.welcomed()
    before = {file: file.read_bytes() for file in folders.config.parent.iterdir()}
    program = Program(desktop, folders, "demo")
    try:
        table = program.filter("ctrl+3", "dead-stream.sock", 1, "Sockets")
        sandbox = Path(table.rows[0].cells[1]).parents[1]
        assert sandbox.name.startswith("racewatch-demo-")
        program.key("Down", "alt+e")
        program.choose_line("Protect this…")
        program.dialog("Protect “dead-stream.sock”?")
        program.type("a try")
        program.wait(lambda seen: seen.says(f"Written to {sandbox}/config/config.toml"), "where it goes")
        program.key("Return")
        program.closed("Protect")
        program.wait(lambda seen: seen.says("Protected:", "a try"), "that it is protected")
        text = (sandbox / "config" / "config.toml").read_text()
        assert text.startswith("# The settings of this demo alone")
        assert f'roots = ["{sandbox}/things"]' in text
        assert 'reason = "a try"' in text
        assert not program.screen().action("Remove…").enabled
        # What is set in the window holds here and now, and the containers are still in what is looked at.
        containers = Path(f"{sandbox}/things/containers").exists()
        assert ("state_roots" in text) == containers
        program.key("ctrl+comma")
        program.dialog("Settings")
        program.key(*["Tab"] * 10)
        program.wait(
            lambda seen: any(one.focus and one.name == "Keep for undo" for one in seen.things), "the line"
        )
        program.type("3")
        program.press("Save", "Settings")
        program.closed("Settings")
        program.wait(lambda seen: seen.says("are in force"), "that they are in force")
        program.key("ctrl+6")
        program.wait(lambda seen: seen.says("3 days"), "how long it can be put back now")
        program.key("ctrl+q")
        assert program.process.wait(PATIENCE) == 0
        assert not os.path.lexists(sandbox)
    finally:
        program.kill()
    assert {file: file.read_bytes() for file in folders.config.parent.iterdir()} == before
