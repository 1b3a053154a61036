"""The wheel, on a machine that has nothing else: an empty environment, an empty folder."""

import os
import pathlib
import re
import subprocess
import sys
import urllib.request
import zipfile
from collections.abc import Iterator

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]


def environment(**settings: str) -> dict[str, str]:
    """Without a trace of the checkout, and without settings."""
    foreign = ("HUBBUB_", "DATABASE_URL", "REDIS_URL", "PORT", "PYTHON", "VIRTUAL_ENV")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return kept | settings


def run(*words: str | pathlib.Path, folder: pathlib.Path) -> str:
    done = subprocess.run(
        words,
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """Built from the source archive, so that the archive is complete too."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--outdir", folder, ROOT, folder=folder)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def command(wheel: pathlib.Path, tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """The command `hubbub` in an environment with nothing but the wheel and what it asks for."""
    folder = tmp_path_factory.mktemp("empty")
    run(sys.executable, "-m", "venv", "--without-pip", folder / "venv", folder=folder)
    python = folder / "venv" / "bin" / "python"
    run(sys.executable, "-m", "pip", "-qq", "--python", python, "install", wheel, folder=folder)
    return folder / "venv" / "bin" / "hubbub"


@pytest.fixture
def address(command: pathlib.Path, tmp_path: pathlib.Path) -> Iterator[str]:
    with subprocess.Popen(
        [command, "serve", "--port", "0"],
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        yield process.stdout.readline().split()[-1]
        process.kill()


def fetch(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as answer:
        assert answer.status == 200
        return str(answer.read().decode())


def test_it_holds_every_template_static_file_migration_and_licence(wheel: pathlib.Path) -> None:
    held = set(zipfile.ZipFile(wheel).namelist())
    for folder in ("templates", "static", "migrations"):
        for path in (ROOT / folder).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                assert f"hubbub/resources/{path.relative_to(ROOT)}" in held
    assert {"hubbub/data/common-passwords.txt.gz", "hubbub/data/emoji.txt.gz"} <= held
    assert "hubbub/py.typed" in held
    assert sum("/licenses/" in name for name in held) == 3
    assert not [name for name in held if name.startswith(("tests", "bench"))]


def test_its_commands_work_in_an_empty_folder(
    command: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    assert f"HUBBUB_DATA_DIR={tmp_path}/data\n" in run(command, "config", folder=tmp_path)
    assert run(command, "migrate", folder=tmp_path) == "The database is up to date.\n"
    assert (tmp_path / "data" / "hubbub.db").is_file()


def test_it_serves_pages_with_their_styles_and_scripts(address: str) -> None:
    fetch(f"{address}/readyz")
    page = fetch(f"{address}/login")
    files = set(re.findall(r'(?:href|src)="(/static/[^"]+)"', page))
    assert {name.rpartition(".")[2] for name in files} >= {"css", "js"}
    for name in files:
        assert fetch(address + name)
