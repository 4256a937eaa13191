"""The fuse box: settings, URLs, the Celery app, the admin site and its base classes."""

from config.celery import app as celery_app

__all__ = ["celery_app"]
