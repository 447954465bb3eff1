"""System calls that fail as they do on other machines: a seccomp filter on the calling process."""

from __future__ import annotations

import ctypes
import errno
import os
import struct
from typing import Final

_NUMBERS: Final = {
    "x86_64": {"flock": 73},
    "aarch64": {"flock": 32},
}
_libc = ctypes.CDLL(None, use_errno=True)


def refuse(call: str, code: int) -> None:
    """From now on, in this process, this system call fails with this errno.  Raises OSError."""
    number = _NUMBERS.get(os.uname().machine, {}).get(call)
    if number is None:
        raise OSError(errno.ENOSYS, f"the number of {call} is not known for this machine")
    program = b"".join(
        struct.pack("HBBI", *instruction)
        for instruction in (
            (0x20, 0, 0, 0),  # load the system call's number
            (0x15, 0, 1, number),
            (0x06, 0, 0, 0x00050000 | code),  # refuse
            (0x06, 0, 0, 0x7FFF0000),  # allow
        )
    )
    text = ctypes.create_string_buffer(program, len(program))
    header = ctypes.create_string_buffer(struct.pack("HxxxxxxP", 4, ctypes.addressof(text)))
    if _libc.prctl(38, 1, 0, 0, 0) != 0 or _libc.prctl(22, 2, header, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "seccomp")
