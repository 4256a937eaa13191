"""The hub's own Celery app, told to say all that Celery can: events of every task, results and errors kept with their arguments.

LOUD_BREAK: the point of a run (`integrations.faultpoints`) at which each process breaks, once.
"""

import os

from config.celery import app as app
from integrations import faultpoints

app.conf.update(
    task_ignore_result=False,
    task_store_errors_even_if_ignored=True,
    task_send_sent_event=True,
    task_track_started=True,
    worker_send_task_events=True,
    result_extended=True,
    result_backend=os.environ["CELERY_BROKER_URL"],
)
broken: list[str] = []


def hook(name: str) -> None:
    if name == os.environ.get("LOUD_BREAK") and not broken:
        broken.append(name)
        raise RuntimeError("broken on purpose, with a run under way")


faultpoints.hook = hook
