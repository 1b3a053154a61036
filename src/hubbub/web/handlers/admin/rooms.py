"""Rooms: what there is, closing one, and the one way into a private one."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from hubbub import errors, words
from hubbub.domain import settings
from hubbub.domain.administration import entrance, rooms
from hubbub.web import access, failures, forms, responses
from hubbub.web.handlers.admin import shown


async def index(request: Request) -> Response:
    await access.admin(request)
    asked = shown.asked(request, rooms.SHOWS, rooms.SORTS)
    page = await rooms.listed(request.state.db, asked)
    return shown.listed(request, "admin/rooms.html", asked, page)


async def show(request: Request) -> Response:
    await access.admin(request)
    return await _page(request, {})


async def again(request: Request, refusal: errors.Refusal) -> Response:
    await access.admin(request)
    return await _page(request, shown.trouble(refusal, ()))


@failures.gives_back(again)
async def lock(request: Request) -> Response:
    who, found = await access.admin(request), await _room(request)
    locked = (await forms.read(request)).get("locked") != "no"
    await rooms.lock(request.state.db, found.room, who, locked)
    return await _done(request, found, "room locked" if locked else "room unlocked")


@failures.gives_back(again)
async def archive(request: Request) -> Response:
    who, found = await access.admin(request), await _room(request)
    archived = (await forms.read(request)).get("archived") != "no"
    act = settings.archive if archived else settings.unarchive
    await act(request.state.db, found.room, who, overseeing=True)
    return await _done(request, found, "room archived" if archived else "room unarchived")


@failures.gives_back(again)
async def delete(request: Request) -> Response:
    who, found = await access.admin(request), await _room(request)
    if (await forms.read(request)).get("sure") != "yes":
        raise errors.Invalid(words.gettext("Tick that you are sure."), field="sure")
    await settings.delete(request.state.db, found.room, who, overseeing=True)
    await _done(request, found, "room deleted")
    return shown.back(request, "admin:rooms")


@failures.gives_back(again)
async def enter(request: Request) -> Response:
    """Into a private room, which is told there."""
    who, found = await access.admin(request), await _room(request)
    posted = await entrance.enter(
        request.state.db, found.room, who, address=access.address(request)
    )
    request.state.streams.hint(found.room.id, posted.seq)
    return responses.see_other(request.state.links.room_path(found.room))


async def _room(request: Request) -> rooms.Overseen:
    return await rooms.find(request.state.db, shown.room_id(request))


async def _done(request: Request, found: rooms.Overseen, kind: str) -> Response:
    request.state.streams.hint(found.room.id, found.room.seq + 1)
    await shown.record(request, kind, room_id=found.room.id)
    return shown.back(request, "admin:room", id=found.room.id)


async def _page(request: Request, trouble: dict[str, str]) -> Response:
    found = await _room(request)
    details = await rooms.details(request.state.db, found, access.viewer(request))
    return responses.page(request, "admin/room.html", found=found, details=details, errors=trouble)
