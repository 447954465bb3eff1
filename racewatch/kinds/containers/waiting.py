"""Does the first process of a container still wait to be started, and who would die with it?

Its name and its command may be anybody's, and a start FIFO that still lies there proves nothing (any reader of
runc's starts the container, and the FIFO stays).  Its open files tell.  runc's process has the FIFO by a handle
that neither reads nor writes (``O_PATH``) until somebody opens it; from then on by one that writes; the program
that it becomes by none.  crun's has it open for reading until it was told to start.  Nothing here opens it.
"""

from __future__ import annotations

from racewatch.kinds.containers.facts import Group, Waiting
from racewatch.kinds.containers.state import Runtime
from racewatch.linux import fs, openfiles
from racewatch.linux.pidns import Population


def waiting_of(runtime: Runtime, fifo: fs.Stat, pid: int, group: Group, population: Population) -> Waiting:
    """How it stands with the first process ``pid``, beside which this FIFO lies."""
    try:
        handles = openfiles.handles_of(pid, fifo.dev, fifo.ino)
    except OSError as error:
        why = f"the open files of its first process could not be looked into ({error.strerror}); root can"
        return Waiting(blind=why)
    waits = bool(handles) and (runtime is Runtime.CRUN or all(one.path_only for one in handles))
    # Who entered from elsewhere (a debugger's shell) is in its PID namespace and not in its control groups.
    inside = (group.pids | population.families.get(pid, frozenset())) - {pid}
    blind = None
    if population.blind:
        blind = f"{population.blind} processes could not be looked into, and may be inside; root can"
    return Waiting(not waits, len(inside), blind)
