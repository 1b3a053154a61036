"""Files that go with messages: uploaded by members, fetched by members, and by nobody else."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from hubbub import errors, storage, words
from hubbub.domain import attachments, pace, permissions, uploads
from hubbub.domain.permissions import Act
from hubbub.web import access, forms, links, responses
from hubbub.web.middleware import bodies

# Asked again each time, for it is asked each time whether one may; what has not changed is not
# sent again.
CACHED = "private, no-cache"
CLOSED = "default-src 'none'; sandbox"


async def create(request: Request) -> Response:
    """One file, kept until it is sent with a message or a day has passed."""
    visit = await access.inside(request, Act.POST)
    pace.require_cleared_for_files(visit.room, visit.member)
    await _check(request, visit)
    async with forms.files(request, 1) as files:
        if len(files) != 1:
            raise errors.Invalid(words.gettext("Choose one file."), field="file")
        (kept,) = await _accepted(request, visit, files)
    return _told(request, visit, kept)


async def attached(request: Request, visit: access.Visit) -> None:
    """Reads the form of a message, and accepts the files that come with it from pages without
    scripts: from here on they stand in `attachments`, behind those that were uploaded before."""
    if _is_large(request):
        _require_post(visit)
    async with forms.files(request, attachments.MOST) as files:
        form = forms.kept(request)
        before = form.get("attachments", "").split()
        attachments.check_ids(before, len(files))
        if files:
            _require_post(visit)
            await _check(request, visit)
        # What is sent again is the same message only with the same files.
        same = f"{form['cid']} {form.get('body', '')}" if form.get("cid") else ""
        accepted = [kept.public_id for kept in await _accepted(request, visit, files, same)]
        form["attachments"] = " ".join([*before, *accepted])


def _is_large(request: Request) -> bool:
    """Whether it may be more than a form without files: of that not a byte is taken from who may
    not post."""
    kind, length = request.headers.get("content-type", ""), request.headers.get("content-length")
    return kind.lower().startswith("multipart/") and int(length or bodies.LIMIT + 1) > bodies.LIMIT


def _require_post(visit: access.Visit) -> None:
    permissions.require(permissions.standing(visit.person, visit.member), Act.POST, visit.room)
    pace.require_cleared_for_files(visit.room, visit.member)


async def describe(request: Request) -> Response:
    visit, form = await access.change(request, Act.POST), await forms.read(request)
    await uploads.describe(
        request.state.db, visit.room, visit.person, _id(request), form.get("description", "")
    )
    return _done(request, visit)


async def remove(request: Request) -> Response:
    """Takes back what was not sent yet."""
    visit = await access.change(request, Act.SEE)
    await uploads.remove(
        request.state.db, request.state.files, visit.room, visit.person, _id(request)
    )
    return _done(request, visit)


async def show(request: Request) -> Response:
    """A picture to be seen, in full or as its preview; anything else only to be saved."""
    visit = await access.inside(request)
    found = await attachments.find(request.state.db, visit.room, _id(request), visit.person)
    small = found.previewed and "preview" in request.query_params
    variant = attachments.PREVIEW if small else storage.ITSELF
    headers = {
        "Cache-Control": CACHED,
        "Content-Disposition": _disposition(found),
        "Content-Security-Policy": CLOSED,
        "ETag": f'"{found.digest}-{variant}"',
    }
    if headers["ETag"] in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    if not await request.state.files.has(found.digest, variant):
        raise permissions.unseen()
    path = request.state.files.path(found.digest, variant)
    kind = "image/webp" if small else found.media_type
    return FileResponse(path, media_type=kind, headers=headers)


def _disposition(found: attachments.Attachment) -> str:
    """RFC 6266; the name is quoted as RFC 8187 says."""
    kind = "inline" if found.is_picture else "attachment"
    return f"{kind}; filename*=UTF-8''{links.quoted(found.name)}"


def _id(request: Request) -> str:
    public_id: str = request.path_params["id"]
    return public_id


def _allowance(request: Request) -> uploads.Allowance:
    settings = request.state.config
    return uploads.Allowance(request.state.site.now.upload_mb, settings.upload_day_mb)


async def _check(request: Request, visit: access.Visit) -> None:
    """Before anything is kept: whether there may be more at all."""
    await request.state.limits.hit("uploads", visit.person.id)
    await uploads.check(request.state.db, visit.person, 1, _allowance(request))


async def _accepted(
    request: Request, visit: access.Visit, files: list[forms.File], form: str = ""
) -> list[attachments.Attachment]:
    return [
        await uploads.accept(
            request.state.db,
            request.state.files,
            visit.room,
            visit.person,
            file.file,
            file.filename or "",
            _allowance(request),
            form=f"{place} {form}" if form else "",
        )
        for place, file in enumerate(files)
    ]


def _told(request: Request, visit: access.Visit, kept: attachments.Attachment) -> Response:
    key = request.state.links.room_key(visit.room)
    path_for = request.state.templates.path_for
    if responses.wants_json(request):
        told = {
            "id": kept.public_id,
            "name": kept.name,
            "size": kept.size,
            "picture": kept.is_picture,
            "width": kept.width,
            "height": kept.height,
            "path": path_for("uploads:show", key=key, id=kept.public_id, name=kept.name),
        }
        return responses.json(told, 201)
    if responses.is_htmx(request):
        return responses.fragment(request, "uploads/_chip.html", 201, file=kept, key=key)
    return responses.see_other(request.state.links.room_path(visit.room))


def _done(request: Request, visit: access.Visit) -> Response:
    if responses.is_page(request):
        return responses.see_other(request.state.links.room_path(visit.room))
    return Response()
