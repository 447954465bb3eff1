"""What is used today, on the same tree: how long it takes, and how often it is wrong about live and dead."""

from __future__ import annotations

import os
import shutil
import socket
import struct
import subprocess
import time
from collections.abc import Callable, Sequence
from typing import Final

from tests.bench.helpers import Helper
from tests.bench.rows import Row
from tests.bench.setting import Setting

_TIME_OUT: Final = 1
_LONGEST: Final = 120.0
#: Paths in one command line.
_MANY: Final = 1000

#: From the paths of the tree to those that the peer would call live.
_Peer = Callable[[Sequence[str]], set[str]]


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_LONGEST)
    return done.stdout + done.stderr


def _ss(_paths: Sequence[str]) -> set[str]:
    return {words[4] for line in _run("ss", "-Hxlp").splitlines() if len(words := line.split()) > 4}


def _lsof(_paths: Sequence[str]) -> set[str]:
    lines = _run("lsof", "-w", "-n", "-P", "-U", "-F", "n").splitlines()
    return {line[1:].partition(" type=")[0] for line in lines if line.startswith("n/")}


def _lslocks(_paths: Sequence[str]) -> set[str]:
    return {line.strip() for line in _run("lslocks", "-n", "-u", "-o", "PATH").splitlines()}


def _fuser(paths: Sequence[str]) -> set[str]:
    said = [_run("fuser", *paths[at : at + _MANY]) for at in range(0, len(paths), _MANY)]
    # "PATH:" goes to standard error, and only for those that somebody has open.
    return {line.partition(":")[0] for text in said for line in text.splitlines() if line.startswith("/")}


def _stream_probe(paths: Sequence[str]) -> set[str]:
    """As a usual clean-up script asks: whoever does not accept a connection in time is dead."""
    live = set()
    for path in paths:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            # Not settimeout(): a connect that does not block answers EAGAIN at once where the queue is full.
            client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", _TIME_OUT, 0))
            try:
                client.connect(path)
            except OSError:
                continue
            live.add(path)
    return live


_ASKED: Final[dict[str, tuple[tuple[str, str, _Peer], ...]]] = {
    "socket": (
        ("ss", "ss -xlp", _ss),
        ("lsof", "lsof -U", _lsof),
        ("fuser", "fuser PATH…", _fuser),
        # Last: the connections it makes stay in the queues of those who do not accept.
        ("", f"stream probe, time-out {_TIME_OUT} s", _stream_probe),
    ),
    "lock": (("lslocks", "lslocks", _lslocks), ("fuser", "fuser PATH…", _fuser)),
}


def _measured(kind: str, peer: tuple[str, str, _Peer], paths: Sequence[str], rounds: int) -> Row:
    tool, title, ask = peer
    name = f"peer-{kind}s-{tool or 'stream-probe'}"
    title = f"peer: {title}, {len(paths):,} {kind}s"
    if tool and shutil.which(tool) is None:
        return Row(name, title, "s", problem="not installed")
    took: list[float] = []
    live: set[str] = set()
    for _ in range(rounds if tool else 1):
        began = time.perf_counter()
        try:
            live = ask(paths)
        except subprocess.TimeoutExpired:
            return Row(name, title, "s", problem=f"not done after {_LONGEST:.0f} s")
        took.append(time.perf_counter() - began)
    truth = {path for path in paths if os.path.basename(path).startswith("l")}
    wrong = {
        "live called dead": len(truth - live),
        "dead called live": len(live.intersection(paths) - truth),
    }
    return Row(name, title, "s", took, detail=wrong)


def peers(setting: Setting) -> list[Row]:
    """For comparison only.  What a tool does not list counts as dead: that is how it is used."""
    rows: list[Row] = []
    sizes = setting.sizes
    for kind, asked in _ASKED.items():
        root = setting.tree()
        with setting.world() as world, Helper("scan_child", setting.folder()) as scanner:
            world.ask(f"{kind}s", root=root, count=sizes.middle, **_hung(kind, sizes.hung))
            paths = sorted(
                os.path.join(folder, name) for folder, _below, names in os.walk(root) for name in names
            )
            answers = [scanner.ask("scan", root=root, kind=kind) for _ in range(sizes.peers + 1)][1:]
            rows.append(
                Row(
                    f"peer-{kind}s-racewatch",
                    f"racewatch, {len(paths):,} {kind}s",
                    "s",
                    [answer["seconds"] for answer in answers],
                    detail={"wrong": max(answer["wrong"] for answer in answers)},
                )
            )
            rows += [_measured(kind, peer, paths, sizes.peers) for peer in asked]
        setting.forget(root)
    return rows


def _hung(kind: str, count: int) -> dict[str, int]:
    """Listeners whose queue is full: live, and silent."""
    return {"hung": count} if kind == "socket" else {}
