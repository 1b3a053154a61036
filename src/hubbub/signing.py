"""Secrets that are made and checked here and nowhere else: the keys of rooms and of invitation
links, session tokens, the pepper.

A room's key is its public id followed by a MAC over id and generation, so that a stolen database
opens no room and resetting a link is generation + 1; an invitation link's is made the same way,
from an id that is its own. Secrets come as a rotation list, newest last:
the newest signs, any of them verifies.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence

import itsdangerous

PUBLIC_ID_LENGTH = 10
MAC_LENGTH = 26  # 130 bits in base32; at least 128 must be guessed

_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
_KEY = re.compile(rf"[a-z2-7]{{{PUBLIC_ID_LENGTH + MAC_LENGTH}}}", re.ASCII)


def new_public_id() -> str:
    """Ten characters that name a room in its link; not secret, hence only 50 bits."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(PUBLIC_ID_LENGTH))


def room_mac(keys: Sequence[str], public_id: str, generation: int) -> str:
    """The unguessable half of a room's key, made with the newest secret."""
    return _mac(keys[-1], public_id, generation)


def room_key(keys: Sequence[str], public_id: str, generation: int) -> str:
    """What stands after `/r/` in a room's link."""
    return public_id + room_mac(keys, public_id, generation)


def split_room_key(key: str) -> tuple[str, str] | None:
    """Public id and MAC of what looks like a key, or None."""
    if _KEY.fullmatch(key) is None:
        return None
    return key[:PUBLIC_ID_LENGTH], key[PUBLIC_ID_LENGTH:]


def check_room_key(keys: Sequence[str], key: str, generation: int) -> bool:
    """Whether `key` opens its room at this generation; takes the same time for every answer."""
    halves = split_room_key(key)
    if halves is None:
        return False
    public_id, mac = halves
    # Every secret is tried, also after a match: which one fits is nobody's business.
    matches = [hmac.compare_digest(_mac(secret, public_id, generation), mac) for secret in keys]
    return any(matches)


def invitation_token(keys: Sequence[str], public_id: str) -> str:
    """What stands after `/i/` in an invitation link; of the same shape as a room's key."""
    return public_id + _invitation_mac(keys[-1], public_id)


def check_invitation_token(keys: Sequence[str], token: str) -> bool:
    """Whether this site made `token`; takes the same time for every answer."""
    halves = split_room_key(token)
    if halves is None:
        return False
    public_id, mac = halves
    matches = [hmac.compare_digest(_invitation_mac(secret, public_id), mac) for secret in keys]
    return any(matches)


def new_token() -> str:
    """256 random bits for a session's cookie."""
    return secrets.token_urlsafe(32)


def repeated_token(keys: Sequence[str], *parts: str) -> str:
    """A session's token that the same parts make again, so that a form sent twice signs in once;
    whoever does not know all of them and the secret cannot tell it from a random one."""
    mac = hmac.digest(_derive("hubbub.repeated", keys[-1]), "\0".join(parts).encode(), "sha256")
    return base64.urlsafe_b64encode(mac).decode("ascii").rstrip("=")


def token_hash(token: str) -> str:
    """What the database keeps of a token, so that a stolen table logs nobody in."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def password_pepper(keys: Sequence[str]) -> bytes:
    """The key passwords are digested with before bcrypt; made from the newest secret."""
    return password_peppers(keys)[-1]


def password_peppers(keys: Sequence[str]) -> list[bytes]:
    """One pepper for each secret, newest last, so that passwords outlive a rotation."""
    return [_derive("hubbub.password", secret) for secret in keys]


def _derive(purpose: str, secret: str) -> bytes:
    return hmac.digest(secret.encode(), purpose.encode(), "sha384")


def _mac(secret: str, public_id: str, generation: int) -> str:
    return _signed(secret, "hubbub.room", f"{public_id}.{generation}")


def _invitation_mac(secret: str, public_id: str) -> str:
    return _signed(secret, "hubbub.invitation", public_id)


def _signed(secret: str, salt: str, text: str) -> str:
    signer = itsdangerous.Signer(
        secret, salt=salt, key_derivation="hmac", digest_method=hashlib.sha256
    )
    signature = itsdangerous.encoding.base64_decode(signer.get_signature(text))
    return base64.b32encode(signature).decode("ascii").lower()[:MAC_LENGTH]
