"""A 401 or 403: the token, our address or the call budget? The vendor's words tell, else our own account of calls.

ELKO answers 403 alike for all three. With the budget spent it was the budget. With a quiet budget it is the token or
the address, or another program that spent the budget behind our back: `until` says when one more call will tell.
"""

import random
import re
from typing import Any
from urllib.parse import SplitResult

from integrations import errors, network
from integrations.http.calls import Call, in_seconds
from integrations.ratelimit import Budget
from integrations.service import Rate

MARGIN = 2.0  # seconds beyond a vendor's block, for clocks and the way
JITTER = 0.1  # of the block, at most, so that not every hub comes back in the same second
SLOW = 600.0  # seconds at half speed after a block: whoever else uses the token needs its share
BY_RATE = re.compile(
    r"rate.?limit|too many|limit (?:is |was )?exceeded|exceeded|quota|throttl|calls? per", re.IGNORECASE
)
BY_SCHEME = re.compile(r"\bhttps\b|\bssl\b|\btls\b|secure connection", re.IGNORECASE)
BY_ADDRESS = re.compile(r"\bips?\b|\bip[ -]?address|white-?list|allow-?list", re.IGNORECASE)


def forbidden(call: Call, said: str, rate: Rate, budget: Budget | None, base: SplitResult) -> errors.VendorError:
    """The error of a 401 or 403. A spent budget is shut for every process, and runs at half speed afterwards."""
    about: dict[str, Any] = {**call.about(), "said": said, "quoted": True}
    away = (rate.block or 60.0) * (1 + random.uniform(0, JITTER)) + MARGIN
    if call.status == 403 and BY_RATE.search(said):
        return _spent(budget, away, "The vendor says that too many calls were made with this token", about)
    if call.status == 403 and base.scheme == "http" and BY_SCHEME.search(said):
        return errors.Refused(
            "The vendor answers over https only, and this connection's address begins with http://.",
            "Correct the connection's address: write https:// in front of it.",
            cause="url",
            **about,
        )
    by_address = BY_ADDRESS.search(said)
    if call.status == 403 and budget and rate.block and not by_address and budget.recently_full():
        return _spent(budget, away, "The vendor refused us just when its call budget was spent", about)
    ours = ", ".join(network.egress_addresses(base.hostname or "")) or "unknown"
    if by_address:
        return errors.NeedsAuth(
            "The vendor does not accept our address.",
            f"Ask the vendor to allow this hub's outgoing address: {ours}.",
            cause="ip",
            **about,
        )
    if call.status == 403:
        return errors.NeedsAuth(
            "The vendor refused us though our call budget was not spent: the token or our IP is not accepted.",
            f"Set a new token; if it is right, ask the vendor to allow this hub's outgoing address: {ours}.",
            cause="token",
            until=in_seconds(away) if rate.block else None,
            **about,
        )
    return errors.NeedsAuth("The vendor does not accept the token.", "Set a new token.", cause="token", **about)


def _spent(budget: Budget | None, away: float, message: str, about: dict[str, Any]) -> errors.Wait:
    if budget:
        budget.close(away)
        budget.slow_down(away + SLOW)
    return errors.Wait(
        f"{message}; we stay away for {away:.0f} s, then go on at half speed.",
        "Nothing to do. If it comes again and again, another program is using the same token.",
        cause="rate",
        until=in_seconds(away),
        **about,
    )
