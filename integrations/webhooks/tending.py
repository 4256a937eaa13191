"""What a vendor posts to our addresses, kept up: set up, switched on again, and what it could not deliver asked for."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from integrations import alerting
from integrations.connection import with_service
from integrations.errors import Refused, VendorError
from integrations.models import Callback
from integrations.service import VendorService
from integrations.vault import VaultError
from integrations.webhooks import addresses, hinting, keeping

EVERY = timedelta(hours=12)  # what could not be delivered is forgotten by some vendors within a day
AGAIN = timedelta(hours=1)  # after a failure
HELD = timedelta(minutes=10)  # in which no second worker begins


def due() -> list[int]:
    """Callbacks to look after now."""
    rows = Callback.objects.filter(vendor__enabled=True, tend_at__lte=timezone.now())
    return list(rows.order_by("tend_at").values_list("pk", flat=True)[:100])


def tend(callback_id: int) -> list[str]:
    """Look after one callback, if it is due; what had to be done, in lines for people. Of one that is off, all is taken away."""
    now = timezone.now()
    mine = Callback.objects.filter(pk=callback_id, tend_at__lte=now)
    if not mine.update(tend_at=now + HELD):
        return []
    callback = Callback.objects.select_related("vendor").get(pk=callback_id)
    hook = addresses.declared(callback)
    if hook is None or not hook.tended:
        Callback.objects.filter(pk=callback_id).update(tend_at=None)
        return []
    try:
        address = addresses.url_of(callback)
        if not address:
            raise Refused("The hub does not know its own address.", "Set HUB_PUBLIC_URL and restart.", cause="url")
        if not callback.active:
            gone = with_service(callback.vendor, lambda service: list(service.drop_hook(callback.hook, address)))
            _store(callback, gone, "", None)
            return gone
        if why := addresses.lacks(callback):
            raise Refused(why, "Switch the address off.")
        flows = {row.flow for row in callback.vendor.schedules.filter(enabled=True) if not row.lacks}
        done, missed = with_service(callback.vendor, lambda service: _look(service, callback, address, flows))
    except (VendorError, VaultError) as error:
        cure = getattr(error, "cure", "")
        _store(callback, [], f"{error} {cure}".strip(), AGAIN)
        return []
    if missed:
        hinting.hint(callback.vendor_id)
        done.append(f"{missed} deliveries it could not make are read now.")
    _store(callback, done, "", EVERY)
    if done and callback.tended_at is not None:  # the first time it is what the admin asked for
        alerting.tell(f"webhooks of {callback.vendor} were mended", done)
    return done


def _look(service: VendorService, callback: Callback, address: str, flows: set[str]) -> tuple[list[str], int]:
    done = list(service.tend_hook(callback.hook, address, flows))
    return done, keeping.keep_missed(callback, service.missed_news(callback.hook, address))


def _store(callback: Callback, done: list[str], trouble: str, after: timedelta | None) -> None:
    now = timezone.now()
    values: dict[str, Any] = {
        "tend_at": now + after if after else None,
        "trouble": trouble,
        "trouble_since": now if trouble else None,
    }
    if not trouble:
        values["tended_at"] = now
    if done:
        values["told"] = "\n".join(done)
    if trouble and not callback.trouble:
        alerting.tell(f"webhooks of {callback.vendor} could not be looked after", [trouble])
    Callback.objects.filter(pk=callback.pk).update(**values)
