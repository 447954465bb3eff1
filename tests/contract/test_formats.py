"""``racewatch formats``: the table, the check of a file, and what is broken in a person's own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.contract.support import Program

GOOD = """
[[format]]
name = "my-lock"
title = "lock of my program"
program = "mine"
where = ["my.lock"]
mechanism = ["exclusive-file"]
policy = "ask"
consequence = "two of mine write at once"
remedy = "ask me"
source = "my own program"
"""


@pytest.fixture
def own(tmp_path: Path) -> Path:
    folder = tmp_path / "racewatch" / "formats.d"
    folder.mkdir(parents=True)
    return folder


def environment(own: Path) -> dict[str, str]:
    return {"XDG_CONFIG_HOME": str(own.parent.parent)}


def test_the_table_has_every_format_once(racewatch: Program) -> None:
    run = racewatch("formats")
    assert (run.code, run.err) == (0, "")
    header, *rows = run.out.splitlines()
    assert header.split("\t") == ["FORMAT", "PROGRAM", "POLICY", "PROOF", "MECHANISM", "FROM", "WHERE"]
    names = [row.split("\t")[0].removesuffix(" (unchecked)") for row in rows]
    assert len(names) == len(set(names)) > 100
    assert {"git-lock", "x11-lock", "soft-file-lock", "vim-swap", "dpkg-lock"} <= set(names)
    told = racewatch("formats", "--json").json
    assert (told["schema"], [one["name"] for one in told["formats"]], told["problems"]) == (1, names, [])


def test_a_format_of_ones_own_is_in_the_table(racewatch: Program, own: Path) -> None:
    (own / "mine.toml").write_text(GOOD)
    run = racewatch("formats", env=environment(own))
    assert (run.code, run.err) == (0, "")
    (row,) = [line.split("\t") for line in run.out.splitlines() if line.startswith("my-lock\t")]
    assert (row[1], row[2], row[5]) == ("mine", "ask", "own")


def test_a_file_without_a_mistake(racewatch: Program, tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(GOOD)
    run = racewatch("formats", str(file))
    assert (run.code, run.out, run.err) == (0, f"{file}: no mistake in it\n", "")


def test_each_mistake_is_told_with_line_and_key(racewatch: Program, tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(GOOD.replace('policy = "ask"', 'policy = "maybe"').replace('remedy = "ask me"\n', ""))
    run = racewatch("formats", str(file))
    assert (run.code, run.out) == (2, "")
    lines = run.err.splitlines()
    assert any(f"{file}, line 8: [my-lock] policy:" in line for line in lines)
    assert any("remedy" in line for line in lines)
    told = racewatch("formats", "--json", str(file)).json["problems"]
    assert (told[0]["path"], told[0]["format"]) == (str(file), "my-lock")
    assert {(one["key"], one["line"]) for one in told} >= {("policy", 8)}


@pytest.mark.parametrize("what", ["missing", "directory", "fifo", "text", "binary"])
def test_what_is_no_format_file_is_one_line(racewatch: Program, tmp_path: Path, what: str) -> None:
    file = tmp_path / "x.toml"
    if what == "directory":
        file.mkdir()
    elif what == "fifo":
        os.mkfifo(file)
    elif what != "missing":
        file.write_bytes(b"hello world" if what == "text" else b"\xff\xfe\0")
    run = racewatch("formats", str(file))
    assert (run.code, run.out) == (2, "")
    assert str(file) in run.complaint


def test_a_broken_file_of_ones_own_stops_nothing_and_is_said(
    racewatch: Program, own: Path, tmp_path: Path
) -> None:
    (own / "broken.toml").write_text("[[format]\n")
    run = racewatch("formats", env=environment(own))
    assert run.code == 2
    assert "git-lock\t" in run.out
    assert "broken.toml, line 1" in run.complaint
    doctor = racewatch("doctor", env=environment(own))
    assert "broken.toml, line 1" in doctor.out
    assert racewatch("scan", str(tmp_path), env=environment(own)).code == 0
