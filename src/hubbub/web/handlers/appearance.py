"""How pages look to one person: light or dark, by a cookie, so that the very first paint is right;
and what is theirs among what all see."""

from __future__ import annotations

import urllib.parse

from starlette.requests import Request
from starlette.responses import Response

from hubbub.domain import accounts, blocks, permissions
from hubbub.web import access, forms, links, responses

AN_HOUR = "private, max-age=3600"


async def mine(request: Request) -> Response:
    """The style sheet of one person: what is theirs, what calls them, and whom they do not want to
    see. Pages ask for it by `blocks.version`, so that what is kept of it is never too old."""
    person = access.viewer(request)
    if request.path_params["username"] != person.username:
        raise permissions.unseen()
    text = request.state.templates.render(
        "appearance/mine.css",
        username=person.username,
        folded=accounts.fold(person.username),
        blocked=await blocks.blocked(request.state.db, person),
    )
    return Response(text, media_type="text/css", headers={"Cache-Control": AN_HOUR})


async def choose(request: Request) -> Response:
    chosen = (await forms.read(request)).get("theme", "")
    response = responses.see_other(_back(request))
    theme = chosen if chosen in responses.THEMES else ""
    responses.remember(request, response, "theme", theme)
    return response


def _back(request: Request) -> str:
    """The page the choice was made on. Our policy sends the referrer to our own pages only."""
    try:
        came = urllib.parse.urlsplit(request.headers.get("referer", ""))
    except ValueError:
        return "/"
    if f"{came.scheme}://{came.netloc}" not in request.state.links.origins:
        return "/"
    return links.own_path(came.path + (f"?{came.query}" if came.query else ""))
