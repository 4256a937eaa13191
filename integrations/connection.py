"""From a vendor row to a service that can call, and "test connection"."""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from django.db.models import Q
from django.utils import timezone

from integrations import circuit, errors, network, renewal, vault
from integrations.auth import Auth, NoAuth
from integrations.http import CallRecord, Client
from integrations.models import ApiCall, Token, Vendor
from integrations.ratelimit import Budget, key_of, shared_key
from integrations.service import Account, VendorService, Verdict, service_class

if TYPE_CHECKING:
    from integrations.models import Command, SyncRun

T = TypeVar("T")
IMPATIENT = 10.0  # seconds one call may take where a person waits for it
IN_ALL = 30.0  # seconds after which a connection test begins no further call
USED_EVERY = timedelta(minutes=1)  # how often "last used" is written at most
LOOK_AGAIN = timedelta(minutes=10)  # after a secret could not be opened; that costs no call
RENEWED_EVERY = 600.0  # seconds: the first token may die at once, further ones only so often


def account_of(vendor: Vendor) -> Account:
    """What services and parsers may know of a connection."""
    return vendor.account


def open_service(
    vendor: Vendor,
    *,
    run: "SyncRun | None" = None,
    command: "Command | None" = None,
    before_call: Callable[[float], None] | None = None,
    interactive: bool = False,
    dead: int | None = None,
    account: Account | None = None,
    whole: bool = False,
    secrets: Mapping[str, str] | None = None,
) -> VendorService:
    """The vendor's service, ready to call; a secret the hub can fetch is fetched when it is missing, expired or `dead`.

    A connection that is not stored yet takes `secrets` alone; its calls are neither counted nor noted.

    account: the connection as it might be, with options nobody saved. whole: for the account as a whole, not for one store of it.
    secrets: some that nobody saved, in place of the stored ones; what is fetched with them is not stored either.
    Raises errors.NeedsAuth (no usable secret), errors.Refused (its address), and what the fetching raises.
    """
    kind, account = service_class(vendor.kind), account or account_of(vendor)
    opened = timezone.now()
    known = vendor.pk is not None
    fresh = known and vendor.state == Vendor.State.NEW and vendor.last_ok_at is None and not vendor.calls.exists()

    def before(seconds: float) -> None:
        if known:
            circuit.stop_if_shut(vendor.pk, opened)
        if before_call:
            before_call(seconds)

    def client(auth: Auth) -> Client:
        made = Client(
            account,
            auth,
            budget=_budget(vendor, kind, held, fresh=fresh) if known else None,
            log=_log(vendor, run, command) if known else None,
            before_call=before,
            interactive=interactive,
            service_rate=kind.rate,
            headers=kind.headers,
            never=kind.never,
            hide=held.values.values(),
        )
        if interactive:
            made.tries, made.longest = 2, IMPATIENT
        return made

    held, fetched = _opened(vendor, secrets or {}), None
    if secrets:
        if kind.fetches and kind.fetches not in secrets:
            fetched = kind.fetch_secret(account, held.values, client(NoAuth(held.values.values())))
            held.values.update({kind.fetches: fetched.value} if fetched else {})
    elif not whole and (dead is not None or renewal.due(kind, held)):
        gone = dead if dead is not None else held.ids.get(kind.fetches)
        _, fetched = renewal.renew(vendor, kind, account, gone, lambda hide: client(NoAuth(hide)), before_call)
        held = _opened(vendor)
    missing = [secret.label for secret in kind.secrets if secret.required and not held.values.get(secret.name)]
    if missing:
        raise errors.NeedsAuth(f"No {', '.join(missing)} is set.", "Set it on the vendor's page.", cause="token")
    try:
        auth = (kind.account_auth if whole else kind.auth)(account, held.values)
    except ValueError as error:
        raise errors.NeedsAuth(str(error), "Set the secret again.", cause="token") from None
    service = kind(account, client(auth))
    service.http.explain_with(service.explained)
    service.fetched, service.signed_by = fetched, held.ids.get(kind.fetches)
    service.given = {n: pk for n, pk in held.ids.items() if n != kind.fetches and not n.startswith(vault.HOOK)}
    service.secret = lambda name: held.values.get(name, "")
    return service


def with_service(
    vendor: Vendor,
    work: Callable[[VendorService], T],
    *,
    run: "SyncRun | None" = None,
    command: "Command | None" = None,
    before_call: Callable[[float], None] | None = None,
    interactive: bool = False,
    account: Account | None = None,
    anew: bool = False,
    secrets: Mapping[str, str] | None = None,
) -> T:
    """Open the vendor's service and work with it; once more with a fresh token when the one there is turns out dead.

    So too when a person has replaced a secret meanwhile: that the old one is refused says nothing of the new one. `work` goes on
    behind what it has done: it is called again only when the vendor refused a call unseen. anew: what a test fetches anew is
    fetched whether it is due or not. account, secrets: as of `open_service`.
    """
    options: Any = {"run": run, "command": command, "before_call": before_call}
    options |= {"interactive": interactive, "account": account, "secrets": secrets}
    old = renewal.tested_anew(vendor) if anew and not secrets else None
    service = open_service(vendor, dead=old, **options)
    began, renewals = time.monotonic(), 0
    while True:
        try:
            return work(service)
        except errors.NeedsAuth as error:
            error.quote(service.http.quotable)
            dead = service.signed_by
            refused = service.fetched is not None and not service.http.answered  # fresh, and never any good
            often = renewals > (time.monotonic() - began) / RENEWED_EVERY
            if error.cause != "token":
                raise
            if not secrets and vault.given(vendor.pk, besides=type(service).fetches) != service.given:
                again = open_service(vendor, **options)
            elif dead is None or refused or often:
                raise
            else:
                again, renewals = open_service(vendor, dead=dead, **options), renewals + 1
                if again.signed_by == dead:
                    raise  # only a person can set another
            service.http.close()
            service = again
        except errors.VendorError as error:
            error.quote(service.http.quotable)
            raise


def _budget(vendor: Vendor, kind: type[VendorService], held: vault.Opened, *, fresh: bool) -> Budget:
    """The connection's own budget, inside the one it shares with all that hold the same secret."""
    rate, secret = kind.rate, held.values.get(kind.rate.shared_by, "")
    wider = None
    if rate.within and secret:
        wider = Budget(shared_key(vendor, vault.fingerprint(secret)), rate.within, fresh=fresh)
    return Budget(key_of(vendor), rate, fresh=fresh, within=wider)


def learn(vendor: Vendor, service: VendorService) -> None:
    """Ask what this account can do and keep it on the connection, where that is not known or not new any more."""
    if service.learns is None:
        return
    asked = vendor.abilities.get("asked_at", "")
    now = timezone.now()
    if asked and datetime.fromisoformat(asked) + service.learns > now:
        return
    found = {**service.abilities(), "asked_at": now.isoformat(timespec="seconds")}
    Vendor.objects.filter(pk=vendor.pk).update(abilities=found)
    vendor.abilities = found
    service.account = replace(service.account, abilities=found)


def _opened(vendor: Vendor, instead: Mapping[str, str] | None = None) -> vault.Opened:
    """The stored secrets; `instead` of some of them others, which no row is known by."""
    try:
        held = vault.opened(vendor, besides=instead or ()) if vendor.pk is not None else vault.Opened()
        for name, value in (instead or {}).items():
            held.values[name] = value
            held.ids.pop(name, None)
        return held
    except vault.VaultError as error:
        # A key that was missing may come back with the next restart: then nobody has to press a button for each connection.
        cure, until = "Set the secret again, or put the old key back.", timezone.now() + LOOK_AGAIN
        raise errors.NeedsAuth(str(error), cure, cause="vault", until=until, passing=True) from None


def probe(vendor: Vendor, secrets: Mapping[str, str] | None = None) -> Verdict:
    """Ask the vendor something harmless and say how it went: cause and cure, never a secret. Success is kept.

    secrets: some that nobody saved, tried in place of the stored ones; then nothing is kept but where we called from. With them a
    connection can be tried that is not stored at all.
    """
    facts = {"address": vendor.base_url}
    try:
        parts = network.check_url(vendor.base_url)
        ours = ", ".join(network.egress_addresses(parts.hostname or ""))
        facts["our outgoing addresses"] = ours or "unknown"
        Vendor.objects.filter(pk=vendor.pk).update(seen_from=ours[:200], seen_from_at=timezone.now())
        verdict = with_service(
            vendor,
            lambda service: _probed(vendor, service),
            interactive=True,
            before_call=stop_after(IN_ALL),
            anew=True,
            secrets=secrets,
        )
    except errors.VendorError as error:
        if error.until and error.cause != "vault":
            facts["not before"] = error.until.isoformat(timespec="seconds")
        return Verdict(False, error.cause, str(error), error.cure, facts)
    except LookupError as error:
        return Verdict(False, "vendor", str(error), "Choose another kind, or install the one that is missing.", facts)
    if verdict.ok and not secrets:
        answered(vendor)
    return Verdict(verdict.ok, verdict.cause, verdict.message, verdict.cure, {**facts, **verdict.facts})


def answered(vendor: Vendor) -> None:
    """A test went well: the connection works, and its secrets do."""
    Vendor.objects.filter(pk=vendor.pk).update(last_ok_at=timezone.now())
    circuit.worked(vendor)
    vendor.refresh_from_db(fields=["last_ok_at", "state", "state_reason", "state_since"])


def _probed(vendor: Vendor, service: VendorService) -> Verdict:
    verdict = service.probe()
    if verdict.ok:
        learn(vendor, service)
    warned = service.fetched.warning if service.fetched else ""
    return replace(verdict, facts={**verdict.facts, "warning": warned}) if warned else verdict


def stop_after(seconds: float, what: str = "test") -> Callable[[float], None]:
    """Raise errors.Wait before the next call or nap when so much time has passed."""
    until = time.monotonic() + seconds

    def before(_: float) -> None:
        if time.monotonic() > until:
            raise errors.Wait(
                f"The {what} was given up after {seconds:.0f} s: the vendor answers too slowly, or its budget is in use.",
                "Try again later. If it stays, look at the run log: what runs now may need the whole budget.",
                cause="network",
            )

    return before


def _log(vendor: Vendor, run: "SyncRun | None", command: "Command | None" = None) -> Callable[[CallRecord], None]:
    def log(record: CallRecord) -> None:
        now = timezone.now()
        if run is not None:
            run.requests += 1
            run.waited_s += record.waited_ms / 1000
        ApiCall.objects.create(
            vendor_id=vendor.pk,
            run_id=run.pk if run else None,
            command_id=command.pk if command else None,
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
        signing = Token.objects.filter(old, vendor_id=vendor.pk, active=True)
        signing.exclude(name__startswith=vault.HOOK).update(last_used_at=now)

    return log
