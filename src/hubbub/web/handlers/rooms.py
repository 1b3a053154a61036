"""Rooms: opening one, finding one, entering one, handing its link on."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from hubbub import errors, markup
from hubbub.domain import directory, handles, permissions, rooms
from hubbub.domain.permissions import Act
from hubbub.web import access, failures, forms, responses
from hubbub.web.handlers import chat, guests

PASTED_LENGTH = 500


async def show(request: Request) -> Response:
    """The room; for those who are signed out the form to come in as a guest, where it has one."""
    if request.state.person is None and responses.is_page(request):
        room = await access.door(request)
        if room is not None:
            return await guests.page(request, room)
    return await chat.page(request, await access.enter(request))


async def index(request: Request) -> Response:
    """The directory, for everyone but guests, who have their one room."""
    if request.state.person is not None:
        access.person(request)
    asked, state = request.query_params, request.state
    page = await directory.listed(
        state.db,
        asked.get("q", "")[:PASTED_LENGTH],
        forms.number(asked.get("page", "")) or 1,
        person=state.person,
    )
    mine = await rooms.mine(state.db, state.person) if state.person else []
    joined = {room.id for room in mine}
    return responses.page(request, "rooms/list.html", page=page, joined=joined)


async def new(request: Request) -> Response:
    """The form for a new room; a link may have filled it in."""
    access.person(request)
    asked = dict(request.query_params)
    # What was typed into the join box is a fine title, but seldom a handle.
    values = asked | {"handle": handles.find(asked.get("handle", "")) or ""}
    return responses.page(request, "rooms/new.html", values=values, errors={})


async def _new_again(request: Request, refusal: errors.Refusal) -> Response:
    trouble = {refusal.field or "": refusal.message}
    return responses.page(request, "rooms/new.html", values=forms.kept(request), errors=trouble)


@failures.gives_back(_new_again)
async def create(request: Request) -> Response:
    person, form = access.person(request), await forms.read(request)
    await request.state.limits.hit("rooms", person.id)
    room = await rooms.create(
        request.state.db,
        person,
        form.get("title", ""),
        form.get("access") or "link",
        form.get("handle"),
    )
    return responses.see_other(request.state.links.room_path(room))


async def _join_again(request: Request, refusal: errors.Refusal) -> Response:
    trouble = {refusal.field or "": refusal.message}
    return responses.page(request, "rooms/retry.html", values=forms.kept(request), errors=trouble)


@failures.gives_back(_join_again)
async def join(request: Request) -> Response:
    """From the join box: a handle, a key, or a whole link. The room itself makes the member."""
    if request.state.person is not None:
        access.person(request)
    form = await forms.read(request)
    name = markup.clean_line(form.get("name", ""), field="name", limit=PASTED_LENGTH)
    token = request.state.links.invitation_in(name)
    if token:
        return responses.lead_to(request, "links:open", token=token)
    key = request.state.links.key_in(name)
    if key and request.state.person is None:
        return responses.lead_to(request, "rooms:show", key=key)  # … and from there to the login
    room = await _behind(request, key) if key else await _called(request, name)
    if room is None and not responses.is_page(request):
        raise permissions.unseen()  # To make one by that name is offered to people only.
    if room is None:
        return responses.page(request, "rooms/offer.html", 404, name=name)
    return responses.see_other(request.state.links.room_path(room))


async def _behind(request: Request, key: str) -> rooms.Room:
    return (await access.behind(request, key)).room


async def _called(request: Request, name: str) -> rooms.Room | None:
    await request.state.limits.check("links", access.address(request))
    room = await rooms.by_handle(request.state.db, name, request.state.person)
    if room is None:
        await access.missed(request)
    return room


async def share(request: Request) -> Response:
    access.person(request)
    visit = await access.inside(request, Act.SHARE)
    return responses.page(request, "rooms/share.html", room=visit.room, can=visit.can)


async def qr(request: Request) -> Response:
    """The room's link as a picture, for members."""
    access.person(request)
    visit = await access.inside(request, Act.SHARE)
    return responses.qr(request.state.links.origin + request.state.links.room_path(visit.room))
