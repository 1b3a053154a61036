"""The record of security events."""

import pytest

from hubbub import database
from hubbub.domain import security
from tests import people

pytestmark = pytest.mark.anyio


async def test_what_happened_is_kept_with_who_and_where(
    db: database.Database, cast: people.Cast
) -> None:
    await security.record(
        db,
        "login_failed",
        person_id=cast.bob.id,
        room_id=cast.room.id,
        address="127.0.0.1",
        detail="wrong password",
        now=people.NOON,
    )
    row = await db.one("SELECT * FROM security_events")
    assert row is not None
    assert (row["at"], row["kind"], row["person_id"]) == (people.NOON, "login_failed", cast.bob.id)
    assert (row["room_id"], row["address"], row["detail"]) == (
        cast.room.id,
        "127.0.0.1",
        "wrong password",
    )


async def test_hostile_details_are_kept_as_what_is_left_of_them(db: database.Database) -> None:
    await security.record(db, "login_failed", detail="a\0\ud800" + "x" * 9_000)
    kept = await db.value("SELECT detail FROM security_events")
    assert kept.startswith("a?x")
    assert len(kept) <= 300
