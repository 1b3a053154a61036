"""Pictures are drawn anew: upright, small enough, and with nothing in them but pixels."""

import io

import pytest
from PIL import Image

from hubbub import errors, pictures
from tests import drawings

pytestmark = pytest.mark.anyio


async def draw(content: bytes) -> pictures.Picture:
    drawn = await pictures.draw(io.BytesIO(content))
    assert drawn is not None
    image = drawings.opened(drawn.data)
    assert (image.width, image.height) == (drawn.width, drawn.height)
    assert drawn.media_type == f"image/{(image.format or '').lower()}"
    return drawn


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
async def test_a_picture_stays_of_its_kind_and_shows_the_same(kind: str) -> None:
    drawn = await draw(drawings.picture(60, 40, kind))
    assert (drawn.width, drawn.height, drawn.preview) == (60, 40, b"")
    image = drawings.opened(drawn.data).convert("RGB")
    red, blue = image.getpixel((5, 20)), image.getpixel((55, 20))
    assert isinstance(red, tuple) and isinstance(blue, tuple)
    assert red[0] > 200 > 50 > red[2]
    assert blue[2] > 200 > 50 > blue[0]


@pytest.mark.parametrize(
    ("mode", "kind"),
    [
        *[(mode, "PNG") for mode in ("1", "L", "LA", "P", "RGBA", "I;16")],
        *[("L", "JPEG"), ("CMYK", "JPEG"), ("RGBA", "WEBP")],
    ],
)
async def test_every_kind_of_colour_can_be_drawn(mode: str, kind: str) -> None:
    content = drawings.saved(Image.new(mode, (50, 40)), kind)
    drawn = await draw(content)
    assert (drawn.width, drawn.height) == (50, 40)


async def test_sixteen_bits_of_grey_become_eight() -> None:
    drawn = await draw(drawings.saved(Image.new("I;16", (4, 4), 0x8000), "PNG"))
    assert drawings.opened(drawn.data).getpixel((1, 1)) == 0x80


async def test_a_photograph_stands_upright_and_has_forgotten_where_it_was_taken() -> None:
    content = drawings.photograph(orientation=6)
    assert drawings.opened(content).getexif().get_ifd(0x8825), "the test can fail"
    assert b"SECRET" in content
    drawn = await draw(content)
    assert (drawn.width, drawn.height) == (300, 400), "a quarter turn"
    image = drawings.opened(drawn.data)
    assert len(image.getexif()) == 0
    assert "exif" not in image.info
    for secret in (b"SECRET", b"Ada", b"Exif"):
        assert secret not in drawn.data
    top = image.getpixel((150, 20))
    assert isinstance(top, tuple) and top[0] > 200, "what was on the left is on top"


@pytest.mark.parametrize("make", [drawings.chatty_png, drawings.polyglot_gif])
async def test_nothing_but_pixels_is_kept(make: object) -> None:
    content = make()  # type: ignore[operator]
    assert b"SECRET" in content
    drawn = await draw(content)
    for secret in (b"SECRET", b"script", b"alert", b"icc", b"tEXt"):
        assert secret not in drawn.data


async def test_a_large_picture_is_made_smaller_and_has_a_preview() -> None:
    drawn = await draw(drawings.picture(4000, 1000, "JPEG"))
    assert (drawn.width, drawn.height) == (2048, 512)
    preview = drawings.opened(drawn.preview)
    assert (preview.format, preview.size) == ("WEBP", (1280, 320))


@pytest.mark.parametrize("kind", ["GIF", "WEBP"])
async def test_what_moves_goes_on_moving(kind: str) -> None:
    drawn = await draw(drawings.animation(5, kind=kind))
    image = drawings.opened(drawn.data)
    assert getattr(image, "n_frames", 1) == 5
    assert drawn.preview == b""


async def test_what_moves_for_too_long_stands_still() -> None:
    drawn = await draw(drawings.animation(pictures.MOST_FRAMES + 1, 4, 4))
    assert getattr(drawings.opened(drawn.data), "n_frames", 1) == 1
    drawn = await draw(drawings.animation(13, 2000, 1000))
    assert getattr(drawings.opened(drawn.data), "n_frames", 1) == 1, "more pixels than allowed"


@pytest.mark.parametrize(
    "content",
    [drawings.huge_png(), drawings.huge_png(5001, 5000), drawings.huge_png(12_000, 9_000)],
)
async def test_what_declares_too_many_pixels_is_refused_unopened(content: bytes) -> None:
    with pytest.raises(errors.Invalid, match="at most 25 megapixels"):
        await pictures.draw(io.BytesIO(content))


async def test_twenty_five_megapixels_are_allowed() -> None:
    drawn = await draw(drawings.picture(5000, 5000, "PNG", "L"))
    assert (drawn.width, drawn.height) == (2048, 2048)


async def test_data_beyond_what_the_size_needs_are_not_unpacked() -> None:
    drawn = await draw(drawings.bomb_png())
    assert (drawn.width, drawn.height) == (100, 100)
    with pytest.raises(errors.Invalid, match="broken"):
        await pictures.draw(io.BytesIO(drawings.text_bomb_png()))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
async def test_a_picture_cut_short_is_refused_in_a_sentence(kind: str) -> None:
    noise = Image.effect_noise((300, 200), 80).convert("RGB")
    content = drawings.saved(noise, kind)
    with pytest.raises(errors.Invalid, match="broken"):
        await pictures.draw(io.BytesIO(content[: len(content) // 2]))


@pytest.mark.parametrize(
    "content",
    [b"", b"GIF89a", b"\x89PNG\r\n\x1a\n", drawings.SVG, drawings.PAGE, b"%PDF-1.7", b"BM" * 500]
    + [drawings.saved(Image.new("RGB", (8, 8)), kind) for kind in ("BMP", "TIFF", "ICO", "PPM")],
)
async def test_what_is_no_picture_of_a_kind_that_is_shown_is_none(content: bytes) -> None:
    assert await pictures.draw(io.BytesIO(content)) is None
    with pytest.raises(errors.Invalid, match="Choose a picture"):
        await pictures.draw_avatar(io.BytesIO(content))


async def test_an_avatar_is_the_middle_of_a_picture_in_two_sizes() -> None:
    image = Image.new("RGB", (900, 300), "black")
    image.paste("white", (300, 0, 600, 300))
    squares = await pictures.draw_avatar(io.BytesIO(drawings.saved(image, "JPEG")))
    assert sorted(squares) == [128, 512]
    for edge, content in squares.items():
        square = drawings.opened(content)
        assert (square.format, square.size) == ("WEBP", (edge, edge))
        corner = square.convert("L").getpixel((4, 4))
        assert isinstance(corner, int) and corner > 200, "nothing but the white middle"


async def test_an_avatar_forgets_where_it_was_taken() -> None:
    for content in (await pictures.draw_avatar(io.BytesIO(drawings.photograph()))).values():
        assert b"SECRET" not in content
        assert b"EXIF" not in content
