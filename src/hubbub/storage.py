"""Files on disk, each under the SHA-256 of its content: what is sent twice is kept once.

A content is a folder, `files/ab/abcd…/`, with its variants in it: the content itself, and what was
made of it. Everything that may block runs in a thread.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import secrets
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import BinaryIO

ITSELF = "itself"
_DIGEST = re.compile(r"[0-9a-f]{64}")
_VARIANT = re.compile(r"[a-z0-9]{1,16}")
# Of what a process left behind that died: a draft, or what it was about to remove.
_LEFTOVER = ".left-"
_TRIES = 5


async def digest(file: BinaryIO) -> str:
    """The name of a content, in hexadecimal."""
    return await asyncio.to_thread(_digest, file)


def _digest(file: BinaryIO) -> str:
    file.seek(0)
    return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]


class Store:
    """The files below one folder, which is made when the first of them comes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, digest: str, variant: str = ITSELF) -> Path:
        """Where a file lies, if it is there."""
        return self._home(digest) / _checked(_VARIANT, variant)

    async def has(self, digest: str, variant: str = ITSELF) -> bool:
        return await asyncio.to_thread(self.path(digest, variant).is_file)

    async def read(self, digest: str, variant: str = ITSELF) -> bytes:
        """Raises FileNotFoundError."""
        return await asyncio.to_thread(self.path(digest, variant).read_bytes)

    async def put(self, file: BinaryIO, digest: str, variant: str = ITSELF) -> None:
        """Keeps a file, whole or not at all; durable when this returns."""
        await asyncio.to_thread(self._put, file, self.path(digest, variant))

    async def remove(self, digest: str, is_wanted: Callable[[], Awaitable[bool]]) -> None:
        """Removes a content with its variants, unless it is wanted.

        That is asked when nobody can reach it any more. So whoever says that they want a content
        *before* they put it has it afterwards, whatever else happens at the same time.
        """
        aside = await asyncio.to_thread(self._set_aside, digest)
        if aside is None:
            return
        if await is_wanted():
            await asyncio.to_thread(self._put_back, digest, aside)
        await asyncio.to_thread(shutil.rmtree, aside, ignore_errors=True)

    async def unchanged_for(self, seconds: float) -> AsyncIterator[list[str]]:
        """The contents nobody has put for so long, some at a time. Clears leftovers as old."""
        before = time.time() - seconds
        await asyncio.to_thread(self._clear, before)
        for shard in await asyncio.to_thread(self._shards):
            found = await asyncio.to_thread(_older, shard, before)
            if found:
                yield found

    def _home(self, digest: str) -> Path:
        return self._folder / _checked(_DIGEST, digest)[:2] / digest

    def _put(self, file: BinaryIO, path: Path) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        file.seek(0)
        handle, name = tempfile.mkstemp(dir=self._folder, prefix=_LEFTOVER)  # mode 0600
        try:
            with os.fdopen(handle, "wb") as draft:
                shutil.copyfileobj(file, draft)
                draft.flush()
                os.fsync(draft.fileno())
            _move_in(Path(name), path)
        finally:
            Path(name).unlink(missing_ok=True)
        _sync(path.parent)
        _sync(path.parent.parent)

    def _set_aside(self, digest: str) -> Path | None:
        aside = self._folder / f"{_LEFTOVER}{secrets.token_hex(8)}"
        try:
            return self._home(digest).rename(aside)
        except FileNotFoundError:
            return None

    def _put_back(self, digest: str, aside: Path) -> None:
        """File by file: whoever put the content meanwhile may have put only some of them."""
        for file in aside.iterdir():
            _move_in(file, self.path(digest, file.name))

    def _shards(self) -> list[Path]:
        if not self._folder.is_dir():
            return []
        return [entry for entry in self._folder.iterdir() if len(entry.name) == 2]

    def _clear(self, before: float) -> None:
        for entry in self._folder.glob(f"{_LEFTOVER}*"):
            if entry.stat().st_mtime >= before:
                continue
            if entry.is_dir():
                shutil.rmtree(entry, ignore_errors=True)
            else:
                entry.unlink(missing_ok=True)


def _checked(pattern: re.Pattern[str], name: str) -> str:
    """Nothing else ever becomes a part of a path."""
    if not pattern.fullmatch(name):
        raise ValueError("not the name of a stored file")
    return name


def _move_in(file: Path, path: Path) -> None:
    for _ in range(_TRIES):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            file.replace(path)
        except FileNotFoundError:
            continue  # The folder was set aside in this very moment.
        os.utime(path.parent)  # Replacing a file of the same name need not be a change.
        return
    raise FileNotFoundError(path)


def _older(shard: Path, before: float) -> list[str]:
    """Contents of a shard; a folder's own time is when a file last came into it."""
    return [
        entry.name
        for entry in shard.iterdir()
        if _DIGEST.fullmatch(entry.name) and entry.stat().st_mtime < before
    ]


def _sync(folder: Path) -> None:
    """Makes the name of a new file as durable as what is in it."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except FileNotFoundError:
        return
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
