"""Runs of kvik.shop's orders into the database."""

from typing import Any

from integrations import connecting, sync
from integrations.models import SyncRun, Trigger, Vendor
from integrations.services.kvik.simulator import Simulator


def connected(simulator: Simulator, secrets: dict[str, str] | None = None, **options: Any) -> Vendor:
    given = simulator.connections()[0]
    return connecting.connect(
        "kvik",
        "shop",
        base_url=given["base_url"],
        options={**given["options"], **options},
        secrets=given["secrets"] if secrets is None else secrets,
    )


def run(vendor: Vendor, **options: Any) -> SyncRun:
    """One whole run of the orders."""
    done = sync.run(vendor, "orders", Trigger.COMMAND_LINE, slice_seconds=None, **options)
    assert done is not None
    return SyncRun.objects.get(pk=done.pk)


def good(vendor: Vendor, **options: Any) -> SyncRun:
    done = run(vendor, **options)
    assert done.state == SyncRun.State.OK, f"{done.error} {done.cure}"
    return done
