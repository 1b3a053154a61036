"""Passwords: changing one's own, and a new one for who forgot it."""

from __future__ import annotations

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response

from hubbub import errors
from hubbub.domain import accounts, credentials, security
from hubbub.web import access, entry, failures, forms, letters, responses

NAME_LENGTH = 300


async def show(request: Request) -> Response:
    access.person(request)
    return _page(request, {})


async def _again(request: Request, refusal: errors.Refusal) -> Response:
    return _page(request, by_field(refusal, "current", "password"))


@failures.gives_back(_again)
async def change(request: Request) -> Response:
    """Another password: signed out everywhere but here, and here with another token."""
    person, form = access.person(request), await forms.read(request)
    await require(request, form.get("current", ""))
    token = await credentials.change(
        request.state.db,
        request.state.session,
        form.get("password", ""),
        request.state.config.secret_keys,
        site_name=request.state.site.now.name,
    )
    request.state.streams.sessions_changed()
    await record(request, "password changed", person)
    await letters.password_changed(request, person)
    response = responses.lead_to(request, "sessions:list")
    entry.remember(request, response, token)
    return response


async def require(request: Request, password: str, field: str = "current") -> None:
    """Invalid unless this is the password of who is signed in; limited like a login."""
    person, state = access.person(request), request.state
    name = accounts.fold(person.username)
    async with state.limits.attempt("login", name, access.address(request)):
        await credentials.check(state.db, person, password, state.config.secret_keys, field=field)


def by_field(refusal: errors.Refusal, *fields: str) -> dict[str, str]:
    """The sentence beside its field, or above the form when no field is to blame."""
    return {refusal.field if refusal.field in fields else "": refusal.message}


async def record(request: Request, kind: str, person: accounts.Person) -> None:
    address = access.address(request)
    await security.record(request.state.db, kind, person_id=person.id, address=address)


def _page(request: Request, trouble: dict[str, str]) -> Response:
    return responses.page(request, "credentials/show.html", values={}, errors=trouble)


# --------------------------------------------------------------- forgotten


async def forgotten(request: Request) -> Response:
    return _forgotten_page(request, {})


async def _forgotten_again(request: Request, refusal: errors.Refusal) -> Response:
    return _forgotten_page(request, by_field(refusal, "name"))


@failures.gives_back(_forgotten_again)
async def ask(request: Request) -> Response:
    """The same answer whoever is asked for, and before anything is looked up."""
    form = await forms.read(request)
    await request.state.limits.hit("resets", access.address(request))
    name = form.get("name", "")[:NAME_LENGTH]
    response = responses.page(
        request, "credentials/asked.html", mailed=request.state.mail.is_on, status=202
    )
    if request.state.mail.is_on:
        response.background = BackgroundTask(letters.new_password, request, name)
    return response


async def new(request: Request) -> Response:
    """The form behind a link; what it says, and to whom, only while the link is good."""
    try:
        person = await _holder(request)
    except errors.NotFound:
        return _spent(request)
    return _new_page(request, person, {})


async def _new_again(request: Request, refusal: errors.Refusal) -> Response:
    return _new_page(request, await _holder(request), by_field(refusal, "password"))


@failures.gives_back(_new_again)
async def reset(request: Request) -> Response:
    """The new password, once; then one logs in with it."""
    form, state = await forms.read(request), request.state
    await state.limits.check("links", access.address(request))
    try:
        person = await credentials.reset(
            state.db,
            request.path_params["token"],
            form.get("password", ""),
            state.config.secret_keys,
            site_name=state.site.now.name,
        )
    except errors.NotFound:
        await access.missed(request)
        return _spent(request)
    state.streams.sessions_changed()
    await record(request, "password reset", person)
    await letters.password_changed(request, person)
    response = responses.login(request, "/", renewed=person.username)
    await entry.sign_out(request, response)
    return response


async def _holder(request: Request) -> accounts.Person:
    await request.state.limits.check("links", access.address(request))
    try:
        return await credentials.holder(request.state.db, request.path_params["token"])
    except errors.NotFound:
        await access.missed(request)
        raise


def _forgotten_page(request: Request, trouble: dict[str, str]) -> Response:
    values = {"name": forms.kept(request).get("name", "")}
    mailed = request.state.mail.is_on
    return responses.page(
        request, "credentials/forgotten.html", values=values, errors=trouble, mailed=mailed
    )


def _new_page(request: Request, owner: accounts.Person, trouble: dict[str, str]) -> Response:
    return responses.page(request, "credentials/new.html", owner=owner, values={}, errors=trouble)


def _spent(request: Request) -> Response:
    return responses.page(request, "credentials/spent.html", 404)
