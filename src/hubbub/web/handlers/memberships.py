"""Who is in a room: coming, going, and whose it is."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from hubbub import errors
from hubbub.domain import invitations, memberships, roles, roll, security
from hubbub.domain.permissions import Act
from hubbub.web import access, failures, forms, responses
from hubbub.web.handlers import settings


async def index(request: Request) -> Response:
    return await _page(request, await access.inside(request))


async def again(request: Request, refusal: errors.Refusal) -> Response:
    """The people with the name that was typed, and the sentence beside its field."""
    trouble = {refusal.field or "": refusal.message}
    return await _page(request, await access.inside(request), forms.kept(request), trouble)


async def _page(
    request: Request,
    visit: access.Visit,
    typed: forms.Form | None = None,
    trouble: dict[str, str] | None = None,
) -> Response:
    db, room_id, asked = request.state.db, visit.room.id, request.query_params
    part, named, skip = (
        asked.get("part", ""),
        asked.get("q", ""),
        forms.number(asked.get("skip", "")),
    )
    shown = await roll.page(db, room_id, part, named=named, skip=skip or 0)
    return responses.page(
        request,
        "rooms/people.html",
        room=visit.room,
        member=visit.member,
        roll=shown,
        online=await request.state.streams.online(room_id),
        sent=await invitations.sent(db, room_id) if visit.can(Act.INVITE) else (),
        can=visit.can,
        values=typed or {},
        errors=trouble or {},
    )


async def arrive(request: Request) -> Response:
    """The button at the door."""
    visit = await access.visit(request, Act.JOIN)
    await access.join(request, visit)
    return responses.see_other(request.state.links.room_path(visit.room))


async def leave(request: Request) -> Response:
    visit = await access.change(request, Act.LEAVE)
    await memberships.leave(request.state.db, visit.room, visit.person)
    access.changed(request, visit)
    return responses.lead_to(request, "home:show")


@failures.gives_back(settings.again)
async def hand_over(request: Request) -> Response:
    visit, form = await access.change(request, Act.HAND_OVER), await forms.read(request)
    heir = await roles.hand_over(
        request.state.db, visit.room, visit.person, form.get("username", "")
    )
    await _record(request, "room handed over", visit, heir.person.username)
    return _changed(request, visit)


def _changed(request: Request, visit: access.Visit) -> Response:
    access.changed(request, visit)
    return responses.lead_to(request, "rooms:people", key=request.state.links.room_key(visit.room))


async def _record(request: Request, kind: str, visit: access.Visit, detail: str) -> None:
    await security.record(
        request.state.db,
        kind,
        person_id=visit.person.id,
        room_id=visit.room.id,
        address=access.address(request),
        detail=detail,
    )
