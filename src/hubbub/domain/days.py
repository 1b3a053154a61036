"""Days people ask for: of UTC, and written like 2026-11-20."""

from __future__ import annotations

import datetime
from collections.abc import Mapping

from hubbub import errors, words
from hubbub.domain import clock

_EPOCH = datetime.date(1970, 1, 1)


def asked(fields: Mapping[str, str], field: str) -> datetime.date | None:
    """The day in a field, None where it is empty. Invalid for what is no day."""
    text = fields.get(field, "").strip()
    try:
        return datetime.date.fromisoformat(text) if text else None
    except ValueError:
        sentence = words.gettext("Write the day like 2026-11-20.")
        raise errors.Invalid(sentence, field=field) from None


def start(day: datetime.date) -> int:
    """Its first moment, in milliseconds UTC."""
    return (day - _EPOCH).days * clock.DAY
