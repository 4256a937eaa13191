"""The hub's own Celery app, with a plug to be pulled. TORTURE_FOLDER: where the plug lies."""

import os
from pathlib import Path
from typing import Any

from config.celery import app as app
from integrations import faultpoints
from tests.torture import quick
from tests.torture.plug import Plug


def prepare(**_: Any) -> None:
    quick.patience()


faultpoints.hook = Plug(Path(os.environ["TORTURE_FOLDER"])).hook
app.on_after_finalize.connect(prepare, weak=False)
