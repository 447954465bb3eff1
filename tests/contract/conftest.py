"""The fixtures of the contract tests: the program, and a folder of real sockets."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator

import pytest

from tests.contract.support import Program, Things


@pytest.fixture
def racewatch() -> Program:
    return Program()


@pytest.fixture
def things() -> Iterator[Things]:
    # Short (an address has 108 bytes), and tmpfs where there is one: below a container's overlay a
    # dead socket is rightly "unknown".
    place = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    folder = os.path.realpath(tempfile.mkdtemp(prefix="rw-", dir=place))
    made = Things(folder)
    try:
        yield made
    finally:
        made.close()
        shutil.rmtree(folder)
