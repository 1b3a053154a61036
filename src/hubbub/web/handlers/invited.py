"""The door behind an invitation link: what it offers, and going in by it.

Opening it changes nothing; one goes in by a button. Whatever keeps a link from letting somebody
in, the answer is that of a link that was never made. Both count as wrong guesses; but a link that
was good once counts by itself, so that a class late for it is not kept from other rooms.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from hubbub import errors
from hubbub.domain import accounts, invitation_links, knocks, memberships, rooms, security
from hubbub.domain.invitation_links import Link
from hubbub.web import access, responses
from hubbub.web.handlers import guests


async def show(request: Request) -> Response:
    """Who invites, into what, as what. Whoever is in the room already is led to it; those who are
    signed out may come in as guests, where that is so."""
    if request.state.person is None and responses.is_page(request):
        found = await guests.offered(request)
        if found is not None:
            return await guests.invited(request, found[1])
    person, link, inside = await _opened(request)
    if inside:
        return _lead_on(request, inside)
    try:
        room = await invitation_links.offered(request.state.db, link, person)
    except errors.NotFound:
        raise await access.missed(request, link.public_id) from None
    state = await knocks.state(request.state.db, link, person) if link.knock else "none"
    if state == "waiting" and responses.is_htmx(request):
        return Response(status_code=204)  # Nothing new: what is shown stays, and asks again.
    return responses.either(
        request, "links/_door.html", "links/door.html", room=room, link=link, state=state
    )


async def enter(request: Request) -> Response:
    """The button: into the room, or to those who decide who comes in."""
    person, link, inside = await _opened(request)
    if inside:
        return _lead_on(request, inside)
    await request.state.limits.hit("joins", person.id)
    come = knocks.ask if link.knock else invitation_links.redeem
    try:
        is_new = await come(request.state.db, link, person)
    except errors.NotFound:
        raise await access.missed(request, link.public_id) from None
    room = await rooms.by_id(request.state.db, link.room_id)
    if room is not None and is_new:
        request.state.streams.hint(room.id, room.seq)
    if room is None or link.knock:
        return responses.lead_to(request, "links:open", token=request.path_params["token"])
    await _record(request, person, link)
    return responses.see_other(request.state.links.room_path(room))


async def _opened(request: Request) -> tuple[accounts.Person, Link, rooms.Room | None]:
    """Who opens which link, and its room if they are in it. Nobody without an account learns which
    links there are, and neither does a guest of another room."""
    who, state = access.viewer(request), request.state
    public_id = state.links.invited_by(request.path_params["token"])
    link = await invitation_links.find(state.db, public_id) if public_id else None
    inside = await _inside(request, who, link) if link else None
    if inside is None:
        access.person(request)
        # Who guessed too often is not told either when a guess was right.
        await state.limits.check("links", access.address(request))
        if link is not None:
            await state.limits.check("links", link.public_id, access.address(request))
    if link is None:
        raise await access.missed(request)
    return who, link, inside


async def _inside(request: Request, who: accounts.Person, link: Link) -> rooms.Room | None:
    if await memberships.find(request.state.db, link.room_id, who.id) is None:
        return None
    room = await rooms.by_id(request.state.db, link.room_id)
    return room if room is not None and room.deleted_at is None else None


def _lead_on(request: Request, room: rooms.Room) -> Response:
    """Into the room. A page that waited at the door is told to go there by itself."""
    path = request.state.links.room_path(room)
    if responses.is_htmx(request):
        return Response(headers={"HX-Redirect": path})
    return responses.see_other(path)


async def _record(request: Request, person: accounts.Person, link: Link) -> None:
    await security.record(
        request.state.db,
        "joined by link",
        person_id=person.id,
        room_id=link.room_id,
        address=access.address(request),
        detail=f"as {link.role}",
    )
