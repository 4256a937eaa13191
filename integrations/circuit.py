"""The circuit of an account: who may call while a vendor is down, shuts us out or refuses our token.

Open, nobody calls. When its time has come one run tries with one call: a page closes the circuit, a failure opens it
for longer. All of it stands in the vendor's row, so it holds for every process; other accounts never notice.

A vendor that says 403 for a bad token and for a spent budget alike (ELKO) gets one more call after its block has
passed. If that works, the token was good and another program is using it: the account goes on at half speed.
"""

from datetime import datetime, timedelta
from enum import Enum

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from config.afterwards import after_commit
from integrations import token_health
from integrations.errors import NeedsAuth, VendorError, Wait
from integrations.models import Command, Schedule, SyncRun, Trigger, Vendor
from integrations.ratelimit import Budget, key_of
from integrations.service import service_class

FAILED_RUNS = 2  # in a row, of any flow: then the circuit opens
FIRST, LONGEST = timedelta(minutes=1), timedelta(minutes=15)
TRIAL = timedelta(minutes=2)  # how long a trial keeps the others out, should its process die
HALF_SPEED = timedelta(minutes=10)
PEOPLE = (Trigger.COMMAND_LINE, Trigger.OPERATOR)
ONE_BY_ONE = timedelta(seconds=30)  # flows an operator started together do not each try a token just refused
State = Vendor.State
DOUBT = "One more call will tell whether another program only spent the budget."
AGAIN = "It is tried again by itself now and then."
SLOW = "At half speed, as another program seems to use the same token,"
STORED = ["state", "state_since", "state_reason", "blocked_until", "failed_runs"]


class Leave(Enum):
    """How a run may begin."""

    FREE = "as usual"
    TRIAL = "one call first, without a second try"


def shut(now: datetime) -> Q:
    """Vendors that may not be called."""
    refused = Q(state=State.NEEDS_AUTH, blocked_until=None)
    waiting = Q(state__in=[State.BLOCKED, State.NEEDS_AUTH], blocked_until__gt=now)
    return Q(state=State.PAUSED) | refused | waiting


def admit(vendor: Vendor, trigger: str) -> Leave | None:
    """Whether a run may begin. None: not now, the circuit is open or another run is trying.

    A person may always try, but of several flows started together only the first tries a token just refused.
    """
    now = timezone.now()
    vendor.refresh_from_db(fields=["state", "blocked_until"])
    if vendor.state not in (State.BLOCKED, State.NEEDS_AUTH):
        return Leave.FREE
    if trigger in PEOPLE:
        refused = SyncRun.objects.filter(vendor=vendor, error_kind=NeedsAuth.kind, finished_at__gt=now - ONE_BY_ONE)
        return None if trigger == Trigger.OPERATOR and refused.exists() else Leave.TRIAL
    mine = Vendor.objects.filter(pk=vendor.pk, blocked_until__lte=now).exclude(shut(now))
    if vendor.state == State.BLOCKED and vendor.blocked_until is None:
        mine = Vendor.objects.filter(pk=vendor.pk, state=State.BLOCKED, blocked_until=None)
    return Leave.TRIAL if mine.update(blocked_until=now + TRIAL) else None


def give_back(vendor: Vendor) -> None:
    """The trial did not take place: the next one may try at once."""
    Vendor.objects.filter(pk=vendor.pk, blocked_until__gt=timezone.now()).update(blocked_until=timezone.now())


def stop_if_shut(vendor_id: int, since: datetime) -> None:
    """Stop a caller that began before the circuit opened. Raises errors.NeedsAuth or errors.Wait with `until`."""
    row = Vendor.objects.filter(pk=vendor_id).values_list("state", "state_since", "blocked_until").first()
    if row is None or row[0] not in (State.BLOCKED, State.NEEDS_AUTH) or row[1] is None or row[1] <= since:
        return
    if row[0] == State.NEEDS_AUTH:
        raise NeedsAuth("Another run found that the token is not accepted.", "Set a new token.", cause="token")
    raise Wait(
        "Another run found that the vendor does not answer or shuts us out.",
        "Nothing to do: the hub goes on by itself.",
        until=row[2],
    )


def failed(vendor: Vendor, error: VendorError, leave: Leave) -> None:
    """A run of this account ended with this error: open the circuit, or keep it open, where that is what it means.

    People are told of it when the caller's transaction is committed.
    """
    now = timezone.now()
    with transaction.atomic():
        row = Vendor.objects.select_for_update().get(pk=vendor.pk)
        before = row.state
        if before == State.PAUSED:
            return
        if isinstance(error, NeedsAuth):
            _refused(row, error, leave, now)
        elif error.cause == "rate" and error.until is not None:
            _open(row, error, leave, error.until, now)
        elif _is_down(error):
            _down(row, error, leave, now)
    another = False  # a new one that is no good either, set while the connection waited for one
    if isinstance(error, NeedsAuth) and error.cause == "token":
        another = token_health.refused(vendor.pk) and leave is Leave.TRIAL
    if row.state == State.NEEDS_AUTH and (another or before != State.NEEDS_AUTH):
        after_commit(token_health.tell_refused, row)


def worked(vendor: Vendor) -> None:
    """The vendor answered as it should: the circuit is closed. For the first page of a run, and for its end."""
    token_health.good(vendor.pk)
    quiet = Q(state=State.PAUSED) | Q(state=State.ACTIVE, state_reason="", failed_runs=0)
    if Vendor.objects.filter(quiet, pk=vendor.pk).exists():
        return
    now = timezone.now()
    with transaction.atomic():
        row = Vendor.objects.select_for_update().get(pk=vendor.pk)
        if row.state == State.NEEDS_AUTH and token_health.lacks(row):
            return  # revoked while this call was under way: the next could not be signed
        budget = Budget(key_of(row), service_class(row.kind).rate)
        if row.state == State.NEEDS_AUTH and row.state_reason.endswith(DOUBT):
            budget.slow_down(HALF_SPEED.total_seconds())
        if row.state != State.ACTIVE:
            row.state, row.state_since = State.ACTIVE, now
        slow = budget.slow_until()
        row.state_reason = f"{SLOW} until {slow:%H:%M} UTC." if slow else ""
        row.failed_runs, row.blocked_until = 0, None
        row.save(update_fields=STORED)


def renewed(vendor_id: int) -> None:
    """A secret was set: a vendor that waited for one is tried again at once, by itself."""
    now = timezone.now()
    waiting = Vendor.objects.filter(pk=vendor_id, state=State.NEEDS_AUTH)
    if waiting.update(blocked_until=now, state_reason="A new secret was set; it is being tried."):
        Schedule.objects.filter(vendor_id=vendor_id, failures__gt=0).update(due_at=now)
        refused = Command.objects.filter(vendor_id=vendor_id, state="queued", error_kind=NeedsAuth.kind)
        refused.update(not_before=None)


def revoked(vendor_id: int, reason: str) -> None:
    """A secret the connection cannot do without was taken away: nobody calls until there is another."""
    waiting = Vendor.objects.filter(pk=vendor_id).exclude(state=State.PAUSED)
    waiting.update(state=State.NEEDS_AUTH, state_since=timezone.now(), state_reason=reason, blocked_until=None)


def _refused(row: Vendor, error: NeedsAuth, leave: Leave, now: datetime) -> None:
    """The token is not accepted. In doubt (`error.until`) one more call may tell; after that call there is none."""
    if row.state == State.NEEDS_AUTH and leave is Leave.FREE:
        return  # told already, by a run that was quicker
    doubt = error.until if leave is Leave.FREE or row.state == State.BLOCKED or error.passing else None
    hope = AGAIN if error.passing else DOUBT
    row.state_reason = " ".join(part for part in (error.message, error.cure, hope if doubt else "") if part)
    if row.state != State.NEEDS_AUTH:
        row.state, row.state_since = State.NEEDS_AUTH, now
    row.blocked_until = doubt
    row.save(update_fields=STORED)


def _is_down(error: VendorError) -> bool:
    return error.kind == Wait.kind or error.cause == "network"


def _down(row: Vendor, error: VendorError, leave: Leave, now: datetime) -> None:
    if leave is Leave.FREE and row.state in (State.BLOCKED, State.NEEDS_AUTH):
        return  # it began before the circuit opened
    row.failed_runs += 1
    if row.failed_runs < FAILED_RUNS and leave is Leave.FREE:
        row.save(update_fields=["failed_runs"])
        return
    doubled = FIRST * 2 ** min(max(row.failed_runs - FAILED_RUNS, 0), 8)
    _open(row, error, leave, now + min(doubled, LONGEST), now)


def _open(row: Vendor, error: VendorError, leave: Leave, until: datetime, now: datetime) -> None:
    if row.state == State.NEEDS_AUTH:
        if row.blocked_until is not None:  # still to be tried: later
            row.blocked_until = until
    else:
        if row.state != State.BLOCKED:
            row.state, row.state_since, row.blocked_until = State.BLOCKED, now, None
        row.state_reason = f"{error.message} {error.cure}".strip()
        longer = row.blocked_until is not None and row.blocked_until > until and leave is Leave.FREE
        row.blocked_until = row.blocked_until if longer else until
    row.save(update_fields=STORED)
