"""Telling people: into the log, and by mail where addresses are set. Never with a secret in it."""

import logging
from collections.abc import Sequence

from django.conf import settings
from django.core.mail import send_mail

log = logging.getLogger(__name__)


def tell(subject: str, lines: Sequence[str]) -> bool:
    """One message, however many lines. A mail server that is down raises nothing: False says that a mail did not go.

    subject: may name a vendor or a shop as it calls itself; a line end there would be a header of its own, which no mail takes.
    """
    subject = " ".join(subject.split())
    for line in lines:
        log.error("%s: %s", subject, line)
    to = settings.HUB_ALERT_EMAILS
    return not to or bool(send_mail(f"Crossdock: {subject}", "\n".join(lines), None, to, fail_silently=True))
