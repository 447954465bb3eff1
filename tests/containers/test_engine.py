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
from racewatch.linux import processes
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
            ("docker", "user/4711/docker.sock"),
        ]


def test_another_users_engine_is_called_after_its_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "user_name", lambda uid: {1001: "ann"}[uid])
    assert Engine("podman", b"/run/user/1001/podman/podman.sock").label == "Podman of ann"
    assert Engine("docker", b"/var/run/user/1001/docker.sock").label == "Docker of ann"
    assert DOCKER.label == "Docker"
    assert Engine("docker", b"/run/user/%d/docker.sock" % 2**40).label == "Docker"


def test_the_session_of_ones_own_wherever_it_is(tmp_path: Path) -> None:
    with sockets(tmp_path / "mine/podman/podman.sock"):
        assert found(tmp_path / "none", XDG_RUNTIME_DIR=f"{tmp_path}/mine") == [
            ("podman", "../mine/podman/podman.sock")
        ]
        assert found(tmp_path / "none", XDG_RUNTIME_DIR="mine") == []


def test_each_once_whatever_it_is_called(tmp_path: Path) -> None:
    run, again = tmp_path / "run", tmp_path / "var-run"
    with sockets(run / "podman/podman.sock"):
        (run / "docker.sock").symlink_to("podman/podman.sock")  # what the package podman-docker makes
        again.symlink_to("run")
        there = engines([], {}, run=[bytes(run), bytes(again)], named=[bytes(again / "docker.sock")])
        assert there == (Engine("podman", bytes(run / "podman/podman.sock")),)


def test_what_a_file_names_comes_last_and_renames_nothing(tmp_path: Path) -> None:
    with sockets(tmp_path / "docker.sock", tmp_path / "a.sock"):
        (tmp_path / "again.sock").symlink_to("docker.sock")
        named = [bytes(tmp_path / "again.sock"), bytes(tmp_path / "a.sock"), bytes(tmp_path / "gone")]
        there = engines([], {}, run=[bytes(tmp_path)], named=named)
        assert [one.path for one in there] == [bytes(tmp_path / "docker.sock"), bytes(tmp_path / "a.sock")]


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
