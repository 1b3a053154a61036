"""The first run: an address good for one use makes the administrator and asks what matters."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from hubbub import errors
from hubbub.domain import first_run, site
from hubbub.web import access, entry, failures, forms, responses

FIELDS = ("username", "password", "name", "registration", "guests", "lobby")


async def show(request: Request) -> Response:
    await _require(request)
    now = request.state.site.now
    return _page(request, {"name": now.name, **_choices(now)}, {})


async def _again(request: Request, refusal: errors.Refusal) -> Response:
    field = refusal.field if refusal.field in FIELDS else ""
    return _page(request, forms.kept(request), {field or "": refusal.message})


@failures.gives_back(_again)
async def finish(request: Request) -> Response:
    """Makes the administrator, who is signed in by it: they have just chosen the password."""
    await _require(request)
    form, state = await forms.read(request), request.state
    person = await first_run.finish(
        state.db,
        request.path_params["token"],
        form.get("username", ""),
        form.get("password", ""),
        site.decided(form, state.site.now),
        state.config.secret_keys,
        address=access.address(request),
    )
    await state.site.refresh(state.db)
    state.templates.show(state.site.now)
    response = responses.lead_to(request, "home:show")
    await entry.sign_in(request, person, response)
    return response


async def _require(request: Request) -> None:
    """A wrong guess counts like one at a room's link."""
    await request.state.limits.check("links", access.address(request))
    try:
        await first_run.require(request.state.db, request.path_params["token"])
    except errors.NotFound:
        raise await access.missed(request) from None


def _choices(now: site.Site) -> dict[str, str]:
    return {
        "registration": now.registration,
        "guests": now.guests,
        "lobby": "on" if now.lobby else "off",
    }


def _page(request: Request, values: forms.Form, trouble: dict[str, str]) -> Response:
    fixed = request.state.site.now.fixed
    return responses.page(request, "setup/show.html", values=values, errors=trouble, fixed=fixed)
