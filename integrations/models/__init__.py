"""Connections and what happens on them. One module for each concern; Django finds all models through this one."""

from integrations.models.budget import RateSlot, RateWaiter
from integrations.models.calls import ApiCall
from integrations.models.runs import Decision, Fingerprint, Held, HeldRow, Reject, RunSeen, Schedule, SyncRun, Trigger
from integrations.models.vendor import Token, Vendor

__all__ = [
    "ApiCall",
    "Decision",
    "Fingerprint",
    "Held",
    "HeldRow",
    "RateSlot",
    "RateWaiter",
    "Reject",
    "RunSeen",
    "Schedule",
    "SyncRun",
    "Token",
    "Trigger",
    "Vendor",
]
