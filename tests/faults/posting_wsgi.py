"""The hub's web process with the made-up vendor of the webhook tests, which may be told to die at a point."""

import os
import signal

from config.wsgi import application
from integrations import faultpoints
from integrations.service import services
from integrations.tests.posting_kind import Posting
from integrations.webhooks import receiving

services()["posting"] = Posting
receiving.PATIENCE = float(os.environ.get("POSTING_PATIENCE", receiving.PATIENCE))
die_at, once = os.environ.get("POSTING_DIE_AT", ""), os.environ.get("POSTING_DIED", "")


def die(name: str) -> None:
    """As a power cut would, but one time only."""
    if name == die_at and not os.path.exists(once):
        with open(once, "w"):
            pass
        os.kill(os.getpid(), signal.SIGKILL)


if die_at:
    faultpoints.hook = die

__all__ = ["application"]
