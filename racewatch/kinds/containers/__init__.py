"""Containers: what runtimes and engines say there is, and what the kernel says of it.

``roots`` where runtimes keep state, ``state`` what they write there; ``facts`` what is found out, by
``observe``; ``judge`` the verdict; ``kind`` ties them together.
"""

from __future__ import annotations

from racewatch.kinds.containers.kind import ContainersKind

__all__ = ["ContainersKind"]
