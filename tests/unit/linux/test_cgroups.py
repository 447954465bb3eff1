"""What the files of a control group mean; how they come to say so is tested in a box (tests/containers)."""

from __future__ import annotations

from pathlib import Path

import pytest

from racewatch.linux import cgroups


@pytest.mark.parametrize(
    ("files", "frozen"),
    [
        ({"freezer.state": "THAWED\n"}, False),
        ({"freezer.state": "FREEZING\n"}, True),
        ({"freezer.state": "FROZEN\n"}, True),
        ({"cgroup.events": "populated 1\nfrozen 0\n", "cgroup.freeze": "0\n"}, False),
        # It was told to, and not all of its processes stand still yet.
        ({"cgroup.events": "populated 1\nfrozen 0\n", "cgroup.freeze": "1\n"}, True),
        # A group above was told to.
        ({"cgroup.events": "populated 1\nfrozen 1\n", "cgroup.freeze": "0\n"}, True),
        ({}, None),
    ],
)
def test_whether_a_group_stands_still(tmp_path: Path, files: dict[str, str], frozen: bool | None) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    assert cgroups.is_frozen(bytes(tmp_path)) is frozen
