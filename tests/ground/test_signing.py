"""Keys of rooms and invitation links, tokens and peppers."""

import re

from hypothesis import given
from hypothesis import strategies as st

from hubbub import signing

KEYS = ("the oldest secret", "the newest secret")


def test_a_key_is_the_rooms_public_id_and_130_bits_of_mac() -> None:
    public_id = signing.new_public_id()
    key = signing.room_key(KEYS, public_id, 0)
    assert re.fullmatch("[a-z2-7]{36}", key)
    assert signing.split_room_key(key) == (public_id, signing.room_mac(KEYS, public_id, 0))


def test_a_key_opens_its_room_and_no_other_generation_and_no_other_room() -> None:
    public_id, other_id = signing.new_public_id(), signing.new_public_id()
    key = signing.room_key(KEYS, public_id, 3)
    assert signing.check_room_key(KEYS, key, 3)
    assert not signing.check_room_key(KEYS, key, 4)
    assert not signing.check_room_key(KEYS, other_id + key[10:], 3)


def test_a_key_outlives_a_rotation_and_dies_with_its_secret() -> None:
    key = signing.room_key(("the oldest secret",), "abcdefghij", 0)
    assert signing.check_room_key(KEYS, key, 0)
    assert not signing.check_room_key(("the newest secret",), key, 0)
    assert signing.room_key(KEYS, "abcdefghij", 0) == signing.room_key(KEYS[1:], "abcdefghij", 0)


@given(st.text() | st.from_regex("[a-z2-7]{36}", fullmatch=True))
def test_no_other_text_opens_a_room(text: str) -> None:
    assert not signing.check_room_key(KEYS, text, 0)


def test_changing_any_character_of_a_key_closes_the_door() -> None:
    key = signing.room_key(KEYS, "abcdefghij", 0)
    for place in range(len(key)):
        other = "a" if key[place] != "a" else "b"
        assert not signing.check_room_key(KEYS, key[:place] + other + key[place + 1 :], 0)


def test_an_invitation_links_token_is_its_public_id_and_130_bits_of_mac_of_its_own() -> None:
    public_id = signing.new_public_id()
    token = signing.invitation_token(KEYS, public_id)
    assert re.fullmatch("[a-z2-7]{36}", token)
    assert token.startswith(public_id)
    assert signing.check_invitation_token(KEYS, token)
    for generation in (0, 1):
        assert token != signing.room_key(KEYS, public_id, generation)
        assert not signing.check_room_key(KEYS, token, generation)
        key = signing.room_key(KEYS, public_id, generation)
        assert not signing.check_invitation_token(KEYS, key)


def test_a_token_outlives_a_rotation_and_dies_with_its_secret() -> None:
    token = signing.invitation_token(KEYS[:1], "abcdefghij")
    assert signing.check_invitation_token(KEYS, token)
    assert not signing.check_invitation_token(KEYS[1:], token)


@given(st.text() | st.from_regex("[a-z2-7]{36}", fullmatch=True))
def test_no_other_text_is_an_invitation(text: str) -> None:
    assert not signing.check_invitation_token(KEYS, text)


def test_changing_any_character_of_a_token_makes_it_nothing() -> None:
    token = signing.invitation_token(KEYS, "abcdefghij")
    for place in range(len(token)):
        other = "a" if token[place] != "a" else "b"
        changed = token[:place] + other + token[place + 1 :]
        assert not signing.check_invitation_token(KEYS, changed)


def test_tokens_are_256_bits_and_kept_as_a_hash_that_does_not_tell_them() -> None:
    token = signing.new_token()
    assert len(token) >= 43
    assert token != signing.new_token()
    assert re.fullmatch("[0-9a-f]{64}", signing.token_hash(token))
    assert signing.token_hash("\ud800")  # A cookie may hold anything.


def test_each_secret_has_its_own_pepper_and_the_newest_comes_last() -> None:
    oldest, newest = signing.password_peppers(KEYS)
    assert oldest != newest
    assert signing.password_pepper(KEYS) == newest
