"""People asked into a room by name: asking them, and taking that back."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from hubbub import errors, words
from hubbub.domain import accounts, invitations
from hubbub.domain.permissions import Act
from hubbub.web import access, failures, forms, responses
from hubbub.web.handlers import memberships


@failures.gives_back(memberships.again)
async def create(request: Request) -> Response:
    visit, form = await access.change(request, Act.INVITE), await forms.read(request)
    username = form.get("username", "")
    await request.state.limits.hit("invitations", visit.person.id)
    await _hit_asked(request, visit, username)
    asked = await invitations.invite(request.state.db, visit.room, visit.person, username)
    if asked.is_new:
        access.opened(request, visit.room.id, asked.person_id)
    return _to_people(request, visit)


async def _hit_asked(request: Request, visit: access.Visit, username: str) -> None:
    """Whoever asks, and whatever was answered: nobody is asked into one room again and again."""
    try:
        await request.state.limits.hit("asked", visit.room.id, accounts.fold(username))
    except errors.TooMany as refusal:
        raise errors.TooMany(
            words.gettext("They were asked often enough lately. Leave them some days."),
            field="username",
            retry_after=refusal.retry_after,
        ) from None


async def withdraw(request: Request) -> Response:
    visit, username = await access.change(request, Act.INVITE), request.path_params["username"]
    await invitations.withdraw(request.state.db, visit.room, visit.person, username)
    request.state.streams.inbox_changed()
    return _to_people(request, visit)


def _to_people(request: Request, visit: access.Visit) -> Response:
    return responses.lead_to(request, "rooms:people", key=request.state.links.room_key(visit.room))
