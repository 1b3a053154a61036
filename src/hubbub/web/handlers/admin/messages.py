"""Messages: finding what was said in rooms that are not private, and taking it down."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from hubbub import errors, words
from hubbub.domain import contents, search
from hubbub.domain.administration import messages, rooms
from hubbub.web import access, failures, forms, links, responses
from hubbub.web.handlers.admin import shown

FIELDS = ("q", "by", "since", "until", "room")


async def index(request: Request) -> Response:
    return await _page(request, dict(request.query_params))


async def again(request: Request, refusal: errors.Refusal) -> Response:
    return await _page(request, dict(request.query_params), shown.trouble(refusal, ()))


@failures.gives_back(again)
async def take_down(request: Request) -> Response:
    who, form = await access.admin(request), await forms.read(request)
    found = await rooms.find(request.state.db, forms.number(form.get("room_id", "")))
    digests = await messages.take_down(
        request.state.db,
        found.room,
        who,
        forms.number(form.get("number", "")),
        reason=form.get("reason", ""),
    )
    request.state.streams.hint(found.room.id, found.room.seq + 1)
    await contents.sweep(request.state.db, request.state.files, digests)
    await shown.record(
        request, "message taken down", room_id=found.room.id, detail=form.get("number", "")
    )
    path = request.state.templates.path_for("admin:messages")
    return responses.see_other(links.quoted_path(path, request.scope["query_string"]))


async def _page(
    request: Request, asked: dict[str, str], trouble: dict[str, str] | None = None
) -> Response:
    """With what was asked, and the sentence beside the field that cannot be understood."""
    who = await access.admin(request)
    await request.state.limits.hit("search", who.id)
    found, query, room, trouble = messages.Found(search.Results()), None, None, trouble or {}
    try:
        query, room = search.parse(asked), await _room(request, asked.get("room", ""))
        found = await messages.find(request.state.db, who, query, room)
    except errors.Invalid as refusal:
        trouble = shown.trouble(refusal, FIELDS)
    return responses.page(
        request,
        "admin/messages.html",
        422 if trouble else 200,
        values={name: asked.get(name, "") for name in FIELDS},
        query=query,
        room=room,
        found=found,
        errors=trouble,
    )


async def _room(request: Request, text: str) -> rooms.Overseen | None:
    if not text.strip():
        return None
    room = await rooms.called(request.state.db, text.strip())
    if room is None:
        raise errors.Invalid(words.gettext("There is no such room."), field="room")
    return room
