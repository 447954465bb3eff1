"""Makes resources/screenshots/*.png: the real window, on a real X display, on real sockets.

    python tests/ui/screenshots.py [DIRECTORY]

Needs Xvfb and openbox.  Nothing is painted by hand: what is seen is what the program does.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent))


from racewatch.kinds.containers.state import Runtime  # noqa: E402 - after the path is set
from tests.containers.support import Machine  # noqa: E402 - after the path is set
from tests.ui.desktop import Desktop, missing, wait_for  # noqa: E402 - after the path is set
from tests.ui.lockers import Lockers, dead_pid  # noqa: E402 - after the path is set
from tests.ui.pictures import save_screen  # noqa: E402 - after the path is set
from tests.ui.sandbox import Sandbox  # noqa: E402 - after the path is set
from tests.ui.screenshots_empty import STATES, inside_empty  # noqa: E402 - after the path is set


def outside(target: Path) -> int:
    """Start the display and, in it, this script again."""
    if missing():
        print(f"needs {', '.join(missing())}", file=sys.stderr)
        return 2
    target.mkdir(parents=True, exist_ok=True)
    with Desktop("1440x900") as desktop:
        wait_for(lambda: desktop.xdotool("getdisplaygeometry"), "the display")
        for theme in ("light", "dark"):
            with tempfile.TemporaryDirectory(prefix="rw-") as home:
                environment = {**desktop.environment, "XDG_CONFIG_HOME": home, "HOME": home}
                for state in ("", *STATES):
                    subprocess.run(
                        [sys.executable, __file__, "--inside", theme, str(target), state],
                        env=environment,
                        check=True,
                        timeout=120,
                    )
    return 0


DEAD = (
    b"redis/redis.sock",
    b"gunicorn/gunicorn.sock",
    b"php/php8.2-fpm.sock",
    b"tmux-1000/default",
    b"<b>not bold</b> & \xe2\x80\xaeesrever.sock",
)

CONTAINERS = (
    ("running", "website"),
    ("running", "database"),
    ("paused", "batch-job"),
    ("created", "migration"),
    ("stopped", "old-build"),
    ("stopped", "nightly-test"),
)

SERVER = """
import os, socket, sys, time
kept = []
for word in sys.argv[1:]:
    kind, path = word.split(":", 1)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    one = socket.socket(socket.AF_UNIX, getattr(socket, "SOCK_" + kind))
    one.bind(path + ".new")
    if kind != "DGRAM":
        one.listen(1 if "hung" in path else 128)
    os.rename(path + ".new", path)
    kept.append(one)
    for _ in range(4 if "hung" in path else 0):
        client = socket.socket(socket.AF_UNIX)
        client.setblocking(False)
        client.connect_ex(path)
        kept.append(client)
print("ready", flush=True)
time.sleep(600)
"""


class Servers:
    """Processes with well-known names that hold sockets."""

    def __init__(self, whole: Path) -> None:
        self._whole = whole
        self._processes: list[subprocess.Popen[str]] = []
        self._named: dict[str, subprocess.Popen[str]] = {}
        self._mounts: list[Path] = []
        (whole / "bin").mkdir()
        (whole / "serve.py").write_text(SERVER)

    def serve(self, name: str, *words: str) -> None:
        """A process of that name that holds these sockets (``STREAM:redis/redis.sock``)."""
        program = self._whole / "bin" / name
        if not program.exists():
            program.symlink_to(sys.executable)
        where = self._whole / "run"
        named = [f"{kind}:{where / path}" for kind, _, path in (word.partition(":") for word in words)]
        process = subprocess.Popen(
            [str(program), str(self._whole / "serve.py"), *named], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "ready"
        self._processes.append(process)
        self._named[name] = process

    def kill(self, name: str) -> None:
        """The process of that name that was started last dies; its sockets stay."""
        process = self._named.pop(name)
        self._processes.remove(process)
        process.kill()
        process.communicate()

    def mount_shared(self, place: Path) -> bool:
        """A FUSE mount, where nobody can tell whether a socket is in use; False where that is impossible."""
        source = self._whole / "elsewhere"
        source.mkdir()
        place.mkdir(parents=True)
        tool = shutil.which("bindfs")
        if tool is None or subprocess.run([tool, str(source), str(place)], check=False).returncode:
            return False
        self._mounts.append(place)
        return True

    def close(self) -> None:
        for process in self._processes:
            process.kill()
            process.communicate()
        for place in self._mounts:
            subprocess.run(["umount", str(place)], check=True)


def inside(theme: str, target: Path) -> None:
    """In the display: one window, several states."""
    from PySide6.QtCore import Qt, QTimer
    from PySide6.QtTest import QTest
    from PySide6.QtWidgets import QApplication, QLineEdit, QScrollArea

    from racewatch.config import config_path, load
    from racewatch.config_edit import edit, with_settings
    from racewatch.core.model import KindName, Target, Verdict
    from racewatch.ui import app
    from racewatch.ui.actions import Act
    from racewatch.ui.holder import HolderDialog
    from racewatch.ui.remedy import RemedyDialog
    from racewatch.ui.review import ReviewDialog
    from racewatch.ui.sheet import ShortcutSheet
    from racewatch.ui.sidebar import Page
    from racewatch.ui.window import MainWindow
    from racewatch.verbs import Racewatch

    whole = Path("/tmp/demo")
    whole.mkdir()  # on purpose not a random name: it is read in the pictures
    try:
        folder = whole / "run"
        folder.mkdir()
        sandbox = Sandbox(os.fsencode(folder))
        for name in DEAD:
            sandbox.dead(name)
        servers = Servers(whole)
        servers.serve("postgres", "STREAM:postgresql/.s.PGSQL.5432")
        servers.serve("dockerd", "STREAM:docker.sock", "STREAM:docker/metrics.sock")
        servers.serve("systemd-journald", "DGRAM:systemd/journal/dev-log", "DGRAM:systemd/notify")
        servers.serve("uwsgi", "STREAM:uwsgi/hung-worker.sock")
        servers.serve("udevd", "SEQPACKET:udev/control")
        lockers = Lockers(folder, whole / "bin")
        lockers.hold("backupd", "flock:backup/nightly.lock")
        lockers.hold("spoolerd", "posix:spool/queue.lock", "flock:spool/printer.lock")
        lockers.git("src/website")
        lockers.git("src/tools")
        lockers.mercurial("src/legacy")
        lockers.write("app/gunicorn.pid", f"{dead_pid()}\n")
        lockers.write("app/celery.pid", f"{dead_pid()}\n")
        asked = folder / "src/website/README"
        asked.write_text("read")
        reader = subprocess.Popen(["tail", "-f", str(asked)], stdout=subprocess.DEVNULL)
        roots = [folder]
        if servers.mount_shared(whole / "shared"):
            Sandbox(os.fsencode(whole / "shared")).dead(b"agent.sock")
            roots.append(whole / "shared")
        machine = Machine(Runtime.RUNC, whole)
        for state, called in CONTAINERS:
            machine.make(state, called)
        (machine.root / "half-made").mkdir()
        # As a file: it is in force anew as soon as something is set in the window.
        settings = {
            "roots": [str(root) for root in roots],
            "containers.state_roots": [
                f"{machine.state_root.runtime}:{os.fsdecode(machine.state_root.path)}"
            ],
            "theme": theme,
        }
        edit(config_path(), lambda _: with_settings("", settings))
        config = replace(load()[0], only_named=True)  # the pictures show nothing else of this machine
        racewatch = Racewatch(config, state=os.fsencode(whole / "journal"))

        def grab(name: str) -> None:
            save_screen(target / f"{name}-{theme}.png", theme)

        async def until(check: object, seconds: float = 8.0) -> None:
            assert callable(check)
            for _ in range(int(seconds / 0.05)):
                if check():
                    return
                await asyncio.sleep(0.05)
            raise AssertionError("the window did not come that far")

        async def flap() -> None:
            """A worker that starts and dies again and again, one that is started anew, a lock that is tried."""
            for turn in range(10):
                servers.serve("worker", "STREAM:worker/job-1.sock")
                if turn in (2, 6):
                    servers.serve("mailer", "STREAM:mail/queue.sock")
                (folder / "app/deploy.pid").write_text(f"{os.getpid()}\n")
                await asyncio.sleep(0.5 + 0.3 * (turn % 3))
                servers.kill("worker")
                if turn in (4, 8):
                    servers.kill("mailer")
                (folder / "app/deploy.pid").unlink()
                await asyncio.sleep(1.2 - 0.3 * (turn % 2))

        async def review(window: MainWindow) -> None:
            """Everything at once: one comes alive while it is asked, one between the press and its turn."""
            window.actions_table[Act.CLEAN_UP].trigger()
            dialog = window.actor.dialog
            assert isinstance(dialog, ReviewDialog)
            await until(dialog.remove.isEnabled)
            await asyncio.sleep(0.4)
            grab("review")
            servers.serve("gunicorn", "STREAM:gunicorn/gunicorn.sock")
            await until(lambda: any(step.doubt is not None for step in dialog.plan.steps))
            await asyncio.sleep(2.2)
            await until(dialog.remove.isEnabled)
            grab("review-changed")
            servers.serve("php-fpm", "STREAM:php/php8.2-fpm.sock")
            dialog.remove.click()
            await until(dialog.undo.isVisible)
            await asyncio.sleep(0.4)
            grab("review-results")
            dialog.undo.click()
            await until(dialog.undo.isHidden)
            dialog.reject()
            await until(lambda: not window.actor.busy)
            for name in ("gunicorn", "php-fpm"):
                servers.kill(name)
            for strip in window.strips.strips():
                strip.dismiss()
            await until(lambda: window.sockets.model.counts[Verdict.STALE] >= len(DEAD))

        async def later(window: MainWindow, choose: Callable[[bytes], None]) -> None:
            """Armed, protected, and looked at only."""
            for name, server in ((b".s.PGSQL.5432", ""), (b"udev/control", "udevd")):
                choose(name)
                window.actions_table[Act.ARM_DEATH].trigger()
                question = window.arming.dialog
                assert question is not None
                await until(question.arm.isEnabled)
                if not server:
                    grab("arm")
                question.arm.click()
                await asyncio.sleep(0.4)
                if server:
                    servers.kill(server)
            await asyncio.sleep(1.2)
            grab("armed")
            window.arming.disarm_all("")
            choose(b"default")
            window.actions_table[Act.PROTECT].trigger()
            protect = window.protecting.dialog
            assert protect is not None
            protect.reason.setText("Anna's session: ask her first")
            await asyncio.sleep(0.6)
            grab("protect")
            protect.protect.click()
            await asyncio.sleep(0.6)
            window.actions_table[Act.OBSERVE].trigger()
            await asyncio.sleep(0.6)
            grab("observing")
            window.actions_table[Act.OBSERVE].trigger()
            again = window.observing.dialog
            assert again is not None
            await until(again.allow.isEnabled)
            grab("act-again")
            again.allow.click()
            await until(lambda: not racewatch.observing)
            for strip in window.strips.strips():
                strip.dismiss()

        async def drive(window: MainWindow) -> None:
            view, actor = window.sockets, window.actor

            def choose(name: bytes) -> None:
                for row in range(view.model.rowCount()):
                    found = view.model.row_at(row)
                    assert found is not None
                    if (found.observation.path or b"").endswith(name):
                        view.table.choose(found.observation.target)
                        return
                raise AssertionError(name)

            window.sidebar.choose(Page.SOCKETS)
            await until(lambda: view.model.total >= len(DEAD) + 7)
            await flap()
            await asyncio.sleep(3.0)
            window.sidebar.choose(Page.ALL)
            whole_view = window.all
            whole_view.filters.ask("kind:socket -verdict:stale owner:docker")
            window.finding.filters.saved.save("Docker's sockets", whole_view.filters.text)
            window.finding.filters.saved.save("Old locks", "kind:lock age>1h")
            whole_view.filters.reset()
            whole_view.table.choose(machine.target("website"))
            whole_view.table.setFocus()
            await asyncio.sleep(0.4)
            grab("all")
            window.sidebar.choose_filter("Needs attention")
            whole_view.choose(Target(KindName.SOCKET, os.fsencode(folder / "uwsgi/hung-worker.sock")))
            whole_view.table.setFocus()
            await asyncio.sleep(0.4)
            grab("attention")
            search = whole_view.filters.search
            search.setFocus()
            search.clear()
            QTest.keyClicks(search, "colour:red verdict:un -v")
            await asyncio.sleep(0.4)
            grab("filter")
            whole_view.filters.completer.popup.hide()
            window.finding.look_up.ask(f"error: '{asked}' is busy")
            await until(lambda: "No row" in whole_view.empty.title.text())
            await asyncio.sleep(0.4)
            grab("what-holds")
            window.finding.filters.saved.delete("Docker's sockets")
            window.finding.filters.saved.delete("Old locks")
            window.sidebar.choose(Page.SOCKETS)
            choose(b"redis.sock")
            view.table.setFocus()
            await asyncio.sleep(0.4)
            grab("sockets")
            choose(b"worker/job-1.sock")
            await asyncio.sleep(0.4)
            grab("timeline")
            window.sidebar.choose(Page.OVERVIEW)
            window.overview.flapping.setFocus(Qt.FocusReason.TabFocusReason)
            await asyncio.sleep(1.5)
            grab("overview")
            window.sidebar.choose(Page.SOCKETS)
            choose(b"redis.sock")
            window.wishes.remove()
            await until(lambda: actor.dialog is not None and actor.dialog.remove.isEnabled())
            grab("confirm")
            servers.serve("redis-server", "STREAM:redis/redis.sock")
            await until(lambda: actor.dialog is not None and not actor.dialog.plan.watched)
            await asyncio.sleep(2.2)
            grab("came-alive")
            assert actor.dialog is not None
            actor.dialog.reject()
            await until(lambda: actor.dialog is None)
            await review(window)
            for name in (b"gunicorn.sock", b"php8.2-fpm.sock"):
                choose(name)
                await asyncio.sleep(0.2)
                window.wishes.remove()
                dialog = actor.dialog
                assert dialog is not None
                await until(dialog.remove.isEnabled)
                dialog.remove.click()
                await until(lambda: not actor.busy)
                if name == b"gunicorn.sock":
                    await asyncio.sleep(0.5)
                    grab("removed")
            window._undo_last()
            await until(lambda: not actor.busy)
            await asyncio.sleep(0.6)
            window.sidebar.choose(Page.HISTORY)
            await until(lambda: window.history.model.rowCount() >= 3)
            window.history.table.selectRow(2)
            await asyncio.sleep(0.4)
            grab("history")
            window.sidebar.choose(Page.SOCKETS)
            view.filters.search.setText("nothing like this")
            await asyncio.sleep(0.4)
            grab("nothing-matches")
            view.filters.reset()
            window.sidebar.choose(Page.LOCKS)
            locks = window.locks
            assert locks.filters.group is not None
            locks.filters.group.click()

            def choose_lock(name: bytes) -> None:
                for row in range(locks.model.rowCount()):
                    found = locks.model.row_at(row)
                    assert found is not None
                    if (found.observation.path or b"").endswith(name):
                        locks.table.choose(found.observation.target)
                        return
                raise AssertionError(name)

            await until(lambda: locks.model.total >= 7)
            choose_lock(b"website/.git/index.lock")
            locks.table.setFocus()
            await asyncio.sleep(0.4)
            grab("locks")
            window.wishes.remove()
            await until(lambda: actor.dialog is not None)
            await asyncio.sleep(0.9)
            grab("confirm-lock")
            assert actor.dialog is not None
            actor.dialog.reject()
            await until(lambda: actor.dialog is None)
            choose_lock(b".hg/store/lock")
            window.wishes.remove()
            await asyncio.sleep(0.6)
            grab("own-command")
            window.findChildren(RemedyDialog)[0].close()
            choose_lock(b"nightly.lock")
            await until(window.actions_table[Act.HOLDER].isEnabled)
            window.actions_table[Act.HOLDER].trigger()
            await asyncio.sleep(0.6)
            grab("holder")
            window.findChildren(HolderDialog)[0].close()
            choose_lock(b"nightly.lock")
            window._context_menu(window.mapToGlobal(window.rect().center()))
            await asyncio.sleep(0.4)
            grab("context-menu")
            popup = QApplication.activePopupWidget()
            assert popup is not None
            popup.close()

            def may_delete() -> bool:
                dialog = actor.dialog
                return dialog is not None and dialog.remove.isEnabled()

            window.sidebar.choose(Page.CONTAINERS)
            containers = window.containers
            await until(lambda: containers.model.total >= 5)
            containers.table.choose(machine.target("old-build"))
            containers.table.setFocus()
            await asyncio.sleep(0.4)
            grab("containers")
            window.wishes.remove()
            await until(may_delete)
            grab("confirm-container")
            assert actor.dialog is not None
            actor.dialog.reject()
            await until(lambda: actor.dialog is None)
            window.sidebar.choose(Page.SOCKETS)
            await later(window, choose)
            choose(b"hung-worker.sock")
            window.showNormal()
            window.resize(940, 800)
            window.move(40, 30)
            await asyncio.sleep(0.5)
            window.status.open_popup()
            await asyncio.sleep(0.8)
            grab("narrow")
            popup = QApplication.activePopupWidget()
            if popup is not None:
                popup.close()
            window.sidebar.choose(Page.OVERVIEW)
            await asyncio.sleep(0.6)
            grab("overview-narrow")
            window.actions_table[Act.KEYS].trigger()
            await asyncio.sleep(0.6)
            grab("shortcuts")
            window.findChildren(ShortcutSheet)[0].close()
            window.showMaximized()
            window.sidebar.choose(Page.SOCKETS)
            window.actions_table[Act.WELCOME].trigger()
            await asyncio.sleep(0.6)
            grab("welcome")
            assert window.help.welcome is not None
            window.help.welcome.close()
            window.actions_table[Act.ABOUT].trigger()
            about = window.help.about
            assert about is not None
            await until(about.copy.isEnabled)
            await asyncio.sleep(0.4)
            grab("about")
            about.close()
            window.actions_table[Act.SETTINGS].trigger()
            await until(lambda: window.live_settings.dialog is not None)
            settings = window.live_settings.dialog
            assert settings is not None
            days = settings.controls["max_entries"]
            assert isinstance(days, QLineEdit)
            days.setText("0")
            settings.rules.setRowCount(0)
            settings._add_rule("/run/postgresql/*", "ask the database team first")
            await asyncio.sleep(0.6)
            grab("settings")
            settings.findChildren(QScrollArea)[0].verticalScrollBar().setValue(9999)
            await asyncio.sleep(0.4)
            grab("settings-end")
            settings.reject()
            window.actions_table[Act.DRILL].trigger()
            page = window.help.drill
            assert page is not None
            page.folder.setText(str(whole))
            page.start.click()
            await until(lambda: not page.running, 90)
            await asyncio.sleep(0.4)
            grab("drill")
            page.close()

        task: asyncio.Task[None] | None = None

        def begin() -> None:
            window = next(one for one in QApplication.topLevelWidgets() if isinstance(one, MainWindow))
            window.showMaximized()

            async def whole_drive() -> None:
                try:
                    await drive(window)
                finally:
                    window.close_by_wish()

            nonlocal task
            task = window._bridge.spawn(whole_drive(), "screenshots")

        app._application()
        QTimer.singleShot(800, begin)
        try:
            app.run(racewatch)
            assert task is not None
            task.result()
        finally:
            racewatch.close()
            machine.close()
            lockers.close()
            sandbox.close()
            servers.close()
            reader.kill()
            reader.wait()
    finally:
        shutil.rmtree(whole)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--inside"]:
        if sys.argv[4]:
            inside_empty(sys.argv[2], Path(sys.argv[3]), sys.argv[4])
        else:
            inside(sys.argv[2], Path(sys.argv[3]))
    else:
        place = HERE.parent.parent / "resources" / "screenshots"
        sys.exit(outside(Path(sys.argv[1]) if sys.argv[1:] else place))
