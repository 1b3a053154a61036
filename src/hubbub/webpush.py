"""Web Push as its specifications have it: who sends (RFC 8292), and that only one browser can read
it (RFC 8291, in the coding of RFC 8188).

The site's key is derived from its secret, so every process and machine has the same one, nothing
more is to be kept, and it changes with the secret. A browser subscribes to one key: while both
secrets are in the list, older subscriptions are served under the older one.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import hmac
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

MOST_TEXT = 3_000
"""Bytes. Push services take 4,096 with everything around the text."""

TOKEN_HOURS = 12  # RFC 8292 allows 24
_CURVE = ec.SECP256R1()
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_RECORD = 4096
_LAST = b"\x02"  # ends the last record


class BadKeys(Exception):
    """What a browser is said to have given are not its keys."""


@dataclass(frozen=True, slots=True)
class ServerKey:
    """A key this site signs with. `public` is what browsers are given, in base64 for URLs."""

    private: ec.EllipticCurvePrivateKey
    public: str


@functools.lru_cache(maxsize=8)
def server_key(secret: str) -> ServerKey:
    """The site's key under one of its secrets. Of 384 bits, so that no key is likelier than
    others by more than a trifle (FIPS 186-5, A.2.1)."""
    seed = hmac.digest(secret.encode(), b"hubbub.webpush", hashlib.sha384)
    private = ec.derive_private_key(int.from_bytes(seed) % (_ORDER - 1) + 1, _CURVE)
    return ServerKey(private, encoded(_point(private.public_key())))


def server_keys(secrets: Sequence[str]) -> dict[str, ServerKey]:
    """All keys in force by what browsers know them as; the newest is the last."""
    return {key.public: key for key in map(server_key, secrets)}


def authorization(key: ServerKey, audience: str, subject: str, now: float) -> str:
    """The header that says who sends, to the push service at `audience`. `now` in seconds."""
    claims = {"aud": audience, "exp": int(now) + TOKEN_HOURS * 3600}
    claims |= {"sub": subject} if subject else {}
    parts = [_json({"typ": "JWT", "alg": "ES256"}), _json(claims)]
    signed = ".".join(map(encoded, parts))
    r, s = utils.decode_dss_signature(
        key.private.sign(signed.encode("ascii"), ec.ECDSA(hashes.SHA256()))
    )
    token = f"{signed}.{encoded(r.to_bytes(32) + s.to_bytes(32))}"
    return f"vapid t={token}, k={key.public}"


def check(p256dh: str, auth: str) -> None:
    """BadKeys when something could not be sealed for them."""
    _browser_keys(p256dh, auth)


def seal(text: bytes, p256dh: str, auth: str) -> bytes:
    """What goes to the push service: readable by the browser that made these keys, and by nobody
    else. The text is at most `MOST_TEXT` bytes."""
    return _sealed(text, p256dh, auth, ec.generate_private_key(_CURVE), os.urandom(16))


def _sealed(
    text: bytes, p256dh: str, auth: str, own: ec.EllipticCurvePrivateKey, salt: bytes
) -> bytes:
    browser, secret = _browser_keys(p256dh, auth)
    ours = _point(own.public_key())
    about = b"WebPush: info\x00" + _point(browser) + ours
    shared = _derived(own.exchange(ec.ECDH(), browser), secret, about, 32)
    key = _derived(shared, salt, b"Content-Encoding: aes128gcm\x00", 16)
    nonce = _derived(shared, salt, b"Content-Encoding: nonce\x00", 12)
    head = salt + _RECORD.to_bytes(4) + bytes([len(ours)]) + ours
    return head + AESGCM(key).encrypt(nonce, text + _LAST, None)


def _browser_keys(p256dh: str, auth: str) -> tuple[ec.EllipticCurvePublicKey, bytes]:
    try:
        secret = decoded(auth)
        browser = ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, decoded(p256dh))
    except (ValueError, InvalidSignature):
        raise BadKeys from None
    if len(secret) != 16:
        raise BadKeys
    return browser, secret


def _derived(material: bytes, salt: bytes, about: bytes, length: int) -> bytes:
    return HKDF(hashes.SHA256(), length, salt, about).derive(material)


def _point(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def _json(value: dict[str, object]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def encoded(value: bytes) -> str:
    """Base64 for URLs, without padding."""
    return base64.urlsafe_b64encode(value).decode("ascii").rstrip("=")


def decoded(text: str) -> bytes:
    """The opposite. ValueError for anything else."""
    return base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), b"-_", validate=True)
