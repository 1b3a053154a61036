"""The site map: every door of Hubbub on one page.

Each address answers with and without a trailing slash, and some have an older name as well: see
middleware/addresses. A change of state is a noun one posts to. What stands in braces never holds a slash.
"""

from __future__ import annotations

from starlette.routing import BaseRoute, Route, WebSocketRoute

from hubbub import config
from hubbub.web.handlers import (
    accounts,
    appearance,
    assets,
    health,
    home,
    memberships,
    messages,
    rooms,
    settings,
    sockets,
)

GET = ("GET",)
POST = ("POST",)


def routes(_: config.Config) -> list[BaseRoute]:
    """All doors. The busiest come first, because they are tried in this order."""
    # fmt: off
    return [
        Route("/r/{key}/messages",   messages.create,      name="messages:create",     methods=POST),
        WebSocketRoute("/r/{key}/live", sockets.live,      name="room:live"),
        Route("/r/{key}",            rooms.show,           name="rooms:show",          methods=GET),
        Route("/r/{key}/messages",   messages.index,       name="messages:list",       methods=GET),
        Route("/static/{name}",      assets.show,          name="asset:show",          methods=GET),

        Route("/",                   home.show,            name="home:show",           methods=GET),
        Route("/register",           accounts.register,    name="accounts:register",   methods=GET),
        Route("/register",           accounts.create,      name="accounts:create",     methods=POST),
        Route("/login",              accounts.login,       name="accounts:login",      methods=GET),
        Route("/login",              accounts.enter,       name="accounts:enter",      methods=POST),
        Route("/logout",             accounts.logout,      name="accounts:logout",     methods=POST),
        Route("/theme",              appearance.choose,    name="appearance:choose",   methods=POST),

        Route("/rooms",              rooms.index,          name="rooms:list",          methods=GET),
        Route("/rooms",              rooms.create,         name="rooms:create",        methods=POST),
        Route("/rooms/new",          rooms.new,            name="rooms:new",           methods=GET),
        Route("/join",               rooms.join,           name="rooms:join",          methods=POST),

        Route("/r/{key}/share",      rooms.share,          name="rooms:share",         methods=GET),
        Route("/r/{key}/qr.svg",     rooms.qr,             name="rooms:qr",            methods=GET),
        Route("/r/{key}/settings",   settings.show,        name="rooms:settings",      methods=GET),
        Route("/r/{key}/title",      settings.rename,      name="rooms:rename",        methods=POST),
        Route("/r/{key}/topic",      settings.topic,       name="rooms:topic",         methods=POST),
        Route("/r/{key}/access",     settings.access,      name="rooms:access",        methods=POST),
        Route("/r/{key}/link",       settings.link,        name="rooms:link",          methods=POST),
        Route("/r/{key}/archival",   settings.archive,     name="rooms:archive",       methods=POST),
        Route("/r/{key}/deletion",   settings.delete,      name="rooms:delete",        methods=POST),

        Route("/r/{key}/people",     memberships.index,    name="rooms:people",        methods=GET),
        Route("/r/{key}/arrival",    memberships.arrive,   name="rooms:arrive",        methods=POST),
        Route("/r/{key}/departure",  memberships.leave,    name="rooms:leave",         methods=POST),
        Route("/r/{key}/members",    memberships.add,      name="rooms:add",           methods=POST),
        Route("/r/{key}/removals",   memberships.remove,   name="rooms:remove",        methods=POST),
        Route("/r/{key}/{number}",   messages.show,        name="messages:show",       methods=GET),

        Route("/healthz",            health.alive,         name="health:alive",        methods=GET),
        Route("/readyz",             health.ready,         name="health:ready",        methods=GET),
        Route("/robots.txt",         assets.robots,        name="asset:robots",        methods=GET),
        Route("/favicon.ico",        assets.favicon,       name="asset:favicon",       methods=GET),
    ]
    # fmt: on
