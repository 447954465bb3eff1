"""Between the GUI thread and everything that may block: tasks, threads of our own, wake-ups.

The only importer of qasync.  What it promises:

* a task lives until it ends (asyncio keeps only weak references) and its error is always shown;
* blocking calls run on daemon threads of our own: qasync's executor waits for its threads when it
  closes, so one probe stuck in the kernel would keep the program from ending;
* wake-ups from other threads cost one event however many there are, and after :meth:`Bridge.close`
  they are dropped (a closed loop would take them silently and never run them).
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any, Final, TypeVar

from PySide6.QtWidgets import QApplication
from qasync import QEventLoop

_log: Final = logging.getLogger("racewatch.ui")
_T = TypeVar("_T")
_Job = Callable[[], None]


class _Workers:
    """A few daemon threads, started when needed.  A hung job costs its thread, not the program."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._unfinished = 0

    def submit(self, job: _Job) -> None:
        with self._lock:
            self._unfinished += 1
            if self._unfinished > len(self._threads) and len(self._threads) < self._limit:
                name = f"racewatch-work-{len(self._threads)}"
                thread = threading.Thread(target=self._work, name=name, daemon=True)
                self._threads.append(thread)
                thread.start()
        self._jobs.put(job)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()
            with self._lock:
                self._unfinished -= 1

    def stop(self, deadline: float) -> bool:
        """End the threads; False when one is still busy at the (monotonic) deadline: it is left behind."""
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join(max(deadline - time.monotonic(), 0.0))
        return not any(thread.is_alive() for thread in self._threads)


class Bridge:
    """The loop of the window, its tasks and its threads.  Everything but :meth:`post` is for the GUI thread."""

    def __init__(self, app: QApplication, loop: asyncio.AbstractEventLoop | None = None) -> None:
        """With a ``loop`` of somebody else (a test's), that is used and left open at the end."""
        self.loop: asyncio.AbstractEventLoop = QEventLoop(app) if loop is None else loop
        self._owns_loop = loop is None
        self._tasks: set[asyncio.Task[Any]] = set()
        self._workers = _Workers(6)
        self._posted: deque[Callable[[], None]] = deque()
        self._rung = False
        self._closed = False
        self._lock = threading.Lock()
        self.on_error: Callable[[str, BaseException], None] = _log_error
        self.loop.set_exception_handler(self._loop_error)

    # --- tasks -------------------------------------------------------------------------------

    def spawn(self, coro: Coroutine[Any, Any, _T], name: str) -> asyncio.Task[_T]:
        """Run a coroutine to its end; an error in it is shown, under this name."""
        task = self.loop.create_task(coro, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.on_error(task.get_name(), error)

    def _loop_error(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        message = str(context.get("message", "the event loop"))
        self.on_error(
            "in the background", error if isinstance(error, BaseException) else RuntimeError(message)
        )

    # --- threads -----------------------------------------------------------------------------

    async def offload(self, call: Callable[[], _T]) -> _T:
        """The result of a blocking call, made on a thread of our own.

        Cancelling stops the waiting, not the call.
        """
        future: asyncio.Future[_T] = self.loop.create_future()

        def settle(result: Callable[[], None]) -> None:
            if not future.done():
                result()

        def job() -> None:
            try:
                value = call()
            except BaseException as error:  # noqa: BLE001 - it belongs to whoever awaits it
                failure = error
                self.post(lambda: settle(lambda: future.set_exception(failure)))
            else:
                self.post(lambda: settle(lambda: future.set_result(value)))

        self._workers.submit(job)
        return await future

    def post(self, call: Callable[[], None]) -> None:
        """Run this in the GUI thread soon.  Any thread; order is kept; many calls cost one wake-up."""
        with self._lock:
            if self._closed:
                return
            self._posted.append(call)
            if self._rung:
                return
            self._rung = True
            self.loop.call_soon_threadsafe(self._run_posted)

    def _run_posted(self) -> None:
        with self._lock:
            self._rung = False
            calls = list(self._posted)
            self._posted.clear()
        for call in calls:
            try:
                call()
            except Exception as error:  # noqa: BLE001 - one bad call must not stop the others
                self.on_error("a wake-up", error)

    # --- life --------------------------------------------------------------------------------

    def run(self, main: Coroutine[Any, Any, _T]) -> _T:
        """Run the program's main coroutine until it returns."""
        return self.loop.run_until_complete(self.loop.create_task(main))

    def cancel_all(self) -> None:
        """Ask every task but the calling one to end."""
        current = asyncio.current_task(self.loop)
        for task in list(self._tasks):
            if task is not current:
                task.cancel()

    def close(self, *, wait: float = 0.3) -> bool:
        """No more wake-ups, threads ended; False when one hung and was left behind.

        A thread that hangs cannot keep the program: it is a daemon.
        """
        with self._lock:
            if self._closed:
                return True
            self._closed = True
            self._posted.clear()
        clean = self._workers.stop(time.monotonic() + wait)
        if not clean:
            _log.warning("a blocking call did not end in time and was left behind")
        if self._owns_loop:
            self.loop.close()
        return clean


def _log_error(name: str, error: BaseException) -> None:
    _log.error("%s failed", name, exc_info=error)
