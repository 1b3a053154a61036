"""Files as people send them, and as nobody should: pictures, and what pretends to be one."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

from PIL import Image, TiffImagePlugin

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(1)</script></svg>'
PAGE = b"<!doctype html><script>alert(1)</script>"


def picture(
    width: int = 40, height: int = 30, kind: str = "PNG", mode: str = "RGB", **options: Any
) -> bytes:
    """A picture whose left half is red and whose right half is blue."""
    image = Image.new("RGB", (width, height), "red")
    image.paste("blue", (width // 2, 0, width, height))
    return saved(image.convert(mode), kind, **options)


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    written = io.BytesIO()
    image.save(written, kind, **options)
    return written.getvalue()


def opened(content: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(content))
    image.load()
    return image


def photograph(orientation: int = 6) -> bytes:
    """A JPEG as telephones make it: lying on its side, with the place and the owner in it."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x013B] = "Ada Lovelace"
    exif.get_ifd(0x8825)[2] = (TiffImagePlugin.IFDRational(52), 31, 12)
    return picture(400, 300, "JPEG", exif=exif, comment=b"SECRET-COMMENT")


def chatty_png() -> bytes:
    """A PNG with text, a colour profile and a second file behind its end."""
    chunk = _chunk(b"tEXt", b"Author\0SECRET-AUTHOR")
    plain = picture(icc_profile=b"SECRET-PROFILE" * 20)
    head = 8 + 25  # signature and IHDR
    return plain[:head] + chunk + plain[head:] + b"SECRET-TRAILER<script>alert(1)</script>"


def huge_png(width: int = 50_000, height: int = 50_000) -> bytes:
    """A PNG that declares more pixels than it will ever hold."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = (b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 1000)), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*part) for part in parts)


def bomb_png() -> bytes:
    """A small picture whose data unpack to two hundred times what its size needs."""
    header = struct.pack(">IIBBBBB", 100, 100, 8, 2, 0, 0, 0)
    data = zlib.compress(b"\0" * 6_000_000, 9)
    parts = (b"IHDR", header), (b"IDAT", data), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*part) for part in parts)


def text_bomb_png() -> bytes:
    """A tiny picture with a comment that unpacks to a hundred megabytes."""
    bomb = _chunk(b"zTXt", b"Comment\0\0" + zlib.compress(b"x" * 100_000_000, 9))
    plain = picture()
    return plain[:33] + bomb + plain[33:]


def animation(frames: int = 5, width: int = 32, height: int = 24, kind: str = "GIF") -> bytes:
    images = [Image.new("RGB", (width, height), (40 * n % 256, 80, n % 256)) for n in range(frames)]
    return saved(images[0], kind, save_all=True, append_images=images[1:], duration=80, loop=0)


def polyglot_gif() -> bytes:
    """A GIF that is a script, too, when it is read as one."""
    return b"GIF89a/*" + picture(kind="GIF")[8:] + b"*/=1;alert('SECRET-SCRIPT')//"


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
