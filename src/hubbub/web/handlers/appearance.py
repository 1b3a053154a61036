"""Light, dark, or as the system has it: a cookie, so that the very first paint is right."""

from __future__ import annotations

import urllib.parse

from starlette.requests import Request
from starlette.responses import Response

from hubbub.web import forms, links, responses


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
