"""A push service on this machine, and a browser subscribed to it: what arrives is opened with the
browser's own keys, by another implementation than ours, and who sent it is checked."""

from __future__ import annotations

import dataclasses
import http.server
import json
import threading
import time
from types import TracebackType
from typing import Any, Self

import http_ece
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

from hubbub import webpush


class Browser:
    """Holds the keys a browser makes when it subscribes."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self.private = ec.generate_private_key(ec.SECP256R1())
        self.secret = bytes(range(16))

    def form(self, server_key: str) -> dict[str, str]:
        """What its page posts."""
        point = self.private.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        return {
            "endpoint": self.endpoint,
            "p256dh": webpush.encoded(point),
            "auth": webpush.encoded(self.secret),
            "server_key": server_key,
        }

    def open(self, sealed: bytes) -> dict[str, Any]:
        text = http_ece.decrypt(sealed, private_key=self.private, auth_secret=self.secret)
        told: dict[str, Any] = json.loads(text)
        return told


@dataclasses.dataclass(frozen=True)
class Pushed:
    path: str
    headers: dict[str, str]
    body: bytes


class PushService:
    """Keeps what is posted to it, and answers with `status`; each answer points elsewhere."""

    def __init__(self) -> None:
        self.got: list[Pushed] = []
        self.status = 201
        self._arrived = threading.Condition()
        service = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                service._take(
                    Pushed(self.path, {k.lower(): v for k, v in self.headers.items()}, body)
                )
                self.send_response(service.status)
                self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """Says nothing."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.host = f"127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def browser(self, name: str) -> Browser:
        return Browser(f"http://{self.host}/send/{name}")

    def _take(self, pushed: Pushed) -> None:
        with self._arrived:
            self.got.append(pushed)
            self._arrived.notify_all()

    def wait(self, count: int, within: float = 20.0) -> list[Pushed]:
        """All that came, as soon as it is so many."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: len(self.got) >= count, within), self.got
            return list(self.got)


def check_sender(pushed: Pushed, audience: str) -> dict[str, Any]:
    """The claims of who sent it, once the signature is found to be right (RFC 8292)."""
    scheme, rest = pushed.headers["authorization"].split(" ", 1)
    parts = dict(part.strip().split("=", 1) for part in rest.split(","))
    assert scheme == "vapid"
    signed, _, signature = parts["t"].rpartition(".")
    raw = webpush.decoded(signature)
    der = utils.encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), webpush.decoded(parts["k"]))
    key.verify(der, signed.encode(), ec.ECDSA(hashes.SHA256()))
    claims: dict[str, Any] = json.loads(webpush.decoded(signed.split(".")[1]))
    assert claims["aud"] == audience
    assert time.time() < claims["exp"] <= time.time() + 24 * 3600
    return {**claims, "key": parts["k"]}
