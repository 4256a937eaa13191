"""The stores of an account: which of them a connection means."""

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit


def as_address(text: str) -> str:
    """Host and path of a store's address, as two spellings of it agree: without scheme, "www." and the last slash."""
    parts = urlsplit(text if "://" in text else f"//{text}")
    host = (parts.hostname or "").lower().removeprefix("www.")
    return f"{host}{parts.path.rstrip('/')}" if host else text.strip().lower()


def key_for(stores: Iterable[Mapping[str, Any]], address: str) -> dict[str, Any] | None:
    """The one store with this address; without one, the only store there is. None when it cannot be told."""
    known = [dict(store) for store in stores if store.get("store_key")]
    if address:
        known = [store for store in known if as_address(str(store.get("url") or "")) == as_address(address)]
    keys = {store["store_key"] for store in known}
    return known[0] if len(keys) == 1 else None
