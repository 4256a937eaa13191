"""A vendor that counts: so many requests per window as they arrive, then a refusal and nobody let in for six windows.

    python -m tests.bench.limiter_vendor CALLS WINDOW

Prints its port, serves one request a line until it reads a line, then prints what it counted. Way there and way back vary.
"""

import asyncio
import json
import random
import sys
import time
from collections import deque
from dataclasses import asdict, dataclass

SHUT = 6  # windows


@dataclass
class Counted:
    accepted: int = 0
    rejected: int = 0
    most: int = 0  # arrivals within any one window


class Vendor:
    def __init__(self, calls: int, window: float) -> None:
        self.calls, self.window, self.counted = calls, window, Counted()
        self.arrived: deque[float] = deque()
        self.shut_until = 0.0
        self.chance = random.Random(3)

    def accepts(self, now: float) -> bool:
        """Whether a request that arrives now is within the limit; one over it shuts the door."""
        if now >= self.shut_until:
            while self.arrived and self.arrived[0] <= now - self.window:
                self.arrived.popleft()
            self.arrived.append(now)
            self.counted.most = max(self.counted.most, len(self.arrived))
            if len(self.arrived) <= self.calls:
                self.counted.accepted += 1
                return True
            self.shut_until = now + SHUT * self.window
            self.arrived.clear()
        self.counted.rejected += 1
        return False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await reader.readline():
                await asyncio.sleep(self.chance.lognormvariate(-4.6, 0.6))  # 10 ms, sometimes 40
                accepted = self.accepts(time.monotonic())
                await asyncio.sleep(self.chance.lognormvariate(-4.6, 0.6))
                writer.write(b"ok\n" if accepted else b"no\n")
                await writer.drain()
        except ConnectionError:
            pass  # a killed worker
        finally:
            writer.close()


async def main(calls: int, window: float) -> None:
    vendor = Vendor(calls, window)
    server = await asyncio.start_server(vendor.serve, "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
    sys.stdout.write(json.dumps(asdict(vendor.counted)))
    sys.stdout.flush()
    server.close()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), float(sys.argv[2])))
