"""The site map: every door of Hubbub on one page.

Each address answers with and without a trailing slash, and some have an older name as well: see
middleware/addresses. A change of state is a noun one posts to.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, WebSocketRoute

from hubbub import config
from hubbub.web.handlers import (
    accounts,
    acts,
    admin,
    appearance,
    assets,
    blocks,
    completion,
    credentials,
    days,
    departures,
    emails,
    exports,
    guests,
    health,
    held,
    home,
    inbox,
    invitation_links,
    invitations,
    invited,
    knocks,
    memberships,
    messages,
    moderation,
    pace,
    pins,
    preferences,
    profiles,
    reactions,
    reading,
    reports,
    revisions,
    rooms,
    search,
    sessions,
    settings,
    setup,
    sockets,
    switcher,
    uploads,
)

Door = Callable[[Request], Awaitable[Response]]


def routes(_: config.Config) -> list[BaseRoute]:
    """All doors. The busiest come first, because they are tried in this order."""
    # fmt: off
    return [
        _post("/r/{key}/messages",    messages.create,       "messages:create"),
        WebSocketRoute("/r/{key}/live", sockets.live,       name="room:live"),
        _get( "/r/{key}",             rooms.show,            "rooms:show"),
        _get( "/r/{key}/messages",    messages.index,        "messages:list"),
        _get( "/static/{name}",       assets.show,           "asset:show"),

        _get( "/",                    home.show,             "home:show"),
        _get( "/register",            accounts.register,     "accounts:register"),
        _post("/register",            accounts.create,       "accounts:create"),
        _get( "/login",               accounts.login,        "accounts:login"),
        _post("/login",               accounts.enter,        "accounts:enter"),
        _post("/logout",              accounts.logout,       "accounts:logout"),
        _post("/theme",               appearance.choose,     "appearance:choose"),
        _get( "/style/{username}.css", appearance.mine,      "appearance:mine"),

        _get( "/profile",             profiles.own,          "profile:show"),
        _post("/profile/name",        profiles.rename,       "profile:rename"),
        _post("/profile/picture",     profiles.set_picture,  "profile:set-picture"),
        _post("/profile/picture/removal", profiles.remove_picture, "profile:remove-picture"),
        _post("/profile/email",       emails.change,         "emails:change"),
        _get( "/profile/email/{token}", emails.show,         "emails:show"),
        _post("/profile/email/{token}", emails.confirm,      "emails:confirm"),
        _get( "/profile/password",    credentials.show,      "credentials:show"),
        _post("/profile/password",    credentials.change,    "credentials:change"),
        _get( "/password",            credentials.forgotten, "credentials:forgotten"),
        _post("/password",            credentials.ask,       "credentials:ask"),
        _get( "/password/{token}",    credentials.new,       "credentials:new"),
        _post("/password/{token}",    credentials.reset,     "credentials:reset"),
        _get( "/profile/sessions",    sessions.index,        "sessions:list"),
        _post("/profile/sessions/ending", sessions.end_others, "sessions:end-others"),
        _post("/profile/sessions/{id}/ending", sessions.end, "sessions:end"),
        _get( "/profile/preferences", preferences.show,      "preferences:show"),
        _post("/profile/preferences", preferences.choose,    "preferences:choose"),
        _get( "/profile/data",        exports.show,          "exports:show"),
        _get( "/profile/export.json", exports.as_json,       "exports:json"),
        _get( "/profile/export.html", exports.as_page,       "exports:html"),
        _get( "/profile/deletion",    departures.show,       "departures:show"),
        _post("/profile/deletion",    departures.depart,     "departures:depart"),
        _get( "/goodbye",             departures.done,       "departures:done"),
        _get( "/people/{username}",   profiles.show,         "people:show"),
        _post("/people/{username}/block", blocks.change,     "blocks:change"),
        _get( "/profile/blocks",      blocks.index,          "blocks:list"),
        _get( "/people/{username}/avatar.svg", profiles.avatar, "people:avatar"),
        _get( "/pictures/{name}",     profiles.picture,      "people:picture"),

        _get( "/inbox",               inbox.show,            "inbox:show"),
        _post("/inbox/{id}",          inbox.answer,          "inbox:answer"),

        _get( "/go",                  switcher.index,        "go:list"),
        _get( "/shortcuts",           switcher.shortcuts,    "shortcuts:show"),
        _get( "/emoji",               completion.emojis,     "emoji:list"),

        _get( "/rooms",               rooms.index,           "rooms:list"),
        _post("/rooms",               rooms.create,          "rooms:create"),
        _get( "/rooms/new",           rooms.new,             "rooms:new"),
        _get( "/search",              search.show,           "search:everywhere"),
        _post("/join",                rooms.join,            "rooms:join"),
        _get( "/join",                rooms.index,           "rooms:find"),

        _get( "/i/{token}",           invited.show,          "links:open"),
        _post("/i/{token}",           invited.enter,         "links:redeem"),
        _post("/i/{token}/guests",    guests.redeem,         "guests:redeem"),
        _get( "/r/{key}/links",       invitation_links.index,  "links:list"),
        _post("/r/{key}/links",       invitation_links.create, "links:create"),
        _get( "/r/{key}/links/{id}",  invitation_links.show,   "links:show"),
        _get( "/r/{key}/links/{id}/qr.svg",     invitation_links.qr,     "links:qr"),
        _get( "/r/{key}/links/{id}/poster",     invitation_links.poster, "links:poster"),
        _post("/r/{key}/links/{id}/revocation", invitation_links.revoke, "links:revoke"),
        _post("/r/{key}/links/{id}/purge",      invitation_links.purge,  "links:purge"),
        _get( "/r/{key}/knocks",      knocks.index,          "knocks:list"),
        _post("/r/{key}/knocks/{username}",     knocks.answer,           "knocks:answer"),

        _get( "/r/{key}/share",       rooms.share,           "rooms:share"),
        _get( "/r/{key}/qr.svg",      rooms.qr,              "rooms:qr"),
        _get( "/r/{key}/settings",    settings.show,         "rooms:settings"),
        _post("/r/{key}/title",       settings.rename,       "rooms:rename"),
        _post("/r/{key}/topic",       settings.topic,        "rooms:topic"),
        _post("/r/{key}/access",      settings.who_enters,   "rooms:access"),
        _post("/r/{key}/link",        settings.link,         "rooms:link"),
        _post("/r/{key}/archival",    settings.archive,      "rooms:archive"),
        _post("/r/{key}/deletion",    settings.delete,       "rooms:delete"),

        _post("/r/{key}/guests",      guests.create,         "guests:create"),
        _post("/r/{key}/guest-access", guests.allow,         "rooms:guests"),
        _get( "/account",             guests.account,        "guests:account"),
        _post("/account",             guests.settle,         "guests:settle"),
        _post("/account/name",        guests.rename,         "guests:rename"),

        _get( "/r/{key}/people",      memberships.index,     "rooms:people"),
        _post("/r/{key}/arrival",     memberships.arrive,    "rooms:arrive"),
        _post("/r/{key}/departure",   memberships.leave,     "rooms:leave"),
        _post("/r/{key}/invitations", invitations.create,    "invitations:create"),
        _post("/r/{key}/invitations/{username}/withdrawal", invitations.withdraw,
                                                             "invitations:withdraw"),
        _get( "/r/{key}/people/{username}", moderation.show, "people:acts"),
        _post("/r/{key}/roles",       moderation.set_role,   "rooms:role"),
        _post("/r/{key}/removals",    moderation.remove,     "rooms:remove"),
        _post("/r/{key}/mutes",       moderation.mute,       "mutes:create"),
        _post("/r/{key}/mutes/removal", moderation.unmute,   "mutes:lift"),
        _get( "/r/{key}/log",         acts.index,            "acts:list"),
        _get( "/r/{key}/rights",      acts.mine,             "rights:show"),
        _get( "/r/{key}/people/{username}/report", reports.person, "reports:person"),
        _post("/r/{key}/people/{username}/report", reports.report_person, "reports:report-person"),
        _get( "/r/{key}/bans",        moderation.index,      "bans:list"),
        _post("/r/{key}/bans",        moderation.ban,        "bans:create"),
        _post("/r/{key}/bans/removal", moderation.unban,     "bans:lift"),
        _post("/r/{key}/ownership",   memberships.hand_over, "rooms:hand-over"),

        _post("/r/{key}/pace",        pace.slow,             "rooms:slow"),
        _post("/r/{key}/lock",        pace.lock,             "rooms:lock"),
        _post("/r/{key}/hold",        pace.hold,             "rooms:hold"),
        _get( "/r/{key}/held",        held.index,            "held:list"),
        _post("/r/{key}/held/{id}",   held.decide,           "held:decide"),
        _get( "/r/{key}/reports",     reports.index,         "reports:list"),
        _post("/r/{key}/reports/{id}", reports.close,        "reports:close"),

        _post("/r/{key}/reading",     reading.move,          "rooms:read"),
        _get( "/r/{key}/pins",        pins.index,            "pins:list"),
        _post("/r/{key}/attachments", uploads.create,        "uploads:create"),
        _get( "/r/{key}/attachments/{id}/{name}",      uploads.show,     "uploads:show"),
        _post("/r/{key}/attachments/{id}/removal",     uploads.remove,   "uploads:remove"),
        _post("/r/{key}/attachments/{id}/description", uploads.describe, "uploads:describe"),
        _get( "/r/{key}/search",      search.show,           "search:room"),
        _get( "/r/{key}/names",       completion.names,      "mentions:list"),
        _get( "/r/{key}/day/{date}",  days.show,             "messages:day"),
        _get( "/r/{key}/{number}",    messages.show,         "messages:show"),
        _get( "/r/{key}/{number}/menu",      messages.menu,      "messages:menu"),
        _get( "/r/{key}/{number}/reply",     messages.reply,     "messages:reply"),
        _get( "/r/{key}/{number}/edition",   revisions.edition,  "messages:edition"),
        _post("/r/{key}/{number}/edition",   revisions.edit,     "messages:edit"),
        _get( "/r/{key}/{number}/erasure",   revisions.erasure,  "messages:erasure"),
        _post("/r/{key}/{number}/erasure",   revisions.erase,    "messages:erase"),
        _get( "/r/{key}/{number}/reactions", reactions.index,    "reactions:list"),
        _post("/r/{key}/{number}/reactions", reactions.toggle,   "reactions:toggle"),
        _post("/r/{key}/{number}/pin",       pins.change,        "pins:change"),
        _get( "/r/{key}/{number}/report",    reports.message,    "reports:message"),
        _post("/r/{key}/{number}/report",    reports.report_message, "reports:report-message"),

        _get( "/admin",               admin.overview.show,     "admin:overview"),
        _get( "/admin/confirmation",  admin.confirmation.show, "admin:confirmation"),
        _post("/admin/confirmation",  admin.confirmation.create, "admin:confirm"),
        _get( "/admin/people",        admin.people.index,      "admin:people"),
        _get( "/admin/people/{username}", admin.people.show,   "admin:person"),
        _post("/admin/people/{username}/disabling", admin.people.disable, "admin:disable"),
        _post("/admin/people/{username}/sign-out", admin.people.sign_out, "admin:sign-out"),
        _post("/admin/people/{username}/right", admin.people.promote,     "admin:promote"),
        _post("/admin/people/{username}/password-link", admin.people.password_link,
                                                               "admin:password-link"),
        _post("/admin/people/{username}/deletion", admin.people.delete,   "admin:delete-person"),
        _get( "/admin/rooms",         admin.rooms.index,       "admin:rooms"),
        _get( "/admin/rooms/{id}",    admin.rooms.show,        "admin:room"),
        _post("/admin/rooms/{id}/lock", admin.rooms.lock,      "admin:lock"),
        _post("/admin/rooms/{id}/archival", admin.rooms.archive, "admin:archive"),
        _post("/admin/rooms/{id}/deletion", admin.rooms.delete, "admin:delete-room"),
        _post("/admin/rooms/{id}/entrance", admin.rooms.enter, "admin:enter"),
        _get( "/admin/messages",      admin.messages.index,    "admin:messages"),
        _post("/admin/messages/removal", admin.messages.take_down, "admin:take-down"),
        _get( "/admin/links",         admin.links.index,       "admin:links"),
        _post("/admin/links/{id}/revocation", admin.links.revoke, "admin:revoke"),
        _get( "/admin/reports",       admin.reports.index,     "admin:reports"),
        _post("/admin/reports/{id}/closing", admin.reports.close, "admin:close-report"),
        _get( "/admin/bans",          admin.bans.index,        "admin:bans"),
        _post("/admin/bans/removal",  admin.bans.lift,         "admin:lift"),
        _get( "/admin/log",           admin.journal.index,     "admin:log"),
        _get( "/admin/settings",      admin.settings.show,     "admin:settings"),
        _post("/admin/settings",      admin.settings.decide,   "admin:decide"),

        _get( "/setup/{token}",       setup.show,            "setup:show"),
        _post("/setup/{token}",       setup.finish,          "setup:finish"),

        _get( "/healthz",             health.alive,          "health:alive"),
        _get( "/readyz",              health.ready,          "health:ready"),
        _get( "/robots.txt",          assets.robots,         "asset:robots"),
        _get( "/favicon.ico",         assets.favicon,        "asset:favicon"),
    ]
    # fmt: on


def _get(path: str, door: Door, name: str) -> Route:
    return Route(path, door, name=name, methods=["GET"])  # HEAD comes with it


def _post(path: str, door: Door, name: str) -> Route:
    return Route(path, door, name=name, methods=["POST"])
