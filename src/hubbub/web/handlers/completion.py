"""Completion: who and which emoji could be meant by what is being typed."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from hubbub.domain import mentions
from hubbub.markup import emoji
from hubbub.web import access, responses

SHOWN = 8
QUERY_LENGTH = 50


async def names(request: Request) -> Response:
    """Members of the room whose name comes near to `?q=`, for members."""
    visit = await access.inside(request)
    await request.state.limits.hit("lookups", visit.person.id)
    found = await mentions.candidates(
        request.state.db, visit.room, visit.member, _asked(request), SHOWN
    )
    if responses.wants_json(request):
        return responses.json({"names": list(map(_as_json, found))})
    return responses.fragment(request, "completion/_names.html", candidates=found, room=visit.room)


async def emojis(request: Request) -> Response:
    """Emoji whose name comes near to `?q=`."""
    person = access.viewer(request)
    await request.state.limits.hit("lookups", person.id)
    found = emoji.find(_asked(request), SHOWN)
    if responses.wants_json(request):
        pairs = [{"emoji": character, "name": name} for character, name in found]
        return responses.json({"emoji": pairs})
    return responses.fragment(request, "completion/_emoji.html", found=found)


def _asked(request: Request) -> str:
    return request.query_params.get("q", "")[:QUERY_LENGTH]


def _as_json(candidate: mentions.Candidate) -> dict[str, str | None]:
    person = candidate.person
    return {"username": candidate.username, "name": person.name if person else None}
