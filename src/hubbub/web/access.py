"""Loading is the permission: rooms are reached through the membership or the link that opens them.

What a person may not see cannot be loaded here, and is the same 404 as what does not exist.
"""

from __future__ import annotations

import dataclasses
import ipaddress

from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request

from hubbub import errors, signing, words
from hubbub.domain import (
    accounts,
    clock,
    guests,
    history,
    memberships,
    messages,
    permissions,
    rooms,
    security,
    sessions,
)
from hubbub.domain.permissions import Act
from hubbub.web import forms, responses

Member = memberships.Member

CONFIRMED_FOR = 15 * clock.MINUTE
"""For so long after the password was given one administers the site without giving it again."""

OVERSEEN = frozenset({Act.TAKE_DOWN, Act.LOCK, Act.ARCHIVE, Act.DELETE})
"""What an administrator may do to rooms without having a part in them."""


@dataclasses.dataclass(frozen=True, slots=True)
class Visit:
    """A person at a room: inside as a member, or at the door with its link."""

    person: accounts.Person
    room: rooms.Room
    member: Member | None

    @property
    def standing(self) -> permissions.Standing:
        return permissions.standing(self.person, self.member)

    def can(self, act: Act | str) -> bool:
        return permissions.can(self.standing, Act(act), self.room)


def viewer(request: HTTPConnection) -> accounts.Person:
    """Who is signed in, with an account or as a guest. SignedOut when nobody is."""
    signed_in: accounts.Person | None = request.state.person
    if signed_in is None:
        raise errors.SignedOut(words.gettext("Please log in first."))
    return signed_in


def person(request: HTTPConnection) -> accounts.Person:
    """Who is signed in with an account: guests have their one room, and no more of the site."""
    found = viewer(request)
    if found.guest_of is not None:
        raise errors.Forbidden(words.gettext("You need an account for this."))
    return found


def administrator(request: HTTPConnection) -> accounts.Person:
    """Who is signed in and administers the site; for all others there is nothing here."""
    found = viewer(request)
    if not found.is_admin:
        raise permissions.unseen()
    return found


async def admin(request: Request) -> accounts.Person:
    """Like `administrator`, and the password was given a short while ago. Else Unconfirmed: a form
    comes back with what it held and asks for the password too, so that it is sent only once more.
    """
    who = administrator(request)
    if request.method == "POST":
        await request.state.limits.hit("writes", who.id)
    await _confirmed(request, who)
    return who


async def _confirmed(request: Request, who: accounts.Person) -> None:
    form = await forms.read(request) if request.method == "POST" else forms.Form()
    if clock.now() - request.state.session.confirmed_at < CONFIRMED_FOR:
        return
    if "password" not in form:
        raise errors.Unconfirmed(words.gettext("Your password is asked for again before this."))
    await confirm(request, who, form.pop("password"))


async def confirm(request: Request, who: accounts.Person, password: str) -> None:
    """Takes the password once more; as slow to guess as at the login."""
    state, here = request.state, address(request)
    try:
        async with state.limits.attempt("login", accounts.fold(who.username), here):
            await accounts.authenticate(state.db, who.username, password, state.config.secret_keys)
    except errors.Invalid:
        await security.record(state.db, "confirmation failed", person_id=who.id, address=here)
        raise errors.Unconfirmed(
            words.gettext("This is not your password."), field="password"
        ) from None
    await sessions.confirm(state.db, state.session.id)


async def visit(request: HTTPConnection, act: Act = Act.SEE) -> Visit:
    """The room behind the key in the address, for someone who may do `act` there.

    One query. Raises SignedOut before anything is looked at, so that nobody without an account
    learns which keys exist; NotFound, Gone and Forbidden as the table of permissions says.
    """
    found = await behind(request, request.path_params["key"])
    permissions.require(permissions.standing(found.person, found.member), act, found.room)
    return found


async def enter(request: Request) -> Visit:
    """Like `visit`, and who opens the link by hand becomes a member by it."""
    found = await visit(request)
    if found.member is None and responses.is_visit(request) and found.can(Act.JOIN):
        await join(request, found)
        return await visit(request)
    return found


async def change(request: Request, act: Act) -> Visit:
    """Like `visit`, for what changes the room."""
    await request.state.limits.hit("writes", viewer(request).id)
    found = await visit(request, act)
    await oversee(request, found, act)
    return found


async def oversee(request: Request, found: Visit, act: Act) -> None:
    """What somebody may only for running the site takes the password, as on the pages for that."""
    if found.standing is permissions.Standing.ADMIN and act in OVERSEEN:
        await _confirmed(request, found.person)


async def join(request: Request, found: Visit) -> None:
    """Make the visitor a member of a room they hold the link of."""
    await request.state.limits.hit("joins", found.person.id)
    if await memberships.join(request.state.db, found.room, found.person):
        changed(request, found)


def changed(request: Request, found: Visit) -> None:
    """After a change of the room that was visited: the live rooms shall look for what came."""
    request.state.streams.hint(found.room.id, found.room.seq + 1)


def posted(request: Request, room_id: int, posted: messages.Posted) -> None:
    """After a message was accepted: the live rooms shall look for it, and those who look elsewhere
    are told a little later."""
    request.state.streams.hint(room_id, posted.seq)
    request.state.push.posted(room_id, posted.number)


def opened(request: Request, room_id: int, person_id: int) -> None:
    """After somebody was asked into a room or let in: their pages shall look for it, and if they
    look elsewhere they are told a little later."""
    request.state.streams.inbox_changed()
    request.state.push.opened(room_id, person_id)


async def inside(request: HTTPConnection, act: Act = Act.SEE) -> Visit:
    """Like `visit`, for what only members are shown."""
    found = await visit(request, act)
    if found.member is None:
        raise errors.Forbidden(words.gettext("You are not a member of this room."))
    return found


async def door(request: Request) -> rooms.Room | None:
    """The room whose key stands in the address, when it lets in guests by it. None for all other
    keys alike: nobody who is signed out learns from this which of them there are."""
    mode, key = request.state.site.now.guests, request.path_params["key"]
    halves = signing.split_room_key(key)
    if mode == "off" or halves is None:
        return None
    # Counted for each room by itself: who tries many keys of one is not told of the right one
    # either, and nobody else at the same address is kept from another room by that.
    limits, counted = request.state.limits, (halves[0], address(request))
    try:
        await limits.check("links", *counted)
        room = await _unlocked(request, key, halves[0])
        # Both cost the same, so that the time does not tell a right key from a wrong one.
        await (limits.hit if room is None else limits.check)("links", *counted)
    except errors.TooMany:
        return None
    return room if room and guests.may_enter(room, mode) else None


async def _unlocked(request: Request, key: str, public_id: str) -> rooms.Room | None:
    try:
        room, _ = await rooms.open(request.state.db, public_id, None)
    except errors.NotFound:
        # The same work as for a room that is there and a key that does not fit.
        signing.check_room_key(request.state.config.secret_keys, key, 0)
        return None
    return room if request.state.links.opens(room, key) else None


async def message(request: Request, act: Act = Act.SEE) -> tuple[Visit, messages.Message]:
    """The message whose number stands in the address, for members who may do `act`."""
    visit = await inside(request, act)
    number = forms.number(request.path_params["number"])
    if number is None:
        raise permissions.unseen()
    return visit, await history.one(request.state.db, visit.room.id, number)


async def within(request: HTTPConnection, room: rooms.Room) -> Visit:
    """The visit of someone who has just come into the room, by whichever link."""
    who = viewer(request)
    fresh, member = await rooms.open(request.state.db, room.public_id, who)
    return Visit(who, fresh, member)


async def behind(request: HTTPConnection, key: str) -> Visit:
    """The room that `key` opens, or that it once opened and the person is a member of."""
    who = viewer(request)
    room, member = await _opened(request, key, who)
    if who.guest_of not in {None, room.id}:
        raise await missed(request)
    opens = request.state.links.opens(room, key)
    if member is None:
        # Who guessed too often is not told either when a guess was right.
        await request.state.limits.check("links", address(request))
        if not opens:
            raise await missed(request)
    elif not opens:
        _lead_on(request, room, key)
    return Visit(who, room, member)


async def missed(request: HTTPConnection, *about: str) -> errors.NotFound:
    """What a wrong guess gets. Enough of them, and there is no more guessing for a while: at all
    from this address, or `about` one thing only where what was tried was right once."""
    await request.state.limits.hit("links", *about, address(request))
    return permissions.unseen()


def address(request: HTTPConnection) -> str:
    """Where the request comes from, as a limit counts it: one customer of IPv6 has a whole /64."""
    host = request.client.host if request.client else ""
    try:
        ip = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped:
            return str(ip.ipv4_mapped)
        return str(ipaddress.ip_network((ip, 64), strict=False))
    return str(ip)


async def _opened(
    request: HTTPConnection, key: str, who: accounts.Person
) -> tuple[rooms.Room, Member | None]:
    halves = signing.split_room_key(key)
    if halves is None:
        raise await missed(request)
    try:
        return await rooms.open(request.state.db, halves[0], who)
    except errors.NotFound:
        # The same work as for a room that is there and a key that does not fit.
        signing.check_room_key(request.state.config.secret_keys, key, 0)
        raise await missed(request) from None


def _lead_on(request: HTTPConnection, room: rooms.Room, key: str) -> None:
    """A member with an old link is led to the new one. What is posted is not sent around: the
    membership is the permission, and the text would be lost with older clients."""
    if request.scope.get("method") in {"GET", "HEAD"} and request.path_params.get("key") == key:
        path = responses.here(request).replace(key, request.state.links.room_key(room), 1)
        raise HTTPException(303, headers={"Location": path})
