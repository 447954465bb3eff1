"""Editors: the lock is a file or link beside the edited one, and sometimes it is the unsaved work itself."""

from __future__ import annotations

from pathlib import Path

from racewatch.core.model import Removable, Verdict
from tests.programs.conftest import Start
from tests.programs.support import Program, Sandbox, tool, until

UNSAVED = 1007  # the byte of a swap file that vim and nano set to 0x55


def _text(sandbox: Sandbox) -> Path:
    made = sandbox.own("text") / "notes.txt"
    made.write_text("one line\n")
    return made


def _header(swap: Path, program: Program, name: bytes) -> bool:
    """The swap file is written, by this process."""
    try:
        seen = swap.read_bytes()[:1024]
    except FileNotFoundError:
        return False
    return len(seen) == 1024 and name in seen[:12] and int.from_bytes(seen[24:28], "little") == program.pid


def _vim(sandbox: Sandbox, text: Path) -> Program:
    """vim on the text, its swap file written."""
    program = sandbox.start(
        tool("vim"), "-N", "-u", "NONE", "-i", "NONE", text, terminal=True, cwd=text.parent
    )
    until(lambda: _header(text.parent / ".notes.txt.swp", program, b"VIM "), "vim made no swap file")
    return program


def test_vim_without_changes(sandbox: Sandbox, journey: Start) -> None:
    text = _text(sandbox)
    swap = text.parent / ".notes.txt.swp"
    trip = journey("vim-swap", "vim, nothing changed", swap)
    vim = _vim(sandbox, text)
    trip.running(Verdict.LIVE, owner=vim.pid)
    vim.kill()
    trip.killed(Verdict.STALE, Removable.YES)
    trip.undone()
    # No question about a swap file: vim takes keys at once, and its own swap file has the first name again.
    again = _vim(sandbox, text)
    again.type(b"Oabove\x1b:wq\r")
    assert again.ends() == 0
    assert text.read_text() == "above\none line\n"
    trip.works("vim opened it without a question")


def test_vim_with_unsaved_changes(sandbox: Sandbox, journey: Start) -> None:
    text = _text(sandbox)
    swap = text.parent / ".notes.txt.swp"
    trip = journey("vim-swap", "vim, unsaved changes", swap)
    vim = _vim(sandbox, text)
    vim.type(b"Oprecious\x1b:preserve\r")
    until(lambda: swap.read_bytes()[UNSAVED] == 0x55, "vim did not write that there are changes")
    until(lambda: b"precious" in swap.read_bytes(), "vim did not write the changes")
    trip.running(Verdict.LIVE, owner=vim.pid)
    vim.kill()
    seen = trip.killed(Verdict.IDLE, Removable.NEVER)
    assert "vim -r" in (seen.remedy or "")
    assert trip.remove() is None
    # The remedy that was named is true: the work is in there.
    rescued = text.parent / "rescued.txt"
    vim = sandbox.start(
        tool("vim"),
        "-N",
        "-u",
        "NONE",
        "-i",
        "NONE",
        "-r",
        swap,
        "-c",
        f"w {rescued}",
        "-c",
        "qa!",
        terminal=True,
    )
    until(lambda: rescued.exists() or b"ENTER" in vim.said.encode(), "vim -r did nothing")
    vim.type(b"\r")
    assert vim.ends() == 0
    assert rescued.read_text() == "precious\none line\n"
    trip.works("vim -r recovered the work")


def test_nano(sandbox: Sandbox, journey: Start) -> None:
    text = _text(sandbox)
    lock = text.parent / ".notes.txt.swp"
    trip = journey("nano-lock", "nano -G", lock)

    def start() -> Program:
        program = sandbox.start(tool("nano"), "-I", "-G", "notes.txt", terminal=True, cwd=text.parent)
        until(lambda: _header(lock, program, b"nano"), "nano made no lock")
        return program

    nano = start()
    trip.running(Verdict.LIVE, owner=nano.pid)
    nano.type(b"x")
    until(lambda: lock.read_bytes()[UNSAVED] == 0x55, "nano did not note the change")
    nano.kill()
    # Changed or not: unlike vim's, it holds nothing of the text.
    trip.killed(Verdict.STALE, Removable.YES)
    trip.undone()
    again = start()
    again.type(b"y\x0f\r\x18")  # write out, that name, exit
    assert again.ends() == 0
    assert text.read_text() == "yone line\n"
    assert not lock.exists()
    trip.works("nano opened it without a question")


def test_emacs(sandbox: Sandbox, journey: Start) -> None:
    text = _text(sandbox)
    lock = text.parent / ".#notes.txt"
    trip = journey("emacs-lock", "emacs -nw", lock)

    def start(*then: str) -> Program:
        return sandbox.start(
            tool("emacs"), "-nw", "-Q", text, "--eval", '(insert "x")', *then, terminal=True, cwd=text.parent
        )

    emacs = start()
    until(lock.is_symlink, "emacs made no lock")
    assert f".{emacs.pid}" in lock.readlink().name
    trip.running(Verdict.LIVE, owner=emacs.pid)
    emacs.kill()
    trip.killed(Verdict.STALE, Removable.YES)
    trip.undone()
    again = start("--eval", "(progn (save-buffer) (kill-emacs 0))")
    assert again.ends() == 0
    assert text.read_text() == "xone line\n"
    assert not lock.is_symlink()
    trip.works("emacs edited and saved it without a question")
