"""People: the page of each, and one's own.

A first stone: whoever owns this noun puts the whole house here.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from hubbub.domain import permissions


async def show(request: Request) -> Response:
    raise permissions.unseen()
