"""From a pinned handle to an observation: gather facts (reads only), judge, describe."""

from __future__ import annotations

import os
import stat as stat_mode
import time
from collections.abc import Callable, Iterable, Mapping
from hashlib import blake2s
from typing import Final, NamedTuple

from racewatch.core.model import Account, Evidence, KindName, Observation, Owner, Pairs, Target, Verdict
from racewatch.kinds.locks import hosts
from racewatch.kinds.locks.beside import Companions, Company
from racewatch.kinds.locks.circumstances import gather
from racewatch.kinds.locks.claim import Claim, ParseFailure
from racewatch.kinds.locks.contents import Content, file_type_of, open_reader, read_content
from racewatch.kinds.locks.describe import Times, pairs, remedy_of
from racewatch.kinds.locks.facts import Circumstances, Facts, Finding, Opened, Sight, Still
from racewatch.kinds.locks.format import FileType, Format, GrammarKind, Mechanism, Need, Policy, Rule
from racewatch.kinds.locks.judge import judge, sign_of_life
from racewatch.kinds.locks.named import look_up
from racewatch.kinds.locks.registry import Identified, Registry, Sighting
from racewatch.kinds.locks.still import StillBook
from racewatch.kinds.locks.surroundings import Surroundings
from racewatch.kinds.place import Where
from racewatch.kinds.seeing import file_type, fingerprint
from racewatch.kinds.sockets import SocketsKind
from racewatch.linux import fs

# Their own constructors take three times as long, and each row of each scan makes a dozen named tuples.  Everything
# by position, in the order of the fields.
_new: Final = tuple.__new__
_LOCAL: Final = Where.LOCAL
_SYMLINK: Final = FileType.SYMLINK
_HEARTBEAT: Final = Rule.HEARTBEAT
_ASK: Final = Policy.ASK
_NEVER: Final = Policy.NEVER
_UNREAD: Final = GrammarKind.NONE
_LOCK: Final = KindName.LOCK
_LIVE: Final = Verdict.LIVE
_NO_COMPANY: Final = Company()
_NOT_HELD: Final[frozenset[Mechanism]] = frozenset()
#: So many facts are gathered of everything; the others only where they may matter.
_CHEAP: Final = Facts._fields.index("opened")
_NOT_ASKED: Final = tuple(Facts._field_defaults[name] for name in Facts._fields[_CHEAP:])
_TIMES: Final = "mtime, ctime; btime of /proc/stat"
_BOOT_UNSEEN: Final = Finding(Sight.UNSEEN, _TIMES, "when this boot began could not be told for certain")
_BEFORE_BOOT: Final = Finding(Sight.YES, _TIMES, "it was last changed before this boot")
_SINCE_BOOT: Final = Finding(Sight.NO, _TIMES, "it was changed since this boot")


class Reading(NamedTuple):
    """One lock as it was read: what it is called, and the bytes that its fingerprint binds."""

    identified: Identified | None
    content: Content
    type: FileType


class Observer:
    """Observes locks with one set of surroundings.

    ``aside`` maps companions' paths to where an act keeps them meanwhile.
    """

    def __init__(
        self,
        registry: Registry,
        around: Surroundings,
        stills: StillBook,
        sockets: SocketsKind,
        *,
        aside: Mapping[bytes, bytes] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._registry = registry
        self._around = around
        self._stills = stills
        self._companions = Companions(registry, around, sockets, aside or {})
        self._clock = clock
        self._boot_floor = around.boot.floor
        # Whether it counts who has a lock open depends on its format alone.
        self._asked_who_opened = frozenset(one.name for one in registry.formats if _asks_who_opened(one))
        self._opened_formats = [one for one in registry.formats if one.recognition.opened]
        self._held_formats = [one for one in registry.formats if one.recognition.held is not None]

    def read(self, path: bytes, fd: int, node: fs.Stat, keep: fs.OwnHandles | None = None) -> Reading:
        """Which format it is of, and what its content says.

        ``keep``: a regular file is opened by way of these and stays open for what may be asked of it next; the
        receiver closes ``content.reader`` when there is one.
        """
        around, kind = self._around, file_type_of(node)
        limit = self._registry.read_limit(path, kind)
        reader = open_reader(fd, node, limit, keep) if keep is not None else -1
        try:
            data = read_content(fd, node, limit, reader)
            content = _new(Content, (data, node, limit, around.surveys, reader))
            opened = _matters(self._opened_formats, path, kind, node) and bool(around.openers(node))
            # Asking what is known costs less than asking whether it matters; the table itself is the dear one.
            wanted = around.has_locks or _matters(self._held_formats, path, kind, node)
            held = around.held_mechanisms(node, fd) if wanted else _NOT_HELD
            seen = _new(Sighting, (path, kind, data, node.size, node.nlink, held, opened))
            return _new(Reading, (self._registry.identify(seen), content, kind))
        except BaseException:
            if reader >= 0:
                os.close(reader)
            raise

    def node(
        self,
        path: bytes,
        directory_fd: int,
        directory: fs.Stat,
        fd: int,
        node: fs.Stat,
        reading: Reading | None = None,
    ) -> Observation:
        """Observe what a pinned handle holds; ``path`` is where it was found."""
        reading = self.read(path, fd, node) if reading is None else reading
        facts, company = self._facts(path, directory_fd, directory, fd, node, reading)
        judged = judge(facts)
        # Closes the race with an owner that is writing: what was read before it was asked who has the file
        # open must be what is there after it.  Open stays a writer that opened, wrote the same size and
        # closed within one tick of the clock that stamps files.
        # (Where other machines write, through a new handle: only that asks them.)
        reader = reading.content.reader if facts.where is _LOCAL else -1
        if judged.verdict is Verdict.STALE and not reading.content.is_still_so(fd, reader):
            facts = facts._replace(settled=False)
            judged = judge(facts)
        owner, others = judged.owner, judged.others
        one = facts.format
        times = _new(Times, (node.btime_ns, node.mtime_ns))
        about = (facts, times, reading.identified, company.goes_along)
        return Observation.with_account(
            _new(Account, (_tell, about)),
            target=Target(_LOCK, path),
            path=path,
            fingerprint=_fingerprint(node, reading, judged.verdict, judged.label),
            verdict=judged.verdict,
            label=judged.label,
            summary=judged.summary,
            owner=owner,
            removable=judged.removable,
            seen_at=self._clock(),
            format=one.name if one is not None else None,
            remedy=remedy_of(facts, reading.identified),
            others=others,
        )

    def _facts(
        self, path: bytes, directory_fd: int, directory: fs.Stat, fd: int, node: fs.Stat, reading: Reading
    ) -> tuple[Facts, Company]:
        around = self._around
        identified, content, kind = reading
        one, claim, company, policy = None, None, _NO_COMPANY, _NEVER
        if identified is not None:
            one, claim = identified.format, identified.claim
            policy = one.policy_for(claim)
            if one.companions:
                company = self._companions.look(identified, node)
        if company.owner_says is not None and not isinstance(claim, ParseFailure):
            claim = claim.over(company.owner_says) if claim is not None else company.owner_says
        said = claim if isinstance(claim, Claim) else None
        place = around.place(directory_fd, directory, path[path.rfind(b"/") + 1 :], fd, node)
        host, host_detail = hosts.compare(said, one.host, around.boot.host) if one else hosts.unnamed()
        cheap = (
            path,
            kind,
            file_type(node.mode),
            one,
            policy,
            claim,
            one is None or _understood(one, content, claim),
            place.where,
            place.fstype,
            around.locked(node, fd),
            host,
            host_detail,
            look_up(said, one.processes if one else (), node, around),
            self._before_boot(node),
            company.tested,
            company.beside,
        )
        facts = _new(Facts, cheap + _NOT_ASKED)
        if one is None:
            if kind is FileType.FILE or kind is FileType.DIRECTORY:
                facts = facts._replace(opened=around.opened(fd, node, kind, content.reader))
        elif sign_of_life(facts) is None:
            facts = _new(Facts, cheap + self._dear(facts, one, fd, node, content))
        return facts, company

    def _before_boot(self, node: fs.Stat) -> Finding:
        """Whether its last trace is of an earlier boot; birth and change times cannot be set by programs."""
        floor = self._boot_floor
        if floor is None:
            return _BOOT_UNSEEN
        # The latest of them is before it when each is; the change time alone answers for nearly all.
        if node.ctime_ns / 1e9 < floor and node.mtime_ns / 1e9 < floor and (node.btime_ns or 0) / 1e9 < floor:
            return _BEFORE_BOOT
        return _SINCE_BOOT

    def _dear(
        self, facts: Facts, one: Format, fd: int, node: fs.Stat, content: Content
    ) -> tuple[object, ...]:
        """What costs a walk through all processes, asked only where there is no sign of life yet: the other facts."""
        opened: Opened | None = None
        survivors: tuple[Owner, ...] | None = None
        still: Still | None = None
        circumstances: Circumstances | None = None
        blind, settled, kind = 0, True, facts.type
        if one.name in self._asked_who_opened and kind is not _SYMLINK:
            if not self._around.ask_after(node, content.surveys):
                settled = False
            opened = self._around.opened(fd, node, kind, content.reader)
        if one.survivors:
            survivors = self._around.called(one.processes)
            blind = 0 if self._names_are_visible() else 1
        if _HEARTBEAT in one.rules:
            still = self._stills.look(node)
        if facts.policy is _ASK and not one.is_advisory:
            said = facts.claim.pid if isinstance(facts.claim, Claim) else None
            if said is None:
                circumstances = gather(facts.path, one, self._around)
        return opened, survivors, blind, still, circumstances, settled

    def _names_are_visible(self) -> bool:
        """Every process's name is readable for everybody, unless it is hidden or outside."""
        return self._around.sees_everybody and not self._around.inner_numbers.blind


def _tell(
    facts: Facts, times: Times, identified: Identified | None, goes_along: tuple[bytes, ...]
) -> tuple[tuple[Evidence, ...], Pairs]:
    """An account: the same facts are always judged the same."""
    judged = judge(facts)
    return judged.evidence, pairs(facts, times, identified, goes_along, judged.verdict)


def _matters(formats: Iterable[Format], path: bytes, kind: FileType, node: fs.Stat) -> bool:
    """Whether it may be of one of these formats, for all that its name, type and size say."""
    for one in formats:
        most = one.recognition.max_size
        if (
            (most is None or node.size <= most)
            and kind in one.types
            and any(pattern.match(path) for pattern in one.where)
        ):
            return True
    return False


def _asks_who_opened(one: Format) -> bool:
    return any(Need.NOT_OPEN in rule.needs for rule in one.rules) or (one.is_data and not one.is_advisory)


def _understood(one: Format, content: Content, claim: Claim | ParseFailure | None) -> bool:
    """Whether the content says what the format writes; where nothing is written that is so anyway."""
    if isinstance(claim, ParseFailure):
        return False
    return content.data is not None or one.grammar.kind is _UNREAD or one.never_open


def _fingerprint(node: fs.Stat, reading: Reading, verdict: Verdict, label: str) -> str:
    """Identity and content.  Not the change time: taking a name away moves it.

    What is live is never acted on, so a living owner that touches its lock does not make it another.
    """
    touched = "None"
    if verdict is not _LIVE:
        data = reading.content.data
        content = "None" if data is None else f"'{blake2s(data).hexdigest()}'"
        touched = f"({node.mtime_ns}, {node.size}, {content})"
    # What fingerprint_of would make of them, without the tuples.
    kind = stat_mode.S_IFMT(node.mode)
    return fingerprint(
        f"({node.dev}, {node.ino}, {node.btime_ns}, {kind}, {touched}, '{verdict}', {label!r})"
    )
