#!/usr/bin/env python
"""Runs a command with DATABASE_URL naming a PostgreSQL of its own: `with_postgres.py pytest -q`.

Where DATABASE_URL already names one, the command runs on that. The exit code is the command's.
"""

import os
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.servers import ServerMissing, cluster, is_postgres


def run(command: list[str]) -> int:
    if is_postgres(os.environ.get("DATABASE_URL", "")):
        return subprocess.run(command).returncode
    with cluster() as server:
        return subprocess.run(command, env={**os.environ, "DATABASE_URL": server.url}).returncode


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: with_postgres.py COMMAND [ARGUMENT...]")
    try:
        code = run(sys.argv[1:])
    except ServerMissing as missing:
        sys.exit(str(missing))
    except KeyboardInterrupt:
        code = 130
    sys.exit(code)
