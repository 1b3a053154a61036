"""Where settings are found: in the environment, in `.env`, or in a file that either names."""

from __future__ import annotations

import difflib
import functools
import logging
from collections.abc import Mapping
from pathlib import Path

import dotenv

from hubbub.errors import BadSetting

SETTINGS = (
    "HUBBUB_DATA_DIR",
    "HUBBUB_DATABASE_URL",
    "HUBBUB_BROADCAST_URL",
    "HUBBUB_PUBLIC_URL",
    "HUBBUB_SECRET_KEY",
    "HUBBUB_ADMIN_USERNAME",
    "HUBBUB_ADMIN_PASSWORD",
    "HUBBUB_SITE_NAME",
    "HUBBUB_REGISTRATION",
    "HUBBUB_GUESTS",
    "HUBBUB_LOBBY",
    "HUBBUB_INDEXING",
    "HUBBUB_ACCENT",
    "HUBBUB_KEEP_DAYS",
    "HUBBUB_EDIT_HOURS",
    "HUBBUB_RATE_LIMITS",
    "HUBBUB_UPLOAD_MB",
    "HUBBUB_UPLOAD_DAY_MB",
    "HUBBUB_SMTP_URL",
    "HUBBUB_MAIL_FROM",
    "HUBBUB_PUSH_HOSTS",
    "HUBBUB_TRUSTED_PROXIES",
    "HUBBUB_LOG_FORMAT",
    "HUBBUB_HOST",
    "HUBBUB_PORT",
    "HUBBUB_WORKERS",
)

# What hosting platforms set by themselves; the name with the prefix wins.
FALLBACKS = {
    "HUBBUB_DATABASE_URL": "DATABASE_URL",
    "HUBBUB_BROADCAST_URL": "REDIS_URL",
    "HUBBUB_PORT": "PORT",
}

log = logging.getLogger(__name__)


class Environment:
    """The settings of this process; what stands in its environment wins over `.env`."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.places = (environ, _dotenv())

    def get(self, name: str) -> str | None:
        """The setting's value, from wherever it stands first; empty counts as absent."""
        names = [name, FALLBACKS[name]] if name in FALLBACKS else [name]
        for place in self.places:
            for spelling in names:
                value = self._direct_or_file(place, spelling)
                if value:
                    return value
        return None

    def warn_of_unknown_names(self) -> None:
        known = {*SETTINGS, *(f"{name}_FILE" for name in SETTINGS)}
        for name in sorted({name for place in self.places for name in place}):
            if not name.startswith("HUBBUB_") or name.startswith("HUBBUB_TEST_") or name in known:
                continue
            _warn_once(name)

    @staticmethod
    def _direct_or_file(place: Mapping[str, str], name: str) -> str | None:
        direct, path = place.get(name, "").strip(), place.get(f"{name}_FILE", "").strip()
        if direct and path:
            raise BadSetting(f"Set either {name} or {name}_FILE, not both.")
        if not path:
            return direct or None
        try:
            return Path(path).read_text(encoding="utf-8").strip() or None
        except (OSError, ValueError) as error:
            raise BadSetting(f"{name}_FILE should name a readable text file: {path}") from error


def should_be(name: str, wanted: str, value: str | None) -> BadSetting:
    """`value` is shown unless it may hold a password."""
    return BadSetting(f"{name} should be {wanted}" + (f", not “{value}”." if value else "."))


@functools.cache
def _warn_once(name: str) -> None:
    """The command reads the settings, and so does the application it starts."""
    close = difflib.get_close_matches(name, SETTINGS, n=1)
    hint = f" Did you mean {close[0]}?" if close else ""
    log.warning("%s is not a setting of Hubbub.%s", name, hint)


def _dotenv() -> dict[str, str]:
    path = Path(".env")
    try:
        if not path.is_file():
            return {}
        # Interpolation would change a password that holds a dollar sign.
        found = dotenv.dotenv_values(path, interpolate=False)
    except (OSError, ValueError) as error:
        raise BadSetting(f".env should be a readable text file: {path.resolve()}") from error
    return {name: value for name, value in found.items() if value is not None}
