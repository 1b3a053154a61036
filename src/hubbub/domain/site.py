"""What is decided for the whole site: by the environment, else on the page, else as it comes."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy

from hubbub import config, database, errors, markup, words
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
        await write(conn, values)


async def write(conn: database.Connection, values: Mapping[str, str | int | bool]) -> None:
    """Like `decide`, in a transaction that is under way."""
    for name, value in values.items():
        text = str(int(value)) if isinstance(value, bool) else str(value)
        await conn.run(_UPSERT, {"name": name, "value": text})


def decided(form: Mapping[str, str], now: Site) -> dict[str, str | int | bool]:
    """What a form decides, by the names of `Site`'s fields; what is not in it stays, and so does
    what the environment decided. Invalid, with the field, for what cannot be."""
    values: dict[str, str | int | bool] = {}
    for name, text in form.items():
        if name in _CHECKS and name not in now.fixed:
            values[name] = _CHECKS[name](name, text)
    return values


def _name(name: str, text: str) -> str:
    return markup.clean_line(text, field=name, limit=config.SITE_NAME_LENGTH)


def _one_of(*choices: str) -> Callable[[str, str], str]:
    def check(name: str, text: str) -> str:
        if text not in choices:
            raise errors.Invalid(words.gettext("Choose one of these."), field=name)
        return text

    return check


def _switch(name: str, text: str) -> bool:
    return _one_of("on", "off")(name, text) == "on"


def _number(most: int) -> Callable[[str, str], int]:
    def check(name: str, text: str) -> int:
        if not (text.isascii() and text.isdigit() and len(text) < 7 and int(text) <= most):
            sentence = words.gettext("This is a number from 0 to {most}.").format(most=most)
            raise errors.Invalid(sentence, field=name)
        return int(text)

    return check


_CHECKS: Mapping[str, Callable[[str, str], str | int | bool]] = {
    "name": _name,
    "registration": _one_of("open", "closed"),
    "guests": _one_of("off", "by-room", "on"),
    "lobby": _switch,
    "indexing": _switch,
    "accent": _one_of(*config.ACCENTS),
    "keep_days": _number(config.MAX_KEEP_DAYS),
    "upload_mb": _number(config.MAX_UPLOAD_MB),
}


class Current:
    """The settings in force, as this process knows them; at most a second behind the database."""

    def __init__(self, settings: config.Config) -> None:
        self._settings = settings
        self.now = default(settings)

    async def refresh(self, db: database.Queries) -> None:
        self.now = await load(db, self._settings)
