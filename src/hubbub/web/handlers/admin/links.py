"""Invitation links of all rooms."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from hubbub.domain.administration import links
from hubbub.web import access
from hubbub.web.handlers.admin import shown


async def index(request: Request) -> Response:
    await access.admin(request)
    asked = shown.asked(request, links.SHOWS, links.SORTS)
    page = await links.listed(request.state.db, asked)
    return shown.listed(request, "admin/links.html", asked, page)


async def revoke(request: Request) -> Response:
    who = await access.admin(request)
    room_id = await links.revoke(request.state.db, who, shown.room_id(request))
    await shown.record(request, "invitation link revoked", room_id=room_id)
    return shown.back(request, "admin:links")
