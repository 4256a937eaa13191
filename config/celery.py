"""The Celery app. The queue carries hints only; what is due and who owns it lives in the database."""

import os

from celery import Celery

from config import broker

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

broker.register()

app = Celery("crossdock")
app.config_from_object("config.queue:SETTINGS")
app.autodiscover_tasks()
