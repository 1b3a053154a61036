"""Pins: the list of them, and setting and taking one."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from hubbub.domain import history, pins
from hubbub.domain.permissions import Act
from hubbub.web import access, forms, responses
from hubbub.web.handlers import messages as message_doors


async def index(request: Request) -> Response:
    visit = await access.inside(request)
    found = await history.pinned(request.state.db, visit.room.id)
    return responses.either(
        request, "messages/_pinned.html", "messages/pinned.html", messages=found, room=visit.room
    )


async def change(request: Request) -> Response:
    visit, form = await access.change(request, Act.PIN), await forms.read(request)
    db, number = request.state.db, forms.number(request.path_params["number"]) or 0
    act = pins.unpin if form.get("pinned") == "no" else pins.pin
    await act(db, visit.room, visit.person, number)
    return message_doors.changed(request, visit, await history.one(db, visit.room.id, number))
