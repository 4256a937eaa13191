"""What somebody claims, proved by the vendor before it is trusted: then a connection, switched off until an admin looks."""

from django.db import transaction
from django.utils.text import slugify

from integrations import alerting, connecting, vault
from integrations.connection import with_service
from integrations.errors import VendorError
from integrations.models import Vendor, WebhookDelivery
from integrations.webhooks import addresses
from integrations.webhooks.hook import Posted, Proved

State = WebhookDelivery.State


def look_into(vendor: Vendor, delivery_id: int) -> None:
    """Prove one delivery's claim, and say on it how that went."""
    delivery = WebhookDelivery.objects.select_related("callback__vendor").get(pk=delivery_id)
    try:
        key = addresses.own_key(delivery.callback)
        posted = Posted("POST", delivery.headers, bytes(delivery.body), key=key)
        proved = with_service(vendor, lambda service: service.prove(delivery.callback.hook, posted))
        note, state = _connect(vendor, proved), State.DONE
    except VendorError as error:
        note, state = f"{error} {error.cure}".strip(), State.FAILED
    except (ValueError, vault.VaultError) as error:
        note, state = str(error), State.FAILED
    WebhookDelivery.objects.filter(pk=delivery_id).update(note=note, state=state)
    alerting.tell(f"a claim at {vendor}", [note])


@transaction.atomic
def _connect(vendor: Vendor, proved: Proved) -> str:
    """The connection of what was proved; one there is gets the new secrets, another is made and left off."""
    if not proved.address:
        return proved.told
    slug = slugify(proved.address.partition("://")[2].replace(".", "-").replace("/", "-"))[:60].strip("-")
    known = Vendor.objects.filter(slug=slug, kind=vendor.kind).first()
    shared = {name: vault.secret(vendor.pk, name) for name in proved.shared}
    made = connecting.connect(
        vendor.kind, slug, name="" if known else proved.address[:200], base_url=vendor.base_url,
        options=proved.options, secrets={**shared, **proved.secrets},
    )  # fmt: skip
    if known:
        return f"{made} has new secrets: the vendor vouched for them."
    Vendor.objects.filter(pk=made.pk).update(enabled=False)
    return f"{made} wants to be connected, and the vendor vouched for it. It is stored switched off: look at it and enable it."
