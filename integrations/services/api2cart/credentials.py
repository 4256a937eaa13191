"""What each shop system asks for, from `credentials.toml`: titles, alternative sets, where things are found, how long they live."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from integrations.stores import Blank, System, Way

TABLE = Path(__file__).with_name("credentials.toml")
SECRET = ("secret", "token", "password", "pass", "_key", "signature", "authtoken", "authorization", "keystring")
OPEN = ("seller_id", "client_id", "app_id", "public", "tokens_count")  # words that make a name no secret after all
WORDS = {
    "api": "API", "id": "id", "sp": "SP-API", "aws": "AWS", "wc": "WooCommerce", "url": "address", "acess": "access",
    "ftp": "FTP", "db": "database", "runame": "RuName", "authtoken": "auth token",
}  # fmt: skip
CHOICES: Mapping[str, tuple[str, ...]] = {
    "amazon_sp_aws_region": ("us-east-1", "eu-west-1", "us-west-2"),
    "amazon_sp_api_environment": ("production", "sandbox"),
    "ebay_environment": ("production", "sandbox"),
    "walmart_environment": ("production", "sandbox"),
    "walmart_region": ("us", "ca"),
    "shopee_environment": ("production", "sandbox"),
    "otto_environment": ("production", "sandbox"),
}
TOLD = {
    "amazon_sp_aws_region": {
        "us-east-1": "us-east-1: US, Canada, Mexico, Brazil",
        "eu-west-1": "eu-west-1: Europe, Middle East, India, South Africa",
        "us-west-2": "us-west-2: Singapore, Australia, Japan",
    }
}
NUMBERS = ("bol_retailer_id", "ebay_site_id", "tiendanube_user_id", "zid_client_id", "ftp_port")
LISTS = ("hybris_websites",)
BRIDGE_WAYS = ("store_key",)
BRIDGE_FURTHER = "bridge_url store_root db_tables_prefix ftp_host ftp_user ftp_password ftp_port ftp_store_dir"
BRIDGE_HELP = (
    "This shop runs on a server of its own and is reached by API2Cart's bridge or plugin. Download the bridge, unpack it and "
    "upload the folder bridge2cart into the shop's own folder (755, bridge.php 644); …/bridge2cart/bridge.php then says “BRIDGE "
    "INSTALLED”. The store key stands in its config.php, or on the plugin's page. Redirects of the shop should be off. With FTP "
    "credentials instead, API2Cart uploads the bridge itself."
)
UNTOLD = (
    "API2Cart's manual does not say where {} shows these. They belong to an app or a user of its API: look in the shop's settings "
    "for developers, or ask API2Cart."
)
SAID = {
    "store_url": "The address the shop is reached by, with https://.",
    "store_key": "32 characters, from the bridge's config.php or the plugin's page.",
    "bridge_url": "Only where the bridge is not at …/bridge2cart/.",
    "store_root": "Only where the bridge lies outside the shop's folder: the shop's absolute path on its server.",
    "db_tables_prefix": "Only where several shops share one database.",
}


@dataclass(frozen=True)
class Known:
    """What is known of a shop system without asking. days: how long its credentials live; None for long."""

    title: str
    ways: tuple[tuple[str, ...], ...]
    further: tuple[str, ...]
    help: str
    days: int | None
    bridge: bool


@cache
def known() -> dict[str, Known]:
    """Every shop system of the table by API2Cart's name of it."""
    found = {}
    for cart_id, row in tomllib.loads(TABLE.read_text()).items():
        bridge = bool(row.get("bridge"))
        found[cart_id] = Known(
            title=row["title"],
            ways=(BRIDGE_WAYS, ("ftp_host", "ftp_user", "ftp_password"))
            if bridge
            else tuple(tuple(way.split()) for way in row["ways"]),
            further=tuple((BRIDGE_FURTHER if bridge else row.get("further", "")).split()),
            help=row.get("help") or (BRIDGE_HELP if bridge else UNTOLD.format(row["title"])),
            days=row.get("days"),
            bridge=bridge,
        )
    return found


def is_secret(name: str) -> bool:
    """Whether a value of this name must be seen by nobody. In doubt it is one."""
    if name in ("store_key", "hybris_websites"):
        return name == "store_key"
    return any(word in name for word in SECRET) and not name.endswith(OPEN)


def label_of(name: str, cart_id: str = "") -> str:
    """A parameter's name for people: without the shop system's own prefix."""
    words, rest = name.split("_"), cart_id.lower()
    while len(words) > 1 and words[0] != "api" and rest.startswith(words[0]):
        words, rest = words[1:], rest.removeprefix(words[0])
    text = " ".join(WORDS.get(word, word) for word in words)
    return text[:1].upper() + text[1:]


def blank_of(name: str, description: str = "", *, cart_id: str = "", required: bool = True) -> Blank:
    """A field of the form for one parameter."""
    choices = CHOICES.get(name, ())
    told = TOLD.get(name, {})
    kind = "choice" if choices else "int" if name in NUMBERS else "json" if name in LISTS else "text"
    text = SAID.get(name, "")
    label = label_of(name, cart_id)
    if description and description.lower().strip(". ") not in (label.lower(), name.lower().replace("_", " ")):
        text = f"{text} {description}".strip()
    return Blank(
        name=name,
        label=label,
        help=text,
        kind=kind,
        choices=tuple((choice, told.get(choice, choice)) for choice in choices),
        default=choices[0] if choices else "",
        secret=is_secret(name),
        required=required,
    )


def system_of(
    cart_id: str, name: str, sets: list[list[tuple[str, str]]], more: list[tuple[str, str]], versions: str
) -> System:
    """A shop system as the vendor describes it now, with what we know besides. sets: (name, description) of each alternative."""
    ours = known().get(cart_id)
    said = {key: text for one in (*sets, more) for key, text in one}
    ways = [[key for key, _ in one if key not in ("cart_id", "store_url")] for one in sets] or [
        list(way) for way in (ours.ways if ours else ())
    ]
    ways = [way for way in ways if way] or [[]]
    first = ("store_url",)
    further = dict.fromkeys([key for key, _ in more] + list(ours.further if ours else ()))
    asked = {key for way in ways for key in way}
    return System(
        name=cart_id,
        title=ours.title if ours else name or cart_id,
        ways=tuple(
            Way(
                str(n),
                _title(way, cart_id),
                tuple(blank_of(key, said.get(key, ""), cart_id=cart_id) for key in (*first, *way)),
            )
            for n, way in enumerate(ways)
        ),
        further=tuple(
            blank_of(key, said.get(key, ""), cart_id=cart_id, required=False)
            for key in further
            if key not in asked
            and key not in ("cart_id", "store_url", "verify", "validate_version", "custom_label", "label")
        ),
        help=ours.help if ours else "",
        note=f"Versions {versions}" if versions.strip(" -") else "",
    )


def _title(way: list[str], cart_id: str) -> str:
    labels = [label_of(name, cart_id) for name in way]
    if not labels:
        return "By its address alone"
    text = ", ".join(labels[:-1]) + (" and " if len(labels) > 1 else "") + labels[-1]
    return f"By {text[:1].lower() + text[1:] if not text[:2].isupper() else text}"
