"""A shop's plugin that asks to be connected: RSA by our public key, nothing signed, so it is proved before it is believed.

The manual says OAEP; three plugins read in public code use PKCS#1 v1.5 (api2cart.md 7). OAEP is tried first, and only text that is
JSON with the four keys proves that a padding was right: a wrong PKCS#1 v1.5 decryption yields random bytes instead of an error.
"""

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from integrations.service import Account
from integrations.stores import Store
from integrations.webhooks.hook import Hook, News, Posted, Proved

KEYS = ("bridge_url", "store_key", "store_root", "store_url")
WINDOW = 300.0  # seconds
EVENTS = ("connect", "disconnect", "update_store_key")
PADDINGS = (padding.OAEP(padding.MGF1(SHA1()), SHA1(), None), padding.PKCS1v15())  # what the plugin speaks  # nosec B303
UNREADABLE = "The plugin's message could not be read with this address's key. Install the plugin anew with the public key shown here."
Connect = Callable[[str, Mapping[str, str]], Store]  # shop system, what it takes → the store, checked by the vendor


def event_of(posted: Posted) -> str:
    return posted.header("X-Webhook-Event").strip().lower() or "connect"  # older plugins name none


def news(posted: Posted, account: Account) -> News:
    """A claim, when it is fresh and encrypted; it is read and proved later."""
    event = event_of(posted)
    if event not in EVENTS:
        raise ValueError(f"A plugin sends no “{event[:30]}”.")
    sent = datetime.fromtimestamp(int(posted.header("X-Webhook-Timestamp")), UTC)
    if abs((datetime.now(UTC) - sent).total_seconds()) > WINDOW:
        raise ValueError("It is older or newer than five minutes.")
    told = json.loads(posted.body)
    if not isinstance(told, dict) or set(told) != {"data"} or not isinstance(told["data"], str):
        raise ValueError("It is not encrypted as a plugin does it.")
    return News(f"plugin.{event}", claim=True)


HOOK = Hook(
    "Plugin Builder",
    help="Shops with the plugin of API2Cart's Plugin Builder ask here to be connected. Enter the address and the public key there.",
    news=news,
    keep=("x-webhook-",),
    key="pair",
)


def message_of(posted: Posted) -> dict[str, str]:
    """What a plugin says. Raises ValueError with one and the same text, whatever is wrong."""
    try:
        private = load_pem_private_key(posted.key.encode(), None)
        cipher = base64.b64decode(json.loads(posted.body)["data"], validate=True)
    except (ValueError, KeyError, TypeError, binascii.Error):
        raise ValueError(UNREADABLE) from None
    if not isinstance(private, rsa.RSAPrivateKey):
        raise ValueError(UNREADABLE)
    size = private.key_size // 8
    if not cipher or len(cipher) % size:
        raise ValueError(UNREADABLE)
    parts = [cipher[start : start + size] for start in range(0, len(cipher), size)]
    for way in PADDINGS:
        try:
            told = json.loads(b"".join(private.decrypt(part, way) for part in parts))
        except ValueError:  # another padding, or random bytes
            continue
        if isinstance(told, dict) and all(isinstance(told.get(name), str) for name in KEYS):
            return {name: told[name] for name in KEYS}
    raise ValueError(UNREADABLE)


def prove(connect: Connect, posted: Posted) -> Proved:
    """Let API2Cart connect to the store with what the plugin says: only then is it true."""
    told, event = message_of(posted), event_of(posted)
    if event == "disconnect":
        return Proved(
            told=f"{told['store_url'][:200]} says its plugin was removed. Switch its connection off if that is so."
        )
    cart = posted.header("X-Webhook-Cart-Id").strip()
    if not cart.isalnum():
        raise ValueError("The plugin does not say which shop system it is for.")
    store = connect(cart, {name: value for name, value in told.items() if value})
    return Proved(
        store.address, {name: str(value) for name, value in store.options.items()}, store.secrets, shared=("api_key",)
    )
