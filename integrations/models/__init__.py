"""Connections and what happens on them. One module for each concern; Django finds all models through this one."""

from integrations.models.budget import RateSlot, RateWaiter
from integrations.models.calls import ApiCall
from integrations.models.commands import Command, CommandItem, CommandSubject, WriteSwitch
from integrations.models.networks import AllowedNetwork, Blocked
from integrations.models.rates import ShippingRate, ShippingZone
from integrations.models.runs import Decision, Fingerprint, Held, HeldRow, Reject, RunSeen, Schedule, SyncRun, Trigger
from integrations.models.unread import Unread
from integrations.models.vendor import Token, Vendor
from integrations.models.webhooks import Callback, WebhookDelivery

__all__ = [
    "AllowedNetwork",
    "ApiCall",
    "Blocked",
    "Callback",
    "Command",
    "CommandItem",
    "CommandSubject",
    "Decision",
    "Fingerprint",
    "Held",
    "HeldRow",
    "RateSlot",
    "RateWaiter",
    "Reject",
    "RunSeen",
    "Schedule",
    "ShippingRate",
    "ShippingZone",
    "SyncRun",
    "Token",
    "Trigger",
    "Unread",
    "Vendor",
    "WebhookDelivery",
    "WriteSwitch",
]
