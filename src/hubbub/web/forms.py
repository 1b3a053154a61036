"""What arrives in requests, read once and strictly: UTF-8, a few fields, no files.

What the fields must be like is the domain's business; here they are only taken apart.
"""

from __future__ import annotations

import re
import urllib.parse
import uuid
from collections.abc import AsyncGenerator

from starlette.datastructures import Headers
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from hubbub import errors, words
from hubbub.domain import messages

MAX_FIELDS = 50

_NUMBER = re.compile(r"[0-9]{1,18}", re.ASCII)  # what is longer does not fit into 64 bits
_BOUNDARY = re.compile(r"""boundary=("[^"]{1,70}"|[^\s;"]{1,70})""", re.IGNORECASE)

Form = dict[str, str]


async def read(request: Request) -> Form:
    """The form's fields, the last value of each; read once, then remembered for the request.

    Raises Malformed for what is not a form in UTF-8, TooLarge from the body's limit.
    """
    kept: Form | None = getattr(request.state, "form", None)
    if kept is None:
        kept = request.state.form = await _parsed(request, await request.body())
    return kept


async def message(request: Request) -> messages.Draft:
    form = await read(request)
    return messages.Draft(body=form.get("body", ""), cid=_cid(form.get("cid", "")))


def number(text: str) -> int | None:
    """A message's number or a page's as it stands in an address, None for what is none."""
    return int(text) if _NUMBER.fullmatch(text) else None


def _cid(text: str) -> str | None:
    """One spelling for each UUID, so that the same key is always the same key."""
    if not text:
        return None
    try:
        return str(uuid.UUID(text)) if len(text) <= 45 else _no_cid()
    except ValueError:
        return _no_cid()


def _no_cid() -> str:
    raise errors.Invalid(
        words.gettext("The message's key (cid) should be a UUID."), field="cid"
    ) from None


async def _parsed(request: Request, body: bytes) -> Form:
    declared = request.headers.get("content-type", "")
    kind = declared.partition(";")[0].strip().lower()
    try:
        text = body.decode("utf-8")
        if kind == "multipart/form-data":
            return await _multipart(declared, body)
        if kind == "application/x-www-form-urlencoded":
            return _urlencoded(text)
    except UnicodeDecodeError:
        raise errors.Malformed(words.gettext("This form is not readable as UTF-8 text.")) from None
    except (ValueError, MultiPartException):
        raise _unreadable() from None
    if body:
        raise _unreadable()
    return {}


def _urlencoded(text: str) -> Form:
    return dict(
        urllib.parse.parse_qsl(
            text, keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS
        )
    )


async def _multipart(declared: str, body: bytes) -> Form:
    """The fields of a multipart form. The client's charset is not asked: the text is UTF-8."""
    boundary = _BOUNDARY.search(declared)
    if boundary is None:
        raise _unreadable()

    async def stream() -> AsyncGenerator[bytes, None]:
        yield body

    headers = Headers({"content-type": f"multipart/form-data; boundary={boundary[1]}"})
    parser = MultiPartParser(headers, stream(), max_files=0, max_fields=MAX_FIELDS)
    found = await parser.parse()
    return {name: value for name, value in found.multi_items() if isinstance(value, str)}


def _unreadable() -> errors.Malformed:
    return errors.Malformed(words.gettext("This request does not hold a readable form."))
