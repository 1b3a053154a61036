"""What one may do in a room, and why not the rest: the table of permissions in sentences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hubbub import words
from hubbub.domain import permissions
from hubbub.domain.permissions import Act, Standing

GROUPS: Mapping[str, tuple[Act, ...]] = {
    "Being here": (Act.SEE, Act.ENTER, Act.JOIN, Act.LOG, Act.SHARE, Act.REPORT, Act.LEAVE),
    "Talking": (
        Act.POST, Act.ATTACH, Act.TYPE, Act.EDIT, Act.REACT, Act.ERASE, Act.CALL, Act.PIN,
        Act.TOPIC,
    ),
    "Letting people in": (Act.INVITE, Act.LINKS, Act.ADMIT),
    "Keeping it a good place": (
        Act.RELEASE, Act.REVIEW, Act.TAKE_DOWN, Act.MUTE, Act.REMOVE, Act.BAN, Act.PURGE,
        Act.LOCK, Act.SLOW,
    ),
    "Deciding what it is": (
        Act.RENAME, Act.ACCESS, Act.LINK, Act.GUESTS, Act.HOLD, Act.PROMOTE, Act.ARCHIVE,
        Act.DELETE, Act.HAND_OVER,
    ),
}  # fmt: skip
"""Every act, in the order in which people meet them; a test holds it to that."""

SENTENCES: Mapping[Act, str] = {
    Act.SEE: "Read what is said here",
    Act.ENTER: "Come in by the link as a guest, where the room lets guests in",
    Act.JOIN: "Come in by the link",
    Act.POST: "Write messages",
    Act.ATTACH: "Send files and pictures",
    Act.TYPE: "Be shown as writing",
    Act.EDIT: "Change what you wrote, for a while",
    Act.REACT: "React with an emoji",
    Act.ERASE: "Delete what you wrote",
    Act.LEAVE: "Leave the room",
    Act.REPORT: "Report a message or a person",
    Act.LOG: "Read what was done by those who look after the room",
    Act.SHARE: "See the room’s link and pass it on",
    Act.CALL: "Call everyone in the room with @room",
    Act.PIN: "Pin messages",
    Act.TOPIC: "Change the topic",
    Act.INVITE: "Invite people by username",
    Act.LINKS: "Make and revoke invitation links",
    Act.ADMIT: "Let in or turn away those who ask to enter",
    Act.RELEASE: "Let through first messages of newcomers",
    Act.REVIEW: "Look after reports",
    Act.TAKE_DOWN: "Remove what others wrote",
    Act.MUTE: "Mute people for a while",
    Act.REMOVE: "Remove people",
    Act.BAN: "Ban people, and lift bans",
    Act.PURGE: "Remove all that somebody wrote at once",
    Act.LOCK: "Lock the room, and open it again",
    Act.SLOW: "Set a pause between anyone’s messages",
    Act.RENAME: "Change the title",
    Act.ACCESS: "Decide who can enter",
    Act.LINK: "Make a new link, so that the old one opens nothing",
    Act.GUESTS: "Let guests in without an account",
    Act.HOLD: "Hold first messages of newcomers",
    Act.PROMOTE: "Make people moderators or owners, and take that back",
    Act.ARCHIVE: "Archive the room, and open it again",
    Act.DELETE: "Delete the room for ever",
    Act.HAND_OVER: "Hand the room over",
}

NAMES: Mapping[Standing, str] = {
    Standing.ANONYMOUS: "Not signed in",
    Standing.OUTSIDER: "Not in the room",
    Standing.BANNED: "Banned",
    Standing.MUTED: "Muted",
    Standing.READER: "Reader",
    Standing.GUEST: "Guest",
    Standing.MEMBER: "Member",
    Standing.MODERATOR: "Moderator",
    Standing.OWNER: "Owner",
    Standing.ADMIN: "Site administrator",
}
"""As `docs/rights.md` heads its tables."""


@dataclass(frozen=True, slots=True)
class Right:
    """One act in a sentence; `reason` says why not, and is empty for what one may do."""

    act: Act
    sentence: str
    reason: str

    @property
    def may(self) -> bool:
        return not self.reason


@dataclass(frozen=True, slots=True)
class Group:
    title: str
    rights: tuple[Right, ...]


def of(standing: Standing, room: permissions.Place) -> list[Group]:
    """All that can be done in a room, and which of it one of this standing may do as it is now.

    What is for others by its nature is left out: who is inside cannot come in.
    """
    inside = standing not in {Standing.ANONYMOUS, Standing.OUTSIDER, Standing.ADMIN}
    left_out = {Act.ENTER, Act.JOIN} if inside else {Act.ENTER}
    return [
        Group(
            words.gettext(title),
            tuple(_right(standing, act, room) for act in acts if act not in left_out),
        )
        for title, acts in GROUPS.items()
    ]


def _right(standing: Standing, act: Act, room: permissions.Place) -> Right:
    may = permissions.can(standing, act, room)
    reason = "" if may else permissions.reason(standing, act, room)
    return Right(act, words.gettext(SENTENCES[act]), reason)
