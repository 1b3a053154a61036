"""What a browser says of itself, in plain words: which it is, and on what it runs."""

from __future__ import annotations

from hubbub import words

# The first that fits: most browsers also claim to be those they descend from.
# https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/User-Agent
_BROWSERS = (
    ("Edg/", "Edge"),
    ("EdgA/", "Edge"),
    ("EdgiOS/", "Edge"),
    ("OPR/", "Opera"),
    ("Vivaldi/", "Vivaldi"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Version/", "Safari"),
)
_SYSTEMS = (
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("CrOS", "ChromeOS"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


def described(user_agent: str) -> str:
    """“Firefox on Linux”; what is not known is not guessed at."""
    browser, system = _first(_BROWSERS, user_agent), _first(_SYSTEMS, user_agent)
    if browser == "Safari" and "Safari/" not in user_agent:
        browser = ""
    name = browser or words.gettext("Unknown browser")
    if not system:
        return name
    return words.gettext("{browser} on {system}").format(browser=name, system=system)


def _first(known: tuple[tuple[str, str], ...], user_agent: str) -> str:
    return next((name for mark, name in known if mark in user_agent), "")
