"""Deleting one's own account."""

from __future__ import annotations

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response

from hubbub import errors, words
from hubbub.domain import accounts, departures
from hubbub.web import access, entry, failures, forms, responses
from hubbub.web.handlers import credentials

FIELDS = ("messages", "username", "current")


async def show(request: Request) -> Response:
    access.person(request)
    return _page(request, {})


async def _again(request: Request, refusal: errors.Refusal) -> Response:
    return _page(request, credentials.by_field(refusal, *FIELDS))


@failures.gives_back(_again)
async def depart(request: Request) -> Response:
    """Shut and nameless with the answer; what it left all over the site goes after it."""
    person, form, state = access.person(request), await forms.read(request), request.state
    erases = _chosen(form, person)
    await credentials.require(request, form.get("current", ""))
    await departures.begin(state.db, state.files, person, erase_messages=erases)
    await credentials.record(request, "account deleted", person)
    response = responses.lead_to(request, "departures:done")
    await entry.sign_out(request, response)
    response.background = BackgroundTask(_finish, request, person)
    return response


async def done(request: Request) -> Response:
    return responses.page(request, "departures/done.html")


async def _finish(request: Request, person: accounts.Person) -> None:
    state = request.state
    seen = await departures.finish(state.db, state.files, person.id)
    for room_id, seq in seen.items():
        state.streams.hint(room_id, seq)
    state.streams.inbox_changed()


def _chosen(form: forms.Form, person: accounts.Person) -> bool:
    """Whether the messages go too. Invalid unless that was chosen, and the name typed."""
    if form.get("messages") not in {"keep", "erase"}:
        raise errors.Invalid(
            words.gettext("Choose what becomes of your messages."), field="messages"
        )
    if accounts.fold(form.get("username", "")) != accounts.fold(person.username):
        sentence = words.gettext("Type your username, {username}, to say that you mean it.")
        raise errors.Invalid(sentence.format(username=person.username), field="username")
    return form["messages"] == "erase"


def _page(request: Request, trouble: dict[str, str]) -> Response:
    kept = forms.kept(request)
    values = {name: kept.get(name, "") for name in ("messages", "username")}
    return responses.page(request, "departures/show.html", values=values, errors=trouble)
