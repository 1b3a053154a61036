"""Who asks to enter a room, for those who let them in or turn them away."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from hubbub import errors, words
from hubbub.domain import accounts, knocks, permissions
from hubbub.domain.permissions import Act
from hubbub.web import access, failures, forms, responses


async def index(request: Request) -> Response:
    return await _page(request, await access.inside(request, Act.ADMIT))


async def _page_again(request: Request, refusal: errors.Refusal) -> Response:
    visit = await access.inside(request, Act.ADMIT)
    return await _page(request, visit, {refusal.field or "": refusal.message})


@failures.gives_back(_page_again)
async def answer(request: Request) -> Response:
    form, visit = await forms.read(request), await access.change(request, Act.ADMIT)
    db, person = request.state.db, await _asking(request)
    match form.get("answer"):
        case "admit":
            await knocks.admit(db, visit.room, visit.person, person)
            access.opened(request, visit.room.id, person.id)
        case "turn_away":
            await knocks.turn_away(db, visit.room, visit.person, person)
        case _:
            raise errors.Invalid(words.gettext("Choose what to answer."), field="answer")
    access.changed(request, visit)
    if responses.is_htmx(request):
        return Response(status_code=204)
    return responses.lead_to(request, "knocks:list", key=request.state.links.room_key(visit.room))


async def _asking(request: Request) -> accounts.Person:
    person = await accounts.by_username(request.state.db, request.path_params["username"])
    if person is None:
        raise permissions.unseen()
    return person


async def _page(
    request: Request, visit: access.Visit, trouble: dict[str, str] | None = None
) -> Response:
    return responses.either(
        request,
        "knocks/_list.html",
        "knocks/list.html",
        room=visit.room,
        can=visit.can,
        knocks=await knocks.waiting(request.state.db, visit.room),
        errors=trouble or {},
    )
