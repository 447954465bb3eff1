"""The containers of the demo: one of each state, and not a trace of them afterwards, whatever happened."""

from __future__ import annotations

import contextlib
import glob
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from racewatch.cli.demo_containers import NoContainers, make_containers
from racewatch.kinds.containers.state import Runtime
from racewatch.linux import cgroups, processes
from tests.containers.support import why_not
from tests.contract.support import PROGRAM, Program, Run, Things, environment

needs_runc = pytest.mark.skipif(why_not(Runtime.RUNC) is not None, reason=str(why_not(Runtime.RUNC)))


def place(things: Things, **more: str) -> dict[str, str]:
    return {"XDG_RUNTIME_DIR": things.folder, **more}


def until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, f"in vain: {what}"
        time.sleep(0.01)


def left_of(*names: str) -> list[bytes]:
    """The control groups that containers left; they are not left here as well."""
    found = [group for name in names for group in cgroups.named(os.fsencode(name))]
    for group in found:
        os.rmdir(group)
    return found


def containers(run: Run) -> dict[str, Any]:
    """Name → observation, of this demo's own names only the beginning."""
    found = {}
    for item in run.json["observations"]:
        if item["target"].startswith("container:runc:"):
            found[item["target"].rpartition(":")[2].rpartition("-")[0]] = item
    return found


@needs_runc
def test_one_of_each_state_and_nothing_of_them_left(racewatch: Program, things: Things) -> None:
    run = racewatch("demo", "--list", "--json", env=place(things))
    assert run.code == 0, run
    assert "no containers" not in run.err
    seen = containers(run)
    assert {name: (item["label"], item["verdict"]) for name, item in seen.items()} == {
        "nightly-job": ("stopped", "stale"),
        "website": ("running", "live"),
        "migration": ("created", "unknown"),
    }
    bundle = next(item for item in run.json["observations"] if item["target"].endswith("/website"))
    assert bundle["label"] == "bundle in use"
    for item in seen.values():
        assert left_of(item["target"].rpartition(":")[2]) == []
        assert item["owner"] is None or processes.identify(item["owner"]["pid"]) is None
    assert things.names() == []


class Standing:
    """A demo that stands until it is killed."""

    def __init__(self, folder: str, process: subprocess.Popen[bytes]) -> None:
        self.folder = folder
        self.process = process

    def runc(self, *words: str) -> int:
        root = f"{self.folder}/containers/runc"
        done = subprocess.run(["runc", "--root", root, *words], capture_output=True, check=False)
        return done.returncode

    def states(self) -> dict[str, tuple[str, str, int]]:
        """Name → id, state and first process."""
        root = Path(self.folder, "containers/runc")
        found = {}
        for folder in root.iterdir() if root.is_dir() else ():
            with contextlib.suppress(OSError, ValueError, KeyError):
                said = subprocess.run(
                    ["runc", "--root", root, "state", folder.name], capture_output=True, check=False
                ).stdout
                state = json.loads(said)["status"]
                pid = json.loads((folder / "state.json").read_bytes())["init_process_pid"]
                found[folder.name.rpartition("-")[0]] = (folder.name, state, pid)
        return found


@contextlib.contextmanager
def standing(things: Things) -> Iterator[Standing]:
    # A window would hold it open; here a full pipe does: its scan does not fit and nobody reads.
    read, write = os.pipe()
    os.set_blocking(write, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(write, b"x" * 4096)
    os.set_blocking(write, True)
    words = [*PROGRAM, "demo", "--list"]
    process = subprocess.Popen(
        words, stdout=write, stderr=subprocess.DEVNULL, env=environment(**place(things))
    )
    os.close(write)
    try:
        # Before that there may be nobody yet who would clean up.
        until(lambda: bool(glob.glob(things.path("*/things/containers"))), "the janitor's work")
        yield Standing(things.path(f"{things.names()[0]}/things"), process)
    finally:
        process.kill()
        process.wait()
        os.close(read)
        until(lambda: things.names() == [], "the end of the sandbox")


@needs_runc
def test_whatever_was_done_to_them_meanwhile_they_are_ended(things: Things) -> None:
    with standing(things) as demo:
        until(lambda: len(demo.states()) == 3, "its containers")
        made = demo.states()
        names = [name for name, _, _ in made.values()]
        assert demo.runc("pause", made["website"][0]) == 0
        assert demo.runc("start", made["migration"][0]) == 0
        assert demo.runc("delete", made["nightly-job"][0]) == 0
        now = demo.states()
        assert {name: state for name, (_, state, _) in now.items()} == {
            "website": "paused",
            "migration": "running",
        }
        # What an interrupted act took away.
        aside = Path(demo.folder, "containers/runc/.racewatch.aside")
        aside.mkdir()
        (aside.parent / made["migration"][0]).rename(aside / made["migration"][0])
    assert left_of(*names) == []
    assert [pid for _, _, pid in now.values() if processes.identify(pid) is not None] == []


@needs_runc
@pytest.mark.parametrize("moment", [0.0, 0.02, 0.05, 0.1, 0.2])
def test_killed_while_they_are_made_it_leaves_none(things: Things, moment: float) -> None:
    with standing(things) as demo:
        time.sleep(moment)
        own = os.path.basename(os.path.dirname(demo.folder)).rpartition("-")[2]
        demo.process.send_signal(signal.SIGKILL)
        demo.process.wait()
    assert left_of(f"nightly-job-{own}", f"website-{own}", f"migration-{own}") == []


def test_without_a_runtime_all_the_rest_is_there(racewatch: Program, things: Things, tmp_path: Path) -> None:
    run = racewatch("demo", "--list", "--json", env=place(things, PATH=str(tmp_path)))
    assert run.code in (0, 5), run
    assert containers(run) == {}
    assert "demo: no containers: " in run.err
    assert sum(item["kind"] == "socket" for item in run.json["observations"]) > 10
    assert things.names() == []


def test_why_there_are_none_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def why() -> str:
        with pytest.raises(NoContainers) as caught:
            make_containers(str(tmp_path / "things"), 0, lambda: False)
        return str(caught.value)

    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert why() == "making them needs root"
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert why() == "runc and crun are not installed"
    (tmp_path / "runc").write_text("#!/bin/sh\nexit 3\n")
    (tmp_path / "runc").chmod(0o755)
    assert why() == "busybox is not installed (package busybox-static)"
    (tmp_path / "busybox").write_text("this is /ld-linux.so linked")
    (tmp_path / "busybox").chmod(0o755)
    assert why() == "busybox is not a static one (package busybox-static)"
    (tmp_path / "busybox").write_text("static")
    assert why() == "runc cannot make one here (create answered 3)"
    shutil.rmtree(tmp_path / "things")
    (tmp_path / "runc").write_text("not a program")
    assert "runc cannot make one here" in why()
