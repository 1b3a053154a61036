"""The e-mail address of an account, where the site sends mail."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from hubbub import errors
from hubbub.domain import emails, permissions
from hubbub.web import access, failures, forms, letters, responses
from hubbub.web.handlers import credentials, profiles


@failures.gives_back(profiles.again)
async def change(request: Request) -> Response:
    """Sends the link that confirms an address; an empty one takes it away. Nothing tells whether
    somebody else has it."""
    person, form = access.person(request), await forms.read(request)
    _require_mail(request)
    wanted = form.get("email", "").strip()
    address = emails.clean(wanted) if wanted else ""
    await credentials.require(request, form.get("current", ""))
    if address:
        await request.state.limits.hit("mails", person.id)
        await letters.confirm_address(request, person, address)
        await credentials.record(request, "e-mail address asked for", person)
    else:
        letters.address_changed(request, person, await emails.of(request.state.db, person))
        await emails.remove(request.state.db, person)
        await credentials.record(request, "e-mail address removed", person)
    return responses.lead_to(request, "profile:show")


async def show(request: Request) -> Response:
    """Where the link leads. Opening it changes nothing: programs open links too."""
    access.person(request)
    return responses.page(request, "emails/confirm.html", token=request.path_params["token"])


async def confirm(request: Request) -> Response:
    person = access.person(request)
    await request.state.limits.hit("writes", person.id)
    before = await emails.of(request.state.db, person)
    try:
        address = await emails.confirm(request.state.db, person, request.path_params["token"])
    except errors.NotFound:
        return responses.page(request, "credentials/spent.html", 404)
    if address != before:
        letters.address_changed(request, person, before)
    await credentials.record(request, "e-mail address confirmed", person)
    return responses.lead_to(request, "profile:show")


def _require_mail(request: Request) -> None:
    if not request.state.mail.is_on:
        raise permissions.unseen()
