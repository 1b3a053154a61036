"""What waits for a person: invitations to answer, and what is to be decided in rooms."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from hubbub import errors, words
from hubbub.domain import inbox, invitations, permissions
from hubbub.web import access, failures, forms, responses


async def show(request: Request) -> Response:
    page = await _page(request)
    request.state.streams.looked(access.person(request).id)
    return page


async def _again(request: Request, refusal: errors.Refusal) -> Response:
    return await _page(request, {"": refusal.message})


@failures.gives_back(_again)
async def answer(request: Request) -> Response:
    """Yes leads into the room, no back to the inbox."""
    person, form = access.person(request), await forms.read(request)
    await request.state.limits.hit("writes", person.id)
    number = forms.number(request.path_params["id"])
    if number is None:
        raise permissions.unseen()
    invitation = await invitations.find(request.state.db, number, person)
    if form.get("answer") == "accept":
        await request.state.limits.hit("joins", person.id)
        await invitations.accept(request.state.db, invitation, person)
        request.state.streams.hint(invitation.room.id, invitation.room.seq + 1)
        request.state.streams.inbox_changed()
        return responses.see_other(request.state.links.room_path(invitation.room))
    if form.get("answer") != "decline":
        raise errors.Invalid(words.gettext("Accept or decline the invitation."))
    await invitations.decline(request.state.db, invitation, person)
    request.state.streams.inbox_changed()
    return responses.lead_to(request, "inbox:show")


async def _page(request: Request, trouble: dict[str, str] | None = None) -> Response:
    person, db = access.person(request), request.state.db
    return responses.page(
        request,
        "inbox/show.html",
        invitations=await invitations.waiting(db, person),
        duties=await inbox.duties(db, person.id),
        reports=await inbox.left_to_the_site(db, person.id) if person.is_admin else 0,
        errors=trouble or {},
    )
