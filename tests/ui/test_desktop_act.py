"""Acting in a real window, by mouse and keyboard, while the system goes on living below it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys

from tests.ui.desktop import PATIENCE, wait_for
from tests.ui.driving import ROOT, Program
from tests.ui.readout import Screen, Table, Thing
from tests.ui.sandbox import Sandbox

_LIST = "What is to be removed"
_REFUSED = {"refused_live", "refused_changed"}


def journal(program: Program) -> list[dict[str, object]]:
    """What ``racewatch history`` says, newest first."""
    done = subprocess.run(
        [sys.executable, "-m", "racewatch", "history", "--json"],
        cwd=ROOT,
        env=program.environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )
    entries = json.loads(done.stdout)["history"]
    assert isinstance(entries, list)
    return entries


def listed(seen: Screen) -> Table | None:
    """The rows of the review dialog."""
    return seen.table(_LIST)


def ask(program: Program, text: str) -> None:
    """Find it, choose it with the mouse, press Delete."""
    table = program.filter("ctrl+3", text, 1, "Sockets")
    program.click(table.rows[0].place)
    program.wait(lambda seen: seen.action("Remove…").enabled, "a row that can be removed")
    program.key("Delete")
    program.dialog("Remove the")


def remove(program: Program, text: str, path: bytes) -> None:
    """The same, and agree."""
    ask(program, text)
    program.press("Remove socket", "Remove the")
    wait_for(lambda: not os.path.lexists(path), "the removal")
    program.closed("Remove the")


def is_alive(path: bytes) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        return client.connect_ex(path) == 0


def test_a_clean_up_while_half_of_it_is_respawned_loses_nothing_live(
    program: Program, watched: Sandbox
) -> None:
    dying = [watched.dead(f"sweep-a-{number}.sock".encode()) for number in range(6)]
    returning = [watched.dead(f"sweep-b-{number}.sock".encode()) for number in range(6)]
    program.filter("ctrl+3", "sweep", 12, "Sockets")
    program.key("ctrl+Delete")
    program.dialog("Remove the ticked sockets?")
    program.thing("Remove 12 sockets")
    table = program.wait(listed, "the plan")
    assert all(row.ticked for row in table.rows)
    last = table.row("sweep-a-5")
    assert last is not None
    program.point(last.place.x + 17, last.place.middle[1])  # its box
    button = program.thing("Remove 11 sockets")
    respawner = subprocess.Popen(
        [
            *(sys.executable, "-m", "tests.ui.respawner", str(program.process.pid)),
            *(os.fsdecode(path) for path in (dying[0], *returning)),
        ],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert respawner.stdin is not None
        assert respawner.stdout is not None
        assert respawner.stdout.readline() == "ready\n"
        program.click(button.place, times=2)  # the second one hits nothing
        program.wait(lambda seen: seen.says("What came of each"), "the end of the plan")
        respawner.stdin.write("enough\n")
        respawner.stdin.flush()
        told = json.loads(respawner.stdout.readline())
        assert told["lost"] == []
        assert told["lives"] > 2 * len(returning)
        assert all(is_alive(path) for path in returning)
    finally:
        respawner.communicate(timeout=PATIENCE)
    assert [os.path.lexists(path) for path in dying] == [False] * 5 + [True]

    program.press("Copy results")
    copied = program.wait(lambda seen: seen.clipboard, "the results")
    words = {path: word for word, path, _ in (line.split("\t") for line in copied.splitlines())}
    assert [words[os.fsdecode(path)] for path in dying] == ["done"] * 5 + ["not touched"]
    came_back = {words[os.fsdecode(path)] for path in returning}
    # One may have had its turn before it came back, or have been looked for between two of its lives.
    assert came_back <= {*_REFUSED, "done", "gone"}
    assert came_back & _REFUSED
    table = program.wait(listed, "the results")
    for row in table.rows:
        word = words[os.fsdecode(watched.path(os.fsencode(row.cells[0])))]
        assert (", refused: " in row.said) == (word in _REFUSED), row.said
    said = {str(entry["path"]): entry["outcome"] for entry in journal(program) if entry["verb"] == "remove"}
    acted = {path: word for path, word in words.items() if word != "not touched"}
    assert {path: said[path] for path in acted} == acted
    program.press("Close", "Remove the")
    program.closed("Remove the")


def test_what_comes_alive_right_before_the_press_is_refused(program: Program, watched: Sandbox) -> None:
    path = watched.dead(b"revived.sock")
    ask(program, "revived")
    button = program.thing("Remove socket", window="Remove the")
    # It stands still while the server comes back and the finger goes down: it can know of the one as of the other.
    program.process.send_signal(signal.SIGSTOP)
    watched.bind(b"revived.sock")
    program.click(button.place)
    program.process.send_signal(signal.SIGCONT)
    # Whichever it hears of first: the dialog withdraws, or the core refuses.
    program.wait(lambda seen: seen.says("came alive") or _strip(seen, "revived.sock", "in use"), "a refusal")
    assert is_alive(path)
    words = [entry["outcome"] for entry in journal(program) if entry["path"] == os.fsdecode(path)]
    assert set(words) <= _REFUSED


def _strip(seen: Screen, *words: str) -> str:
    return next(
        (
            one.name
            for one in seen.things
            if one.kind == "Strip" and all(word in one.name.casefold() for word in words)
        ),
        "",
    )


def undo_of(seen: Screen, text: str) -> Thing | None:
    """The button in the message that says this."""
    message = next((one.place for one in seen.things if one.kind == "Strip" and text in one.name), None)
    return next(
        (
            one
            for one in seen.things
            if message is not None
            and one.text == "Undo"
            and one.enabled
            and message.y <= one.place.y < message.y + message.height
        ),
        None,
    )


def test_undo_from_the_message_and_from_the_history(program: Program, watched: Sandbox) -> None:
    path = watched.dead(b"back-again.sock")
    node = os.lstat(path)
    remove(program, "back-again", path)
    program.click(program.wait(lambda seen: undo_of(seen, "back-again"), "Undo in the message").place)
    wait_for(lambda: os.path.lexists(path), "the undo from the message")
    assert os.lstat(path).st_mtime_ns == node.st_mtime_ns
    program.wait(lambda seen: undo_of(seen, "back-again") is None, "the message to be used up")

    remove(program, "back-again", path)
    program.key("ctrl+6")

    def newest(seen: Screen) -> Table | None:
        table = seen.table("History")
        return table if table is not None and table.rows and "back-again" in table.rows[0].cells[2] else None

    program.wait(newest, "the line of the removal")
    program.click(program.wait(newest, "the line").rows[0].place)

    def undo(seen: Screen) -> Thing | None:
        """That of the history, below its details."""
        found = [one for one in seen.things if one.text == "Undo" and one.place.y > 400 and one.enabled]
        return found[0] if found else None

    program.click(program.wait(undo, "Undo in the history").place)
    wait_for(lambda: os.path.lexists(path), "the undo from the history")
    assert [entry["verb"] for entry in journal(program)[:4]] == ["undo", "remove", "undo", "remove"]


def test_while_observing_no_action_is_reachable(program: Program, watched: Sandbox) -> None:
    path = watched.dead(b"only-seen.sock")
    other = watched.dead(b"taken-before.sock")
    remove(program, "taken-before", other)
    table = program.filter("ctrl+3", "only-seen", 1, "Sockets")
    program.click(table.rows[0].place)
    program.wait(lambda seen: seen.action("Remove…").enabled, "a row that can be removed")
    program.key("alt+e")
    program.choose_line("Observe only")
    program.wait(lambda seen: seen.window("observing — racewatch"), "the title to say so")

    def off(seen: Screen) -> bool:
        names = ("Remove…", "Clean up…", "Undo last removal", "Remove when its owner has died…")
        return not any(seen.action(name).enabled for name in names)

    program.wait(off, "everything that acts to be off")
    program.click(table.rows[0].place, times=2)
    program.key("Return", "Delete", "ctrl+Delete", "ctrl+z")
    program.key("ctrl+6")
    program.wait(lambda seen: seen.table("History"), "the history")
    seen = program.screen()
    assert len(seen.windows) == 1, seen.windows
    assert not any(one.enabled for one in seen.things if one.text in {"Undo", "Free space…"})
    assert os.path.lexists(path)
    assert not os.path.lexists(other)

    program.key("alt+e")
    program.choose_line("Observe only")
    program.dialog("Allow removing again?")
    program.press("Allow removing")
    program.wait(
        lambda seen: any(one.title == "racewatch" and one.active for one in seen.windows), "the usual title"
    )
