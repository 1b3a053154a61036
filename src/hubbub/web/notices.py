"""What somebody is told of a message while they look elsewhere: who and where, what, and a link."""

from __future__ import annotations

from typing import NamedTuple

from hubbub import markup, words
from hubbub.domain import notifications
from hubbub.web import links

TEXT_LENGTH = 200
"""Characters; a notification shows about as much."""


class Told(NamedTuple):
    title: str
    text: str
    href: str


def told(notice: notifications.Notice, to: links.Links, is_private: bool) -> Told:
    """Who and where, the beginning of the text unless it is private, and the exact message."""
    href = f"{to.room_path(notice)}/{notice.number}"
    return Told(_title(notice), "" if is_private else _text(notice), href)


def _title(notice: notifications.Notice) -> str:
    if notice.is_direct:
        return notice.author_name
    sentence = words.gettext("{name} in {room}")
    return sentence.format(name=notice.author_name, room=notice.room_title)


def _text(notice: notifications.Notice) -> str:
    if not markup.is_blank(notice.body):
        return markup.excerpt(notice.body, TEXT_LENGTH)
    return words.gettext("sent a file")
