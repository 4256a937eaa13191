"""From a vendor row to a service that can call, and "test connection"."""

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import Q
from django.utils import timezone

from integrations import errors, network, vault
from integrations.http import CallRecord, Client
from integrations.models import ApiCall, Token, Vendor
from integrations.ratelimit import Budget
from integrations.service import Account, VendorService, Verdict, service_class

if TYPE_CHECKING:
    from integrations.models import SyncRun

USED_EVERY = timedelta(minutes=1)  # how often "last used" is written at most


def account_of(vendor: Vendor) -> Account:
    """What services and parsers may know of a connection."""
    return Account(
        slug=vendor.slug,
        base_url=vendor.base_url,
        options=vendor.options,
        environment=vendor.environment,
        time_zone=vendor.time_zone,
        currency=vendor.currency,
    )


def open_service(
    vendor: Vendor,
    *,
    run: "SyncRun | None" = None,
    before_call: Callable[[float], None] | None = None,
    interactive: bool = False,
) -> VendorService:
    """The vendor's service, ready to call. Raises errors.NeedsAuth (no usable secret), errors.Refused (its address)."""
    kind, account = service_class(vendor.kind), account_of(vendor)
    try:
        secrets = vault.secrets_of(vendor)
    except vault.VaultError as error:
        raise errors.NeedsAuth(str(error), "Set the secret again, or put the old key back.", cause="vault") from None
    missing = [secret.label for secret in kind.secrets if secret.required and not secrets.get(secret.name)]
    if missing:
        raise errors.NeedsAuth(f"No {', '.join(missing)} is set.", "Set it on the vendor's page.", cause="token")
    try:
        auth = kind.auth(account, secrets)
    except ValueError as error:
        raise errors.NeedsAuth(str(error), "Set the secret again.", cause="token") from None
    fresh = vendor.state == Vendor.State.NEW and vendor.last_ok_at is None and not vendor.calls.exists()
    client = Client(
        account,
        auth,
        budget=Budget(f"{vendor.kind}:{vendor.pk}", kind.rate, fresh=fresh),
        log=_log(vendor, run),
        before_call=before_call,
        interactive=interactive,
        service_rate=kind.rate,
    )
    return kind(account, client)


def probe(vendor: Vendor) -> Verdict:
    """Ask the vendor something harmless and say how it went: cause and cure, never a secret. Success is kept."""
    facts = {"address": vendor.base_url}
    try:
        parts = network.check_url(vendor.base_url)
        facts["our outgoing addresses"] = ", ".join(network.egress_addresses(parts.hostname or "")) or "unknown"
        verdict = open_service(vendor, interactive=True).probe()
    except errors.VendorError as error:
        if error.until:
            facts["not before"] = error.until.isoformat(timespec="seconds")
        return Verdict(False, error.cause, str(error), error.cure, facts)
    except LookupError as error:
        return Verdict(False, "vendor", str(error), "Choose another kind, or install the one that is missing.", facts)
    if verdict.ok:
        now = timezone.now()
        Vendor.objects.filter(pk=vendor.pk).update(last_ok_at=now)
        waiting = (Vendor.State.NEW, Vendor.State.NEEDS_AUTH)
        Vendor.objects.filter(pk=vendor.pk, state__in=waiting).update(
            state=Vendor.State.ACTIVE, state_reason="", state_since=now
        )
        vendor.refresh_from_db(fields=["last_ok_at", "state", "state_reason", "state_since"])
    return Verdict(verdict.ok, verdict.cause, verdict.message, verdict.cure, {**facts, **verdict.facts})


def _log(vendor: Vendor, run: "SyncRun | None") -> Callable[[CallRecord], None]:
    def log(record: CallRecord) -> None:
        now = timezone.now()
        if run is not None:
            run.requests += 1
            run.waited_s += record.waited_ms / 1000
        ApiCall.objects.create(
            vendor_id=vendor.pk,
            run_id=run.pk if run else None,
            method=record.method[:8],
            path=record.path,
            query_names=record.query_names,
            status=record.status,
            ms=record.ms,
            waited_ms=record.waited_ms,
            bytes=record.bytes,
            attempt=record.attempt,
            error_kind=record.error_kind,
            error=record.error,
            at=now,
        )
        old = Q(last_used_at=None) | Q(last_used_at__lt=now - USED_EVERY)
        Token.objects.filter(old, vendor_id=vendor.pk, active=True).update(last_used_at=now)

    return log
