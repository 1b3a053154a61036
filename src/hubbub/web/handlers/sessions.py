"""Where one is signed in, and signing out elsewhere."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from hubbub.domain import permissions, security, sessions
from hubbub.web import access, devices, entry, forms, responses


async def index(request: Request) -> Response:
    person = access.person(request)
    places = await sessions.places(request.state.db, person)
    return responses.page(
        request,
        "sessions/list.html",
        places=[(place, devices.described(place.user_agent)) for place in places],
        here=request.state.session.id,
    )


async def end(request: Request) -> Response:
    """One of one's own; to end this one is to log out."""
    person = access.person(request)
    await request.state.limits.hit("writes", person.id)
    session_id = forms.number(request.path_params["id"]) or 0
    if session_id == request.state.session.id:
        response = responses.lead_to(request, "accounts:login")
        await entry.sign_out(request, response)
    else:
        if not await sessions.end_own(request.state.db, person, session_id):
            raise permissions.unseen()
        response = _ended(request)
    await _record(request, person.id, "session ended")
    return response


async def end_others(request: Request) -> Response:
    person = access.person(request)
    await request.state.limits.hit("writes", person.id)
    await sessions.end_all(request.state.db, person.id, but=request.state.session.id)
    await _record(request, person.id, "other sessions ended")
    return _ended(request)


def _ended(request: Request) -> Response:
    request.state.streams.sessions_changed()
    return responses.lead_to(request, "sessions:list")


async def _record(request: Request, person_id: int, kind: str) -> None:
    address = access.address(request)
    await security.record(request.state.db, kind, person_id=person_id, address=address)
