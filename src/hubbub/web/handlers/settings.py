"""What an owner decides: title, topic, who enters, the link, and when it ends."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from hubbub import errors
from hubbub.domain import permissions, rooms, security, settings
from hubbub.domain.permissions import Act
from hubbub.web import access, failures, forms, responses

FIELDS = ("title", "topic", "handle")
HERE = (Act.TOPIC, Act.LOCK, Act.SLOW, Act.ARCHIVE)
"""Who may do one of these has something to decide on the page, which shows them just that."""


async def show(request: Request) -> Response:
    return _page(request, await _visit(request))


async def _visit(request: Request) -> access.Visit:
    visit = await access.visit(request)
    if not any(visit.can(act) for act in HERE):
        permissions.require(visit.standing, Act.ARCHIVE, visit.room)
    return visit


async def again(request: Request, refusal: errors.Refusal) -> Response:
    """The settings with what was typed, and the sentence beside its field."""
    field = refusal.field if refusal.field in FIELDS else ""
    visit, typed = await _visit(request), forms.kept(request)
    if "username" in typed:
        # Several forms of the page ask for one; each gets its own back, by its noun.
        typed = {request.scope["path"].rpartition("/")[2]: typed["username"]}
    return _page(request, visit, typed, {field or "": refusal.message})


@failures.gives_back(again)
async def rename(request: Request) -> Response:
    form = await forms.read(request)
    visit = await access.change(request, Act.RENAME)
    room = await settings.rename(request.state.db, visit.room, visit.person, form.get("title", ""))
    return changed(request, visit, room)


@failures.gives_back(again)
async def topic(request: Request) -> Response:
    form = await forms.read(request)
    visit = await access.change(request, Act.TOPIC)
    room = await settings.set_topic(
        request.state.db, visit.room, visit.person, form.get("topic", "")
    )
    return changed(request, visit, room)


@failures.gives_back(again)
async def who_enters(request: Request) -> Response:
    visit, form = await access.change(request, Act.ACCESS), await forms.read(request)
    room = await settings.set_access(
        request.state.db, visit.room, visit.person, form.get("access", ""), form.get("handle")
    )
    await _record(request, "room access changed", visit, room.access)
    return changed(request, visit, room)


@failures.gives_back(again)
async def link(request: Request) -> Response:
    """A new link at once; the old one opens nothing any more, except to members."""
    visit = await access.change(request, Act.LINK)
    room = await settings.reset_link(request.state.db, visit.room, visit.person)
    await _record(request, "room link reset", visit)
    access.changed(request, visit)
    # Whoever asked for a new link wants to send it next.
    return responses.lead_to(request, "rooms:share", key=request.state.links.room_key(room))


@failures.gives_back(again)
async def archive(request: Request) -> Response:
    visit, form = await access.change(request, Act.ARCHIVE), await forms.read(request)
    act = settings.unarchive if form.get("archived") == "no" else settings.archive
    return changed(request, visit, await act(request.state.db, visit.room, visit.person))


@failures.gives_back(again)
async def delete(request: Request) -> Response:
    visit = await access.change(request, Act.DELETE)
    await settings.delete(request.state.db, visit.room, visit.person)
    await _record(request, "room deleted", visit)
    access.changed(request, visit)
    return responses.lead_to(request, "home:show")


def changed(request: Request, visit: access.Visit, room: rooms.Room) -> Response:
    """Back to the settings, which say what was saved: seldom is just one thing set."""
    access.changed(request, visit)
    return responses.lead_to(request, "rooms:settings", key=request.state.links.room_key(room))


async def _record(request: Request, kind: str, visit: access.Visit, detail: str = "") -> None:
    await security.record(
        request.state.db,
        kind,
        person_id=visit.person.id,
        room_id=visit.room.id,
        address=access.address(request),
        detail=detail,
    )


def _page(
    request: Request,
    visit: access.Visit,
    typed: forms.Form | None = None,
    trouble: dict[str, str] | None = None,
) -> Response:
    kept = {name: getattr(visit.room, name) or "" for name in FIELDS}
    return responses.page(
        request,
        "rooms/settings.html",
        room=visit.room,
        can=visit.can,
        values=kept | (typed or {}),
        errors=trouble or {},
    )
