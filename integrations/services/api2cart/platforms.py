"""What differs between the shop systems behind API2Cart when they are read: page sizes, times, windows, returns, variants.

From the vendor's manual and captured answers; a platform that is not named here is read in the common way.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

LEAST, MOST = 4, 250  # rows a page: the manual's advice, the published most
ISO, DAY, SPACED = "%Y-%m-%dT%H:%M:%S+0000", "%Y-%m-%d", "%Y-%m-%d %H:%M:%S"
FORMATS = {"iso": ISO, "spaced": SPACED, "day": DAY}


@dataclass(frozen=True)
class Platform:
    """How one shop system is read.

    size: rows a page. sizes: the same for single flows. written: how it wants times. both: a bound needs its other end.
    oldest: nothing older can be asked for, by flow. window: the longest range at once, by flow.
    filter: the pair of times to filter by, where "modified" is not to be had, by flow.
    returns: "list", or "orders": only for orders that are named. listed: variants stand in the product list themselves.
    """

    size: int = 50
    sizes: Mapping[str, int] = field(default_factory=dict)
    written: str = ISO
    both: bool = False
    oldest: Mapping[str, timedelta] = field(default_factory=dict)
    window: Mapping[str, timedelta] = field(default_factory=dict)
    filter: Mapping[str, str] = field(default_factory=dict)
    returns: str = "list"
    return_types: tuple[str, ...] = ()
    listed: bool = False


def _days(**flows: int) -> dict[str, timedelta]:
    return {flow: timedelta(days=days) for flow, days in flows.items()}


COMMON = Platform()
PLATFORMS: Mapping[str, Platform] = {
    "Shopify": Platform(size=250, returns="orders"),
    "BigcommerceApi": Platform(size=250),
    "3DCart": Platform(size=100),
    "3DCartApi": Platform(size=100),
    "Volusion": Platform(size=50),
    "EBay": Platform(size=50, oldest=_days(orders=89, returns=89), window=_days(orders=29)),
    "Bol": Platform(size=50, sizes={"shipments": 50}, written=DAY, both=True, window=_days(orders=30, returns=30)),
    "AmazonSP": Platform(
        size=50,
        oldest=_days(returns=59),
        window=_days(returns=59),
        filter={"returns": "created"},
        return_types=("MFN", "FBA"),
        listed=True,
    ),
    "Magento1212": Platform(listed=True),
    "Magento2Api": Platform(listed=True),
}


def platform_of(cart_id: str) -> Platform:
    return PLATFORMS.get(cart_id, COMMON)


def size_of(platform: Platform, flow: str, wanted: int) -> int:
    """Rows to ask for: what the connection says, else what suits the platform."""
    size = wanted or platform.sizes.get(flow, platform.size)
    return max(LEAST if not wanted else 1, min(size, MOST))


def windows(
    platform: Platform, flow: str, since: datetime | None, now: datetime, written: str = "", by: str = ""
) -> list[dict[str, str]]:
    """Filters that cover everything from `since` to `now`, one after another; one without times when there is no limit.

    since None: from the beginning, or from as long ago as the platform allows. by: "created" for that pair of filters.
    """
    floor = now - platform.oldest[flow] if flow in platform.oldest else None
    start = max(filter(None, (since, floor)), default=None)
    longest = platform.window.get(flow)
    if start is None:
        return [{}]
    name = platform.filter.get(flow, by or "modified")
    text = FORMATS.get(written, platform.written)
    step = longest or max(now - start, timedelta(seconds=1))
    found = []
    while start < now:
        end = min(start + step, now)
        last = end >= now
        asked = {f"{name}_from": _text(start, text)}
        if platform.both or longest or not last:
            # A day holds all its hours: the last window reaches into tomorrow where only days are told.
            asked[f"{name}_to"] = _text(end + timedelta(days=1) if text == DAY else end, text)
        found.append(asked)
        start = end
    return found or [{}]


def _text(moment: datetime, form: str) -> str:
    return moment.astimezone(UTC).strftime(form)
