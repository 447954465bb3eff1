"""A sandbox of real objects in which one act is raced, and what must hold afterwards.

The judged socket is pinned by the test itself, so that it can be told from whatever takes its place.
Everything else that ends up in the sandbox counts as somebody's live property: it must keep its
name, or stand aside under a name that the outcome gives.
"""

from __future__ import annotations

import ctypes
import os
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from racewatch.core.act import Step, act
from racewatch.core.by_name import PRIVATE_PREFIX
from racewatch.core.journal import Journal
from racewatch.core.model import ActRequest, KindName, Observation, Outcome, OutcomeWord, Target
from racewatch.core.protected import Protected
from racewatch.kinds.sockets import SocketsKind
from tests.kernel.support import mount

STREAM, DGRAM, SEQPACKET = socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET
Inode = tuple[int, int]
Action = Callable[["World"], None]


def inode(path: bytes) -> Inode:
    seen = os.lstat(path)
    return seen.st_dev, seen.st_ino


def leave_dead(path: bytes, kind: int = STREAM) -> None:
    """A socket node whose server has gone."""
    with socket.socket(socket.AF_UNIX, kind) as made:
        made.bind(path)


def serve(path: bytes, kind: int = STREAM) -> socket.socket:
    """A live socket; the caller closes it."""
    made = socket.socket(socket.AF_UNIX, kind)
    made.bind(path)
    if kind != DGRAM:
        made.listen(8)
    return made


def answers(path: bytes, kind: int = STREAM) -> bool:
    """Whether a client reaches a server under this name."""
    with socket.socket(socket.AF_UNIX, kind) as client:
        client.setblocking(False)
        try:
            client.connect(path)
        except OSError:
            return False
    return True


def names_below(folder: bytes) -> dict[Inode, list[bytes]]:
    """Every name in the sandbox, by what it means."""
    found: dict[Inode, list[bytes]] = {}
    for above, folders, files in os.walk(folder):
        for name in folders + files:
            path = os.path.join(above, name)
            found.setdefault(inode(path), []).append(path)
    return {key: sorted(paths) for key, paths in found.items()}


def is_private(path: bytes) -> bool:
    return os.path.basename(path).startswith(PRIVATE_PREFIX)


def shown(path: bytes) -> str:
    return os.fsdecode(os.path.basename(path))


@dataclass
class World:
    """``there`` is the directory of the judged socket ``path``; hostile things happen in ``folder``."""

    folder: bytes
    journal: Journal
    stack: ExitStack
    kind: SocketsKind = field(default_factory=SocketsKind)
    servers: list[tuple[int, Inode]] = field(default_factory=list)
    judged: int = -1
    notes: list[str] = field(default_factory=list)

    @property
    def there(self) -> bytes:
        return os.path.join(self.folder, b"there")

    @property
    def path(self) -> bytes:
        return os.path.join(self.there, b"s")

    @property
    def target(self) -> Target:
        return Target(KindName.SOCKET, self.path)

    def live(self, path: bytes, kind: int = STREAM) -> None:
        """A server that lives until the end of the test."""
        self.stack.enter_context(serve(path, kind))
        self.servers.append((kind, inode(path)))

    def judge(self) -> Observation:
        """What the person saw, with the judged inode pinned by the test."""
        self.pin_judged()
        seen = self.kind.look(self.target)
        assert seen is not None
        return seen

    def pin_judged(self) -> None:
        self.judged = os.open(self.path, os.O_PATH | os.O_NOFOLLOW)
        self.stack.callback(os.close, self.judged)

    @property
    def judged_inode(self) -> Inode:
        seen = os.fstat(self.judged)
        return seen.st_dev, seen.st_ino

    @property
    def judged_links(self) -> int:
        """How many names the judged inode still has."""
        return os.fstat(self.judged).st_nlink

    def act(
        self,
        fingerprint: str,
        at: dict[Step, Action] | None = None,
        *,
        override: bool = False,
        journal: Journal | None = None,
        protected: Protected | None = None,
        kind: SocketsKind | None = None,
    ) -> Outcome:
        """One act, with something happening right before the given steps."""

        def hook(step: Step) -> None:
            if at and step in at:
                at[step](self)

        return act(
            ActRequest(self.target, fingerprint, override),
            (kind or self.kind).procedure(self.target),
            journal or self.journal,
            protected=protected or Protected(),
            on_step=hook,
        )

    def private_names(self) -> list[bytes]:
        return [path for paths in names_below(self.folder).values() for path in paths if is_private(path)]


@contextmanager
def a_world() -> Iterator[World]:
    """A fresh sandbox; everything that was made in it is closed and removed at the end."""
    with ExitStack() as stack:
        # Short: a socket's name has 107 bytes, and pytest's own folders are long.
        base = os.path.realpath(stack.enter_context(tempfile.TemporaryDirectory(prefix="rw-race-")))
        folder = os.path.join(os.fsencode(base), b"w")
        os.makedirs(os.path.join(folder, b"there"))
        journal = Journal(os.path.join(os.fsencode(base), b"state"))
        stack.callback(journal.close)
        yield World(folder, journal, stack)


@dataclass(frozen=True)
class Raced:
    """One raced act: the sandbox right after the last hostile thing, and how it ended."""

    outcome: Outcome
    before: dict[Inode, list[bytes]]
    links_before: int


def raced(world: World, fingerprint: str, at: dict[Step, Action], *, override: bool = False) -> Raced:
    """Run one act; the sandbox is recorded right after each hostile thing."""
    recorded: list[tuple[dict[Inode, list[bytes]], int]] = []

    def recording(action: Action) -> Action:
        def run(inside: World) -> None:
            action(inside)
            recorded.append((names_below(inside.folder), inside.judged_links))

        return run

    outcome = world.act(fingerprint, {step: recording(one) for step, one in at.items()}, override=override)
    assert len(recorded) == len(at), "the act never came to the step"
    before, links = recorded[-1]
    return Raced(outcome, before, links)


def check(world: World, race: Raced, *, extra_links: int = 0) -> None:
    """What must hold however the race went: nothing lost, nothing wrong destroyed, nothing but the truth."""
    outcome, after = race.outcome, names_below(world.folder)
    judged = world.judged_inode
    # Nothing but the judged inode lost a name, and nothing got one: what was captured by mistake is
    # back, or aside under a name that the outcome gives.
    for key, names in race.before.items():
        if key == judged:
            continue
        now = after.get(key, [])
        assert now == sorted(_public(names, world)) or all(
            shown(path) in outcome.summary for path in now if is_private(path)
        ), f"{names} is {now} now: {outcome}"
        assert now, f"{names} was destroyed: {outcome}"
    assert set(after) <= set(race.before), "something was made that nobody asked for"
    # Every server is reached under the name it has.
    for kind, key in world.servers:
        assert after.get(key), f"a live socket has no name any more: {outcome}"
        assert any(answers(path, kind) for path in after[key]), f"{after[key]} does not answer: {outcome}"
    # The outcome word is the truth about the judged inode.
    kept = outcome.word is OutcomeWord.DONE and "kept aside" in outcome.summary
    if outcome.word is OutcomeWord.DONE:
        assert world.judged_links == (1 if kept else 0) + extra_links, outcome
    else:
        assert world.judged_links == race.links_before, outcome
        assert outcome.word is not OutcomeWord.GONE or judged not in after or not os.path.lexists(world.path)
    # No private name is left, unless the outcome says so.
    for path in world.private_names():
        assert shown(path) in outcome.summary or (kept and inode(path) == judged), (path, outcome)
    # The journal agrees.
    row = world.journal.entry(outcome.action)
    assert row is not None
    assert (row.word, row.summary, row.undoable) == (outcome.word, outcome.summary, outcome.undoable)
    assert row.undoable == (outcome.word is OutcomeWord.DONE)
    assert not world.journal.open_acts()
    assert outcome.error is None or not outcome.word.is_success


def _public(names: list[bytes], world: World) -> list[bytes]:
    """The names as they must be in the end: what was captured by mistake is back under its own."""
    return [os.path.join(os.path.dirname(path), b"s") if is_private(path) else path for path in names]


_libc = ctypes.CDLL(None, use_errno=True)
_MNT_DETACH = 2


def unmount(path: bytes) -> None:
    """umount2(2), also when something is still open below; raises OSError."""
    if _libc.umount2(path, _MNT_DETACH) != 0:
        raise OSError(ctypes.get_errno(), f"umount {path!r}")


def overlay(world: World) -> bytes:
    """Mount an overlay whose upper directory is the world's own, until its end; the merged directory."""
    base = os.path.dirname(world.folder)
    parts = {name: os.path.join(base, name) for name in (b"lower", b"work", b"merged")}
    for path in parts.values():
        os.mkdir(path)
    data = b"lowerdir=%s,upperdir=%s,workdir=%s" % (parts[b"lower"], world.there, parts[b"work"])
    mount(b"overlay", parts[b"merged"], b"overlay", 0, data)
    world.stack.callback(unmount, parts[b"merged"])
    return parts[b"merged"]
