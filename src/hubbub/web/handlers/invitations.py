"""People asked into a room by name, and what they answer."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from hubbub.domain import invitations
from hubbub.domain.permissions import Act
from hubbub.web import access, failures, forms, responses
from hubbub.web.handlers import settings


@failures.gives_back(settings.again)
async def create(request: Request) -> Response:
    visit, form = await access.change(request, Act.INVITE), await forms.read(request)
    await invitations.invite(request.state.db, visit.room, visit.person, form.get("username", ""))
    return responses.lead_to(request, "rooms:people", key=request.state.links.room_key(visit.room))
