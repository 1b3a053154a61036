"""Notifications: how much of a room one hears, and by what: sound, the browser, Web Push."""

from __future__ import annotations

import urllib.parse

from starlette.requests import Request
from starlette.responses import Response

from hubbub import errors, webpush, words
from hubbub.domain import accounts, notifications, profiles, subscriptions
from hubbub.web import access, failures, forms, responses

CHOICES = (notifications.SOUND, notifications.ALERTS, notifications.PRIVATE)


# -------------------------------------------------------------------- a room


async def level(request: Request) -> Response:
    """How much one hears of a room: a page, or for htmx a card."""
    visit = await access.inside(request)
    return responses.either(
        request,
        "notifications/_level.html",
        "notifications/level.html",
        room=visit.room,
        member=visit.member,
    )


async def choose(request: Request) -> Response:
    await request.state.limits.hit("writes", access.viewer(request).id)
    visit, form = await access.inside(request), await forms.read(request)
    chosen = form.get("level", "-")
    await notifications.choose(request.state.db, visit.room, visit.person, chosen)
    request.state.streams.reading.chose(visit.person.id)
    return responses.see_other(request.state.links.room_path(visit.room))


# -------------------------------------------------------------------- a person


async def show(request: Request) -> Response:
    return await _page(request, access.person(request), {})


async def again(request: Request, refusal: errors.Refusal) -> Response:
    return await _page(request, access.person(request), {"": refusal.message})


@failures.gives_back(again)
async def prefer(request: Request) -> Response:
    """The form has all of the choices; which are not ticked are not sent."""
    person, form = await _changing(request), await forms.read(request)
    choices = {word: form.get(word) == "yes" for word in CHOICES}
    await profiles.prefer(request.state.db, person, choices)
    return responses.lead_to(request, "notifications:show")


@failures.gives_back(again)
async def subscribe(request: Request) -> Response:
    """A browser says where it can be reached, and by which keys."""
    person, form = await _changing(request), await forms.read(request)
    given = {name: form.get(name, "") for name in ("endpoint", "p256dh", "auth", "server_key")}
    pusher = request.state.push
    if not pusher.reaches(given["endpoint"]) or not pusher.knows(given["server_key"]):
        raise errors.Invalid(
            words.gettext("This site does not speak to the push service of this browser."),
            field="endpoint",
        )
    try:
        webpush.check(given["p256dh"], given["auth"])
    except webpush.BadKeys:
        raise errors.Invalid(words.gettext("These are no keys of a browser.")) from None
    await subscriptions.subscribe(request.state.db, person, request.state.session.id, given)
    return responses.lead_to(request, "notifications:show")


@failures.gives_back(again)
async def unsubscribe(request: Request) -> Response:
    person, form = await _changing(request), await forms.read(request)
    await subscriptions.unsubscribe(request.state.db, person, form.get("endpoint", ""))
    return responses.lead_to(request, "notifications:show")


async def _changing(request: Request) -> accounts.Person:
    person = access.person(request)
    await request.state.limits.hit("writes", person.id)
    return person


async def _page(request: Request, person: accounts.Person, trouble: dict[str, str]) -> Response:
    known = await subscriptions.endpoints(request.state.db, person)
    return responses.page(
        request,
        "notifications/show.html",
        errors=trouble,
        server_key=request.state.push.server_key,
        endpoints=[(endpoint, urllib.parse.urlsplit(endpoint).hostname) for endpoint in known],
    )
