"""Answers, each in the form its asker reads: a page, a fragment for htmx, or JSON."""

from __future__ import annotations

import functools
import io
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import segno
from starlette.requests import HTTPConnection, Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from hubbub.web import forms, links, said

THEMES = frozenset({"light", "dark"})
Handler = Callable[[Request], Awaitable[Response]]

YEAR = 365 * 24 * 3600


def wants_json(request: Request) -> bool:
    """Whether the client asks for JSON and for nothing a browser would show."""
    accept = request.headers.get("accept", "")
    return "application/json" in accept and "text/html" not in accept


def is_htmx(request: Request) -> bool:
    return request.headers.get("hx-request") == "true"


def is_page(request: Request) -> bool:
    """Whether the answer will be shown as a whole page."""
    return not wants_json(request) and not is_htmx(request)


def is_visit(request: Request) -> bool:
    """Whether a person opens this address, rather than a prefetch, an image or a script.

    Fetch metadata: https://www.w3.org/TR/fetch-metadata/ and the Sec-Purpose header of Fetch.
    """
    headers = request.headers
    names = ("sec-purpose", "purpose", "x-purpose", "x-moz")
    purposes = [headers.get(name, "").lower() for name in names]
    return (
        request.method == "GET"
        and headers.get("sec-fetch-dest", "document") == "document"
        and not any("prefetch" in purpose or "preview" in purpose for purpose in purposes)
        and not is_htmx(request)
    )


def page(request: Request, template: str, /, status: int = 200, **context: Any) -> Response:
    theme = request.cookies.get("theme", "")
    # A refusal says enough by itself, and is the same whatever was done before.
    told = request.cookies.get(said.COOKIE, "") if status < 400 else ""
    text = request.state.templates.render(
        template,
        status=status,
        person=getattr(request.state, "person", None),
        inbox=getattr(request.state, "inbox", 0),
        theme=theme if theme in THEMES else "",
        said=said.sentence(told),
        **context,
    )
    response = HTMLResponse(text, status)
    if told:
        remember(request, response, said.COOKIE, "")
    return response


def fragment(request: Request, template: str, /, status: int = 200, **context: Any) -> Response:
    return HTMLResponse(request.state.templates.render(template, **context), status)


def either(request: Request, partial: str, whole: str, /, **context: Any) -> Response:
    """A partial for htmx, and for everyone else the page around it."""
    if is_htmx(request):
        return fragment(request, partial, **context)
    return page(request, whole, **context)


def json(value: Mapping[str, object], status: int = 200) -> Response:
    return JSONResponse(value, status)


def qr(link: str) -> Response:
    """The link as a picture, to be read by another device's camera."""
    picture = io.BytesIO()
    # Dark on light in every theme: many readers cannot read it the other way round.
    segno.make(link, error="m", micro=False).save(
        picture, kind="svg", border=2, dark="#111", light="#fff", svgclass=None, lineclass=None
    )
    return Response(picture.getvalue(), media_type="image/svg+xml")


def see_other(path: str) -> Response:
    """303: go on there with GET. `path` is one of ours and needs no further quoting."""
    return Response(status_code=303, headers={"Location": path})


def lead_to(request: Request, door: str, **params: str) -> Response:
    """303 to a door by its name."""
    return see_other(request.state.templates.path_for(door, **params))


def telling(door: Handler, name: str) -> Handler:
    """Wraps a form's door: the page it leads to says what was done. Scripts see to that alone."""

    @functools.wraps(door)
    async def told(request: Request) -> Response:
        response = await door(request)
        what = said.name(name, forms.kept(request))
        if response.status_code == 303 and what and is_page(request):
            remember(request, response, said.COOKIE, what, said.SECONDS)
        return response

    return told


def login(request: Request, next_path: str, **more: str) -> Response:
    """To the login page, and from there on to `next_path`."""
    return by_way_of(request, "accounts:login", next_path, **more)


def by_way_of(request: Request, door: str, next_path: str, **more: str) -> Response:
    """303 to a door that leads on to `next_path`."""
    path = request.state.templates.path_for(door)
    query = "&".join(
        f"{name}={links.quoted(value)}" for name, value in {"next": next_path, **more}.items()
    )
    return see_other(f"{path}?{query}")


def remember(
    request: Request, response: Response, name: str, value: str, max_age: int = YEAR
) -> None:
    """Set a cookie that only our own pages send and no script reads; an empty value removes it."""
    response.set_cookie(
        name,
        value,
        max_age=max_age if value else 0,
        path="/",
        secure=request.state.links.secure,
        httponly=True,
        samesite="lax",
    )


def here(request: HTTPConnection) -> str:
    """Path and query of this request, as they may stand in a header."""
    return links.quoted_path(request.scope["path"], request.scope["query_string"])
