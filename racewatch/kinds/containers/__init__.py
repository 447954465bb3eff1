"""Containers: what runtimes and engines say there is, and what the kernel says of it.

``roots`` where runtimes keep state, ``state`` what they write there; ``facts`` what is found out, by
``observe``; ``judge`` the verdict; ``kind`` ties them together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from racewatch.kinds.containers.kind import ContainersKind

__all__ = ["ContainersKind"]


def __getattr__(name: str) -> object:
    """The kind is imported with all it is made of, which those who want a name of ``roots`` do not wait for."""
    if name != "ContainersKind":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from racewatch.kinds.containers.kind import ContainersKind

    return ContainersKind
