"""What newcomers said and nobody has let through yet: telling them, and deciding."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from hubbub import errors, words
from hubbub.domain import held
from hubbub.domain.permissions import Act
from hubbub.web import access, failures, forms, responses


async def index(request: Request) -> Response:
    return await _page(request, await access.inside(request, Act.RELEASE))


async def again(request: Request, refusal: errors.Refusal) -> Response:
    """The list as it is now, with the sentence: somebody else may have been quicker."""
    visit = await access.inside(request, Act.RELEASE)
    return await _page(request, visit, {"": refusal.message})


@failures.gives_back(again)
async def decide(request: Request) -> Response:
    visit, form = await access.change(request, Act.RELEASE), await forms.read(request)
    decisions = {"release": held.release, "drop": held.drop}
    decision = decisions.get(form.get("answer", ""))
    if decision is None:
        raise errors.Invalid(words.gettext("Let it through, or drop it."), field="answer")
    held_id = forms.number(request.path_params["id"]) or 0
    posted = await decision(request.state.db, visit.room, visit.person, held_id)
    access.changed(request, visit)
    for message in posted:
        access.posted(request, visit.room.id, message)
    request.state.streams.inbox_changed()
    return responses.lead_to(request, "held:list", key=request.state.links.room_key(visit.room))


def waits(request: Request, visit: access.Visit, told: held.Waiting) -> Response:
    """To whoever said it: it is accepted, and nobody has read it yet."""
    request.state.streams.inbox_changed()
    if responses.wants_json(request):
        sentence = words.gettext("Waits for a moderator.")
        return responses.json({"held": True, "cid": told.cid, "sentence": sentence}, 202)
    if responses.is_htmx(request):
        return responses.fragment(request, "held/_waits.html", 202)
    return responses.see_other(request.state.links.room_path(visit.room))


async def _page(
    request: Request, visit: access.Visit, trouble: dict[str, str] | None = None
) -> Response:
    waiting = await held.waiting(request.state.db, visit.room.id)
    return responses.page(
        request,
        "held/list.html",
        room=visit.room,
        can=visit.can,
        held=waiting,
        errors=trouble or {},
    )
