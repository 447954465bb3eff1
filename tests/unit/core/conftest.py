from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator

import pytest

from racewatch.core.journal import Journal
from tests.unit.core.support import socket_node


@pytest.fixture
def folder() -> Iterator[bytes]:
    """A folder that nobody else can reach under another name, and everybody may enter."""
    with tempfile.TemporaryDirectory(prefix="rw-core-") as name:
        path = os.fsencode(os.path.realpath(name))
        os.chmod(path, 0o755)
        yield path


@pytest.fixture
def journal(folder: bytes) -> Iterator[Journal]:
    made = Journal(folder + b"-state")
    try:
        yield made
    finally:
        made.close()
        for name in os.listdir(made.folder):
            os.unlink(os.path.join(made.folder, name))
        os.rmdir(made.folder)


@pytest.fixture
def path(folder: bytes) -> bytes:
    made = os.path.join(folder, b"s")
    socket_node(made)
    return made


@pytest.fixture
def two(folder: bytes) -> tuple[bytes, bytes]:
    """A lock and its socket, in folders of their own."""
    paths = []
    for name in (b"one", b"two"):
        os.mkdir(os.path.join(folder, name))
        paths.append(os.path.join(folder, name, b"s"))
        socket_node(paths[-1])
    return paths[0], paths[1]
