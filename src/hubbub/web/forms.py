"""What arrives in requests, read once and strictly: UTF-8, a few fields, each once.

Files come only where a handler asks for them, and go to disk as they come. What all of it must be
like is the domain's business; here it is only taken apart.
"""

from __future__ import annotations

import contextlib
import re
import urllib.parse
from collections.abc import AsyncGenerator, AsyncIterator, Iterable

from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from hubbub import errors, words
from hubbub.domain import messages

MAX_FIELDS = 50
MAX_FIELD_BYTES = 64 * 1024

_NUMBER = re.compile(r"[0-9]{1,18}")  # what is longer does not fit into 64 bits
_END = 200  # bytes; the last line of a form is shorter
_BOUNDARY = re.compile(r"""boundary=("[^"]{1,70}"|[^\s;"]{1,70})""", re.IGNORECASE)

Form = dict[str, str]
File = UploadFile


async def read(request: Request) -> Form:
    """The form's fields; read once, then remembered for as long as the request lasts.

    Raises Malformed for what is not a form in UTF-8, TooLarge from the limit of bodies.
    """
    if not hasattr(request.state, "form"):
        async with files(request, 0):
            pass
    return kept(request)


@contextlib.asynccontextmanager
async def files(request: Request, most: int) -> AsyncIterator[list[File]]:
    """Reads the form, its files included; they are gone when the block ends.

    Raises what `read` raises. With `most` 0 a file makes it no form of ours, and so does a file
    where a text belongs.
    """
    parts = await _parts(request, most)
    found = [part for _, part in parts if isinstance(part, File)]
    try:
        if any(isinstance(part, File) and name != "file" for name, part in parts):
            raise _unreadable()
        request.state.form = _parsed((name, part) for name, part in parts if isinstance(part, str))
        # An empty choice of files is sent as a file without a name.
        yield [file for file in found if file.filename or file.size]
    finally:
        for file in found:
            await file.close()


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
        attachments=tuple(form.get("attachments", "").split()),
        reply_to=(number(answered) or 0) if answered else None,
        sure=form.get("sure") == "yes",
    )


def number(text: str) -> int | None:
    """A message's number or a page's as it stands in an address, None for what is none."""
    return int(text) if _NUMBER.fullmatch(text) else None


async def _parts(request: Request, most: int) -> list[tuple[str, str | File]]:
    declared = request.headers.get("content-type", "")
    kind = declared.partition(";")[0].strip().lower()
    try:
        if kind == "multipart/form-data":
            return await _multipart(request, declared, most)
        body = await request.body()
        if kind == "application/x-www-form-urlencoded":
            return [*_fields(body.decode("utf-8"))]
    except UnicodeDecodeError:
        raise errors.Malformed(words.gettext("This form is not readable as UTF-8 text.")) from None
    except (ValueError, MultiPartException):
        raise _unreadable() from None
    if body:
        raise _unreadable()
    return []


def _fields(text: str) -> list[tuple[str, str]]:
    return urllib.parse.parse_qsl(
        text, keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS
    )


async def _multipart(request: Request, declared: str, most: int) -> list[tuple[str, str | File]]:
    """The parts of a multipart form. The client's charset is not asked: the text is UTF-8."""
    found = _BOUNDARY.search(declared)
    boundary = found[1].strip('"') if found else ""
    if not boundary:
        raise _unreadable()
    end = bytearray()

    async def stream() -> AsyncGenerator[bytes, None]:
        async for chunk in request.stream():
            end[:] = (end + chunk[-_END:])[-_END:]
            yield chunk
        # Without its last line the form was cut off, and half a text is not what was meant.
        if not end.rstrip().endswith(f"--{boundary}--".encode("latin-1")):
            raise _unreadable()

    # The parser guesses at what it cannot decode; so it is given a charset in which any byte is
    # a letter, and the true decoding is done here.
    kind = f'multipart/form-data; charset=latin-1; boundary="{boundary}"'
    parser = MultiPartParser(
        Headers({"content-type": kind}),
        stream(),
        max_files=most + MAX_FIELDS if most else 0,  # Too many are told so in better words.
        max_fields=MAX_FIELDS,
        max_part_size=MAX_FIELD_BYTES,
    )
    parts = (await parser.parse()).multi_items()
    try:
        return [(_decoded(name), _decoded_part(part)) for name, part in parts]
    except ValueError:
        for _, part in parts:
            if isinstance(part, File):
                await part.close()
        raise


def _decoded_part(part: str | File) -> str | File:
    if isinstance(part, str):
        return _decoded(part)
    part.filename = _decoded(part.filename or "", "replace")
    return part


def _decoded(text: str, trouble: str = "strict") -> str:
    return text.encode("latin-1").decode("utf-8", trouble)


def _parsed(pairs: Iterable[tuple[str, str]]) -> Form:
    form: Form = {}
    for name, value in pairs:
        if name in form:
            raise _unreadable()  # No form of ours does that; which of them would count?
        form[name] = value
    return form


def _unreadable() -> errors.Malformed:
    return errors.Malformed(words.gettext("This request does not hold a readable form."))
