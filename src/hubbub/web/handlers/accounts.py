"""Registering, logging in, logging out."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from hubbub import errors, words
from hubbub.domain import accounts, security
from hubbub.web import access, entry, failures, forms, links, responses


async def register(request: Request) -> Response:
    check_open(request)
    return _register_page(request, {}, request.query_params.get("next", ""), {})


async def _register_again(request: Request, refusal: errors.Refusal) -> Response:
    form = forms.kept(request)
    return _register_page(request, form, form.get("next", ""), _by_field(refusal, form))


@failures.gives_back(_register_again)
async def create(request: Request) -> Response:
    """A new account; it leads to the login, where the way on is kept."""
    check_open(request)
    form, state = await forms.read(request), request.state
    username, password = form.get("username", ""), form.get("password", "")
    site, address = state.site.now.name, access.address(request)
    await state.limits.check("register", address)
    await accounts.check_new(state.db, username, password, site_name=site)
    # Counted before the slow part, in which many more could begin; what is refused is not counted.
    await state.limits.hit("register", address)
    person = await accounts.register(
        state.db, username, password, state.config.secret_keys, site_name=site
    )
    await _record(request, "registered", person)
    return responses.login(
        request, links.own_path(form.get("next", "")), registered=person.username
    )


async def login(request: Request) -> Response:
    asked, person = request.query_params, request.state.person
    if person is not None and person.guest_of is None:  # A guest may have an account.
        return responses.see_other(links.own_path(asked.get("next", "")))
    registered, renewed = asked.get("registered", ""), asked.get("renewed", "")
    notice = words.gettext("Your account is there. Log in to go on.") if registered else ""
    if renewed:
        notice = words.gettext("Your password is changed. Log in with the new one.")
    values = {"username": registered or renewed}
    return _login_page(request, values, asked.get("next", ""), {}, notice)


async def _login_again(request: Request, refusal: errors.Refusal) -> Response:
    form = forms.kept(request)
    return _login_page(request, form, form.get("next", ""), _by_field(refusal, form))


@failures.gives_back(_login_again)
async def enter(request: Request) -> Response:
    """A new session and its token, whatever session there was before."""
    form = await forms.read(request)
    proof = await _proof(request, form)
    response = responses.see_other(links.own_path(form.get("next", "")))
    await entry.sign_in(request, proof.person, response, kept=proof.kept)
    await _record(request, "logged in", proof.person)
    return response


async def logout(request: Request) -> Response:
    """The session's row goes, its sockets close, and the browser forgets the pages."""
    if request.state.session is not None:
        await _record(request, "logged out", request.state.person)
    response = responses.lead_to(request, "accounts:login")
    await entry.sign_out(request, response)
    return response


async def _proof(request: Request, form: forms.Form) -> accounts.Proof:
    state, username = request.state, form.get("username", "")
    name, address = accounts.fold(username)[:64], access.address(request)
    try:
        async with state.limits.attempt("login", name, address):
            return await accounts.prove(
                state.db, username, form.get("password", ""), state.config.secret_keys
            )
    except errors.Invalid:
        # What was typed is not kept: it happens to be a password now and then.
        await _record(request, "login failed", await accounts.by_username(state.db, username))
        raise


async def _record(request: Request, kind: str, person: accounts.Person | None) -> None:
    await security.record(
        request.state.db,
        kind,
        person_id=person.id if person else None,
        address=access.address(request),
    )


def check_open(request: Request) -> None:
    if request.state.site.now.registration == "closed":
        raise errors.Forbidden(
            words.gettext("This site takes no new accounts. Ask whoever runs it for one.")
        )


def _by_field(refusal: errors.Refusal, form: forms.Form) -> dict[str, str]:
    """The sentence beside its field, or above the form when no field is to blame."""
    return {refusal.field if refusal.field in form and refusal.field else "": refusal.message}


def _register_page(
    request: Request, form: forms.Form, next_path: str, trouble: dict[str, str]
) -> Response:
    return responses.page(
        request,
        "accounts/register.html",
        values={"username": form.get("username", "")},
        errors=trouble,
        next=_kept_next(next_path),
    )


def _login_page(
    request: Request,
    form: forms.Form,
    next_path: str,
    trouble: dict[str, str],
    notice: str = "",
) -> Response:
    return responses.page(
        request,
        "accounts/login.html",
        values={"username": form.get("username", "")},
        errors=trouble,
        notice=notice,
        next=_kept_next(next_path),
    )


def _kept_next(next_path: str) -> str:
    """Where to go on, empty when that is the start page anyway."""
    path = links.own_path(next_path)
    return "" if path == "/" else path
