"""Signing in and out: the session's row, and the cookie that holds its token."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from hubbub.domain import accounts, sessions
from hubbub.web import access, responses
from hubbub.web.middleware import sessions as cookies

SESSION_SECONDS = sessions.ABSOLUTE // 1000


async def sign_in(
    request: Request, person: accounts.Person, response: Response, *, kept: str = ""
) -> None:
    """A new session and its token, whatever session there was in this browser before. `kept` is
    that of `sessions.start`."""
    state = request.state
    if state.session is not None:
        await end(request)
    token, _ = await sessions.start(
        state.db,
        person,
        request.headers.get("user-agent", ""),
        access.address(request),
        kept=kept,
        lobby=state.site.now.lobby,
    )
    remember(request, response, token)


def remember(request: Request, response: Response, token: str) -> None:
    """Gives the browser the token of a session that has begun."""
    name = cookies.cookie_name(request.state.links.secure)
    responses.remember(request, response, name, token, SESSION_SECONDS)


async def sign_out(request: Request, response: Response) -> None:
    """The session's row goes, its sockets close, and the browser forgets the pages."""
    if request.state.session is not None:
        await end(request)
    responses.remember(request, response, cookies.cookie_name(request.state.links.secure), "")
    response.headers["Clear-Site-Data"] = '"cache"'


async def end(request: Request) -> None:
    await sessions.end(request.state.db, request.state.session.id)
    request.state.streams.sessions_changed()
