"""What the journal keeps of a captured inode, and making an equal one from it.

Kept: type, mode, owner, times, extended attributes, and the content of what has one (a small file's
bytes, a link's target).  Not to be had back: inode number, birth and change time, a second hard
link.  What cannot be copied into the journal (a large file, a directory) is kept aside instead.
"""

from __future__ import annotations

import base64
import os
import stat as stat_mode
from typing import Final

from racewatch.linux import fs, removal

#: Files larger than this are kept aside, not copied into the journal.
LARGEST_COPY: Final = 256 * 1024


def read_remains(fd: int, stat: fs.Stat) -> dict[str, object] | None:
    """The content of a pinned inode, JSON-able; None when it can only be kept aside.

    Opens nothing but regular files, through the pin, so that no driver and no FIFO peer is woken.  A
    file that grows while it is read, or cannot be read, is kept aside.
    """
    if stat.is_socket:
        return {"type": "socket"}
    if stat_mode.S_ISLNK(stat.mode):
        return {"type": "symlink", "target": _text(os.readlink(b"", dir_fd=fd))}
    if not stat_mode.S_ISREG(stat.mode) or stat.size > LARGEST_COPY:
        return None
    try:
        reader = os.open(fs.fd_path(fd), os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        content = os.read(reader, LARGEST_COPY + 1)
    finally:
        os.close(reader)
    if len(content) != stat.size:
        return None
    return {"type": "file", "bytes": _text(content)}


def make_equal(directory_fd: int, name: bytes, mode: int, remains: dict[str, object]) -> None:
    """Make a node of the recorded type and content; OSError (EEXIST when the name is taken)."""
    kind = remains["type"]
    if kind == "socket":
        removal.make_socket_node(directory_fd, name, mode)
    elif kind == "symlink":
        os.symlink(_raw(remains["target"]), name, dir_fd=directory_fd)
    elif kind == "file":
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        fd = os.open(name, flags, 0o600, dir_fd=directory_fd)
        try:
            with memoryview(_raw(remains["bytes"])) as left:
                done = 0
                while done < len(left):
                    done += os.write(fd, left[done:])
            os.fsync(fd)
        finally:
            os.close(fd)
    else:
        raise ValueError(f"the journal keeps nothing to make a {kind} from")


def read_xattrs(fd: int) -> dict[str, str]:
    """The extended attributes (ACLs, labels) of an inode, base64; those we may not read are left out."""
    found: dict[str, str] = {}
    path = fs.fd_path(fd)
    try:
        names = os.listxattr(path)
    except OSError:
        return found
    for name in names:
        try:
            found[name] = _text(os.getxattr(path, name))
        except OSError:
            continue
    return found


def dress(
    fd: int, *, owner: tuple[int, int], mode: int, times_ns: tuple[int, int], xattrs: dict[str, bytes]
) -> None:
    """Give a new inode the recorded owner, mode, attributes and (access, change of content) times.

    Raises OSError when this user may not.
    """
    path = fs.fd_path(fd)
    made = fs.stat_fd(fd)
    if (made.uid, made.gid) != owner:
        os.chown(path, *owner)
    if not stat_mode.S_ISLNK(made.mode):  # a link has no mode of its own
        os.chmod(path, stat_mode.S_IMODE(mode))
    for name, value in xattrs.items():
        os.setxattr(path, name, value)
    os.utime(path, ns=times_ns)


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")


def _raw(value: object) -> bytes:
    return base64.b64decode(str(value), validate=True)
