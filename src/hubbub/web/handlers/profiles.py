"""People as others see them, and what each decides about that."""

from __future__ import annotations

import re

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from hubbub import errors, words
from hubbub.domain import accounts, blocks, direct, emails, permissions, profiles
from hubbub.web import access, failures, forms, responses

FIELDS = ("name", "file", "email", "current")

# A name that holds the digest of what it names never means anything else.
FOR_EVER = "private, max-age=31536000, immutable"

_PICTURE = re.compile(rf"([0-9a-f]{{64}})-({profiles.SMALL}|{profiles.LARGE})\.webp")


async def show(request: Request) -> Response:
    """The page about a person, or for htmx a card of it."""
    found, viewer = await _profile(request), access.viewer(request)
    own = found.person.id == viewer.id
    return responses.either(
        request,
        "people/_card.html",
        "people/show.html",
        profile=found,
        rooms=await direct.named(request.state.db, found.rooms, viewer.id),
        own=own,
        scripted=responses.is_htmx(request),
        blocked=None if own else await _blocked(request, viewer, found.person),
    )


async def _blocked(
    request: Request, viewer: accounts.Person, other: accounts.Person
) -> bool | None:
    """Whether the viewer blocked the other one; None for guests, who block nobody."""
    if viewer.guest_of is not None:
        return None
    return await blocks.has_blocked(request.state.db, viewer.id, other.id)


async def avatar(request: Request) -> Response:
    """A person's initials as a picture, in their colour."""
    found = await _profile(request)
    drawn = request.state.templates.render("people/avatar.svg", person=found.person)
    return Response(drawn, media_type="image/svg+xml")


async def picture(request: Request) -> Response:
    access.viewer(request)
    named = _PICTURE.fullmatch(request.path_params["name"])
    if named is None or not await profiles.has_picture(request.state.db, named[1]):
        raise permissions.unseen()
    if not await request.state.files.has(named[1], named[2]):
        raise permissions.unseen()
    path = request.state.files.path(named[1], named[2])
    return FileResponse(path, media_type="image/webp", headers={"Cache-Control": FOR_EVER})


async def own(request: Request) -> Response:
    access.person(request)
    return await _page(request, {}, {})


async def again(request: Request, refusal: errors.Refusal) -> Response:
    """The page with what was typed, and the sentence beside its field."""
    field = refusal.field if refusal.field in FIELDS else ""
    return await _page(request, forms.kept(request), {field or "": refusal.message})


@failures.gives_back(again)
async def rename(request: Request) -> Response:
    person, form = await _changing(request), await forms.read(request)
    await profiles.rename(request.state.db, person, form.get("name", ""))
    return responses.lead_to(request, "profile:show")


@failures.gives_back(again)
async def set_picture(request: Request) -> Response:
    person = access.person(request)
    await request.state.limits.hit("uploads", person.id)
    async with forms.files(request, 1) as files:
        if len(files) != 1:
            raise errors.Invalid(words.gettext("Choose a picture first."), field="file")
        await profiles.set_picture(request.state.db, request.state.files, person, files[0].file)
    return responses.lead_to(request, "profile:show")


@failures.gives_back(again)
async def remove_picture(request: Request) -> Response:
    person = await _changing(request)
    await profiles.remove_picture(request.state.db, request.state.files, person)
    return responses.lead_to(request, "profile:show")


async def _changing(request: Request) -> accounts.Person:
    person = access.person(request)
    await request.state.limits.hit("writes", person.id)
    return person


async def _profile(request: Request) -> profiles.Profile:
    viewer = access.viewer(request)
    return await profiles.profile(request.state.db, viewer, request.path_params["username"])


async def _page(request: Request, values: forms.Form, trouble: dict[str, str]) -> Response:
    person, state = access.person(request), request.state
    address = await emails.of(state.db, person) if state.mail.is_on else None
    return responses.page(
        request,
        "people/own.html",
        values={"name": person.name, "email": address or ""} | values,
        errors=trouble,
        mailed=state.mail.is_on,
        address=address,
        waiting=await emails.waiting(state.db, person) if state.mail.is_on else None,
    )
