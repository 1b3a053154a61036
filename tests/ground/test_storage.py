"""Files are kept whole under their content, and removed only when nobody wants them."""

import asyncio
import io
import os
import pathlib
import stat
import time

import pytest

from hubbub import storage

pytestmark = pytest.mark.anyio


@pytest.fixture
def store(tmp_path: pathlib.Path) -> storage.Store:
    return storage.Store(tmp_path / "files")


async def put(store: storage.Store, content: bytes, variant: str = storage.ITSELF) -> str:
    digest = await storage.digest(io.BytesIO(content))
    await store.put(io.BytesIO(content), digest, variant)
    return digest


async def wanted() -> bool:
    return True


async def unwanted() -> bool:
    return False


def everything(folder: pathlib.Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


async def test_a_file_is_read_back_as_it_was_put(store: storage.Store) -> None:
    digest = await put(store, b"hello")
    assert digest == "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
    assert await store.read(digest) == b"hello"
    await store.put(io.BytesIO(b"small"), digest, "128")
    assert await store.read(digest, "128") == b"small"
    assert await store.has(digest, "128")
    assert not await store.has(digest, "512")


async def test_the_same_content_is_there_once_and_only_its_owner_reads_it(
    store: storage.Store, tmp_path: pathlib.Path
) -> None:
    digests = await asyncio.gather(*(put(store, b"hello") for _ in range(8)))
    assert len(set(digests)) == 1
    assert everything(tmp_path / "files") == [f"{digests[0][:2]}/{digests[0]}/itself"]
    path = store.path(digests[0])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) & 0o077 == 0


@pytest.mark.parametrize(
    "name",
    ["", "..", "../" * 20 + "etc/passwd", "/etc/passwd", "A" * 64, "a" * 63, "a" * 64 + "\n"],
)
async def test_nothing_but_a_digest_becomes_a_path(store: storage.Store, name: str) -> None:
    with pytest.raises(ValueError, match="not the name"):
        store.path(name)
    with pytest.raises(ValueError, match="not the name"):
        store.path("a" * 64, f"../{name}")


async def test_a_write_that_fails_leaves_nothing(
    store: storage.Store, tmp_path: pathlib.Path
) -> None:
    class Broken(io.BytesIO):
        def read(self, *_: object) -> bytes:
            raise OSError("the disk is full")

    with pytest.raises(OSError, match="disk is full"):
        await store.put(Broken(), "a" * 64)
    assert everything(tmp_path / "files") == []


async def test_what_is_wanted_is_not_removed(store: storage.Store, tmp_path: pathlib.Path) -> None:
    digest = await put(store, b"hello")
    await put(store, b"hello", "preview")
    await store.remove(digest, wanted)
    assert await store.read(digest) == await store.read(digest, "preview") == b"hello"
    await store.remove(digest, unwanted)
    await store.remove(digest, unwanted)
    assert not await store.has(digest)
    assert everything(tmp_path / "files") == []


async def test_what_is_put_while_it_is_being_removed_stays(store: storage.Store) -> None:
    digest = await put(store, b"hello")

    async def put_again() -> bool:
        assert not await store.has(digest), "it is out of reach when that is asked"
        await put(store, b"hello")
        return False

    await store.remove(digest, put_again)
    assert await store.read(digest) == b"hello"

    async def put_again_and_wanted() -> bool:
        await put(store, b"hello")
        return True

    await store.remove(digest, put_again_and_wanted)
    assert await store.read(digest) == b"hello"


async def test_old_contents_are_listed_and_leftovers_cleared(
    store: storage.Store, tmp_path: pathlib.Path
) -> None:
    assert [found async for found in store.unchanged_for(0)] == []
    old, young = await put(store, b"old"), await put(store, b"young")
    past = time.time() - 7200
    left = tmp_path / "files" / ".left-1"
    left.write_bytes(b"half a file")
    (tmp_path / "files" / ".left-2").mkdir()
    for path in (store.path(old).parent, left, tmp_path / "files" / ".left-2"):
        os.utime(path, (past, past))
    assert [found async for found in store.unchanged_for(3600)] == [[old]]
    assert not list((tmp_path / "files").glob(".left-*"))
    await put(store, b"old")
    assert [found async for found in store.unchanged_for(3600)] == [], "it was put anew"
    assert await store.read(young) == b"young"
