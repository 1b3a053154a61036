"""What arrives in requests, read once and strictly: UTF-8, a few fields, each once, no files.

What the fields must be like is the domain's business; here they are only taken apart.
"""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import AsyncGenerator, Iterable

from starlette.datastructures import Headers
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from hubbub import errors, words
from hubbub.domain import messages

MAX_FIELDS = 50

_NUMBER = re.compile(r"[0-9]{1,18}")  # what is longer does not fit into 64 bits
_BOUNDARY = re.compile(r"""boundary=("[^"]{1,70}"|[^\s;"]{1,70})""", re.IGNORECASE)

Form = dict[str, str]


async def read(request: Request) -> Form:
    """The form's fields; read once, then remembered for as long as the request lasts.

    Raises Malformed for what is not a form in UTF-8, TooLarge from the limit of bodies.
    """
    form = _parsed(await _pairs(request, await request.body()))
    request.state.form = form
    return form


def kept(request: Request) -> Form:
    """The fields as far as they could be read, to give a form back filled in."""
    form: Form = getattr(request.state, "form", {})
    return form


async def message(request: Request) -> messages.Draft:
    form = await read(request)
    answered = form.get("reply_to", "")
    return messages.Draft(
        body=form.get("body", ""),
        cid=form.get("cid"),
        # What is no number answers a message that is not there, and is told so.
        reply_to=(number(answered) or 0) if answered else None,
        sure=form.get("sure") == "yes",
    )


def number(text: str) -> int | None:
    """A message's number or a page's as it stands in an address, None for what is none."""
    return int(text) if _NUMBER.fullmatch(text) else None


async def _pairs(request: Request, body: bytes) -> Iterable[tuple[str, str]]:
    declared = request.headers.get("content-type", "")
    kind = declared.partition(";")[0].strip().lower()
    try:
        text = body.decode("utf-8")
        if kind == "application/x-www-form-urlencoded":
            return urllib.parse.parse_qsl(
                text, keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS
            )
        if kind == "multipart/form-data":
            return await _multipart(declared, body)
    except UnicodeDecodeError:
        raise errors.Malformed(words.gettext("This form is not readable as UTF-8 text.")) from None
    except (ValueError, MultiPartException):
        raise _unreadable() from None
    if body:
        raise _unreadable()
    return []


async def _multipart(declared: str, body: bytes) -> Iterable[tuple[str, str]]:
    """The fields of a multipart form. The client's charset is not asked: the text is UTF-8."""
    found = _BOUNDARY.search(declared)
    boundary = found[1].strip('"') if found else ""
    # Without its last line the form was cut off on the way, and half a text is not what was meant.
    if not boundary or not body.rstrip().endswith(f"--{boundary}--".encode("latin-1")):
        raise _unreadable()

    async def stream() -> AsyncGenerator[bytes, None]:
        yield body

    headers = Headers({"content-type": f'multipart/form-data; boundary="{boundary}"'})
    parser = MultiPartParser(headers, stream(), max_files=0, max_fields=MAX_FIELDS)
    form = await parser.parse()
    return [(name, value) for name, value in form.multi_items() if isinstance(value, str)]


def _parsed(pairs: Iterable[tuple[str, str]]) -> Form:
    form: Form = {}
    for name, value in pairs:
        if name in form:
            raise _unreadable()  # No form of ours does that; which of them would count?
        form[name] = value
    return form


def _unreadable() -> errors.Malformed:
    return errors.Malformed(words.gettext("This request does not hold a readable form."))
