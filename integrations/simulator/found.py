"""The simulators of every vendor folder, and serving them until told to stop."""

import importlib
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Event, current_thread, main_thread
from typing import Any

from integrations.simulator.server import Server
from integrations.simulator.vendor import Simulator

SERVICES = Path(__file__).resolve().parent.parent / "services"


def kinds() -> list[str]:
    """Every vendor whose folder holds a `simulator.py`."""
    return sorted(path.parent.name for path in SERVICES.glob("*/simulator.py"))


def load(kind: str) -> type[Simulator]:
    """Raises ValueError for a vendor without a simulator."""
    if kind not in kinds():
        raise ValueError(f"no simulator {kind!r}; there are: {', '.join(kinds())}")
    found: type[Simulator] = importlib.import_module(f"integrations.services.{kind}.simulator").Simulator
    return found


def server(port: int = 0, only: list[str] | None = None, **options: Any) -> Server:
    """A server, not yet started, with every vendor's simulator; `options` as `Simulator` takes them."""
    return Server(*(load(kind)(**options) for kind in only or kinds()), port=port)


def serve(
    port: int = 8100, only: list[str] | None = None, say: Callable[[str], object] | None = None, **options: Any
) -> None:
    """Serve until SIGINT or SIGTERM. Says where and with which invented credentials, by default on standard output."""
    say = say or _print
    enough = Event()
    if current_thread() is main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: enough.set())
    with server(port, only, **options) as running:
        say(f"Simulators on {running.root} (loopback only, invented data and credentials)")
        for simulator in running.simulators.values():
            for connection in simulator.connections():
                given = {**connection["options"], **connection["secrets"]}
                shown = "  ".join(f"{name}={value}" for name, value in given.items())
                say(f"  {connection['label']:<12} {connection['base_url']}  {shown}")
        enough.wait()


def _print(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()  # whoever started this process reads the port here
