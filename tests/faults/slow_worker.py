"""The hub's own Celery app, but each page is one row and takes a while, so that a test can strike in the middle of a run.

FAULT_FOLDER: where the process says which page it is at. FAULT_STEP: seconds a page takes. FAULT_FREEZE: `point:page` at which the
process stops itself with SIGSTOP, once. FAULT_CALL: seconds a call may take in all, instead of a minute, or a quarter of an hour for
a whole list.
"""

import os
import signal
import time
from pathlib import Path
from typing import Any

from config.celery import app as app
from integrations import faultpoints

FOLDER = Path(os.environ["FAULT_FOLDER"])
STEP = float(os.environ.get("FAULT_STEP", "0.2"))
FREEZE = os.environ.get("FAULT_FREEZE", "")
CALL = float(os.environ.get("FAULT_CALL", "0"))


def hook(name: str) -> None:
    if name == "page.sorted":
        with (FOLDER / "pages").open("a") as told:
            told.write(f"{os.getpid()}\n")
        time.sleep(STEP)
    at, _, page = FREEZE.partition(":")
    if name == at and len((FOLDER / "pages").read_text().split()) == int(page) and not (FOLDER / "frozen").exists():
        (FOLDER / "frozen").write_text(str(os.getpid()))
        os.kill(os.getpid(), signal.SIGSTOP)


def small_pages() -> None:
    from integrations import paging

    sizes: Any = paging.whole_list.__kwdefaults__
    sizes["size"] = 1


def short_calls() -> None:
    from integrations.http import Client, client

    limits: Any = [method.__kwdefaults__ for method in (Client.get, Client.post_read, Client.spool)]
    for limit in limits:
        limit["total"] = limit["read"] = CALL
    client.IN_PROCESS = CALL  # which is why a call that hung is not tried again


def prepare(**_: Any) -> None:
    small_pages()
    if CALL:
        short_calls()


faultpoints.hook = hook
app.on_after_finalize.connect(prepare, weak=False)
