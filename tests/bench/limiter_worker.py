"""One process that calls as fast as its budget lets it: `python -m tests.bench.limiter_worker PORT SECONDS`.

It says when it is ready and begins when it is told to.
"""

import socket
import sys
import time

import django


def main(port: int, seconds: float) -> None:
    django.setup()
    from django.db import connection

    from integrations.ratelimit import Budget
    from integrations.service import Rate
    from tests.bench.limiter import CALLS, LEASE, WINDOW

    budget = Budget("bench:real", Rate(CALLS, WINDOW), fresh=True)
    budget.set_lease(LEASE)
    with socket.create_connection(("127.0.0.1", port)) as line, line.makefile("rwb") as stream:
        connection.ensure_connection()
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.readline()
        begin = time.monotonic()
        while time.monotonic() < begin + seconds:
            with budget.slot():
                stream.write(b"get\n")
                stream.flush()
                stream.readline()


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]))
