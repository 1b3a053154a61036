"""Conversations of a few people: starting one, or finding the one that is there."""

from __future__ import annotations

import re

from starlette.requests import Request
from starlette.responses import Response

from hubbub import errors
from hubbub.domain import direct
from hubbub.web import access, failures, forms, responses

_BETWEEN = re.compile(r"[\s,;]+")


async def new(request: Request) -> Response:
    """The form for it; a link may have filled it in."""
    access.person(request)
    return _page(request, {"usernames": request.query_params.get("usernames", "")[:300]}, {})


async def _again(request: Request, refusal: errors.Refusal) -> Response:
    field = refusal.field if refusal.field == "usernames" else ""
    return _page(request, forms.kept(request), {field or "": refusal.message})


@failures.gives_back(_again)
async def create(request: Request) -> Response:
    person, form = access.person(request), await forms.read(request)
    await request.state.limits.hit("writes", person.id)
    names = [name.removeprefix("@") for name in _BETWEEN.split(form.get("usernames", "")) if name]
    found = await direct.find(request.state.db, person, names)
    if found is None:
        await request.state.limits.hit("rooms", person.id)
        found = await direct.open(request.state.db, person, names)
        request.state.streams.inbox_changed()
    return responses.see_other(request.state.links.room_path(found))


def _page(request: Request, values: forms.Form, trouble: dict[str, str]) -> Response:
    return responses.page(request, "direct/new.html", values=values, errors=trouble)
