"""Copying, showing and exporting what is selected, on real sockets, locks, shells and a real session bus."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLabel

from racewatch.core import wire
from racewatch.core.model import KindName, Says, Target, Verdict
from racewatch.ui import note, places, remains
from racewatch.ui.actions import Act
from racewatch.ui.export import csv_text, write_whole
from racewatch.ui.holder import HolderDialog, container_of
from racewatch.ui.window import MainWindow
from tests.ui.conftest import Opened
from tests.ui.lockers import Lockers
from tests.ui.sandbox import Sandbox
from tests.ui.support import seen

ROOT = Path(__file__).resolve().parents[2]
ODD = b"it's $HOME `x` \xff\n.sock"


def clipboard(window: MainWindow, act: Act) -> str:
    QGuiApplication.clipboard().setText("nothing")
    window.actions_table[act].trigger()
    return QGuiApplication.clipboard().text()


def test_every_copy_is_of_the_selected_thing(opened: Opened, sandbox: Sandbox) -> None:
    dead = sandbox.dead(ODD)
    window = opened.open()
    target = opened.choose(window, dead)
    shown = window.sockets.observation()
    assert shown is not None
    quoted = clipboard(window, Act.COPY_QUOTED)
    pasted = subprocess.run(["bash", "-c", f"printf %s {quoted}"], capture_output=True, check=True)
    assert pasted.stdout == dead
    assert clipboard(window, Act.COPY_FINGERPRINT) == shown.fingerprint
    again = wire.observation_from_json(json.loads(clipboard(window, Act.COPY_JSON)))
    assert (again.target, again.fingerprint, again.evidence) == (target, shown.fingerprint, shown.evidence)
    text = clipboard(window, Act.COPY_EVIDENCE)
    assert "ECONNREFUSED" in text
    ticket = clipboard(window, Act.COPY_NOTE)
    for part in (
        "## Dead socket",
        "**Verdict:** stale",
        "### Evidence",
        "### Holders",
        "none that can be seen",
    ):
        assert part in ticket
    assert shown.fingerprint in ticket
    assert os.uname().nodename in ticket
    assert "What stays open if it is removed" in ticket


def test_the_card_answers_why_and_what_stays_open(
    opened: Opened, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    dead, live = sandbox.dead(b"dead.sock"), sandbox.bind(b"live.sock")
    window = opened.open()

    def told() -> list[str]:
        return [label.text() for label in window.sockets.pane.findChildren(QLabel) if label.isVisible()]

    opened.choose(window, dead)
    opened.until(lambda: "Why it is stale" in told(), "the card")
    assert "What stays open if it is removed" in told()
    assert any("put back at once" in text for text in told())
    opened.choose(window, live)
    opened.until(lambda: "Why it is live" in told(), "the other card")
    assert "What stays open if it is removed" not in told()
    # And where there is no terminal, that is said.
    window.actions_table[Act.TERMINAL].trigger()
    opened.until(lambda: any("No terminal" in strip.text for strip in window.strips.strips()), "the message")


def test_what_stays_open_comes_from_what_was_found() -> None:
    assert remains.risks(seen(b"/run/x", Verdict.LIVE)) == ()
    dead = seen(b"/run/x.lock", facts=(("mechanism", "flock"), ("consequence", "two writers")))
    lock = replace(dead, target=Target(KindName.LOCK, b"/run/x.lock"))
    assert any("lock a file of its own" in risk for risk in remains.risks(lock))
    assert "If it is in use after all: two writers." in remains.risks(lock)
    assert remains.risks(replace(dead, undoable=False))[-1] == "It cannot be undone."


def test_a_note_cannot_be_forged_by_a_name() -> None:
    evil = seen(b"/run/`x` [a](http://b) <img> ``y\n# heading", detail="*bold* | cell", owner="`sh`")
    text = note.incident_note(evil, may="It can.", since="", now=0.0)
    lines = text.splitlines()
    assert sum(line.startswith("#") for line in lines) == 3
    assert "```/run/`x` [a](http://b) <img> ``y\\n# heading```" in text
    assert "\\*bold\\* \\| cell" in text
    assert "`` `sh` ``" in text


# --- the folder -----------------------------------------------------------------------------------


@pytest.fixture
def bus() -> Iterator[str]:
    if shutil.which("dbus-daemon") is None:
        pytest.skip("not installed: dbus-daemon")
    daemon = subprocess.Popen(
        ["dbus-daemon", "--session", "--nofork", "--print-address=1"], stdout=subprocess.PIPE, text=True
    )
    assert daemon.stdout is not None
    yield daemon.stdout.readline().strip()
    daemon.terminate()
    daemon.communicate()


def test_the_file_manager_is_asked_to_show_these_very_bytes(tmp_path: Path, bus: str) -> None:
    notes = tmp_path / "notes"
    environment = {**os.environ, "DBUS_SESSION_BUS_ADDRESS": bus}
    ask = f"import sys\nfrom racewatch.ui import places\nsys.exit(not places.ask_file_manager({b'/run/a b/' + ODD!r}))"
    nobody = subprocess.run([sys.executable, "-c", ask], cwd=ROOT, env=environment, check=False)
    assert nobody.returncode == 1
    manager = subprocess.Popen(
        [sys.executable, "-m", "tests.ui.file_manager", str(notes)],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert manager.stdout is not None
    assert manager.stdout.readline() == "ready\n"
    subprocess.run([sys.executable, "-c", ask], cwd=ROOT, env=environment, check=True)
    manager.kill()
    manager.communicate()
    assert "ShowItems ass ['file:///run/a%20b/it%27s%20%24HOME%20%60x%60%20%FF%0A.sock'" in _one_line(notes)


def _one_line(notes: Path) -> str:
    return notes.read_text().replace("[[", "[")


def test_a_terminal_starts_in_the_folder(tmp_path: Path) -> None:
    said = tmp_path / "said"
    os.mkfifo(said)
    folder = tmp_path / "some where"
    folder.mkdir()
    script = tmp_path / "terminal"
    script.write_text(f'#!/bin/sh\n{{ pwd; printf "%s\\n" "$@"; }} > "{said}"\n')
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    assert places.start_terminal(os.fsencode(folder), (str(script), "--in={folder}")) is None
    assert said.read_text() == f"{folder}\n--in={folder}\n"
    environment = {"TERMINAL": str(script)}
    assert places.start_terminal(os.fsencode(folder), (), environment) is None
    assert said.read_text().splitlines()[0] == str(folder)
    assert "setting “terminal”" in (places.start_terminal(os.fsencode(folder), ("/no/such",)) or "")
    assert "no text" in (places.start_terminal(b"/tmp/\xff", (str(script),)) or "")
    assert "No terminal could be started" in (places.start_terminal(b"/no/such/folder") or "")


def test_the_folder_of_a_thing(tmp_path: Path) -> None:
    (tmp_path / "bundle").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "bundle")
    here = os.fsencode(tmp_path)
    assert places.folder_of(here + b"/bundle") == here
    assert places.folder_of(here + b"/bundle", inside=True) == here + b"/bundle"
    assert places.folder_of(here + b"/link", inside=True) == here
    assert places.folder_of(here + b"/gone", inside=True) == here


# --- holders --------------------------------------------------------------------------------------


def test_the_holder_is_shown_as_the_very_process(opened: Opened, sandbox: Sandbox, tmp_path: Path) -> None:
    with Lockers(Path(os.fsdecode(sandbox.folder)), tmp_path / "bin") as lockers:
        (path,) = lockers.hold("backupd", "flock:nightly.lock")
        window = opened.open()
        window.actions_table[Act.LOCKS].trigger()
        target = Target(KindName.LOCK, path)
        opened.until(lambda: window.locks.table.choose(target), "the lock")
        opened.until(window.actions_table[Act.HOLDER].isEnabled, "its holder")
        window.actions_table[Act.HOLDER].trigger()
        (dialog,) = window.findChildren(HolderDialog)
        opened.until(lambda: "State: runs now" in dialog.text(), "what it does now")
        assert "Process: backupd (pid" in dialog.text()
        dialog.copy.click()
        assert QGuiApplication.clipboard().text() == dialog.text()
        dialog.close()


@pytest.mark.parametrize(
    ("group", "container"),
    [
        (b"/system.slice/docker-0123abcd.scope", "docker 0123abcd"),
        (b"/machine.slice/libpod-ffee.scope/container", "libpod ffee"),
        (b"/kubepods/pod1/" + b"a" * 64, "a" * 64),
        (b"/user.slice/user-1000.slice/session-2.scope", None),
        (b"/", None),
    ],
)
def test_a_container_is_told_by_the_name_of_its_control_group(group: bytes, container: str | None) -> None:
    assert container_of(group) == container


# --- exports --------------------------------------------------------------------------------------


def test_the_shown_rows_are_exported(opened: Opened, sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.dead(b"=cmd.sock")
    sandbox.dead(b"other.sock")
    sandbox.bind(b"live.sock")
    window = opened.open()
    window.sockets.filters.chips[Verdict.STALE].click()
    for act, name in ((Act.EXPORT_CSV, "rows.csv"), (Act.EXPORT_JSON, "rows.json")):
        window.actions_table[act].trigger()
        dialog = window.exports.dialog
        assert dialog is not None
        dialog.fileSelected.emit(str(tmp_path / name))
        dialog.reject()
        opened.until(lambda name=name: (tmp_path / name).exists(), "the file")
    rows = list(csv.reader(io.StringIO((tmp_path / "rows.csv").read_text())))
    assert rows[0][:2] == ["Verdict", "State"]
    assert [row[0] for row in rows[1:]] == ["stale", "stale"]
    document = json.loads((tmp_path / "rows.json").read_text())
    assert {one["label"] for one in document["observations"]} == {"dead socket"}
    assert len(document["observations"]) == 2
    window.actions_table[Act.OVERVIEW].trigger()
    assert not window.actions_table[Act.EXPORT_CSV].isEnabled()


def test_no_cell_is_a_formula() -> None:
    table = [["Path"], ["=1+1"], ["+x"], ["-x"], ["@x"], ["\tx"], ['a,"b'], ["plain"]]
    back = [row[0] for row in csv.reader(io.StringIO(csv_text(table)))]
    assert back == ["Path", "'=1+1", "'+x", "'-x", "'@x", "'\tx", 'a,"b', "plain"]


def test_a_file_is_whole_or_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    assert write_whole(str(path), b"one") is None
    assert path.read_bytes() == b"one"
    assert write_whole(str(tmp_path / "no" / "such"), b"x") is not None
    assert write_whole(str(path), b"two") is None
    assert (path.read_bytes(), sorted(os.listdir(tmp_path))) == (b"two", ["out.csv"])


def test_the_evidence_about_removing_is_not_among_that_for_the_verdict() -> None:
    dead = seen(b"/run/x")
    assert remains.found(dead) == dead.evidence
    assert dead.evidence[0].says is Says.STALE
