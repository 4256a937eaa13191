"""Telling people: into the log, and by mail where addresses are set. Never with a secret in it."""

import logging
from collections.abc import Sequence

from django.conf import settings
from django.core.mail import send_mail

log = logging.getLogger(__name__)


def tell(subject: str, lines: Sequence[str]) -> None:
    """One message, however many lines; a mail server that is down costs nobody anything."""
    for line in lines:
        log.error("%s: %s", subject, line)
    if settings.HUB_ALERT_EMAILS:
        send_mail(f"Crossdock: {subject}", "\n".join(lines), None, settings.HUB_ALERT_EMAILS, fail_silently=True)
