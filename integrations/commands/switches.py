"""Whether a verb of a connection may write: off, approve each, on; what an admin confirmed; what somebody stopped."""

from django.db import transaction
from django.utils import timezone

from integrations import circuit
from integrations.models import Vendor, WriteSwitch
from integrations.service import service_class
from integrations.verbs import Verb

Writes = Vendor.Writes


class NotAllowed(Exception):
    """Nothing may be sent; says what to switch on where."""


def verb_of(vendor: Vendor, name: str) -> Verb:
    """What the vendor's kind declares; LookupError names the verbs there are."""
    verbs = service_class(vendor.kind).verbs
    if name not in verbs:
        raise LookupError(f"{vendor.name} has no verb “{name}”. Its verbs: {', '.join(verbs) or 'none'}.")
    return verbs[name]


def offered(vendor: Vendor) -> dict[str, Verb]:
    """The verbs of a connection by name, without those its account or store cannot do."""
    service = service_class(vendor.kind)
    return {name: verb for name, verb in service.verbs.items() if not service.lacks_verb(name, vendor.account)}


def mode_of(vendor: Vendor, verb: str) -> str:
    """Off, approve each or on. A connection that only reads only reads; else a verb may differ from it."""
    if vendor.writes == Writes.OFF:
        return str(Writes.OFF)
    own = vendor.switches.filter(verb=verb).exclude(writes="").values_list("writes", flat=True).first()
    return str(own or vendor.writes)


def allowed(vendor: Vendor, name: str) -> str:
    """The mode in which this may be asked for. Raises NotAllowed when it may not at all."""
    verb = verb_of(vendor, name)
    if lacks := service_class(vendor.kind).lacks_verb(name, vendor.account):
        raise NotAllowed(lacks)
    if not verb.proven and name not in vendor.confirmed:
        raise NotAllowed(
            f"“{verb.title}” is not verified for this account. Confirm it first: its button on the connection's page, "
            f"or manage.py confirm {vendor.slug} {name}."
        )
    mode = mode_of(vendor, name)
    if mode == Writes.OFF:
        raise NotAllowed(
            f"{vendor.name} is only read: its writes are off. Set them to “approve each” or “on” on its page, "
            f"or with manage.py connect {vendor.kind} --slug {vendor.slug} --writes approve."
        )
    return mode


def held(vendor: Vendor, name: str) -> str:
    """Why a command that is queued may not go now; empty when it may."""
    if name not in service_class(vendor.kind).verbs:
        return "This version of the hub has no such verb any more."
    try:
        allowed(vendor, name)
    except NotAllowed as why:
        return str(why)
    stop = vendor.switches.filter(verb__in=("", name), stopped=True).first()
    if stop is not None:
        return f"Stopped by {stop.by or 'somebody'}{f': {stop.reason}' if stop.reason else ''}."
    if not vendor.enabled:
        return "The connection is switched off."
    if Vendor.objects.filter(circuit.shut(timezone.now()), pk=vendor.pk).exists():
        return f"The connection waits: {vendor.state_reason or vendor.get_state_display()}"
    return ""


@transaction.atomic
def stop(vendor: Vendor, verb: str = "", *, by: str, reason: str = "") -> WriteSwitch:
    """Hold back all commands of a verb, or of the whole connection; those that are being sent are not called back."""
    row, _ = WriteSwitch.objects.update_or_create(
        vendor=vendor, verb=verb, defaults={"stopped": True, "by": by[:200], "reason": reason[:300]}
    )
    return row


@transaction.atomic
def resume(vendor: Vendor, verb: str = "", *, by: str) -> None:
    """Let held commands go again, the earliest decided first."""
    from integrations.commands import asking

    WriteSwitch.objects.filter(vendor=vendor, verb=verb).update(stopped=False, by=by[:200], reason="")
    for command in vendor.commands.filter(state="queued").order_by("id")[:500]:
        asking.hint(command)


def set_mode(vendor: Vendor, verb: str, writes: str, *, by: str) -> None:
    """How one verb writes; empty: as the connection does."""
    WriteSwitch.objects.update_or_create(
        vendor=vendor, verb=verb, defaults={"writes": Writes(writes) if writes else "", "by": by[:200]}
    )
