"""scan, explain, history, doctor: the codes, the shapes, and hostile names."""

from __future__ import annotations

import base64
import json
import os
import shlex
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.contract.support import PROGRAM, Program, Things, environment

HOSTILE = [
    b"two\nlines",
    b"escape\x1b[31mred",
    b"carriage\rreturn",
    b"<b>markup<i>[red]",
    b"not-utf8-\xff\xfe",
    "right\u202etfel".encode(),
    b"tab\tand\\slash",
    b"-dash",
    b" blank ",
    "übung".encode(),
]
OBSERVATION = {
    "kind": str,
    "target": str,
    "path": (str, type(None)),
    "path_b64": (str, type(None)),
    "fingerprint": str,
    "verdict": str,
    "label": str,
    "summary": str,
    "evidence": list,
    "owner": (dict, type(None)),
    "format": (str, type(None)),
    "removable": str,
    "remedy": (str, type(None)),
    "seen_at": str,
}


def check_observation(seen: dict[str, Any]) -> None:
    for name, kind in OBSERVATION.items():
        assert isinstance(seen[name], kind), name  # type: ignore[arg-type]  # a table of types
    assert seen["kind"] in ("socket", "lock", "container")
    assert seen["verdict"] in ("live", "stale", "idle", "unknown")
    assert seen["removable"] in ("yes", "override", "never")
    assert seen["evidence"]
    for item in seen["evidence"]:
        assert {"check", "says", "source", "detail"} <= set(item)
        assert item["says"] in ("live", "stale", "idle", "unknown", "info")
    if seen["owner"] is not None:
        assert {"pid", "started", "name", "user"} <= set(seen["owner"])


def test_scan_answers_in_the_shape_of_the_contract(racewatch: Program, things: Things) -> None:
    live = things.live("live")
    dead = things.dead("dead")
    run = racewatch("scan", things.folder, "--json")
    assert (run.code, run.err) == (0, "")
    assert run.json["schema"] == 1
    assert run.json["problems"] == []
    first, second = run.json["observations"]
    check_observation(first)
    check_observation(second)
    assert (first["path"], first["verdict"], first["label"]) == (dead, "stale", "dead socket")
    assert (second["path"], second["verdict"], second["label"]) == (live, "live", "listening")
    assert first["target"] == f"socket:{dead}"
    assert (first["removable"], second["removable"]) == ("yes", "never")
    assert second["owner"]["pid"] == os.getpid()


def test_scan_is_in_the_order_of_paths(racewatch: Program, things: Things) -> None:
    for name in ("c", "a", "b"):
        things.dead(name)
    run = racewatch("scan", things.folder)
    rows = [line.split("\t") for line in run.out.splitlines()]
    assert rows[0] == ["VERDICT", "LABEL", "OWNER", "TARGET"]
    assert [row[3] for row in rows[1:]] == [things.path(name) for name in "abc"]


def test_a_fingerprint_names_one_incarnation(racewatch: Program, things: Things) -> None:
    path = things.dead("x")
    first, again = (racewatch("explain", path, "--json").json["fingerprint"] for _ in range(2))
    assert first == again
    os.unlink(path)
    things.dead("x")
    assert racewatch("explain", path, "--json").json["fingerprint"] != first


def test_no_name_forges_a_line_or_reaches_the_terminal(racewatch: Program, things: Things) -> None:
    paths = [things.dead(name) for name in HOSTILE]
    for words in (["scan", things.folder], ["remove", "--dry-run", *paths]):
        run = racewatch(*words)
        assert run.code == 0
        for line in run.out.splitlines():
            assert all(char.isprintable() or char == "\t" for char in line), line
        # A header and one line for each, or one line for each.
        assert len(run.out.split("\n")) - 1 in (len(paths), len(paths) + 1)
    run = racewatch("scan", things.folder, "--json")
    assert run.out.isascii()
    said = {
        seen["path"].encode() if seen["path_b64"] is None else base64.b64decode(seen["path_b64"])
        for seen in run.json["observations"]
    }
    assert said == {os.fsencode(path) for path in paths}


@pytest.mark.parametrize("name", HOSTILE)
def test_the_full_target_text_names_exactly_this_thing_again(
    racewatch: Program, things: Things, name: bytes
) -> None:
    path = things.dead(name)
    run = racewatch("explain", path)
    assert all(char.isprintable() for line in run.out.splitlines() for char in line)
    seen = racewatch("explain", path, "--json").json
    assert racewatch("explain", seen["target"], "--json").json["fingerprint"] == seen["fingerprint"]


def test_explain_has_a_code_for_each_verdict(racewatch: Program, things: Things) -> None:
    assert racewatch("explain", things.dead("dead")).code == 0
    assert racewatch("explain", things.live("live")).code == 10
    gone = racewatch("explain", things.path("nothing"))
    assert (gone.code, gone.out) == (13, "")
    assert things.path("nothing") in gone.complaint


def test_explain_says_what_it_knows(racewatch: Program, things: Things) -> None:
    out = racewatch("explain", things.live("live")).out
    for word in ("listening", "would refuse", "evidence:", "EPROTOTYPE", str(os.getpid())):
        assert word in out
    assert "would remove it" in racewatch("explain", things.dead("dead")).out


def test_a_relative_path_and_a_link_lead_to_the_same_target(racewatch: Program, things: Things) -> None:
    path = things.dead("x")
    os.symlink(things.folder, things.path("link"))
    seen = racewatch("explain", "x", "--json", cwd=things.folder).json
    assert seen["path"] == path
    assert racewatch("explain", things.path("link/x"), "--json").json["target"] == seen["target"]


def test_every_type_and_state_is_told_apart(racewatch: Program, things: Things) -> None:
    things.bound("datagram", socket.SOCK_DGRAM)
    things.bound("seqpacket", socket.SOCK_SEQPACKET).listen()
    things.bound("starting")
    things.dead("dead-datagram", socket.SOCK_DGRAM)
    things.dead("dead-seqpacket", socket.SOCK_SEQPACKET)
    seen = racewatch("scan", things.folder, "--json").json["observations"]
    verdicts = {os.path.basename(item["path"]): item["verdict"] for item in seen}
    assert verdicts == {
        "datagram": "live",
        "seqpacket": "live",
        "starting": "live",
        "dead-datagram": "stale",
        "dead-seqpacket": "stale",
    }


def test_verdict_filters(racewatch: Program, things: Things) -> None:
    things.live("live")
    things.dead("dead")
    run = racewatch("scan", things.folder, "--verdict", "stale", "--json")
    assert [seen["label"] for seen in run.json["observations"]] == ["dead socket"]
    both = racewatch("scan", things.folder, "--verdict", "stale", "--verdict", "live", "--json")
    assert len(both.json["observations"]) == 2


def test_a_root_that_cannot_be_read_is_told_and_the_rest_is_printed(
    racewatch: Program, things: Things
) -> None:
    things.dead("dead")
    file = Path(things.path("file"))
    file.write_text("")
    for missing in (things.path("missing"), str(file)):
        run = racewatch("scan", things.folder, missing, "--json")
        assert run.code == 5
        assert len(run.json["observations"]) == 1
        (problem,) = run.json["problems"]
        assert problem["path"] == missing
        text = racewatch("scan", things.folder, missing)
        assert (text.code, missing in text.complaint) == (5, True)
        assert racewatch("plan", things.folder, missing).code == 5


def test_containers_are_looked_at_only_when_they_are_wanted(racewatch: Program, things: Things) -> None:
    """Named roots mean the tree below them; whatever containers the machine has are not in it."""
    things.dead("dead")
    run = racewatch("scan", things.folder, "--kind", "container", "--json")
    assert (run.code, run.json) == (0, {"schema": 1, "observations": [], "problems": []})
    wanted = racewatch("scan", things.folder, "--engines", "--json")
    assert wanted.code == 0
    assert {seen["kind"] for seen in wanted.json["observations"]} <= {"socket", "container"}


@pytest.mark.parametrize("target", ["runc:no-such", "crun:no-such", "container:runc:/run/runc:no-such"])
def test_a_container_that_is_not_there(racewatch: Program, target: str) -> None:
    run = racewatch("explain", target)
    assert (run.code, run.out) == (13, "")
    assert "no such target" in run.complaint


@pytest.mark.parametrize("target", ["runc:", "crun:a/b", "podman:x", "docker:x"])
def test_what_names_no_container(racewatch: Program, target: str) -> None:
    run = racewatch("explain", target)
    assert (run.code, run.out) == (2, "")


@pytest.mark.parametrize(
    "words",
    [
        ["frobnicate"],
        ["two\nlines\x1b[31m"],
        ["scan", "--frobnicate"],
        ["scan", "--verdict", "dead"],
        ["scan", "--kind"],
        ["explain"],
        ["explain", "a", "b"],
        ["explain", "/etc/passwd"],
        ["explain", "/etc"],
        ["explain", "socket:relative"],
        ["explain", "socket:/a\\x2db"],
        ["remove"],
        ["remove", "a", "b", "--yes", "--expect", "f"],
        ["wait", "x", "--timeout", "soon"],
        ["wait", "x", "--timeout", "-1"],
        ["wait", "x", "--timeout", "nan"],
        ["history", "--limit", "-1"],
        ["undo", "no-such-action"],
        ["apply", "/nonexistent/plan"],
        ["apply", "/etc"],
        ["demo", "--json"],
        ["scan", "--ver", "stale"],
    ],
)
def test_mistakes_are_one_line_and_2(racewatch: Program, words: list[str]) -> None:
    run = racewatch(*words)
    assert run.code == 2, run
    assert run.out == ""
    assert run.complaint


COMMANDS = [
    "gui",
    "demo",
    "scan",
    "explain",
    "remove",
    "plan",
    "apply",
    "wait",
    "watch",
    "history",
    "undo",
    "formats",
    "doctor",
    "agent",
]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(racewatch: Program, command: str) -> None:
    run = racewatch(command, "--help")
    assert (run.code, run.err) == (0, "")
    assert f"racewatch {command}" in run.out
    assert "exit codes:" in run.out


def test_help_lists_every_command(racewatch: Program) -> None:
    out = racewatch("--help").out
    assert all(f"    {command} " in out for command in COMMANDS)
    assert racewatch("--version").out.startswith("racewatch ")


@pytest.mark.parametrize("words", [[], ["gui"], ["gui", "/run"], ["/run"], ["demo"]])
def test_no_display_is_said_with_what_to_do_instead(racewatch: Program, words: list[str]) -> None:
    run = racewatch(*words)
    assert (run.code, run.out) == (2, "")
    assert "no display" in run.complaint
    assert "racewatch scan" in run.complaint


def test_a_display_nobody_answers_at_is_said(racewatch: Program, tmp_path: Path) -> None:
    x11 = racewatch(env={"DISPLAY": ":54321"})
    assert (x11.code, "nobody answers" in x11.complaint) == (2, True)
    wayland = racewatch(env={"WAYLAND_DISPLAY": "wayland-9", "XDG_RUNTIME_DIR": str(tmp_path)})
    assert (wayland.code, "nobody answers" in wayland.complaint) == (2, True)


def test_a_broken_configuration_is_told_and_looking_goes_on(
    racewatch: Program, things: Things, tmp_path: Path
) -> None:
    things.dead("dead")
    folder = tmp_path / "racewatch"
    folder.mkdir()
    (folder / "config.toml").write_text("keep_days = 3\n\ntheme = 'pink'\n")
    env = {"XDG_CONFIG_HOME": str(tmp_path)}
    run = racewatch("scan", things.folder, "--json", env=env)
    assert run.code == 0
    assert len(run.json["observations"]) == 1
    assert "config.toml, line 3: theme: " in run.complaint
    checks = json.loads(racewatch("doctor", "--json", env=env).out)["checks"]
    assert any(check["name"] == "configuration" and "line 3" in check["detail"] for check in checks)


def test_the_configured_roots_are_scanned(racewatch: Program, things: Things, tmp_path: Path) -> None:
    things.dead("dead")
    (tmp_path / "racewatch").mkdir()
    (tmp_path / "racewatch" / "config.toml").write_text(f"roots = ['{things.folder}']\n")
    run = racewatch("scan", "--kind", "socket", "--json", env={"XDG_CONFIG_HOME": str(tmp_path)})
    assert [seen["path"] for seen in run.json["observations"]] == [things.path("dead")]


def test_doctor_names_each_check_and_a_cure_for_each_problem(racewatch: Program) -> None:
    run = racewatch("doctor", "--json")
    assert run.code == 0
    checks = {check["name"]: check for check in run.json["checks"]}
    assert {"openat2", "pidfd", "sock_diag", "journal", "inotify", "rights", "systemd", "display"} <= set(
        checks
    )
    assert checks["display"]["state"] == "degraded"
    assert checks["journal"]["state"] == "ok"
    for check in checks.values():
        assert check["state"] in ("ok", "info") or check["cure"], check
    assert racewatch("doctor").out.startswith("STATE\tCHECK\tFINDING\n")


def test_without_a_journal_looking_works_and_acting_is_refused(
    racewatch: Program, things: Things, tmp_path: Path
) -> None:
    dead = things.dead("dead")
    (tmp_path / "file").write_text("")
    env = {"RACEWATCH_STATE_DIR": str(tmp_path / "file")}
    assert racewatch("scan", things.folder, env=env).code == 0
    run = racewatch("remove", "--yes", dead, env=env)
    assert run.code == 4
    assert "nothing was touched" in run.out
    assert os.path.lexists(dead)
    assert racewatch("history", env=env).code == 2
    checks = {check["name"]: check for check in racewatch("doctor", "--json", env=env).json["checks"]}
    assert checks["journal"]["state"] == "failed"


def test_a_reader_that_leaves_early_is_no_error(things: Things) -> None:
    for number in range(200):
        things.dead(f"dead-{number:03}")
    program = " ".join(PROGRAM)
    script = f"set -o pipefail; {program} scan {things.folder} --json | head -c 10 >/dev/null; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", script], capture_output=True, env=environment(), timeout=60, check=True
    )
    assert done.stderr == b""
    assert done.stdout == b"0\n"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
def test_output_that_cannot_be_written_is_an_error(things: Things) -> None:
    things.dead("dead")
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [*PROGRAM, "scan", things.folder],
            stdout=full,
            stderr=subprocess.PIPE,
            env=environment(),
            timeout=60,
            check=False,
        )
    assert done.returncode == 1
    assert b"standard output could not be written" in done.stderr
    assert b"Traceback" not in done.stderr


def test_closed_standard_descriptors_do_no_harm(racewatch: Program, things: Things) -> None:
    dead = things.dead("dead")
    script = f"exec {shlex.join(PROGRAM)} remove --yes {shlex.quote(str(dead))} <&- >&- 2>&-"
    done = subprocess.run(["bash", "-c", script], env=environment(), timeout=60, check=False)
    assert done.returncode == 0
    assert not os.path.lexists(dead)
    assert [entry["outcome"] for entry in racewatch("history", "--json").json["history"]] == ["done"]
