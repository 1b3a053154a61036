"""What the tests of the domain share: cheap passwords, the people in their room, and a counter."""

import contextlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any
from unittest import mock

import pytest

from hubbub import database, passwords
from tests import people

Counting = Callable[[], AbstractContextManager[list[str]]]


@pytest.fixture(autouse=True)
def cheap_passwords() -> Iterator[None]:
    with mock.patch.object(passwords, "COST", 4):
        yield


@pytest.fixture
async def cast(db: database.Database) -> people.Cast:
    return await people.cast(db)


@pytest.fixture
def counting(db: database.Database) -> Counting:
    """Lists the queries that are made while its block runs."""

    @contextlib.contextmanager
    def block() -> Iterator[list[str]]:
        seen: list[str] = []
        compiled = db._compiler.statement

        def statement(query: Any, values: Any) -> Any:
            seen.append(str(query))
            return compiled(query, values)

        with mock.patch.object(db._compiler, "statement", statement):
            yield seen

    return block
