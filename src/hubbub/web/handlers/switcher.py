"""The switcher: to a room or a person by a few letters, and the keys that do such things."""

from __future__ import annotations

import dataclasses

from starlette.requests import Request
from starlette.responses import Response

from hubbub.domain import direct, names, switcher
from hubbub.web import access, responses


async def index(request: Request) -> Response:
    """Where `?q=` may lead. With `go=yes` on to there when that is one place only, and with
    `go=first`, which is for those who saw the places while they typed, to the first of them."""
    person, asked = access.person(request), request.query_params
    await request.state.limits.hit("lookups", person.id)
    found = await switcher.find(request.state.db, person, asked.get("q", "")[: names.LONGEST])
    certain = {"yes": len(found) == 1, "first": len(found) > 0}
    # What htmx fetches is the same form, while it is still being filled in.
    if found.q and responses.is_page(request) and certain.get(asked.get("go", "")):
        return responses.see_other(_first(request, found))
    named = await direct.named(request.state.db, found.rooms, person.id)
    found = dataclasses.replace(found, rooms=tuple(named))
    return responses.either(request, "go/_places.html", "go/show.html", places=found)


def _first(request: Request, found: switcher.Places) -> str:
    if found.rooms:
        path: str = request.state.links.room_path(found.rooms[0])
        return path
    username = found.people[0].username
    return str(request.state.templates.path_for("people:show", username=username))


async def shortcuts(request: Request) -> Response:
    return responses.either(request, "go/_shortcuts.html", "go/shortcuts.html")
