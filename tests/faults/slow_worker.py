"""The hub's own Celery app, but each page is one row and takes a while, so that a test can strike in the middle of a run.

FAULT_FOLDER: where the process says which page it is at. FAULT_STEP: seconds a page takes. FAULT_FREEZE: `point:page` at which the
process stops itself with SIGSTOP, once.
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


faultpoints.hook = hook
app.on_after_finalize.connect(lambda **_: small_pages(), weak=False)
