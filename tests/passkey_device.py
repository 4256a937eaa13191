"""A device that makes and uses passkeys, in software: as much of an authenticator (WebAuthn level 2, section 6) as tests need."""

import hashlib
import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from django.test import Client
from django.urls import reverse

PRESENT, VERIFIED, ATTESTED = 1, 4, 64  # flags of authenticator data
ORIGIN = "https://hub.example"
HOST = "hub.example"
ES256 = -7


def text(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


def data(text: str) -> bytes:
    return urlsafe_b64decode(text + "==")


class Browser(Client):
    """A client at the hub's name, over https, where passkeys work."""

    def __init__(self, **given: Any) -> None:
        super().__init__(headers={"host": HOST}, **given)

    def generic(self, *given: Any, **more: Any) -> Any:
        return super().generic(*given, **{**more, "secure": True})

    def question(self, purpose: str) -> Any:
        """What the hub has the browser ask."""
        answer = self.post(reverse("admin:passkey"), {"for": purpose})
        assert answer.status_code == 200, (answer.status_code, answer.content)
        return answer.json()


@dataclass
class Device:
    """One key pair at one host. `said` changes what it says: a test's way to be wrong in one thing alone."""

    counts: bool = True
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    credential: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    count: int = 0
    handle: str = ""

    def make(self, asked: Any, **said: Any) -> str:
        """The answer to a question of purpose `add`."""
        self.handle = asked["user"]["id"]
        cose = said.get("cose") or self.cose(said.get("alg", ES256))
        inner = bytes(16) + len(self.credential).to_bytes(2, "big") + self.credential + cose
        held = self._data(said, said.get("flags", PRESENT | VERIFIED | ATTESTED)) + inner
        stated = {"fmt": said.get("fmt", "none"), "attStmt": said.get("statement", {}), "authData": held}
        parts = {
            "clientDataJSON": text(self._client("webauthn.create", asked, said)),
            "attestationObject": text(cbor2.dumps(stated)),
            "transports": ["internal", "hybrid", "of-tomorrow"],
        }
        return self._whole(parts, said)

    def use(self, asked: Any, **said: Any) -> str:
        """The answer to a question of purpose `sign-in` or `confirm`."""
        self.count += self.counts
        held = self._data(said, said.get("flags", PRESENT | VERIFIED))
        client = self._client("webauthn.get", asked, said)
        key = said.get("key", self.key)
        signature = key.sign(held + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        parts = {
            "clientDataJSON": text(client), "authenticatorData": text(held), "signature": text(signature),
            "userHandle": said.get("handle", self.handle),
        }  # fmt: skip
        return self._whole(parts, said)

    def cose(self, alg: int) -> bytes:
        point = self.key.public_key().public_numbers()
        x, y = point.x.to_bytes(32, "big"), point.y.to_bytes(32, "big")
        return cbor2.dumps({1: 2, 3: alg, -1: 1, -2: x, -3: y})

    def _data(self, said: Any, flags: int) -> bytes:
        host = hashlib.sha256(said.get("host", HOST).encode()).digest()
        return host + bytes([flags]) + int(said.get("count", self.count)).to_bytes(4, "big")

    def _client(self, kind: str, asked: Any, said: Any) -> bytes:
        told = {
            "type": said.get("type", kind), "challenge": said.get("challenge", asked["challenge"]),
            "origin": said.get("origin", ORIGIN), "crossOrigin": said.get("cross_origin", False),
        }  # fmt: skip
        return json.dumps(told).encode()

    def _whole(self, parts: Any, said: Any) -> str:
        name = text(said.get("credential", self.credential))
        return json.dumps({"id": name, "rawId": name, "type": "public-key", "response": parts})
