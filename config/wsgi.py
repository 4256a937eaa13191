"""The web process's entry: `gunicorn config.wsgi`."""

import os

from django.apps import apps
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = get_wsgi_application()
apps.get_app_config("integrations").serves()  # type: ignore[attr-defined]
