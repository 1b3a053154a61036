"""What every request and every socket passes, from the outside in; the order is the reason.

headers       around everything, so that even a crash is answered with them
  journal     counts the time of all the rest, and knows the route once it is found
  [Starlette answers crashes here]
  compression sees the answers of all that follow
  addresses   one spelling of each address, before anything looks at it
  hosts       nothing is done for a name that is not ours
  origin      nothing is done on behalf of another site's page
  sessions    who it is: the first that asks the database
  inbox       what waits for them, which every page says
  bodies      how much of it: nothing larger is read than any form needs
"""

from __future__ import annotations

from starlette.middleware import Middleware
from starlette.types import ASGIApp

from hubbub import config
from hubbub.web import links
from hubbub.web.middleware import (
    addresses,
    bodies,
    compression,
    headers,
    hosts,
    inbox,
    journal,
    origin,
    sessions,
)


def stack(settings: config.Config) -> list[Middleware]:
    """What runs inside the application, in the order of the list above."""
    where = links.Links(settings)
    return [
        Middleware(compression.Compression),
        Middleware(addresses.Addresses),
        Middleware(hosts.Hosts, hosts=where.hosts, is_public=settings.public_url is not None),
        Middleware(origin.Origin, origins=where.origins),
        Middleware(sessions.Sessions, cookie=sessions.cookie_name(where.secure)),
        Middleware(inbox.Inbox),
        Middleware(bodies.Bodies),
    ]


def outermost(app: ASGIApp, settings: config.Config) -> ASGIApp:
    """What runs around the application, its own answers to crashes included."""
    return headers.Headers(journal.Journal(app), secure=links.Links(settings).secure)
