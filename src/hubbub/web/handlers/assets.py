"""Static files, and the two addresses browsers and crawlers ask for by themselves."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from hubbub.domain import permissions
from hubbub.web import assets, failures

FOR_EVER = "public, max-age=31536000, immutable"
A_DAY = "public, max-age=86400"


async def show(request: Request) -> Response:
    found: assets.Asset | None = request.state.templates.assets.named(request.path_params["name"])
    if found is None:
        return failures.answer(request, permissions.unseen())
    headers = {"Cache-Control": FOR_EVER, "Vary": "Accept-Encoding"}
    body = found.body
    if found.packed and "gzip" in request.headers.get("accept-encoding", ""):
        body, headers["Content-Encoding"] = found.packed, "gzip"
    return Response(body, media_type=found.media_type, headers=headers)


async def robots(_: Request) -> Response:
    return PlainTextResponse("User-agent: *\nDisallow: /\n", headers={"Cache-Control": A_DAY})


async def favicon(request: Request) -> Response:
    where = request.state.templates.asset("icon.svg")
    return RedirectResponse(where, 302, headers={"Cache-Control": A_DAY})
