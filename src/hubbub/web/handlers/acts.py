"""What was done in a room by those who look after it, and what one may do there oneself."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from hubbub.domain import acts, rights
from hubbub.domain.permissions import Act
from hubbub.web import access, forms, responses


async def index(request: Request) -> Response:
    """The log of acts, the newest first."""
    visit = await access.inside(request, Act.LOG)
    before = forms.number(request.query_params.get("before", ""))
    found = await acts.latest(request.state.db, visit.room.id, before=before, limit=acts.PAGE + 1)
    shown = found[: acts.PAGE]
    return responses.page(
        request,
        "acts/show.html",
        room=visit.room,
        can=visit.can,
        entries=shown,
        newer="?" if before else "",
        older=f"?before={shown[-1].id}" if len(found) > acts.PAGE else "",
    )


async def mine(request: Request) -> Response:
    """What one may do here, in sentences, and why not the rest."""
    visit = await access.inside(request)
    return responses.either(
        request,
        "rights/_list.html",
        "rights/show.html",
        room=visit.room,
        member=visit.member,
        groups=rights.of(visit.standing, visit.room),
    )
