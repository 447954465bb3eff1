"""The list of requirements names tests that exist; and the checks that belong to no single module."""

from __future__ import annotations

import ast
import os
import re
import select
import shutil
import socket
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from racewatch.config import Config
from racewatch.core.act import Step
from racewatch.core.model import ActRequest, KindName, OutcomeWord, Target, Verdict
from racewatch.verbs import Racewatch

ROOT = Path(__file__).resolve().parents[2]
LIST = tomllib.loads((Path(__file__).parent / "requirements.toml").read_text())["requirement"]


def test_the_list_is_whole_and_its_tests_exist() -> None:
    assert [one["number"] for one in LIST] == list(range(1, 16))
    for one in LIST:
        assert one["says"]
        assert one["tests"]
        for test in one["tests"]:
            file, _, name = test.partition("::")
            tree = ast.parse((ROOT / file).read_text())
            assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, test


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Racewatch]:
    racewatch = Racewatch(Config(roots=(os.fsencode(tmp_path),)), state=os.fsencode(tmp_path / "state"))
    yield racewatch
    racewatch.close()


def dead(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))


def test_a_batch_acts_on_no_snapshot(opened: Racewatch, tmp_path: Path) -> None:
    """Of 200 dead sockets the 150th respawns as soon as the first is gone: it is left out, the rest go on."""
    folder = tmp_path / "s"
    folder.mkdir()
    for number in range(200):
        dead(folder / f"{number:03}")
    seen = opened.scan([os.fsencode(folder)], kinds=[KindName.SOCKET]).observations
    assert [one.verdict for one in seen] == [Verdict.STALE] * 200
    back = folder / "149"
    words = []
    with socket.socket(socket.AF_UNIX) as server:
        for one in seen:
            words.append(opened.remove(ActRequest(one.target, one.fingerprint)).word)
            if len(words) == 1:
                back.unlink()
                server.bind(str(back))
                server.listen()
        assert words.count(OutcomeWord.DONE) == 199
        assert words[149] is OutcomeWord.REFUSED_LIVE
        assert os.listdir(folder) == ["149"]


def test_a_thousand_scans_wake_no_activated_service(opened: Racewatch, tmp_path: Path) -> None:
    """A manager waits for the first connection on behalf of a service; nothing ever arrives."""
    path = os.fsencode(tmp_path / "activated")
    with socket.socket(socket.AF_UNIX) as manager:
        manager.bind(path)
        manager.listen()
        waiting = select.poll()
        waiting.register(manager, select.POLLIN)
        target = Target(KindName.SOCKET, path)
        before = _rows(path)
        for _ in range(1000):
            seen = opened.observe(target)
            assert seen is not None
            assert seen.verdict is Verdict.LIVE
        assert waiting.poll(0) == []
        assert _rows(path) == before == 1


def _rows(path: bytes) -> int:
    return Path("/proc/net/unix").read_bytes().count(b" " + path + b"\n")


def test_a_whole_scan_sends_no_signal_and_connects_to_no_stream(tmp_path: Path) -> None:
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("needs strace")
    dead(tmp_path / "dead")
    (tmp_path / "gunicorn.pid").write_text(f"{os.getpid()}\n")
    log = tmp_path.parent / f"{tmp_path.name}.log"
    calls = "kill,tkill,tgkill,pidfd_send_signal,rt_sigqueueinfo,socket,connect,flock"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "live"))
        server.listen()
        command = [strace, "-f", "-qq", "-e", f"trace={calls}", "-e", "signal=none", "-o", str(log)]
        done = subprocess.run(
            [*command, sys.executable, "-m", "racewatch", "scan", str(tmp_path)],
            capture_output=True,
            check=False,
            cwd=ROOT,
        )
    if b"PTRACE" in done.stderr:
        pytest.skip("strace may not trace here")
    assert done.returncode == 0, done.stderr
    lines = log.read_text().splitlines()
    assert [line for line in lines if "kill(" in line or "signal(" in line or "queueinfo(" in line] == []
    assert [line for line in lines if "flock(" in line] == []
    # Every question to a node goes out on a datagram socket.  (The C library asks its own daemon otherwise.)
    kinds: dict[str, str] = {}
    asked = []
    for line in lines:
        made = re.search(r"socket\(AF_UNIX, (SOCK_\w+).* = (\d+)$", line)
        if made is not None:
            kinds[made[2]] = made[1]
        connected = re.search(r'connect\((\d+), \{sa_family=AF_UNIX, sun_path="/proc/(?:self|\d+)/fd/', line)
        assert str(tmp_path) not in line
        if connected is not None:
            asked.append(kinds[connected[1]])
    assert asked.count("SOCK_DGRAM") == len(asked) >= 2


def test_steps_have_names_to_hook_in_between() -> None:
    assert [step.value for step in Step][:8] == [
        "claim", "guard", "pin", "recheck", "intent", "capture", "verify", "commit",
    ]  # fmt: skip
