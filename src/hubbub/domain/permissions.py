"""The one gate: who may do what in a room, kept as data.

    act        anonymous  outsider  member  moderator  owner  admin
    see            -         x         x        x        x      x
    join           -         x         x        x        x      x
    post           -         -         x        x        x      -
    edit           -         -         x        x        x      -
    erase          -         -         x        x        x      -
    react          -         -         x        x        x      -
    share          -         -         x        x        x      -
    leave          -         -         x        x        x      -
    call           -         -         -        x        x      -
    pin            -         -         -        x        x      -
    topic          -         -         -        x        x      -
    add            -         -         -        x        x      -
    remove         -         -         -        x        x      -
    rename         -         -         -        -        x      -
    access         -         -         -        -        x      -
    link           -         -         -        -        x      -
    archive        -         -         -        -        x      -
    delete         -         -         -        -        x      -
    hand_over      -         -         -        -        x      -

An `invited` room does not exist for anyone without a membership, site administrators included:
nobody reads a private room silently. An outsider is signed in and holds the link (whoever does
not is refused before this table is asked). One edits and erases what one wrote oneself; to call is
to call the whole room. In an archived room everything that would be said or changed for its
readers (post, edit, react, call, pin, topic, add, rename) is closed to all; what one wrote, one
can still take back.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Protocol

from hubbub import errors, words
from hubbub.domain import accounts


class Act(enum.StrEnum):
    SEE = "see"
    JOIN = "join"
    POST = "post"
    EDIT = "edit"
    ERASE = "erase"
    REACT = "react"
    CALL = "call"
    PIN = "pin"
    SHARE = "share"
    LEAVE = "leave"
    TOPIC = "topic"
    ADD = "add"
    REMOVE = "remove"
    RENAME = "rename"
    ACCESS = "access"
    LINK = "link"
    ARCHIVE = "archive"
    DELETE = "delete"
    HAND_OVER = "hand_over"


class Standing(enum.StrEnum):
    ANONYMOUS = "anonymous"
    OUTSIDER = "outsider"
    MEMBER = "member"
    MODERATOR = "moderator"
    OWNER = "owner"
    ADMIN = "admin"  # Of the site, and not a member of this room.


class Place(Protocol):
    """What the gate needs to know of a room."""

    @property
    def access(self) -> str: ...
    @property
    def archived_at(self) -> int | None: ...


class Part(Protocol):
    """What the gate needs to know of a membership."""

    @property
    def role(self) -> str: ...


_OWNERS = frozenset({Standing.OWNER})
_MODERATORS = _OWNERS | {Standing.MODERATOR}
_MEMBERS = _MODERATORS | {Standing.MEMBER}
_SIGNED_IN = _MEMBERS | {Standing.OUTSIDER, Standing.ADMIN}

TABLE: Mapping[Act, frozenset[Standing]] = {
    Act.SEE: _SIGNED_IN,
    Act.JOIN: _SIGNED_IN,
    Act.POST: _MEMBERS,
    Act.EDIT: _MEMBERS,
    Act.ERASE: _MEMBERS,
    Act.REACT: _MEMBERS,
    Act.SHARE: _MEMBERS,
    Act.LEAVE: _MEMBERS,
    Act.CALL: _MODERATORS,
    Act.PIN: _MODERATORS,
    Act.TOPIC: _MODERATORS,
    Act.ADD: _MODERATORS,
    Act.REMOVE: _MODERATORS,
    Act.RENAME: _OWNERS,
    Act.ACCESS: _OWNERS,
    Act.LINK: _OWNERS,
    Act.ARCHIVE: _OWNERS,
    Act.DELETE: _OWNERS,
    Act.HAND_OVER: _OWNERS,
}
CLOSED_WHEN_ARCHIVED = frozenset(
    {Act.POST, Act.EDIT, Act.REACT, Act.CALL, Act.PIN, Act.TOPIC, Act.ADD, Act.RENAME}
)


def standing(person: accounts.Person | None, member: Part | None) -> Standing:
    if person is None:
        return Standing.ANONYMOUS
    if member is not None:
        return Standing(member.role)
    return Standing.ADMIN if person.is_admin else Standing.OUTSIDER


def can(standing: Standing, act: Act, room: Place) -> bool:
    if room.access == "invited" and standing not in _MEMBERS:
        return False
    if room.archived_at is not None and act in CLOSED_WHEN_ARCHIVED:
        return False
    return standing in TABLE[act]


def require(standing: Standing, act: Act, room: Place) -> None:
    """Refuses what may not be done: NotFound for what one may not see, else Forbidden."""
    if can(standing, act, room):
        return
    if not can(standing, Act.SEE, room):
        raise unseen()
    raise errors.Forbidden(_reason(standing, act))


def _reason(standing: Standing, act: Act) -> str:
    if standing in TABLE[act]:
        return words.gettext("This room is archived: it can be read, but not changed.")
    if standing not in _MEMBERS:
        return words.gettext("You are not a member of this room.")
    return words.gettext("Only those who look after this room can do that.")


def unseen() -> errors.NotFound:
    """The one answer for what does not exist and for what one may not see."""
    return errors.NotFound(words.gettext("There is nothing here, or you may not see it."))
