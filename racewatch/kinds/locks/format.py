"""One format of lock: where it is found, how it excludes others, what proves it left over.

Values only.  They are written as TOML (``formats/``, described in ``formats/README.md``) and read by
:mod:`racewatch.kinds.locks.schema`.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import Final

from racewatch.kinds.locks.claim import Claim, ParseFailure
from racewatch.kinds.locks.patterns import PathPattern


class FileType(enum.StrEnum):
    """What ``lstat`` says a name is."""

    FILE = "file"
    SYMLINK = "symlink"
    DIRECTORY = "directory"
    SOCKET = "socket"
    OTHER = "other"


class Mechanism(enum.StrEnum):
    """How it excludes others (several may apply)."""

    EXCLUSIVE_FILE = "exclusive-file"  # its existence is the lock
    SYMLINK = "symlink"  # likewise; made by symlink(2), which never overwrites
    DIRECTORY = "directory"  # likewise; made by mkdir(2)
    HARD_LINK = "hard-link"  # likewise; made by link(2), so it has a second name at first
    FLOCK = "flock"  # the kernel lock is the lock; the file is only its place
    POSIX = "posix"  # likewise, fcntl(F_SETLK)
    OFD = "ofd"  # likewise, fcntl(F_OFD_SETLK): /proc/locks shows pid -1
    PIDFILE = "pidfile"  # tells who runs; excludes only those who read it
    HEARTBEAT = "heartbeat"  # the owner touches it regularly
    DECOY = "decoy"  # locks nothing
    DATA = "data"  # looks like a lock and is somebody's data


#: Mechanisms where the file means nothing and the kernel lock on it everything.
ADVISORY: Final = frozenset({Mechanism.FLOCK, Mechanism.POSIX, Mechanism.OFD})


class Policy(enum.StrEnum):
    """What may be offered."""

    BREAK = "break"  # removal, once a rule has proved it left over
    ASK = "ask"  # removal on a person's explicit word only, whatever the evidence
    TOOL = "tool"  # the program's own command, never our removal
    NEVER = "never"  # nothing

    @property
    def strictness(self) -> int:
        """How little it allows: break 0, ask 1, tool 2, never 3."""
        return list(Policy).index(self)


class Need(enum.StrEnum):
    """One finding that a rule cannot do without."""

    PID_GONE = "pid-gone"  # the named identity (pid, and start and boot where named) has no process
    THIS_HOST = "this-host"  # the host named is this one, or none is and the file system is local
    THIS_PID_NAMESPACE = "this-pid-namespace"  # the pid was given in a namespace that we can look into
    LOCAL = "local"  # a local, unstacked file system that no other machine shares
    NOT_OPEN = "not-open"  # nobody has the inode open (and we could see everybody)
    UNLOCKED = "unlocked"  # no flock, POSIX or OFD lock on the inode, or on the tested companion
    BEFORE_BOOT = "before-boot"  # its mtime and its ctime are before this boot, on a sane clock
    STILL = "still"  # no change over two refresh periods of CLOCK_BOOTTIME while we watched


class Rule(enum.StrEnum):
    """What counts as proof that the lock is left over.

    Each rule names all it needs (:attr:`needs`); one missing or unseen finding makes it no proof.
    A format's rules are alternatives: any one of them is enough.
    """

    NONE = "none"
    PID_IDENTITY = "pid-identity"
    PID_AND_UNLOCKED = "pid-and-unlocked"
    LOCK_FREE = "lock-free"
    BOOT = "boot"
    HEARTBEAT = "heartbeat"

    @property
    def needs(self) -> frozenset[Need]:
        """All the findings that together are the proof."""
        return _NEEDS[self]

    @property
    def is_proof(self) -> bool:
        """True when the rule can prove anything at all."""
        return self is not Rule.NONE

    @property
    def irrevocable(self) -> bool:
        """True when what was proved stays true: no owner can come back to this very file.

        A free advisory lock and a silent heartbeat may change the next moment: hold the lock itself
        while acting, or say what window remains.
        """
        return self in (Rule.PID_IDENTITY, Rule.BOOT)

    @property
    def says(self) -> str:
        """The rule in one plain sentence."""
        return _RULE_WORDS[self]


_PID: Final = frozenset({Need.PID_GONE, Need.THIS_HOST, Need.THIS_PID_NAMESPACE, Need.NOT_OPEN})
_NEEDS: Final[dict[Rule, frozenset[Need]]] = {
    Rule.NONE: frozenset(),
    Rule.PID_IDENTITY: _PID,
    Rule.PID_AND_UNLOCKED: _PID | {Need.UNLOCKED},
    Rule.LOCK_FREE: frozenset({Need.UNLOCKED, Need.LOCAL}),
    Rule.BOOT: frozenset({Need.BEFORE_BOOT, Need.THIS_HOST, Need.LOCAL, Need.NOT_OPEN}),
    Rule.HEARTBEAT: frozenset({Need.STILL, Need.LOCAL, Need.NOT_OPEN}),
}
_RULE_WORDS: Final[dict[Rule, str]] = {
    Rule.NONE: "nothing that can be seen proves it left over",
    Rule.PID_IDENTITY: "the process it names is gone on this host and boot, and nobody has it open",
    Rule.PID_AND_UNLOCKED: "the process it names is gone, and the kernel lock beside it is free",
    Rule.LOCK_FREE: "the kernel lock that counts is free",
    Rule.BOOT: "it is older than this boot, on a file system of this machine alone",
    Rule.HEARTBEAT: "it did not change over two refresh periods while being watched",
}


class HostRule(enum.StrEnum):
    """How the host in the claim compares with this one."""

    UNNAMED = "unnamed"  # none is written: only a local file system counts
    NAME = "name"  # the host name, compared without case; a domain may follow on one side
    BORG = "borg"  # fqdn@MAC-as-decimal
    ADDRESS = "address"  # an IPv4 address the host name resolved to: no proof either way
    UNTRUSTED = "untrusted"  # from an environment variable: no proof either way


class Role(enum.StrEnum):
    """What a companion is to its lock."""

    TOGETHER = "together"  # removed in the same act, all or nothing; a socket must be dead
    TWIN = "twin"  # another name of the same inode; removed in the same act
    TESTED = (
        "tested"  # its kernel lock is the real one: all of these that exist must be free, and one must exist
    )
    PIDFILE = "pidfile"  # must not name a living process
    OWNER = "owner"  # says who the owner is; what it claims counts as if it stood in the lock
    SOCKET = "socket"  # a socket, or a link to one, that must be dead or absent
    CLOSED = "closed"  # a device that nobody may have open
    ABSTRACT = "abstract"  # an abstract socket name that must be unbound
    KEEP = "keep"  # belongs to it and is never touched


@dataclass(frozen=True, slots=True)
class Companion:
    """Something that belongs to a lock.

    ``where`` is a template of a path (relative to the lock's directory) or of an abstract name;
    see :func:`racewatch.kinds.locks.templates.fill`.  ``*`` in it stands for any run of characters.
    """

    role: Role
    where: str
    type: FileType = FileType.FILE


@dataclass(frozen=True, slots=True)
class Breaker:
    """A lock of the family's own that whoever breaks this one must hold (made exclusively, removed after)."""

    where: str
    mechanism: Mechanism


class Listed(enum.StrEnum):
    """When a scan shows it as a row of its own."""

    ALWAYS = "always"
    HELD = "held"  # only while somebody holds a kernel lock on it
    ASKED = "asked"  # only when a person names the path


class Tier(enum.IntEnum):
    """Who wrote the format, in the order in which their word counts."""

    BUILT_IN = 0
    SYSTEM = 1  # /etc/racewatch/formats.d
    USER = 2  # $XDG_CONFIG_HOME/racewatch/formats.d


class GrammarKind(enum.StrEnum):
    """How the content is read."""

    NONE = "none"  # content says nothing of an owner
    REGEX = "regex"  # of the bytes of a file or the target of a link
    PARSER = "parser"  # a function of :mod:`racewatch.kinds.locks.parsers`


@dataclass(frozen=True, slots=True)
class Grammar:
    """How to read the content: of a file its bytes, of a link its target, of a directory its names (NUL between)."""

    kind: GrammarKind = GrammarKind.NONE
    text: str = ""


@dataclass(frozen=True, slots=True)
class Recognition:
    """What, beyond path and type, must be so for the format to apply at all.

    ``by_content``: the grammar must accept.  ``held``: a kernel lock of this mechanism is held on it.
    ``opened``: some process has it open.  Sizes are of regular files, in bytes.
    """

    by_content: bool = False
    held: Mechanism | None = None
    opened: bool = False
    min_size: int = 0
    max_size: int | None = None
    links: int | None = None


@dataclass(frozen=True, slots=True)
class Format:
    """One entry of the registry.

    ``dirty_policy`` replaces ``policy`` when the content says (or may say: it could not be read) that
    unsaved work is inside.  ``processes`` are the names of programs that make it; with ``survivors`` a
    living one voids every proof, because children outlive the process named.  ``permanent``: meant
    to stay when nobody holds it.  ``never_open``: a secret is inside; contents are never read, shown or
    copied.  ``checked`` is False for what is known by hearsay: never more than ASK.  ``children`` are the
    only names that may be inside a directory of this kind when it is removed.
    """

    name: str
    title: str
    program: str
    where: tuple[PathPattern, ...]
    types: frozenset[FileType]
    mechanisms: tuple[Mechanism, ...]
    policy: Policy
    rules: tuple[Rule, ...]
    consequence: str
    remedy: str
    source: str
    checked: bool = True
    grammar: Grammar = field(default_factory=Grammar)
    recognition: Recognition = field(default_factory=Recognition)
    read_limit: int = 4096
    host: HostRule = HostRule.UNNAMED
    dirty_policy: Policy | None = None
    tools: tuple[str, ...] = ()
    companions: tuple[Companion, ...] = ()
    breaker: Breaker | None = None
    refresh_period: float | None = None
    stale_after: float | None = None
    processes: tuple[str, ...] = ()
    survivors: bool = False
    permanent: bool = False
    never_open: bool = False
    listed: Listed = Listed.ALWAYS
    children: tuple[PathPattern, ...] = ()
    generic: bool = False
    tier: Tier = Tier.BUILT_IN

    #: The kernel lock alone excludes, so that the file's presence means nothing.
    is_advisory: bool = field(init=False, repr=False, compare=False)
    #: It is somebody's data that only looks like a lock.
    is_data: bool = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """What is asked of the format of each row, once."""
        made_of = set(self.mechanisms)
        advisory = bool(made_of & ADVISORY) and made_of <= ADVISORY | {Mechanism.PIDFILE}
        object.__setattr__(self, "is_advisory", advisory)
        object.__setattr__(self, "is_data", Mechanism.DATA in made_of)

    def policy_for(self, claim: Claim | ParseFailure | None) -> Policy:
        """The policy for what the content says; a content that was not understood may be dirty."""
        if self.dirty_policy is None:
            return self.policy
        if isinstance(claim, Claim) and claim.dirty is False:
            return self.policy
        return self.dirty_policy
