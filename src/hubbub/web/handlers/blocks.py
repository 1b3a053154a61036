"""Whom one does not want to hear."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from hubbub import errors
from hubbub.domain import accounts, blocks, permissions, profiles
from hubbub.web import access, failures, forms, responses


async def index(request: Request) -> Response:
    return await _page(request)


async def again(request: Request, refusal: errors.Refusal) -> Response:
    return await _page(request, {"": refusal.message})


@failures.gives_back(again)
async def change(request: Request) -> Response:
    person, form = access.person(request), await forms.read(request)
    await request.state.limits.hit("writes", person.id)
    username = request.path_params["username"]
    if form.get("blocked") == "no":
        await blocks.unblock(request.state.db, person, await _known(request, username))
    else:
        found = await profiles.profile(request.state.db, person, username)
        await blocks.block(request.state.db, person, found.person)
    return _changed(request)


def _changed(request: Request) -> Response:
    """The page one was on shows too much or too little from now on, so it is loaded anew."""
    if responses.is_htmx(request):
        return Response(headers={"HX-Refresh": "true"})
    return responses.lead_to(request, "blocks:list")


async def _known(request: Request, username: str) -> accounts.Person:
    """One of those who are blocked: they need not be in any room of one's own any more."""
    blocked = await blocks.blocked(request.state.db, access.person(request))
    for person in blocked:
        if accounts.fold(person.username) == accounts.fold(username):
            return person
    raise permissions.unseen()


async def _page(request: Request, trouble: dict[str, str] | None = None) -> Response:
    found = await blocks.blocked(request.state.db, access.person(request))
    return responses.page(request, "blocks/list.html", blocked=found, errors=trouble or {})
