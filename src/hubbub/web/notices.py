"""What somebody is told while they look elsewhere: of a message, who and where, what, and a link;
of a room that was opened for them, which one and by whom."""

from __future__ import annotations

from typing import NamedTuple

from hubbub import markup, words
from hubbub.domain import notifications, open_doors
from hubbub.web import templating

TEXT_LENGTH = 200
"""Characters; a notification shows about as much."""


class Told(NamedTuple):
    """Of several notifications with the same `tag` a browser keeps one."""

    title: str
    text: str
    href: str
    tag: str


def told(
    notice: notifications.Notice | open_doors.OpenDoor, to: templating.Templates, is_private: bool
) -> Told:
    if isinstance(notice, open_doors.OpenDoor):
        return _opened(notice, to, is_private)
    return _message(notice, to, is_private)


def _message(notice: notifications.Notice, to: templating.Templates, is_private: bool) -> Told:
    """Who and where, the beginning of the text unless it is private, and the exact message."""
    href = f"{to.links.room_path(notice)}/{notice.number}"
    return Told(_title(notice), "" if is_private else _text(notice), href, href)


def _title(notice: notifications.Notice) -> str:
    if notice.is_direct:
        return notice.author_name
    sentence = words.gettext("{name} in {room}")
    return sentence.format(name=notice.author_name, room=notice.room_title)


def _text(notice: notifications.Notice) -> str:
    if not markup.is_blank(notice.body):
        return markup.excerpt(notice.body, TEXT_LENGTH)
    return words.gettext("sent a file")


def _opened(door: open_doors.OpenDoor, to: templating.Templates, is_private: bool) -> Told:
    """Into which room, and who asks; the private ones are told neither."""
    text = "" if is_private else door.room_title
    if not door.invitation_id:
        href = to.links.room_path(door)
        return Told(words.gettext("You were let in"), text, href, href)
    title = words.gettext("You are invited into a room")
    if not is_private:
        title = words.gettext("{name} invites you").format(name=door.by_name)
    href = to.path_for("inbox:show")
    return Told(title, text, href, f"{href}#{door.invitation_id}")
