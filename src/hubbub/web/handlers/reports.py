"""Reports: making one of a message or a person, and looking at what was reported."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from hubbub import errors
from hubbub.domain import accounts, memberships, permissions, reports
from hubbub.domain.permissions import Act
from hubbub.web import access, failures, forms, responses


async def message(request: Request) -> Response:
    """The form, or that it was reported already."""
    return await _message(request)


async def _message_again(request: Request, refusal: errors.Refusal) -> Response:
    return await _message(request, refusal)


@failures.gives_back(_message_again)
async def report_message(request: Request) -> Response:
    visit, found = await access.message(request, Act.REPORT)
    form = await _counted(request, visit)
    await reports.report_message(
        request.state.db, visit.room, visit.person, found.number, form.get("reason", "")
    )
    return _made(request, await _message(request))


async def person(request: Request) -> Response:
    return await _person(request)


async def _person_again(request: Request, refusal: errors.Refusal) -> Response:
    return await _person(request, refusal)


@failures.gives_back(_person_again)
async def report_person(request: Request) -> Response:
    visit = await access.inside(request, Act.REPORT)
    form = await _counted(request, visit)
    about = await _about(request, visit)
    await reports.report_person(
        request.state.db, visit.room, visit.person, about, form.get("reason", "")
    )
    return _made(request, await _person(request))


async def index(request: Request) -> Response:
    visit = await access.inside(request, Act.REVIEW)
    return responses.page(
        request,
        "reports/list.html",
        room=visit.room,
        can=visit.can,
        reports=await reports.open(request.state.db, visit.room.id, visit.person),
    )


async def close(request: Request) -> Response:
    visit = await access.change(request, Act.REVIEW)
    report_id = forms.number(request.path_params["id"]) or 0
    await reports.close(request.state.db, visit.room, visit.person, report_id)
    request.state.streams.inbox_changed()
    return responses.lead_to(request, "reports:list", key=request.state.links.room_key(visit.room))


async def _counted(request: Request, visit: access.Visit) -> forms.Form:
    await request.state.limits.hit("reports", visit.person.id)
    return await forms.read(request)


def _made(request: Request, shown: Response) -> Response:
    """A page is led to, so that it can be loaded again; others get what it would say now."""
    request.state.streams.inbox_changed()
    if responses.wants_json(request):
        return responses.json({"reported": True})
    return responses.see_other(responses.here(request)) if responses.is_page(request) else shown


async def _about(request: Request, visit: access.Visit) -> accounts.Person:
    """Whom the address names, if they are in the room."""
    named = await accounts.by_username(request.state.db, request.path_params["username"])
    if named is None or not await memberships.find(request.state.db, visit.room.id, named.id):
        raise permissions.unseen()
    return named


async def _message(request: Request, refusal: errors.Refusal | None = None) -> Response:
    visit, found = await access.message(request, Act.REPORT)
    about = await accounts.by_username(request.state.db, found.author_username)
    if about is None or found.deleted_at is not None:
        raise permissions.unseen()
    return await _page(request, visit, about, found.number, refusal)


async def _person(request: Request, refusal: errors.Refusal | None = None) -> Response:
    visit = await access.inside(request, Act.REPORT)
    about = await _about(request, visit)
    return await _page(request, visit, about, reports.PERSON, refusal)


async def _page(
    request: Request,
    visit: access.Visit,
    about: accounts.Person,
    number: int,
    refusal: errors.Refusal | None,
) -> Response:
    return responses.either(
        request,
        "reports/_form.html",
        "reports/show.html",
        room=visit.room,
        about=about,
        number=number,
        path=request.scope["path"],
        is_open=await reports.is_open(
            request.state.db, visit.room.id, visit.person, about.id, number
        ),
        reason=forms.kept(request).get("reason", ""),
        error=refusal.message if refusal else "",
    )
