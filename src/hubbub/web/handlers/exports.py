"""All that somebody wrote, to keep: as JSON for programs, as one page for people.

Both are written while they are read, a batch at a time, so that a hundred thousand messages need
no more memory than two hundred.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import AsyncIterator

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from hubbub.domain import accounts, clock, exports, messages
from hubbub.web import access, responses, templating


async def show(request: Request) -> Response:
    access.person(request)
    return responses.page(request, "exports/show.html")


async def as_json(request: Request) -> Response:
    person = await _asking(request)
    return _download(person, _json(request, person), "json", "application/json")


async def as_page(request: Request) -> Response:
    person = await _asking(request)
    return _download(person, _page(request, person), "html", "text/html; charset=utf-8")


async def _asking(request: Request) -> accounts.Person:
    """Guests too: what they wrote is theirs."""
    person = access.viewer(request)
    await request.state.limits.hit("exports", person.id)
    return person


def _download(
    person: accounts.Person, content: AsyncIterator[str], ending: str, media_type: str
) -> Response:
    today = datetime.datetime.now(datetime.UTC).date()
    name = f"{person.username}-{today.isoformat()}.{ending}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(content, media_type=media_type, headers=headers)


# -------------------------------------------------------------------- JSON


async def _json(request: Request, person: accounts.Person) -> AsyncIterator[str]:
    """One object, whose last member is the list of messages."""
    head = json.dumps(await _account(request, person), ensure_ascii=False, indent=1)
    yield head.removesuffix("\n}") + ',\n "messages": ['
    between = "\n  "
    async for batch in exports.written(request.state.db, person):
        lines = [json.dumps(_written(batch, each), ensure_ascii=False) for each in batch.messages]
        yield between + ",\n  ".join(lines)
        between = ",\n  "
    yield "\n ]\n}\n"


async def _account(request: Request, person: accounts.Person) -> dict[str, object]:
    found = await exports.account(request.state.db, person)
    return {
        "site": request.state.links.origin,
        "at": templating.iso(clock.now()),
        "profile": {
            "username": person.username,
            "name": person.name,
            "email": found.email,
            "since": templating.iso(found.since),
            "preferences": person.preferences.split(),
        },
        "rooms": [
            {
                "id": each.room.public_id,
                "title": each.room.title,
                "role": each.role,
                "since": templating.iso(each.joined_at),
            }
            for each in found.memberships
        ],
    }


def _written(batch: exports.Batch, message: messages.Message) -> dict[str, object]:
    return {
        "room": batch.place,
        "title": batch.room.title if batch.room else None,
        "number": message.number,
        "at": templating.iso(message.posted_at),
        "edited_at": templating.iso(message.edited_at) if message.edited_at else None,
        "reply_to": message.quote.number if message.quote else None,
        "text": message.body,
        "files": [file.name for file in message.attachments],
    }


# -------------------------------------------------------------------- HTML


async def _page(request: Request, person: accounts.Person) -> AsyncIterator[str]:
    """Messages as everywhere, drawn by the same partial, with the styles in the page."""
    render = request.state.templates.render
    found = await exports.account(request.state.db, person)
    styles = f"<style>\n{render('exports/export.css')}</style>\n"
    top = render("exports/_top.html", account=found, at=clock.now())
    yield render("exports/_head.html", owner=person) + styles + top
    place = ""
    async for batch in exports.written(request.state.db, person):
        if batch.place != place:
            yield render("exports/_room.html", room=batch.room)
            place = batch.place
        yield "".join(_drawn(request, batch, each) for each in batch.messages)
    yield render("exports/_end.html", is_empty=not place)


def _drawn(request: Request, batch: exports.Batch, message: messages.Message) -> str:
    path = request.state.links.room_path(batch.room) if batch.room else f"/r/{batch.place}"
    drawn: str = request.state.templates.render(
        "messages/_message.html", message=message, room_path=path
    )
    return drawn
