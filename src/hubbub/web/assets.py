"""Static files, made ready once at start: joined, hashed into their names, compressed.

A name that holds the hash of its content may be kept for ever, so a page costs its files once.
"""

from __future__ import annotations

import dataclasses
import gzip
import hashlib
import mimetypes
import re
from pathlib import Path

import rcssmin
import rjsmin

_VERSION = re.compile(r"-[0-9][^/]*(?=\.[a-z0-9]+$)")
_TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}


@dataclasses.dataclass(frozen=True, slots=True)
class Asset:
    """One file as it is served. `packed` is empty when compression gains nothing."""

    name: str
    media_type: str
    body: bytes
    packed: bytes


class Assets:
    """All files under `static`: by the name templates use, and by the name in the address."""

    def __init__(self, folder: Path) -> None:
        self._by_logical: dict[str, Asset] = {}
        self._by_name: dict[str, Asset] = {}
        # Without what only their readers need.
        style = _joined(folder / "css", "*.css", first="tokens.css")
        self._add("hubbub.css", rcssmin.cssmin(style.decode()).encode())
        script = _joined(folder / "js", "*.js").decode()
        self._add("hubbub.js", rjsmin.jsmin(script).encode())
        # What few pages need, or only once something is done there, is a file of its own.
        for path in sorted((folder / "apart").glob("*.js")):
            self._add(path.name, rjsmin.jsmin(path.read_text()).encode())
        for path in sorted((folder / "apart").glob("*.css")):
            self._add(path.name, rcssmin.cssmin(path.read_text()).encode())
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path.parent.name not in _OURS and path.suffix in _SERVED:
                self._add(_VERSION.sub("", path.name), path.read_bytes())

    def logical(self, name: str) -> Asset:
        """The file that templates call `name`: `hubbub.css`, `htmx.js`, `icon.svg`."""
        return self._by_logical[name]

    def named(self, name: str) -> Asset | None:
        """The file whose address ends in `name`."""
        return self._by_name.get(name)

    def _add(self, logical: str, body: bytes) -> None:
        stem, _, suffix = logical.rpartition(".")
        mark = hashlib.sha256(body).hexdigest()[:12]
        packed = gzip.compress(body, 9, mtime=0)
        asset = Asset(
            name=f"{stem}-{mark}.{suffix}",
            media_type=_media_type(logical),
            body=body,
            packed=packed if len(packed) < len(body) * 0.9 else b"",
        )
        self._by_logical[logical] = self._by_name[asset.name] = asset


_OURS = {"css", "js", "apart"}
_SERVED = {".js", ".css", ".svg", ".png", ".ico", ".woff2", ".webmanifest"}


def _joined(folder: Path, pattern: str, first: str = "") -> bytes:
    """Our own files in one."""
    files = sorted(folder.glob(pattern), key=lambda path: (path.name != first, path.name))
    return b"\n".join(path.read_bytes() for path in files)


def _media_type(name: str) -> str:
    guessed = _TYPES.get(Path(name).suffix) or mimetypes.guess_type(name)[0]
    return guessed or "application/octet-stream"
