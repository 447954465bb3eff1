"""Where engines are found, and what they are called."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import racewatch
from racewatch.core.model import KindName, Target
from racewatch.kinds.containers.engine import Engine, engines, name_in, split
from tests.containers.engines import DOCKER, ENGINES, ID, PODMAN, captured


@contextmanager
def sockets(*paths: Path) -> Iterator[None]:
    """Bound sockets: nobody need listen to be found."""
    made = []
    try:
        for path in paths:
            path.parent.mkdir(parents=True, exist_ok=True)
            made.append(socket.socket(socket.AF_UNIX))
            made[-1].bind(str(path))
        yield
    finally:
        for one in made:
            one.close()


def found(run: Path, *configured: Path, **environ: str) -> list[tuple[str, str]]:
    there = engines([os.fsencode(path) for path in configured], environ, run=[os.fsencode(run)])
    return [(one.name, os.path.relpath(os.fsdecode(one.path), run)) for one in there]


def test_the_usual_places(tmp_path: Path) -> None:
    user = f"user/{os.getuid()}"
    names = ["podman/podman.sock", "docker.sock", f"{user}/podman/podman.sock", f"{user}/docker.sock"]
    assert found(tmp_path) == []
    with sockets(*(tmp_path / name for name in names), tmp_path / "user/4711/docker.sock"):
        assert found(tmp_path) == [
            ("podman", names[0]),
            ("docker", names[1]),
            ("podman", names[2]),
            ("docker", names[3]),
        ]


def test_each_once_whatever_it_is_called(tmp_path: Path) -> None:
    run, again = tmp_path / "run", tmp_path / "var-run"
    with sockets(run / "podman/podman.sock"):
        (run / "docker.sock").symlink_to("podman/podman.sock")  # what the package podman-docker makes
        again.symlink_to("run")
        there = engines([], {"DOCKER_HOST": f"unix://{again}/docker.sock"}, run=[bytes(run), bytes(again)])
        assert there == (Engine("podman", bytes(run / "podman/podman.sock")),)


def test_what_the_environment_names(tmp_path: Path) -> None:
    with sockets(tmp_path / "a.sock", tmp_path / "my-podman.sock"):
        assert found(
            tmp_path / "none",
            DOCKER_HOST=f"unix://{tmp_path}/a.sock",
            CONTAINER_HOST=f"unix://{tmp_path}/my-podman.sock",
        ) == [("podman", "../my-podman.sock"), ("docker", "../a.sock")]
        for other in ("tcp://127.0.0.1:2375", "ssh://root@host/run/a.sock", "unix://a.sock", "unix:", ""):
            assert found(tmp_path / "none", DOCKER_HOST=other) == []


def test_configured_ones_come_first_and_only_sockets_count(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with sockets(tmp_path / "x.sock", tmp_path / "docker.sock"):
        assert found(tmp_path, tmp_path / "x.sock", tmp_path / "file", tmp_path / "gone") == [
            ("docker", "x.sock"),
            ("docker", "docker.sock"),
        ]


def test_what_may_not_be_reached_is_listed(tmp_path: Path) -> None:
    loop = tmp_path / "docker.sock"
    loop.symlink_to("docker.sock")  # ELOOP, for root too
    assert found(tmp_path) == [("docker", "docker.sock")]


@pytest.mark.parametrize("engine", ENGINES)
def test_an_engine_introduces_itself(engine: str) -> None:
    headers = {name.lower(): value for name, value in captured(engine, "rest-ping-headers").items()}
    assert name_in(headers) == engine


@pytest.mark.parametrize("engine", [PODMAN, DOCKER, Engine("podman", b"/a:b/\xff.sock")])
def test_targets_name_engine_socket_and_full_id(engine: Engine) -> None:
    target = engine.target(ID)
    assert target.locator == b"%s:%s:%s" % (engine.name.encode(), engine.path, ID.encode())
    assert target.path is None
    assert split(target) == (engine, ID)


@pytest.mark.parametrize(
    "locator",
    [
        b"podman:/run/podman/podman.sock:abc",
        b"podman:/run/podman/podman.sock:" + ID.upper().encode(),
        b"podman:podman.sock:" + ID.encode(),
        b"runc:/run/runc:" + ID.encode(),
        b"Podman:/run/podman/podman.sock:" + ID.encode(),
        b"podman:" + ID.encode(),
        b"/run/podman/podman.sock",
        b"",
    ],
)
def test_what_is_no_target_of_an_engine(locator: bytes) -> None:
    assert split(Target(KindName.CONTAINER, locator)) is None


def test_only_containers_are_targets_of_engines() -> None:
    assert split(Target(KindName.LOCK, PODMAN.target(ID).locator)) is None


def test_one_place_asks_an_engine_to_remove() -> None:
    package = Path(racewatch.__file__).parent
    texts = {path.relative_to(package).as_posix(): path.read_text() for path in package.rglob("*.py")}
    assert [name for name, text in texts.items() if "remove_container" in text] == [
        "kinds/containers/engine_client.py"
    ]
    assert (
        "remove_container(container, v=False, link=False, force=False)"
        in texts["kinds/containers/engine_client.py"]
    )
    assert [
        name for name, text in texts.items() if re.search(r"^\s*(from|import) docker\b", text, re.MULTILINE)
    ] == ["kinds/containers/engine_transport.py"]
