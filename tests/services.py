"""Redis and PostgreSQL as real processes, which tests start, stop, kill, pause and restart."""

import contextlib
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable
from types import TracebackType
from typing import Self, TypeVar

READY_SECONDS = 30
T = TypeVar("T")


def free_port() -> int:
    """A port nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(
    condition: Callable[[], T],
    what: str,
    *,
    within: float = 20.0,
    explain: Callable[[], str] = str,
) -> T:
    """Wait for a condition of a synchronous test; its value once it holds.

    `explain` says, after `within` seconds in vain, what may be the reason.
    """
    deadline = time.monotonic() + within
    while not (value := condition()):
        assert time.monotonic() < deadline, f"not within {within:g} s: {what}\n{explain()}"
        time.sleep(0.02)
    return value


class Service:
    """A server of our own on a free port, with its files in a temporary folder."""

    user: str | None = None

    def __init__(self) -> None:
        self.port = free_port()
        self.folder = pathlib.Path(
            tempfile.mkdtemp(prefix=f"hubbub-{type(self).__name__.lower()}-")
        )
        self._process: subprocess.Popen[bytes] | None = None
        if self.user:
            shutil.chown(self.folder, self.user, self.user)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def command(self) -> list[str]:
        raise NotImplementedError

    def answers(self) -> bool:
        raise NotImplementedError

    def start(self) -> None:
        """Starts it and waits until it answers."""
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                self.command(),
                stdout=log,
                stderr=log,
                cwd=self.folder,
                start_new_session=True,
                **self.identity(),
            )
        what = f"{type(self).__name__} answers on port {self.port}"
        until(self.answers, what, within=READY_SECONDS, explain=self.log)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Ends it in an orderly way; a paused one too."""
        if self._process is None:
            return
        self.resume()
        self._process.send_signal(how)
        self._process.wait(READY_SECONDS)
        self._process = None

    def kill(self) -> None:
        """Ends it and its children at once, as a crash does."""
        if self._process is None:
            return
        for pid in self.pids():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait(READY_SECONDS)
        self._process = None

    def restart(self) -> None:
        self.stop()
        self.start()

    def pause(self) -> None:
        """Stops it in its tracks: connections stay open and nothing answers."""
        for pid in self.pids():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)

    def resume(self) -> None:
        for pid in self.pids():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    def close(self) -> None:
        """Ends it for good and removes its files."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def pids(self) -> list[int]:
        """The process and its children."""
        if self._process is None:
            return []
        pid = self._process.pid
        children = pathlib.Path(f"/proc/{pid}/task/{pid}/children")
        with contextlib.suppress(OSError):
            return [pid, *map(int, children.read_text().split())]
        return [pid]

    def log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")[-2000:]

    def identity(self) -> dict[str, object]:
        return {"user": self.user, "group": self.user, "extra_groups": []} if self.user else {}


class Redis(Service):
    """A Redis that keeps nothing on disk."""

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def command(self) -> list[str]:
        options = f"--bind 127.0.0.1 --port {self.port} --appendonly no".split()
        return ["redis-server", *options, "--save", "", "--dir", str(self.folder)]

    def answers(self) -> bool:
        with contextlib.suppress(OSError):
            return self.call("PING") == b"+PONG"
        return False

    def call(self, *words: str) -> bytes:
        """Runs one command and returns the first line of the answer as it comes."""
        request = f"*{len(words)}\r\n" + "".join(
            f"${len(word.encode())}\r\n{word}\r\n" for word in words
        )
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
            connection.sendall(request.encode())
            return connection.makefile("rb").readline().strip()

    def drop_clients(self) -> None:
        """Ends every connection but the one it is said on."""
        for kind in ("normal", "pubsub"):
            self.call("CLIENT", "KILL", "TYPE", kind)


class Postgres(Service):
    """A PostgreSQL cluster; what a crash of the machine would lose is not at stake, so no fsync."""

    # PostgreSQL refuses to run as root.
    user = "postgres" if os.geteuid() == 0 else None

    def __init__(self) -> None:
        super().__init__()
        self.binaries = max(pathlib.Path("/usr/lib/postgresql").glob("*/bin"))
        self._data = self.folder / "data"
        options = "--auth=trust --username=postgres --encoding=UTF8 --locale=C --no-sync"
        self._run("initdb", *options.split(), "--pgdata", str(self._data))

    @property
    def url(self) -> str:
        return self.url_of("postgres")

    def url_of(self, name: str) -> str:
        return f"postgresql+asyncpg://postgres@127.0.0.1:{self.port}/{name}"

    def new_database(self, template: str = "template0") -> str:
        """The address of a new database: empty, or a copy of the one named."""
        name = f"hubbub_{uuid.uuid4().hex[:12]}"
        self.sql(f'CREATE DATABASE {name} TEMPLATE "{template}"')
        return self.url_of(name)

    def sql(self, statement: str, database: str = "postgres") -> str:
        """Runs a statement with psql; what it prints, without headings."""
        place = ["-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", "-d", database]
        return self._run("psql", *place, "-X", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", statement)

    def drop_clients(self) -> None:
        """Ends every connection but the one it is said on."""
        self.sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Ends it as an operator in a hurry does: open transactions are rolled back."""
        super().stop(how)

    def command(self) -> list[str]:
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "fsync": "off",
            "full_page_writes": "off",
            "max_connections": "200",
        }
        pairs = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return [str(self.binaries / "postgres"), "-D", str(self._data), *pairs]

    def answers(self) -> bool:
        place = ["-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", "-t", "1"]
        ready = [str(self.binaries / "pg_isready"), *place]
        return subprocess.run(ready, capture_output=True, check=False).returncode == 0

    def _run(self, program: str, *arguments: str) -> str:
        done = subprocess.run(
            [str(self.binaries / program), *arguments],
            capture_output=True,
            text=True,
            cwd=self.folder,
            check=False,
            **self.identity(),  # type: ignore[call-overload]
        )
        assert done.returncode == 0, done.stderr
        return str(done.stdout).strip()
