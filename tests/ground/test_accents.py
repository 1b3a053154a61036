"""Every accent colour can be read, in the light and in the dark: WCAG 2.2, 1.4.3 and 1.4.11.

The colours are read from the style sheet as a browser reads them: https://bottosson.github.io/posts/oklab/
"""

from __future__ import annotations

import math
import re

import pytest

from hubbub import config, places

TOKENS = (places.static() / "css" / "tokens.css").read_text()
Colour = tuple[float, float, float]  # linear red, green and blue


def accents() -> dict[str, dict[str, float]]:
    """What each accent changes; the one that changes nothing is the one in `:root`."""
    plain = {"tint": number(":root", "tint"), "vivid": number(":root", "vivid")}
    found = {config.ACCENTS[0]: plain}
    for name, rules in re.findall(r'\[data-accent="(\w+)"\] \{([^}]*)\}', TOKENS):
        given = {key: float(value) for key, value in re.findall(r"--(\w+): ([\d.]+);", rules)}
        found[name] = {**plain, **given}
    return found


def number(place: str, name: str) -> float:
    rules = TOKENS[TOKENS.index(place) :]
    found = re.search(rf"--{name}: ([\d.]+);", rules)
    assert found
    return float(found[1])


def colour(token: str, dark: bool, accent: dict[str, float]) -> Colour:
    """The value of a token, as `light-dark(…)` of `oklch(…)` says it."""
    found = re.search(rf"^ *--{token}: light-dark\((.*)\);$", TOKENS, re.MULTILINE)
    assert found, token
    text = parts(found[1])[dark].strip()
    if text == "#fff":
        return (1.0, 1.0, 1.0)
    lightness, chroma, hue = values(text.removeprefix("oklch(").removesuffix(")"), accent)
    return linear(lightness, chroma, hue)


def parts(text: str) -> list[str]:
    """Cut at the commas that stand in no bracket."""
    depth, found = 0, [""]
    for letter in text:
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if letter == "," and depth == 0:
            found.append("")
        else:
            found[-1] += letter
    return found


def values(text: str, accent: dict[str, float]) -> list[float]:
    known = {**accent, "calm": min(accent["vivid"], 1.05)}
    text = re.sub(r"var\(--(\w+)\)", lambda match: str(known[match[1]]), text)
    pieces = re.findall(r"calc\([^)]*\)|[\d.]+%?", text)
    return [worth(piece) for piece in pieces]


def worth(piece: str) -> float:
    if piece.endswith("%"):
        return float(piece[:-1]) / 100
    sum_or_product = re.fullmatch(r"calc\(([\d.]+) ([-+*]) ([\d.]+)\)", piece)
    if sum_or_product is None:
        return float(piece)
    one, sign, other = sum_or_product.groups()
    if sign == "*":
        return float(one) * float(other)
    return float(one) + float(sign + other)


def linear(lightness: float, chroma: float, hue: float) -> Colour:
    a, b = (chroma * turn(math.radians(hue)) for turn in (math.cos, math.sin))
    long, medium, short = (
        (lightness + part * a + other * b) ** 3
        for part, other in (
            (0.3963377774, 0.2158037573),
            (-0.1055613458, -0.0638541728),
            (-0.0894841775, -1.2914855480),
        )
    )
    red = 4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short
    green = -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short
    blue = -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short
    return tuple(min(max(part, 0.0), 1.0) for part in (red, green, blue))  # type: ignore[return-value]


def contrast(one: Colour, other: Colour) -> float:
    weights = (0.2126, 0.7152, 0.0722)
    light = sorted(sum(w * part for w, part in zip(weights, c, strict=True)) for c in (one, other))
    return (light[1] + 0.05) / (light[0] + 0.05)


def test_contrast_is_measured_as_the_standard_says() -> None:
    black, white = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
    assert contrast(black, white) == pytest.approx(21)
    grey = linear(0.5998, 0, 0)  # as good as #808080
    assert contrast(grey, white) == pytest.approx(3.95, abs=0.02)


def test_every_accent_that_can_be_chosen_is_drawn() -> None:
    assert set(accents()) == set(config.ACCENTS)
    shades = {tuple(values.values()) for values in accents().values()}
    assert len(shades) == len(config.ACCENTS), "each is another"


TEXT = [
    ("on-accent", "accent"),
    ("on-accent", "accent-strong"),
    ("accent", "paper"),
    ("accent", "surface"),
    ("accent", "raised"),
    ("accent", "hover"),
    ("accent", "wash"),
    ("ink", "wash"),
    ("soft", "wash"),
]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("name", config.ACCENTS)
def test_an_accent_can_be_read(name: str, dark: bool) -> None:
    accent = accents()[name]
    for front, back in TEXT:
        found = contrast(colour(front, dark, accent), colour(back, dark, accent))
        assert found >= 4.5, f"{front} on {back}: {found:.2f}"


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("name", config.ACCENTS)
def test_an_accent_is_seen_as_an_edge(name: str, dark: bool) -> None:
    """Focus rings and chosen things are told from what surrounds them."""
    accent = accents()[name]
    for back in ("paper", "surface", "raised", "hover", "line"):
        assert contrast(colour("accent", dark, accent), colour(back, dark, accent)) >= 3, back
