"""The chat itself: a room with some of its messages, its people, and the rooms beside it."""

from __future__ import annotations

import contextlib
import dataclasses
import uuid
from collections.abc import Awaitable, Callable, Collection, Mapping

from starlette.requests import Request
from starlette.responses import Response

from hubbub import database, errors, words
from hubbub.domain import (
    blocks,
    direct,
    events,
    held,
    history,
    knocks,
    memberships,
    messages,
    pins,
    rooms,
    unread,
)
from hubbub.domain.permissions import Act
from hubbub.web import access, forms, responses

Messages = list[messages.Message]
Queries = database.Queries
# Picks the messages to show; it is given a snapshot, the room's id, and the seq of its head.
Pick = Callable[[Queries, int, int], Awaitable[Messages]]


@dataclasses.dataclass(frozen=True, slots=True)
class _View:
    """What a page of the chat shows, all of it from one moment.

    `read`: how far this room is read, `news`: how many messages follow, the `first` of them;
    `unread`: the other rooms with something unread, and the mentions in each; `quiet`: those
    one wants to hear nothing of; `knocks`: who asks
    to enter, for those who answer; `blocked`: the version of the list of those whose messages are
    hidden; `held`: what the viewer said that waits.
    """

    cursor: str
    messages: Messages
    older: bool
    newer: bool
    mine: list[rooms.Room]
    pins: int
    people: list[memberships.Member]
    read: int
    news: int
    first: unread.First | None
    unread: dict[str, int]
    quiet: frozenset[str]
    knocks: list[knocks.Knock]
    blocked: str
    held: list[held.Held]


async def page(
    request: Request,
    visit: access.Visit,
    pick: Pick = history.latest,
    *,
    marked: int | None = None,
    draft: str = "",
    error: str = "",
    cid: str = "",
    ask: bool = False,
    reply: messages.Message | None = None,
    at_home: bool = False,
) -> Response:
    """The whole page. Who holds the link and is no member yet sees the door, with a button."""
    if visit.member is None:
        return responses.page(request, "rooms/join.html", room=visit.room)
    online = await request.state.streams.online(visit.room.id) | {visit.person.id}
    read = request.state.streams.reading.unwritten(visit.person.id)
    view = await _view(request.state.db, visit, pick, online, read)
    response = responses.page(
        request,
        "rooms/show.html",
        room=await _named(request.state.db, visit),
        member=visit.member,
        online=online,
        marked=marked,
        draft=draft,
        error=error,
        cid=cid or str(uuid.uuid4()),
        ask=ask,
        reply=reply,
        at_home=at_home,
        asked=responses.is_htmx(request),
        can=visit.can,
        **{field.name: getattr(view, field.name) for field in dataclasses.fields(view)},
    )
    if responses.is_visit(request):
        responses.remember(request, response, "last_room", visit.room.public_id)
    return response


async def _named(db: Queries, visit: access.Visit) -> rooms.Room:
    """A direct room is called by the others' names."""
    return (await direct.named(db, [visit.room], visit.person.id))[0]


async def again(request: Request, refusal: errors.Refusal) -> Response:
    """The room once more, with the text that was not accepted still in the box."""
    return await again_in(request, await access.visit(request), refusal)


async def again_in(request: Request, visit: access.Visit, refusal: errors.Refusal) -> Response:
    """The same, for whom it is known already that they are in."""
    form = forms.kept(request)
    return await page(
        request,
        visit,
        draft=form.get("body", ""),
        error=refusal.message,
        cid="" if refusal.field == "cid" else form.get("cid", ""),
        ask=refusal.field == "sure",
        reply=await _answered(request, visit, form.get("reply_to", "")),
    )


async def _answered(request: Request, visit: access.Visit, number: str) -> messages.Message | None:
    """The message that was to be answered, if it is there."""
    found = forms.number(number)
    with contextlib.suppress(errors.NotFound):
        if found is not None:
            return await history.one(request.state.db, visit.room.id, found)
    return None


async def _view(
    db: database.Database,
    visit: access.Visit,
    pick: Pick,
    online: Collection[int],
    read: Mapping[int, int],
) -> _View:
    # The head is read in the same moment as the messages, so the live stream goes on exactly
    # where the page ends.
    async with db.snapshot() as moment:
        head = await events.head(moment, visit.room.id)
        if head is None:
            raise errors.Gone(words.gettext("This room was deleted."))
        newest = await history.latest(moment, visit.room.id, head.seq, 1)
        shown = await pick(moment, visit.room.id, head.seq)
        if not shown:
            shown = await history.latest(moment, visit.room.id, head.seq)
        mine = (await unread.of(moment, [visit.person.id]))[visit.person.id]
        standings = {one.room_id: one.read_to(read.get(one.room_id, 0)) for one in mine}
        here = standings.pop(visit.room.id, None)
        return _View(
            cursor=str(head),
            messages=shown,
            older=bool(shown) and shown[0].number > visit.room.first_number,
            newer=bool(shown) and shown[-1].number < newest[-1].number,
            mine=await direct.named(
                moment, await rooms.mine(moment, visit.person), visit.person.id
            ),
            pins=await pins.count(moment, visit.room.id),
            people=await memberships.people(moment, visit.room.id, first=sorted(online)),
            read=here.read_number if here else 0,
            news=here.last_number - here.read_number if here else 0,
            first=await unread.first(moment, here) if here else None,
            quiet=frozenset(one.public_id for one in mine if one.quiet),
            unread={one.public_id: one.mentions for one in standings.values() if one.is_shown},
            blocked=await blocks.version(moment, visit.person),
            held=await _held(moment, visit),
            knocks=await knocks.waiting(moment, visit.room) if visit.can(Act.ADMIT) else [],
        )


async def _held(db: Queries, visit: access.Visit) -> list[held.Held]:
    """Only newcomers have something that waits."""
    if visit.member is None or visit.member.cleared:
        return []
    return await held.of(db, visit.room.id, visit.person.id)
