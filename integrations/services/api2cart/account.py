"""The stores of an API2Cart account: found, connected, given new credentials, looked after."""

import re
import uuid
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, ClassVar

from integrations import errors
from integrations.service import Account, option_of
from integrations.services.api2cart import answers
from integrations.services.api2cart.credentials import known, system_of
from integrations.services.api2cart.methods import METHODS, checked
from integrations.services.api2cart.options import OPTIONS
from integrations.services.api2cart.stores import as_address
from integrations.stores import Done, Ending, Store, Stores, System, Tool

RENEWED = "credentials_since"
PATIENCE = 170.0  # seconds
BRIDGE = {"bridge.download.file", "bridge.update"}
NAMES = re.compile(r"[a-z0-9_]{1,60}")


class AccountStores(Stores):
    account_secrets: ClassVar[tuple[str, ...]] = ("api_key",)

    def found(self) -> list[Store]:
        return [self._store(row) for row in self.service.carts() if row.get("store_key")]  # type: ignore[attr-defined]

    def _store(self, row: Mapping[str, Any], **options: Any) -> Store:
        cart_id, address = str(row.get("cart_id") or ""), str(row.get("url") or "")
        ours = known().get(cart_id)
        told = {"bridge": row.get("bridge_version")}
        return Store(
            mark=str(row.get("id") or as_address(address)),
            name=str(row.get("custom_label") or "") or as_address(address),
            address=address,
            system=cart_id,
            title=ours.title if ours else cart_id,
            secrets={"store_key": str(row["store_key"])},
            options={"store_url": address, "platform": cart_id, **options},
            facts={name: str(value) for name, value in told.items() if value},
        )

    def systems(self) -> list[System]:
        told = answers.result_of(self._get("account.supported_platforms").body).get("supported_platforms")
        rows = (
            [row for row in told if isinstance(row, Mapping) and row.get("cart_id")] if isinstance(told, list) else []
        )
        return [_system(row) for row in rows]

    def add(self, system: str, values: Mapping[str, Any], *, check: bool) -> Store:
        """`account.cart.add`. Of a store that is there already the one of the same address is taken."""
        given = _filled(values)
        label = str(given.pop("custom_label", ""))
        method = METHODS["account.cart.add"]
        body = {"cart_id": system, **given, "verify": check, **({"custom_label": label} if label else {})}
        try:
            answer = self.http.write(method.verb, method.path, body, total=PATIENCE, read=PATIENCE - 5, quiet=True)
        except errors.Refused as refused:
            if refused.message != answers.MEANINGS[8].message + " (code 8)":
                raise
            return self._there_already(str(given.get("store_url", "")), system)
        key = answers.result_of(answer.body).get("store_key")
        if not isinstance(key, str) or not key:
            raise errors.Unknown(
                "API2Cart gave no store key.", "Press “Find stores”: the store is listed there if it was connected."
            )
        address = str(given.get("store_url", ""))
        row = {"url": address, "store_key": key, "cart_id": system, "custom_label": label}
        return self._store(row, **{RENEWED: _today()})

    def _there_already(self, address: str, system: str) -> Store:
        same = [row for row in self.service.carts() if as_address(str(row.get("url") or "")) == as_address(address)]  # type: ignore[attr-defined]
        if not address or len(same) != 1:
            raise errors.Refused(answers.MEANINGS[8].message, answers.MEANINGS[8].cure)
        return self._store({**same[0], "cart_id": same[0].get("cart_id") or system})

    def renew(self, system: str, values: Mapping[str, Any]) -> Mapping[str, Any]:
        """`account.config.update`, which takes secrets as query parameters: it is never quoted, and logs keep names alone."""
        given = {name: str(value) for name, value in _filled(values).items() if name != "store_url"}
        if not given:
            raise errors.Refused("Nothing was filled in.", "Paste the new credentials.")
        method, given = METHODS["account.config.update"], {**given, "idempotency_key": uuid.uuid4().hex}
        self.http.write(method.verb, method.path, params=given, total=PATIENCE, read=PATIENCE - 5, quiet=True)
        return {RENEWED: _today()}

    @classmethod
    def described(cls) -> list[System]:
        return [
            system_of(cart_id, "", [[(name, "") for name in way] for way in ours.ways], [], "")
            for cart_id, ours in known().items()
        ]

    @classmethod
    def own_system(cls, account: Account) -> str:
        return str(account.options.get("platform") or account.abilities.get("platform", ""))

    @classmethod
    def tools(cls, account: Account) -> tuple[Tool, ...]:
        ours = known().get(cls.own_system(account))
        if ours is None or not ours.bridge:
            return ()
        return (
            Tool("download", "Download the bridge", "A zip to be unpacked into the shop's own folder.", gives=True),
            Tool("status", "Is the bridge there?", "Asks API2Cart to reach the shop, and which version answers."),
            Tool("update", "Update the bridge", "API2Cart replaces the bridge in the shop by the newest version."),
        )

    def use(self, tool: str) -> Done:
        if tool == "download":
            answer = self._get("bridge.download.file")
            return Done(body=answer.body, file_name="bridge.zip", content_type="application/zip")
        if tool == "update":
            method = METHODS["bridge.update"]
            self.http.write(method.verb, method.path, total=PATIENCE, read=PATIENCE - 5)
            return Done("API2Cart has updated the bridge.")
        self._get("cart.validate")
        version = answers.result_of(self._get("cart.info", response_fields="{result{bridge_version}}").body).get(
            "bridge_version"
        )
        return Done(f"The bridge answers{f', version {version}' if version else ''}.")

    @classmethod
    def endings(cls, account: Account) -> tuple[Ending, ...]:
        """Credentials whose life is known, counted from the day they were given."""
        ours = known().get(cls.own_system(account))
        since = str(option_of(OPTIONS, account, RENEWED))
        if ours is None or ours.days is None or not since:
            return ()
        try:
            on = date.fromisoformat(since) + timedelta(days=ours.days)
        except ValueError:
            return ()
        cure = f"Make new ones at {ours.title} and press “New credentials” on the connection's page."
        return (Ending(f"the credentials of {ours.title}, which live {ours.days} days,", on, cure),)

    def _get(self, name: str, **params: Any) -> Any:
        method, given = checked(name, params)
        return self.http.get(method.path, given, total=PATIENCE, read=PATIENCE - 5)


def _system(row: Mapping[str, Any]) -> System:
    params = row.get("params") if isinstance(row.get("params"), Mapping) else {}
    assert isinstance(params, Mapping)
    sets = [_pairs(one) for one in params.get("required") or () if isinstance(one, list)]
    return system_of(
        str(row["cart_id"]),
        str(row.get("cart_name") or ""),
        sets,
        _pairs(params.get("additional")),
        str(row.get("cart_versions") or ""),
    )


def _pairs(told: Any) -> list[tuple[str, str]]:
    """Names and descriptions; what is no parameter's name is left out."""
    rows = [one for one in told if isinstance(one, Mapping)] if isinstance(told, list) else []
    return [
        (name, str(one.get("description") or ""))
        for one in rows
        if NAMES.fullmatch(name := str(one.get("name") or "").lower())
    ]


def _filled(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value not in (None, "", [])}


def _today() -> str:
    return datetime.now(UTC).date().isoformat()
