"""The house keeps its own rules: what a reader relies on without looking."""

import base64
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys

import jinja2
import jinja2.meta
import pytest
from jinja2 import nodes
from starlette.routing import Route, WebSocketRoute

import hubbub
from hubbub import cli, config, environment, places
from hubbub.web import routes, templating

ROOT = pathlib.Path(__file__).resolve().parents[1]
SOURCES = sorted((ROOT / "src").rglob("*.py"))
TEMPLATES = sorted(places.templates().rglob("*.html"))
PARTIALS = [path for path in TEMPLATES if path.name.startswith("_")]

NEEDS = re.compile(r"\{#- needs:([a-z_ ]*)-#\}\n")
NAME = re.compile(r"[\"']([a-z]+:[a-z-]+)[\"']")

# Doors nobody follows a link to …
FOR_MACHINES = {"/healthz", "/readyz", "/robots.txt", "/favicon.ico"}
# … and those every message has its own address below: put together from the room's, which is given.
OF_MESSAGES = {"/r/{key}/messages", "/r/{key}/{number}", "/r/{key}/{number}/menu"}


def label(path: pathlib.Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> config.Config:
    return config.from_environment({"HUBBUB_DATA_DIR": str(tmp_path_factory.mktemp("house"))})


@pytest.fixture(scope="module")
def doors(settings: config.Config) -> dict[str, str]:
    """The path behind each name."""
    found = {}
    for door in routes.routes(settings):
        assert isinstance(door, Route | WebSocketRoute)
        found[door.name] = door.path
    return found


@pytest.fixture(scope="module")
def pages(settings: config.Config) -> jinja2.Environment:
    return templating.Templates(settings, routes.routes(settings))._environment


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


# -- templates ---------------------------------------------------------------------------------


def declared(path: pathlib.Path) -> set[str]:
    found = NEEDS.match(path.read_text())
    assert found, f"{label(path)} should say what it needs in its first line"
    return set(found[1].split()) - {"nothing"}


def taken(pages: jinja2.Environment, path: pathlib.Path) -> set[str]:
    """The names a partial takes from whoever shows it, its own partials' needs included."""
    tree = pages.parse(path.read_text())
    made = {name.name for name in tree.find_all(nodes.Name) if name.ctx in {"store", "param"}}
    inner: set[str] = set()
    for include in tree.find_all(nodes.Include):
        assert isinstance(include.template, nodes.Const), f"{label(path)} hides what it includes"
        inner |= declared(places.templates() / include.template.value)
    undeclared = jinja2.meta.find_undeclared_variables(tree)
    return (undeclared | (inner - made)) - set(pages.globals)


@pytest.mark.parametrize("path", PARTIALS, ids=label)
def test_a_partial_needs_what_its_first_line_says_and_nothing_else(
    pages: jinja2.Environment, path: pathlib.Path
) -> None:
    assert declared(path) == taken(pages, path)


@pytest.mark.parametrize("path", TEMPLATES, ids=label)
def test_a_template_types_no_path_no_style_and_no_script(path: pathlib.Path) -> None:
    text = re.sub(r"\{#.*?#\}|\{%.*?%\}", "", path.read_text(), flags=re.DOTALL)
    assert not re.findall(r"(?:href|action|src|hx-(?:get|post)|ws:connect)=[\"']/", text)
    assert not re.findall(r"\s(?:style|on[a-z]+)=", text)
    assert not re.findall(r"<style\b|<script\b(?![^>]*\bsrc=)", text)
    assert not re.findall(r"\|\s*safe\b|autoescape", text)


def test_only_one_module_makes_html_that_is_not_escaped_again() -> None:
    makers = [label(path) for path in SOURCES if re.search(r"\bMarkup\(", path.read_text())]
    assert makers == ["src/hubbub/markup/prose.py"]


# -- doors -------------------------------------------------------------------------------------


def test_every_door_is_reached_by_its_name(doors: dict[str, str]) -> None:
    """A form posts to the path of the page it stands on, so one name of a path is enough."""
    others = [path for path in SOURCES if path.name != "routes.py"]
    used = {name for path in [*TEMPLATES, *others] for name in NAME.findall(path.read_text())}
    reached = {path for name, path in doors.items() if name in used}
    assert set(doors.values()) - reached - FOR_MACHINES - OF_MESSAGES == set()


def test_templates_name_only_doors_that_exist(doors: dict[str, str]) -> None:
    for path in TEMPLATES:
        called = re.findall(r"(?:path|absolute)_for\(\s*[\"']([^\"']+)", path.read_text())
        assert set(called) <= set(doors), label(path)


# -- documents ---------------------------------------------------------------------------------


def test_every_setting_is_documented_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text()
    documented = set(re.findall(r"^\| `(HUBBUB_[A-Z_]+)`", readme, flags=re.MULTILINE))
    assert documented == set(environment.SETTINGS)
    for fallback in environment.FALLBACKS.values():
        assert f"`{fallback}`" in readme


def test_every_command_is_documented_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text()
    for command in cli.app.registered_commands:
        assert command.callback is not None
        assert f"hubbub {command.name or command.callback.__name__}" in readme


def test_links_in_the_documents_lead_somewhere() -> None:
    for document in ROOT.glob("*.md"):
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", document.read_text()):
            assert (ROOT / target).exists(), f"{document.name} names {target}"


def test_the_changelog_tells_of_this_version() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text()
    assert re.search(rf"^## {re.escape(hubbub.__version__)}\b", changelog, flags=re.MULTILINE)


# -- what others made --------------------------------------------------------------------------


def test_vendored_files_are_the_recorded_ones_and_no_others() -> None:
    folder = places.static() / "vendor"
    record = json.loads((folder / "VENDORED.json").read_text())
    recorded = {entry["file"] for entry in record}
    assert {path.name for path in folder.iterdir()} == recorded | {"VENDORED.json"}
    for entry in record:
        content = (folder / entry["file"]).read_bytes()
        found = "sha512-" + base64.b64encode(hashlib.sha512(content).digest()).decode()
        assert found == entry["file_integrity"]
        assert entry["licence"]
        assert entry["version"] in entry["file"]


# -- checks that read the code ---------------------------------------------------------------------


def test_imports_point_down_only_and_in_no_circle() -> None:
    linted = run("-c", "from importlinter.cli import lint_imports_command as c; c()")
    assert linted.returncode == 0, linted.stdout + linted.stderr


@pytest.mark.parametrize(
    "words", [["mypy"], ["ruff", "check", "."], ["ruff", "format", "--check", "."]], ids=" ".join
)
def test_the_code_is_checked(words: list[str]) -> None:
    checked = run("-m", *words)
    assert checked.returncode == 0, checked.stdout + checked.stderr
