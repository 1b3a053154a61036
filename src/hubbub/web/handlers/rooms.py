"""Rooms: opening one, finding one, entering one, handing its link on."""

from __future__ import annotations

import io

import segno
from starlette.requests import Request
from starlette.responses import Response

from hubbub import errors, markup
from hubbub.domain import directory, handles, permissions, rooms
from hubbub.domain.permissions import Act
from hubbub.web import access, failures, forms, responses
from hubbub.web.handlers import chat

PASTED_LENGTH = 500


async def show(request: Request) -> Response:
    return await chat.page(request, await access.enter(request))


async def index(request: Request) -> Response:
    """The directory, for everyone."""
    asked, state = request.query_params, request.state
    page = await directory.listed(
        state.db, asked.get("q", "")[:PASTED_LENGTH], forms.number(asked.get("page", "")) or 1
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
    form = await forms.read(request)
    name = markup.clean_line(form.get("name", ""), field="name", limit=PASTED_LENGTH)
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
    visit = await access.inside(request, Act.SHARE)
    return responses.page(request, "rooms/share.html", room=visit.room)


async def qr(request: Request) -> Response:
    """The room's link as a picture, for members."""
    visit = await access.inside(request, Act.SHARE)
    link = request.state.links.origin + request.state.links.room_path(visit.room)
    picture = io.BytesIO()
    # Dark on light in every theme: many readers cannot read it the other way round.
    segno.make(link, error="m", micro=False).save(
        picture, kind="svg", border=2, dark="#111", light="#fff", svgclass=None, lineclass=None
    )
    return Response(picture.getvalue(), media_type="image/svg+xml")
