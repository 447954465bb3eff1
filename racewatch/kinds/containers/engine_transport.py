"""One talk with one engine: the library's client, bound to one socket inode and to a time.

The only importer of ``docker``, and itself imported late: that takes a quarter of a second, and most machines
have no engine.
"""

from __future__ import annotations

import logging
import os
import socket
import stat as stat_mode
import threading
import time
from collections.abc import Callable
from typing import Any, Final, TypeVar

from docker import APIClient
from docker.constants import DEFAULT_DOCKER_API_VERSION
from docker.errors import APIError
from docker.transport.basehttpadapter import BaseHTTPAdapter
from docker.transport.unixconn import UnixHTTPConnection, UnixHTTPConnectionPool

from racewatch.core.text import display_text, size_text
from racewatch.kinds.containers.engine_answers import EngineError, Refusal
from racewatch.kinds.walk import why_not

_T = TypeVar("_T")

#: The list of ten thousand containers has some twenty million bytes; of an event stream the longest line.
LARGEST_ANSWER: Final = 1 << 26

# It warns of broken answers with their bytes and a traceback; here each is an EngineError that says so.
logging.getLogger("urllib3").setLevel(logging.ERROR)


class Talk:
    """A client of the engine at one socket.  One thread at a time may ask; any may cut it off.

    The socket's inode is held from the start, so every question goes to the same engine, whatever becomes
    of the path (which may also be longer than an address, or no text).  ``patience``: the seconds that a
    question may take, from the connect to the last byte of the answer.
    """

    def __init__(self, path: bytes, patience: float) -> None:
        self._patience = patience
        self._mutex = threading.Lock()
        self._socket: socket.socket | None = None
        self._was_cut = False
        self._no_way: OSError | None = None
        self._deadline: float | None = None
        self._octets = 0
        #: The status of the last answer: the library takes everything below 400 for a success.
        self.status = 0
        self._api: APIClient | None = None
        self._node = _held(path)
        try:
            self._speak(DEFAULT_DOCKER_API_VERSION)
            # Not /version: Podman runs its helpers to answer that, which takes it up to a second.
            pong = self.ask(lambda api: api.get(f"{api.base_url}/_ping"))
            #: The headers by which an engine introduces itself, their names in lower case.
            self.headers: Final = {name.lower(): value for name, value in pong.headers.items()}
            spoken = self.headers.get("api-version")
            if self.status != 200 or spoken is None:
                raise EngineError("what listens there is no container engine")
            # Each engine refuses versions newer than its own, and the newest refuse old ones.
            self._speak(spoken)
        except BaseException:
            self.close()
            raise

    def _speak(self, version: str) -> None:
        if self._api is not None:
            self._api.close()
        try:
            api = APIClient(f"unix:///proc/self/fd/{self._node}", version)
        # A version that the library does not know, or settings of Docker's own program that it stumbles over.
        except Exception as error:
            raise EngineError(f"it cannot be spoken to: {display_text(str(error))}") from error
        api.mount("http+docker://", _Adapter(self))
        # A question goes to this socket and nowhere else: no proxy, no credentials of .netrc, and a
        # redirected DELETE could be any other request.
        api.trust_env = False
        api.max_redirects = 0
        api.hooks["response"].append(self._note)
        self._api = api

    def _note(self, response: Any, **_: object) -> None:
        self.status = response.status_code

    def ask(self, question: Callable[[APIClient], _T], patience: float | None = None) -> _T:
        """The whole answer to one question, in time, or :class:`EngineError`."""
        assert self._api is not None
        self.status, self._no_way, self._octets = 0, None, 0
        seconds = self._patience if patience is None else patience
        self._deadline = time.monotonic() + seconds
        try:
            return question(self._api)
        except APIError as error:
            raise Refusal(self.status, "" if error.response is None else error.response.text) from error
        # Whatever a broken answer makes the library stumble over comes out of it: KeyError, AttributeError, ...
        except Exception as error:
            raise EngineError(self._why(error, seconds)) from error

    def _why(self, error: Exception, seconds: float) -> str:
        if self._octets > LARGEST_ANSWER:
            return f"its answer is larger than {size_text(LARGEST_ANSWER)}"
        if isinstance(self._no_way, ConnectionRefusedError):
            return "nobody listens at its socket"
        if isinstance(self._no_way, BlockingIOError):
            return "so many are waiting for an answer already that it takes no more callers"
        if self._no_way is not None and not isinstance(self._no_way, TimeoutError):
            return f"its socket {why_not(self._no_way)}"
        if self._deadline is not None and time.monotonic() >= self._deadline:
            return f"it did not answer within {seconds:g} seconds"
        if isinstance(error, OSError) and not isinstance(error, ValueError):
            return "it broke off in the middle of an answer"
        return "its answer could not be understood"

    def take_your_time(self) -> None:
        """From now on an answer may come whenever it comes: the stream of events."""
        self._deadline = None

    def took(self, octets: int) -> None:
        """So much of an answer came; OSError when that is more than anybody has to say."""
        self._octets += octets
        if self._octets > LARGEST_ANSWER:
            raise OSError("the answer is too large")

    def took_in(self) -> None:
        """What came so far was understood; what comes next may be as large again."""
        self._octets = 0

    def connect(self) -> socket.socket:
        """A connection that keeps to the deadline.  For the library's adapter."""
        connection = _InTime(self)
        try:
            connection.settimeout(self.left())
            connection.connect(f"/proc/self/fd/{self._node}")
            with self._mutex:
                self._socket = connection
                if self._was_cut:
                    raise OSError("cut off")
        except OSError as error:
            self._no_way = error
            connection.close()
            raise
        return connection

    def left(self) -> float | None:
        """The seconds left for an answer, or TimeoutError; None: no limit."""
        if self._deadline is None:
            return None
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("no whole answer in time")
        return left

    @property
    def was_cut(self) -> bool:
        """True when it was cut off on purpose."""
        return self._was_cut

    def cut(self) -> None:
        """End it from any thread: who waits for an answer is woken at once."""
        with self._mutex:
            self._was_cut = True
            if self._socket is not None:
                try:
                    self._socket.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass  # the engine was quicker

    def close(self) -> None:
        """Release what is held; nobody may be asking."""
        with self._mutex:
            self._was_cut = True
            connection, self._socket = self._socket, None
        if self._api is not None:
            self._api.close()
        if connection is not None and connection.fileno() >= 0:
            # The library keeps the connection of an unfinished stream until it is collected.
            os.close(connection.detach())
        node, self._node = self._node, -1
        if node >= 0:
            os.close(node)


def _held(path: bytes) -> int:
    try:
        node = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError as error:
        raise EngineError(f"its socket {why_not(error)}") from error
    if not stat_mode.S_ISSOCK(os.fstat(node).st_mode):
        os.close(node)
        raise EngineError("its socket is no socket")
    return node


class _InTime(socket.socket):
    """The library bounds each single read; a server that sends a byte now and then would hold us for ever.

    And it takes in whatever comes: one that never ends would fill the memory.
    """

    def __init__(self, talk: Talk) -> None:
        super().__init__(socket.AF_UNIX, socket.SOCK_STREAM)
        self._talk = talk

    def recv_into(self, buffer: Any, nbytes: int = 0, flags: int = 0) -> int:
        self.settimeout(self._talk.left())
        octets = super().recv_into(buffer, nbytes, flags)
        self._talk.took(octets)
        return octets


class _Connection(UnixHTTPConnection):
    def __init__(self, talk: Talk) -> None:
        super().__init__("localhost", "")
        self._talk = talk

    def connect(self) -> None:
        self.sock = self._talk.connect()


class _Pool(UnixHTTPConnectionPool):
    def __init__(self, talk: Talk) -> None:
        super().__init__("localhost", "", maxsize=1)
        self._talk = talk

    def _new_conn(self) -> Any:  # urllib3's protocol for connections is private
        return _Connection(self._talk)


class _Adapter(BaseHTTPAdapter):
    """A new connection for each question: a DELETE on one that the engine has closed since would be lost."""

    def __init__(self, talk: Talk) -> None:
        super().__init__()
        self._talk = talk
        self._pool = _Pool(talk)

    def get_connection(self, *_: object, **__: object) -> _Pool:
        self._pool.close()
        self._pool = _Pool(self._talk)
        return self._pool

    def close(self) -> None:
        super().close()
        self._pool.close()
