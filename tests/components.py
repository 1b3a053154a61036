"""Leaves out the tests that need what this machine lacks, and says so.

`bin/test` loads this as a plugin, with the missing Debian packages in `HUBBUB_TEST_WITHOUT`, and
never when every component is required.
"""

import os
import pathlib

import pytest

MISSING = frozenset(os.environ.get("HUBBUB_TEST_WITHOUT", "").split())

# How a test module shows what it needs: by its folder, or by what it names.
SIGNS = {
    "redis-server": ("services.Redis", "redis:", "redis_url"),
    "postgresql": ("services.Postgres", "postgres:", "postgres_url"),
    "chromium": ("playwright",),
    "chromium-headless-shell": ("playwright",),
    "libfaketime": ("libfaketime",),
}


def needs(item: pytest.Item) -> set[str]:
    """The components a test cannot do without."""
    folders = item.path.parts
    found = {"chromium", "chromium-headless-shell"} if "browser" in folders else set()
    if "faults" in folders:
        found |= {"redis-server", "postgresql"}
    text = pathlib.Path(item.path).read_text()
    found |= {name for name, signs in SIGNS.items() if any(sign in text for sign in signs)}
    if "[postgresql" in item.name or "-postgresql" in item.name:
        found.add("postgresql")
    return found


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    left_out = {item for item in items if needs(item) & MISSING}
    config.hook.pytest_deselected(items=[*left_out])
    items[:] = [item for item in items if item not in left_out]


def pytest_report_header() -> str:
    return f"left out: what needs {', '.join(sorted(MISSING))}"
