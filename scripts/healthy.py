"""Exit 0 if the process of this container does its work: `healthy.py web`, `healthy.py worker live`, `healthy.py beat`.

web answers on its port and reaches the database; worker answers a ping over the broker; beat has published the
sweep within the last ten minutes (it writes down what it published every three).
"""

import http.client
import os
import socket
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

LATE = timedelta(minutes=10)
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")


def web() -> bool:
    host = os.environ.get("ALLOWED_HOSTS", "localhost").split(",")[0].strip().removeprefix(".")
    connection = http.client.HTTPConnection("127.0.0.1", int(os.environ.get("PORT", "8000")), timeout=8)
    connection.request(
        "GET", "/healthz", headers={"Host": host.replace("*", "localhost"), "X-Forwarded-Proto": "https"}
    )
    return connection.getresponse().status == 200


def worker(name: str) -> bool:
    from config.celery import app

    return bool(app.control.inspect([f"{name}@{socket.gethostname()}"], timeout=10).ping())


def beat() -> bool:
    import django

    django.setup()
    from django.utils import timezone
    from django_celery_beat.models import PeriodicTask

    return PeriodicTask.objects.filter(name="sweep", last_run_at__gt=timezone.now() - LATE).exists()


if __name__ == "__main__":
    checks: dict[str, Callable[..., bool]] = {"web": web, "worker": worker, "beat": beat}
    check, *arguments = sys.argv[1:]
    sys.exit(0 if checks[check](*arguments) else 1)
