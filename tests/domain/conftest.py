"""What the tests of the domain share: cheap passwords, the people in their room, and a counter."""

import contextlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any
from unittest import mock

import pytest

from hubbub import database, passwords
from hubbub.domain import events, rooms
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


async def kinds(db: database.Database, room: rooms.Room) -> list[str]:
    """What happened in a room since it was read, by kind; its log has no holes."""
    log = await events.after(db, room.id, room.seq, limit=1_000)
    assert [event.seq for event in log] == [room.seq + 1 + place for place in range(len(log))]
    head = await events.head(db, room.id)
    assert head is not None
    assert head.seq == room.seq + len(log)
    return [event.kind for event in log]
