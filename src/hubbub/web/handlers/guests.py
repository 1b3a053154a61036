"""Guests: the form that is their way in, their name, and how they become an account."""

from __future__ import annotations

import uuid
from typing import NoReturn

from starlette.requests import Request
from starlette.responses import Response

from hubbub import errors, signing, words
from hubbub.domain import accounts, guests, invitation_links, rooms, security
from hubbub.domain.permissions import Act
from hubbub.web import access, entry, failures, forms, responses
from hubbub.web.handlers import accounts as account_doors
from hubbub.web.handlers import chat, messages, settings

DOOR_SECONDS = 3600
_DOOR_LENGTH = 64


# ------------------------------------------------------------- coming in


async def page(
    request: Request,
    room: rooms.Room,
    values: forms.Form | None = None,
    trouble: dict[str, str] | None = None,
    *,
    action: str = "",
) -> Response:
    """What someone without an account sees of a room: what it is called, how many there are, and
    one form for the name and the first message. `action` is where it posts to."""
    kept, state = values or {}, request.state
    response = responses.page(
        request,
        "guests/door.html",
        room=room,
        here=len(await state.streams.online(room.id)),
        action=action or state.templates.path_for("guests:create", key=state.links.room_key(room)),
        values={"name": kept.get("name", ""), "body": kept.get("body", "")},
        cid=kept.get("cid") or str(uuid.uuid4()),
        errors=trouble or {},
        next=request.scope["path"].removesuffix("/guests"),
    )
    if not _door(request):
        responses.remember(
            request, response, _door_cookie(request), signing.new_token(), DOOR_SECONDS
        )
    return response


async def _page_again(request: Request, refusal: errors.Refusal) -> Response:
    room, form = await access.door(request), forms.kept(request)
    if room is None:
        _sign_in_first()
    return await page(request, room, form, _by_field(refusal))


@failures.gives_back(_page_again)
async def create(request: Request) -> Response:
    """Everything at once: the guest, their session, and what they say first."""
    if request.state.person is not None:
        return await messages.create(request)  # Whoever is signed in says it as who they are.
    await forms.read(request)
    room = await access.door(request)
    if room is None:
        _sign_in_first()
    return await enter(request, room)


async def offered(
    request: Request,
) -> tuple[invitation_links.Link, rooms.Room] | None:
    """The invitation link in the address and its room, when it lets in guests. None for all other
    links alike: those who are signed out learn no more of them."""
    state, token = request.state, request.path_params["token"]
    counted = token[: signing.PUBLIC_ID_LENGTH], access.address(request)
    try:
        await state.limits.check("links", *counted)
        public_id = state.links.invited_by(token)
        link = await invitation_links.find(state.db, public_id) if public_id else None
        if link is None:
            await state.limits.hit("links", *counted)
            return None
        room = await invitation_links.offered(state.db, link, None)
    except (errors.TooMany, errors.NotFound):
        return None
    is_open = guests.admits(link) and guests.may_enter(room, state.site.now.guests)
    return (link, room) if is_open else None


async def invited(
    request: Request, room: rooms.Room, refusal: errors.Refusal | None = None
) -> Response:
    """The form behind an invitation link."""
    path_for, token = request.state.templates.path_for, request.path_params["token"]
    trouble = _by_field(refusal) if refusal else {}
    action = path_for("guests:redeem", token=token)
    return await page(request, room, forms.kept(request), trouble, action=action)


async def _invited_again(request: Request, refusal: errors.Refusal) -> Response:
    found = await offered(request)
    if found is None:
        _sign_in_first()
    return await invited(request, found[1], refusal)


@failures.gives_back(_invited_again)
async def redeem(request: Request) -> Response:
    """The same by an invitation link, which counts it as a use."""
    await forms.read(request)
    if request.state.person is not None:
        return responses.lead_to(request, "links:open", token=request.path_params["token"])
    found = await offered(request)
    if found is None:
        _sign_in_first()
    link, room = found
    try:
        return await enter(request, room, guests.through(link))
    except errors.NotFound:
        _sign_in_first()  # Somebody else had its last use.


async def enter(
    request: Request, room: rooms.Room, through: guests.Through | None = None
) -> Response:
    """Lets somebody into a room of which it is known that they may, and says what they wrote."""
    state, form, address = request.state, forms.kept(request), access.address(request)
    # A first message has no files and answers nothing; both texts are looked at before anything
    # is counted or made.
    for name in ("attachments", "reply_to"):
        form.pop(name, None)
    name, draft = guests.clean_name(form.get("name", "")), await forms.message(request)
    await state.limits.hit("guests", address)
    came = await guests.enter(
        state.db,
        room,
        name,
        state.site.now.guests,
        token=_token(request, room, draft.cid),
        user_agent=request.headers.get("user-agent", ""),
        address=address,
        through=through,
    )
    await security.record(
        state.db, "guest came", person_id=came.person.id, room_id=room.id, address=address
    )
    state.person, state.session = came.person, came.session
    response = await _said(request, room)
    entry.remember(request, response, came.token)
    responses.remember(request, response, _door_cookie(request), "")
    return response


async def _said(request: Request, room: rooms.Room) -> Response:
    """The answer to the first message. When it is refused the guest is in all the same."""
    visit = await access.within(request, room)
    access.changed(request, visit)
    try:
        return await messages.say(request, visit)
    except errors.Refusal as refusal:
        if not responses.is_page(request):
            return failures.answer(request, refusal)
        response = await chat.again_in(request, visit, refusal)
        response.status_code = refusal.status
        return response


def _token(request: Request, room: rooms.Room, cid: str | None) -> str:
    """The session's token, the same when the same browser sends the same form once more: what it
    sends with it nobody else knows. A message's `cid` is no secret."""
    door = _door(request)
    if not door or not cid:
        return ""
    return signing.repeated_token(request.state.links.secrets, "guest", door, cid, room.public_id)


def _door(request: Request) -> str:
    found = request.cookies.get(_door_cookie(request), "")
    return found if len(found) <= _DOOR_LENGTH else ""


def _door_cookie(request: Request) -> str:
    return "__Host-door" if request.state.links.secure else "door"


def _sign_in_first() -> NoReturn:
    """What everyone without an account is told, whatever is behind the key."""
    raise errors.SignedOut(words.gettext("Please log in first."))


def _by_field(refusal: errors.Refusal) -> dict[str, str]:
    field = refusal.field if refusal.field in {"name", "body"} else ""
    return {field or "": refusal.message}


# ------------------------------------------------------------ staying on


async def account(request: Request) -> Response:
    """Where a guest makes an account, and changes their name."""
    guest = access.viewer(request)
    if guest.guest_of is None:
        return responses.lead_to(request, "profile:show")
    return await _account_page(request, {"name": guest.name}, {})


async def _account_again(request: Request, refusal: errors.Refusal) -> Response:
    field = refusal.field if refusal.field in {"name", "username", "password"} else ""
    values = {"name": access.viewer(request).name} | forms.kept(request)
    return await _account_page(request, values, {field or "": refusal.message})


@failures.gives_back(_account_again)
async def settle(request: Request) -> Response:
    """An account instead of the guest: another session, and the same person."""
    guest, form, state = await _guest(request), await forms.read(request), request.state
    account_doors.check_open(request)
    site, address = state.site.now, access.address(request)
    username, password = form.get("username", ""), form.get("password", "")
    await state.limits.check("register", address)
    await accounts.check_new(state.db, username, password, site_name=site.name)
    await state.limits.hit("register", address)
    became = await guests.settle(
        state.db,
        guest,
        username,
        password,
        state.config.secret_keys,
        site_name=site.name,
        lobby=site.lobby,
        user_agent=request.headers.get("user-agent", ""),
        address=address,
    )
    state.streams.sessions_changed()
    await security.record(
        state.db, "registered", person_id=became.person.id, address=address, detail=guest.username
    )
    response = await _back(request)
    entry.remember(request, response, became.token)
    return response


@failures.gives_back(_account_again)
async def rename(request: Request) -> Response:
    guest, form = await _guest(request), await forms.read(request)
    await guests.rename(request.state.db, guest, form.get("name", ""))
    return await _back(request)


async def _guest(request: Request) -> accounts.Person:
    found = access.viewer(request)
    await request.state.limits.hit("writes", found.id)
    if found.guest_of is None:
        raise errors.Forbidden(words.gettext("You have an account already."))
    return found


async def _back(request: Request) -> Response:
    """To the one room."""
    return responses.see_other(request.state.links.room_path(await _room(request)))


async def _room(request: Request) -> rooms.Room:
    room = await rooms.by_id(request.state.db, access.viewer(request).guest_of or 0)
    if room is None:
        raise errors.NotFound(words.gettext("There is nothing here, or you may not see it."))
    return room


async def _account_page(request: Request, values: forms.Form, trouble: dict[str, str]) -> Response:
    return responses.page(
        request,
        "guests/account.html",
        room=await _room(request),
        values=values,
        errors=trouble,
        is_open=request.state.site.now.registration == "open",
    )


# -------------------------------------------------------------- the room


@failures.gives_back(settings.again)
async def allow(request: Request) -> Response:
    """The room's switch, for its owners."""
    visit, form = await access.change(request, Act.GUESTS), await forms.read(request)
    room = await guests.allow(
        request.state.db, visit.room, visit.person, is_open=form.get("guests") == "yes"
    )
    return settings.changed(request, visit, room)
