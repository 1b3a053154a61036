"""For whoever watches the process: does it live, and can it serve?"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from hubbub import errors, migrations
from hubbub.web import responses


async def alive(_: Request) -> Response:
    return responses.json({"status": "ok"})


async def ready(request: Request) -> Response:
    """Whether to send requests here. A process that is closing takes no connections any more, so
    it remains to ask whether the database answers and has the schema of this program."""
    try:
        migrated = await migrations.at_head(request.state.db)
    except errors.Unavailable:
        return _not_ready("no database")
    return responses.json({"status": "ok"}) if migrated else _not_ready("not migrated")


def _not_ready(why: str) -> Response:
    return responses.json({"status": why}, 503)
