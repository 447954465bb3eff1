"""The folders where locks are looked for by default: of the registry's well-known places, those that exist."""

from __future__ import annotations

import glob
import os
import pwd
from collections.abc import Sequence
from itertools import islice
from typing import Final

from racewatch.kinds.locks.patterns import Place
from racewatch.kinds.locks.registry import Registry

_MOST_OF_ONE_PATTERN: Final = 256
_FIRST_PERSON: Final = 1000
_NOBODY: Final = 65534


def homes() -> tuple[bytes, ...]:
    """Whose programs' folders are looked at: one's own, for root those of all people of this machine."""
    own = os.fsencode(os.path.expanduser("~"))
    if os.geteuid() != 0:
        return (own,)
    people = (
        os.fsencode(entry.pw_dir)
        for entry in pwd.getpwall()
        if entry.pw_uid == 0 or (entry.pw_uid >= _FIRST_PERSON and entry.pw_uid != _NOBODY)
    )
    found = dict.fromkeys([own, *people])
    return tuple(home for home in found if home.startswith(b"/") and home != b"/")


def well_known(registry: Registry, of_homes: Sequence[bytes] | None = None) -> tuple[Place, ...]:
    """The folders that exist now, each once, real (no link in their path), at most some of each pattern.

    Never a home as a whole: only what formats name below it.
    """
    uid = None if os.geteuid() == 0 else os.getuid()
    wanted = registry.places(homes() if of_homes is None else of_homes, uid)
    found: dict[bytes, bool] = {}
    for place in wanted:
        for folder in islice(glob.iglob(place.folder, include_hidden=True), _MOST_OF_ONE_PATTERN):
            real = os.path.realpath(folder)
            if os.path.isdir(real):
                found[real] = found.get(real, False) or place.recursive
    return tuple(Place(folder, recursive) for folder, recursive in sorted(found.items()))
