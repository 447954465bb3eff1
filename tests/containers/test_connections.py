"""Contexts and connections: what real files say, what broken ones say, and what that means for engines."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from docker.context import ContextAPI
from hypothesis import given, settings
from hypothesis import strategies as st

from racewatch.cli.machine import Machine, State, all_checks
from racewatch.config import Config
from racewatch.core.model import Problem
from racewatch.kinds.containers import ContainersKind
from racewatch.kinds.containers.connections import (
    Connection,
    Connections,
    Said,
    connections,
    containers_conf,
    docker_config,
    docker_context,
    podman_connections,
)
from racewatch.kinds.containers.engine_source import EngineSource
from racewatch.verbs import Racewatch
from tests.containers.running import RunningEngine, running

PARSERS: tuple[Callable[[bytes], Said], ...] = (
    docker_context,
    docker_config,
    podman_connections,
    containers_conf,
)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of this test's own, for us and for the real programs."""
    made = tmp_path / "home"
    (made / ".docker").mkdir(parents=True)
    (made / ".config/containers").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(made))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(made / ".config"))
    for variable in (
        "DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "CONTAINER_HOST", "CONTAINER_CONNECTION",
        "CONTAINERS_CONF", "CONTAINERS_CONF_OVERRIDE", "PODMAN_CONNECTIONS_CONF",
    ):  # fmt: skip
        monkeypatch.delenv(variable, raising=False)
    # docker's library believes the home that it was asked for first.
    monkeypatch.setenv("DOCKER_CONFIG", str(made / ".docker"))
    return made


def said(**more: str) -> Connections:
    return connections({**os.environ, **more}, None)


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def meta(home: Path, folder: str, text: str) -> Path:
    return write(home / ".docker/contexts/meta" / folder / "meta.json", text)


# --- real files -------------------------------------------------------------------------------------


def test_the_contexts_that_docker_writes(home: Path) -> None:
    write(home / ".docker/config.json", "{}")
    ContextAPI.create_context("here", host="unix:///srv/docker.sock")
    ContextAPI.create_context("there", host="tcp://10.0.0.7:2376")
    ContextAPI.create_context("usual")
    ContextAPI.set_current_context("there")
    found = {one.name: one for one in said().all}
    assert {name: one.path for name, one in found.items()} == {
        "here": b"/srv/docker.sock",
        "there": None,
        "usual": b"/var/run/docker.sock",
    }
    assert [one.name for one in found.values() if one.chosen] == ["there"]
    assert found["there"].title == "docker context there"
    assert [one.name for one in said(DOCKER_CONTEXT="here").all if one.chosen] == ["here"]
    by_host = said(DOCKER_HOST="unix:///my.sock").all
    assert [(one.title, one.path) for one in by_host if one.chosen] == [("DOCKER_HOST", b"/my.sock")]


@pytest.mark.skipif(shutil.which("podman") is None, reason="podman is not installed")
def test_the_connections_that_podman_writes(home: Path) -> None:
    # Left to itself, root's Podman 4 would write into the machine's own file.
    places = {
        "CONTAINERS_CONF": str(home / "podman.conf"),
        "PODMAN_CONNECTIONS_CONF": str(home / "connections.json"),
    }
    write(home / "podman.conf", "")
    for name, uri in (
        ("mine", "unix:///srv/podman.sock"),
        ("far", "ssh://ann@host:22/run/podman/podman.sock"),
    ):
        done = subprocess.run(
            ["podman", "--log-level=error", "system", "connection", "add", name, uri],
            env={**os.environ, **places},
            capture_output=True,
            check=False,
            timeout=30,
        )
        if done.returncode != 0:
            pytest.skip(f"podman adds no connection here: {done.stderr.decode()[-200:]}")
    found = {one.name: one for one in said(**places).all}
    assert found["mine"].path == b"/srv/podman.sock"
    assert found["far"].is_remote
    assert found["far"].shown == "ssh://host:22/run/podman/podman.sock"
    assert [one.name for one in found.values() if one.chosen] == ["mine"]
    assert said(**places).problems == ()


def test_podman_5_writes_json_and_what_is_written_later_wins(home: Path) -> None:
    write(
        home / ".config/containers/containers.conf",
        '[engine]\nactive_service = "b"\n[engine.service_destinations.a]\nuri = "unix:///old.sock"\n'
        '[engine.service_destinations.b]\nuri = "ssh://far/run/podman.sock"\n',
    )
    write(
        home / ".config/containers/containers.conf.d/10.conf",
        '[engine.service_destinations.a]\nuri = "unix:///newer.sock"\n',
    )
    write(
        home / ".config/containers/podman-connections.json",
        json.dumps(
            {
                "Connection": {
                    "Default": "c",
                    "Connections": {"c": {"URI": "unix:///c.sock", "Identity": "", "IsMachine": False}},
                },
                "Farm": {},
            }
        ),
    )
    found = {one.name: (one.path, one.chosen) for one in said().all}
    assert found == {"a": (b"/newer.sock", False), "b": (None, False), "c": (b"/c.sock", True)}
    chosen = said(CONTAINER_CONNECTION="a").all
    assert [one.name for one in chosen if one.chosen] == ["a"]
    alone = write(home / "own.conf", "[engine.service_destinations.z]\nuri = 'unix:/z.sock'\n")
    named = {one.name: one.path for one in said(CONTAINERS_CONF=str(alone)).all}
    assert named == {"z": b"/z.sock", "c": b"/c.sock"}
    other = write(home / "other.json", '{"Connection": {}}')
    assert {one.name for one in said(PODMAN_CONNECTIONS_CONF=str(other)).all} == {"a", "b"}


def test_the_machines_own_files_come_before_the_users(home: Path, tmp_path: Path) -> None:
    write(
        tmp_path / "root/etc/containers/containers.conf",
        "[engine.service_destinations.a]\nuri = 'unix:///machine.sock'\n"
        "[engine.service_destinations.b]\nuri = 'unix:///b.sock'\n",
    )
    write(
        home / ".config/containers/containers.conf",
        "[engine.service_destinations.a]\nuri = 'unix:///mine.sock'\n",
    )
    found = connections(os.environ, bytes(tmp_path / "root")).all
    assert {one.name: one.path for one in found} == {"a": b"/mine.sock", "b": b"/b.sock"}


def test_a_config_that_is_a_link_is_read_as_people_keep_them(home: Path, tmp_path: Path) -> None:
    write(tmp_path / "dotfiles/config.json", '{"currentContext": "x"}')
    (home / ".docker/config.json").symlink_to(tmp_path / "dotfiles/config.json")
    meta(home, "1", '{"Name": "x", "Endpoints": {"docker": {"Host": "unix:///x.sock"}}}')
    assert said() == Connections((Connection("docker context", "x", "unix:///x.sock", chosen=True),))


# --- broken files -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "holds no docker context"),
        ("[]", "holds no docker context"),
        ('{"Name": 7}', "holds no docker context"),
        ("[" * 100_000, "holds no docker context"),
        ('{"Name": "x", "Endpoints": {"docker": 7}}', "the docker context x does not say where"),
        (
            '{"Name": "x\\u001b", "Endpoints": {"docker": {"Host": []}}}',
            "the docker context x\\x1b does not say",
        ),
    ],
)
def test_a_broken_context_is_told_and_hides_no_other(home: Path, text: str, why: str) -> None:
    bad = meta(home, "bad", text)
    meta(home, "good", '{"Name": "good", "Endpoints": {"docker": {"Host": "unix:///good.sock"}}}')
    found = said()
    assert [one.name for one in found.all] == ["good"]
    (problem,) = found.problems
    assert problem.path == bytes(bad)
    assert why in problem.reason


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[engine", "not TOML"),
        ("\udcff", "not TOML"),
        ("engine = 3", "engine is no table"),
        ("[engine]\nservice_destinations = 3", "connections are no table"),
        ("[engine.service_destinations.a]\nuri = 3\n", "connection a does not say where"),
    ],
)
def test_a_broken_containers_conf_is_told(home: Path, text: str, why: str) -> None:
    path = home / ".config/containers/containers.conf"
    path.write_bytes(os.fsencode(text))
    (problem,) = said().problems
    assert problem.path == bytes(path)
    assert why in problem.reason


def test_what_is_no_file_is_never_opened(home: Path) -> None:
    """A FIFO would hang whoever reads it."""
    os.mkfifo(home / ".docker/config.json")
    (home / ".config/containers/podman-connections.json").mkdir()
    (home / ".config/containers/containers.conf").symlink_to("containers.conf")
    assert len(said().problems) == 3
    assert said().all == ()


def test_a_choice_of_what_is_not_there_is_told(home: Path) -> None:
    config = write(home / ".docker/config.json", '{"currentContext": "gone"}')
    assert said().problems == (Problem(bytes(config), "it names a docker context gone, and there is none"),)
    (problem,) = said(DOCKER_CONTEXT="lost").problems
    assert problem == Problem(b"DOCKER_CONTEXT", "it names a docker context lost, and there is none")
    assert said(DOCKER_CONTEXT="default").problems == ()


@pytest.mark.parametrize(
    ("url", "path", "remote"),
    [
        ("unix:///a/b.sock", b"/a/b.sock", False),
        ("unix:/a.sock", b"/a.sock", False),
        ("unix://a.sock", None, False),
        ("unix:", None, False),
        ("unix:///a\0b", None, False),
        ("unix:///a\nb", b"/a\nb", False),
        ("tcp://127.0.0.1:2375", None, True),
        ("ssh://root@host/run/a.sock", None, True),
        ("npipe:////./pipe/docker", None, True),
        ("fd://", None, True),
        ("", None, True),
    ],
)
def test_only_a_socket_of_this_machine_is_a_path(url: str, path: bytes | None, remote: bool) -> None:
    one = Connection("docker context", "x", url)
    assert (one.path, one.is_remote) == (path, remote)


def test_a_password_is_not_shown() -> None:
    assert Connection("x", "y", "ssh://ann:secret@host/run").shown == "ssh://host/run"


jsons = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda below: (
        st.lists(below, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "Name",
                    "Endpoints",
                    "docker",
                    "Host",
                    "Connection",
                    "Connections",
                    "Default",
                    "URI",
                    "currentContext",
                    "engine",
                    "x",
                ]
            ),
            below,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200) | jsons.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_understood_or_told(data: bytes) -> None:
    for parse in PARSERS:
        found = parse(data)
        for one in found.connections:
            assert one.name is not None
            assert one.title.isprintable()
            assert one.shown.isprintable()
            assert one.path is None or (one.path.startswith(b"/") and b"\0" not in one.path)


tomls = st.text(alphabet="[].=\"'\n engisrvcdtoauxl_{},1", max_size=80)


@settings(max_examples=300, deadline=None)
@given(tomls)
def test_any_toml_is_understood_or_told(text: str) -> None:
    found = containers_conf(text.encode())
    assert found.trouble is None or found.trouble.isprintable()


# --- what it means ----------------------------------------------------------------------------------


def test_a_broken_file_is_a_problem_of_the_scan(home: Path) -> None:
    bad = meta(home, "bad", "{")
    source = EngineSource([], {"HOME": str(home)}, usual=False)
    assert [one for one in source.scan() if isinstance(one, Problem)] == [
        Problem(bytes(bad), "it holds no docker context")
    ]
    assert list(ContainersKind(default_roots=False).scan(())) == [], "no file is read for who wants none"


def test_doctor_says_of_each_whether_it_is_watched(home: Path, tmp_path: Path) -> None:
    for name, host in (
        ("here", f"unix://{tmp_path}/here.sock"),
        ("gone", f"unix://{tmp_path}/gone.sock"),
        ("odd", "unix://odd.sock"),
        ("far", "ssh://ann:secret@far"),
    ):
        meta(home, name, json.dumps({"Name": name, "Endpoints": {"docker": {"Host": host}}}))
    bad = meta(home, "bad", "{")
    write(home / ".docker/config.json", '{"currentContext": "far"}')
    config = Config(roots=(bytes(tmp_path),))
    racewatch = Racewatch(config)
    try:
        with socket.socket(socket.AF_UNIX) as one:
            one.bind(str(tmp_path / "here.sock"))
            checks = {check.name: check for check in all_checks(Machine(racewatch, config, ()))}
    finally:
        racewatch.close()
    assert checks["docker context here"].state is State.OK
    assert checks["docker context here"].detail.startswith("watched: ")
    assert checks["docker context gone"].detail.startswith("no engine: ")
    assert checks["docker context odd"].state is State.DEGRADED
    far = checks["docker context far"]
    assert far.detail.startswith("remote: not watched (the one in use); ssh://far ")
    assert far.state is State.INFO
    assert far.cure is not None
    assert checks[f"engines in {bad}"].state is State.DEGRADED


@pytest.fixture(scope="module")
def podman() -> object:
    with running("podman") as engine:
        yield engine


def test_an_engine_that_only_a_context_names_is_watched(home: Path, podman: RunningEngine) -> None:
    container = podman.ended("by-context", "true")
    meta(
        home,
        "elsewhere",
        json.dumps({"Name": "elsewhere", "Endpoints": {"docker": {"Host": f"unix://{podman.socket}"}}}),
    )
    source = EngineSource([], {"HOME": str(home), "DOCKER_CONFIG": str(home / ".docker")}, usual=False)
    seen = {one.target: one for one in source.scan() if not isinstance(one, Problem)}
    assert dict(seen[podman.engine.target(container)].facts)["API socket"] == str(podman.socket)
    podman.remove(container)
    podman.api.close()
