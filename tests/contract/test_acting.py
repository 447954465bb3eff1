"""remove, plan, apply, undo, history: what is done, what is refused, and with which code."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from tests.contract.support import PROGRAM, Program, Things, environment


def fingerprint(racewatch: Program, path: str) -> str:
    value = racewatch("explain", path, "--json").json["fingerprint"]
    assert isinstance(value, str)
    return value


def test_a_dead_socket_is_removed_recorded_and_put_back(racewatch: Program, things: Things) -> None:
    dead = things.dead("dead")
    before = os.lstat(dead)
    run = racewatch("remove", dead, "--yes", "--json")
    assert run.code == 0
    (outcome,) = run.json["outcomes"]
    assert run.json["schema"] == 1
    assert set(outcome) >= {"target", "action", "outcome", "summary", "observation", "undoable", "error"}
    assert (outcome["outcome"], outcome["undoable"], outcome["error"]) == ("done", True, None)
    assert outcome["observation"]["verdict"] == "stale"
    assert not os.path.lexists(dead)

    (entry,) = racewatch("history", "--json").json["history"]
    assert (entry["action"], entry["outcome"], entry["path"]) == (outcome["action"], "done", dead)

    undone = racewatch("undo", outcome["action"], "--json")
    assert (undone.code, undone.json["outcomes"][0]["outcome"]) == (0, "done")
    after = os.lstat(dead)
    assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)
    again = racewatch("undo", outcome["action"], "--json")
    assert (again.code, again.json["outcomes"][0]["outcome"]) == (3, "refused_forbidden")
    assert [entry["verb"] for entry in racewatch("history", "--json").json["history"]].count("undo") >= 1
    assert len(racewatch("history", "--limit", "1", "--json").json["history"]) == 1
    assert racewatch("history").out.startswith("WHEN\tACTION\t")


def test_an_observing_configuration_refuses_every_act_in_the_words_of_the_contract(
    racewatch: Program, things: Things, tmp_path: Path
) -> None:
    dead, other = things.dead("dead"), things.dead("other")
    action = racewatch("remove", other, "--yes", "--json").json["outcomes"][0]["action"]
    (tmp_path / "racewatch").mkdir()
    (tmp_path / "racewatch/config.toml").write_text("observe = true\n")
    observing = {"XDG_CONFIG_HOME": str(tmp_path)}
    for words in (("remove", dead, "--yes"), ("undo", action), ("purge", action, "--yes")):
        run = racewatch(*words, "--json", env=observing)
        assert run.code == 3
        assert run.json["outcomes"][0]["outcome"] == "refused_forbidden"
        assert "only observes" in run.json["outcomes"][0]["summary"]
    assert os.path.lexists(dead)
    assert not os.path.lexists(other)


def test_undo_never_overwrites(racewatch: Program, things: Things) -> None:
    dead = things.dead("dead")
    action = racewatch("remove", dead, "--yes", "--json").json["outcomes"][0]["action"]
    live = things.live("dead")
    run = racewatch("undo", action, "--json")
    assert run.code == 3
    assert run.json["outcomes"][0]["outcome"].startswith("refused_")
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(live)


def test_what_is_live_is_refused_always(racewatch: Program, things: Things) -> None:
    live = things.live("live")
    for words in (["--yes"], ["--yes", "--override"], ["--yes", "--expect", fingerprint(racewatch, live)]):
        run = racewatch("remove", live, *words, "--json")
        assert (run.code, run.json["outcomes"][0]["outcome"]) == (3, "refused_live")
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(live)


def test_nothing_there_is_a_success(racewatch: Program, things: Things) -> None:
    run = racewatch("remove", things.path("nothing"), "--yes", "--json")
    assert (run.code, run.json["outcomes"][0]["outcome"]) == (0, "gone")
    dry = racewatch("remove", things.path("nothing"), "--dry-run", "--json")
    assert (dry.code, dry.json["outcomes"][0]["outcome"]) == (0, "gone")


def test_several_targets_each_have_their_outcome(racewatch: Program, things: Things) -> None:
    first, live, last = things.dead("a"), things.live("b"), things.dead("c")
    run = racewatch("remove", first, live, things.path("nothing"), last, last, "--yes", "--json")
    words = [outcome["outcome"] for outcome in run.json["outcomes"]]
    assert (run.code, words) == (3, ["done", "refused_live", "gone", "done", "gone"])
    assert things.names() == ["b"]


def test_one_target_that_is_not_understood_stops_all(racewatch: Program, things: Things) -> None:
    dead = things.dead("dead")
    for other in ("/etc/passwd", "runc:a/b", "container:nonsense", "socket:relative"):
        assert racewatch("remove", dead, other, "--yes").code == 2
    assert things.names() == ["dead"]


def test_expect_refuses_another_incarnation(racewatch: Program, things: Things) -> None:
    path = things.dead("x")
    seen = fingerprint(racewatch, path)
    os.unlink(path)
    things.dead("x")
    for extra in (["--yes"], ["--dry-run"], ["--yes", "--override"]):
        run = racewatch("remove", path, "--expect", seen, *extra, "--json")
        assert (run.code, run.json["outcomes"][0]["outcome"]) == (3, "refused_changed")
    assert things.names() == ["x"]
    run = racewatch("remove", path, "--expect", fingerprint(racewatch, path), "--yes", "--json")
    assert (run.code, things.names()) == (0, [])


def test_an_empty_expectation_is_no_expectation_at_all_met(racewatch: Program, things: Things) -> None:
    run = racewatch("remove", things.dead("x"), "--expect", "", "--yes", "--json")
    assert (run.code, run.json["outcomes"][0]["outcome"]) == (3, "refused_changed")


def test_dry_run_says_the_same_words_and_touches_nothing(racewatch: Program, things: Things) -> None:
    dead, live = things.dead("dead"), things.live("live")
    inode = os.lstat(dead).st_ino
    dry = racewatch("remove", dead, live, "--dry-run", "--json")
    assert os.lstat(dead).st_ino == inode
    assert racewatch("history", "--json").json["history"] == []
    real = racewatch("remove", dead, live, "--yes", "--json")
    words = [[outcome["outcome"] for outcome in run.json["outcomes"]] for run in (dry, real)]
    assert words[0] == words[1] == ["done", "refused_live"]
    assert dry.code == real.code == 3


def test_without_a_terminal_and_without_yes_nothing_is_removed(racewatch: Program, things: Things) -> None:
    dead = things.dead("dead")
    run = racewatch("remove", dead, stdin=b"y\n")
    assert (run.code, run.out) == (2, "")
    assert "--yes" in run.complaint
    assert things.names() == ["dead"]


def test_the_protected_list_is_respected(racewatch: Program, things: Things, tmp_path: Path) -> None:
    dead = things.dead("dead")
    (tmp_path / "racewatch").mkdir()
    config = tmp_path / "racewatch" / "config.toml"
    config.write_text(f"[[protected]]\nglob = '{things.folder}/*'\nreason = 'ask the boss'\n")
    env = {"XDG_CONFIG_HOME": str(tmp_path)}
    for extra in (["--yes"], ["--yes", "--override"], ["--dry-run"]):
        run = racewatch("remove", dead, *extra, "--json", env=env)
        assert (run.code, run.json["outcomes"][0]["outcome"]) == (3, "refused_forbidden")
        assert "ask the boss" in run.json["outcomes"][0]["summary"]
    config.write_text("[[protected]]\nglob = \n")
    assert racewatch("remove", dead, "--yes", env=env).code == 3
    assert things.names() == ["dead"]


def test_a_plan_acts_on_exactly_what_it_saw(racewatch: Program, things: Things, tmp_path: Path) -> None:
    kept, replaced, revived = things.dead("kept"), things.dead("replaced"), things.dead("revived")
    things.dead("not-utf8-\udcff")
    things.live("live")
    plan = racewatch("plan", things.folder)
    assert plan.code == 0
    document = plan.json
    assert document["schema"] == 1
    assert [os.path.basename(step["target"]) for step in document["steps"]] == [
        "kept",
        "not-utf8-\\xff",
        "replaced",
        "revived",
    ]
    for path in (replaced, revived):
        os.unlink(path)
    things.dead("replaced")
    things.live("revived")
    file = tmp_path / "plan.json"
    file.write_text(plan.out)
    dry = racewatch("apply", str(file), "--dry-run", "--json")
    assert len(things.names()) == 5
    run = racewatch("apply", str(file), "--json")
    for one in (dry, run):
        words = [outcome["outcome"] for outcome in one.json["outcomes"]]
        assert (one.code, words) == (3, ["done", "done", "refused_changed", "refused_live"])
    assert things.names() == ["live", "replaced", "revived"]
    again = racewatch("apply", "-", "--json", stdin=plan.out.encode())
    words = [outcome["outcome"] for outcome in again.json["outcomes"]]
    assert words == ["gone", "gone", "refused_changed", "refused_live"]
    assert not os.path.lexists(kept)


def test_a_plan_is_written_to_a_new_file_only(racewatch: Program, things: Things, tmp_path: Path) -> None:
    things.dead("dead")
    file = tmp_path / "plan.json"
    assert racewatch("plan", things.folder, "-o", str(file)).code == 0
    text = file.read_text()
    assert len(json.loads(text)["steps"]) == 1
    run = racewatch("plan", things.folder, "-o", str(file))
    assert (run.code, "exists already" in run.complaint) == (2, True)
    assert file.read_text() == text


def test_an_empty_plan_is_done(racewatch: Program, things: Things) -> None:
    plan = racewatch("plan", things.folder)
    run = racewatch("apply", "-", "--json", stdin=plan.out.encode())
    assert (run.code, run.json["outcomes"]) == (0, [])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        "[]",
        "{}",
        "\x00",
        '{"schema":2,"created":"2026-01-01T00:00:00Z","steps":[]}',
        '{"schema":1,"created":"2026-01-01T00:00:00Z","steps":[{}]}',
        "[" * 100_000,
        '{"schema":' + "1" * 5000 + "}",
    ],
)
def test_what_is_no_plan_is_refused_in_one_line(racewatch: Program, text: str) -> None:
    run = racewatch("apply", "-", stdin=text.encode())
    assert (run.code, run.out) == (2, "")
    assert "no plan" in run.complaint


def test_a_plan_with_one_bad_step_touches_nothing(racewatch: Program, things: Things) -> None:
    things.dead("a")
    things.dead("b")
    document = racewatch("plan", things.folder).json
    for change in (
        {"target": "/x"},
        {"fingerprint": ""},
        {"fingerprint": 5},
        {"verdict": "dead"},
    ):
        steps = [document["steps"][0], {**document["steps"][1], **change}]
        run = racewatch("apply", "-", stdin=json.dumps({**document, "steps": steps}).encode())
        assert run.code == 2
        assert run.complaint
    assert things.names() == ["a", "b"]


def test_a_folder_that_became_a_link_is_refused(racewatch: Program, things: Things) -> None:
    os.mkdir(things.path("real"))
    things.dead("real/x")
    plan = racewatch("plan", things.folder)
    os.rename(things.path("real"), things.path("moved"))
    os.symlink("moved", things.path("real"))
    run = racewatch("apply", "-", "--json", stdin=plan.out.encode())
    assert (run.code, run.json["outcomes"][0]["outcome"]) == (3, "refused_changed")
    assert os.path.lexists(things.path("moved/x"))


def test_the_tables_of_outcomes_are_one_line_each(racewatch: Program, things: Things) -> None:
    run = racewatch("remove", things.dead("two\nlines"), things.live("live"), "--yes")
    rows = [line.split("\t") for line in run.out.splitlines()]
    assert [row[0] for row in rows] == ["done", "refused_live"]
    assert rows[0][1] == things.path("two\\nlines")


def test_a_signal_waits_for_the_act_in_flight(racewatch: Program, things: Things) -> None:
    """Every act that was begun is finished and told; nothing is left half done."""
    targets = [things.dead(f"dead-{number:03}") for number in range(150)]
    process = subprocess.Popen(
        [*PROGRAM, "remove", "--yes", *targets],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
    )
    assert process.stdout is not None
    told = [process.stdout.readline()]  # the first act is over, the next is under way
    process.send_signal(signal.SIGTERM)
    rest, complaint = process.communicate(timeout=60)
    told += rest.splitlines()
    assert process.returncode in (128 + signal.SIGTERM, 0)
    assert all(line.startswith(b"done\t") for line in told)
    assert len(things.names()) == len(targets) - len(told)
    assert all(name.startswith("dead-") for name in things.names())
    if process.returncode:
        assert b"interrupted" in complaint
    entries = racewatch("history", "--json").json["history"]
    assert [entry["outcome"] for entry in entries] == ["done"] * len(told)


def test_what_undo_and_recovery_need_is_never_removed(racewatch: Program, things: Things) -> None:
    """The lock file of acts looks like any lock that nobody holds, and recovery relies on it."""
    dead = things.dead("dead")
    assert racewatch("remove", "--yes", dead).code == 0
    state = os.environ["RACEWATCH_STATE_DIR"]
    for name in ("acts.lock", "journal.sqlite"):
        run = racewatch("remove", "--yes", "--override", os.path.join(state, name))
        assert run.code in (2, 3), run
        assert os.path.exists(os.path.join(state, name))
    run = racewatch("remove", "--yes", "--override", "--json", os.path.join(state, "acts.lock"))
    (outcome,) = run.json["outcomes"]
    assert outcome["outcome"] == "refused_forbidden"
    assert "racewatch's own" in outcome["summary"]


def test_what_is_kept_aside_is_freed_on_a_word_only(racewatch: Program, things: Things) -> None:
    # Too large for the journal, so undo needs the thing itself; and nothing proves it left over.
    os.makedirs(things.path(".git"))
    path = things.path(".git/index.lock")
    with open(path, "wb") as file:
        file.truncate(300 * 1024)
    done = racewatch("remove", path, "--yes", "--override", "--json")
    assert done.json["outcomes"][0]["outcome"] == "done", done.json
    (entry,) = racewatch("history", "--json").json["history"]
    assert entry["kept"]
    assert "kept aside" in racewatch("history").out
    asked = racewatch("purge", entry["action"])
    assert (asked.code, "cannot be undone" in asked.complaint) == (2, True)
    freed = racewatch("purge", entry["action"], "--yes", "--json")
    assert (freed.code, freed.json["outcomes"][0]["outcome"]) == (0, "done")
    assert os.listdir(things.path(".git")) == []
    assert racewatch("undo", entry["action"]).code == 3
    assert racewatch("purge", entry["action"], "--yes").code == 3
    assert racewatch("purge", "nothing", "--yes").code == 2
