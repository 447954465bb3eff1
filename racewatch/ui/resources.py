"""Finds what is shipped beside the code: in a wheel below the package, in a checkout beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

_PACKAGE: Final = Path(__file__).resolve().parent.parent
_PLACES: Final = (_PACKAGE / "_resources", _PACKAGE.parent / "resources")


def path(name: str) -> Path:
    """The file of that name (``icons/undo.svg``); raises FileNotFoundError when it is not shipped."""
    for place in _PLACES:
        file = place / name
        if file.is_file():
            return file
    raise FileNotFoundError(f"racewatch is not completely installed: {name} is missing")
