"""People: finding one, and what is done to an account."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from hubbub import errors, words
from hubbub.domain import credentials, departures, sessions
from hubbub.domain.administration import people
from hubbub.web import access, failures, forms, responses
from hubbub.web.handlers.admin import shown


async def index(request: Request) -> Response:
    await access.admin(request)
    asked = shown.asked(request, people.SHOWS, people.SORTS)
    page = await people.listed(request.state.db, asked)
    return shown.listed(request, "admin/people.html", asked, page)


async def show(request: Request) -> Response:
    await access.admin(request)
    return await _page(request, {})


async def again(request: Request, refusal: errors.Refusal) -> Response:
    await access.admin(request)
    return await _page(request, shown.trouble(refusal, ()))


@failures.gives_back(again)
async def disable(request: Request) -> Response:
    """Shuts an account, or opens it again."""
    who, account = await access.admin(request), await _account(request)
    if (await forms.read(request)).get("disabled") == "no":
        await people.enable(request.state.db, who, account)
        return await _done(request, account, "account enabled")
    await people.disable(request.state.db, who, account)
    return await _done(request, account, "account disabled")


@failures.gives_back(again)
async def sign_out(request: Request) -> Response:
    await access.admin(request)
    account = await _account(request)
    await sessions.end_all(request.state.db, account.person.id)
    return await _done(request, account, "signed out everywhere")


@failures.gives_back(again)
async def promote(request: Request) -> Response:
    """Lets somebody administer the site, or no longer."""
    who, account = await access.admin(request), await _account(request)
    if (await forms.read(request)).get("admin") == "no":
        await people.demote(request.state.db, who, account)
        return await _done(request, account, "administrator demoted")
    await people.promote(request.state.db, who, account)
    return await _done(request, account, "administrator promoted")


@failures.gives_back(again)
async def password_link(request: Request) -> Response:
    """A link to a new password, shown this once: only its hash is kept."""
    await access.admin(request)
    account = await _account(request)
    token = await credentials.link(request.state.db, account.person.username)
    await shown.record(request, "password link made", person_id=account.person.id)
    link = request.state.templates.absolute_for("credentials:new", token=token)
    return await _page(request, {}, link=link)


@failures.gives_back(again)
async def delete(request: Request) -> Response:
    """Deletes an account for good, and what they said if that is asked."""
    who, form, account = (
        await access.admin(request),
        await forms.read(request),
        await _account(request),
    )
    if account.person.id == who.id:
        raise errors.Conflict(words.gettext("Delete your own account on your own page."))
    if form.get("sure") != "yes":
        raise errors.Invalid(words.gettext("Tick that you are sure."), field="sure")
    erasing = form.get("messages") == "erase"
    seen = await departures.depart(
        request.state.db, request.state.files, account.person, erase_messages=erasing
    )
    for room_id, seq in seen.items():
        request.state.streams.hint(room_id, seq)
    request.state.streams.sessions_changed()
    detail = f"{account.person.username}, {'messages erased' if erasing else 'messages kept'}"
    await shown.record(request, "account deleted", person_id=account.person.id, detail=detail)
    return shown.back(request, "admin:people")


async def _account(request: Request) -> people.Account:
    return await people.find(request.state.db, request.path_params["username"])


async def _done(request: Request, account: people.Account, kind: str) -> Response:
    request.state.streams.sessions_changed()
    await shown.record(request, kind, person_id=account.person.id)
    return shown.back(request, "admin:person", username=account.person.username)


async def _page(request: Request, trouble: dict[str, str], *, link: str = "") -> Response:
    account = await _account(request)
    details = await people.details(request.state.db, account.person.id)
    return responses.page(
        request, "admin/person.html", account=account, details=details, errors=trouble, link=link
    )
