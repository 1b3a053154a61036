"""What the pages of the administration have in common: their lists, and the record of each act."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from hubbub import errors
from hubbub.domain import security
from hubbub.domain.administration import paging
from hubbub.web import access, forms, responses


def asked(request: Request, shows: Mapping[str, Any], sorts: Mapping[str, Any]) -> paging.Asked:
    return paging.asked(request.query_params, shows=[*shows], sorts=[*sorts])


def fields(asked: paging.Asked) -> dict[str, str]:
    """What stands in the address of a list that was asked for so, its page left out."""
    named = {"q": asked.q, "show": asked.show, "sort": asked.sort}
    return {name: value for name, value in named.items() if value}


def listed(
    request: Request, template: str, asked: paging.Asked, page: paging.Page[Any], **more: Any
) -> Response:
    return responses.page(request, template, asked=asked, fields=fields(asked), page=page, **more)


async def record(
    request: Request,
    kind: str,
    *,
    person_id: int | None = None,
    room_id: int | None = None,
    detail: str = "",
) -> None:
    """A line in the site's log. `person_id` is who it was done to, and `by` stands in the detail;
    where it was done to nobody, it is the administrator."""
    who = access.administrator(request)
    by = f"by {who.username}" if person_id not in {None, who.id} else ""
    await security.record(
        request.state.db,
        kind,
        person_id=who.id if person_id is None else person_id,
        room_id=room_id,
        address=access.address(request),
        detail=", ".join(part for part in (detail, by) if part),
    )


def back(request: Request, door: str, **params: object) -> Response:
    """303 to the page the act was chosen on."""
    return responses.see_other(request.state.templates.path_for(door, **params))


def room_id(request: Request) -> int | None:
    return forms.number(request.path_params["id"])


def trouble(refusal: errors.Refusal, fields: Collection[str]) -> dict[str, str]:
    """The sentence beside its field, or above the page when no field is to blame."""
    return {refusal.field if refusal.field and refusal.field in fields else "": refusal.message}
