"""Where one run of the bench takes place: sizes, folders, floor programs, worlds."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.bench.helpers import Helper
from tests.bench.rows import BenchError

HERE: Final = Path(__file__).resolve().parent
#: Without it the platform's screen is too small for a whole window.
_SCREEN: Final = {
    "name": "one",
    "x": 0,
    "y": 0,
    "width": 1920,
    "height": 1080,
    "logicalDpi": 96,
    "logicalBaseDpi": 96,
    "dpr": 1,
}


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much of everything.  ``small``, ``middle``, ``large`` are rows; times are in seconds."""

    small: int = 1_000
    middle: int = 10_000
    large: int = 100_000
    rounds: tuple[int, int, int] = (20, 12, 3)
    deaths: int = 200
    slots: int = 2_000
    churn: float = 30.0
    watched: int = 240
    acts: int = 100
    calm: float = 20.0
    idle: float = 180.0
    starts: int = 10
    settle: float = 5.0
    peers: int = 3
    hung: int = 5


QUICK: Final = Sizes(
    small=200,
    middle=500,
    large=1_000,
    rounds=(3, 3, 2),
    deaths=5,
    slots=100,
    churn=2.0,
    watched=8,
    acts=2,
    calm=0.5,
    idle=1.5,
    starts=2,
    settle=0.5,
    peers=1,
    hung=1,
)


@dataclass(frozen=True, slots=True)
class FloorAnswer:
    """What a floor program counted, and how long it took."""

    live: int
    dead: int
    unknown: int
    seconds: float


class Setting:
    """The folders of one run.

    ``trees`` is in memory (where sockets and locks of /run are, too), ``disk`` on the file system of temporary
    files, because an act is measured with its journal on a disk.
    """

    def __init__(self, sizes: Sizes, trees: Path, disk: Path) -> None:
        self.sizes = sizes
        self._trees = trees
        self._disk = disk
        self._made = 0

    def tree(self) -> str:
        """A new, empty folder for things."""
        self._made += 1
        folder = self._trees / f"t{self._made}"
        folder.mkdir()
        return str(folder)

    def folder(self) -> str:
        """A new, empty folder on the disk."""
        self._made += 1
        folder = self._disk / f"f{self._made}"
        folder.mkdir(mode=0o700)
        return str(folder)

    def environment(self) -> dict[str, str]:
        """Of a racewatch that nobody's settings, journal or desktop reach."""
        home = self.folder()
        screen = os.path.join(home, "screen.json")
        with open(screen, "w", encoding="ascii") as file:
            json.dump({"screens": [_SCREEN]}, file)
        return {
            "HOME": home,
            "RACEWATCH_STATE_DIR": os.path.join(home, "state"),
            "XDG_CONFIG_HOME": os.path.join(home, "config"),
            "XDG_CACHE_HOME": os.path.join(home, "cache"),
            "QT_QPA_PLATFORM": f"offscreen:configfile={screen}",
            "QT_LOGGING_RULES": "qt.qpa.*=false",
            # What a crash of the window leaves to tell.
            "PYTHONFAULTHANDLER": "1",
            "DBUS_SESSION_BUS_ADDRESS": "disabled:",
            # As an installed program has it: compiled once, by the first start.
            "PYTHONDONTWRITEBYTECODE": "",
            "PYTHONPYCACHEPREFIX": str(self._disk / "compiled"),
        }

    @contextmanager
    def world(self) -> Iterator[Helper]:
        """A world, and the end of all its processes."""
        with Helper("world", options=("-S",)) as world:
            yield world

    def forget(self, tree: str) -> None:
        """Remove a tree early: a hundred thousand nodes are memory."""
        shutil.rmtree(tree)

    def floor(self, name: str, *words: str) -> FloorAnswer:
        """One run of a floor program, built on first use."""
        program = self._disk / name
        if not program.exists():
            compiler = shutil.which("gcc") or shutil.which("cc")
            if compiler is None:
                raise BenchError("there is no C compiler for the floor programs")
            subprocess.run([compiler, "-O2", "-o", str(program), str(HERE / f"{name}.c")], check=True)
        done = subprocess.run([str(program), *words], check=True, capture_output=True, text=True)
        live, dead, unknown, seconds = done.stdout.split()
        return FloorAnswer(int(live), int(dead), int(unknown), float(seconds))


@contextmanager
def opened(sizes: Sizes) -> Iterator[Setting]:
    """A setting whose folders are gone afterwards."""
    memory = Path("/dev/shm")
    place = memory if os.access(memory, os.W_OK) else None
    with (
        tempfile.TemporaryDirectory(prefix="rwb-", dir=place) as trees,
        tempfile.TemporaryDirectory(prefix="rwb-") as disk,
    ):
        yield Setting(sizes, Path(trees), Path(disk))
