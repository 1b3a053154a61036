"""Where the site is, and the links that lead into its rooms.

All of it comes from the settings, never from a request: whoever chooses the Host header must not
choose where our links lead.
"""

from __future__ import annotations

import functools
import hmac
import re
import urllib.parse
from typing import Protocol

from hubbub import config, errors, signing, words

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")

_PATH_MARKS = "/:@!$&'()*+,;=~"  # RFC 3986, 3.3; the rest of a path is quoted.
_PASTED = re.compile(
    r"(?:(?P<scheme>https?)://)?(?P<host>[^/\s]*)/(?P<door>[ri])/(?P<key>[^/?#\s]+)(?:[/?#]\S*)?",
    re.IGNORECASE,
)


class Linked(Protocol):
    """What a link is made of; every room has it."""

    @property
    def public_id(self) -> str: ...
    @property
    def generation(self) -> int: ...


class Invited(Protocol):
    """What an invitation link's address is made of."""

    @property
    def public_id(self) -> str: ...


class Links:
    """The site's own address, and the keys of its rooms and invitation links."""

    def __init__(self, settings: config.Config) -> None:
        self.secrets = settings.secret_keys
        self.origins = origins(settings)
        self.hosts = frozenset(origin.partition("://")[2] for origin in self.origins)
        self.origin = settings.public_url or _loopback(LOOPBACK[0], settings.port)
        self.secure = self.origin.startswith("https://")
        self._key = functools.lru_cache(maxsize=8192)(self._made_key)

    def room_key(self, room: Linked) -> str:
        """The part after `/r/` that opens the room now."""
        return self._key(room.public_id, room.generation)

    def room_path(self, room: Linked) -> str:
        return f"/r/{self.room_key(room)}"

    def opens(self, room: Linked, key: str) -> bool:
        """Whether `key` is the room's link of today, made with any of the secrets in force."""
        if hmac.compare_digest(key.encode(), self.room_key(room).encode()):
            return True
        return signing.check_room_key(self.secrets, key, room.generation)

    def invitation_token(self, link: Invited) -> str:
        """The part after `/i/` that opens an invitation link."""
        return signing.invitation_token(self.secrets, link.public_id)

    def invitation_path(self, link: Invited) -> str:
        return f"/i/{self.invitation_token(link)}"

    def invited_by(self, token: str) -> str | None:
        """The public id in an invitation link's token, None when this site did not make it."""
        if signing.check_invitation_token(self.secrets, token):
            return token[: signing.PUBLIC_ID_LENGTH]
        return None

    def key_in(self, pasted: str) -> str | None:
        """The room's key in what a person typed or pasted, or None when it can only be a handle.

        Raises Invalid for an address that leads somewhere else.
        """
        if signing.split_room_key(pasted):
            return pasted
        return self._pasted(pasted, "r")

    def invitation_in(self, pasted: str) -> str | None:
        """The token in an invitation link that was pasted, or None. Raises what `key_in` raises."""
        return pasted if self.invited_by(pasted) else self._pasted(pasted, "i")

    def _pasted(self, pasted: str, door: str) -> str | None:
        found = _PASTED.fullmatch(pasted)
        if found and (not found["host"] or _without_port(found) in self._known_hosts):
            return found["key"] if found["door"].lower() == door else None
        if found or "://" in pasted:
            raise errors.Invalid(
                words.gettext("This link does not lead to a room of this site."), field="name"
            )
        return None

    @functools.cached_property
    def _known_hosts(self) -> frozenset[str]:
        return self.hosts | {host.removesuffix(":80").removesuffix(":443") for host in self.hosts}

    def _made_key(self, public_id: str, generation: int) -> str:
        return signing.room_key(self.secrets, public_id, generation)


def origins(settings: config.Config) -> frozenset[str]:
    """Every origin that is this site: the public address, or without one the loopback names."""
    if settings.public_url:
        return frozenset({settings.public_url})
    return frozenset(_loopback(name, settings.port) for name in LOOPBACK)


def own_path(value: str) -> str:
    """`value` when it is a path on this site, else the front page; as it may stand in a header.

    Browsers read `//host`, `/\\host` and paths with tabs or line breaks as other sites.
    """
    if not value.startswith("/") or value.startswith("//") or len(value) > 2000:
        return "/"
    if "\\" in value or any(ord(letter) <= 0x20 or ord(letter) == 0x7F for letter in value):
        return "/"
    return urllib.parse.quote(value, safe=f"{_PATH_MARKS}?#%")


def quoted_path(path: str, query: bytes) -> str:
    """A request's path and query as they may stand in a header: letters that no header can hold
    are quoted, and so are question marks and hashes that were quoted before."""
    asked = urllib.parse.quote(query, safe=f"{_PATH_MARKS}?%")
    return urllib.parse.quote(path, safe=_PATH_MARKS) + (f"?{asked}" if asked else "")


def quoted(value: str) -> str:
    """`value` as it may stand in a query or as one part of a path."""
    return urllib.parse.quote(value, safe="")


def _loopback(name: str, port: int) -> str:
    return f"http://{name}" if port == 80 else f"http://{name}:{port}"


def _without_port(found: re.Match[str]) -> str:
    standard = ":443" if (found["scheme"] or "").lower() == "https" else ":80"
    return found["host"].lower().removesuffix(standard)
