"""The site's log."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from hubbub import errors
from hubbub.domain.administration import journal
from hubbub.web import access, responses
from hubbub.web.handlers.admin import shown

FIELDS = ("kind", "by", "since", "until")


async def index(request: Request) -> Response:
    await access.admin(request)
    lines: list[journal.Line] = []
    given, older, trouble = dict(request.query_params), None, {}
    try:
        lines, older = await journal.latest(request.state.db, journal.parse(given))
    except errors.Invalid as refusal:
        trouble = shown.trouble(refusal, FIELDS)
    return responses.page(
        request,
        "admin/log.html",
        422 if trouble else 200,
        values={name: given.get(name, "") for name in FIELDS},
        kinds=await journal.kinds(request.state.db),
        lines=lines,
        older=older,
        is_later="before" in given,
        errors=trouble,
    )
