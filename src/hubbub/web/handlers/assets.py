"""Static files, and the addresses browsers and crawlers ask for by themselves."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response

from hubbub.domain import permissions
from hubbub.web import assets, failures

FOR_EVER = "public, max-age=31536000, immutable"
A_DAY = "public, max-age=86400"
PAPER, DEEP = "#f2f6f6", "#0d5c63"
ICONS = (
    ("icon.svg", "any", "any"),
    ("icon192.png", "192x192", "any"),
    ("icon512.png", "512x512", "any"),
    ("icon512full.png", "512x512", "maskable"),
)


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


async def worker(request: Request) -> Response:
    """The service worker, at the root because it may look after what lies below its address."""
    body = request.state.templates.assets.logical("sw.js").body
    headers = {"Cache-Control": "no-cache"}
    return Response(body, media_type="text/javascript", headers=headers)


async def manifest(request: Request) -> Response:
    """What a browser asks before it installs the site: https://www.w3.org/TR/appmanifest/"""
    name, asset = request.state.site.now.name, request.state.templates.asset
    told = {
        "id": "/",
        "name": name,
        "short_name": name,
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        "background_color": PAPER,
        "theme_color": DEEP,
        "icons": [
            {"src": asset(file), "sizes": sizes, "purpose": purpose}
            for file, sizes, purpose in ICONS
        ],
    }
    headers = {"Cache-Control": A_DAY}
    return JSONResponse(told, headers=headers, media_type="application/manifest+json")
