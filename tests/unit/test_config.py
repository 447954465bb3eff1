"""Settings: defaults, and a broken file that costs only what it broke (and says so)."""

from __future__ import annotations

import os
import re
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from racewatch import config
from racewatch.config import Config, ConfigProblem, Language, Notify, Theme, load
from racewatch.kinds.sockets import SocketPolicy


def _load(folder: Path, text: str | bytes) -> tuple[Config, tuple[ConfigProblem, ...]]:
    file = folder / "config.toml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load(os.fsencode(file))


def test_no_file_means_defaults_without_a_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    settings_, problems = load()
    assert problems == ()
    assert settings_.roots == config.default_roots()
    assert (settings_.max_entries, settings_.keep_days, settings_.theme) == (1_000_000, 7, Theme.SYSTEM)
    assert settings_.sockets == SocketPolicy(1, 2.0, 0.0)
    assert settings_.protected.reason(b"/run/x.sock") is None


SAMPLE = Path(__file__).resolve().parents[2] / "resources" / "config.sample.toml"


def test_the_sample_as_it_is_changes_nothing(tmp_path: Path) -> None:
    assert _load(tmp_path, SAMPLE.read_text()) == (Config(roots=config.default_roots()), ())


def test_every_setting_of_the_sample_is_understood(tmp_path: Path) -> None:
    """With the comment signs taken away; and none is missing."""
    lines = [re.sub(r"^# (?=\[|[a-z_]+ = )", "", line) for line in SAMPLE.read_text().splitlines()]
    settings_, problems = _load(tmp_path, "\n".join(lines))
    assert problems == ()
    assert settings_.protected.reason(b"/run/important/x") == "ask the database team first"
    assert settings_.exclude != ()
    written = {match[1] for line in lines if (match := re.match(r"\[*([a-z_]+)", line))}
    wanted = {one.name for of in (Config, SocketPolicy, Notify) for one in fields(of)}
    wanted |= {"glob", "reason", "containers"}
    wanted -= {"only_named"}  # not for a file: the demo's
    assert written == wanted


def test_notifications_and_the_tray_are_off_until_they_are_turned_on(tmp_path: Path) -> None:
    settings_, problems = _load(tmp_path, "tray = true\n[notify]\nfree = true\nstale = 1\nsound = true\n")
    assert (settings_.tray, settings_.notify) == (True, Notify(free=True))
    assert [(one.key, one.line) for one in problems] == [("notify.sound", 5), ("notify.stale", 4)]
    assert problems[1].wrong == "wanted true or false"
    settings_, problems = _load(tmp_path, 'notify = true\ntray = "yes"\n')
    assert (settings_.tray, settings_.notify) == (False, Notify())
    assert [one.key for one in problems] == ["tray", "notify"]


def test_a_full_file_is_understood(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    settings_, problems = _load(
        tmp_path,
        f"""
        roots = ["{tmp_path}/one"]
        exclude = ["*/cache/*"]
        max_entries = 10
        keep_days = 0
        theme = "dark"
        language = "de"
        [sockets]
        dead_looks = 3
        looks_apart = 1
        min_age = 2.5
        [[protected]]
        glob = "/run/mine/*"
        reason = "ask me"
        """,
    )
    assert problems == ()
    assert settings_.roots == (os.path.realpath(os.fsencode(tmp_path / "one")),)
    assert settings_.exclude == (b"*/cache/*",)
    assert settings_.sockets == SocketPolicy(3, 1.0, 2.5)
    assert (settings_.max_entries, settings_.keep_days, settings_.theme) == (10, 0, Theme.DARK)
    assert settings_.language is Language.GERMAN
    assert settings_.protected.reason(b"/run/mine/a.sock") == "ask me"


@pytest.mark.parametrize(
    ("text", "line", "key"),
    [
        ("theme = \n", 1, "theme"),
        ("a = 1\ntheme = dark\n", 2, "theme"),
        ("\nthemes = 'dark'\n", 2, "themes"),
        ("theme = 'pink'\n", 1, "theme"),
        ("theme = 3\n", 1, "theme"),
        ("language = 'tlh'\n", 1, "language"),
        ("roots = '/run'\n", 1, "roots"),
        ("# no\nroots = ['run']\n", 2, "roots"),
        ("roots = [1]\n", 1, "roots"),
        ("keep_days = -1\n", 1, "keep_days"),
        ("keep_days = true\n", 1, "keep_days"),
        ("max_entries = 0\n", 1, "max_entries"),
        ("max_entries = 1.5\n", 1, "max_entries"),
        ("[sockets]\n\ndead_looks = 0\n", 3, "sockets.dead_looks"),
        ("sockets.min_age = 'x'\n", 1, "sockets.min_age"),
        ("[sockets]\nmin_age = nan\n", 2, "sockets.min_age"),
        ("[sockets]\nfoo = 1\n", 2, "sockets.foo"),
        ("sockets = 1\n", 1, "sockets"),
        ("[locks]\n", 1, "locks"),
        ("exclude = [1]\n", 1, "exclude"),
    ],
)
def test_a_mistake_names_line_and_key_and_leaves_the_default(
    tmp_path: Path, text: str, line: int, key: str
) -> None:
    settings_, problems = _load(tmp_path, text)
    assert settings_ == Config(roots=config.default_roots())
    assert (problems[-1].line, problems[-1].key) == (line, key)
    assert f"config.toml, line {line}: {key}: " in str(problems[-1])
    assert "\n" not in str(problems[-1])


def test_one_mistake_costs_one_key(tmp_path: Path) -> None:
    settings_, problems = _load(tmp_path, "keep_days = 'x'\nmax_entries = 5\n")
    assert len(problems) == 1
    assert (settings_.keep_days, settings_.max_entries) == (7, 5)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[[protected]]\nglob = '/a'\n[[protected]]\nglob = 3\n", 4),
        ("[[protected]]\nreason = 'x'\n", 1),
        ("[[protected]]\nglob = 'relative'\n", 2),
        ("[[protected]]\nglob = '/a'\nreason = 1\n", 3),
        ("protected = '/run'\n", 1),
        ("protected = ['/run']\n", 1),
        ("[[protected]]\nglob = '/a\n", 2),
    ],
)
def test_a_protected_list_that_is_not_understood_protects_everything(
    tmp_path: Path, text: str, line: int
) -> None:
    settings_, problems = _load(tmp_path, text)
    assert settings_.protected.reason(b"/any/thing") is not None
    assert problems[0].line == line


@pytest.mark.parametrize("end", ["", "/", "/*", "/x.sock", "/x.*", "/../link/x.sock"])
def test_a_rule_by_way_of_a_link_protects_what_is_there(tmp_path: Path, end: str) -> None:
    # Most write /var/run, which is /run: a target's path has no link in it, and nothing was protected.
    (tmp_path / "[real]").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "[real]")
    settings_, problems = _load(tmp_path, f'[[protected]]\nglob = "{tmp_path}/link{end}"\nreason = "mine"\n')
    assert problems == ()
    assert settings_.protected.reason(os.fsencode(tmp_path / "[real]" / "x.sock")) == "mine"
    assert settings_.protected.reason(os.fsencode(tmp_path / "other" / "x.sock")) is None


@pytest.mark.parametrize("glob", ["*", "/*", "/\\u0000", "*.sock", "//x"])
def test_a_rule_without_a_folder_of_its_own_is_a_rule(tmp_path: Path, glob: str) -> None:
    settings_, problems = _load(tmp_path, f'[[protected]]\nglob = "{glob}"\n')
    assert problems == ()
    assert settings_.protected.rules


@pytest.mark.parametrize("raw", [b"theme = '\xff'\n", b"\x00", b"[" * 5000])
def test_a_file_that_is_no_toml_says_so(tmp_path: Path, raw: bytes) -> None:
    settings_, problems = _load(tmp_path, raw)
    assert settings_ == Config(roots=config.default_roots())
    assert len(problems) == 1


def test_a_file_that_cannot_be_read_removes_nothing(tmp_path: Path) -> None:
    settings_, problems = load(os.fsencode(tmp_path))
    assert settings_.protected.reason(b"/any/thing") is not None
    assert "Is a directory" in str(problems[0])


def test_a_named_file_that_is_missing_is_a_problem(tmp_path: Path) -> None:
    _, problems = load(os.fsencode(tmp_path / "nowhere.toml"))
    assert "No such file" in str(problems[0])


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(st.binary(), st.text(alphabet="[]=\"'\n\\.#rotsexcluder0 {},").map(str.encode)))
def test_no_file_is_too_strange(tmp_path: Path, raw: bytes) -> None:
    settings_, problems = _load(tmp_path, raw)
    assert settings_.roots
    assert all("\n" not in str(problem) for problem in problems)


def test_roots_are_resolved_and_said_once(tmp_path: Path) -> None:
    (tmp_path / "real" / "below").mkdir(parents=True)
    (tmp_path / "link").symlink_to("real")
    base = os.path.realpath(os.fsencode(tmp_path))
    wanted = [base + name for name in (b"/link", b"/real/", b"/link/below", b"/missing", b"/real/not")]
    assert config.resolve_roots(wanted) == (base + b"/real", base + b"/missing", base + b"/real/not")


def test_default_roots_hold_the_runtime_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    base = os.path.realpath(os.fsencode(tmp_path))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    assert any(base == root or base.startswith(root + b"/") for root in config.default_roots())
    monkeypatch.setenv("XDG_RUNTIME_DIR", "relative")
    assert all(root.startswith(b"/") for root in config.default_roots())


SESSION = ("RACEWATCH_STATE_DIR", "XDG_STATE_HOME", "XDG_SESSION_ID", "XDG_RUNTIME_DIR")


@pytest.mark.parametrize(
    ("environment", "uid", "folder"),
    [
        ({"RACEWATCH_STATE_DIR": "/s"}, 0, b"/s"),
        ({"XDG_STATE_HOME": "/x"}, 1000, b"/x/racewatch"),
        ({"XDG_STATE_HOME": "/x"}, 0, b"/x/racewatch"),
        ({"HOME": "/h"}, 1000, b"/h/.local/state/racewatch"),
        ({"HOME": "/h", "XDG_SESSION_ID": "1"}, 0, b"/h/.local/state/racewatch"),
        ({"HOME": "/h"}, 0, b"/var/lib/racewatch"),
    ],
)
def test_the_state_folder(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], uid: int, folder: bytes
) -> None:
    for name in SESSION:
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(os, "geteuid", lambda: uid)
    assert config.state_dir() == folder
