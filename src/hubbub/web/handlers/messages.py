"""Messages: posting one, paging through them, and finding one by its number."""

from __future__ import annotations

import functools

from starlette.requests import Request
from starlette.responses import Response

from hubbub import errors, words
from hubbub.domain import clock, history, messages, moderation, revisions
from hubbub.domain import held as holding
from hubbub.domain.permissions import Act
from hubbub.markup import emoji
from hubbub.web import access, failures, forms, responses
from hubbub.web.handlers import chat, held, reading, uploads


@failures.gives_back(chat.again)
async def create(request: Request) -> Response:
    # Whether one may post is asked inside the transaction, after the room is locked; a retry of
    # what was accepted before must find it even where nothing new may be said.
    visit = await access.visit(request)
    await uploads.attached(request, visit)
    return await say(request, visit)


async def say(request: Request, visit: access.Visit) -> Response:
    """Posts the message that was read as the request's form."""
    draft = await forms.message(request)
    await request.state.limits.hit("messages", visit.person.id)
    posted = await holding.post(request.state.db, visit.room, visit.person, draft)
    if isinstance(posted, holding.Waiting):
        return held.waits(request, visit, posted)
    if posted.created:
        access.posted(request, visit.room.id, posted)
    return await _posted(request, visit, posted)


async def _posted(request: Request, visit: access.Visit, posted: messages.Posted) -> Response:
    path = request.state.links.room_path(visit.room)
    if responses.wants_json(request):
        message = posted.message
        told = {"number": message.number, "seq": message.seq, "cid": message.cid}
        return responses.json(told, 201 if posted.created else 200)
    if responses.is_htmx(request):
        message = await history.one(request.state.db, visit.room.id, posted.number)
        return responses.fragment(
            request, "messages/_message.html", message=message, room_path=path
        )
    await reading.advance(request, visit, posted.number)
    return responses.see_other(path)


async def menu(request: Request) -> Response:
    """What one may do with a message: fetched when it is opened, for it differs by who looks."""
    visit, message = await access.message(request)
    window = request.state.config.edit_hours * clock.HOUR
    return responses.either(
        request,
        "messages/_menu.html",
        "messages/menu.html",
        message=message,
        room=visit.room,
        can=visit.can,
        can_edit=visit.can(Act.EDIT) and revisions.can_edit(visit.person, message, window),
        can_erase=visit.can(Act.ERASE) and revisions.can_erase(visit.person, message),
        can_take_down=visit.can(Act.TAKE_DOWN)
        and await moderation.can_take_down(request.state.db, visit.room, visit.member, message),
        can_report=visit.can(Act.REPORT) and message.author_username != visit.person.username,
        common=emoji.COMMON,
        scripted=responses.is_htmx(request),
    )


async def reply(request: Request) -> Response:
    """The room with a message to be answered above the composer, or for htmx only that."""
    visit, message = await access.message(request, Act.POST)
    if responses.is_htmx(request):
        path = request.state.links.room_path(visit.room)
        return responses.fragment(request, "rooms/_reply.html", reply=message, room_path=path)
    return await chat.page(request, visit, reply=message)


def changed(request: Request, visit: access.Visit, message: messages.Message) -> Response:
    """After a change of a message: the message as it is now, or back to where it stands."""
    access.changed(request, visit)
    path = request.state.links.room_path(visit.room)
    if responses.wants_json(request):
        return responses.json({"number": message.number})
    if responses.is_htmx(request):
        return responses.fragment(
            request, "messages/_message.html", message=message, room_path=path
        )
    return responses.see_other(f"{path}/{message.number}")


async def index(request: Request) -> Response:
    """A page of history: `?before=N` or `?after=N`, whole or as a fragment for htmx."""
    visit, asked = await access.enter(request), request.query_params
    if "before" in asked:
        return await _history(request, visit, "before", _number(asked["before"]))
    if "after" in asked:
        return await _history(request, visit, "after", _number(asked["after"]))
    return await chat.page(request, visit)


async def show(request: Request) -> Response:
    """One message among its neighbours."""
    visit, number = await access.enter(request), forms.number(request.path_params["number"])
    if number is None:
        raise errors.NotFound(words.gettext("There is no such message."))
    pick = functools.partial(_around, number=number)
    return await chat.page(request, visit, pick, marked=number)


async def _history(request: Request, visit: access.Visit, side: str, number: int) -> Response:
    if responses.is_htmx(request):
        return await _fragment(request, visit, side, number)
    pick = functools.partial(_before if side == "before" else _after, number=number)
    return await chat.page(request, visit, pick)


async def _fragment(request: Request, visit: access.Visit, side: str, number: int) -> Response:
    """One more than a page is read, to know whether there is more to come."""
    if visit.member is None:
        raise errors.Forbidden(words.gettext("You are not a member of this room."))
    db, room = request.state.db, visit.room
    path = request.state.links.room_path(room)
    if side == "before":
        found = await history.before(db, room.id, number)
        first = found[0].number if found else 0
        context = {"first_number": first, "older": first > room.first_number}
        return responses.fragment(
            request, "messages/_history.html", messages=found, room_path=path, **context
        )
    found = await history.after(db, room.id, number, history.PAGE + 1)
    shown = found[: history.PAGE]
    context = {"last_number": shown[-1].number if shown else 0, "newer": len(found) > len(shown)}
    return responses.fragment(
        request, "messages/_future.html", messages=shown, room_path=path, **context
    )


async def _before(db: chat.Queries, room_id: int, _: int, *, number: int) -> chat.Messages:
    return await history.before(db, room_id, number)


async def _after(db: chat.Queries, room_id: int, _: int, *, number: int) -> chat.Messages:
    return await history.after(db, room_id, number)


async def _around(db: chat.Queries, room_id: int, _: int, *, number: int) -> chat.Messages:
    return await history.around(db, room_id, number)


def _number(text: str) -> int:
    number = forms.number(text)
    if number is None:
        raise errors.Invalid(words.gettext("This is not the number of a message."))
    return number
