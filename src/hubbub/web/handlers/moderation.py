"""What those who look after a room do about a person: muting, removing, banning, roles."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from hubbub import errors, words
from hubbub.domain import (
    accounts,
    bans,
    clock,
    contents,
    memberships,
    moderation,
    permissions,
    roles,
    security,
    subjects,
)
from hubbub.domain.permissions import Act
from hubbub.web import access, failures, forms, responses

PAGE = subjects.PAGE


async def show(request: Request) -> Response:
    """All that can be done about one person, as a page or a card."""
    visit = await access.inside(request, Act.REMOVE)
    return await _acts(request, visit, request.path_params["username"])


async def again(request: Request, refusal: errors.Refusal) -> Response:
    """The same once more with the sentence; for a name that leads to nobody, the page of bans."""
    visit, typed = await access.inside(request, Act.REMOVE), forms.kept(request)
    if refusal.field == "username":
        return await _bans(request, visit, typed, {"username": refusal.message})
    try:
        return await _acts(request, visit, typed.get("username", ""), refusal.message)
    except errors.NotFound:
        return await _bans(request, visit, typed, {"": refusal.message})


async def index(request: Request) -> Response:
    """Who is banned."""
    return await _bans(request, await access.inside(request, Act.BAN), {}, {})


@failures.gives_back(again)
async def mute(request: Request) -> Response:
    visit, form, person = await _asked(request, Act.MUTE)
    until = clock.now() + _minutes(form) * clock.MINUTE
    reason = form.get("reason", "")
    await moderation.mute(
        request.state.db, visit.room, visit.person, person, until=until, reason=reason
    )
    return await _done(request, visit, person, "muted in room")


@failures.gives_back(again)
async def unmute(request: Request) -> Response:
    visit, _, person = await _asked(request, Act.MUTE)
    await moderation.unmute(request.state.db, visit.room, visit.person, person)
    return await _done(request, visit, person, "unmuted in room")


@failures.gives_back(again)
async def remove(request: Request) -> Response:
    visit, form, person = await _asked(request, Act.REMOVE)
    reason = moderation.clean_reason(form.get("reason", ""))
    await memberships.remove(request.state.db, visit.room, visit.person, person, reason=reason)
    return await _done(request, visit, person, "removed from room", "rooms:people")


@failures.gives_back(again)
async def ban(request: Request) -> Response:
    visit, form, person = await _asked(request, Act.BAN)
    db = request.state.db
    until = clock.now() + _minutes(form) * clock.MINUTE if form.get("minutes") else None
    digests = await bans.ban(
        db,
        visit.room,
        visit.person,
        person,
        until=until,
        reason=form.get("reason", ""),
        purge=form.get("purge") == "yes",
    )
    await contents.sweep(db, request.state.files, digests)
    return await _done(request, visit, person, "banned from room", "bans:list")


@failures.gives_back(again)
async def unban(request: Request) -> Response:
    visit, _, person = await _asked(request, Act.BAN)
    await bans.lift(request.state.db, visit.room, visit.person, person)
    return await _done(request, visit, person, "ban lifted in room", "bans:list")


@failures.gives_back(again)
async def set_role(request: Request) -> Response:
    visit, form, person = await _asked(request, Act.PROMOTE)
    role = form.get("role", "")
    await roles.change(request.state.db, visit.room, visit.person, person, role)
    return await _done(request, visit, person, "role changed in room", "rooms:people")


async def _asked(request: Request, act: Act) -> tuple[access.Visit, forms.Form, accounts.Person]:
    """Who asks for what, and about whom."""
    form, visit = await forms.read(request), await access.change(request, act)
    person = await accounts.by_username(request.state.db, form.get("username", ""))
    if person is None:
        raise errors.Invalid(words.gettext("There is nobody of this name here."), field="username")
    return visit, form, person


def _minutes(form: forms.Form) -> int:
    """0 for what is no number; no longer time than that is refused."""
    return min(forms.number(form.get("minutes", "")) or 0, moderation.LONGEST // clock.MINUTE)


async def _done(
    request: Request,
    visit: access.Visit,
    person: accounts.Person,
    kind: str,
    door: str = "people:acts",
) -> Response:
    """Told to the site's log and to the live room; a card has nothing more to show."""
    await security.record(
        request.state.db,
        kind,
        person_id=visit.person.id,
        room_id=visit.room.id,
        address=access.address(request),
        detail=person.username,
    )
    access.changed(request, visit)
    if responses.wants_json(request):
        return responses.json({"username": person.username})
    if responses.is_htmx(request):
        return Response(status_code=204)
    named = {"username": person.username} if door == "people:acts" else {}
    key = request.state.links.room_key(visit.room)
    return responses.lead_to(request, door, key=key, **named)


async def _acts(request: Request, visit: access.Visit, username: str, error: str = "") -> Response:
    subject = await subjects.about(request.state.db, visit.room.id, username)
    mine = visit.member.role if visit.member else ""
    return responses.either(
        request,
        "moderation/_acts.html",
        "moderation/acts.html",
        room=visit.room,
        subject=subject,
        can=visit.can,
        above=permissions.outranks(mine, subject.role),
        own=subject.person.id == visit.person.id,
        values=forms.kept(request),
        error=error,
    )


async def _bans(
    request: Request, visit: access.Visit, typed: forms.Form, trouble: dict[str, str]
) -> Response:
    skip = forms.number(request.query_params.get("skip", "")) or 0
    found = await subjects.bans(request.state.db, visit.room.id, limit=PAGE + 1, skip=skip)
    return responses.page(
        request,
        "moderation/bans.html",
        room=visit.room,
        bans=found[:PAGE],
        can=visit.can,
        values=typed,
        errors=trouble,
        newer=f"?skip={max(0, skip - PAGE)}" if skip else "",
        older=f"?skip={skip + PAGE}" if len(found) > PAGE else "",
    )
