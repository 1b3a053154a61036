"""Pictures from people: measured before they are opened, then drawn anew, with nothing else.

Whatever else the file held (a place, a serial number, a second file behind the first) is not in
what is kept. Decoding runs in a few threads of its own.
"""

from __future__ import annotations

import asyncio
import dataclasses
import functools
import io
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, BinaryIO, TypeVar

from PIL import Image, ImageOps, UnidentifiedImageError

from hubbub import errors, words

MEGAPIXEL = 1_000_000
MOST_PIXELS = 25 * MEGAPIXEL
MOST_FRAMES = 300
EDGE = 2048  # The longer side of what is kept, in pixels.
PREVIEW = (1280, 720)  # Twice what is shown in a message, for dense screens.
AVATAR = (512, 128)
THREADS = 2  # Each needs up to four bytes for a pixel, twice.

# Kinds that are shown; the first bytes of a file tell them, never its name.
KINDS = {"PNG": "PNG", "JPEG": "JPEG", "MPO": "JPEG", "GIF": "GIF", "WEBP": "WEBP"}
_READ = ("PNG", "JPEG", "GIF", "WEBP")
_OPTIONS: dict[str, dict[str, Any]] = {
    "PNG": {},
    "JPEG": {"quality": 85, "optimize": True, "progressive": True},
    "GIF": {},
    "WEBP": {"quality": 85, "method": 4},
}

# The library only warns of what is a little too large; here it must not go on.
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)

_T = TypeVar("_T")


@dataclasses.dataclass(frozen=True, slots=True)
class Picture:
    """What is kept of a picture. `preview` is empty when it would gain nothing."""

    media_type: str
    width: int
    height: int
    data: bytes = dataclasses.field(repr=False)
    preview: bytes = dataclasses.field(repr=False)


async def draw(file: BinaryIO) -> Picture | None:
    """The picture in a file, None when there is none of a kind that is shown.

    Raises Invalid for one that is broken, or larger than anyone needs.
    """
    return await _in_thread(lambda: _guarded(_draw, file))


async def draw_avatar(file: BinaryIO) -> dict[int, bytes]:
    """The middle of a picture as WebP squares, by their edge. Raises Invalid."""
    drawn = await _in_thread(lambda: _guarded(_draw_avatar, file))
    if drawn is None:
        raise errors.Invalid(
            words.gettext("Choose a picture: PNG, JPEG, GIF or WebP."), field="file"
        )
    return drawn


_threads = functools.cache(lambda: ThreadPoolExecutor(THREADS, thread_name_prefix="picture"))


async def _in_thread(work: Callable[[], _T]) -> _T:
    return await asyncio.wrap_future(_threads().submit(work))


def _guarded(work: Callable[[Image.Image], _T], file: BinaryIO) -> _T | None:
    """Does `work` with the opened picture; whatever a decoder stumbles over is the file's fault."""
    file.seek(0)
    try:
        with Image.open(file, formats=_READ) as image:
            _measure(image)
            return work(image)
    except UnidentifiedImageError:
        return None
    except errors.Refusal:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _too_large() from None
    except Exception as error:
        sentence = words.gettext("This picture is broken and cannot be opened.")
        raise errors.Invalid(sentence, field="file") from error


def _measure(image: Image.Image) -> None:
    """Before a single pixel is unpacked: the size stands in the header."""
    if image.width * image.height > MOST_PIXELS:
        raise _too_large()


def _too_large() -> errors.Invalid:
    sentence = words.gettext("This picture is too large: at most {number} megapixels.")
    return errors.Invalid(sentence.format(number=MOST_PIXELS // MEGAPIXEL), field="file")


def _draw(image: Image.Image) -> Picture:
    kind = KINDS[image.format or ""]
    frames = _frames(image) if kind in {"GIF", "WEBP"} else None
    if frames:
        return _picture(kind, frames[0][0].size, _animated(kind, frames), b"")
    still = _still(image, (EDGE, EDGE))
    small = still.copy()
    small.thumbnail(PREVIEW)
    preview = _saved(small, "WEBP") if small.size != still.size else b""
    return _picture(kind, still.size, _saved(still, kind), preview)


def _picture(kind: str, size: tuple[int, int], data: bytes, preview: bytes) -> Picture:
    return Picture(f"image/{kind.lower()}", *size, data, preview)


def _draw_avatar(image: Image.Image) -> dict[int, bytes]:
    still = _still(image, (2 * EDGE, 2 * EDGE))
    squares = {edge: ImageOps.fit(still, (edge, edge)) for edge in AVATAR}
    return {edge: _saved(square, "WEBP") for edge, square in squares.items()}


def _still(image: Image.Image, bounds: tuple[int, int]) -> Image.Image:
    """The first frame, upright, within bounds."""
    image.draft(None, bounds)  # A JPEG then unpacks no more than is needed.
    whole = _coloured(image)
    whole.thumbnail(bounds)
    ImageOps.exif_transpose(whole, in_place=True)
    return _clean(whole)


def _coloured(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):  # 16 bits of grey
        return image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    if image.mode in {"L", "RGB"} and not image.has_transparency_data:
        return image
    return image.convert("RGBA" if image.has_transparency_data else "RGB")


def _clean(image: Image.Image) -> Image.Image:
    """The pixels on a fresh sheet, since some formats write out whatever an image remembers."""
    sheet = Image.new(image.mode, image.size)
    sheet.paste(image)
    return sheet


def _saved(image: Image.Image, kind: str) -> bytes:
    written = io.BytesIO()
    image.save(written, kind, **_OPTIONS[kind])
    return written.getvalue()


def _frames(image: Image.Image) -> list[tuple[Image.Image, int]] | None:
    """All frames with their milliseconds, if they are several and not too many. They are counted
    by opening one after the other: what the header claims about them is not asked."""
    frames: list[tuple[Image.Image, int]] = []
    most = min(MOST_FRAMES, MOST_PIXELS // (image.width * image.height))
    if max(image.size) > EDGE:
        return None
    try:
        while len(frames) <= most:
            image.seek(len(frames))
            frames.append((_clean(image.convert("RGBA")), int(image.info.get("duration", 100))))
    except EOFError:
        pass
    image.seek(0)
    return frames if 1 < len(frames) <= most else None


def _animated(kind: str, frames: list[tuple[Image.Image, int]]) -> bytes:
    written = io.BytesIO()
    first, *others = [frame for frame, _ in frames]
    durations = [duration for _, duration in frames]
    options: dict[str, Any] = {"disposal": 2} if kind == "GIF" else {"method": 2, "quality": 80}
    first.save(
        written,
        kind,
        save_all=True,
        append_images=others,
        duration=durations,
        loop=0,
        **options,
    )
    return written.getvalue()
