"""What is answered when something cannot be had: the one place where a refusal becomes a page."""

from __future__ import annotations

import functools
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ExceptionHandler, Receive, Scope, Send

from hubbub import errors, words
from hubbub.web import forms, responses

log = logging.getLogger(__name__)

Handler = Callable[[Request], Awaitable[Response]]
Again = Callable[[Request, errors.Refusal], Awaitable[Response]]

# What a form may come back with. What does not exist, or nobody is signed in for, has no form.
_GIVEN_BACK = (
    errors.Invalid,
    errors.Conflict,
    errors.Forbidden,
    errors.TooMany,
    errors.Unavailable,
)


def handlers() -> dict[Any, ExceptionHandler]:
    """For the application: which exception is answered by what."""
    return {
        errors.Refusal: _refused,
        HTTPException: _http,
        ClientDisconnect: _gone,
        Exception: _crashed,
    }


def answer(request: Request, refusal: errors.Refusal) -> Response:
    """The refusal in the form the client reads, with the same status in each of them."""
    if isinstance(refusal, errors.SignedOut) and _is_reading(request):
        return responses.login(request, responses.here(request))
    if isinstance(refusal, errors.Unconfirmed) and responses.is_page(request):
        return _asked_again(request, refusal)
    sentence = _nothing() if isinstance(refusal, errors.NotFound) else refusal.message
    return _with_retry(_shown(request, refusal.status, sentence, refusal.retry_after), refusal)


def gives_back(again: Again) -> Callable[[Handler], Handler]:
    """Decorates a form's handler: a refused form comes back as `again` shows it, still filled in.

    Clients that read fragments or JSON have kept what they sent, and get the sentence alone.
    """

    def decorate(handler: Handler) -> Handler:
        @functools.wraps(handler)
        async def guarded(request: Request) -> Response:
            try:
                return await handler(request)
            except _GIVEN_BACK as refusal:
                if not responses.is_page(request):
                    raise
                return await _again(request, refusal, again)

        return guarded

    return decorate


def _asked_again(request: Request, refusal: errors.Unconfirmed) -> Response:
    """The password is asked for: on a page of its own, which leads on to what was to be read, or
    with all that a form held, which is sent on with it."""
    if _is_reading(request):
        return responses.by_way_of(request, "admin:confirmation", responses.here(request))
    return responses.page(
        request,
        "admin/confirmation.html",
        refusal.status,
        action=responses.here(request),
        fields=forms.kept(request),
        errors={"password": refusal.message} if refusal.field else {},
    )


async def refuse(scope: Scope, receive: Receive, send: Send, refusal: errors.Refusal) -> None:
    """For middleware: answer a request, or turn a socket away before it is accepted."""
    if scope["type"] == "websocket":
        code = 1013 if isinstance(refusal, errors.Unavailable) else 1008
        await send({"type": "websocket.close", "code": code, "reason": ""})
    else:
        request = Request(scope, receive, send)
        await answer(request, refusal)(scope, receive, send)


async def _again(request: Request, refusal: errors.Refusal, again: Again) -> Response:
    try:
        response = await again(request, refusal)
    except errors.Refusal as another:
        # The page around the form cannot be had either; what was said first counts.
        log.debug("no page to give a form back on: %s", another.message)
        raise refusal from None
    response.status_code = refusal.status
    return _with_retry(response, refusal)


def _is_reading(request: Request) -> bool:
    return request.method in {"GET", "HEAD"} and responses.is_page(request)


def _with_retry(response: Response, refusal: errors.Refusal) -> Response:
    if refusal.retry_after is not None:
        response.headers["Retry-After"] = str(max(1, refusal.retry_after))
    elif isinstance(refusal, errors.TooMany | errors.Unavailable):
        response.headers["Retry-After"] = "5"
    return response


def _shown(request: Request, status: int, sentence: str, wait: int | None = None) -> Response:
    if responses.wants_json(request):
        return responses.json({"error": sentence}, status)
    if responses.is_htmx(request):
        return responses.fragment(
            request, "failures/_fragment.html", status, sentence=sentence, wait=wait
        )
    return responses.page(
        request,
        "failures/show.html",
        status,
        title=_title(status),
        sentence=sentence,
        request_id=request.state.request_id,
    )


def _title(status: int) -> str:
    titles = {
        400: words.gettext("That could not be read"),
        401: words.gettext("Please log in"),
        403: words.gettext("Not allowed"),
        404: words.gettext("Nothing here"),
        405: words.gettext("Not that way"),
        409: words.gettext("That does not go together"),
        410: words.gettext("Gone"),
        413: words.gettext("Too large"),
        421: words.gettext("Another address"),
        422: words.gettext("That is not right yet"),
        429: words.gettext("One moment"),
        503: words.gettext("Back in a moment"),
    }
    return titles.get(status) or words.gettext("Something went wrong")


def _nothing() -> str:
    """One sentence for what is not there and for what may not be seen: none of us can tell."""
    return words.gettext(
        "There is no such page, or it is not for you. Check the link, or ask whoever sent it."
    )


async def _refused(request: Request, refusal: Any) -> Response:
    return answer(request, refusal)


async def _http(request: Request, error: Any) -> Response:
    """Starlette's own: unknown addresses, wrong methods, and redirects made by `access`."""
    if error.status_code < 400:
        return Response(status_code=error.status_code, headers=error.headers)
    status = 404 if _is_hidden(request) else error.status_code
    response = _shown(request, status, _http_sentence(status))
    if status == 405:
        response.headers["Allow"] = ", ".join(_allowed(request))
    return response


def _is_hidden(request: Request) -> bool:
    """Whether this is a door of the administration, of which others do not even learn how it is
    opened."""
    who = getattr(request.state, "person", None)
    path = request.scope["path"]
    return (path == "/admin" or path.startswith("/admin/")) and not (who and who.is_admin)


def _http_sentence(status: int) -> str:
    sentences = {
        404: _nothing(),
        405: words.gettext("This address cannot be used in this way."),
        413: words.gettext("This is more than can be sent at once."),
    }
    return sentences.get(status) or words.gettext("This request could not be understood.")


def _allowed(request: Request) -> list[str]:
    """All methods of an address: several routes share a path, and each knows its own."""
    found: set[str] = set()
    for route in request.app.routes:
        methods = getattr(route, "methods", None)
        if methods and route.path_regex.match(request.scope["path"]):
            found |= methods
    return sorted(found)


async def _gone(_: Request, __: Exception) -> Response:
    """The client left while it was sending; nobody reads this."""
    return Response(status_code=400)


async def _crashed(request: Request, _: Exception) -> Response:
    """A mistake of ours. Starlette raises it again afterwards, so that it is logged."""
    sentence = words.gettext(
        "That was our mistake, not yours. If it happens again, tell whoever runs this site the"
        " number below."
    )
    try:
        return _shown(request, 500, sentence)
    except Exception:
        log.exception("the page that says so cannot be shown either")
        return PlainTextResponse(sentence, 500)
