"""Runs the parts of the bench, one after another, and prints their lines as they come.

    make bench                         everything, at the sizes the goals name
    make bench ARGS="--only P9"        one goal
    make bench ARGS="--quick"          a look in a few minutes; sizes no goal is held against
    make bench ARGS="--write"          docs/benchmarks.md anew from this run; with --only, those goals alone

Each part runs in a process of its own, with an empty database on a PostgreSQL server that this run starts (fsync on), and an empty
folder for everything else. The exit code is 1 when a part could not be measured; a goal that is missed is said, with by how much.
"""

import argparse
import contextlib
import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

from tests import servers
from tests.bench import report
from tests.bench.result import Result, Scale

ROOT = Path(__file__).resolve().parent.parent.parent
# What is measured where, in the order it runs.
PARTS = {
    "catalogue": ("P1", "P2", "P3", "P4", "P5"),
    "whole_run": ("P6",),
    "push": ("P12",),
    "limiter": ("P7", "P8"),
    "admin": ("P9",),
    "webhooks": ("P10",),
    "admin_sqlite": ("P11",),
}
# As on a small server of its own, but fsync stays on. Autovacuum would measure its own luck.
POSTGRES = {
    "shared_buffers": "2GB", "effective_cache_size": "6GB", "work_mem": "32MB", "max_wal_size": "8GB", "random_page_cost": "1.1",
    "checkpoint_timeout": "1h", "autovacuum": "off",
}  # fmt: skip
QUICK = Scale(rows=10_000, small=1_000, many=50_000, seconds=10, repeats=1)


def asked(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench ARGS=…", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="small sizes: to see that it works")
    parser.add_argument("--rows", type=int, help="catalogue records (P1-P6), 100000")
    parser.add_argument("--orders", type=int, help="orders in the admin (P9), 1000000")
    parser.add_argument("--seconds", type=float, help="of the runs against the clock (P7), 60")
    parser.add_argument("--repeats", type=int, help="of short phases; the median counts, 3")
    parser.add_argument("--only", nargs="+", metavar="GOAL", help="for example P9")
    parser.add_argument("--write", action="store_true", help="put what was measured into docs/benchmarks.md")
    return parser.parse_args(arguments)


def scale_of(options: argparse.Namespace) -> Scale:
    scale = QUICK if options.quick else Scale()
    given = {"rows": options.rows, "many": options.orders, "seconds": options.seconds, "repeats": options.repeats}
    scale = replace(scale, **{name: value for name, value in given.items() if value is not None})
    return replace(scale, small=min(scale.small, scale.rows))


def parts_of(options: argparse.Namespace) -> list[str]:
    """Modules to run; those that measure one of the goals asked for."""
    here = Path(__file__).parent
    wanted = {goal.upper() for goal in options.only or ()}
    unknown = wanted - {goal for goals in PARTS.values() for goal in goals}
    if unknown:
        raise SystemExit(f"bench: no part measures {', '.join(sorted(unknown))}")
    return [
        name for name, goals in PARTS.items() if (here / f"{name}.py").exists() and (not wanted or wanted & set(goals))
    ]


@contextlib.contextmanager
def server() -> Iterator[servers.Cluster]:
    with servers.cluster(durable=True) as cluster:
        cluster.stop()
        cluster.options += tuple(text for name, value in POSTGRES.items() for text in ("-c", f"{name}={value}"))
        cluster.start()
        yield cluster


def run(name: str, scale: Scale, url: str) -> Iterator[Result]:
    """The lines of one part as they come. Raises RuntimeError when it breaks off."""
    with servers.database(url) as database, tempfile.TemporaryDirectory(prefix="crossdock-bench-") as folder:
        environment = {
            **os.environ,
            "DATABASE_URL": database,
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "HUB_VAR": folder,
            "SECRET_KEY": secrets.token_hex(20),
            "HUB_KEYS": secrets.token_hex(20),
            "ALLOWED_HOSTS": "localhost,127.0.0.1,testserver",
            "VENDOR_PRIVATE_HOSTS": "127.0.0.1,localhost",
            "EMAIL_URL": "memorymail://",
            "LOG_LEVEL": "ERROR",
        }
        command = [sys.executable, "-m", "tests.bench.part", name, json.dumps(asdict(scale))]
        with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as child:
            try:
                for line in child.stdout or ():
                    yield Result(**json.loads(line))
            except BaseException:
                child.terminate()
                raise
        if child.returncode:
            raise RuntimeError(f"{name} broke off with exit code {child.returncode}; what it said is above")


def main() -> int:
    options = asked()
    scale, parts = scale_of(options), parts_of(options)
    results: list[Result] = []
    broken: list[str] = []
    began = time.monotonic()
    with server() as cluster:
        report.say(f"bench: {', '.join(parts)}; PostgreSQL and everything else on this machine alone")
        for name in parts:
            only = {goal.upper() for goal in options.only or PARTS[name]}
            report.head(name)
            started = time.monotonic()
            try:
                for result in run(name, scale, cluster.url):
                    if result.goal in only:
                        results.append(result)
                        report.line(result)
            except RuntimeError as error:
                broken.append(name)
                report.say(f"bench: {error}")
            report.say(f"bench: {name} took {time.monotonic() - started:.0f} s")
        facts = report.machine(cluster.url)
    report.summary(results, time.monotonic() - began)
    if options.write and not broken:
        path = ROOT / "docs" / "benchmarks.md"
        report.write(path, results, facts, scale)
        report.say(f"bench: wrote {path.relative_to(ROOT)}")
    return 1 if broken else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except servers.ServerMissing as missing:
        sys.exit(str(missing))
    except KeyboardInterrupt:
        sys.exit(130)
