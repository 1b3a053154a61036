"""People asked into a room by name: asking them, and taking that back."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from hubbub.domain import invitations
from hubbub.domain.permissions import Act
from hubbub.web import access, failures, forms, responses
from hubbub.web.handlers import memberships


@failures.gives_back(memberships.again)
async def create(request: Request) -> Response:
    visit, form = await access.change(request, Act.INVITE), await forms.read(request)
    await request.state.limits.hit("invitations", visit.person.id)
    await invitations.invite(request.state.db, visit.room, visit.person, form.get("username", ""))
    return _changed(request, visit)


async def withdraw(request: Request) -> Response:
    visit, username = await access.change(request, Act.INVITE), request.path_params["username"]
    await invitations.withdraw(request.state.db, visit.room, visit.person, username)
    return _changed(request, visit)


def _changed(request: Request, visit: access.Visit) -> Response:
    request.state.streams.inbox_changed()
    return responses.lead_to(request, "rooms:people", key=request.state.links.room_key(visit.room))
