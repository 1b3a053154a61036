"""How far someone has read, told by hand or by a page of history: live pages say it over their
sockets."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from hubbub import errors, words
from hubbub.domain import unread
from hubbub.web import access, forms, responses


async def move(request: Request) -> Response:
    """`number`: read so far; or `unread`: from this message on, all is unread again."""
    await request.state.limits.hit("writes", access.viewer(request).id)
    visit, form = await access.inside(request), await forms.read(request)
    is_back = bool(form.get("unread"))
    number = forms.number(form["unread"] if is_back else form.get("number", ""))
    if not number or number > visit.room.last_number:
        raise errors.Invalid(words.gettext("This is not the number of a message."))
    if is_back:
        reading = request.state.streams.reading
        await reading.rewind(visit.room.id, visit.person.id, number - 1)
    else:
        await advance(request, visit, number)
    if responses.is_page(request):
        return responses.see_other(request.state.links.room_path(visit.room))
    return Response(status_code=204)


async def advance(request: Request, visit: access.Visit, number: int) -> None:
    """Write that the visitor has read so far, and show it in their open pages."""
    room, person = visit.room.id, visit.person.id
    await unread.advance(request.state.db, {(room, person): number})
    request.state.streams.reading.wrote(room, person, number)
