"""What a page says after an act that led to it: one sentence for each door, told once.

A browser without scripts sees a new page after each act, and could not tell whether it was done.
The sentence's name waits in a cookie for that page; the cookie holds no text, so that nobody can
make us say theirs.
"""

from __future__ import annotations

from collections.abc import Mapping

from hubbub import words

COOKIE = "said"
SECONDS = 60
"""Who does not arrive by then is told nothing."""

_SAVED = "It is saved."

SENTENCES: dict[str, str] = {
    "invitations:create": "They are invited, and find the invitation in their inbox.",
    "invitations:withdraw": "The invitation is taken back.",
    "inbox:answer decline": "You declined the invitation.",
    "links:create": "The link is made. Whoever you give it to can use it from now on.",
    "links:revoke": "The link is revoked: nobody comes in by it any more.",
    "links:revoke yes": "The link is revoked, and who came by it is out.",
    "links:purge": "The link is revoked, and all that came by it is erased.",
    "knocks:answer admit": "They are let in.",
    "knocks:answer turn_away": "They are turned away.",
    "held:decide release": "It is posted, and they write at once from now on.",
    "held:decide drop": "It is deleted.",
    "reports:close": "The report is closed.",
    "mutes:create": "They are muted: they can read, but not write.",
    "mutes:lift": "They can write again.",
    "rooms:remove": "They are removed from the room.",
    "bans:create": "They are banned, and cannot come back.",
    "bans:lift": "The ban is lifted: they can come back.",
    "rooms:role": "What they may do is changed.",
    "rooms:hand-over": "The room is handed over, and you are a member like most here.",
    "rooms:leave": "You left the room.",
    "rooms:rename": "The room has its new title.",
    "rooms:topic": "The topic is saved.",
    "rooms:access": "Who can enter is saved.",
    "rooms:link": "The room has a new link, and the one before opens nothing any more.",
    "rooms:archive yes": "The room is archived.",
    "rooms:archive no": "The room is open again.",
    "rooms:delete": "The room is deleted.",
    "rooms:guests yes": "Guests can come in by the room’s link.",
    "rooms:guests no": "No more guests can come in.",
    "rooms:lock yes": "The room is locked.",
    "rooms:lock no": "The room is unlocked.",
    "rooms:slow": "The pause between messages is set.",
    "rooms:hold yes": "What newcomers write first waits for you from now on.",
    "rooms:hold no": "Newcomers write at once from now on.",
    "notifications:choose": "What you hear of this room is saved.",
    "notifications:prefer": _SAVED,
    "preferences:choose": _SAVED,
    "blocks:change yes": "They are blocked: you do not see what they write.",
    "blocks:change no": "They are no longer blocked.",
    "profile:rename": "Your name is saved.",
    "profile:set-picture": "Your picture is there.",
    "profile:remove-picture": "Your picture is removed.",
    "emails:confirm": "Your address is confirmed.",
    "credentials:change": "Your password is changed, and you are signed out everywhere else.",
    "sessions:end": "That session is ended.",
    "sessions:end-others": "All other sessions are ended.",
    "guests:rename": "Your name is changed.",
    "guests:settle": "Your account is there. What you wrote is yours, under your own name.",
    "messages:erase": "The message is erased.",
    "admin:disable yes": "The account is disabled.",
    "admin:disable no": "The account is enabled again.",
    "admin:sign-out": "They are signed out everywhere.",
    "admin:promote yes": "They can administer this site from now on.",
    "admin:promote no": "They do not administer this site any more.",
    "admin:delete-person": "The account is deleted.",
    "admin:lock yes": "The room is locked.",
    "admin:lock no": "The room is unlocked.",
    "admin:archive yes": "The room is archived.",
    "admin:archive no": "The room is open again.",
    "admin:delete-room": "The room is deleted.",
    "admin:take-down": "The message is removed.",
    "admin:revoke": "The link is revoked: nobody comes in by it any more.",
    "admin:close-report": "The report is closed.",
    "admin:lift": "The ban is lifted: they can come back.",
}

# The fields that say which of two acts of a door it was.
_FIELDS = (
    "answer",
    "remove",
    "archived",
    "guests",
    "locked",
    "hold",
    "blocked",
    "disabled",
    "admin",
)


def name(door: str, form: Mapping[str, str]) -> str:
    """The name of what is to be said after a form was sent to this door; empty for nothing."""
    chosen = [f"{door} {form[field]}" for field in _FIELDS if field in form]
    return next((one for one in (*chosen, door) if one in SENTENCES), "")


def sentence(said: str) -> str:
    """What is said by this name; whatever else comes in the cookie says nothing."""
    return words.gettext(SENTENCES[said]) if said in SENTENCES else ""
