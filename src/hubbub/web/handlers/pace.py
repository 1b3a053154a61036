"""Keeping a room calm: locking it, slowing it down, and reading first what newcomers say."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from hubbub.domain import pace
from hubbub.domain.permissions import Act
from hubbub.web import access, failures, forms
from hubbub.web.handlers import settings


@failures.gives_back(settings.again)
async def lock(request: Request) -> Response:
    visit, form = await access.change(request, Act.LOCK), await forms.read(request)
    locked = form.get("locked") != "no"
    await pace.lock(request.state.db, visit.room, visit.person, locked)
    return settings.changed(request, visit, visit.room)


@failures.gives_back(settings.again)
async def slow(request: Request) -> Response:
    visit, form = await access.change(request, Act.SLOW), await forms.read(request)
    # What is no number is a pause nobody offers, and is told so.
    seconds = forms.number(form.get("seconds", ""))
    await pace.slow(request.state.db, visit.room, visit.person, -1 if seconds is None else seconds)
    return settings.changed(request, visit, visit.room)


@failures.gives_back(settings.again)
async def hold(request: Request) -> Response:
    visit, form = await access.change(request, Act.HOLD), await forms.read(request)
    holds = form.get("hold") != "no"
    await pace.hold(request.state.db, visit.room, visit.person, holds)
    return settings.changed(request, visit, visit.room)
