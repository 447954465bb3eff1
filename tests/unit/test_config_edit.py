"""The window's additions to the configuration: what a person wrote stays, and nobody reads half a file."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from racewatch.config import load
from racewatch.config_edit import EditError, everything_in, exactly, protect, with_protection

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
