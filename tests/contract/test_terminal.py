"""On a terminal: colour and alignment, NO_COLOR, and the question before a removal."""

from __future__ import annotations

import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from collections.abc import Mapping
from fcntl import ioctl

import pytest

from tests.contract.support import PROGRAM, Things, environment

ESCAPE = "\x1b["


def on_terminal(
    *words: str, typed: bytes | None = None, width: int = 100, env: Mapping[str, str] | None = None
) -> tuple[int, str]:
    """Run with a terminal on all three descriptors; ``typed`` is sent once the question is there."""
    ours, theirs = pty.openpty()
    try:
        ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, width, 0, 0))
        process = subprocess.Popen(
            [*PROGRAM, *words], stdin=theirs, stdout=theirs, stderr=theirs, env=environment(**(env or {}))
        )
    finally:
        os.close(theirs)
    try:
        text = b""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if not select.select([ours], [], [], 1.0)[0]:
                continue
            try:
                data = os.read(ours, 65536)
            except OSError:  # EIO: nobody has the other side open any more
                break
            if not data:
                break
            text += data
            if typed is not None and b"[y/N]" in text:
                os.write(ours, typed)
                typed = None
        return process.wait(timeout=60), text.decode().replace("\r\n", "\n")
    finally:
        os.close(ours)


def visible(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def test_tables_are_coloured_and_aligned(things: Things) -> None:
    things.live("live")
    things.dead("dead")
    code, text = on_terminal("scan", things.folder)
    assert code == 0
    assert f"{ESCAPE}33mstale" in text
    assert f"{ESCAPE}32mlive" in text
    header, first, second, *_ = visible(text).splitlines()
    assert len({header.index("TARGET"), first.index(things.folder), second.index(things.folder)}) == 1


@pytest.mark.parametrize("env", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_no_colour_means_no_escape_at_all(things: Things, env: dict[str, str]) -> None:
    things.dead("dead")
    for words in (["scan", things.folder], ["explain", things.path("dead")], ["doctor"]):
        _, text = on_terminal(*words, env=env)
        assert "\x1b" not in text


def test_an_empty_no_color_is_no_wish(things: Things) -> None:
    things.dead("dead")
    _, text = on_terminal("scan", things.folder, env={"NO_COLOR": ""})
    assert ESCAPE in text


@pytest.mark.parametrize("width", [20, 40, 300])
def test_names_are_folded_never_cut_and_never_markup(things: Things, width: int) -> None:
    name = "[red]x[bold]-" + "long" * 15 + "-\x1b[5m-end"
    things.dead(name)
    _, text = on_terminal("scan", things.folder, width=width)
    assert set(re.findall(r"\x1b\[[0-9;]*.", text)) <= {f"{ESCAPE}{code}m" for code in (0, 1, 2, 33)}
    last_column = "".join(visible(text).split())
    assert "long" * 15 in last_column or width < 100
    if width == 300:
        assert things.path("[red]x[bold]-" + "long" * 15 + "-\\x1b[5m-end") in visible(text)


def test_a_narrow_terminal_loses_no_character(things: Things) -> None:
    things.dead("x" * 40)
    _, text = on_terminal("scan", things.folder, width=40)
    assert visible(text).count("x") >= 40


@pytest.mark.parametrize("answer", [b"y\n", b"YES\n"])
def test_yes_removes(things: Things, answer: bytes) -> None:
    dead = things.dead("dead")
    code, text = on_terminal("remove", dead, typed=answer)
    assert code == 0
    assert "dead socket" in text
    assert "ECONNREFUSED" in text  # the evidence is part of the question
    assert "Remove this? [y/N]" in text
    assert "racewatch undo" in text
    assert things.names() == []


@pytest.mark.parametrize("answer", [b"\n", b"n\n", b"yy\n", b"\x04"])
def test_anything_else_does_not(things: Things, answer: bytes) -> None:
    dead = things.dead("dead")
    code, text = on_terminal("remove", dead, typed=answer)
    assert code == 3
    assert "nothing was removed" in text
    assert things.names() == ["dead"]


def test_ctrl_c_at_the_question_is_130_and_removes_nothing(things: Things) -> None:
    # A terminal sends the signal only to its foreground group, so this one needs a session.
    dead = things.dead("dead")
    script = ["setsid", "-c", "-w", *PROGRAM]
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*script, "remove", dead], stdin=theirs, stdout=theirs, stderr=theirs, env=environment()
    )
    os.close(theirs)
    text = b""
    while b"[y/N]" not in text:
        assert select.select([ours], [], [], 60)[0]
        text += os.read(ours, 65536)
    os.write(ours, b"\x03")
    assert process.wait(timeout=60) == 130
    while select.select([ours], [], [], 0)[0]:
        try:
            data = os.read(ours, 65536)
        except OSError:
            break
        text += data
    os.close(ours)
    assert b"Traceback" not in text
    assert things.names() == ["dead"]


def test_nothing_to_remove_is_not_asked_about(things: Things) -> None:
    live = things.live("live")
    code, text = on_terminal("remove", live)
    assert code == 3
    assert "[y/N]" not in text
    assert "refused_live" in text


def test_the_question_does_not_spoil_json(things: Things) -> None:
    """The question goes to standard error, so standard output can be piped."""
    dead = things.dead("dead")
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*PROGRAM, "remove", dead, "--json"],
        stdin=theirs,
        stderr=theirs,
        stdout=subprocess.PIPE,
        env=environment(),
    )
    os.close(theirs)
    os.write(ours, b"y\n")
    out, _ = process.communicate(timeout=60)
    os.close(ours)
    assert process.returncode == 0
    assert out.startswith(b'{"schema":1,"outcomes":[')
    assert out.count(b"\n") == 1
