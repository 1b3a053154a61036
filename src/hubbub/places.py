"""Where templates, static files and migrations lie.

They are top-level folders of the checkout; the wheel carries them inside the package.
"""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def resources() -> Path:
    """The folder that holds `templates`, `static` and `migrations`."""
    installed = _PACKAGE / "resources"
    return installed if installed.is_dir() else _PACKAGE.parent.parent


def templates() -> Path:
    return resources() / "templates"


def static() -> Path:
    return resources() / "static"


def migrations() -> Path:
    return resources() / "migrations"


def data() -> Path:
    """Files that belong to a module, not to a page."""
    return _PACKAGE / "data"
