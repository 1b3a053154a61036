"""The start page: what this is, or for those who are signed in the chat itself."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from hubbub.domain import accounts, directory, memberships, rooms
from hubbub.web import access, responses
from hubbub.web.handlers import chat


async def show(request: Request) -> Response:
    if request.state.person is None:
        listed = await directory.listed(request.state.db)
        return responses.page(request, "home/show.html", listed=listed)
    person = access.viewer(request)
    visit = await _last(request, person)
    if visit is not None and person.guest_of is not None:
        return responses.see_other(request.state.links.room_path(visit.room))
    if visit is None:
        return responses.lead_to(request, "rooms:list")
    return await chat.page(request, visit, at_home=True)


async def _last(request: Request, person: accounts.Person) -> access.Visit | None:
    """The room one was in last, else the lobby, else where something was said last."""
    db, last = request.state.db, request.cookies.get("last_room", "")
    mine = await rooms.mine(db, person)
    here = [room for room in mine if room.public_id == last]
    lobby = [room for room in mine if room.handle == rooms.LOBBY]
    for room in here or lobby or mine:
        member = await memberships.find(db, room.id, person.id)
        return access.Visit(person, room, member)
    return None
