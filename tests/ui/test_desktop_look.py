"""Looking in a real window, by mouse and keyboard: finding, sorting, exporting, settings."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import tomllib
from functools import partial
from pathlib import Path

from tests.ui.desktop import PATIENCE, wait_for
from tests.ui.driving import ROOT, Program
from tests.ui.readout import Row, Screen
from tests.ui.sandbox import Sandbox


def sockets(seen: Screen) -> tuple[Row, ...]:
    table = seen.table("Sockets")
    return table.rows if table is not None else ()


def chosen(seen: Screen) -> list[str]:
    """The names of the selected rows."""
    return [os.path.basename(row.cells[1]) for row in sockets(seen) if row.selected]


def card(seen: Screen) -> str:
    """The path on the evidence card."""
    return next((one.text for one in seen.things if one.kind == "PathBox"), "")


def test_a_filter_is_typed_and_the_first_match_chosen_and_explained(
    program: Program, watched: Sandbox
) -> None:
    dead = watched.dead(b"find-me-1.sock")
    watched.dead(b"find-me-2.sock")
    watched.bind(b"other.sock")
    program.filter("ctrl+3", "find-me verdict:stale", 2, "Sockets")
    program.key("Down")
    program.wait(lambda seen: chosen(seen) == ["find-me-1.sock"], "the first match")
    seen = program.wait(lambda seen: seen if card(seen) == os.fsdecode(dead) else None, "its evidence")
    assert seen.says("ECONNREFUSED", "no socket is bound")
    assert seen.says("Nobody uses it. Removing it can be undone")
    # It dies now: the row and the card follow by themselves.
    program.filter("ctrl+3", "other.sock", 1, "Sockets")
    program.key("Down")
    program.wait(lambda seen: seen.says("Listening"), "that it lives")
    watched.die(b"other.sock")
    program.wait(lambda seen: seen.says("Dead socket"), "that it died")


def test_the_mouse_chooses_opens_the_menu_sorts_and_drags(program: Program, watched: Sandbox) -> None:
    for number in range(4):
        watched.dead(f"mouse-{number}.sock".encode())
    watched.bind(b"mouse-live.sock")
    table = program.filter("ctrl+3", "mouse-", 5, "Sockets")
    third = table.row("mouse-2.sock")
    assert third is not None
    program.click(third.place)
    program.wait(lambda seen: chosen(seen) == ["mouse-2.sock"] and "mouse-2" in card(seen), "the clicked row")

    second = table.row("mouse-1.sock")
    assert second is not None
    program.click(second.place, 3)
    program.wait(lambda seen: seen.menu, "the menu")
    program.choose_line("Copy path")
    wanted = os.fsdecode(watched.path(b"mouse-1.sock"))
    program.wait(lambda seen: seen.clipboard == wanted, "the path of the row below the pointer")

    def order(seen: Screen) -> list[str]:
        return [os.path.basename(row.cells[1]) for row in sockets(seen)]

    before = order(program.screen())
    heading = next(one for one in table.headings if one.text == "Path")
    program.point(heading.place.x + 20, heading.place.middle[1])
    program.wait(lambda seen: order(seen) == sorted(before), "the order of the paths")
    program.point(
        heading.place.x + 60, heading.place.middle[1]
    )  # on the same spot it might be a double click
    program.wait(lambda seen: order(seen) == sorted(before, reverse=True), "the other way round")
    # What is chosen stays so, wherever it goes.
    assert chosen(program.screen()) == ["mouse-1.sock"]

    handle = program.thing("", "QSplitterHandle")
    program.drag(*handle.place.middle, -120)
    program.wait(lambda seen: _handle(seen) <= handle.place.x - 100, "the splitter")


def _handle(seen: Screen) -> int:
    return next(one.place.x for one in seen.things if one.kind == "QSplitterHandle")


def scanned(program: Program) -> list[dict[str, object]]:
    """What ``racewatch scan`` says of the same folder."""
    done = subprocess.run(
        [sys.executable, "-m", "racewatch", "scan", str(program.folders.looked_at), "--json"],
        cwd=ROOT,
        env=program.environment,
        capture_output=True,
        timeout=PATIENCE,
        check=True,
    )
    found = json.loads(done.stdout)["observations"]
    assert isinstance(found, list)
    return found


def _named(seen: Screen, title: str, ending: str) -> bool:
    """The line for the name has the keyboard."""
    return any(one.window == title and one.focus and one.text.endswith(f".{ending}") for one in seen.things)


def test_exports_through_the_file_dialog_say_what_the_command_line_says(
    program: Program, watched: Sandbox, tmp_path: Path
) -> None:
    watched.dead(b"export-a.sock")
    watched.bind(b"export-b.sock")
    watched.dead(b"=export(c).sock")
    program.filter("ctrl+3", "export", 3, "Sockets")
    for key, ending in (("ctrl+e", "csv"), ("ctrl+shift+e", "json")):
        program.key(key)
        title = f"Export 3 sockets as {ending.upper()}"
        program.dialog(title)
        program.wait(partial(_named, title=title, ending=ending), "the name")
        program.key("ctrl+a")
        program.type(str(tmp_path / f"out.{ending}"))
        program.press("Save", title)
        program.closed(title)
        wait_for((tmp_path / f"out.{ending}").exists, "the file")
    seen = {str(one["path"]): one for one in scanned(program)}
    with (tmp_path / "out.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["Path"]: row["Verdict"] for row in rows} == {
        path: one["verdict"] for path, one in seen.items()
    }
    document = json.loads((tmp_path / "out.json").read_bytes())
    assert document["problems"] == []
    same = ("kind", "target", "fingerprint", "verdict", "label", "removable", "format")
    assert [{name: one[name] for name in same} for one in document["observations"]] == [
        {name: seen[row["Path"]][name] for name in same} for row in rows
    ]


def test_settings_by_keyboard_and_by_hand(program: Program, watched: Sandbox) -> None:
    watched.dead(b"setting.sock")
    watched.dead(b"hidden.sock")
    file = program.folders.config
    program.filter("ctrl+3", "run", 2, "Sockets")
    program.key("ctrl+comma")
    program.dialog("Settings")

    def at_most(seen: Screen) -> bool:
        return any(one.name == "Most entries" and one.focus for one in seen.things)

    while not at_most(program.screen()):
        program.key("Tab")
    program.type("many")
    program.wait(lambda seen: seen.says("Put right what is marked first."), "the refusal")
    assert program.screen().says("whole number")
    save = program.screen().thing("Save", "Button", "Settings")
    assert save is not None
    assert not save.enabled
    program.key("Return")
    assert program.screen().window("Settings") is not None
    program.key("ctrl+a")
    program.type("4321")
    program.thing("Save", "Button", "Settings")
    program.key("Return")
    program.closed("Settings")
    program.wait(lambda seen: seen.says("are in force"), "the new settings")
    text = file.read_text()
    assert text.startswith("# by hand\n")
    assert tomllib.loads(text) == {"roots": [str(program.folders.looked_at)], "max_entries": 4321}

    # Edited by hand, as an editor does: a new file in the place of the old one.
    beside = file.with_suffix(".new")
    beside.write_text(text + 'exclude = ["*/hidden.*"]\n')
    beside.rename(file)
    program.wait(
        lambda seen: [os.path.basename(row.cells[1]) for row in sockets(seen)] == ["setting.sock"],
        "it to be left out",
    )
    file.write_text(text)
    program.wait(lambda seen: len(sockets(seen)) == 2, "both again")
