"""Web Push: sealed as the specification's own example is, signed so that others can check it."""

import json

import http_ece
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

from hubbub import webpush

# RFC 8291, section 5 and appendix A.
EXAMPLE = {
    "text": b"When I grow up, I want to be a watermelon",
    "p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoI"
    "Aiw4",
    "auth": "BTBZMqHH6r4Tts7J_aSIgg",
}
OURS = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
SALT = "DGv6ra1nlYgDCS1FRnbzlw"
SEALED = (
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6T"
    "lzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy"
    "4a-fN"
)


def private(scalar: str) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(webpush.decoded(scalar)), ec.SECP256R1())


def test_the_example_of_the_specification_comes_out_as_it_stands_there() -> None:
    sealed = webpush._sealed(*EXAMPLE.values(), private(OURS), webpush.decoded(SALT))
    assert webpush.encoded(sealed) == SEALED


def test_another_implementation_reads_what_is_sealed_and_only_with_the_browsers_keys() -> None:
    browser, secret = ec.generate_private_key(ec.SECP256R1()), bytes(range(16))
    keys = webpush.encoded(webpush._point(browser.public_key())), webpush.encoded(secret)
    text = "Grüße 👋".encode() + b"x" * (webpush.MOST_TEXT - 20)
    sealed = webpush.seal(text, *keys)
    assert len(sealed) <= 4096
    assert http_ece.decrypt(sealed, private_key=browser, auth_secret=secret) == text
    with pytest.raises(Exception, match=r".*"):
        http_ece.decrypt(sealed, private_key=browser, auth_secret=bytes(16))
    assert webpush.seal(text, *keys) != sealed, "each time under another key"


@pytest.mark.parametrize(
    ("p256dh", "auth"),
    [
        ("", EXAMPLE["auth"]),
        (EXAMPLE["p256dh"][:-1] + "A", EXAMPLE["auth"]),
        (EXAMPLE["p256dh"], "AAAA"),
        (EXAMPLE["p256dh"], "ä"),
        ("!" * 87, EXAMPLE["auth"]),
    ],
)
def test_what_are_no_keys_of_a_browser_is_refused(p256dh: str, auth: str) -> None:
    webpush.check(str(EXAMPLE["p256dh"]), str(EXAMPLE["auth"]))
    with pytest.raises(webpush.BadKeys):
        webpush.check(p256dh, auth)


def test_a_push_service_can_check_who_sends_for_how_long_and_to_whom() -> None:
    key = webpush.server_key("a secret")
    said = webpush.authorization(key, "https://push.example", "https://chat.example", 1_000)
    scheme, token, public = said.replace(",", "").split(" ")
    assert (scheme, public) == ("vapid", f"k={key.public}")
    signed, _, signature = token.removeprefix("t=").rpartition(".")
    header, claims = [json.loads(webpush.decoded(part)) for part in signed.split(".")]
    assert header == {"typ": "JWT", "alg": "ES256"}
    assert claims["aud"] == "https://push.example" and claims["sub"] == "https://chat.example"
    assert 1_000 < claims["exp"] <= 1_000 + 24 * 3600
    raw = webpush.decoded(signature)
    der = utils.encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
    point = ec.EllipticCurvePublicKey.from_encoded_point(
        ec.SECP256R1(), webpush.decoded(key.public)
    )
    point.verify(der, signed.encode(), ec.ECDSA(hashes.SHA256()))


def test_the_sites_key_comes_from_its_secret_and_outlives_a_rotation() -> None:
    old, new = webpush.server_key("old").public, webpush.server_key("new").public
    assert old != new and old == webpush.server_key("old").public
    assert list(webpush.server_keys(["old", "new"])) == [old, new]
    assert list(webpush.server_keys(["new"])) == [new]
