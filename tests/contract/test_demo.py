"""The demo: real things of each state, a journal of its own, and nothing left afterwards."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.contract.support import PROGRAM, Program, Things, environment, full_pipe


def place(things: Things) -> dict[str, str]:
    return {"XDG_RUNTIME_DIR": things.folder}


def test_list_shows_each_state(racewatch: Program, things: Things) -> None:
    run = racewatch("demo", "--list", "--json", env=place(things))
    assert run.code == 0, run
    seen = {os.path.basename(item["target"]): item for item in run.json["observations"]}
    for name in ("dead-stream.sock", "dead-datagram.sock", "dead-seqpacket.sock"):
        assert (seen[name]["verdict"], seen[name]["label"]) == ("stale", "dead socket")
    for name in (
        "live-stream.sock",
        "live-datagram.sock",
        "live-seqpacket.sock",
        "starting.sock",
        "hung.sock",
        "shut-down.sock",
        "name-lost.sock",
        "respawning.sock",
        "live-escape\\x1b[31mred\\x1b[0m.sock",
        "longer-than-an-address.sock",
    ):
        assert seen[name]["verdict"] == "live", name
    assert seen["hung.sock"]["label"] == "hung"
    assert "lost" in seen["name-lost.sock"]["label"]
    for name, verdict, removable in (
        ("held-flock.lock", "live", "never"),
        ("held-posix.lock", "live", "never"),
        ("gunicorn.pid", "stale", "yes"),
        ("index.lock", "unknown", "override"),
        ("lock", "stale", "never"),
        ("lock-frontend", "idle", "never"),
    ):
        assert (seen[name]["verdict"], seen[name]["removable"]) == (verdict, removable), name
    # Where not every process can be looked into, that nobody uses the bundle cannot be proved.
    assert seen["old-build"]["verdict"] in ("stale", "unknown")
    folder = os.path.commonpath([item["path"] for item in run.json["observations"]])
    assert os.path.basename(folder) == "things", "nothing of the machine itself is in the demo"
    if "other-namespace.sock" in seen:
        assert seen["other-namespace.sock"]["verdict"] == "live"
    else:
        assert "demo-elsewhere" in run.err
    assert things.names() == []


def test_the_text_has_one_line_for_each_thing(racewatch: Program, things: Things) -> None:
    run = racewatch("demo", "--list", env=place(things))
    assert run.code == 0
    rows = run.out.splitlines()[1:]
    assert len(rows) >= 20
    assert all(row.count("\t") == 3 for row in rows)


def test_the_users_own_journal_is_not_touched(racewatch: Program, things: Things, tmp_path: Path) -> None:
    state = tmp_path / "state"
    run = racewatch("demo", "--list", env={**place(things), "RACEWATCH_STATE_DIR": str(state)})
    assert run.code == 0
    assert not state.exists()


def _processes_of(folder: str) -> list[int]:
    """Every process whose command line or open socket belongs to a demo in this folder."""
    found = []
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            environ = Path(f"/proc/{entry}/environ").read_bytes()
        except OSError:
            continue
        if b"XDG_RUNTIME_DIR=" + os.fsencode(folder) + b"\0" in environ:
            found.append(int(entry))
    return found


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_nothing_survives_its_death(things: Things, number: signal.Signals) -> None:
    # A window would hold it open; here a full pipe does: the scan does not fit and nobody reads.
    read, write = full_pipe()
    process = subprocess.Popen(
        [*PROGRAM, "demo", "--list"],
        stdout=write,
        stderr=subprocess.DEVNULL,
        env=environment(**place(things)),
    )
    os.close(write)
    try:
        _until(lambda: any("respawning.sock" in os.listdir(f) for f in _sandboxes(things)))
        _until(lambda: len(_processes_of(things.folder)) >= 9)
        process.send_signal(number)
        process.wait(timeout=60)
        _until(lambda: _processes_of(things.folder) == [])
        _until(lambda: things.names() == [])
    finally:
        os.close(read)
        if process.poll() is None:
            process.kill()
            process.wait()


def _sandboxes(things: Things) -> list[str]:
    paths = [os.path.join(things.folder, name, "things") for name in things.names()]
    return [path for path in paths if os.path.isdir(path)]


def _until(condition: object) -> None:
    assert callable(condition)
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.01)


def test_the_respawning_socket_respawns(things: Things) -> None:
    """Its name means a new inode again and again while the demo runs."""
    read, write = full_pipe()
    process = subprocess.Popen(
        [*PROGRAM, "demo", "--list"],
        stdout=write,
        stderr=subprocess.DEVNULL,
        env=environment(**place(things)),
    )
    os.close(write)
    seen: set[tuple[int, int]] = set()

    def two_lives() -> bool:
        for folder in _sandboxes(things):
            try:
                found = os.lstat(os.path.join(folder, "respawning.sock"))
            except FileNotFoundError:
                continue
            seen.add((found.st_ino, found.st_ctime_ns))
        return len(seen) >= 2

    try:
        _until(two_lives)
    finally:
        process.kill()
        process.wait()
        os.close(read)
    _until(lambda: things.names() == [])
