"""Engines that are gone, slow, or say half a thing: an error with a reason, in time, and never a wrong answer."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from racewatch.core.act import act
from racewatch.core.by_owner import OwnerSilent
from racewatch.core.journal import Journal
from racewatch.core.kind import UndoRecord
from racewatch.core.model import (
    ActRequest,
    HistoryEntry,
    KindName,
    Observation,
    Outcome,
    OutcomeWord,
    Problem,
    Removable,
    Target,
    Verdict,
)
from racewatch.core.recovery import recover
from racewatch.kinds.containers import ContainersKind, engine_source
from racewatch.kinds.containers.engine import Engine
from racewatch.kinds.containers.engine_answers import EngineError, Failed, Gone
from racewatch.kinds.containers.engine_client import ANSWER_SECONDS, EngineClient, Events
from racewatch.kinds.containers.engine_source import EngineSource
from tests.containers.engines import ID, OTHER, SHORT, at, captured, http, misbehaving

GONE = http({"message": f"No such container: {ID}"}, status="404 Not Found")


def only(path: Path) -> EngineSource:
    return EngineSource([os.fsencode(path)], {})


def of(path: Path, source: EngineSource) -> list[Observation | Problem]:
    """What a scan says of one socket (real engines of this machine are none of our business)."""
    mine = os.fsencode(path)
    return [
        seen
        for seen in source.scan()
        if (seen.path == mine if isinstance(seen, Problem) else mine in seen.target.locator)
    ]


def test_nobody_listens(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(path))
    with pytest.raises(EngineError, match="nobody listens"):
        EngineClient(at(path))
    assert of(path, only(path)) == [Problem(os.fsencode(path), "nobody listens at its socket")]
    with pytest.raises(EngineError, match="nobody listens"):
        Events(at(path))


def test_no_socket(path: Path) -> None:
    with pytest.raises(EngineError, match="is not there"):
        EngineClient(at(path))
    path.write_text("")
    with pytest.raises(EngineError, match="no socket"):
        EngineClient(at(path))


def test_a_container_whose_engine_is_gone_is_not_gone(path: Path) -> None:
    seen = only(path).look(at(path).target(ID))
    assert seen is not None
    assert (seen.verdict, seen.removable, seen.label) == (Verdict.UNKNOWN, Removable.NEVER, "cannot see")
    assert "is not there" in seen.summary


def test_it_takes_the_call_and_never_answers(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(path))
        silent.listen()
        began = time.monotonic()
        assert of(path, only(path)) == [Problem(os.fsencode(path), "it did not answer within 5 seconds")]
        assert time.monotonic() - began < ANSWER_SECONDS + 2


def test_so_many_wait_that_it_takes_no_more_calls(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as silent, socket.socket(socket.AF_UNIX) as first:
        silent.bind(str(path))
        silent.listen(0)
        first.connect(str(path))
        with pytest.raises(EngineError, match="takes no more callers"):
            EngineClient(at(path), SHORT)


def drop_by_drop() -> Iterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n["
    while True:
        time.sleep(SHORT / 10)
        yield b" "


@pytest.mark.parametrize("answer", [None, "drops"])
def test_each_question_has_its_time(path: Path, answer: str | None) -> None:
    with misbehaving(path, lambda _: None if answer is None else drop_by_drop()):
        for question in (EngineClient.containers, lambda client: client.inspect(ID)):
            began = time.monotonic()
            with (
                EngineClient(at(path), SHORT) as client,
                pytest.raises(EngineError, match=r"within 0\.3 seconds"),
            ):
                question(client)
            assert time.monotonic() - began < SHORT * 5


NASTY = {
    "closed": b"",
    "half a status line": b"HTTP/1.1 20",
    "half the headers": b"HTTP/1.1 200 OK\r\nContent-Le",
    "half the body": http([], length=100),
    "half a chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n[{",
    "no chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "no JSON": http(b"<html>"),
    "half JSON": http(b'[{"Id": "ab'),
    "not UTF-8": http(b'[{"Id": "\xff"}]'),
    "deep": http(b"[" * 100_000),
    "null": http(None),
    "number": http(3),
    "wrong lines": http([{"Id": "short"}]),
    "not HTTP": b"SSH-2.0-OpenSSH_9.2\r\n",
    "gzip that is none": http(b"x", headers="Content-Encoding: gzip\r\n"),
    "500": http({"message": "no\x1b[2J"}, status="500 Oops"),
    "500 without words": http(b"", status="500 Oops"),
    "500 as a list": http([], status="500 Oops"),
    "404 of something else": http({"message": "page not found"}, status="404 Not Found"),
    "elsewhere": http(b"", status="301 Moved", headers="Location: http://127.0.0.1:9/containers/json\r\n"),
    "again": http(b"", status="307 Again", headers="Location: /v1.41/containers/x?force=true\r\n"),
    "long header": b"HTTP/1.1 200 OK\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
}


@pytest.mark.parametrize("answer", NASTY.values(), ids=NASTY.keys())
def test_a_broken_answer_is_an_error_in_one_plain_sentence(path: Path, answer: bytes) -> None:
    with misbehaving(path, lambda _: answer) as asked, EngineClient(at(path), SHORT) as client:
        for question in (client.containers, lambda: client.inspect(ID)):
            with pytest.raises(EngineError) as error:
                question()
            assert error.value.reason.isprintable()
        assert isinstance(client.delete(ID), Failed)
        deletes = [line for line in asked if line.startswith("DELETE")]
        assert deletes == [f"DELETE /v1.41/containers/{ID}?v=False&link=False&force=False HTTP/1.1"]
        assert all("force=true" not in line for line in asked)
        assert not any(isinstance(client.delete(ID), Gone) for _ in range(2))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=60) | st.binary(max_size=60).map(lambda body: b"HTTP/1.1 200 OK\r\n" + body))
def test_any_bytes_are_an_error_and_nothing_worse(
    tmp_path_factory: pytest.TempPathFactory, answer: bytes
) -> None:
    path = tmp_path_factory.mktemp("fuzz") / "docker.sock"
    with misbehaving(path, lambda _: answer), EngineClient(at(path), SHORT) as client:
        with pytest.raises(EngineError):
            client.inspect(ID)
        assert not isinstance(client.delete(ID), Gone)


def test_what_became_of_a_lost_delete_is_not_known(path: Path) -> None:
    with misbehaving(path, lambda _: b""), EngineClient(at(path)) as client:
        assert client.delete(ID) == Failed(
            "whether it was removed is not known: it broke off in the middle of an answer", uncertain=True
        )


def test_a_200_of_an_unknown_kind_is_no_removal(path: Path) -> None:
    with misbehaving(path, lambda _: http(b"", status="202 Perhaps")), EngineClient(at(path)) as client:
        assert isinstance(client.delete(ID), Failed)


@pytest.mark.parametrize("name", ["web", ID[:12], "", "../../images/x", ID + "?force=1", ID.upper()])
def test_nothing_is_asked_but_by_a_full_id(path: Path, name: str) -> None:
    with misbehaving(path, lambda _: GONE) as asked, EngineClient(at(path)) as client:
        for question in (client.inspect, client.delete):
            with pytest.raises(ValueError, match="full id"):
                question(name)
        assert [line for line in asked if "_ping" not in line] == []


def test_removed_since_it_was_listed(path: Path) -> None:
    lines = http([{"Id": ID, "Names": ["/web"], "State": "exited"}])
    with misbehaving(path, lambda line: lines if "containers/json" in line else GONE):
        assert of(path, only(path)) == []
        assert only(path).look(at(path).target(ID)) is None


def test_one_that_cannot_be_inspected_is_shown_and_the_others_too(path: Path) -> None:
    lines = http([{"Id": id_, "Names": ["/web"], "State": "exited"} for id_ in (OTHER, ID)])
    whole = dict(captured("docker", "exited0.inspect")[0], Id=ID)

    def answer(line: str) -> bytes:
        if "containers/json" in line:
            return lines
        return http(whole) if ID in line else http({"message": "layer does not exist"}, status="500 Oops")

    with misbehaving(path, answer):
        broken, other = of(path, only(path))
    assert isinstance(broken, Observation)
    assert isinstance(other, Observation)
    assert (broken.verdict, broken.removable) == (Verdict.UNKNOWN, Removable.NEVER)
    assert "layer does not exist" in broken.summary
    assert broken.facts == (("name", "web"), ("id", OTHER), ("runtime", "Docker"))
    assert (other.verdict, other.label) == (Verdict.STALE, "exited")


def test_one_that_stops_answering_is_not_waited_for_once_for_each_container(path: Path) -> None:
    lines = http([{"Id": f"{n:064x}", "State": "exited"} for n in range(100)])
    with misbehaving(path, lambda line: lines if "containers/json" in line else b"") as asked:
        assert of(path, only(path)) == [Problem(os.fsencode(path), "it broke off in the middle of an answer")]
        assert len(asked) == 3


def test_another_engine_in_its_place(path: Path) -> None:
    target = Engine("podman", os.fsencode(path)).target(ID)
    with misbehaving(path, lambda _: GONE):
        seen = only(path).look(target)
    assert seen is not None
    assert seen.verdict is Verdict.UNKNOWN
    assert "Docker answers at the socket of Podman" in seen.summary


def test_proxies_and_credentials_of_the_environment_are_left_alone(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    (tmp_path / "netrc").write_text("default login a password b\n")
    with misbehaving(path, lambda _: http([])) as asked, EngineClient(at(path), SHORT) as client:
        assert client.containers() == ()
        assert all(line.startswith("GET ") for line in asked)


def test_a_long_path_and_any_bytes(tmp_path: Path) -> None:
    folder = tmp_path / ("x" * 120) / "a?b#c%41\udcff"
    folder.mkdir(parents=True)
    short = tmp_path / "s"
    with misbehaving(short, lambda _: http([])):
        (folder / "docker.sock").hardlink_to(short)
        with EngineClient(at(folder / "docker.sock")) as client:
            assert client.containers() == ()


def test_settings_of_docker_that_cannot_be_read(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    (tmp_path / "config.json").write_text('{"auths": 3, "proxies": 4}')
    with misbehaving(path, lambda _: http([])), pytest.raises(EngineError, match="cannot be spoken to"):
        EngineClient(at(path))


# --- whole acts, and starts after a crash, with such an engine -------------------------------------


def ended() -> bytes:
    return http(dict(captured("docker", "exited0.inspect")[0], Id=ID))


def act_on(path: Path, journal: Journal) -> Outcome:
    kind = ContainersKind(engines=[os.fsencode(path)], default_roots=False)
    target = at(path).target(ID)
    seen = kind.look(target)
    assert seen is not None
    return act(ActRequest(target, seen.fingerprint), kind.procedure(target), journal)


@pytest.mark.parametrize(
    ("answer", "known"),
    [
        (b"", "whether it was removed is not known: it broke off in the middle of an answer"),
        (http({"message": "layer is busy"}, status="500 Oops"), "layer is busy"),
        # Half an answer says yes as well: the engine is asked again, and has it.
        (b"HTTP/1.1 204 No Content\r\n\r\n", "still has it"),
    ],
)
def test_an_act_whose_request_was_lost_says_what_is_known(
    path: Path, journal: Journal, answer: bytes, known: str
) -> None:
    with misbehaving(path, lambda line: answer if line.startswith("DELETE") else ended()) as asked:
        outcome = act_on(path, journal)
    assert outcome.word is OutcomeWord.FAILED
    assert known in outcome.summary
    (row,) = journal.entries()
    assert (row.word, row.undoable) == (OutcomeWord.FAILED, False)
    assert len([line for line in asked if line.startswith("DELETE")]) == 1, "asked once, whatever it answers"


@pytest.mark.parametrize("after", [1, 2])
def test_an_engine_that_goes_before_it_was_asked_to_delete(path: Path, journal: Journal, after: int) -> None:
    """Between the looks nothing was asked for: whatever it is, it was not removed by us."""
    looks: list[str] = []

    def answer(line: str) -> bytes:
        looks.append(line)
        return ended() if len(looks) <= after else b""

    with misbehaving(path, answer) as asked:
        outcome = act_on(path, journal)
    assert outcome.word.is_refusal, outcome.summary
    assert not [line for line in asked if line.startswith("DELETE")]


def start(path: Path, journal: Journal) -> tuple[HistoryEntry, ...]:
    return recover(journal, ContainersKind(engines=[os.fsencode(path)], default_roots=False).ask_owner)


def interrupted(path: Path, journal: Journal, *actions: str) -> None:
    with misbehaving(path, lambda _: ended()):
        seen = only(path).look(at(path).target(ID))
    assert seen is not None
    path.unlink()
    for action in actions:
        journal.intend(action, "remove", seen, UndoRecord("owner", {"kept": False}, reversible=False))


def test_a_start_without_the_engine_leaves_the_act_open(path: Path, journal: Journal) -> None:
    interrupted(path, journal, "x1")
    assert start(path, journal) == ()
    (row,) = journal.entries()
    assert row.word is None
    assert "is not there" in row.summary
    with misbehaving(path, lambda _: GONE):
        (row,) = start(path, journal)
    assert row.word is OutcomeWord.GONE


def test_another_engine_in_its_place_is_not_believed(path: Path, journal: Journal) -> None:
    """It knows nothing of that id; that does not make the container gone."""
    interrupted(path, journal, "x1")
    podman = Engine("podman", os.fsencode(path)).target(ID)
    with misbehaving(path, lambda _: GONE):
        kind = ContainersKind(engines=[os.fsencode(path)], default_roots=False)
        with pytest.raises(OwnerSilent, match="Docker answers at the socket of Podman"):
            kind.ask_owner(podman)
    with pytest.raises(OwnerSilent, match="names no engine"):
        kind.ask_owner(Target(KindName.CONTAINER, b"bundle:/x"))


REMOVING = dict(
    captured("docker", "exited0.inspect")[0],
    Id=ID,
    State={**captured("docker", "exited0.inspect")[0]["State"], "Status": "removing"},
)
ODD = http({"message": f"container {ID} does not exist in database"}, status="500 Oops")


@pytest.mark.parametrize("answer", [http(REMOVING), ODD], ids=["removing", "odd"])
def test_what_is_just_being_removed_is_not_settled_before_it_is(
    path: Path, journal: Journal, answer: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_source, "_START_SECONDS", SHORT)
    interrupted(path, journal, "x1")
    with misbehaving(path, lambda _: answer):
        assert start(path, journal) == ()
    (row,) = journal.entries()
    assert row.word is None
    assert "removing it just now" in row.summary or "not exist in database" in row.summary
    path.unlink()
    answers = [answer, answer, GONE]
    with misbehaving(path, lambda _: answers.pop(0)):
        (row,) = start(path, journal)
    assert row.word is OutcomeWord.GONE


def test_an_engine_that_never_answers_delays_a_start_once(path: Path, journal: Journal) -> None:
    interrupted(path, journal, "x1", "x2", "x3", "x4")
    with misbehaving(path, lambda _: None) as asked:
        began = time.monotonic()
        assert start(path, journal) == ()
        assert time.monotonic() - began < 4
    assert len([line for line in asked if ID in line]) == 1
    assert all(row.word is None for row in journal.entries())
