"""Who works where a lock without an owner lies: evidence to weigh, never proof that it is left over."""

from __future__ import annotations

import os
from typing import Final

from racewatch.kinds.locks.facts import Circumstances
from racewatch.kinds.locks.format import Format
from racewatch.kinds.locks.patterns import Anchor
from racewatch.kinds.locks.surroundings import Surroundings

#: Folders by which the folder of a project is known.
_INSIDE: Final = frozenset({b".git", b".hg", b".svn", b".context", b".terraform", b".gradle"})
#: Folders that everybody shares: to work there says nothing about a lock in them.
_SHARED: Final = frozenset(
    {b"/", b"/dev/shm", b"/etc", b"/home", b"/root", b"/run", b"/run/lock", b"/tmp", b"/var", b"/var/lock",
     b"/var/run", b"/var/tmp"}
)  # fmt: skip


def work_folder(path: bytes) -> bytes:
    """The folder whose work a lock is about: of a repository its root, else the lock's own."""
    parts = path.split(b"/")
    for number, part in enumerate(parts[:-1]):
        if part in _INSIDE:
            return b"/".join(parts[:number]) or b"/"
        if part.endswith(b".git"):
            return b"/".join(parts[: number + 1])
    return os.path.dirname(path)


def gather(path: bytes, one: Format, around: Surroundings) -> Circumstances:
    """What can be seen of who may be using it."""
    root = work_folder(path)
    near = () if root in _SHARED else around.working_below(root)
    programs = around.called(one.processes) if one.processes else ()
    single = any(pattern.anchor is Anchor.ABSOLUTE and pattern.match(path) for pattern in one.where)
    return Circumstances(root, near, programs, single, around.survey.blind)
