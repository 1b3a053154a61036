"""What is done about a message that was said: changing it, taking it back, taking it down."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from hubbub import errors, words
from hubbub.domain import clock, contents, history, messages, moderation, permissions, revisions
from hubbub.domain.permissions import Act
from hubbub.web import access, failures, forms, responses
from hubbub.web.handlers import messages as message_doors


async def edition(request: Request) -> Response:
    """The message as it was typed, to be changed."""
    visit, message = await _present(request, Act.EDIT)
    if not revisions.can_edit(visit.person, message, _window(request)):
        raise errors.Forbidden(words.gettext("This message cannot be changed any more."))
    return _form(request, visit, message, message.body)


async def _edition_again(request: Request, refusal: errors.Refusal) -> Response:
    visit, message = await access.message(request)
    return _form(request, visit, message, forms.kept(request).get("body", ""), refusal.message)


@failures.gives_back(_edition_again)
async def edit(request: Request) -> Response:
    access.viewer(request)
    await forms.read(request)  # First, so that whatever is refused comes back with its text.
    visit = await access.change(request, Act.EDIT)
    db, number = request.state.db, _number(request)
    # What goes with a message stays with it, and may stand there without a word.
    files = (await history.one(db, visit.room.id, number)).attachments
    draft = messages.Draft(
        forms.kept(request).get("body", ""), attachments=tuple(file.public_id for file in files)
    )
    await revisions.edit(db, visit.room, visit.person, number, draft, window=_window(request))
    return await _changed(request, visit, number)


async def erasure(request: Request) -> Response:
    """The message once more, with the question whether it shall go, and of another's why."""
    visit = await access.visit(request)
    message = await _to_erase(request, visit)
    if message.deleted_at is not None:
        raise permissions.unseen()
    own = revisions.can_erase(visit.person, message)
    if not own:
        await access.oversee(request, visit, Act.TAKE_DOWN)
        if not await _may_take_down(request, visit, message):
            raise errors.Forbidden(words.gettext("You cannot take down what they say here."))
    return responses.either(
        request,
        "messages/_erasure.html",
        "messages/erasure.html",
        message=message,
        room=visit.room,
        own=own,
    )


async def erase(request: Request) -> Response:
    """Authors take back their own; those who look after the room take down what others said."""
    visit, form = await access.change(request, Act.SEE), await forms.read(request)
    message, db = await _to_erase(request, visit), request.state.db
    if revisions.can_erase(visit.person, message):
        digests = await revisions.erase(db, visit.room, visit.person, message.number)
    else:
        await access.oversee(request, visit, Act.TAKE_DOWN)
        digests = await moderation.take_down(
            db, visit.room, visit.person, message.number, reason=form.get("reason", "")
        )
    await contents.sweep(db, request.state.files, digests)
    return await _changed(request, visit, message.number)


async def _may_take_down(request: Request, visit: access.Visit, message: messages.Message) -> bool:
    return visit.can(Act.TAKE_DOWN) and await moderation.can_take_down(
        request.state.db, visit.room, visit.member, message
    )


async def _to_erase(request: Request, visit: access.Visit) -> messages.Message:
    """For members, and for administrators of the site, who need not be in the room."""
    if not visit.can(Act.TAKE_DOWN):
        permissions.require(visit.standing, Act.ERASE, visit.room)
    return await history.one(request.state.db, visit.room.id, _number(request))


async def _present(request: Request, act: Act) -> tuple[access.Visit, messages.Message]:
    """A message that can still be changed by someone; what was deleted is not there any more."""
    visit, message = await access.message(request, act)
    if message.deleted_at is not None:
        raise permissions.unseen()
    return visit, message


async def _changed(request: Request, visit: access.Visit, number: int) -> Response:
    message = await history.one(request.state.db, visit.room.id, number)
    return message_doors.changed(request, visit, message)


def _form(
    request: Request,
    visit: access.Visit,
    message: messages.Message,
    text: str,
    error: str = "",
) -> Response:
    return responses.either(
        request,
        "messages/_edition.html",
        "messages/edition.html",
        message=message,
        room=visit.room,
        text=text,
        error=error,
    )


def _number(request: Request) -> int:
    return forms.number(request.path_params["number"]) or 0


def _window(request: Request) -> int:
    hours: int = request.state.config.edit_hours
    return hours * clock.HOUR
