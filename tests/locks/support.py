"""The captured locks of ``tests/fixtures/locks`` as sightings."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from racewatch.kinds.locks.format import FileType, Mechanism
from racewatch.kinds.locks.registry import Sighting

FIXTURES = Path(__file__).parents[1] / "fixtures" / "locks"
KERNEL = {"FLOCK": Mechanism.FLOCK, "POSIX": Mechanism.POSIX, "OFDLCK": Mechanism.OFD}


@dataclass(frozen=True)
class Captured:
    """One entry of a manifest: what was seen, and what the manifest knows of the owner."""

    fixture: str
    name: str
    sighting: Sighting
    owners: tuple[dict[str, Any], ...]
    host: dict[str, Any]

    @property
    def pids(self) -> set[int]:
        return {owner["pid"] for owner in self.owners}


@lru_cache(maxsize=1)
def captured() -> tuple[Captured, ...]:
    """Every entry of every manifest that is no socket; a later capture of the same path counts extra."""
    found = []
    for manifest in sorted(FIXTURES.glob("*/manifest.json")):
        table = json.loads(manifest.read_text())
        for capture in table["captures"]:
            for entry in capture["entries"]:
                if entry["type"] == "socket":
                    continue
                path = entry["path"].encode()
                found.append(
                    Captured(
                        fixture=manifest.parent.name,
                        name=path.rpartition(b"/")[2].decode(),
                        sighting=Sighting(
                            path=path,
                            type=FileType(entry["type"]),
                            content=_content(manifest.parent, entry),
                            size=entry["size"],
                            links=entry["nlink"],
                            held=frozenset(KERNEL[line.split()[1]] for line in entry.get("proc_locks", [])),
                            opened=bool(entry["open_by"]),
                        ),
                        owners=tuple(capture["owner"]),
                        host=table["host"],
                    )
                )
    return tuple(found)


def _content(folder: Path, entry: dict[str, Any]) -> bytes | None:
    if entry["type"] == "symlink":
        return str(entry["target"]).encode()
    if entry["type"] == "directory":
        return b"\0".join(sorted(child.encode() for child in entry.get("children") or []))
    return (folder / entry["fixture"]).read_bytes() if entry.get("fixture") else None
