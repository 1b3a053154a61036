"""Emoji: by name, by search, large when alone, and nothing else passing for one."""

import pytest

from hubbub import markup
from hubbub.markup import emoji

ONE = ["👍", "❤️", "❤", "👍🏽", "👩‍👩‍👧‍👦", "🏳️‍🌈", "🇩🇪", "1️⃣", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "🫯", "✍🏽"]
NONE = [
    "",
    "a",
    "1",
    "#",
    "©",
    "👍👍",
    "👍 ",
    "👍a",
    "🇩",
    "🇽🇽",
    "🏽",
    "👍\u200d",
    "🍎\u200d🍏",
    "\u200d",
    "<b>",
]


@pytest.mark.parametrize("text", ONE)
def test_one_emoji_is_one_whatever_it_is_made_of(text: str) -> None:
    assert emoji.is_emoji(text)
    assert emoji.count(text, 3) == 1


@pytest.mark.parametrize("text", NONE)
def test_nothing_else_is_an_emoji(text: str) -> None:
    assert not emoji.is_emoji(text)


def test_an_emoji_is_kept_in_one_way_of_writing_it() -> None:
    assert emoji.whole("❤") == emoji.whole("❤️") == "❤️"
    assert emoji.whole("👍") == "👍"
    assert emoji.whole("no") is None


def test_the_common_ones_are_emoji_and_come_first_when_nothing_is_asked() -> None:
    assert len(emoji.COMMON) == 6
    assert all(emoji.whole(one) == one for one in emoji.COMMON)
    assert [character for character, _ in emoji.find("", 10)] == list(emoji.COMMON)


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("heart", "❤️"), ("tada", "🎉"), ("+1", "👍"), ("-1", "👎"), (":thumbs", "👍"),
        ("thanks", "🙏"), ("Pizza", "🍕"), ("flag de", "🇩🇪"), ("germany", "🇩🇪"), ("thinki", "🤔"),
    ],
)  # fmt: skip
def test_the_likeliest_emoji_is_found_first(query: str, first: str) -> None:
    assert emoji.find(query, 5)[0][0] == first


def test_what_is_found_can_be_written() -> None:
    for character, name in emoji.find("a", 200):
        assert markup.render_body(f"x :{name}:") == f"x {character}"
    assert len(emoji.find("a", 200)) == 200
    assert emoji.find("no such thing", 5) == []
    assert emoji.find("\\ ( * [", 5) == []


@pytest.mark.parametrize(
    ("text", "large"),
    [
        ("👍", True), (":+1:", True), ("👍 ❤️ 👩‍👩‍👧‍👦", True), (":tada::tada:", True),
        ("🇩🇪🇫🇷1️⃣", True), ("👍\n👍", True), ("👍👍👍👍", False), ("👍 ok", False), ("ok", False),
        ("`👍`", False), ("> 👍", False), ("1", False), ("123", False), ("#", False), ("©", False),
    ],
)  # fmt: skip
def test_up_to_three_emoji_alone_are_large(text: str, large: bool) -> None:
    assert ("emoji-only" in markup.render_body(text)) is large


def test_names_are_replaced_except_in_code() -> None:
    assert markup.render_body("a :tada: `:tada:` b:tada: :tada:s :nothing:") == (
        "a 🎉 <code>:tada:</code> b:tada: :tada:s :nothing:"
    )
