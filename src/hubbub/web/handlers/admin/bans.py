"""Who may not come back into which room."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from hubbub.domain.administration import bans
from hubbub.web import access, forms
from hubbub.web.handlers.admin import shown


async def index(request: Request) -> Response:
    await access.admin(request)
    asked = shown.asked(request, bans.SHOWS, bans.SORTS)
    page = await bans.listed(request.state.db, asked)
    return shown.listed(request, "admin/bans.html", asked, page)


async def lift(request: Request) -> Response:
    who, form = await access.admin(request), await forms.read(request)
    room_id, person_id = (forms.number(form.get(name, "")) for name in ("room_id", "person_id"))
    await bans.lift(request.state.db, who, room_id, person_id)
    await shown.record(request, "ban lifted", person_id=person_id, room_id=room_id)
    return shown.back(request, "admin:bans")
