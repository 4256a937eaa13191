"""A kind that declares every sort of option, for tests of what is generated from declarations."""

from collections.abc import Mapping
from datetime import timedelta
from typing import ClassVar

from integrations.auth import Auth, Bearer
from integrations.service import Account, Flow, Option, Preset, Secret, VendorService, Verdict


class Odd(VendorService):
    kind: ClassVar[str] = "odd"
    label = "Oddments"
    summary = "Everything a kind may declare."
    presets = (
        Preset("north", "North", "https://north.odd.example/v1", options={"region": "north", "share": "0.5"}),
        Preset("lab", "Laboratory", "https://lab.odd.example/v1", environment="staging", options={"region": "south"}),
    )
    secrets = (Secret("token", "API token", help="From their desk.", required=True), Secret("pin", "PIN"))
    options = (
        Option("shop", "Shop name", help="As on the door.", required=True),
        Option("callback", "Callback", "url"),
        Option("region", "Region", "choice", "north", (("north", "North"), ("south", "South")), required=True),
        Option("strict", "Strict", "bool", True),
        Option("batch", "Batch", "int", 40, least=1, most=100, group="Speed"),
        Option("share", "Share", "decimal", "0.25", group="Speed"),
        Option("pause", "Pause", "duration", "0:05:00", group="Speed"),
        Option("names", "Names", "json", {"en": "English"}),
        Option("path", "Orders path", default="v1/orders", proven=False, group="Paths"),
    )
    flows: ClassVar[Mapping[str, Flow]] = {
        "products": Flow("Products", timedelta(hours=1), timedelta(hours=3), lambda raw: "", lambda row, account: None),
        "hidden": Flow(
            "Hidden", timedelta(hours=1), timedelta(hours=3), lambda raw: "", lambda row, account: None, proven=False
        ),
    }
    time_zone = "Europe/Riga"
    currency = "EUR"

    @classmethod
    def auth(cls, account: Account, secrets: Mapping[str, str]) -> Auth:
        return Bearer(secrets["token"])

    def probe(self) -> Verdict:
        self.http.get("ping")
        return Verdict(True)
