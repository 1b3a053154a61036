"""Reactions: giving one, taking it back, and finding the right one."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from hubbub.domain import history, messages, permissions, reactions
from hubbub.domain.permissions import Act
from hubbub.markup import emoji
from hubbub.web import access, forms, responses
from hubbub.web.handlers import messages as message_doors

FOUND = 48
QUERY_LENGTH = 50


async def index(request: Request) -> Response:
    """The picker: those one gave last, and those whose name holds `?q=`."""
    visit, message = await access.message(request, Act.REACT)
    if message.deleted_at is not None:
        raise permissions.unseen()
    asked = request.query_params.get("q", "")[:QUERY_LENGTH]
    recent = await reactions.recent(request.state.db, visit.person) if not asked else []
    context: dict[str, Any] = {
        "message": message,
        "room": visit.room,
        "q": asked,
        "recent": recent,
        "found": emoji.find(asked, FOUND),
    }
    if request.headers.get("hx-target", "").endswith("#found"):
        return responses.fragment(request, "messages/_found.html", **context)
    return responses.either(
        request, "messages/_reactions.html", "messages/reactions.html", **context
    )


async def toggle(request: Request) -> Response:
    visit, form = await access.change(request, Act.REACT), await forms.read(request)
    db, number = request.state.db, forms.number(request.path_params["number"]) or 0
    place = await messages.locate(db, visit.room.id, number)
    await reactions.toggle(db, visit.room, visit.person, place.id, form.get("emoji", ""))
    return message_doors.changed(request, visit, await history.one(db, visit.room.id, number))
