"""How API2Cart signs what it posts: HMAC-SHA256 over its own headers as PHP writes JSON, and the raw body behind them.

Live rates: the manual's section on live shipping rates states it (api2cart.md 7). Webhooks: nothing public states their rule; this
is the same by analogy (api2cart.md 6), so it is off until deliveries on trial have shown it to be right.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime

from integrations.webhooks.hook import Posted, Signature

RATES, HOOKS = "X-Shipping-Service", "X-Webhook"


def signed_text(headers: Mapping[str, str]) -> str:
    """Headers by name, sorted, as PHP's json_encode writes them: no blanks, `/` as `\\/`, other letters than ASCII as `\\uXXXX`."""
    return json.dumps(dict(sorted(headers.items())), separators=(",", ":")).replace("/", "\\/")


def signature_of(headers: Mapping[str, str], body: bytes, key: str) -> str:
    """Base64 of the HMAC over the signed headers and the body as it was received."""
    mac = hmac.new(key.encode(), signed_text(headers).encode() + body, hashlib.sha256)
    return base64.b64encode(mac.digest()).decode()


def own_headers(posted: Posted, prefix: str) -> dict[str, str]:
    """The vendor's headers but the signature, each name with capitals as the vendor writes it."""
    lower = prefix.lower()
    found = {_canonical(name): value for name, value in posted.headers.items() if name.lower().startswith(lower)}
    return {name: value for name, value in found.items() if name != f"{prefix}-Signature"}


def good(posted: Posted, key: str, prefix: str) -> bool:
    """Whether the signature fits; names in small letters are tried too, since servers on the way may write them so."""
    told = posted.header(f"{prefix}-Signature").encode()
    headers = own_headers(posted, prefix)
    spellings = (headers, {name.lower(): value for name, value in headers.items()})
    fits = [hmac.compare_digest(signature_of(named, posted.body, key).encode(), told) for named in spellings]
    return bool(told) and any(fits)


def sent_at(posted: Posted, name: str) -> datetime | None:
    told = posted.header(name)
    return datetime.fromtimestamp(int(told), UTC) if told else None


def _canonical(name: str) -> str:
    return "-".join(part[:1].upper() + part[1:].lower() for part in name.split("-"))


OF_RATES = Signature(
    good=lambda posted, key: good(posted, key, RATES),
    keys=("store_key", "api_key"),
    sent_at=lambda posted: sent_at(posted, f"{RATES}-Request-Timestamp"),
    help="The vendor states the rule but not which key signs: the store key and the API key are tried, and a signing key set here.",
)
OF_HOOKS = Signature(
    good=lambda posted, key: good(posted, key, HOOKS),
    keys=("store_key", "api_key"),
    sent_at=lambda posted: sent_at(posted, f"{HOOKS}-Timestamp"),
    proven=False,
    help="No document states how these are signed. Put it on trial and look in the inbox before it is required.",
)
