"""What an answer shows of our rows, mirrored as if a run had read it."""

import json
import logging
from collections.abc import Sequence
from decimal import Decimal
from importlib import import_module

from django.db import transaction
from django.utils import timezone

from catalog.outcome import Batch
from integrations import asking, fingerprint, intake, outage
from integrations.models import Command, Vendor
from integrations.service import service_class
from integrations.sync import schedule_of
from integrations.verbs import Outcome

log = logging.getLogger(__name__)


def number(value: Decimal) -> int | float:
    """A decoded answer's exact number as JSON has it."""
    return int(value) if value == int(value) else float(value)


def mirror(command: Command, outcome: Outcome) -> None:
    """In the caller's transaction. What cannot be read or stored is left to the flow's next run, which says so: that the vendor
    did it stands all the same."""
    by_flow: dict[str, list[bytes]] = {}
    for flow, row in outcome.rows:
        text = row if isinstance(row, bytes) else json.dumps(row, default=number, ensure_ascii=False).encode()
        by_flow.setdefault(flow, []).append(text)
    for flow, rows in by_flow.items():
        try:
            with transaction.atomic():
                _rows(command, flow, rows)
        except outage.PASSING:
            raise
        except Exception:
            log.exception(
                "command %s: what was answered is not mirrored; the next run of %s reads it", command.pk, flow
            )
    for flow, codes in outcome.reread:
        if _is_read(command.vendor, flow, whole=not codes):
            asking.ask(command.vendor, flow, codes=codes, by=f"after {command.verb}")


def _is_read(vendor: Vendor, flow: str, *, whole: bool) -> bool:
    """Whether this connection has the flow, and reads it by itself where all of it is to be asked for."""
    service = service_class(vendor.kind)
    known = service.flows[flow].proven or flow in vendor.confirmed
    if not known or service.lacks(flow, vendor.account):
        return False
    return not whole or vendor.schedules.filter(flow=flow, enabled=True).exists()


def _rows(command: Command, flow: str, rows: Sequence[bytes]) -> None:
    account = command.vendor.account
    declared = service_class(command.vendor.kind).flows[flow].bound(account)
    fresh = {}
    for row in rows:
        try:
            fresh[declared.key(row)] = row
        except ValueError:
            continue  # the flow's own run names such a row
    items, _ = intake.parse(declared, account, fresh)
    if items:
        function = getattr(import_module(f"{declared.room}.mirror"), declared.mirror or flow)
        function(Batch(command.vendor_id, items, timezone.now(), time_zone=account.time_zone))
        fingerprint.forget(schedule_of(command.vendor, flow).pk, [item.external_id for item in items])
