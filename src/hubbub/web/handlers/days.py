"""Days: a room read and printed one day, in UTC, at a time."""

from __future__ import annotations

import datetime
import re

from starlette.requests import Request
from starlette.responses import Response

from hubbub.domain import clock, history, permissions
from hubbub.web import access, forms, responses

LATEST = "latest"
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_EPOCH = datetime.date(1970, 1, 1)


async def show(request: Request) -> Response:
    """All that was said on a day, as YYYY-MM-DD, or on the latest there is, for members."""
    visit, date = await access.inside(request), request.path_params["date"]
    if date == LATEST:
        return await _lead_to_latest(request, visit)
    day = _day(date)
    after = forms.number(request.query_params.get("after", "")) or 0
    found = await history.of_day(request.state.db, visit.room, day, after)
    return responses.page(
        request,
        "messages/day.html",
        room=visit.room,
        room_path=request.state.links.room_path(visit.room),
        day=found,
        date=date,
        at=day * clock.DAY,
        earlier=_date(found.earlier),
        later=_date(found.later),
    )


async def _lead_to_latest(request: Request, visit: access.Visit) -> Response:
    newest = await history.latest(request.state.db, visit.room.id, visit.room.seq, 1)
    at = newest[0].posted_at if newest else clock.now()
    key = request.state.links.room_key(visit.room)
    return responses.lead_to(request, "messages:day", key=key, date=_date(at // clock.DAY) or "")


def _day(date: str) -> int:
    """Days since 1970. NotFound for what is no day."""
    try:
        if _DATE.fullmatch(date):
            return (datetime.date.fromisoformat(date) - _EPOCH).days
    except ValueError:
        pass
    raise permissions.unseen()


def _date(day: int | None) -> str | None:
    return None if day is None else (_EPOCH + datetime.timedelta(days=day)).isoformat()
