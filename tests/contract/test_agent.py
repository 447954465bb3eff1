"""The agent: JSON-RPC 2.0 on standard input and output, whatever is sent to it."""

from __future__ import annotations

import base64
import json
import os
import select
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from racewatch.agent.protocol import Bad, Lines, Request, read_line
from tests.contract.support import PROGRAM, Program, Things, environment


class Agent:
    """One running agent; reads with a deadline."""

    def __init__(self, **env: str) -> None:
        self.process = subprocess.Popen(
            [*PROGRAM, "agent"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment(**env),
        )
        self.number = 0
        self.changes: list[dict[str, Any]] = []
        self._rest = b""

    def send(self, line: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line + b"\n")
        self.process.stdin.flush()

    def line(self) -> Any:
        assert self.process.stdout is not None
        fd = self.process.stdout.fileno()
        deadline = time.monotonic() + 60
        while b"\n" not in self._rest:
            assert select.select([fd], [], [], deadline - time.monotonic())[0], "no answer"
            data = os.read(fd, 1 << 16)
            assert data, "the agent ended"
            self._rest += data
        line, _, self._rest = self._rest.partition(b"\n")
        assert line.isascii()
        return json.loads(line)

    def answer(self) -> Any:
        """The next line that is no notification; those are kept in ``changes``."""
        while True:
            message = self.line()
            if isinstance(message, list) or "id" in message:
                return message
            assert message["method"] == "changed"
            self.changes.append(message["params"])

    def ask(self, method: str, **params: object) -> Any:
        self.number += 1
        request = {"jsonrpc": "2.0", "id": self.number, "method": method, "params": params}
        self.send(json.dumps(request).encode())
        answer = self.answer()
        assert answer["jsonrpc"] == "2.0"
        assert answer["id"] == self.number
        return answer

    def result(self, method: str, **params: object) -> Any:
        answer = self.ask(method, **params)
        assert "error" not in answer, answer
        return answer["result"]

    def code(self, method: str, **params: object) -> int:
        answer = self.ask(method, **params)
        assert "result" not in answer, answer
        assert answer["error"]["message"].isprintable()
        return int(answer["error"]["code"])

    def changed_until(self, word: str) -> list[dict[str, Any]]:
        """Notifications up to the first one with this word."""
        seen, self.changes = self.changes, []
        while not any(change["change"] == word for change in seen):
            message = self.line()
            assert message["method"] == "changed"
            assert "id" not in message
            seen.append(message["params"])
        return seen

    def end(self) -> int:
        """Close standard input; nothing more may come, and the agent ends."""
        out, err = self.process.communicate(timeout=60)
        assert b"Traceback" not in err, err
        assert (self._rest + out).count(b"\n") == len((self._rest + out).splitlines())
        return self.process.returncode


@pytest.fixture
def agent() -> Iterator[Agent]:
    started = Agent()
    try:
        yield started
        assert started.process.poll() is not None or started.end() == 0
    finally:
        if started.process.poll() is None:
            started.process.kill()
            started.process.communicate()


def test_hello(agent: Agent) -> None:
    hello = agent.result("hello")
    assert {"version", "schema", "uid", "host", "features"} <= set(hello)
    assert (hello["schema"], hello["uid"]) == (1, os.geteuid())
    assert "sockets" in hello["features"]


def test_the_verbs_have_the_shapes_of_the_command_line(
    agent: Agent, racewatch: Program, things: Things
) -> None:
    dead, live = things.dead("dead"), things.live("live")
    scan = agent.result("scan", roots=[things.folder])
    assert {seen["path"]: seen["verdict"] for seen in scan["observations"]} == {dead: "stale", live: "live"}
    seen = agent.result("observe", target=dead)
    from_cli = racewatch("explain", dead, "--json").json
    assert {**seen, "seen_at": ""} == {**from_cli, "seen_at": ""}
    assert agent.result("observe", target=seen["target"])["fingerprint"] == seen["fingerprint"]
    assert agent.result("observe", target=things.path("nothing")) is None

    refused = agent.result(
        "remove", target=live, fingerprint=agent.result("observe", target=live)["fingerprint"]
    )
    assert refused["outcome"] == "refused_live"
    changed = agent.result("remove", target=dead, fingerprint="other", override=True)
    assert changed["outcome"] == "refused_changed"
    done = agent.result("remove", target=seen["target"], fingerprint=seen["fingerprint"])
    assert (done["outcome"], done["undoable"]) == ("done", True)
    assert agent.result("remove", target=dead, fingerprint=seen["fingerprint"])["outcome"] == "gone"

    history = agent.result("history", limit=10)["history"]
    assert {"done", "refused_live", "refused_changed"} <= {entry["outcome"] for entry in history}
    assert len(agent.result("history", limit=1)["history"]) == 1
    assert agent.result("undo", action=done["action"])["outcome"] == "done"
    assert os.path.lexists(dead)


def test_watch_tells_the_start_and_then_changes(agent: Agent, things: Things) -> None:
    dead = things.dead("dead")
    agent.result("watch", roots=[things.folder])
    start = agent.changed_until("ready")
    assert [change["change"] for change in start][:2] == ["added", "ready"]
    assert start[0]["observation"]["path"] == dead
    new = things.live("new")
    (added,) = [change for change in agent.changed_until("added") if change["change"] == "added"]
    assert added["observation"]["path"] == new
    # Requests are answered while watching.
    assert agent.result("observe", target=new)["verdict"] == "live"
    os.unlink(dead)
    (gone,) = [change for change in agent.changed_until("gone") if change["change"] == "gone"]
    assert gone["observation"]["path"] == dead
    assert agent.result("unwatch") == {"watching": False, "was_watching": True}
    assert agent.result("unwatch") == {"watching": False, "was_watching": False}


def test_a_second_watch_replaces_the_first(agent: Agent, things: Things) -> None:
    os.mkdir(things.path("one"))
    os.mkdir(things.path("two"))
    things.dead("one/a")
    things.dead("two/b")
    agent.result("watch", roots=[things.path("one")])
    agent.changed_until("ready")
    agent.result("watch", roots=[things.path("two")])
    start = agent.changed_until("ready")
    assert [os.path.basename(c["observation"]["path"]) for c in start if c["change"] == "added"] == ["b"]


def test_paths_that_are_not_utf8(agent: Agent, things: Things) -> None:
    folder = things.path(b"folder-\xff")
    os.mkdir(folder)
    things.dead(b"folder-\xff/x")
    root = {"path_b64": base64.b64encode(os.fsencode(folder)).decode()}
    (seen,) = agent.result("scan", roots=[root])["observations"]
    assert base64.b64decode(seen["path_b64"]) == os.fsencode(folder) + b"/x"
    assert agent.result("observe", target=seen["target"])["fingerprint"] == seen["fingerprint"]


@pytest.mark.parametrize(
    ("method", "params", "code"),
    [
        ("frobnicate", {}, -32601),
        ("hello", {"x": 1}, -32602),
        ("scan", {"roots": "/tmp"}, -32602),
        ("scan", {"roots": ["relative"]}, -32602),
        ("scan", {"roots": [1]}, -32602),
        ("scan", {"roots": ["/a\0b"]}, -32602),
        ("scan", {"roots": [{"path_b64": "*"}]}, -32602),
        ("scan", {"roots": [{"path_b64": "eA=="}]}, -32602),
        ("scan", {"kinds": ["pipe"]}, -32602),
        ("scan", {"kinds": [{}]}, -32602),
        ("scan", {"kinds": "socket"}, -32602),
        ("scan", {"engines": "yes"}, -32602),
        ("observe", {}, -32602),
        ("observe", {"target": 5}, -32602),
        ("observe", {"target": "relative"}, -32602),
        ("observe", {"target": "/etc"}, -32602),
        ("observe", {"target": "runc:a/b"}, -32602),
        ("observe", {"target": "socket:/a\\x2db"}, -32602),
        ("observe", {"target": "/\udcff"}, -32602),
        ("remove", {"target": "/x"}, -32602),
        ("remove", {"fingerprint": "f"}, -32602),
        ("remove", {"target": "/x", "fingerprint": None}, -32602),
        ("remove", {"target": "/x", "fingerprint": "f", "override": 1}, -32602),
        ("remove", {"target": "/x", "fingerprint": "f", "force": True}, -32602),
        ("undo", {"action": "no-such-action"}, -32000),
        ("undo", {"action": ["a"]}, -32602),
        ("history", {"limit": -1}, -32602),
        ("history", {"limit": True}, -32602),
        ("history", {"limit": 1.5}, -32602),
        ("watch", {"roots": {}}, -32602),
    ],
)
def test_wrong_parameters_are_refused(
    agent: Agent, method: str, params: dict[str, object], code: int
) -> None:
    assert agent.code(method, **params) == code
    assert agent.result("hello")["schema"] == 1


@pytest.mark.parametrize(
    ("line", "code", "request_id"),
    [
        (b"", -32700, None),
        (b"nonsense", -32700, None),
        (b"{", -32700, None),
        (b"\xff\xfe", -32700, None),
        (b"\x00", -32700, None),
        (b"[" * 100_000, -32700, None),
        (b'{"jsonrpc":"2.0","id":NaN,"method":"hello"}', -32700, None),
        (b'{"jsonrpc":"2.0","id":1e999,"method":"hello"}', -32700, None),
        (b"9" * 10_000, -32700, None),
        (b"5", -32600, None),
        (b"null", -32600, None),
        (b"[]", -32600, None),
        (b"{}", -32600, None),
        (b'{"jsonrpc":"1.0","id":7,"method":"hello"}', -32600, 7),
        (b'{"jsonrpc":"2.0","id":7}', -32600, 7),
        (b'{"jsonrpc":"2.0","id":7,"method":5}', -32600, 7),
        (b'{"jsonrpc":"2.0","id":7,"method":"hello","x":1}', -32600, 7),
        (b'{"jsonrpc":"2.0","id":{},"method":"hello"}', -32600, None),
        (b'{"jsonrpc":"2.0","id":true,"method":"hello"}', -32600, None),
        (b'{"jsonrpc":"2.0","id":7,"method":"hello","params":5}', -32602, 7),
        (b'{"jsonrpc":"2.0","id":7,"method":"hello","params":[1]}', -32602, 7),
    ],
)
def test_a_malformed_line_gets_an_error_and_the_agent_lives_on(
    agent: Agent, line: bytes, code: int, request_id: int | None
) -> None:
    agent.send(line)
    answer = agent.answer()
    assert (answer["error"]["code"], answer["id"]) == (code, request_id)
    assert agent.result("hello")["schema"] == 1


def test_a_batch_is_answered_as_one(agent: Agent) -> None:
    agent.send(
        b'[{"jsonrpc":"2.0","id":"a","method":"hello"},{"jsonrpc":"2.0","method":"hello"},'
        b'5,{"jsonrpc":"2.0","id":2.5,"method":"nothing"}]'
    )
    first, second, third = agent.answer()
    assert first["id"] == "a"
    assert (second["id"], second["error"]["code"]) == (None, -32600)
    assert (third["id"], third["error"]["code"]) == (2.5, -32601)


def test_notifications_get_no_answer_even_when_they_are_wrong(agent: Agent) -> None:
    for line in (
        b'{"jsonrpc":"2.0","method":"hello"}',
        b'{"jsonrpc":"2.0","method":"frobnicate"}',
        b'{"jsonrpc":"2.0","method":"observe","params":{}}',
        b'[{"jsonrpc":"2.0","method":"hello"}]',
    ):
        agent.send(line)
    assert agent.ask("hello")["id"] == 1


def test_a_null_id_is_an_id(agent: Agent) -> None:
    agent.send(b'{"jsonrpc":"2.0","id":null,"method":"hello"}')
    answer = agent.answer()
    assert answer["id"] is None
    assert answer["result"]["schema"] == 1


def test_a_line_beyond_the_bound_is_swallowed_and_told(agent: Agent) -> None:
    agent.send(b" " * (17 * 1024 * 1024))
    answer = agent.answer()
    assert answer["error"]["code"] == -32600
    assert "bytes long" in answer["error"]["message"]
    assert agent.result("hello")["schema"] == 1


def test_the_last_line_needs_no_end_and_its_act_is_finished(racewatch: Program, things: Things) -> None:
    dead = things.dead("dead")
    seen = racewatch("explain", dead, "--json").json
    request = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "remove",
        "params": {"target": dead, "fingerprint": seen["fingerprint"]},
    }
    run = racewatch("agent", stdin=json.dumps(request).encode())
    assert (run.code, run.json["result"]["outcome"]) == (0, "done")
    assert not os.path.lexists(dead)


def test_an_empty_input_is_a_clean_end(racewatch: Program) -> None:
    run = racewatch("agent")
    assert (run.code, run.out, run.err) == (0, "", "")


def test_a_watch_does_not_keep_the_agent_alive(racewatch: Program, things: Things) -> None:
    request = {"jsonrpc": "2.0", "id": 1, "method": "watch", "params": {"roots": [things.folder]}}
    run = racewatch("agent", stdin=json.dumps(request).encode() + b"\n")
    assert run.code == 0
    assert json.loads(run.out.splitlines()[0])["result"] == {"watching": True}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_end_it_cleanly(agent: Agent, number: signal.Signals) -> None:
    agent.result("hello")
    agent.process.send_signal(number)
    assert agent.end() == 0


def test_it_ends_when_nobody_reads_any_more(agent: Agent) -> None:
    agent.result("hello")
    assert agent.process.stdout is not None
    agent.process.stdout.close()
    agent.send(b'{"jsonrpc":"2.0","id":1,"method":"hello"}')
    assert agent.process.wait(timeout=60) == 0
    assert agent.process.stdin is not None
    agent.process.stdin.close()
    assert agent.process.stderr is not None
    assert agent.process.stderr.read() == b""
    agent.process.stderr.close()


# --- fuzz --------------------------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
# Not scan and watch by name alone: without roots they look at the whole machine.
METHODS = st.sampled_from(["hello", "observe", "remove", "undo", "history", "unwatch", "nothing", ""])
PARAMETERS = st.dictionaries(
    st.sampled_from(["target", "fingerprint", "override", "action", "limit", "roots", "kinds", "x"]),
    JSON,
    max_size=4,
)
REQUESTS = st.fixed_dictionaries(
    {},
    optional={
        "jsonrpc": st.just("2.0") | JSON,
        "id": JSON,
        "method": METHODS | JSON,
        "params": PARAMETERS | JSON,
    },
)
SCANS = st.builds(
    lambda roots, kinds: {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "scan",
        "params": {"roots": roots, "kinds": kinds},
    },
    st.lists(JSON, max_size=2),
    JSON,
)
LINES = st.one_of(
    SCANS.map(lambda value: json.dumps(value).encode()),
    st.binary(max_size=60),
    JSON.map(lambda value: json.dumps(value).encode()),
    REQUESTS.map(lambda value: json.dumps(value).encode()),
    st.lists(REQUESTS, max_size=3).map(lambda value: json.dumps(value).encode()),
).map(lambda line: line.replace(b"\n", b" "))


def expected_answers(line: bytes) -> bool:
    """Whether a line has to be answered at all."""
    read = read_line(line)
    return any(isinstance(message, Bad) or message.answer for message in read.messages)


def test_nothing_that_is_sent_stops_it_or_goes_unanswered(agent: Agent) -> None:
    @settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
    @given(LINES)
    def send(line: bytes) -> None:
        agent.send(line)
        if expected_answers(line):
            answer = agent.answer()
            for one in answer if isinstance(answer, list) else [answer]:
                assert ("result" in one) != ("error" in one)
                assert one.get("error", {}).get("code") != -32603, (line, one)
        assert agent.ask("hello")["result"]["schema"] == 1

    send()


@given(LINES)
def test_reading_a_line_never_raises(line: bytes) -> None:
    read = read_line(line)
    assert read.messages
    assert all(isinstance(message, Bad | Request) for message in read.messages)


@given(st.lists(st.binary(max_size=30)), st.integers(1, 12))
def test_lines_are_cut_as_split_would_whatever_the_pieces(pieces: list[bytes], limit: int) -> None:
    lines = Lines(limit)
    cut: list[bytes | None] = []
    for piece in pieces:
        cut += lines.feed(piece)
    cut += lines.finish()
    whole = b"".join(pieces)
    expected = whole.split(b"\n")
    if not expected[-1]:
        expected.pop()
    assert cut == [line if len(line) <= limit else None for line in expected]


def test_live_sockets_are_never_connected_to(agent: Agent, things: Things) -> None:
    things.live("live")
    server = things.kept[-1]
    server.setblocking(False)
    for _ in range(20):
        agent.result("scan", roots=[things.folder])
    with pytest.raises(BlockingIOError):
        server.accept()
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(things.path("live"))
        server.accept()[0].close()
