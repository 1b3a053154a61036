"""What is decided for the whole site on the page."""

from __future__ import annotations

import dataclasses

from starlette.requests import Request
from starlette.responses import Response

from hubbub import config, errors, words
from hubbub.domain import rooms, site
from hubbub.web import access, failures, forms, responses
from hubbub.web.handlers.admin import shown

SWITCHES = ("lobby", "indexing")


async def show(request: Request) -> Response:
    await access.admin(request)
    return _page(request, _values(request.state.site.now), {})


async def again(request: Request, refusal: errors.Refusal) -> Response:
    await access.admin(request)
    values = _values(request.state.site.now) | forms.kept(request)
    return _page(request, values, shown.trouble(refusal, values))


@failures.gives_back(again)
async def decide(request: Request) -> Response:
    await access.admin(request)
    form, state = await forms.read(request), request.state
    before, values = state.site.now, site.decided(form, state.site.now)
    _check_sure(before, values, form)
    await site.decide(state.db, values)
    if values.get("lobby") and not before.lobby:
        await rooms.ensure_lobby(state.db, again=True)
    await state.site.refresh(state.db)
    state.templates.show(state.site.now)
    changed = [name for name, value in values.items() if getattr(before, name) != value]
    if changed:
        await shown.record(request, "settings changed", detail=", ".join(changed))
    path = state.templates.path_for("admin:settings")
    return responses.see_other(f"{path}?saved=yes")


def _check_sure(now: site.Site, values: dict[str, str | int | bool], form: forms.Form) -> None:
    """To keep messages for a shorter time deletes some, which is not done by a slip."""
    days = int(values.get("keep_days", now.keep_days))
    is_shorter = days > 0 and (now.keep_days == 0 or days < now.keep_days)
    if is_shorter and form.get("sure") != "yes":
        sentence = words.gettext("Tick below that older messages shall be deleted for ever.")
        raise errors.Conflict(sentence, field="keep_days")


def _values(now: site.Site) -> forms.Form:
    """What is in force, as the form writes it."""
    values = {name: str(value) for name, value in dataclasses.asdict(now).items()}
    return values | {name: "on" if getattr(now, name) else "off" for name in SWITCHES}


def _page(request: Request, values: forms.Form, trouble: dict[str, str]) -> Response:
    return responses.page(
        request,
        "admin/settings.html",
        values=values,
        errors=trouble,
        fixed=request.state.site.now.fixed,
        accents=config.ACCENTS,
        saved="saved" in request.query_params,
    )
