"""The window's additions to the configuration: what a person wrote stays, and nobody reads half a file."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from racewatch.config import load
from racewatch.config_edit import (
    EditError,
    everything_in,
    exactly,
    protect,
    rules_in,
    with_protected,
    with_protected_changed,
    with_protection,
)

SAMPLE = Path(__file__).resolve().parents[2] / "resources" / "config.sample.toml"
NAME = b"/run/a[b]*\xff\n\"'\\?.sock"

WRITTEN = (
    "",
    "# hello\nkeep_days = 3 # three\n",
    "keep_days = 3",
    "# c\n[[protected]]\nglob = '/a' # why\n# after\n\n[sockets]\nmin_age = 1 # z\n[[protected]]\nglob = '/b'\n",
    "protected = [ # list\n  {glob = '/a', reason = 'x'}, # one\n]\n[sockets]\nmin_age = 1\n",
    "protected = []\n",
    SAMPLE.read_text(encoding="utf-8"),
)


@pytest.mark.parametrize("written", WRITTEN, ids=range(len(WRITTEN)))
def test_comments_and_every_line_stay_and_the_rule_is_understood(tmp_path: Path, written: str) -> None:
    file = tmp_path / "config.toml"
    file.write_text(written, encoding="utf-8")
    file.chmod(0o640)
    before, _ = load(os.fsencode(file))
    protect(os.fsencode(file), exactly(NAME), 'the "night"\nshift: ü')
    text = file.read_text(encoding="utf-8")
    assert all(line in text for line in written.splitlines() if line != "protected = []")
    config, problems = load(os.fsencode(file))
    assert problems == ()
    assert config.protected.reason(NAME) == 'the "night"\\nshift: ü'
    assert config.protected.reason(NAME + b"x") is None
    assert config.protected.rules[:-1] == before.protected.rules
    assert (config.keep_days, config.sockets) == (before.keep_days, before.sockets)
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert os.listdir(tmp_path) == ["config.toml"]


def test_everything_in_a_folder_with_a_wild_name(tmp_path: Path) -> None:
    file = tmp_path / "new" / "config.toml"
    protect(os.fsencode(file), everything_in(b"/run/[x]"), "mine")
    config, _ = load(os.fsencode(file))
    assert config.protected.reason(b"/run/[x]/deep/down") == "mine"
    assert config.protected.reason(b"/run/x/deep") is None


def test_a_link_to_the_file_stays_one(tmp_path: Path) -> None:
    (tmp_path / "dotfiles").mkdir()
    real, link = tmp_path / "dotfiles" / "racewatch.toml", tmp_path / "config.toml"
    real.write_text("# kept\n")
    link.symlink_to(real)
    protect(os.fsencode(link), "/a", "x")
    assert link.is_symlink()
    assert "# kept" in real.read_text()
    assert "[[protected]]" in real.read_text()


@pytest.mark.parametrize(
    ("raw", "said"),
    [(b"[[protected\n", "is not TOML"), (b"protected = 1\n", "not a list"), (b"# \xff\n", "not UTF-8")],
)
def test_a_file_that_cannot_be_added_to_stays_as_it_is(tmp_path: Path, raw: bytes, said: str) -> None:
    file = tmp_path / "config.toml"
    file.write_bytes(raw)
    with pytest.raises(EditError, match=said):
        protect(os.fsencode(file), "/a", "x")
    assert file.read_bytes() == raw
    assert os.listdir(tmp_path) == ["config.toml"]


def test_a_place_that_cannot_be_written_is_an_answer(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EditError, match="cannot be written"):
        protect(os.fsencode(tmp_path / "file" / "config.toml"), "/a", "x")


def test_the_text_alone_can_be_asked_for() -> None:
    assert with_protection("", "/a", "x") == '[[protected]]\nglob = "/a"\nreason = "x"\n'


@pytest.mark.parametrize(
    "written",
    [
        "[[protected]]\nglob = '/a'\n# the last line has no end",
        "[[protected]]\nglob = '/a'",
        "keep_days = 3 # the last line has no end",
        "[[protected]]\r\nglob = '/a'\r\n# no end",
    ],
    ids=range(4),
)
def test_a_rule_does_not_go_on_in_a_last_line_without_an_end(tmp_path: Path, written: str) -> None:
    # It ended up in the comment, or broke the file, and was said to be written.
    file = tmp_path / "config.toml"
    file.write_text(written, encoding="utf-8", newline="")
    protect(os.fsencode(file), "/b", "mine")
    config, problems = load(os.fsencode(file))
    assert problems == ()
    assert config.protected.reason(b"/b") == "mine"
    assert file.read_text(encoding="utf-8").startswith(written.replace("\r\n", "\n"))


def test_what_would_not_mean_what_was_asked_for_is_not_written() -> None:
    text = 'protected = [ {glob = "/a", reason = "r"}, # one\n {glob = "/b", reason = "s"}, # two\n]\n'
    with pytest.raises(EditError, match="by hand"):
        with_protected(text, [("/a", "r"), ("/new", "n")])


def test_the_comments_above_the_next_rule_stay_when_one_is_taken_out() -> None:
    first, second = (
        f'# about {name}\n[[protected]] # {name}\nglob = "/{name}"\nreason = "r"\n\n' for name in "ab"
    )
    end = "# about sockets\n[sockets]\nmin_age = 1 # s\n"
    assert with_protected(first + second + end, [("/b", "r")]) == f"# about a\n\n{second}{end}"
    assert with_protected(first + second + end, []) == f"# about a\n\n# about b\n\n{end}"


def test_a_rule_that_was_added_meanwhile_stays() -> None:
    text = "[[protected]]\nglob = '/a'\nreason = 'x'\n[[protected]]\nglob = '/meanwhile'\nreason = 'x'\n"
    after = with_protected_changed(text, [("/a", "x")], [("/b", "y")])
    assert rules_in(after) == [("/meanwhile", "x"), ("/b", "y")]


def test_a_pipe_in_its_place_is_an_answer_and_nobody_waits_for_it(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    os.mkfifo(file)
    with pytest.raises(EditError, match="not a plain file"):
        protect(os.fsencode(file), "/a", "x")
    config, problems = load(os.fsencode(file))
    assert "not a plain file" in str(problems[0])
    assert config.protected.reason(b"/anything") is not None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file any group")
def test_another_group_of_this_file_is_not_let_in_by_its_replacement(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("# mine\n")
    os.chown(file, -1, 4242)
    file.chmod(0o640)
    protect(os.fsencode(file), "/a", "x")
    seen = file.stat()
    assert (seen.st_gid, stat.S_IMODE(seen.st_mode)) == (4242, 0o640)


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is read-only for root")
def test_a_read_only_file_stays_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("# mine\n")
    file.chmod(0o444)
    with pytest.raises(EditError, match="read-only"):
        protect(os.fsencode(file), "/a", "x")
    assert file.read_text() == "# mine\n"
