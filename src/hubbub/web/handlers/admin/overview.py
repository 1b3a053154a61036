"""How the site is, at a glance."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

import hubbub
from hubbub import migrations
from hubbub.domain import clock
from hubbub.domain.administration import overview
from hubbub.web import access, responses


async def show(request: Request) -> Response:
    who, state = await access.admin(request), request.state
    return responses.page(
        request,
        "admin/overview.html",
        numbers=await overview.numbers(state.db, who),
        online=await overview.online(state.db, state.streams.people()),
        disk=await overview.disk(state.config.data_dir),
        migrated=await migrations.at_head(state.db),
        listening=state.broker.healthy and state.streams.healthy(),
        kind=state.db.dialect,
        shared=not state.config.broadcast_url.startswith("memory"),
        version=hubbub.__version__,
        started_at=int(state.started_at * clock.SECOND),
    )
