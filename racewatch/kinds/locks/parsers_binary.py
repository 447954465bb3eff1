"""Binary locks: vim and nano swap files, Gradle, containers-storage."""

from __future__ import annotations

import struct
from typing import Final

from racewatch.kinds.locks.claim import Claim, ParseFailure, facts_of, is_pid, number_of, pid_of, text_of

# Block 0 of a vim swap file (memline.c): id, version, page size, mtime, inode, pid, user, host, file name.
_BLOCK0: Final = struct.Struct("<2s10siiII40s40s900s")
_DIRTY_AT: Final = 1007
_DIRTY: Final = 0x55
_VIM_MAGIC: Final = (struct.pack("<q", 0x30313233), struct.pack("<i", 0x20212223), struct.pack("<h", 0x1213))
_NANO_SIZE: Final = 1024


def _c_text(field: bytes) -> bytes:
    return field.split(b"\0", 1)[0]


def vim(data: bytes, name: bytes) -> Claim | ParseFailure:
    """The header of a vim or neovim swap file.  Encrypted ones have the same header."""
    del name
    if len(data) < _DIRTY_AT + 17:
        return ParseFailure("shorter than the header of a vim swap file")
    mark, version, page, mtime, inode, pid, user, host, file = _BLOCK0.unpack_from(data)
    if mark not in (b"b0", b"bc", b"bC", b"bd"):
        return ParseFailure("does not begin as a vim swap file does")
    if version.startswith(b"nano "):
        return ParseFailure("a lock of nano")
    # The magic numbers are written in the byte order and long size of the machine that made the file.
    long_magic, int_magic, short_magic = _VIM_MAGIC
    if data[1008:1016] != long_magic or data[1016:1020] != int_magic or data[1020:1022] != short_magic:
        return ParseFailure("the swap file was made by another kind of machine, or is damaged")
    return Claim(
        # 0: the pid is not known (some network file systems).
        pid=pid if is_pid(pid) else None,
        host=text_of(_c_text(host)),
        user=text_of(_c_text(user)),
        dirty=data[_DIRTY_AT] != 0,
        facts=facts_of(
            version=_c_text(version),
            file=_c_text(file[:898]),
            inode=str(inode) if inode else None,
            file_changed=str(mtime) if mtime else None,
            page_size=str(page),
            encrypted="yes" if mark != b"b0" else None,
        ),
    )


def nano(data: bytes, name: bytes) -> Claim | ParseFailure:
    """nano's lock: vim's header of exactly 1024 bytes, with ``nano`` as the version and no magic."""
    del name
    if len(data) != _NANO_SIZE or data[:2] != b"b0" or not data.startswith(b"nano ", 2):
        return ParseFailure("not the 1024 bytes that nano writes")
    _mark, version, _page, _mtime, _inode, pid, user, host, file = _BLOCK0.unpack_from(data)
    return Claim(
        pid=pid if is_pid(pid) else None,
        host=text_of(_c_text(host)),
        user=text_of(_c_text(user)),
        # Of no matter for the lock: nothing of the text is in the file, so removing it loses nothing.
        facts=facts_of(
            version=_c_text(version),
            file=_c_text(file[:898]),
            modified="yes" if data[_DIRTY_AT] == _DIRTY else "no",
        ),
    )


def gradle(data: bytes, name: bytes) -> Claim | ParseFailure:
    """Gradle's lock file: state in bytes 0 to 16, then port, lock id, owner and operation of the last owner.

    The text of the owner stays after its end: who holds it, only the kernel lock tells.
    """
    del name
    if not data:
        return Claim()
    if data[0] != 3:
        return ParseFailure("does not begin with Gradle's protocol number 3")
    if len(data) <= 17:
        return Claim(facts=facts_of(owner_text="none"))
    if data[17] != 3 or len(data) < 32:
        return ParseFailure("an owner record of another version")
    port, lock_id = struct.unpack_from(">iq", data, 18)
    owner, after = _java_text(data, 30)
    operation, _ = _java_text(data, after)
    pid = pid_of(owner)
    return Claim(
        pid=pid,
        port=port if 0 < port < 65536 else None,
        facts=facts_of(lock_id=f"{lock_id & (1 << 64) - 1:x}", last_owner=owner, operation=operation),
    )


def _java_text(data: bytes, at: int) -> tuple[bytes, int]:
    """A length of two bytes, then so many bytes; empty when the record ends before."""
    if at + 2 > len(data):
        return b"", len(data)
    length = int.from_bytes(data[at : at + 2], "big")
    return data[at + 2 : at + 2 + length], at + 2 + length


def containers_storage(data: bytes, name: bytes) -> Claim | ParseFailure:
    """The last write to a containers-storage lock: time, counter, pid of the writer, random bytes.

    The writer is no owner (it may be long gone while another holds the lock), so it is a fact only.
    """
    del name
    if not data:
        return Claim()
    if len(data) != 64:
        return ParseFailure("neither empty nor the 64 bytes that containers-storage writes")
    nanoseconds, counter, writer = struct.unpack_from("<qQI", data)
    if not 0 < nanoseconds < 1 << 62:
        return ParseFailure("the time of the last write is out of bounds")
    return Claim(
        time=nanoseconds / 1e9,
        facts=facts_of(last_writer=str(number_of(b"%d" % writer)), writes=str(counter)),
    )
