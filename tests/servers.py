"""Hubbub as a real process, which the tests start, hurt and stop as a host would."""

import contextlib
import os
import pathlib
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Self

import httpx2

from tests import services

ROOT = pathlib.Path(__file__).resolve().parents[1]


class Server:
    """`python -m hubbub serve` with its own folder and port, in its own process group."""

    def __init__(
        self,
        home: pathlib.Path,
        *,
        workers: int = 1,
        database: str | None = None,
        broadcast: str | None = None,
        rate_limits: bool = False,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self.home = home
        self.worker_count = workers
        self.port = services.free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.settings = {
            "HUBBUB_DATA_DIR": str(home / "data"),
            "HUBBUB_RATE_LIMITS": "on" if rate_limits else "off",
            **({"HUBBUB_DATABASE_URL": database} if database else {}),
            **({"HUBBUB_BROADCAST_URL": broadcast} if broadcast else {}),
            **(settings or {}),
        }
        self._process: subprocess.Popen[bytes] | None = None
        self._log = home / "server.log"

    # -- life ---------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()
        if error is None:
            self.assert_calm()
        else:
            error.add_note("the end of the server's log:\n" + self._end_of_log())

    def start(self, *, within: float = 60.0) -> None:
        """Start and wait until every worker is there and the address is ready; else leave nothing
        that runs."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self.command(),
                cwd=self.home,
                env=self.environment(),
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        try:
            services.until(
                self._is_up, "the server is ready", within=within, explain=self._end_of_log
            )
        except BaseException:
            self.kill()
            raise

    def command(self) -> list[str]:
        """What a host would type."""
        options = ["--port", str(self.port), "--workers", str(self.worker_count)]
        return [sys.executable, "-m", "hubbub", "serve", *options]

    def environment(self) -> dict[str, str]:
        """The environment of the tests without any setting of Hubbub's but ours."""
        foreign = ("HUBBUB_", "DATABASE_URL", "REDIS_URL", "BROADCAST_URL", "PORT", "WEB_CONC")
        kept = {name: v for name, v in os.environ.items() if not name.startswith(foreign)}
        return {**kept, "PYTHONPATH": str(ROOT / "src"), "PYTHONUNBUFFERED": "1", **self.settings}

    def is_ready(self) -> bool:
        """Does `/readyz` say yes?"""
        try:
            answer = httpx2.get(f"{self.url}/readyz", timeout=5, trust_env=False)
        except httpx2.HTTPError:
            return False
        return answer.status_code == 200

    def _is_up(self) -> bool:
        if self._process is not None and self._process.poll() is not None:
            raise AssertionError(f"the server ended at start:\n{self.log()[-3000:]}")
        return len(self.workers()) >= self.worker_count and self.is_ready()

    @property
    def pid(self) -> int:
        """The process that was started: the only one, or the master of the workers."""
        assert self._process is not None, "the server has not been started"
        return self._process.pid

    def workers(self) -> list[int]:
        """The processes that answer requests: the only one, or the master's workers."""
        if self.worker_count == 1:
            return [self.pid]
        return [pid for pid in children(self.pid) if b"spawn_main" in command_line(pid)]

    def kill_worker(self, place: int = 0) -> int:
        """`kill -9` one worker and say which; the master puts another in its place."""
        everyone = services.until(self._all_workers, "all workers are there")
        victim = everyone[place]
        os.kill(victim, signal.SIGKILL)
        return victim

    def _all_workers(self) -> list[int]:
        found = self.workers()
        return found if len(found) == self.worker_count else []

    def hang_up(self) -> None:
        """SIGHUP to the master: every worker is replaced, one after the other."""
        os.kill(self.pid, signal.SIGHUP)

    def terminate(self, *, within: float = 25.0) -> float:
        """SIGTERM, as a deploy does; the seconds until the last process was gone."""
        assert self._process is not None
        started = time.monotonic()
        os.kill(self.pid, signal.SIGTERM)
        self._process.wait(within)
        return time.monotonic() - started

    def kill(self) -> None:
        """`kill -9` the master and all its workers at once."""
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(10)

    def restart(self) -> None:
        """Kill whatever is left and start again on the same port and folder."""
        self.kill()
        self.start()

    # -- what it leaves behind ----------------------------------------------------------------

    def log(self) -> str:
        """Everything the server has printed, over all its starts."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def _end_of_log(self) -> str:
        return self.log()[-3000:]

    def assert_calm(self) -> None:
        """Nothing that happened so far may have been logged as a crash."""
        log = self.log()
        place = log.find("Traceback (most recent call last)")
        assert place < 0, f"the log holds a traceback:\n{log[max(0, place - 600) : place + 4000]}"

    @property
    def database_file(self) -> pathlib.Path:
        """The SQLite file, when there is one."""
        return self.home / "data" / "hubbub.db"

    def descriptors(self) -> int:
        """Open descriptors of all processes that answer requests."""
        return sum(1 for pid in self.workers() for _ in pathlib.Path(f"/proc/{pid}/fd").iterdir())

    def memory(self) -> int:
        """Resident bytes of all processes that answer requests."""
        pages = (
            int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in self.workers()
        )
        return sum(pages) * resource.getpagesize()

    def limit_file_size(self, size: int) -> None:
        """Let no process of the server write beyond `size` in any file: its disk is full."""
        for pid in self.workers():
            _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, hard))

    def lift_file_size(self) -> None:
        """There is room on the disk again."""
        self.limit_file_size(resource.RLIM_INFINITY)


def children(pid: int) -> list[int]:
    """The direct child processes of a process, oldest first."""
    found: list[int] = []
    for task in _tasks(pid):
        try:
            found += [int(child) for child in (task / "children").read_text().split()]
        except OSError:
            continue
    return sorted(found)


def _tasks(pid: int) -> Iterator[pathlib.Path]:
    try:
        yield from pathlib.Path(f"/proc/{pid}/task").iterdir()
    except OSError:
        return


def command_line(pid: int) -> bytes:
    """How a process was started; empty when it is gone."""
    try:
        return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
