"""The fence around everything: the window that is injected, and what happens when something is broken."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from racewatch import cli
from racewatch.cli.machine import Check, Machine, State, all_checks
from racewatch.config import Config, load
from racewatch.single import First, take_place
from racewatch.verbs import Racewatch


class Window:
    """A window that notes what it was opened with."""

    def __init__(self, *, failure: BaseException | None = None) -> None:
        self.opened: list[tuple[Sequence[bytes] | None, str | None, Sequence[str]]] = []
        self.observing: list[bool] = []
        self.reversed: list[bool] = []
        self._failure = failure

    def __call__(
        self,
        racewatch: Racewatch,
        roots: Sequence[bytes] | None = None,
        *,
        title: str | None = None,
        note: str | None = None,
        problems: Sequence[str] = (),
        first: First | None = None,
        reverse: bool = False,
    ) -> int:
        self.opened.append((roots, title, problems))
        self.reversed.append(reverse)
        self.observing.append(racewatch.observing)
        if self._failure is not None:
            raise self._failure
        return 0


def no_agent(config: Config) -> int:
    raise AssertionError("nobody asked for an agent")


def main(*words: str, window: Window) -> int:
    return cli.main(words, open_window=window, serve_agent=no_agent)


def test_the_window_gets_the_roots(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    window = Window()
    monkeypatch.chdir(tmp_path)
    (tmp_path / "here").mkdir()
    for words in ([], ["gui"], ["gui", "/run", "/tmp"], ["/run"], ["here"], ["./missing"]):
        assert main(*words, window=window) == 0
    roots = [opened[0] for opened in window.opened]
    assert roots == [None, None, [b"/run", b"/tmp"], [b"/run"], [b"here"], [b"./missing"]]
    assert not any(window.observing)


def test_the_window_can_be_opened_to_look_only() -> None:
    window = Window()
    for words in (["--observe"], ["gui", "--observe", "/run"], ["--observe", "/run"]):
        assert main(*words, window=window) == 0
    assert window.observing == [True] * 3


def test_the_window_is_laid_out_from_right_to_left_when_that_is_said() -> None:
    window = Window()
    for words in (["--reverse"], ["gui", "--reverse", "/run"], ["--reverse", "/run"], ["gui"]):
        assert main(*words, window=window) == 0
    assert window.reversed == [True, True, True, False]


def test_the_window_gets_what_is_wrong(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "racewatch").mkdir()
    (tmp_path / "racewatch" / "config.toml").write_text("theme = 3\n")
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("RACEWATCH_STATE_DIR", str(tmp_path / "file"))
    window = Window()
    assert main(window=window) == 0
    ((_, _, problems),) = window.opened
    assert len(problems) == 2
    assert "line 1: theme" in problems[0]
    assert "nothing can be removed" in problems[1]


def test_a_window_that_hangs_is_told_with_what_to_do(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RACEWATCH_STATE_DIR", str(tmp_path))
    monkeypatch.setattr("racewatch.cli.window.PATIENCE", 0.1)
    first = take_place(os.fsencode(tmp_path))
    assert isinstance(first, First)
    window = Window()
    assert main(window=window) == 2
    first.close()
    said = capsys.readouterr().err
    assert f"open already (process {os.getpid()}), but its window does not answer" in said
    assert f"kill {os.getpid()}" in said
    assert window.opened == []
    assert main(window=window) == 0


def test_an_internal_error_is_one_line_and_a_file(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RACEWATCH_STATE_DIR", str(tmp_path))
    code = main("gui", window=Window(failure=RuntimeError("out of\ncheese \x1b[31m")))
    captured = capsys.readouterr()
    assert (code, captured.out) == (1, "")
    assert captured.err.count("\n") == 1
    assert captured.err[:-1].isprintable()
    assert "internal error: RuntimeError: out of" in captured.err
    log = (tmp_path / "crash.log").read_text()
    assert "Traceback (most recent call last)" in log
    assert "out of\ncheese" in log
    assert os.stat(tmp_path / "crash.log").st_mode & 0o777 == 0o600


def test_an_internal_error_without_a_place_for_it_is_still_one_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("RACEWATCH_STATE_DIR", str(tmp_path / "file"))
    code = main("gui", window=Window(failure=RuntimeError()))
    captured = capsys.readouterr()
    assert code == 1
    assert captured.err.count("\n") == 1
    assert "could not be kept" in captured.err


def test_the_crash_log_follows_no_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "crash.log").symlink_to(victim)
    monkeypatch.setenv("RACEWATCH_STATE_DIR", str(tmp_path / "state"))
    assert main("gui", window=Window(failure=RuntimeError())) == 1
    assert victim.read_text() == "mine"


def test_qt_that_cannot_be_loaded_is_a_matter_of_set_up(capsys: pytest.CaptureFixture[str]) -> None:
    code = main("gui", window=Window(failure=ImportError("libEGL.so.1: cannot open shared object file")))
    captured = capsys.readouterr()
    assert code == 2
    assert "libEGL.so.1" in captured.err
    assert captured.err.count("\n") == 1


def test_ctrl_c_is_130_without_a_word(capsys: pytest.CaptureFixture[str]) -> None:
    assert main("gui", window=Window(failure=KeyboardInterrupt())) == 130
    assert capsys.readouterr() == ("", "")


def test_a_check_that_fails_says_so_and_stops_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    settings, problems = load()
    monkeypatch.setattr("racewatch.linux.mountinfo.read_mounts", _cannot)
    monkeypatch.setattr("racewatch.linux.processes.socket_holders", _cannot)
    monkeypatch.setattr("racewatch.linux.sockdiag.bound_sockets", _cannot)
    racewatch = Racewatch(settings)
    try:
        checks = {check.name: check for check in all_checks(Machine(racewatch, settings, problems))}
    finally:
        racewatch.close()
    for name in ("roots", "rights", "sock_diag"):
        assert checks[name].state is State.DEGRADED
        assert checks[name].cure
    assert isinstance(checks["configuration"], Check)


def _cannot() -> None:
    raise PermissionError(1, "Operation not permitted")
