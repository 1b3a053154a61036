"""Search: the same page for one room and for all rooms one is in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from hubbub import errors
from hubbub.domain import rooms, search
from hubbub.web import access, failures, responses

FIELDS = ("q", "by", "since", "until")
_SHOWN = 2 * search.LENGTH  # of what was too long, so much is given back to be shortened


async def _again(request: Request, refusal: errors.Refusal) -> Response:
    trouble = {refusal.field or "": refusal.message}
    return _page(request, await _room(request), search.Results(), errors=trouble)


@failures.gives_back(_again)
async def show(request: Request) -> Response:
    """A page of results; its address says all that was asked for, so it can be kept."""
    room, person = await _room(request), access.viewer(request)
    query = search.parse(request.query_params)
    if not query.is_blank:
        await request.state.limits.hit("search", person.id)
    results = await search.find(request.state.db, person, query, room=room)
    return _page(request, room, results, query=query)


async def _room(request: Request) -> rooms.Room | None:
    """The room to search; none stands for all of them."""
    if "key" not in request.path_params:
        access.person(request)
        return None
    return (await access.inside(request)).room


def _page(
    request: Request,
    room: rooms.Room | None,
    results: search.Results,
    *,
    query: search.Query | None = None,
    errors: Mapping[str, str] | None = None,
) -> Response:
    asked = request.query_params
    values: dict[str, Any] = {name: asked.get(name, "")[:_SHOWN] for name in FIELDS}
    return responses.page(
        request,
        "search/show.html",
        room=room,
        values=values,
        query=query,
        results=results,
        errors=errors or {},
    )
