"""The command, as someone types it: in an empty folder, in a process of its own."""

import contextlib
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

import hubbub
from tests import services

SOURCE = Path(hubbub.__file__).resolve().parents[1]
PASSWORD = "a long walk by the sea"


def environment(**settings: str) -> dict[str, str]:
    """The environment of the tests with no setting in it but these."""
    foreign = ("HUBBUB_", "DATABASE_URL", "REDIS_URL", "PORT")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return {**kept, "PYTHONPATH": str(SOURCE), **settings}


def hubbub_(
    folder: Path, *words: str, typed: str = "", **settings: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "hubbub", *words],
        cwd=folder,
        env=environment(**settings),
        input=typed,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A server on a port the platform chose by PORT."""
    process = subprocess.Popen(
        [sys.executable, "-m", "hubbub", "serve"],
        cwd=tmp_path,
        env=environment(PORT="0", HUBBUB_LOG_FORMAT="json"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        yield process
        process.kill()


def address(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line.startswith("Hubbub is at http://127.0.0.1:"), line
    return line.split()[-1]


def test_it_says_its_version(tmp_path: Path) -> None:
    answer = hubbub_(tmp_path, "--version")
    assert (answer.returncode, answer.stdout) == (0, f"hubbub {hubbub.__version__}\n")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "words", [(), ("serve",), ("migrate",), ("create-admin",), ("createsuperuser",), ("config",)]
)
def test_every_command_explains_itself_and_touches_nothing(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    answer = hubbub_(tmp_path, *words, "--help")
    assert answer.returncode == 0
    assert "Usage:" in answer.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "settings", "said"),
    [
        (["sreve"], {}, "No such command"),
        (["serve", "--port", "http"], {}, "Invalid value for '--port'"),
        (["serve", "--port", "70000"], {}, "65535"),
        (["serve"], {"HUBBUB_PORT": "http"}, "HUBBUB_PORT should be a number"),
        (["serve", "--workers", "2"], {}, "HUBBUB_BROADCAST_URL should be redis://"),
        (["serve", "--host", "192.0.2.1"], {}, "cannot be listened on"),
        (["migrate"], {"HUBBUB_DATABASE_URL": "mysql://x"}, "HUBBUB_DATABASE_URL should be"),
        (["config"], {"HUBBUB_SECRET_KEY": "short"}, "HUBBUB_SECRET_KEY should be"),
    ],
)
def test_a_mistake_is_answered_with_a_sentence_and_exit_code_2(
    tmp_path: Path, words: list[str], settings: dict[str, str], said: str
) -> None:
    answer = hubbub_(tmp_path, *words, **settings)
    assert answer.returncode == 2
    assert said in answer.stderr
    assert "Traceback" not in answer.stderr


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        answer = hubbub_(tmp_path, "serve", "--port", str(port))
    assert answer.returncode == 2
    assert f"127.0.0.1, port {port}, cannot be listened on: address already in use" in answer.stderr


def test_config_shows_what_is_in_force_and_hides_secrets(tmp_path: Path) -> None:
    answer = hubbub_(
        tmp_path, "config", HUBBUB_DATABASE_URL="postgres://ada:hunter2@db/chat", HUBBUB_PROT="1"
    )
    secret = (tmp_path / "data" / "secret-key").read_text().strip()
    assert "HUBBUB_DATABASE_URL=postgresql+asyncpg://ada:…@db/chat\n" in answer.stdout
    assert "HUBBUB_SECRET_KEY=(hidden)\n" in answer.stdout
    assert "HUBBUB_PROT is not a setting of Hubbub. Did you mean HUBBUB_PORT?" in answer.stderr
    assert "hunter2" not in answer.stdout + answer.stderr
    assert secret not in answer.stdout + answer.stderr


def test_migrating_twice_is_migrating_once(tmp_path: Path) -> None:
    for _ in range(2):
        answer = hubbub_(tmp_path, "migrate")
        assert (answer.returncode, answer.stdout) == (0, "The database is up to date.\n")
    assert (tmp_path / "data" / "hubbub.db").is_file()


def test_a_database_that_does_not_answer_is_a_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    answer = hubbub_(
        tmp_path, "migrate", HUBBUB_DATABASE_URL=f"postgres://ada@127.0.0.1:{port}/chat"
    )
    assert answer.returncode == 1
    assert answer.stderr == "hubbub: The database does not answer.\n"


def test_an_administrator_is_made_by_either_name_of_the_command(tmp_path: Path) -> None:
    for command, username in [("create-admin", "ada"), ("createsuperuser", "grace")]:
        answer = hubbub_(tmp_path, command, username, "--password-stdin", typed=f"{PASSWORD}\n")
        assert answer.stderr == ""
        assert answer.stdout == f"{username} can log in now and administers this site.\n"


def test_a_link_for_a_new_password_is_printed_for_who_can_log_in(tmp_path: Path) -> None:
    hubbub_(tmp_path, "create-admin", "ada", "--password-stdin", typed=f"{PASSWORD}\n")
    answer = hubbub_(tmp_path, "password-link", "Ada", HUBBUB_PUBLIC_URL="https://chat.example.org")
    assert answer.stderr == ""
    assert answer.stdout.startswith("https://chat.example.org/password/")
    token = answer.stdout.strip().rpartition("/")[2]
    assert len(token) >= 43
    with contextlib.closing(sqlite3.connect(tmp_path / "data" / "hubbub.db")) as db:
        [(kind, person_id)] = db.execute("SELECT kind, person_id FROM tokens").fetchall()
        assert (kind, person_id) == ("password", 1)
        assert token not in "".join(db.iterdump())
        db.execute("UPDATE people SET disabled_at = 1")
        db.commit()
    for username in ("ada", "nobody"):
        refused = hubbub_(tmp_path, "password-link", username)
        assert (refused.returncode, refused.stdout) == (1, "")
        assert refused.stderr == f"hubbub: Nobody called {username} could log in here.\n"


def test_an_administrators_name_and_password_follow_the_rules(tmp_path: Path) -> None:
    hubbub_(tmp_path, "create-admin", "ada", "--password-stdin", typed=f"{PASSWORD}\n")
    for username, password, said in [
        ("Ada", PASSWORD, "taken"),
        ("grace", "password1", "Many people use this password"),
        ("grace", "", "at least 8"),
        ("not a name", PASSWORD, "A username has"),
    ]:
        answer = hubbub_(
            tmp_path, "create-admin", username, "--password-stdin", typed=f"{password}\n"
        )
        assert answer.returncode == 1
        assert said in answer.stderr
        assert "Traceback" not in answer.stderr
        assert PASSWORD not in answer.stderr


def test_the_server_says_where_it_is_answers_there_and_stops_when_told(
    serving: subprocess.Popen[str],
) -> None:
    url = address(serving)
    for door in ("readyz", "login?next=%2Fr%2Fthe-key-of-a-room"):
        with urllib.request.urlopen(f"{url}/{door}", timeout=10) as answer:
            assert answer.status == 200
    serving.send_signal(signal.SIGTERM)
    _, log = serving.communicate(timeout=25)
    assert serving.returncode in {0, -signal.SIGTERM}
    assert '"route": "accounts:login"' in log
    assert "the-key-of-a-room" not in log
    assert "Traceback" not in log


def test_a_new_site_is_set_up_by_the_address_that_is_printed_once(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hubbub", "serve"]
    for text, drawn in (("text", True), ("json", False)):
        with subprocess.Popen(
            command,
            cwd=tmp_path,
            env=environment(PORT="0", HUBBUB_LOG_FORMAT=text),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            url = address(process)
            assert process.stdout is not None
            assert process.stdout.readline().startswith("Nobody administers it yet.")
            printed = process.stdout.readline().strip()
            assert printed.startswith(f"{url}/setup/")
            with urllib.request.urlopen(printed, timeout=10) as answer:
                assert "Set up this site" in answer.read().decode()
            process.send_signal(signal.SIGTERM)
            rest, log = process.communicate(timeout=25)
        assert ("█" in rest) == drawn
        assert printed.rpartition("/")[2] not in log


def test_the_environment_makes_the_first_administrator_and_no_second(tmp_path: Path) -> None:
    for username in ("ada", "grace"):
        settings = environment(
            PORT="0", HUBBUB_ADMIN_USERNAME=username, HUBBUB_ADMIN_PASSWORD=PASSWORD
        )
        with subprocess.Popen(
            [sys.executable, "-m", "hubbub", "serve"],
            cwd=tmp_path,
            env=settings,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            address(process)
            process.send_signal(signal.SIGTERM)
            rest, log = process.communicate(timeout=25)
        assert "/setup/" not in rest
        assert PASSWORD not in rest + log
    with contextlib.closing(sqlite3.connect(tmp_path / "data" / "hubbub.db")) as db:
        assert db.execute("SELECT username, is_admin FROM people").fetchall() == [("ada", 1)]


def test_workers_log_like_the_process_that_started_them(
    tmp_path: Path, redis: services.Redis
) -> None:
    settings = environment(
        HUBBUB_BROADCAST_URL=redis.url, HUBBUB_LOG_FORMAT="json", HUBBUB_UNKNOWN="1"
    )
    with subprocess.Popen(
        [sys.executable, "-m", "hubbub", "serve", "--port", "0", "--workers", "2"],
        cwd=tmp_path,
        env=settings,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        with urllib.request.urlopen(f"{address(process)}/login", timeout=20) as answer:
            assert answer.status == 200
        process.send_signal(signal.SIGTERM)
        said, log = process.communicate(timeout=30)
    assert said.count("/setup/") == 1, "each worker by itself would print another"
    lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    assert "accounts:login" in {line.get("route") for line in lines}
    assert "Traceback" not in log
