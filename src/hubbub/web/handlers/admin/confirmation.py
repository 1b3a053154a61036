"""Giving the password once more, before the site is administered."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from hubbub import errors
from hubbub.web import access, failures, forms, links, responses


async def show(request: Request) -> Response:
    access.administrator(request)
    return _page(request, {"next": links.own_path(request.query_params.get("next", ""))}, {})


async def _again(request: Request, refusal: errors.Refusal) -> Response:
    kept = {"next": links.own_path(forms.kept(request).get("next", ""))}
    return _page(request, kept, {"password": refusal.message})


@failures.gives_back(_again)
async def create(request: Request) -> Response:
    who, form = access.administrator(request), await forms.read(request)
    await access.confirm(request, who, form.pop("password", ""))
    return responses.see_other(links.own_path(form.get("next", "")))


def _page(request: Request, fields: forms.Form, trouble: dict[str, str]) -> Response:
    action = request.state.templates.path_for("admin:confirm")
    return responses.page(
        request, "admin/confirmation.html", action=action, fields=fields, errors=trouble
    )
