"""What Celery is told: its own settings alone, by the names under which it knows which of them hold a password.

It prints all it was told to whoever asks: `celery report`, `celery inspect conf`.
"""

from django.conf import settings

PREFIX = "CELERY_"
SETTINGS = {
    name.removeprefix(PREFIX).lower(): getattr(settings, name) for name in dir(settings) if name.startswith(PREFIX)
}
