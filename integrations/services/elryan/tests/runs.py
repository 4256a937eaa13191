"""Runs of Elryan's flows into the database."""

from typing import Any

from integrations import connecting, sync
from integrations.models import SyncRun, Trigger, Vendor
from integrations.services.elryan.simulator import Simulator


def connected(simulator: Simulator, secrets: dict[str, str] | None = None, **options: Any) -> Vendor:
    given = simulator.connections()[0]
    return connecting.connect(
        "elryan",
        "souk",
        base_url=given["base_url"],
        options={**given["options"], **options},
        secrets=given["secrets"] if secrets is None else secrets,
    )


def run(vendor: Vendor, flow: str, **options: Any) -> SyncRun:
    """One whole run."""
    done = sync.run(vendor, flow, Trigger.COMMAND_LINE, slice_seconds=None, **options)
    assert done is not None
    return SyncRun.objects.get(pk=done.pk)


def good(vendor: Vendor, flow: str, **options: Any) -> SyncRun:
    done = run(vendor, flow, **options)
    assert done.state == SyncRun.State.OK, f"{done.error} {done.cure}"
    return done
