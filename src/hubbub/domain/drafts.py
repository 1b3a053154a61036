"""Drafts: what someone wants to say, clean by construction."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass

from hubbub import errors, markup, words

BODY_LENGTH = 4_000
BODY_BYTES = 16 * 1024


@dataclass(frozen=True, slots=True)
class Draft:
    """What is to be posted, or to stand where something was. Raises Invalid or Malformed.

    `cid` is the UUID the sender made once for this message, whatever the number of tries;
    `reply_to` the number of the message it answers; `attachments` the ids of files that were
    uploaded for it. `sure`: it may call everyone in the room.
    """

    body: str
    cid: str | None = None
    reply_to: int | None = None
    attachments: tuple[str, ...] = ()
    sure: bool = False

    def __post_init__(self) -> None:
        body = markup.clean_text(self.body, field="body", limit=BODY_LENGTH, max_bytes=BODY_BYTES)
        if markup.is_blank(body) and not self.attachments:
            raise errors.Invalid(words.gettext("Write something first."), field="body")
        object.__setattr__(self, "body", body)
        object.__setattr__(self, "cid", _clean_cid(self.cid))

    @property
    def digest(self) -> str:
        return hashlib.sha256("\0".join((self.body, *self.attachments)).encode()).hexdigest()


def _clean_cid(cid: object) -> str | None:
    if cid is None or cid == "":
        return None
    if not isinstance(cid, str) or len(cid) > 36:
        raise _bad_cid()
    try:
        return str(uuid.UUID(cid))
    except ValueError:
        raise _bad_cid() from None


def _bad_cid() -> errors.Invalid:
    return errors.Invalid(words.gettext("The message’s id has to be a UUID."), field="cid")
