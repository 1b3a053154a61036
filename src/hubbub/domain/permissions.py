"""The one gate: who may do what in a room, kept as data.

    act        anonymous  outsider  banned  muted  reader  guest  member  moderator  owner  admin
    see            -         x        -       x      x       x      x         x        x      x
    enter          x         -        -       -      -       -      -         -        -      -
    join           -         x        -       x      x       x      x         x        x      x
    post           -         -        -       -      -       x      x         x        x      -
    attach         -         -        -       -      -       x      x         x        x      -
    type           -         -        -       -      -       x      x         x        x      -
    edit           -         -        -       -      -       x      x         x        x      -
    react          -         -        -       -      -       x      x         x        x      -
    erase          -         -        -       x      x       x      x         x        x      -
    leave          -         -        -       x      x       x      x         x        x      -
    report         -         -        -       x      x       x      x         x        x      -
    log            -         -        -       x      x       x      x         x        x      -
    share          -         -        -       x      x       -      x         x        x      -
    call           -         -        -       -      -       -      -         x        x      -
    pin            -         -        -       -      -       -      -         x        x      -
    topic          -         -        -       -      -       -      -         x        x      -
    invite         -         -        -       -      -       -      -         x        x      -
    links          -         -        -       -      -       -      -         x        x      -
    admit          -         -        -       -      -       -      -         x        x      -
    release        -         -        -       -      -       -      -         x        x      -
    review         -         -        -       -      -       -      -         x        x      -
    take_down      -         -        -       -      -       -      -         x        x      x
    mute           -         -        -       -      -       -      -         x        x      -
    remove         -         -        -       -      -       -      -         x        x      -
    ban            -         -        -       -      -       -      -         x        x      -
    purge          -         -        -       -      -       -      -         x        x      -
    lock           -         -        -       -      -       -      -         x        x      x
    slow           -         -        -       -      -       -      -         x        x      -
    rename         -         -        -       -      -       -      -         -        x      -
    access         -         -        -       -      -       -      -         -        x      -
    link           -         -        -       -      -       -      -         -        x      -
    guests         -         -        -       -      -       -      -         -        x      -
    hold           -         -        -       -      -       -      -         -        x      -
    promote        -         -        -       -      -       -      -         -        x      -
    archive        -         -        -       -      -       -      -         -        x      x
    delete         -         -        -       -      -       -      -         -        x      x
    hand_over      -         -        -       -      -       -      -         -        x      -

One stands in a room by one's role there, and muted whatever the role; a guest came by the link
without an account, a reader by a link that grants no more. An outsider is signed in and holds the
link (whoever does not is refused before this table is asked); for the banned a room does not
exist. Neither does an `invited` room for anyone without a membership, site administrators
included: nobody reads a private room silently, and what an administrator may do to one (lock,
archive, delete) shows nothing of it. To enter is to become a guest, where the room lets them in.
One edits and erases what one wrote oneself; to take down is to erase what others wrote; to call is
to call the whole room. Whom one acts on must stand lower than oneself: see `outranks`.

In an archived room everything that would be said or changed for its readers is closed to all; what
one wrote, one can still take back. In a locked one only those who look after it speak, and nobody
comes in. A direct room is its people's for good: nobody comes, goes, or stands above another.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Protocol

from hubbub import errors, words
from hubbub.domain import accounts


class Act(enum.StrEnum):
    SEE = "see"
    ENTER = "enter"
    JOIN = "join"
    POST = "post"
    ATTACH = "attach"
    TYPE = "type"
    EDIT = "edit"
    REACT = "react"
    ERASE = "erase"
    LEAVE = "leave"
    REPORT = "report"
    LOG = "log"
    SHARE = "share"
    CALL = "call"
    PIN = "pin"
    TOPIC = "topic"
    INVITE = "invite"
    LINKS = "links"
    ADMIT = "admit"
    RELEASE = "release"
    REVIEW = "review"
    TAKE_DOWN = "take_down"
    MUTE = "mute"
    REMOVE = "remove"
    BAN = "ban"
    PURGE = "purge"
    LOCK = "lock"
    SLOW = "slow"
    RENAME = "rename"
    ACCESS = "access"
    LINK = "link"
    GUESTS = "guests"
    HOLD = "hold"
    PROMOTE = "promote"
    ARCHIVE = "archive"
    DELETE = "delete"
    HAND_OVER = "hand_over"


class Standing(enum.StrEnum):
    ANONYMOUS = "anonymous"
    OUTSIDER = "outsider"
    BANNED = "banned"
    MUTED = "muted"
    READER = "reader"
    GUEST = "guest"
    MEMBER = "member"
    MODERATOR = "moderator"
    OWNER = "owner"
    ADMIN = "admin"  # Of the site, and not in this room.


class Place(Protocol):
    """What the gate needs to know of a room."""

    @property
    def access(self) -> str: ...
    @property
    def archived_at(self) -> int | None: ...
    @property
    def locked_at(self) -> int | None: ...
    @property
    def direct_key(self) -> str | None: ...


class Part(Protocol):
    """What the gate needs to know of a membership."""

    @property
    def role(self) -> str: ...
    @property
    def muted_until(self) -> int | None: ...


_OWNERS = frozenset({Standing.OWNER})
_MODERATORS = _OWNERS | {Standing.MODERATOR}
_SPEAKERS = _MODERATORS | {Standing.MEMBER, Standing.GUEST}
_INSIDE = _SPEAKERS | {Standing.READER, Standing.MUTED}
_COMERS = frozenset({Standing.OUTSIDER, Standing.ADMIN})

TABLE: Mapping[Act, frozenset[Standing]] = {
    Act.SEE: _INSIDE | _COMERS,
    Act.ENTER: frozenset({Standing.ANONYMOUS}),
    Act.JOIN: _INSIDE | _COMERS,
    Act.POST: _SPEAKERS,
    Act.ATTACH: _SPEAKERS,
    Act.TYPE: _SPEAKERS,
    Act.EDIT: _SPEAKERS,
    Act.REACT: _SPEAKERS,
    Act.ERASE: _INSIDE,
    Act.LEAVE: _INSIDE,
    Act.REPORT: _INSIDE,
    Act.LOG: _INSIDE,
    Act.SHARE: _INSIDE - {Standing.GUEST},
    Act.CALL: _MODERATORS,
    Act.PIN: _MODERATORS,
    Act.TOPIC: _MODERATORS,
    Act.INVITE: _MODERATORS,
    Act.LINKS: _MODERATORS,
    Act.ADMIT: _MODERATORS,
    Act.RELEASE: _MODERATORS,
    Act.REVIEW: _MODERATORS,
    Act.TAKE_DOWN: _MODERATORS | {Standing.ADMIN},
    Act.MUTE: _MODERATORS,
    Act.REMOVE: _MODERATORS,
    Act.BAN: _MODERATORS,
    Act.PURGE: _MODERATORS,
    Act.LOCK: _MODERATORS | {Standing.ADMIN},
    Act.SLOW: _MODERATORS,
    Act.RENAME: _OWNERS,
    Act.ACCESS: _OWNERS,
    Act.LINK: _OWNERS,
    Act.GUESTS: _OWNERS,
    Act.HOLD: _OWNERS,
    Act.PROMOTE: _OWNERS,
    Act.ARCHIVE: _OWNERS | {Standing.ADMIN},
    Act.DELETE: _OWNERS | {Standing.ADMIN},
    Act.HAND_OVER: _OWNERS,
}
CLOSED_WHEN_ARCHIVED = frozenset(
    {
        Act.ENTER, Act.POST, Act.ATTACH, Act.TYPE, Act.EDIT, Act.REACT, Act.CALL, Act.PIN,
        Act.TOPIC, Act.INVITE, Act.LINKS, Act.ADMIT, Act.RELEASE, Act.LOCK, Act.SLOW, Act.HOLD,
        Act.GUESTS, Act.RENAME,
    }
)  # fmt: skip
SPEAKING = frozenset({Act.POST, Act.ATTACH, Act.TYPE, Act.EDIT, Act.REACT})
"""What is closed in a locked room to all but those who look after it; coming in is closed too."""

CLOSED_WHEN_DIRECT = frozenset({Act.JOIN, Act.LEAVE, Act.SHARE})
"""Besides all that only moderators and owners do: a direct room has neither."""

BLIND = frozenset({Act.LOCK, Act.ARCHIVE, Act.DELETE})
"""What an administrator may do to a private room, since nothing of it is seen by doing so."""

ROLES = ("reader", "member", "moderator", "owner")
"""What people with an account can be in a room, lowest first; guests are nothing else."""

RANKS: Mapping[str, int] = {"reader": 1, "guest": 1, "member": 1, "moderator": 2, "owner": 3}


def standing(
    person: accounts.Person | None, member: Part | None, *, is_banned: bool = False
) -> Standing:
    if person is None:
        return Standing.ANONYMOUS
    if member is not None:
        return Standing.MUTED if member.muted_until else Standing(member.role)
    if is_banned:
        return Standing.BANNED
    return Standing.ADMIN if person.is_admin else Standing.OUTSIDER


def can(standing: Standing, act: Act, room: Place) -> bool:
    if standing not in TABLE[act]:
        return False
    if room.access == "invited" and standing not in _INSIDE:
        return standing is Standing.ADMIN and act in BLIND and room.direct_key is None
    return act not in closed(standing, room)


def closed(standing: Standing, room: Place) -> frozenset[Act]:
    """What the state of the room keeps even those from doing who otherwise may."""
    shut: frozenset[Act] = frozenset()
    if room.archived_at is not None:
        shut |= CLOSED_WHEN_ARCHIVED
    if room.locked_at is not None:
        shut |= {Act.JOIN, Act.ENTER} | (SPEAKING if standing not in _MODERATORS else set())
    if room.direct_key is not None:
        shut |= CLOSED_WHEN_DIRECT
    return shut


def outranks(role: str, other: str) -> bool:
    """Whether one of this role may act on somebody of the other one. An owner may on an owner only
    by taking the role away: see `roles.change`."""
    return RANKS.get(role, 0) > RANKS.get(other, 0)


def require(standing: Standing, act: Act, room: Place) -> None:
    """Refuses what may not be done: NotFound for what one may not see, else Forbidden."""
    if can(standing, act, room):
        return
    if not can(standing, Act.SEE, room):
        raise unseen()
    raise errors.Forbidden(reason(standing, act, room))


def reason(standing: Standing, act: Act, room: Place) -> str:
    """Why one of this standing may not do it, in a sentence."""
    if standing in TABLE[act]:
        return _shut(room)
    if standing is Standing.MUTED:
        return words.gettext("You are muted here for a while: you can read, but not write.")
    if standing is Standing.READER and Standing.MEMBER in TABLE[act]:
        return words.gettext("You can read here, but not write.")
    if standing is Standing.GUEST and Standing.MEMBER in TABLE[act]:
        return words.gettext("A guest needs an account for that.")
    if standing is Standing.MODERATOR:
        return words.gettext("Only an owner of this room can do that.")
    if standing not in _INSIDE:
        return words.gettext("You are not a member of this room.")
    return words.gettext("Only those who look after this room can do that.")


def _shut(room: Place) -> str:
    if room.archived_at is not None:
        return words.gettext("This room is archived: it can be read, but not changed.")
    if room.locked_at is not None:
        return words.gettext("This room is locked: only those who look after it can write.")
    return words.gettext("This cannot be done in a direct conversation.")


def unseen() -> errors.NotFound:
    """The one answer for what does not exist and for what one may not see."""
    return errors.NotFound(words.gettext("There is nothing here, or you may not see it."))
