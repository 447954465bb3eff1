"""Path sockets: discover, observe through a pinned handle, judge.

The heart is one fact: a datagram ``connect()`` to a pinned socket node tells silently and exactly
whether a socket is bound to that inode, and a node whose socket was closed never comes back to life
(a server that respawns binds a new inode).  Everything else here is about knowing where that fact
does *not* hold, and about saying who is behind a live one.
"""

from __future__ import annotations

from racewatch.kinds.sockets.kind import SocketsKind
from racewatch.kinds.sockets.policy import SocketPolicy

__all__ = ["SocketPolicy", "SocketsKind"]
