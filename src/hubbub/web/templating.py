"""Templates, and all they may call: addresses by name, files by name, filters for people's eyes."""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable, Iterable
from typing import Any

import jinja2
from markupsafe import Markup
from starlette.routing import BaseRoute, Route, WebSocketRoute

from hubbub import config, markup, places, words
from hubbub.domain import accounts, messages, site
from hubbub.domain.clock import HOUR, SECOND, now
from hubbub.web import assets, links


class Templates:
    """Renders with or without a request: pages, fragments, and the frames of the live stream."""

    def __init__(self, settings: config.Config, routes: Iterable[BaseRoute]) -> None:
        self.links = links.Links(settings)
        self.assets = assets.Assets(places.static())
        self.path_for = paths(routes)
        self._environment = environment()
        self._environment.filters["body"] = self._body
        self._environment.globals.update(
            path_for=self.path_for,
            absolute_for=self.absolute_for,
            asset=self.asset,
            room_key=self.links.room_key,
            invitation_token=self.links.invitation_token,
        )
        self.show(site.default(settings))
        # A page shows some fifty messages, and to import it for each would cost as much again.
        icons: Any = self._environment.get_template("macros/icons.html").module
        self._environment.globals["avatar"] = icons.avatar
        times: Any = self._environment.get_template("macros/times.html").module
        self._environment.filters["when"] = times.when

    def show(self, current: site.Site) -> None:
        """What pages say of the site from now on."""
        self._environment.globals.update(
            site=current, site_name=current.name, upload_mb=current.upload_mb
        )

    def render(self, name: str, /, **context: Any) -> str:
        return self._environment.get_template(name).render(context)

    def _body(self, message: messages.Message) -> Markup:
        called = frozenset(message.mentions.split())
        return markup.render_body(message.body, home=self.links.origin, mentions=called)

    def absolute_for(self, name: str, /, **params: object) -> str:
        """The whole address, for what leaves the site: a shared link, a picture of it."""
        return self.links.origin + self.path_for(name, **params)

    def asset(self, name: str) -> str:
        """The address of a static file, with its content's hash in it."""
        return self.path_for("asset:show", name=self.assets.logical(name).name)


def environment() -> jinja2.Environment:
    """Jinja with everything on that turns a slip into an error or into harmless text."""
    made = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        loader=jinja2.FileSystemLoader(places.templates()),
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.install_gettext_callables(  # type: ignore[attr-defined]
        words.gettext, words.ngettext, newstyle=True
    )
    made.filters.update(
        excerpt=markup.excerpt,
        iso=iso,
        clock=clock,
        day=day,
        left=left,
        initials=markup.initials,
        hue=markup.hue,
        mark=accounts.mark,
        called=accounts.called,
    )
    return made


def paths(routes: Iterable[BaseRoute]) -> Callable[..., str]:
    """`path_for(name, **params)`: a dictionary, because a page asks for some fifty addresses."""
    formats = {
        route.name: route.path_format
        for route in routes
        if isinstance(route, Route | WebSocketRoute)
    }

    def path_for(name: str, /, **params: object) -> str:
        return formats[name].format(
            **{field: links.quoted(str(value)) for field, value in params.items()}
        )

    return path_for


def iso(at: int) -> str:
    """Milliseconds UTC as `<time datetime>` wants them."""
    return _moment(at).strftime("%Y-%m-%dT%H:%M:%SZ")


def clock(at: int) -> str:
    """Hour and minute, UTC; the script turns them into the reader's."""
    return _moment(at).strftime("%H:%M")


def day(at: int) -> str:
    """The day in full, UTC: Friday 20 November 2026."""
    moment = _moment(at)
    return words.gettext("%(weekday)s %(day)d %(month)s %(year)d") % {
        "weekday": words.gettext(_WEEKDAYS[moment.weekday()]),
        "day": moment.day,
        "month": words.gettext(_MONTHS[moment.month - 1]),
        "year": moment.year,
    }


def left(until: int) -> int:
    """Whole seconds until a moment, for a page that asks again then: an hour at most, for a
    machine that slept meanwhile, and no timer of a browser lasts a month."""
    return min(max(1, math.ceil((until - now()) / SECOND)), HOUR // SECOND)


_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip


def _moment(at: int) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(at / 1000, tz=datetime.UTC)
