"""The secret that signs: given in a setting, or made once and kept in the data folder."""

from __future__ import annotations

import os
import re
import secrets
import tempfile
from pathlib import Path

from hubbub.errors import BadSetting

FILE = "secret-key"
LENGTH = 32

_PLACEHOLDER = re.compile(
    r"change.?(me|it|this)|placeholder|insecure|your.?secret|(.)\2{15}",
    re.IGNORECASE,
)


def keys(value: str, where: str) -> tuple[str, ...]:
    """The rotation list, oldest first: separated by commas, spaces or lines."""
    found = tuple(key for key in re.split(r"[\s,]+", value) if key)
    for key in found:
        if len(key) < LENGTH or _PLACEHOLDER.search(key):
            wanted = f"{LENGTH} or more random characters, and no placeholder"
            raise BadSetting(f"{where} should be {wanted}; make one with: openssl rand -base64 48")
    return found


def kept(data_dir: Path) -> tuple[str, ...]:
    """The secret kept in the data folder, made on first run."""
    path = data_dir / FILE
    try:
        if not path.exists():
            _write_once(path, secrets.token_urlsafe(48) + "\n")
        found = keys(path.read_text(encoding="utf-8"), str(path))
    except (OSError, ValueError) as error:
        raise BadSetting(f"{path} should be a readable secret: {error}") from error
    if not found:
        raise BadSetting(f"{path} is empty; put the secret back, or remove the file for a new one.")
    return found


def _write_once(path: Path, text: str) -> None:
    """Write a file that only its owner reads, whole or not at all; the first writer wins."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")  # mode 0600
    draft = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.link(draft, path)
    except FileExistsError:
        pass  # Another process was first, and its secret is as good.
    finally:
        draft.unlink()
