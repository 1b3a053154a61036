"""What mails say: short, with one link, and never anything somebody else typed."""

from __future__ import annotations

from starlette.requests import Request

from hubbub import words
from hubbub.domain import accounts, credentials, emails


async def new_password(request: Request, name: str) -> None:
    """To whose username or address this is, if it is anybody's; done after the answer, so that
    the answer tells nothing of it."""
    found = await credentials.ask(request.state.db, name)
    if found is None:
        return
    person, address, token = found
    link = request.state.templates.absolute_for("credentials:new", token=token)
    text = words.gettext(
        "Hello {username},\n\n"
        "somebody, hopefully you, asked for a new password at {site}. Choose one here:\n\n"
        "{link}\n\n"
        "The link works once, and for one hour. If it was not you, there is nothing to do:\n"
        "your password is as it was.\n"
    )
    _post(request, address, words.gettext("A new password"), text, person, link)


async def confirm_address(request: Request, person: accounts.Person, address: str) -> None:
    """The link that makes an address one's own. Whoever has it with another account is told so,
    and nobody else: it is only said to the address itself."""
    token = await emails.ask(request.state.db, person, address)
    owner = await emails.owner(request.state.db, address)
    subject = words.gettext("Your e-mail address")
    if owner not in {None, person.id}:
        text = words.gettext(
            "Hello,\n\n"
            "{username} at {site} wants to use this e-mail address, but another account has it\n"
            "already. If both are yours, remove it there first. Otherwise there is nothing to do.\n"
        )
        _post(request, address, subject, text, person, "")
        return
    link = request.state.templates.absolute_for("emails:show", token=token)
    text = words.gettext(
        "Hello {username},\n\n"
        "this confirms the address for your account at {site}:\n\n"
        "{link}\n\n"
        "The link works once, and for one day. If it was not you, there is nothing to do.\n"
    )
    _post(request, address, subject, text, person, link)


async def password_changed(request: Request, person: accounts.Person) -> None:
    """So that nobody loses an account without a word; where there is an address to write to."""
    address = await emails.of(request.state.db, person)
    if address is None or not request.state.mail.is_on:
        return
    text = words.gettext(
        "Hello {username},\n\n"
        "your password at {site} was changed just now, and you were signed out elsewhere.\n"
        "If that was not you, ask whoever runs the site for a link to a new one.\n"
    )
    _post(request, address, words.gettext("Your password was changed"), text, person, "")


def address_changed(request: Request, person: accounts.Person, before: str | None) -> None:
    """Told to the address before."""
    if before is None or not request.state.mail.is_on:
        return
    text = words.gettext(
        "Hello {username},\n\n"
        "your account at {site} does not use this e-mail address any more. If that was not\n"
        "you, ask whoever runs the site for a link to a new password.\n"
    )
    _post(request, before, words.gettext("Your e-mail address"), text, person, "")


def _post(
    request: Request,
    address: str,
    subject: str,
    text: str,
    person: accounts.Person,
    link: str,
) -> None:
    site = request.state.site.now.name
    filled = text.format(username=person.username, site=site, link=link)
    request.state.mail.post(address, f"{subject} – {site}", filled, sender=site)
