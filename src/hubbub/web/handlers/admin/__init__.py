"""The pages of those who run the site. Every door here begins with `access.admin`."""

from hubbub.web.handlers.admin import (
    bans,
    confirmation,
    journal,
    links,
    messages,
    overview,
    people,
    reports,
    rooms,
    settings,
)

__all__ = [
    "bans",
    "confirmation",
    "journal",
    "links",
    "messages",
    "overview",
    "people",
    "reports",
    "rooms",
    "settings",
]
