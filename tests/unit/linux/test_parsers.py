"""The kernel's texts and messages: real samples, and anything at all without a surprise."""

from __future__ import annotations

import errno
import os
import socket
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from racewatch.linux import flocks, mountinfo, mounts, netns, processes, sockdiag, systemd
from racewatch.linux.sockdiag import SocketType

MOUNTINFO = (
    rb"36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 propagate_from:2 - ext3 /dev/root rw,errors=continue"
    b"\n"
    rb"27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard"
    b"\n"
    rb"66 43 0:40 / /m\040n\134\011\012\043 rw,relatime shared:5 - overlay a\040b rw,"
    rb"lowerdir=/l\0541:/l\134:2,upperdir=/u\0541,workdir=/w,uuid=on"
    b"\n"
    rb"29 26 0:26 / /x rw - fuse.sshfs user@host: rw,user_id=0"
    b"\n"
)


def test_mountinfo_fields_and_escapes() -> None:
    first, _, overlay, fuse = mountinfo.parse_mountinfo(MOUNTINFO)
    assert (first.id, first.parent, first.dev) == (36, 35, os.makedev(98, 0))
    assert (first.root, first.point, first.fstype, first.source) == (b"/mnt1", b"/mnt2", "ext3", b"/dev/root")
    assert overlay.point == b"/m n\\\t\n#"
    assert overlay.source == b"a b"
    assert overlay.values(b"upperdir") == (b"/u,1",)
    assert [mounts.split_lower(value) for value in overlay.values(b"lowerdir")] == [[b"/l,1", b"/l:2"]]
    assert overlay.values(b"no") == ()
    assert (fuse.fstype, fuse.source) == ("fuse.sshfs", b"user@host:")


def test_data_layers_and_one_by_one_layers() -> None:
    assert mounts.split_lower(b"/a:/b::/data1::/data2") == [b"/a", b"/b", b"/data1", b"/data2"]
    line = b"1 2 0:9 / / rw - overlay o rw,lowerdir+=/a:b,lowerdir+=/c,datadir+=/d\n"
    (mount,) = mountinfo.parse_mountinfo(line)
    assert mount.values(b"lowerdir+") == (b"/a:b", b"/c")
    assert mount.values(b"datadir+") == (b"/d",)


@pytest.mark.parametrize("fstype", ["ext4", "xfs", "btrfs", "tmpfs", "f2fs", "zfs", "ramfs"])
def test_local_file_systems(fstype: str) -> None:
    assert mounts.is_local_unstacked(fstype)


@pytest.mark.parametrize(
    "fstype",
    ["overlay", "fuse", "fuse.sshfs", "fuseblk", "nfs", "nfs4", "cifs", "smb3", "9p", "virtiofs", "ceph",
     "afs", "ecryptfs", "aufs", "gfs2", "ocfs2", "vboxsf", "squashfs", "EXT4", "", "whatever comes", None],
)  # fmt: skip
def test_everything_else_is_not_local(fstype: str | None) -> None:
    assert not mounts.is_local_unstacked(fstype)


NET_UNIX = (
    b"Num       RefCount Protocol Flags    Type St Inode Path\n"
    b"0000000082922779: 00000003 00000000 00000000 0001 03  1073\n"
    b"00000000da38bb0c: 00000002 00000000 00010000 0001 01  7854 /run/a b\n"
    b"00000000da38bb0d: 00000002 00000000 00000000 0002 01 17855 @abstract@x\n"
    b"00000000da38bb0e: 00000002 00000000 00010000 0005 01 17856 /run/li\n"
    b"ne\n"
    b"00000000da38bb0f: 00000002 00000000 00000000 0001 01 17857 relative\n"
)


def test_net_unix() -> None:
    rows = netns.parse_socket_table(NET_UNIX, 7)
    assert [(row.name, row.listening, row.type, row.inode) for row in rows] == [
        (b"/run/a b", True, SocketType.STREAM, 7854),
        (b"@abstract@x", False, SocketType.DGRAM, 17855),
        (b"/run/li\nne", True, SocketType.SEQPACKET, 17856),
        (b"relative", False, SocketType.STREAM, 17857),
    ]
    assert {row.pid for row in rows} == {7}
    assert [row.looks_abstract for row in rows] == [False, True, False, False]
    assert rows[0].file_name == b"a b"


def test_a_forged_name_hides_no_row() -> None:
    forged = b"/x\n00000000da38bb0c: 00000002 00000000 00010000 0001 01 1 /forged"
    table = NET_UNIX + b"00000000da38bb10: 00000002 00000000 00000000 0001 01 17858 " + forged + b"\n"
    names = {row.name for row in netns.parse_socket_table(table, 1)}
    assert names > {row.name for row in netns.parse_socket_table(NET_UNIX, 1)}


LOCKS = (
    b"1: FLOCK  ADVISORY  WRITE 9394 fe:00:2179551 0 EOF\n"
    b"1: -> FLOCK  ADVISORY  WRITE 9395 fe:00:2179551 0 EOF\n"
    b"2: OFDLCK ADVISORY  WRITE -1 fe:00:2179551 5 5\n"
    b"3: POSIX  ADVISORY  READ  12 00:1a:77 128 1073741824\n"
    b"4: LEASE  ACTIVE    READ  13 00:1a:78 0 EOF\n"
    b"5: POSIX  ADVISORY  WRITE 14 <none>:0 0 EOF\n"
    b"6: FLOCK  MSNFS     READ  15 00:1a:79 0 EOF\n"
)


def test_proc_locks() -> None:
    rows = flocks.parse_locks(LOCKS)
    assert [(row.mechanism.value, row.exclusive, row.waiting, row.pid) for row in rows] == [
        ("FLOCK", True, False, 9394),
        ("FLOCK", True, True, 9395),
        ("OFDLCK", True, False, -1),
        ("POSIX", False, False, 12),
        ("LEASE", False, False, 13),
        ("FLOCK", False, False, 15),
    ]
    assert (rows[0].dev, rows[0].ino) == (os.makedev(0xFE, 0), 2179551)


def _netlink(sequence: int, kind: int, payload: bytes) -> bytes:
    return struct.pack("=IHHII", 16 + len(payload), kind, 2, sequence, 0) + payload


def _attribute(which: int, payload: bytes) -> bytes:
    return struct.pack("=HH", 4 + len(payload), which) + payload + b"\0" * (-len(payload) % 4)


def _diag(kind: int, state: int, inode: int, *attributes: bytes) -> bytes:
    head = struct.pack("=BBBxIII", socket.AF_UNIX, kind, state, inode, 1, 2)
    return _netlink(9, 20, head + b"".join(attributes))


VFS = _attribute(1, struct.pack("=II", 4000000001, (0xFE << 20) | 3))
USUAL = (
    VFS,
    _attribute(4, struct.pack("=II", 2, 128)),
    _attribute(6, b"\3"),
    _attribute(7, struct.pack("=I", 33)),
)
NAME = _attribute(0, b"/run/x\0")
ANSWER = (
    _diag(1, 10, 77, NAME, *USUAL)
    + _diag(2, 1, 78, _attribute(0, b"\0abs\0"), _attribute(2, struct.pack("=I", 5)), *USUAL[1:])
    + _diag(1, 1, 79, _attribute(6, b"\0"))
    + _netlink(9, 3, struct.pack("=i", 0))
)


def test_sock_diag_answer() -> None:
    (path, abstract), done = sockdiag.parse(ANSWER, 9)
    assert done
    assert (path.inode, path.kind, path.listening, path.name) == (77, SocketType.STREAM, True, b"/run/x")
    assert path.key == (os.makedev(0xFE, 3), 4000000001)
    assert (path.queue, path.backlog, path.shutdown, path.uid) == (2, 128, True, 33)
    assert (abstract.name, abstract.key, abstract.peer) == (b"\0abs\0", None, 5)
    assert abstract.is_abstract
    assert sockdiag.parse(ANSWER, 8) == ([], False)  # another conversation's


@given(st.permutations([NAME, *USUAL, _attribute(2, struct.pack("=I", 5)), _attribute(99, b"future")]))
def test_the_order_of_attributes_does_not_matter(attributes: list[bytes]) -> None:
    ((found,), _) = sockdiag.parse(_diag(1, 10, 77, *attributes), 9)
    assert found == sockdiag.UnixSocket(
        77, SocketType.STREAM, True, 10, b"/run/x", os.makedev(0xFE, 3), 4000000001, 5, 2, 128, True, 33
    )


def test_the_short_way_and_the_long_way_agree() -> None:
    ((short,), _) = sockdiag.parse(_diag(1, 10, 77, NAME, *USUAL), 9)
    ((long,), _) = sockdiag.parse(_diag(1, 10, 77, *USUAL, NAME), 9)
    assert short == long


def test_an_error_of_the_kernel_keeps_its_number() -> None:
    with pytest.raises(OSError) as caught:
        sockdiag.parse(_netlink(9, 2, struct.pack("=i", -errno.ENOENT)), 9)
    assert caught.value.errno == errno.ENOENT
    with pytest.raises(OSError) as caught:
        sockdiag.parse(_netlink(9, 3, struct.pack("=i", -errno.EINTR)), 9)
    assert caught.value.errno == errno.EINTR


def test_the_32_bits_of_the_interface() -> None:
    assert sockdiag.node_key(5, (7 << 32) + 9) == (5, 9)


STAT = b"4711 (a) b (c) S 1 4711 4711 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 322403 1 2 3\n"


def test_proc_stat_with_a_hostile_name() -> None:
    stat = processes.parse_stat(STAT)
    assert (stat.state, stat.start_ticks, stat.is_kernel_thread) == (b"S", 322403, False)
    assert processes.parse_stat(STAT.replace(b"4194560", b"69238880")).is_kernel_thread


@pytest.mark.parametrize(
    ("cgroup", "unit"),
    [
        (b"0::/system.slice/redis.service\n", "redis.service"),
        (b"0::/system.slice/docker.service/payload/x\n", "docker.service"),
        (b"0::/user.slice/user-1000.slice/user@1000.service/app.slice/app-foo.scope\n", "app-foo.scope"),
        (b"12:pids:/a.service\n1:name=systemd:/system.slice/b.service\n0::/\n", "b.service"),
        (b"0::/system.slice/_cpu.service\n", "cpu.service"),
        (b"0::/system.slice/system-getty.slice/getty@tty1.service\n", "getty@tty1.service"),
        (b"0::/init.scope\n", "init.scope"),
        (b"0::/\n", None),
        (b"0::/docker/0123\n", None),
        (b"", None),
        (b"garbage", None),
        (b"0::/\xff.service", "\\xff.service"),
    ],
)
def test_unit_of(cgroup: bytes, unit: str | None) -> None:
    assert processes.unit_of(cgroup) == unit


# list-sockets and list-units of systemd 252, recorded; paths shortened.
SOCKETS_252 = (
    b'[{"listen":"/run/u/bus","type":"Stream","unit":"dbus.socket","activates":"dbus.service"},'
    b'{"listen":"/run/u/demo one.sock","type":"Stream","unit":"demo.socket","activates":"demo.service"},'
    b'{"listen":"@abs","type":"SequentialPacket","unit":"demo.socket","activates":"demo.service"}]'
)
UNITS_252 = (
    b'[{"unit":"dbus.socket","load":"loaded","active":"inactive","sub":"dead","description":"D-Bus"},'
    b'{"unit":"demo.socket","load":"loaded","active":"active","sub":"listening","description":"demo"}]'
)


def test_systemd_listeners() -> None:
    found = systemd.parse_listeners(SOCKETS_252, systemd.parse_states(UNITS_252), user=True)
    assert set(found) == {b"/run/u/bus", b"/run/u/demo one.sock"}
    demo = found[b"/run/u/demo one.sock"]
    assert (demo.unit, demo.activates, demo.active, demo.is_active) == (
        "demo.socket", "demo.service", "active", True,
    )  # fmt: skip
    assert not found[b"/run/u/bus"].is_active


def test_systemd_without_types_states_or_service() -> None:
    rows = (
        b'[{"listen":"/a","unit":"a.socket","activates":null},'
        b'{"listen":"/b","unit":"b.socket","activates":["b.service","c.service"]},'
        b'{"listen":"12345","unit":"n.socket"}]'
    )
    found = systemd.parse_listeners(rows, {}, user=False)
    assert found[b"/a"].activates is None
    assert found[b"/a"].is_active  # not told: not said to be free
    assert found[b"/b"].activates == "b.service, c.service"
    assert set(found) == {b"/a", b"/b"}


def test_the_active_one_of_two_units_on_a_path_is_kept() -> None:
    rows = (
        b'[{"listen":"/a","unit":"old.socket"},{"listen":"/a","unit":"new.socket"},'
        b'{"listen":"/a","unit":"older.socket"}]'
    )
    states = {"old.socket": "inactive", "new.socket": "active", "older.socket": "failed"}
    assert systemd.parse_listeners(rows, states, user=False)[b"/a"].unit == "new.socket"


@pytest.mark.parametrize(
    "said",
    [
        # an old one: the table, whatever --output says
        b"LISTEN              UNIT         ACTIVATES\n/run/dbus/system_bus_socket dbus.socket dbus.service\n",
        b"",
        b"{}",
        b"[1]",
        b"[" * 100000,
        b"\xff",
    ],
)
def test_systemd_that_cannot_be_understood_is_not_no_listener(said: bytes) -> None:
    with pytest.raises(systemd.CouldNotAsk):
        systemd.parse_listeners(said, {}, user=False)


def _or_defined_error(parse: Callable[[bytes], Any], data: bytes, *defined: type[Exception]) -> None:
    try:
        parse(data)
    except defined:
        pass


PARSERS: list[tuple[str, Callable[[bytes], Any], type[Exception], bytes]] = [
    ("mountinfo", mountinfo.parse_mountinfo, mountinfo.BadMountTable, MOUNTINFO),
    ("net/unix", lambda data: netns.parse_socket_table(data, 1), netns.BadSocketTable, NET_UNIX),
    ("locks", flocks.parse_locks, flocks.BadLockTable, LOCKS),
    ("netlink", lambda data: sockdiag.parse(data, 9), OSError, ANSWER),
    ("stat", processes.parse_stat, OSError, STAT),
    ("list-sockets", lambda data: systemd.parse_listeners(data, {}, user=False), systemd.CouldNotAsk, SOCKETS_252),
]  # fmt: skip


@pytest.mark.parametrize(
    ("parse", "defined", "sample"), [row[1:] for row in PARSERS], ids=[row[0] for row in PARSERS]
)
def test_every_truncation_is_a_defined_error(
    parse: Callable[[bytes], Any], defined: type[Exception], sample: bytes
) -> None:
    parse(sample)
    for end in range(len(sample)):
        _or_defined_error(parse, sample[:end], defined)


@pytest.mark.parametrize(
    ("parse", "defined", "sample"), [row[1:] for row in PARSERS], ids=[row[0] for row in PARSERS]
)
def test_any_bytes_give_an_answer_or_a_defined_error(
    parse: Callable[[bytes], Any], defined: type[Exception], sample: bytes
) -> None:
    @given(st.data())
    def check(data: st.DataObject) -> None:
        noise = data.draw(st.binary(max_size=60))
        start = data.draw(st.integers(0, len(sample)))
        end = data.draw(st.integers(start, len(sample)))
        _or_defined_error(parse, sample[:start] + noise + sample[end:], defined)
        _or_defined_error(parse, noise, defined)

    check()


@given(st.binary())
@example(b"\\")
@example(b"::")
@example(b"a\\:b:c")
def test_split_lower_takes_anything(value: bytes) -> None:
    assert all(mounts.split_lower(value)) or not value


@given(st.binary())
def test_unit_of_takes_anything(value: bytes) -> None:
    assert processes.unit_of(value) != ""


def test_the_real_tables_parse() -> None:
    assert mountinfo.read_mounts()
    netns.parse_socket_table(Path("/proc/self/net/unix").read_bytes(), 1)
    flocks.kernel_locks()
