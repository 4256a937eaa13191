"""A delivery's row: one insert, which two constraints keep from happening twice."""

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import F
from django.utils import timezone

from config.addresses import Address
from integrations.http.repeated import Repeated
from integrations.models import Callback, WebhookDelivery
from integrations.webhooks.hook import PARSE_ERRORS, News, Posted, Reply
from integrations.webhooks.known import Known

LONGEST = 200
MANY = 1000  # rows one delivery may name
HEADER = 1000  # letters of a header kept
TRIM = 5000  # rows cleared away at a time
State = WebhookDelivery.State


def news_of(known: Known, posted: Posted) -> tuple[News, str]:
    """What it is about, and why that cannot be told where it cannot."""
    if known.hook.news is None:
        return News(known.callback.hook), ""
    try:
        return known.hook.news(posted, known.account), ""
    except PARSE_ERRORS as error:
        return News("?"), f"It could not be read: {str(error) or type(error).__name__}"


def bare(known: Known, posted: Posted) -> Posted:
    """What came without the connection's own secrets, which some vendors send along."""
    without = Repeated(lambda: known.hidden).bare
    headers = {name: without(text.encode()).decode() for name, text in posted.headers.items()}
    return replace(posted, body=without(posted.body), headers=headers)


def keep(known: Known, posted: Posted, *, verified: bool | None, address: Address | None, now: datetime) -> None:
    """Store what came. A repeat is the same as what is stored, and stores nothing."""
    callback, hook, posted = known.callback, known.hook, bare(known, posted)
    news, wrong = news_of(known, posted)
    delivery = _row(callback, news, now)
    headers = {name: value[:HEADER] for name, value in posted.headers.items() if name.lower().startswith(hook.keep)}
    delivery.headers, delivery.verified = headers, verified
    # What somebody sends in place of an encrypted text may be the text itself.
    delivery.body = posted.body if hook.keep_body and not (wrong and hook.key) else b""
    delivery.address = str(address) if address else None
    delivery.digest = _digest(news, posted.body)
    if wrong:
        delivery.state, delivery.note, delivery.handled_at = State.NOTHING, wrong, now
    WebhookDelivery.objects.bulk_create([delivery], ignore_conflicts=True)


def keep_answered(
    known: Known, posted: Posted, reply: Reply, *, verified: bool | None, address: Address | None
) -> None:
    """Note what was asked and what was answered at once."""
    callback, hook, posted = known.callback, known.hook, bare(known, posted)
    delivery = _row(callback, News(callback.hook), timezone.now())
    delivery.headers = {n: v[:HEADER] for n, v in posted.headers.items() if n.lower().startswith(hook.keep)}
    delivery.verified, delivery.address = verified, str(address) if address else None
    delivery.body = posted.body if hook.keep_body else b""
    delivery.digest = _digest(News(callback.hook), posted.body)
    delivery.state, delivery.handled_at = State.DONE if reply.status < 400 else State.FAILED, delivery.received_at
    delivery.note = f"Answered {reply.status}. {reply.note}".strip()
    WebhookDelivery.objects.bulk_create([delivery], ignore_conflicts=True)


def keep_missed(callback: Callback, missed: Iterable[News]) -> int:
    """Store what the vendor says it could not deliver; how many rows wait more for it."""
    now, before = timezone.now(), WebhookDelivery.objects.filter(callback=callback).count()
    rows = [_row(callback, news, now) for news in missed]
    for row in rows:
        row.source = WebhookDelivery.Source.MISSED
        row.digest = _digest(News(row.event, row.flow, row.external_ids), b"")
    WebhookDelivery.objects.bulk_create(rows, ignore_conflicts=True, batch_size=500)
    return WebhookDelivery.objects.filter(callback=callback).count() - before


def refused(callback: Callback, why: str, now: datetime) -> None:
    """Count what was not let in, so that a wrong rule is seen; nothing of it is stored."""
    Callback.objects.filter(pk=callback.pk).update(refused=F("refused") + 1, refused_at=now, refused_why=why[:200])


def trim() -> None:
    """Keep the inbox within its age and size; what still waits stays."""
    handled = WebhookDelivery.objects.exclude(state__in=[State.WAITING, State.READING])
    cut = timezone.now() - timedelta(days=settings.HUB_WEBHOOK_DAYS)
    old = list(handled.filter(received_at__lt=cut).order_by("received_at").values_list("pk", flat=True)[:TRIM])
    newest = WebhookDelivery.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    many = handled.filter(pk__lte=newest - settings.HUB_WEBHOOK_ROWS)
    old += list(many.order_by("pk").values_list("pk", flat=True)[:TRIM])
    if old:
        WebhookDelivery.objects.filter(pk__in=old).delete()


def _row(callback: Callback, news: News, now: datetime) -> WebhookDelivery:
    ids = [str(key)[:LONGEST] for key in dict.fromkeys(news.ids)][:MANY]
    row = WebhookDelivery(
        callback=callback,
        vendor_id=callback.vendor_id,
        event=_clean(news.event)[:100],
        flow=news.flow[:40],
        external_id=_clean(ids[0]) if ids else "",
        external_ids=[_clean(key) for key in ids],
        once=_clean(news.once)[:LONGEST],
        received_at=now,
    )
    if news.trouble:
        row.trouble, row.note = True, _clean(f"{news.trouble} {news.cure}").strip()
    elif news.claim:
        row.claim = True
    elif not news.flow:
        row.state, row.handled_at = State.NOTHING, now
    return row


def _clean(text: str) -> str:
    return text.replace("\x00", "\ufffd")


def _digest(news: News, body: bytes) -> str:
    """Of what it says, not of when: two that say the same and both wait are read as one."""
    told = repr((news.event, news.flow, list(news.ids), news.trouble)).encode(errors="replace")
    return hashlib.sha256(told + b"\x00" + body).hexdigest()
