"""The simulated ELKO's doors: the sliding call window with its block, and the address list."""

import ipaddress
import time
from collections import deque


class CallWindow:
    """Counts calls as they arrive. One too many within the window and everything is refused for the block's length.

    Assumed: a call with a wrong token counts; one from a foreign address or during a block does not, nor prolongs it.
    """

    def __init__(self) -> None:
        self.blocks = 0
        self._arrivals: deque[float] = deque()
        self._blocked_until = 0.0

    def admits(self, limit: int, window: float, block: float) -> bool:
        now = time.monotonic()
        if now < self._blocked_until:
            return False
        while self._arrivals and self._arrivals[0] <= now - window:
            self._arrivals.popleft()
        self._arrivals.append(now)
        if len(self._arrivals) <= limit:
            return True
        self.blocks += 1
        self._blocked_until = now + block
        self._arrivals.clear()
        return False


def listed(client: str, entries: list[str]) -> bool:
    """Whether an address stands in a list of addresses, CIDR networks and first-last ranges."""
    address = ipaddress.ip_address(client)
    for entry in entries:
        first, dash, last = entry.partition("-")
        if not dash:
            if address in ipaddress.ip_network(entry, strict=False):
                return True
            continue
        low, high = ipaddress.ip_address(first.strip()), ipaddress.ip_address(last.strip())
        if low.version == high.version == address.version and int(low) <= int(address) <= int(high):
            return True
    return False
