"""What is decided for the whole site: by the environment, else on the page, else as it comes."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import sqlalchemy

from hubbub import config, database
from hubbub.tables import site as table


@dataclasses.dataclass(frozen=True, slots=True)
class Site:
    """`guests`: off, by-room (where the room's owner lets them in), on (in every room that is
    open by its link). `keep_days` 0: messages are kept for ever. `upload_mb` 0: no files."""

    name: str
    registration: str  # open, closed
    guests: str
    lobby: bool
    indexing: bool
    accent: str
    keep_days: int
    upload_mb: int
    fixed: frozenset[str] = frozenset()  # the settings' names that no page can change


_SETTINGS = {"site_name": "name"} | {
    name: name for name in config.ON_THE_PAGE if name != "site_name"
}
_UPSERT = (
    "INSERT INTO site (name, value) VALUES (:name, :value)"
    " ON CONFLICT (name) DO UPDATE SET value = excluded.value"
)


def default(settings: config.Config) -> Site:
    values = {field: getattr(settings, name) for name, field in _SETTINGS.items()}
    return Site(**values, fixed=frozenset(_SETTINGS[name] for name in settings.fixed))


async def load(db: database.Queries, settings: config.Config) -> Site:
    plain = default(settings)
    rows = await db.all(sqlalchemy.select(table))
    decided = {row["name"]: row["value"] for row in rows if row["name"] not in plain.fixed}
    known = {
        name: _read(value, getattr(plain, name))
        for name, value in decided.items()
        if name in _SETTINGS.values()
    }
    return dataclasses.replace(plain, **known)


def _read(value: str, example: object) -> Any:
    """The text as what it stands for; a flag is 0 or 1."""
    return type(example)(int(value)) if isinstance(example, int) else value


async def decide(db: database.Database, values: Mapping[str, str | int | bool]) -> None:
    """Keeps what was decided on the page, by the names of `Site`'s fields."""
    async with db.transaction() as conn:
        for name, value in values.items():
            text = str(int(value)) if isinstance(value, bool) else str(value)
            await conn.run(_UPSERT, {"name": name, "value": text})


class Current:
    """The settings in force, as this process knows them; at most a second behind the database."""

    def __init__(self, settings: config.Config) -> None:
        self._settings = settings
        self.now = default(settings)

    async def refresh(self, db: database.Queries) -> None:
        self.now = await load(db, self._settings)
