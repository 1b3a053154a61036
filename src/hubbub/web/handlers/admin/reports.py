"""What people reported, in all rooms."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from hubbub.domain.administration import reports
from hubbub.web import access
from hubbub.web.handlers.admin import shown


async def index(request: Request) -> Response:
    who = await access.admin(request)
    asked = shown.asked(request, reports.SHOWS, reports.SORTS)
    page = await reports.listed(request.state.db, who, asked)
    return shown.listed(request, "admin/reports.html", asked, page)


async def close(request: Request) -> Response:
    who = await access.admin(request)
    room_id = await reports.close(request.state.db, who, shown.room_id(request))
    await shown.record(request, "report closed", room_id=room_id)
    return shown.back(request, "admin:reports")
