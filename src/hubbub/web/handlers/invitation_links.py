"""A room's invitation links, for those who look after it: making, showing and taking them back."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from hubbub import errors, words
from hubbub.domain import clock, contents, invitation_links, permissions, revocations
from hubbub.domain.invitation_links import Link
from hubbub.domain.permissions import Act
from hubbub.web import access, failures, forms, responses

EXPIRIES: dict[str, int | None] = {
    "hour": clock.HOUR,
    "day": clock.DAY,
    "week": 7 * clock.DAY,
    "month": 30 * clock.DAY,
    "never": None,
}


async def index(request: Request) -> Response:
    return await _page(request, await access.inside(request, Act.LINKS))


async def _page_again(request: Request, refusal: errors.Refusal) -> Response:
    """The form as it was filled in, and the sentence beside its field."""
    field = "label" if refusal.field == "label" else ""
    trouble, visit = {field: refusal.message}, await access.inside(request, Act.LINKS)
    return await _page(request, visit, forms.kept(request), trouble)


@failures.gives_back(_page_again)
async def create(request: Request) -> Response:
    form, visit = await forms.read(request), await access.change(request, Act.LINKS)
    link = await invitation_links.create(
        request.state.db,
        visit.room,
        visit.person,
        role=form.get("role") or "member",
        label=form.get("label", ""),
        expires_at=_expiry(form.get("expires") or "never"),
        uses=_uses(form.get("uses") or "any"),
        knock=form.get("knock") == "yes",
    )
    access.changed(request, visit)
    return _to_link(request, visit, link)


async def show(request: Request) -> Response:
    visit, link = await _one(request, Act.LINKS)
    return await _shown(request, visit, link)


async def qr(request: Request) -> Response:
    _, link = await _handed_out(request)
    return responses.qr(request.state.links.origin + request.state.links.invitation_path(link))


async def poster(request: Request) -> Response:
    """One page to print and put on a wall."""
    visit, link = await _handed_out(request)
    return responses.page(request, "links/poster.html", room=visit.room, link=link)


async def _shown_again(request: Request, refusal: errors.Refusal) -> Response:
    visit, link = await _one(request, Act.LINKS)
    field = "sure" if refusal.field == "sure" else ""
    return await _shown(request, visit, link, {field: refusal.message})


@failures.gives_back(_shown_again)
async def revoke(request: Request) -> Response:
    """Ends the link; with `remove`, also the membership of those who came through it."""
    visit, form, link = await _changing(request, Act.LINKS)
    remove = form.get("remove") == "yes"
    await revocations.revoke(request.state.db, visit.room, visit.person, link, remove=remove)
    return _ended(request, visit)


@failures.gives_back(_shown_again)
async def purge(request: Request) -> Response:
    visit, form, link = await _changing(request, Act.PURGE)
    if form.get("sure") != "yes":
        raise errors.Invalid(words.gettext("Tick that you are sure."), field="sure")
    db = request.state.db
    digests = await revocations.purge(db, visit.room, visit.person, link)
    await contents.sweep(db, request.state.files, digests)
    return _ended(request, visit)


def may_hand_out(visit: access.Visit, link: Link) -> bool:
    """Whoever may not make others look after the room is not shown a link that does so either,
    since they could hand it to anyone."""
    return link.role != "moderator" or visit.can(Act.PROMOTE)


def _expiry(choice: str) -> int | None:
    if choice not in EXPIRIES:
        raise errors.Invalid(words.gettext("Choose how long it is good for."), field="expires")
    lasting = EXPIRIES[choice]
    return None if lasting is None else clock.now() + lasting


def _uses(choice: str) -> int | None:
    return None if choice == "any" else forms.number(choice) or 0  # which is refused as no number


async def _one(request: Request, act: Act) -> tuple[access.Visit, Link]:
    """The link whose id stands in the address, for those who may do `act` in its room."""
    visit = await access.inside(request, act)
    number = forms.number(request.path_params["id"])
    if number is None:
        raise permissions.unseen()
    return visit, await invitation_links.one(request.state.db, visit.room, number)


async def _handed_out(request: Request) -> tuple[access.Visit, Link]:
    visit, link = await _one(request, Act.LINKS)
    if not may_hand_out(visit, link):
        raise errors.Forbidden(words.gettext("Only an owner can hand this link out."))
    return visit, link


async def _changing(request: Request, act: Act) -> tuple[access.Visit, forms.Form, Link]:
    form = await forms.read(request)
    await access.change(request, act)
    visit, link = await _one(request, act)
    return visit, form, link


async def _page(
    request: Request,
    visit: access.Visit,
    typed: forms.Form | None = None,
    trouble: dict[str, str] | None = None,
) -> Response:
    return responses.page(
        request,
        "links/list.html",
        room=visit.room,
        can=visit.can,
        links=await invitation_links.of_room(request.state.db, visit.room),
        shown=lambda link: may_hand_out(visit, link),
        values=typed or {},
        errors=trouble or {},
    )


async def _shown(
    request: Request, visit: access.Visit, link: Link, trouble: dict[str, str] | None = None
) -> Response:
    return responses.page(
        request,
        "links/show.html",
        room=visit.room,
        can=visit.can,
        link=link,
        shown=may_hand_out(visit, link),
        people=await invitation_links.came_through(request.state.db, link),
        errors=trouble or {},
    )


def _to_link(request: Request, visit: access.Visit, link: Link) -> Response:
    key = request.state.links.room_key(visit.room)
    return responses.lead_to(request, "links:show", key=key, id=str(link.id))


def _ended(request: Request, visit: access.Visit) -> Response:
    access.changed(request, visit)
    return responses.lead_to(request, "links:list", key=request.state.links.room_key(visit.room))
