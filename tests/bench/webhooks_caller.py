"""Calls the web process at an even pace, in a process of its own: `python -m tests.bench.webhooks_caller PORT PATH EVENTS SECONDS`.

Prints one line of JSON: the seconds each delivery waited, how many were not taken, how long all of it lasted.
"""

import http.client
import itertools
import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor

CALLERS = 32
ROWS = 200  # orders the deliveries are about


def ask(port: int, method: str, path: str, body: bytes, headers: dict[str, str]) -> int:
    caller = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        caller.request(method, path, body, headers)
        answer = caller.getresponse()
        answer.read()
        return answer.status
    finally:
        caller.close()


def flood(port: int, path: str, events: int, seconds: float) -> tuple[list[float], int, float]:
    """Seconds each delivery waited, how many were not taken, and how long all of it lasted."""
    from integrations.tests.posting_kind import sign

    numbers, waits, refused = itertools.count(), list[float](), list[int]()
    began = time.monotonic()

    def call() -> None:
        for number in iter(lambda: next(numbers), None):
            if number >= events:
                return
            due = began + number * seconds / events
            time.sleep(max(0.0, due - time.monotonic()))
            body, at = json.dumps({"id": str(number % ROWS), "step": number}).encode(), str(int(time.time()))
            headers = {
                "Content-Type": "application/json", "X-Posting-Event": "order.update", "X-Posting-Id": f"d-{number}",
                "X-Posting-Time": at, "X-Posting-Sign": sign(body, at),
            }  # fmt: skip
            try:
                status = ask(port, "POST", path, body, headers)
            except (OSError, http.client.HTTPException):
                status = 0
            waits.append(time.monotonic() - due)
            if status != 200:
                refused.append(status)

    with ThreadPoolExecutor(CALLERS) as callers:
        for done in [callers.submit(call) for _ in range(CALLERS)]:
            done.result()
    return waits, len(refused), time.monotonic() - began


if __name__ == "__main__":
    import django

    django.setup()
    port, path, events, seconds = sys.argv[1:]
    sys.stdout.write(json.dumps(flood(int(port), path, int(events), float(seconds))) + "\n")
