"""Every view and every dialog, in several sizes of letters: what can be used says what it is, no text is cut off."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
#: Each view and dialog as it was drawn, one folder for each size and theme; to look at, and made anew by each run.
PICTURES = ROOT / "build" / "pictures"


def screen(scale: int) -> str:
    """A screen of 1280x800 as the window counts, as the offscreen platform is told it."""
    one = {
        "name": "one",
        "x": 0,
        "y": 0,
        "width": 1280 * scale,
        "height": 800 * scale,
        "logicalDpi": 96,
        "logicalBaseDpi": 96,
        "dpr": 1,
    }
    return json.dumps({"synchronousWindowSystemEvents": False, "windowFrameMargins": True, "screens": [one]})


@pytest.mark.parametrize(
    ("percent", "theme", "scale"),
    [(100, "light", 1), (100, "dark", 1), (150, "light", 1), (200, "dark", 2)],
    ids=["light", "dark", "150", "200-twice"],
)
def test_everything_has_a_name_and_room_for_its_text(
    tmp_path: Path, percent: int, theme: str, scale: int
) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "screen.json").write_text(screen(scale))
    environment = {
        **os.environ,
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "QT_QPA_PLATFORM": f"offscreen:configfile={tmp_path}/screen.json",
        "QT_SCALE_FACTOR": str(scale),
        "PYTHONFAULTHANDLER": "1",
    }
    pictures = PICTURES / f"{theme}-{percent}"
    pictures.mkdir(parents=True, exist_ok=True)
    for old in pictures.glob("*.png"):
        old.unlink()
    words = ["-m", "tests.ui.everywhere", str(tmp_path / "run"), str(tmp_path / "state"), str(percent), theme]
    words.append(str(pictures))
    done = subprocess.run(
        [sys.executable, *words],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    told = json.loads(done.stdout)
    assert len(told) > 30
    assert len(list(pictures.iterdir())) == len(told.keys() - {"export"})
    assert {place: said for place, said in told.items() if said} == {}
