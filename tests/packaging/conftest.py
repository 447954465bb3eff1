"""A small checkout with the real scripts, and an environment in which pip keeps its cache."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# Taken before any test gets folders of its own: downloads are shared, nothing else is.
_CACHE = os.environ.get("PIP_CACHE_DIR") or str(
    Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pip"
)


@pytest.fixture
def pip_environment() -> dict[str, str]:
    """This process's environment with pip's cache, without what points into the checkout."""
    dropped = ("PYTHONPATH", "VIRTUAL_ENV", "RACEWATCH_VENV", "DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    return {**kept, "PIP_CACHE_DIR": _CACHE, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}


@pytest.fixture
def small_checkout(tmp_path: Path) -> Path:
    """The real set-up scripts around a racewatch of one line and no dependencies, in a path with spaces."""
    checkout = tmp_path / "a check out"
    (checkout / "packaging").mkdir(parents=True)
    for script in ("run", "setup.sh"):
        shutil.copy2(ROOT / "packaging" / script, checkout / "packaging" / script)
    (checkout / "racewatch").mkdir()
    (checkout / "racewatch" / "__init__.py").write_text("")
    (checkout / "racewatch" / "__main__.py").write_text(
        "import sys\n\n\ndef main():\n    print('program', *sys.argv[1:], sep='|')\n    return 7\n"
    )
    (checkout / "pyproject.toml").write_text(
        "[build-system]\nrequires = ['hatchling>=1.25']\nbuild-backend = 'hatchling.build'\n"
        "[project]\nname = 'racewatch'\nversion = '0'\n"
        "[project.scripts]\nracewatch = 'racewatch.__main__:main'\n"
    )
    return checkout
