"""How the site behaves for one person: what Enter does, and whether single keys act."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from hubbub.domain import profiles
from hubbub.web import access, forms, responses

WORDS = ("newline", "nokeys")
"""The words of `Person.preferences` that this page decides; see `notifications` for the others."""


async def show(request: Request) -> Response:
    access.person(request)
    return responses.page(request, "preferences/show.html")


async def choose(request: Request) -> Response:
    person = access.person(request)
    await request.state.limits.hit("writes", person.id)
    form = await forms.read(request)
    choices = {word: form.get(word) == "yes" for word in WORDS}
    await profiles.prefer(request.state.db, person, choices)
    return responses.lead_to(request, "preferences:show")
